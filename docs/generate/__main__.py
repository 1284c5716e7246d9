"""Run `python -m docs.generate`: write the documents anew; `--check` only lists which are not current."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner

from docs.generate import contract, convenant, diagrams, refusals, rules, settings
from docs.generate.clauses import BadMarker
from docs.generate.compatibility import breaks
from docs.generate.tree import DOCS, ROOT, NotImportable, load, services
from shared.contract.registry import all_messages

SCHEMAS = DOCS / "schemas"
ADVICE = "Give the message a new version; or, as long as nobody uses it, remove its file from docs/schemas."


def documents() -> dict[Path, str]:
    """Return every generated file with its text; raises `NotImportable`."""
    made = {
        DOCS / "asyncapi.json": contract.as_text(contract.asyncapi()),
        DOCS / "rules.md": rules.document(),
        DOCS / "convenant.md": convenant.document(),
        DOCS / "refusals.md": refusals.document(),
        DOCS / "settings.md": settings.table(),
    }
    made |= {SCHEMAS / name: contract.as_text(schema) for name, schema in contract.schema_files().items()}
    for service in services():
        made[ROOT / "services" / service / "openapi.json"] = openapi_of(service)
        readme = diagrams.readme_of(service)
        if readme.exists():
            made[readme] = diagrams.with_diagram(readme.read_text(), diagrams.diagram_of(service))
    return made


def openapi_of(service: str) -> str:
    """Return what the service's own command `openapi` prints; raises `NotImportable`."""
    result = CliRunner().invoke(load(service, "main").app, ["openapi"])
    if result.exit_code != 0:
        raise NotImportable(f"services/{service}: its command openapi fails ({result.exception!r})")
    return result.stdout


def broken_promises(published: Path = SCHEMAS) -> Iterator[str]:
    """List what breaks a published schema; the committed files are the promise."""
    for entry in all_messages():
        file = published / f"{entry.name}.v{entry.version}.json"
        if file.exists():
            for found in breaks(json.loads(file.read_text()), contract.schema_of(entry), entry.direction):
                yield f"{entry.name}.v{entry.version}: {found}"


def not_current(made: dict[Path, str]) -> list[Path]:
    """List the files that are missing or differ."""
    return [path for path, text in made.items() if not path.exists() or path.read_text() != text]


def left_over(made: dict[Path, str]) -> list[Path]:
    """List the schemas of messages that no longer exist."""
    return sorted(set(SCHEMAS.glob("*.json")) - made.keys())


def main(*, check: bool = False) -> None:
    """Make the generated documents anew, or with --check only say which are not current."""
    promises = list(broken_promises())
    if promises:
        _stop("These changes break a published message:", promises, ADVICE)
    try:
        made = documents()
    except (NotImportable, BadMarker) as error:
        _stop(f"Nothing was made: {error}.", [], "")
    stale = not_current(made)
    old = left_over(made)
    if check and (stale or old):
        _stop("Not current:", [_shown(path) for path in (*stale, *old)], "Run `make generate`.")
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path])
        print(f"made {_shown(path)}")
    for path in old:
        path.unlink()
        print(f"removed {_shown(path)}")


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _stop(what: str, which: list[str], advice: str) -> None:
    print(what, *which, advice, sep="\n  ", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    typer.run(main)
