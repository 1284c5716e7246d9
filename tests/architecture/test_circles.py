"""No circle between modules or packages of the tree: each can be read and tested without what uses it."""

import ast
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from docs.generate.tree import ROOT, python_files, syntax

TOPS = ("services", "shared", "deploy", "tests", "docs", "bench")

Arrows = Mapping[str, set[str]]
"""The names that each name imports."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Return the path of each module of the tree by its dotted name; a package is its `__init__`."""
    return {name_of(path): path for top in TOPS for path in python_files(top) if is_in_packages(path)}


def is_in_packages(path: Path) -> bool:
    """Tell whether it can be imported by its name; a template that is copied elsewhere cannot."""
    above = path.parents[: len(path.relative_to(ROOT).parts) - 1]
    return all((folder / "__init__.py").exists() for folder in above)


def imported(name: str) -> Iterator[str]:
    """Yield the modules of the tree that this one imports, also within a function or for types alone."""
    path = modules()[name]
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(syntax(path)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name in modules())
            case ast.ImportFrom(module=of, names=names, level=level):
                source = importlib.util.resolve_name("." * level + (of or ""), package) if level else str(of)
                found = {f"{source}.{alias.name}" for alias in names}
                yield from (one if one in modules() else source for one in found)


@cache
def module_arrows() -> Arrows:
    known = modules().keys()
    return {name: {other for other in imported(name) if other in known} - {name} for name in modules()}


def between_siblings(arrows: Arrows, package: str) -> Arrows:
    """Return the arrows between the children of a package ("": the tree), each with all that is below it."""
    found: dict[str, set[str]] = {}
    for name, others in arrows.items():
        for other in others:
            here, there = child(package, name), child(package, other)
            if here and there and here != there:
                found.setdefault(here, set()).add(there)
    return found


def child(package: str, name: str) -> str | None:
    """Return the child of the package that is, or holds, the module of this name."""
    inside = name if not package else name.removeprefix(f"{package}.")
    return inside.partition(".")[0] if not package or inside != name else None


def between_packages(arrows: Arrows) -> Arrows:
    """Return the arrows between packages, but for those between a package and one within it."""
    found: dict[str, set[str]] = {}
    for name, others in arrows.items():
        for here, there in ((package_of(name), package_of(other)) for other in others):
            if not f"{here}.".startswith(f"{there}.") and not f"{there}.".startswith(f"{here}."):
                found.setdefault(here, set()).add(there)
    return found


def package_of(name: str) -> str:
    return name if modules()[name].stem == "__init__" else name.rpartition(".")[0]


def circle(arrows: Arrows) -> Iterable[str]:
    """Return the names along one circle, the first again at the end; nothing when there is no circle."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert len(module_arrows()) > 400
    assert circle(module_arrows()) == []


def test_no_packages_import_one_another_in_a_circle() -> None:
    arrows = between_packages(module_arrows())
    assert {"deploy.containers", "deploy.local", "tests.system.flows"} <= arrows.keys()
    assert circle(arrows) == []


@pytest.mark.parametrize(
    "package", ["", *sorted(name for name, path in modules().items() if path.stem == "__init__")]
)
def test_nothing_in_a_package_is_in_a_circle_with_its_neighbours(package: str) -> None:
    """Modules and packages side by side, each with all that lies below it."""
    assert circle(between_siblings(module_arrows(), package)) == []


def test_a_circle_is_found_at_each_level() -> None:
    """So that the three tests above are able to fail."""
    towards = {
        "deploy.local.house": {"deploy.containers.files"},
        "deploy.containers.house": {"deploy.machine"},
    }
    assert circle(towards) == circle(between_siblings(towards, "deploy")) == []
    both = towards | {"deploy.containers.house": {"deploy.local.layout"}}
    assert circle(both) == []
    assert set(circle(between_packages(both))) == {"deploy.containers", "deploy.local"}
    assert set(circle(between_siblings(both, "deploy"))) == {"containers", "local"}
    assert circle({"a": {"b"}, "b": {"a"}}) == ["a", "b", "a"]
