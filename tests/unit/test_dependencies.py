"""What the house is built on is pinned, listed and audited; an audit that looked nothing up is none (T9)."""

import json
import re
import subprocess
import sys
from pathlib import Path
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


def test_without_a_source_the_audit_says_so_in_one_line_and_by_its_own_code_t9(tmp_path: Path) -> None:
    one = tmp_path / "requirements.txt"
    one.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    nowhere = {
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "https_proxy": "http://127.0.0.1:1",
        "HOME": str(tmp_path),
    }
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "deploy.dependencies", "audit", "--requirements", str(one)],
        cwd=ROOT,
        env=nowhere,
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = "audit of requirements.txt: no source of advisories can be reached, so nothing was looked up\n"
    assert (ran.returncode, ran.stdout) == (Verdict.NO_SOURCE, said), ran.stderr


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_everything_that_is_installed_is_pinned_and_hashed_t9(file: str) -> None:
    text = (ROOT / file).read_text()
    while text:
        pin = PIN.match(text)
        assert pin is not None, text[:80]
        text = text[pin.end() :]


def test_the_bills_of_materials_list_every_package_with_its_hash(tmp_path: Path) -> None:
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "deploy.dependencies", "sbom", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    for name in ("wheel", "images"):
        bill = json.loads((tmp_path / f"{name}.cdx.json").read_text())
        assert bill["bomFormat"] == "CycloneDX"
        assert bill["metadata"]["component"]["name"] == "zorg-en-veiligheidshuis"
        assert {part["name"] for part in bill["components"]} == locked
        assert all(_hashed(part) for part in bill["components"])
        assert "://" not in json.dumps([part.get("externalReferences") for part in bill["components"]])


def _hashed(part: dict[str, Any]) -> bool:
    references = part.get("hashes", []) or [
        h for r in part["externalReferences"] for h in r.get("hashes", [])
    ]
    return bool(references)
