"""Audit what the house is built on, and list it: `python -m deploy.dependencies audit | sbom DIRECTORY`.

What is installed is pinned and hashed in the locked requirements. `audit` asks a source of advisories about
each of them (pip-audit), `sbom` writes them as bills of materials (CycloneDX).
"""

import json
import os
import re
import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).parents[1]
LOCKED = "requirements-dev.txt"  # holds all of requirements.txt too
PRODUCT = "requirements.txt"
WITHIN = 600  # seconds for the whole audit
AWAY = re.compile(r"(ConnectionError|ProxyError|Timeout|SSLError|ServiceError|HTTPError)\b")
app = typer.Typer(add_completion=False, no_args_is_help=True)


class Verdict(IntEnum):
    """Name what an audit came to; the values are exit codes."""

    CLEAN = 0
    FOUND = 1
    SKIPPED = 2
    NO_SOURCE = 3


def judge(report: str, complaint: str) -> tuple[Verdict, list[str]]:
    """Return the verdict on what pip-audit wrote (JSON) and complained, with lines about it.

    pip-audit is content when it found nothing about what it could not look up: one package that was skipped
    is no audit. A source that knows none of them, or does not answer, is no source.
    """
    try:
        dependencies: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if AWAY.search(complaint):
            return Verdict.NO_SOURCE, []
        return Verdict.SKIPPED, ["the audit itself ended without a report"]
    skipped = [f"{one['name']}: skipped" for one in dependencies if "skip_reason" in one]
    found = [
        f"{one['name']} {one['version']}: {advisory['id']}, mended in {_mended(advisory)}"
        for one in dependencies
        for advisory in one.get("vulns", ())
    ]
    if len(skipped) == len(dependencies):
        return Verdict.NO_SOURCE, []
    if found:
        return Verdict.FOUND, found + skipped
    return (Verdict.SKIPPED, skipped) if skipped else (Verdict.CLEAN, [])


def _mended(advisory: dict[str, Any]) -> str:
    return ", ".join(advisory.get("fix_versions", ())) or "no version"


@app.command()
def audit(
    required: Annotated[
        bool, typer.Option(help="Fail too when no source of advisories can be reached")
    ] = False,
    service: Annotated[str, typer.Option(help="Source of advisories: pypi or osv")] = "pypi",
    requirements: Annotated[Path, typer.Option(help="Locked requirements")] = ROOT / LOCKED,
) -> None:
    """Fail when an advisory was found (1), and when something was skipped (2); 3 without any source."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(requirements), "-s", service]
    command += ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN)  # noqa: S603
        verdict, lines = judge(ran.stdout, ran.stderr)
    except subprocess.TimeoutExpired:
        verdict, lines = Verdict.NO_SOURCE, []
    for line in lines:
        typer.echo(line)
    typer.echo(f"audit of {requirements.name}: {_SAID[verdict]}")
    if verdict is Verdict.NO_SOURCE and required:
        typer.echo("that is a failure here, as --required was given")
    raise typer.Exit(verdict)


_SAID = {
    Verdict.CLEAN: "nothing is known about any of it",
    Verdict.FOUND: "advisories were found",
    Verdict.SKIPPED: "not everything was looked up, so nothing is known",
    Verdict.NO_SOURCE: "no source of advisories can be reached, so nothing was looked up",
}


@app.command()
def sbom(directory: Path) -> None:
    """Write bills of materials: of the wheel, and of the images' Python packages (CycloneDX 1.6, JSON)."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, kind in (("wheel", "library"), ("images", "application")):
        target = directory / f"{name}.cdx.json"
        command = [sys.executable, "-m", "cyclonedx_py", "requirements", PRODUCT, "--mc-type", kind]
        command += ["--pyproject", "pyproject.toml", "--short-PURLs", "--output-reproducible"]
        subprocess.run(  # noqa: S603
            [*command, "--output-file", str(target)], cwd=ROOT, check=True, env=os.environ
        )
        typer.echo(str(target))


if __name__ == "__main__":
    app()
