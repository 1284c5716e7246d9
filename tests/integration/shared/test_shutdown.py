"""A process that was told to end does so in time, though its main thread hangs."""

import signal
import subprocess
import sys
import time

HANGS = """
import time
from shared.runtime.shutdown import Deadline
Deadline(0.5).start({code})
print("begun", flush=True)
time.sleep(60)
"""
CUT_OFF = """
import time
from shared.runtime.shutdown import INTERRUPTED, ending_at_once_on_signal
with ending_at_once_on_signal(INTERRUPTED):
    print("begun", flush=True)
    time.sleep(60)
"""


def started(program: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(  # noqa: S603 - the two programs above
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    return child


def test_what_hangs_is_ended_by_force_with_one_line_and_a_code_of_its_own() -> None:
    for code in (3, 1):
        began = time.monotonic()
        child = started(HANGS.format(code=code))
        said, _ = child.communicate(timeout=30)
        assert child.returncode == code
        assert said.count("shutdown-forced") == 1
        assert time.monotonic() - began < 30


def test_a_migration_is_cut_off_at_once_and_says_so_by_its_exit_code() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        child = started(CUT_OFF)
        child.send_signal(number)
        child.communicate(timeout=30)
        assert child.returncode == 143
