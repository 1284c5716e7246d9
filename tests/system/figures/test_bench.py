"""The bench runs to its end: each of the three programs answers every message, sealed and plain."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_each_program_of_the_bench_answers_every_message(tmp_path: Path) -> None:
    """What it measures is no matter here: other work may run beside it."""
    result = tmp_path / "bench.json"
    where = ["--directory", str(tmp_path / "house"), "--result", str(result)]
    ran = subprocess.run(  # noqa: S603 - a program of this tree, with paths of this test
        [sys.executable, "-m", "bench", "--quick", "--no-latency", *where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    programs = {(line["variant"], line["plain"]) for line in json.loads(result.read_text())["programs"]}
    assert len(programs) == 6, programs
