"""The search itself must find what it looks for, or finding nothing would mean nothing."""

import base64
import gzip
from pathlib import Path

import pytest

from tests.support.canary import search

WORD = "Kanarie-Qx7Zt9Wv"


@pytest.mark.parametrize(
    "written",
    [
        WORD.encode(),
        WORD.encode().hex().encode(),
        WORD.encode("utf-16-le"),
        base64.b64encode(b"before" + WORD.encode() + b"after"),
        base64.b64encode(b"1" + WORD.encode() + b"2"),
        base64.urlsafe_b64encode(b"12" + WORD.encode()),
        gzip.compress(b"before" + WORD.encode() + b"after"),
    ],
)
def test_a_word_is_found_in_every_disguise(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "file").write_bytes(b"x" * 9_000_000 + written + b"y")
    assert search([tmp_path], [WORD]) == {WORD: [str(tmp_path / "file")]}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 9_000_000)
    assert search([tmp_path], [WORD]) == {}
