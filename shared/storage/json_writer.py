"""Serialise what the house stores for itself as JSON, by what a value is, with references for texts.

What leaves the house is serialised by its message's declared fields instead, so that nothing else gets out.
"""

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(enc_hook=vars)  # the fields of a message; anything else unknown raises


def to_json(value: Any) -> str:
    """Serialise a state, an event or a row with all its fields, or raise `TypeError`.

    Pydantic parses it again.
    """
    return _encoder.encode(value).decode()
