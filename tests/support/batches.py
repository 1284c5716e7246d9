"""Batches with a header name that is not UTF-8: other clients can send one, aiokafka cannot."""

import struct

from aiokafka.record._crecords.cutil import crc32c_cython

CRC_AT, SUMMED_FROM = 17, 21
BREAKABLE = "breakable"


def break_name(batch: bytearray) -> bytearray:
    """The same batch, changed in place: `BREAKABLE` is no longer UTF-8, and the checksum is right again."""
    at = batch.index(BREAKABLE.encode())
    batch[at : at + 2] = b"\xff\xfe"
    struct.pack_into(">I", batch, CRC_AT, crc32c_cython(bytes(batch[SUMMED_FROM:])))
    return batch
