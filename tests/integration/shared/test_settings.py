"""The process of a service ends with exit code 2 for a wrong setting, and connects when all are right."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from docs.generate.tree import ROOT
from tests.support.settings import right_settings


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return right_settings(tmp_path_factory.mktemp("settings"))


def ran(settings: Mapping[str, str], command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "services.intake", command],
        env={**os.environ, **settings},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("command", ["run", pytest.param("migrate", marks=pytest.mark.exhaustive)])
def test_the_process_itself_ends_so(right: dict[str, str], command: str) -> None:
    ended = ran({**right, "ZVH_HTTP_PORT": "99999"}, command)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "ZVH_HTTP_PORT: Input should be less than or equal to 65535\n"


@pytest.mark.exhaustive
def test_with_every_setting_right_it_goes_on_to_connect(right: dict[str, str]) -> None:
    """Nothing listens there. What an exception says could be anything, so its kind alone is told."""
    ended = ran(right, "run")
    assert (ended.returncode, ended.stderr) == (1, "")
    line = json.loads(ended.stdout.splitlines()[0])
    assert (line["event"], line["kind"], line["service"]) == ("crashed", "ConnectionRefusedError", "intake")
