"""Seal each entry of the journal and of the access log as it is written, without asking anybody.

The key lies outside the database. Whoever has all rights there can put a row in a log, or change one, and
cannot seal it.
"""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.ids import keyed_hash
from shared.storage.json_writer import to_json

JOURNAL, ACCESS_LOG = "journal", "access_log"  # the two logs, by their tables
LOGS = (JOURNAL, ACCESS_LOG)
# How many parts at the end of an entry were added later: as far as they say nothing they are not sealed, so
# that an entry from before has the seal that it got then.
_ADDED_LATER = {JOURNAL: 0, ACCESS_LOG: 3}
_NONCE_BYTES, _MAC_BYTES = 8, 16
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def seal(key: bytes, log: str, entry: tuple[Any, ...]) -> bytes:
    """Return the seal of an entry, whose first part is its moment: a nonce, and a keyed hash of all of it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _mac(key, log, nonce, entry)


def is_sealed(key: bytes, log: str, entry: tuple[Any, ...], given: bytes) -> bool:
    """Tell whether this is the seal of exactly this entry under this key."""
    nonce = given[:_NONCE_BYTES]
    return given[_NONCE_BYTES:] == _mac(key, log, nonce, entry)


def _said(log: str, entry: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return an entry without what at its end was added later and says nothing."""
    first = len(entry) - _ADDED_LATER[log]
    while len(entry) > first and entry[-1] is None:
        entry = entry[:-1]
    return entry


def _mac(key: bytes, log: str, nonce: bytes, entry: tuple[Any, ...]) -> bytes:
    at, *rest = _said(log, entry)
    moment = (at - _EPOCH) // _MICROSECOND
    return keyed_hash(key, "log-seal", log, nonce.hex(), to_json((moment, *rest)))[:_MAC_BYTES]
