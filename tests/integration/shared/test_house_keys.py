"""A service's keys where several of its processes begin or rotate at once: real processes on real files."""

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from shared.crypto.house_keys import ROTATE_AFTER, HouseKeys

ROOT = b"r" * 32
START = datetime(2026, 3, 2, tzinfo=UTC)


def test_processes_that_begin_or_turn_at_once_make_one_key_between_them(tmp_path: Path) -> None:
    """Real processes: what keeps them apart is between processes."""
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        for now in (START, START + ROTATE_AFTER):
            began = [pool.submit(kids_of_new_process, tmp_path / "keys", now) for _ in range(9)]
            assert len({done.result() for done in began}) == 1
    assert len(list((tmp_path / "keys").glob("*.key"))) == 3, "one to sign with, and two days"


def kids_of_new_process(directory: Path, now: datetime) -> tuple[str, ...]:
    keys = HouseKeys(directory, ROOT, lambda: now)
    keys.rotate()
    return tuple(jwk["kid"] for jwk in keys.public())
