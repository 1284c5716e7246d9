"""What the house is built on is pinned, listed and audited; an audit that looked nothing up is none (T9)."""

import json
import re
from typing import Any

import pytest

from deploy.dependencies import ROOT, Verdict, judge

PIN = re.compile(r"^[a-z0-9-]+==[\w.]+ \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+")
LOOKED_UP = {"name": "six", "version": "1.17.0", "vulns": []}
SKIPPED = {"name": "own", "skip_reason": "Dependency not found on PyPI and could not be audited: own (1)"}
BAD = {
    "name": "bad",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}],
}


def report(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_what_was_skipped_is_no_clean_audit_t9() -> None:
    assert judge(report(LOOKED_UP), "") == (Verdict.CLEAN, [])
    assert judge(report(LOOKED_UP, SKIPPED), "") == (Verdict.SKIPPED, ["own: skipped"])
    found = ["bad 1.0: PYSEC-2026-1, mended in 1.1"]
    assert judge(report(LOOKED_UP, BAD), "") == (Verdict.FOUND, found)
    assert judge(report(BAD, SKIPPED, LOOKED_UP), "") == (Verdict.FOUND, [*found, "own: skipped"])


def test_a_source_that_knows_nothing_or_does_not_answer_is_none_t9() -> None:
    assert judge(report(SKIPPED, SKIPPED), "")[0] is Verdict.NO_SOURCE
    assert judge("", "requests.exceptions.ConnectionError: ...")[0] is Verdict.NO_SOURCE


@pytest.mark.parametrize(
    "odd", ["", "[]", "{}", "null", "No known vulnerabilities found", '{"dependencies": 7']
)
def test_an_audit_without_a_report_has_skipped_everything_t9(odd: str) -> None:
    assert judge(odd, "Traceback: KeyError")[0] is Verdict.SKIPPED


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_everything_that_is_installed_is_pinned_and_hashed_t9(file: str) -> None:
    text = (ROOT / file).read_text()
    while text:
        pin = PIN.match(text)
        assert pin is not None, text[:80]
        text = text[pin.end() :]
