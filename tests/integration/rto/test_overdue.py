"""Which cases wait too long, and whose they are, as PostgreSQL keeps it from the states of rto and triage."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.rto.main import SERVICE as RTO
from services.rto.state import Phase
from services.triage.main import SERVICE as TRIAGE
from shared.contract.fields import Step
from shared.core.terms import Overdue, TermPassed, Told
from shared.handling.service import Service
from shared.storage import overdue
from tests.conftest import FreshDatabase
from tests.support.samples import rto, triage
from tests.support.spec import NOW
from tests.support.transactions import rows, transaction_on

LATER_WORD = rto.preparation(director="third", assignment=2)


def passed(told: Told) -> TermPassed:
    return TermPassed(Overdue(Step.MONITORING, NOW, told), NOW)


async def save(engine: AsyncEngine, service: Service[Any], state: Any, case_id: str = rto.CASE) -> None:
    cases = transaction_on(engine, service).cases
    async with engine.begin() as connection:
        case = (await cases.lock(connection, [case_id]))[case_id]
        await cases.save(connection, [case.moved_to(state)])


@pytest.mark.parametrize(("service", "samples"), [(RTO, rto), (TRIAGE, triage)])
async def test_the_list_is_that_of_the_state_in_every_phase(
    fresh_database: FreshDatabase, service: Service[Any], samples: Any
) -> None:
    engine = await fresh_database(service)
    for history in samples.HISTORIES.values():
        for more in ((), (passed(Told.DIRECTOR),), (passed(Told.MANAGER), samples.CHANGED), ()):
            state = samples.spec().given(*history, *more).state or service.process.empty
            if state.phase is Phase.COLLECTING:  # nothing waits there, so who directs is not looked for
                state = replace(state, register=None)
            await save(engine, service, state)
            kept = [(row.director, row.step, row.told) for row in await rows(engine, "overdue")]
            late = state.overdue
            assert kept == ([(state.director, late.step, late.told)] if late else []), state.phase


async def test_at_the_round_table_the_later_word_on_who_directs_counts(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(RTO)
    prepared = type(rto.PREPARED)(LATER_WORD)
    for history, director in (
        ((rto.PREPARED,), rto.DIRECTOR),
        ((rto.PREPARED, rto.CHANGED), rto.TEAM.director),
        ((rto.CHANGED, prepared), "third"),
        ((rto.CHANGED,), rto.TEAM.director),
    ):
        await save(engine, RTO, rto.state(*history, passed(Told.DIRECTOR)))
        assert [row.director for row in await rows(engine, "overdue")] == [director]


async def test_a_list_comes_in_pages_without_held_cases(fresh_database: FreshDatabase) -> None:
    engine, other = await fresh_database(RTO), rto.CASE[:-1] + "d"
    for case_id in (rto.CASE, other):
        await save(engine, RTO, rto.state(rto.PREPARED, passed(Told.MANAGER)), case_id)
    async with engine.begin() as connection:
        own = await overdue.of_director(connection, rto.DIRECTOR, after="", most=1)
        assert own == [rto.CASE]
        assert await overdue.of_director(connection, rto.DIRECTOR, after=rto.CASE, most=9) == [other]
        assert await overdue.of_director(connection, "somebody", after="", most=9) == []
        assert await overdue.for_manager(connection, after="", most=9) == [rto.CASE, other]
        await transaction_on(engine, RTO).cases.hold(connection, rto.CASE)
        assert await overdue.for_manager(connection, after="", most=9) == [other]
        assert await overdue.count(connection, 9) == {"manager": 2}
