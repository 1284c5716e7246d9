"""Make opaque identifiers: nothing in them leads to a person, a party or a time that matters."""

import hashlib
import os
import time


def new_id() -> str:
    """Make a UUIDv7 (RFC 9562): it sorts by its millisecond, the rest is random."""
    milliseconds = time.time_ns() // 1_000_000
    made = bytearray(milliseconds.to_bytes(6, "big") + os.urandom(10))
    made[6] = made[6] & 0x0F | 0x70
    made[8] = made[8] & 0x3F | 0x80
    return _text(made)


def keyed_id(key: bytes, *parts: str) -> str:
    """Derive a UUID (version 8) that only the holder of `key` can derive; the same parts give the same id."""
    digest = bytearray(keyed_hash(key, *parts)[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    return _text(digest)


def keyed_hash(key: bytes, *parts: str) -> bytes:
    """Compute keyed BLAKE2b (RFC 7693), 32 bytes; parts are length-prefixed, so no two lists collide.

    `key`: at most 64 bytes.
    """
    digest = hashlib.blake2b(key=key, digest_size=32)
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big"))
        digest.update(encoded)
    return digest.digest()


def _text(sixteen: bytes | bytearray) -> str:
    """Format sixteen bytes as a UUID."""
    digits = sixteen.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
