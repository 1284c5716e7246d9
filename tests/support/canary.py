"""Searching files for strings that must be nowhere: plain, hex, UTF-16, base64 in every alignment, gzip."""

import base64
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

CHUNK = 8 * 1024 * 1024
GZIP = re.compile(rb"\x1f\x8b\x08")
UNPACKED = 1024 * 1024  # bytes looked at of what was packed


def disguises(word: str) -> list[bytes]:
    """All the ways in which a program might have written the word down."""
    plain = word.encode()
    found = [plain, plain.hex().encode(), plain.hex().upper().encode()]
    found += [word.encode("utf-16-le"), word.encode("utf-16-be")]
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + plain)
        core = text[(4 if shift else 0) : -4]  # without what the neighbours decide
        found += [core, core.replace(b"+", b"-").replace(b"/", b"_")]
    return list(dict.fromkeys(found))


def search(directories: Sequence[Path], words: Sequence[str]) -> dict[str, list[str]]:
    """The files in which any of the words stands in any disguise, by word; files that vanish are skipped."""
    needles = {needle: word for word in words for needle in disguises(word)}
    longest = max(map(len, needles))
    hits: dict[str, list[str]] = {}
    for file in (path for directory in directories for path in _files(directory)):
        for block in _blocks(file, longest):
            for text in (block, *_unpacked(block)):
                for needle, word in needles.items():
                    if needle in text:
                        hits.setdefault(word, []).append(str(file))
    return hits


def _unpacked(block: bytes) -> Iterator[bytes]:
    """Whatever begins in it like gzip and is."""
    for found in GZIP.finditer(block):
        try:
            yield zlib.decompressobj(wbits=31).decompress(memoryview(block)[found.start() :], UNPACKED)
        except zlib.error:
            continue


def _files(directory: Path) -> Iterator[Path]:
    yield from (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())


def _blocks(file: Path, overlap: int) -> Iterator[bytes]:
    """The file's data without its holes (Kafka preallocates indexes), in overlapping blocks."""
    try:
        handle = os.open(file, os.O_RDONLY)
    except (FileNotFoundError, OSError):
        return
    try:
        size, at = os.fstat(handle).st_size, 0
        while at < size:
            try:
                start = os.lseek(handle, at, os.SEEK_DATA)
                end = os.lseek(handle, start, os.SEEK_HOLE)
            except OSError:
                return
            while start < end:
                yield os.pread(handle, min(CHUNK, end - start) + overlap, start)
                start += CHUNK
            at = end
    finally:
        os.close(handle)
