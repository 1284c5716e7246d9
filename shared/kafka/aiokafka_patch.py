"""Patch aiokafka to read header names that are not UTF-8.

Kafka takes any bytes as a header's name; aiokafka only UTF-8, and never gets past a record with another. Here
such a name is read with surrogates in it, so that its record arrives and is refused like any other that
cannot be read. aiokafka has no setting for this: the class that iterates over fetched records is replaced.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


def accept_any_header_name() -> None:
    """Replace aiokafka's record iterator in this process; idempotent."""
    fetcher.MemoryRecords = _Fetched


class _Fetched(_MemoryRecordsPy):  # type: ignore[misc]
    """Iterate over the batches fetched from one partition."""

    def next_batch(self) -> Any:
        raw = self._next_slice
        batch = super().next_batch()
        return None if batch is None else _Batch(batch, raw)


class _Batch:
    """Iterate over one batch with aiokafka's C code, and in Python only where a header name is not UTF-8."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch, self._raw = batch, raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._batch
        except UnicodeDecodeError:  # read again; whoever asks skips by offset what it has had
            slowly = _DefaultRecordBatchPy(self._raw)
            slowly._maybe_uncompress()
            slowly._buffer = _Lenient(slowly._buffer)
            yield from slowly


class _Lenient(bytearray):
    """Hold bytes whose slices can always be decoded."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Lenient(found) if isinstance(at, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> str:
        return super().decode(encoding, errors)
