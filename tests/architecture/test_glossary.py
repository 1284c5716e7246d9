"""Whoever reads a Dutch term in a message, or a class of the shell, finds it in the glossary, once."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.generate.tree import ROOT, named_spans, syntax
from services.governance.accession import Signatory
from shared.contract import fields
from shared.contract import messages as messages
from shared.contract.registry import Model, all_messages

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
COVENANT, SHELL = GLOSSARY.read_text(encoding="utf-8").split("\n# The shell's words\n")
HEADINGS = {"Dutch", "Term"}


def rows(part: str = COVENANT) -> list[list[str]]:
    """The cells of every row of every table of a part, without headings and rulers."""
    lines = [line for line in part.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] not in HEADINGS and not row[0].startswith("---")]


def models_in(annotation: Any) -> Iterator[type[Model]]:
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from models_in(argument)


def titles_of(model: type[Model], seen: set[type[Model]]) -> Iterator[str]:
    """The titles of a model's fields and of the models in them."""
    if model in seen:
        return
    seen.add(model)
    for field in model.model_fields.values():
        if field.title is not None:
            yield field.title
        for inner in models_in(field.annotation):
            yield from titles_of(inner, seen)


def models_of_words() -> list[type[Model]]:
    return [model for found in vars(fields).values() for model in models_in(found)]


def terms() -> set[str]:
    """Every Dutch term that the contract shows to a partner or to a person of the house."""
    seen: set[type[Model]] = set()
    roots: list[type[Model]] = [*(entry.model for entry in all_messages()), *models_of_words(), Signatory]
    found = {title for model in roots for title in titles_of(model, seen)}
    return found | {entry.dutch for entry in all_messages()}


def test_every_dutch_term_of_the_messages_stands_in_the_glossary() -> None:
    assert sorted(terms() - {row[0] for row in rows()}) == []


def test_each_term_stands_in_the_glossary_once() -> None:
    counted = Counter(row[0].lower() for row in rows())
    assert [term for term, times in counted.items() if times > 1] == []


def test_each_row_says_what_where_and_how_it_is_called_in_english() -> None:
    assert [row for row in rows() if len(row) != 4 or not all(row)] == []


def test_each_term_of_the_shell_is_defined_in_the_file_that_is_named() -> None:
    for term, meaning, link in rows(SHELL):
        found = re.fullmatch(r"\[(?P<file>[\w/.]+)\]\(\.\./shared/(?P=file)\)", link)
        assert found and meaning, term
        defined = {name for _, _, name in named_spans(syntax(ROOT / "shared" / found["file"]))}
        assert term.strip("`") in defined, f"{term} is not in {found['file']}"


def test_each_term_of_the_shell_stands_in_the_glossary_once() -> None:
    counted = Counter(row[0] for row in rows(SHELL))
    assert [term for term, times in counted.items() if times > 1] == []
