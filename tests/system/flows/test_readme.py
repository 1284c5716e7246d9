"""What the README prints for a partner's programmer, run as it stands there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.story.world import World

ROOT = Path(__file__).parents[3]
PARTNER = re.compile(r"## How a partner connects.*?```python\n(.*?)```", re.DOTALL)


def printed() -> str:
    found = PARTNER.search((ROOT / "README.md").read_text())
    assert found is not None
    return found[1]


def test_a_partner_connects_in_ten_lines_as_printed(founded: World, tmp_path: Path) -> None:
    assert len([line for line in printed().splitlines() if line]) <= 10
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "env.json").write_text(json.dumps(founded.house))
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", printed()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("MessageAccepted(message_id=")
