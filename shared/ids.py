"""Opaque identifiers: nothing in them leads to a person, a party or a moment that matters."""

import hashlib
import hmac
import os
import time
import uuid


def new_id() -> str:
    """A UUIDv7 (RFC 9562): sorts by the millisecond it was made, the rest is random."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def keyed_id(key: bytes, *parts: str) -> str:
    """A UUID (version 8) that only the holder of `key` can derive; the same parts give the same id."""
    digest = bytearray(keyed_hash(key, *parts)[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


def keyed_hash(key: bytes, *parts: str) -> bytes:
    """HMAC-SHA256 over the length-prefixed parts, so that no two lists of parts collide."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    for part in parts:
        encoded = part.encode()
        mac.update(len(encoded).to_bytes(4, "big"))
        mac.update(encoded)
    return mac.digest()
