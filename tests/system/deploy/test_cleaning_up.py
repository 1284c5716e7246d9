"""What cleans up finishes: a signal waits for it, a kill is over when it returns, no error is passed over."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.machine.process import Process, kill, remove_tree, uninterrupted

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_something_is_removed_is_heard_after_it(number: signal.Signals) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        signal.raise_signal(number)
        done.append("removed")
    assert done == ["removed"]
    assert signal.getsignal(number) is signal.default_int_handler


def test_what_is_killed_is_gone_with_its_children_when_the_kill_returns() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        kill(Process(parent.pid, psutil.Process(parent.pid).create_time()))
        assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_what_is_gone_already_is_no_error_of_a_removal_and_what_stays_is(tmp_path: Path) -> None:
    remove_tree(tmp_path / "never there")
    stays = tmp_path / "stays"
    stays.mkdir()
    (tmp_path / "link").symlink_to(stays)
    with pytest.raises(OSError, match="symbolic link"):
        remove_tree(tmp_path / "link")
    assert stays.is_dir()
    remove_tree(stays)
    assert not stays.exists()
