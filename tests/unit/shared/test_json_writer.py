"""What the house writes down for itself can be read back, and what it cannot write is not left out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import TypeAdapter

from shared.contract.content import SEALED_ALLOWED, Content, SealedText, TextRef
from shared.contract.registry import Model
from shared.storage.json_writer import to_json


class Colour(StrEnum):
    RED = "red"


class Said(Model):
    text: Content
    note: Content | None = None
    on: date = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class Thing:
    colour: Colour
    at: datetime
    told: tuple[Said, ...]
    named: frozenset[str]
    counted: dict[str, int]
    text: Content
    nobody: str | None = None


def test_all_that_a_state_or_an_event_is_made_of_is_read_back() -> None:
    said = (
        Said(text=TextRef("p", "triage")),
        Said(text='é\u2028"', note=SealedText("p", "rto", bytes(range(256)))),
    )
    at = datetime(2026, 3, 2, 9, 0, 0, 5, tzinfo=UTC)
    thing = Thing(Colour.RED, at, said, frozenset({"a"}), {Colour.RED: 2**40}, TextRef("q", "triage"))
    assert TypeAdapter(Thing).validate_json(to_json(thing), context=SEALED_ALLOWED) == thing


def test_a_moment_is_written_in_utc_as_parties_get_it() -> None:
    assert to_json(datetime(2026, 3, 2, 9, tzinfo=UTC)) == '"2026-03-02T09:00:00Z"'


@pytest.mark.parametrize("unknown", [object(), MappingProxyType({"a": 1})])
def test_what_it_does_not_know_is_an_error(unknown: Any) -> None:
    with pytest.raises(TypeError):
        to_json(unknown)
