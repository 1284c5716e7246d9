"""Compute the version of a shared thing: opaque, of that thing alone, and telling which of its parts changed.

It is a list of keyed hashes, eight bytes for each part: three for its name and five for what it holds. So no
history is kept, and who does not hold the key learns nothing from it.
"""

import base64
from collections.abc import Iterator

from shared.core.shared_things import Changed, SharedThing
from shared.ids import keyed_hash
from shared.storage.json_writer import to_json

_NAME, _PIECE = 3, 8  # bytes


def version_of(key: bytes, case_id: str, thing: SharedThing) -> str:
    """Return the version of a thing of a case, in letters, digits, hyphens and underscores."""
    pieces = b"".join(sorted(piece for _, piece in _pieces(key, case_id, thing)))
    return base64.urlsafe_b64encode(pieces).rstrip(b"=").decode()


def changed_since(key: bytes, case_id: str, thing: SharedThing, version: str) -> Changed | None:
    """Return what of the thing is other than in that version; None when it is that version.

    A version that was never given is other in every part.
    """
    if version == version_of(key, case_id, thing):
        return None
    known = set(_decoded(version))
    parts = tuple(sorted(name for name, piece in _pieces(key, case_id, thing) if piece not in known))
    return Changed(parts, thing.changed_at)


def _pieces(key: bytes, case_id: str, thing: SharedThing) -> Iterator[tuple[str, bytes]]:
    for name, held in thing.parts.items():
        of_name = keyed_hash(key, "version", case_id, thing.name, name)[:_NAME]
        of_part = keyed_hash(key, "version", case_id, thing.name, name, to_json(held))[: _PIECE - _NAME]
        yield name, of_name + of_part


def _decoded(version: str) -> Iterator[bytes]:
    encoded = version.encode("ascii", "replace")
    pieces = base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)) if len(encoded) % 4 != 1 else b""
    return (pieces[at : at + _PIECE] for at in range(0, len(pieces), _PIECE))
