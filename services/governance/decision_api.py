"""Serve the decisions of the organs over HTTP: the secretary and the manager record them, the house reads."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from services.governance import commands as c
from services.governance.decisions import Decision, YearlyDocument, yearly_documents
from services.governance.handlers import decision_id
from services.governance.store import decisions, documents, recorded
from services.governance.viewing import may_view_decisions
from shared.contract.messages.governance import DecisionNumber
from shared.contract.refusal import NOT_YOURS
from shared.contract.registry import Model
from shared.core.calendar_terms import local_day
from shared.core.viewing import Allowed
from shared.http.app import Acting, Commands, Done, Looking, Reader, done
from shared.http.caller import Caller, Refused

router = APIRouter(tags=["decisions"])
DECISIONS_PER_PAGE = 100


class Decisions(Model):
    """A page of decisions, by number; `after` gives the next one."""

    decisions: list[Decision] = Field(title="besluiten")
    after: DecisionNumber | None = Field(default=None, title="volgende")


class YearlyDocuments(Model):
    """The documents of each year, with what is overdue (R127)."""

    documents: list[YearlyDocument] = Field(title="jaarlijkse stukken")


@router.post("/decisions")
async def record_decision(body: Decision, caller: Acting, commands: Commands, reader: Reader) -> Done:
    """The secretary or the manager records what an organ decided, for good (R109, R121, R127, R130)."""
    key = commands.digest_key
    async with reader.engine.connect() as connection:
        replaced = body.replaces and await recorded(connection, reader.cases, key, body.replaces)
    return done(
        await commands.act(
            caller,
            decision_id(key, body.number),
            body,
            lambda sent, by: c.RecordDecision(by=by, decision=sent, replaced=replaced or None),
            asks=c.RecordDecision,
        )
    )


@router.get("/decisions")
async def read_decisions(
    caller: Looking, reader: Reader, after: Annotated[DecisionNumber | None, Query()] = None
) -> Decisions:
    """What the organs decided, by number; for the people of the house (R121)."""
    _refuse_strangers(caller)
    async with reader.engine.connect() as connection:
        page, last = await decisions(connection, reader.cases, after=after or "", most=DECISIONS_PER_PAGE)
    return Decisions(decisions=page, after=last)


@router.get("/yearly-documents")
async def read_yearly_documents(caller: Looking, reader: Reader) -> YearlyDocuments:
    """Which yearly documents are in force, until when, and which are overdue; for the house (R127)."""
    _refuse_strangers(caller)
    today: date = local_day(reader.clock.now())
    async with reader.engine.connect() as connection:
        in_force = await documents(connection, reader.cases, today)
    return YearlyDocuments(documents=yearly_documents(in_force, today))


def _refuse_strangers(caller: Caller) -> None:
    """Refuse who is not of the house: what the organs decided is about no case and no person (R121)."""
    if not isinstance(may_view_decisions(caller.viewer()), Allowed):
        raise Refused(NOT_YOURS)
