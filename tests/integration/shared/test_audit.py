"""The audit of dependencies and the bills of materials, as their commands make them (T9)."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.dependencies import ROOT, Verdict


def test_without_a_source_the_audit_says_so_in_one_line_and_by_its_own_code_t9(tmp_path: Path) -> None:
    one = tmp_path / "requirements.txt"
    one.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1", "HOME": str(tmp_path)}
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


@pytest.mark.exhaustive
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


def _hashed(part: dict[str, Any]) -> bool:
    references = part.get("hashes", []) or [
        h for r in part["externalReferences"] for h in r.get("hashes", [])
    ]
    return bool(references)
