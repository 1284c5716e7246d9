"""What stays of a file that was cleaned or archived: it is said of every text that a state can hold (R95)."""

import dataclasses
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import BaseModel

from services.rto import events as e
from services.rto.state import State
from shared.contract.content import SealedText, TextRef, sealed_text_ids
from shared.contract.fields import ItemStatus, Revision
from shared.contract.messages import rto as m
from shared.core.item_standing import Standing
from tests.support.samples import rto as s
from tests.support.spec import NOW

ITEM = frozenset({"necessity", "content", "use_conditions"})
PREPARED = frozenset({"goal", "care_agreements"})
SAID = frozenset({"remark", "goals_reached", "developments"})
# Who it is about, who took part in which role, the plan, and who was case director (R89, R95, A8).
STAYS = frozenset(
    {
        *(f"preparation.persons.{name}" for name in ("name", "date_of_birth", "address")),
        *(f"{where}.contribution" for where in ("preparation.participants", "rtos.seats.participant")),
        *(f"plan.{name}" for name in ("agreements", "parts.role", "parts.information_need")),
        "plan.actions.description",
        "ended.action.description",
        "case_director",
    }
)
GOES = frozenset(
    {
        *(f"{where}.address_reason" for where in ("preparation.participants", "rtos.seats.participant")),
        "preparation.viewing_plan.reason",
        "viewing_plan.reason",
        "monitoring.purpose",
        "rtos.place",
        "rtos.goals_reached",
        "rtos.developments",
        *(f"preparation.{name}" for name in PREPARED),
        *(f"rtos.preparation.{name}" for name in PREPARED),
        *(f"progress.{name}" for name in SAID),
        *(f"standings.revision.{name}" for name in ITEM),
    }
)
OF_KEPT_ITEMS = frozenset(f"items.{name}" for name in ITEM)
NEVER_HELD = frozenset({"preparation.persons.bsn"})  # it is left behind when the preparation comes in (R22)


def texts_of(annotation: Any, path: str = "") -> Iterator[str]:
    """Every place in a type that can hold a text, as names from field to field."""
    if annotation in (TextRef, SealedText):
        yield path
        return
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {name: field.annotation for name, field in annotation.model_fields.items()}
    elif isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        fields = get_type_hints(annotation)
    else:
        for argument in get_args(annotation):
            yield from texts_of(argument, path)
        return
    for name, kind in fields.items():
        yield from texts_of(kind, f"{path}.{name}" if path else name)


def texts_in(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text that a value refers to, with its place."""
    if isinstance(value, TextRef):
        yield path, value.piece
    elif isinstance(value, tuple):
        for member in value:
            yield from texts_in(member, path)
    elif isinstance(value, BaseModel) or dataclasses.is_dataclass(value):
        names = type(value).model_fields if isinstance(value, BaseModel) else value.__dataclass_fields__
        for name in names:
            yield from texts_in(getattr(value, name), f"{path}.{name}" if path else name)


def full() -> tuple[Any, ...]:
    """A case in which every text that a state can hold is there, before it de-escalates."""
    people = tuple(p.model_copy(update={"bsn": None}) for p in s.preparation().persons)
    table = tuple(s.participant(party, address_reason=s.text(f"why-{party}")) for party in s.AT_THE_TABLE)
    fixed = {"persons": people, "participants": table, "care_agreements": s.text("care-agreements")}
    prepared = s.preparation(**fixed)
    conditions = e.ItemRecorded(s.item(s.NEW, use_conditions=s.text("use-conditions")))
    said = {name: s.text(name) for name in sorted(SAID)}
    progress = e.ActionProgressed(s.TREAT, m.ActionProgress.DONE, at=NOW, **said)
    found = {name: s.text(f"{name}-of-the-rto") for name in ("goals_reached", "developments")}
    concluded = e.RtoConcluded(s.RTO, m.RtoOutcome.APPROACH_AND_MONITORING, NOW, 2, **found)
    ended = e.PlanRecorded(s.plan(actions=(), ends=(s.ARRANGE,)), s.AT_THE_TABLE, NOW)
    agreed = (s.PLANNED, s.MOVED, concluded, s.MONITORED, progress)
    again = s.convened(s.SECOND_RTO, preparation=s.follow_up(), viewing_plan=s.KEPT_PLAN)
    comes = [s.accepted(party) for party in s.AT_THE_TABLE]
    opened = e.PreparationOpened(prepared)
    waits = Standing(
        s.number("e1"),
        s.POLICE,
        1,
        ItemStatus.LIVE,
        version=2,
        revision=Revision(**{name: s.text(f"corrected-{name}") for name in sorted(ITEM)}),
    )
    return (
        e.StandingChanged(waits, NOW),
        *s.RECORDED,
        conditions,
        opened,
        s.convened(participants=table),
        *comes,
        *agreed,
        again,
        ended,
    )


@pytest.mark.clause(
    "R95.e", allowed="Plan, afspraken, deelnemers en bevestigde gegevens blijven in het dossier."
)
@pytest.mark.clause("R95.e", refused="Elke andere tekst gaat weg bij het opschonen en het archiveren.")
@pytest.mark.parametrize("stripped", [e.FileCleaned((s.NEW,)), e.FileArchived((s.NEW,))])
def test_of_every_text_it_is_said_whether_it_stays_in_a_stripped_file_r95_r89(stripped: e.Event) -> None:
    """A field that is new in the state belongs in one of the lists, or this fails."""
    assert frozenset(texts_of(State)) == STAYS | GOES | OF_KEPT_ITEMS | NEVER_HELD
    history = (*full(), e.CaseDeescalated(s.SECOND_RTO, NOW))
    before, after = s.state(*history), s.state(*history, stripped)
    assert {place for place, _ in texts_in(before)} == STAYS | GOES | OF_KEPT_ITEMS
    assert {place for place, _ in texts_in(after)} == STAYS | OF_KEPT_ITEMS
    assert set(texts_in(after)) <= set(texts_in(before))
    assert set(sealed_text_ids(after)) == {piece for _, piece in texts_in(after)}
