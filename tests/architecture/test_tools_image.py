"""The image of the provisioning job and the issuer has everything in it that these two import."""

import shutil
import subprocess
import sys
from pathlib import Path

from deploy.containers.images import TOOL_FILES
from docs.generate.tree import ROOT

DEVELOPMENT_ONLY = {"docker", "jgo", "psutil", "pytest", "trustme"}


def test_job_and_issuer_start_from_the_files_of_the_tools_image_alone(tmp_path: Path) -> None:
    """Without an engine; and of the packages they load none that only developers install."""
    shutil.copytree(ROOT / "shared", tmp_path / "shared")
    for name in TOOL_FILES:
        source, target = ROOT / "deploy" / name, tmp_path / "deploy" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    program = "import sys, deploy.local.issuer, deploy.provisioning.__main__; print(*sys.modules)"
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert DEVELOPMENT_ONLY & {name.partition(".")[0] for name in ran.stdout.split()} == set()
