"""End TLS before a server that has none, as one that has it would: in a thread that never waits for ever."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from deploy.local.passage import BOUND, SSL_REQUEST, UNBOUND, relay
from deploy.local.postgres import Database
from deploy.machine.certificates import Certificates

WITHIN = 5.0  # seconds for each step; a tenth of one is enough


@contextmanager
def tls_before(database: Database, own: Certificates | None) -> Iterator[int]:
    """Yield the port of a server that shows these certificates, or without any has no TLS."""
    ended = Event()
    with socket.create_server(("0.0.0.0", 0)) as door:  # noqa: S104 - by every name of loopback
        door.settimeout(0.05)
        serving = Thread(target=_serve, args=(door, ended, database, own), daemon=True)
        serving.start()
        try:
            yield door.getsockname()[1]
        finally:
            ended.set()
            serving.join(2 * WITHIN)
    assert not serving.is_alive()


def _serve(door: socket.socket, ended: Event, database: Database, own: Certificates | None) -> None:
    while not ended.is_set():
        with suppress(TimeoutError):
            come, _ = door.accept()
            with come, suppress(OSError):  # the client has refused us, or is gone
                come.settimeout(WITHIN)
                _answer(come, database, own)


def _answer(come: socket.socket, database: Database, own: Certificates | None) -> None:
    asked = come.recv(len(SSL_REQUEST), socket.MSG_WAITALL)
    assert asked == SSL_REQUEST, "something was said in the clear"
    if own is None:
        come.sendall(b"N")
        assert come.recv(1) == b"", "something was said in the clear"
        return
    come.sendall(b"S")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate_file, own.key_file)
    behind = (database.host, database.port)
    with (
        context.wrap_socket(come, server_side=True) as secured,
        socket.create_connection(behind, WITHIN) as there,
    ):
        there.sendall(secured.recv(65_536))
        asks = there.recv(65_536)
        secured.sendall(BOUND if asks == UNBOUND else asks)  # as a server with TLS offers it
        relay(there, secured)
