"""A docstring says in its first words what the thing does: it starts with a verb, here as everywhere."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate.tree import ROOT, python_files, syntax
from tests.architecture.test_architecture import where

# A room is added when all of it holds.
HELD = ("shared", "services", "deploy", "docs/new_service")
NO_VERBS = frozenset(
    {
        *("A", "All", "An", "As", "Each", "Every", "Everything", "How", "Its", "None", "Nobody", "Nothing"),
        *("Of", "Once", "One", "Or", "Such", "That", "The", "These", "This", "Those", "Until", "What"),
        *("When", "Where", "Whether", "Which", "Who", "Whom", "Whose"),
    }
)
# The words of these are the published contract: they stand in the schemas and in the OpenAPI documents.
PUBLISHED = {
    "shared/contract/fields.py": {"Theme", "Category", "PersonRole", "InformMoment"},
    "shared/contract/parties.py": {"PartyKind", "Scope", "KeyUse"},
    "shared/contract/refusal.py": {"Remedy"},
    "shared/crypto/case_key_client.py": {"KeyStatus"},
    "shared/http/app.py": {"Done", "Replaced"},
    "shared/runtime/health.py": {"livez", "readyz", "jwks"},
    "services/governance/state.py": {"Phase"},
    "services/intake/state.py": {"Phase"},
    "services/retention/proofs.py": {"Ending"},
    "services/retention/state.py": {"Phase"},
    "services/rto/state.py": {"Phase", "Answer", "ReleaseStatus"},
    "services/triage/state.py": {"Phase", "QueryStatus", "Conclusion"},
}
# Of a service: each function and model there is published.
ENDPOINTS = {"acknowledgement_api.py", "api.py", "decision_api.py", "key_api.py", "views.py"}
MESSAGES = ROOT / "shared" / "contract" / "messages"
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def held_files() -> Iterator[Path]:
    for place in HELD:
        path = ROOT / place
        yield from [path] if path.suffix else python_files(place)


def documented(path: Path) -> Iterator[tuple[str, str]]:
    """(name, docstring) of the module and of each public thing in it that is no published text."""
    for node in ast.walk(syntax(path)):
        name = getattr(node, "name", path.stem)
        if not isinstance(node, Documented) or is_published(path, node):
            continue
        is_private = name.startswith("_") and not name.startswith("__")
        if not is_private and (text := ast.get_docstring(node)):
            yield name, text


def is_published(path: Path, node: Documented) -> bool:
    """Every class of a message, every model and what is listed; a model names its base `Model` or `Item`."""
    if path.name in ENDPOINTS and not isinstance(node, ast.Module):
        return True
    if not isinstance(node, ast.ClassDef):
        return getattr(node, "name", None) in PUBLISHED.get(where(path), ())
    bases = {ast.unparse(base) for base in node.bases}
    return (
        path.is_relative_to(MESSAGES)
        or bool(bases & {"Model", "Item"})
        or node.name in PUBLISHED.get(where(path), ())
    )


@pytest.mark.parametrize("place", HELD)
def test_each_place_that_holds_still_exists(place: str) -> None:
    assert (ROOT / place).exists()


def test_a_docstring_starts_with_a_verb() -> None:
    found = [
        f"{where(path)}: {name}: {text.splitlines()[0]}"
        for path in held_files()
        for name, text in documented(path)
        if starts_with_no_verb(text)
    ]
    assert found == []


def starts_with_no_verb(text: str) -> bool:
    first = text.split()[0].rstrip(",;")
    return first in NO_VERBS or first.endswith("'s") or not first.isalpha() or not first[0].isupper()


@pytest.mark.parametrize(
    "text", ["What it does.", "The key.", "kafka", "A party's id.", "`x`: y", "Kafka's x"]
)
def test_what_starts_with_no_verb_is_seen(text: str) -> None:
    assert starts_with_no_verb(text)


@pytest.mark.parametrize("text", ["Return the key.", "Hold one\n\nmore", "Sign, then encrypt."])
def test_what_starts_with_a_verb_passes(text: str) -> None:
    assert not starts_with_no_verb(text)


def test_what_is_published_is_still_where_it_is_excepted() -> None:
    for file, names in PUBLISHED.items():
        there = {getattr(node, "name", "") for node in ast.walk(syntax(ROOT / file))}
        assert names <= there
