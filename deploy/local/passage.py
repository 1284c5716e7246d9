"""Let programs without TLS, such as the wheel's psql and pg_dump, reach a PostgreSQL that demands it."""

import select
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread

from deploy.machine.process import LOOPBACK

ANSWERS_WITHIN = 5.0  # seconds
SENT_WITHIN = 600.0  # seconds in which either end takes what the other has sent
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_SCRAM, _BOUND_TO_TLS = b"SCRAM-SHA-256\0", b"SCRAM-SHA-256-PLUS\0"


def _offering(mechanisms: bytes) -> bytes:
    """Return the message with which PostgreSQL asks for a password."""
    return b"R" + struct.pack("!ii", 9 + len(mechanisms), 10) + mechanisms + b"\0"


UNBOUND, BOUND = _offering(_SCRAM), _offering(_BOUND_TO_TLS + _SCRAM)


@contextmanager
def passage(host: str, port: int, ca_file: Path) -> Iterator[int]:
    """Yield a port of this machine, at which one connection is passed on to the server over TLS.

    Raises `OSError` when the server does not answer, has no TLS, or is not certified for this host.
    """
    with closing(_secured(host, port, ca_file)) as there, socket.create_server((LOOPBACK, 0)) as door:
        door.settimeout(ANSWERS_WITHIN)
        passing = Thread(target=_pass_one, args=(door, there), daemon=True)
        passing.start()
        try:
            yield door.getsockname()[1]
        finally:
            passing.join()


def _secured(host: str, port: int, ca_file: Path) -> ssl.SSLSocket:
    plain = socket.create_connection((host, port), ANSWERS_WITHIN)
    try:
        plain.sendall(SSL_REQUEST)
        if plain.recv(1) != b"S":
            raise ConnectionError("the server has no TLS")
        return ssl.create_default_context(cafile=str(ca_file)).wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _pass_one(door: socket.socket, there: ssl.SSLSocket) -> None:
    with suppress(OSError):  # nobody came, or one end is gone: the program says so itself
        here, _ = door.accept()
        with here:
            here.settimeout(ANSWERS_WITHIN)
            _begin(here, there)
            relay(here, there)


def _begin(here: socket.socket, there: ssl.SSLSocket) -> None:
    """Pass on the first message each way: without TLS a program gives up if offered a login bound to it."""
    there.sendall(here.recv(65_536))
    said = there.recv(65_536)
    here.sendall(UNBOUND if said == BOUND else said)


def relay(plain: socket.socket, secured: ssl.SSLSocket) -> None:
    """Pass bytes on, both ways, until one end closes; raises `OSError` when one is gone."""
    while True:
        coming = [secured] if secured.pending() else select.select([plain, secured], [], [])[0]
        for one in coming:
            chunk = _read(one)
            if chunk == b"":
                return
            if chunk:
                (plain if one is secured else secured).sendall(chunk)


def _read(one: socket.socket) -> bytes | None:
    """Return what has come, nothing at the end, and None when it is not for us: a ticket of TLS itself."""
    one.settimeout(0)
    try:
        return one.recv(65_536)
    except ssl.SSLWantReadError:
        return None
    finally:
        one.settimeout(SENT_WITHIN)
