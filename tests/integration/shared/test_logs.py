"""Logs are JSON lines, and nothing that an exception or a library says gets into one."""

import json
import subprocess
import sys

from docs.generate.tree import ROOT

SECRET = "Persoon Jansen"
PROGRAM = f"""
import logging, threading, warnings
from shared.telemetry import logs
from shared.telemetry.logs import log_bug

logs.configure("intake")
logging.getLogger("some.library").warning("row of %s", "{SECRET}")
logging.getLogger("some.library").info("row of %s", "{SECRET}")
logging.getLogger("uvicorn.access").info("GET /cases/%s", "{SECRET}")
warnings.warn("about {SECRET}")
try:
    raise ValueError("{SECRET}")
except ValueError as error:
    log_bug("intake", "message-quarantined", error, row=7)

def fails():
    raise KeyError("{SECRET}")

thread = threading.Thread(target=fails)
thread.start()
thread.join()
fails()
"""


def test_each_line_is_json_and_no_exception_or_library_says_anything_in_it() -> None:
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 1
    assert SECRET not in ran.stdout + ran.stderr
    assert ran.stderr == ""
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["event"] for line in lines] == [
        "library",
        "library",
        "message-quarantined",
        "thread-ended",
        "crashed",
    ]
    assert {line["service"] for line in lines if line["event"] != "thread-ended"} == {"intake"}
    assert [line["kind"] for line in lines if "kind" in line] == ["ValueError", "KeyError", "KeyError"]
    assert all(line["level"] and line["timestamp"].endswith("Z") for line in lines)
