"""How the house writes down for itself what it decided: JSON, by what a value is, of texts where they lie.

What leaves the house is written by its message's declared fields instead, so that nothing else gets out.
"""

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(enc_hook=vars)  # the fields of a message; anything else unknown raises


def to_json(value: Any) -> str:
    """A state, an event or a row, with all its fields; pydantic reads it back. Raises `TypeError`."""
    return _encoder.encode(value).decode()
