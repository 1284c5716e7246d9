"""Run `python -m docs.new_service make | remove NAME`: a service from the template, or one taken away.

Run `python -m docs.generate` afterwards. `docs/new-service.md` says what to do before and after.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import typer

from docs.generate.tree import DOCS, ROOT
from docs.new_service import edits

TEMPLATE = Path(__file__).parent / "template"
PLACEHOLDER = "sixth"
NAME = re.compile(r"[a-z][a-z0-9]{1,29}")
TAKEN = frozenset({"house", "shared", "operator", "to", "admin", PLACEHOLDER, edits.COPIED})

REGISTRY = ROOT / "shared" / "contract" / "registry.py"
MESSAGES = ROOT / "shared" / "contract" / "messages" / "__init__.py"
GLOSSARY = DOCS / "glossary.md"
LAG = DOCS / "lag.md"
SENTENCES = ROOT / "shared" / "contract" / "sentences.toml"
COMPOSE = ROOT / "deploy" / "compose.yaml"

app = typer.Typer(add_completion=False, help="A new service from the template, or one taken away.")


@app.command()
def make(name: str) -> None:
    """Write the service's files and name it where every service is named."""
    known = edits.listed(REGISTRY.read_text())
    if not may_be_named(name, known):
        _stop(
            f"{name}: must be a new name of lower-case letters and digits, and is part of topics and logins"
        )
    files = _files_of(name)
    if there := [file for file in files if file.exists()]:
        _stop(f"there already: {', '.join(map(_shown, there))}")
    for file, source in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_named(source.read_text(), name))
    _edit(REGISTRY, lambda text: edits.with_services(text, [*known, name]))
    _edit(MESSAGES, lambda text: text + edits.imported(name))
    _edit(
        GLOSSARY,
        lambda text: text.replace(edits.BEFORE_THIS, edits.glossary_section(name) + edits.BEFORE_THIS),
    )
    _edit(LAG, lambda text: text + edits.lag_rows(name))
    _edit(SENTENCES, lambda text: text + edits.sentences(name))
    _edit(COMPOSE, lambda text: edits.with_blocks(text, name))
    _format(REGISTRY, MESSAGES, *files)
    _say(name, "made", files)


@app.command()
def remove(name: str) -> None:
    """Delete the service's files and its name; what it left on servers is removed by deploy.provisioning."""
    known = edits.listed(REGISTRY.read_text())
    if name not in known or name == edits.COPIED:
        _stop(f"{name}: no service that can be taken away")
    files = _files_of(name)
    for folder in (ROOT / "services" / name, ROOT / "tests" / "unit" / name):
        shutil.rmtree(folder, ignore_errors=True)
    for file in files:
        file.unlink(missing_ok=True)
    _edit(REGISTRY, lambda text: edits.with_services(text, [other for other in known if other != name]))
    _edit(MESSAGES, lambda text: text.replace(edits.imported(name), ""))
    _edit(GLOSSARY, lambda text: text.replace(edits.glossary_section(name), ""))
    _edit(LAG, lambda text: text.replace(edits.lag_rows(name), ""))
    _edit(SENTENCES, lambda text: text.replace(edits.sentences(name), ""))
    _edit(COMPOSE, lambda text: edits.without_blocks(text, name))
    _format(REGISTRY, MESSAGES)
    _say(name, "removed", files)


def may_be_named(name: str, known: Collection[str]) -> bool:
    """Return whether a service beside these may have this name: a module's, a topic's and a login's."""
    return NAME.fullmatch(name) is not None and name not in TAKEN and name not in known


def _files_of(name: str) -> dict[Path, Path]:
    """Map each file of the service to the file of the template that it is made from."""
    sources = [path for path in TEMPLATE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {ROOT / _named(str(source.relative_to(TEMPLATE)), name): source for source in sorted(sources)}


def _named(text: str, name: str) -> str:
    return text.replace(PLACEHOLDER, name).replace(PLACEHOLDER.capitalize(), name.capitalize())


def _edit(file: Path, change: Callable[[str], str]) -> None:
    file.write_text(change(file.read_text()))


def _format(*files: Path) -> None:
    """Sort imports and wrap lines, as a longer or shorter name needs."""
    python = [str(file) for file in files if file.suffix == ".py"]
    for words in (["check", "--fix", "--select", "I"], ["format"]):
        command = [sys.executable, "-m", "ruff", *words, "--quiet", "--no-cache", *python]
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own interpreter


def _say(name: str, what: str, files: dict[Path, Path]) -> None:
    others = (REGISTRY, MESSAGES, GLOSSARY, LAG, SENTENCES, COMPOSE)
    typer.echo(f"{what} {name}: {len(files)} files, and its name in {', '.join(map(_shown, others))}")
    typer.echo("now run `make generate` and `make check`")


def _shown(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _stop(why: str) -> None:
    typer.echo(why, err=True)
    raise typer.Exit(2)


if __name__ == "__main__":
    app()
