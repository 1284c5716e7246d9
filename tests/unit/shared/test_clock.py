"""Covenant time is machine time, moved by a file where there is one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import Clock, machine_now

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_without_a_file_both_clocks_say_the_same(tmp_path: Path) -> None:
    assert Clock().covenant(AT) == AT
    assert Clock(tmp_path / "missing").covenant(AT) == AT
    assert abs(Clock().now() - machine_now()) < timedelta(seconds=5)


@given(seconds=st.integers(0, 40_000_000))
def test_a_file_moves_covenant_time(tmp_path_factory: pytest.TempPathFactory, seconds: int) -> None:
    file = tmp_path_factory.mktemp("clock") / "clock.json"
    file.write_text(json.dumps({"offset_seconds": seconds}))
    assert Clock(file).covenant(AT) == AT + timedelta(seconds=seconds)


def test_the_file_is_read_anew_at_each_look(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    clock = Clock(file)
    for seconds in (0.0, 86_400.0):
        file.write_text(json.dumps({"offset_seconds": seconds}))
        assert clock.offset == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "bad", ["", '{"offset_se', "[]", '{"offset": 1}', '{"offset_seconds": 1e400}', "\x00"]
)
def test_a_file_that_says_no_offset_leaves_time_as_it_was(bad: str, tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    clock = Clock(file)
    file.write_text(json.dumps({"offset_seconds": 86_400}))
    assert clock.offset == timedelta(days=1)
    file.write_text(bad)
    assert clock.offset == timedelta(days=1)
    file.unlink()
    assert clock.offset == timedelta(days=1)
    file.write_text(json.dumps({"offset_seconds": 172_800}))
    assert clock.offset == timedelta(days=2)


def test_both_clocks_are_aware() -> None:
    assert machine_now().tzinfo is UTC
    assert Clock().now().tzinfo is UTC
