"""Find files in the checkout, and the services that have a main module."""

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from shared.contract.registry import SERVICES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


class NotImportable(Exception):
    """Report a service whose code is there and cannot be imported; the message says which and why."""


def services() -> list[str]:
    """List the services that have a main module."""
    return [name for name in SERVICES if (ROOT / "services" / name / "main.py").exists()]


def load(service: str, room: str) -> ModuleType:
    """Import a module of a service; raises `NotImportable`."""
    try:
        return importlib.import_module(f"services.{service}.{room}")
    except (ImportError, SyntaxError, NameError, AttributeError) as error:
        raise NotImportable(f"services/{service} cannot be imported ({error})") from error


@cache
def python_files(folder: str) -> tuple[Path, ...]:
    """List the Python files below a top folder, in a stable order; templates are texts to copy, not code."""
    found = (path for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path for path in found if not {"__pycache__", "template"} & set(path.parts)))


@cache
def syntax(path: Path) -> ast.Module:
    """Parse a file into its syntax tree."""
    return ast.parse(path.read_text())


def named_spans(tree: ast.Module) -> Iterator[tuple[int, int, str]]:
    """Yield (first line, last line, name) of each function, class, method and constant of a module."""
    for node in tree.body:
        yield from _spans(node, "")


def _spans(node: ast.stmt, inside: str) -> Iterator[tuple[int, int, str]]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield _span(node, inside + name)
        case ast.ClassDef(name=name, body=body):
            yield _span(node, name)
            for member in body:
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from _spans(member, f"{name}.")
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            yield _span(node, name)
        case _:
            return


def _span(node: ast.stmt, name: str) -> tuple[int, int, str]:
    decorators = getattr(node, "decorator_list", [])
    first = min((node.lineno, *(decorator.lineno for decorator in decorators)))
    return first, node.end_lineno or node.lineno, name
