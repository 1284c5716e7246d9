"""Serve the list of cases of which a step takes too long: to the director of each, and to the manager."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from shared.contract.fields import Count, Id, Step, Subject
from shared.contract.refusal import NOT_YOURS
from shared.contract.registry import Model
from shared.core.actor import Role
from shared.core.overdue import may_view_overdue
from shared.core.terms import Overdue, Told
from shared.http.app import Looking, Reader
from shared.http.caller import Refused
from shared.http.reading import Seen
from shared.storage import overdue

router = APIRouter(tags=["overdue"])
PER_PAGE = 20  # all are looked at, and logged, at once


class OverdueCase(Model):
    """A case that waits too long: for what, since when, who has it, and when it ends if nothing is done."""

    case_id: Id = Field(title="casusnummer")
    step: Step = Field(title="wacht op")
    since: datetime = Field(title="over de termijn sinds")
    told: Told = Field(title="wie het weet")
    director: Subject | None = Field(title="procesregisseur")
    ends_on: datetime | None = Field(title="eindigt vanzelf op")
    leader_left: datetime | None = Field(default=None, title="leidende partij vertrokken op")
    unanswered: Count = Field(default=0, title="uitvragen zonder antwoord")
    to_decide: Count = Field(default=0, title="vragen van bevraagde partijen")


class OverdueCases(Model):
    """A page of them; `after` gives the next one."""

    cases: list[OverdueCase] = Field(title="casussen over de termijn")
    after: Id | None = Field(default=None, title="volgende")


@router.get("/overdue")
async def read_overdue(caller: Looking, reader: Reader, after: Annotated[Id, Query()] = "") -> OverdueCases:
    """List what waits too long: to a director its own cases, to the manager those it was told of.

    A case that nobody was assigned to is the manager's from the first reminder on. One in triage stands here
    too as soon as a query has ended without an answer, until its director asks anew or concludes, and as long
    as a queried party waits for a clarification or for a decision on more time (R31).
    """
    viewer = caller.viewer()
    async with reader.engine.connect() as connection:
        if viewer.role is Role.MANAGER:
            found = await overdue.for_manager(connection, after=after, most=PER_PAGE)
        elif viewer.role is Role.PROCESS_DIRECTOR:
            found = await overdue.of_director(connection, viewer.person, after=after, most=PER_PAGE)
        else:
            raise Refused(NOT_YOURS)
    page = dict.fromkeys(found, _term)
    seen = await reader.look_at_page(caller, page, may_view_overdue, scope=None)
    shown = (_case(case_id, one) for case_id, one in seen.items())
    return OverdueCases(
        cases=[case for case in shown if case is not None],
        after=found[-1] if len(found) == PER_PAGE else None,
    )


def _term(state: Any) -> list[tuple[str, Overdue]]:
    """List what takes too long in a case, under its label."""
    return [("term", state.overdue)] if state.overdue is not None else []


def _case(case_id: str, seen: Seen[Any]) -> OverdueCase | None:
    """Return a case as it is listed; None where it went on just now."""
    late: Overdue | None = seen.things.get("term")
    if late is None:
        return None
    return OverdueCase(
        case_id=case_id,
        step=late.step,
        since=late.since,
        told=late.told,
        director=seen.case.state.director or None,
        ends_on=late.ends_on,
        leader_left=late.leader_left,
        unanswered=late.unanswered,
        to_decide=late.to_decide,
    )
