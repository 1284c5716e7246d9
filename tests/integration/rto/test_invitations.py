"""Who is invited where, as PostgreSQL keeps it from the states of cases, whichever version writes these."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import Postgres, create_database
from services.rto.main import SERVICE
from services.rto.state import Answer, Phase, State
from services.rto.store import invited
from shared.runtime import migrate
from shared.storage import erasure
from tests.conftest import FreshDatabase
from tests.support.databases import engine_of
from tests.support.samples import rto as s
from tests.support.spec import NOW
from tests.support.transactions import MARKER_KEY, rows, transaction_on

_OTHER = s.CASE[:-1] + "d"
INVITED = (*s.HISTORIES[Phase.PREPARED], s.convened())
SEATED = (*INVITED, s.accepted(s.POLICE))


def listed_of(state: State) -> set[tuple[str, str]]:
    """Return by the state (party, delegate) of each seat at an RTO under way that is not declined."""
    if state.phase is not Phase.CONVENED or state.latest is None:
        return set()
    seats = (seat for seat in state.latest.seats if seat.answer is not Answer.DECLINED)
    return {(seat.party, seat.delegate) for seat in seats}


async def save(engine: AsyncEngine, state: State, case_id: str = s.CASE) -> None:
    cases: Any = transaction_on(engine, SERVICE).cases
    async with engine.begin() as connection:
        case = (await cases.lock(connection, [case_id]))[case_id]
        await cases.save(connection, [case.moved_to(state)])


async def kept(engine: AsyncEngine) -> set[tuple[str, str]]:
    return {(row.party, row.delegate) for row in await rows(engine, "invitations")}


async def test_the_list_is_that_of_the_state_after_each_step_of_a_case(fresh_database: FreshDatabase) -> None:
    """R45, R59: convened, accepted, concluded, and once more."""
    engine, seen = await fresh_database(SERVICE), set[int]()
    for history in (*s.HISTORIES.values(), SEATED):
        for length in range(len(history) + 1):
            state = s.state(*history[:length])
            await save(engine, state)
            assert await kept(engine) == listed_of(state), (state.phase, length)
            seen.add(len(listed_of(state)))
    assert len(s.AT_THE_TABLE) in seen
    assert 0 in seen


async def test_a_case_that_is_erased_is_in_no_list(fresh_database: FreshDatabase) -> None:
    """R105."""
    engine = await fresh_database(SERVICE)
    await save(engine, s.state(*SEATED))
    async with engine.begin() as connection:
        await erasure.erase(connection, MARKER_KEY, [s.CASE], NOW)
    assert await kept(engine) == set()


async def test_once_a_delegate_is_named_the_list_of_its_colleague_has_no_row_of_it_r59(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    await save(engine, s.state(*SEATED))
    await save(engine, s.state(*INVITED), _OTHER)
    (delegate,) = {delegate for party, delegate in await kept(engine) if party == s.POLICE and delegate}
    async with engine.connect() as connection:
        for person, expected in ((delegate, [s.CASE, _OTHER]), ("colleague", [_OTHER])):
            assert await invited(connection, s.POLICE, person, after="", most=10) == expected
        assert await invited(connection, s.POLICE, delegate, after=s.CASE, most=10) == [_OTHER]
        assert await invited(connection, s.POLICE, delegate, after="", most=1) == [s.CASE]


@pytest.mark.parametrize("when", ["before the migration", "after it"])
async def test_what_the_version_before_wrote_is_in_the_list(postgres: Postgres, when: str) -> None:
    """Expand, deploy, contract: its processes go on while the schema is already that of the next."""
    name = f"invited_{'_'.join(when.split())}"
    engine, state = engine_of(create_database(postgres, name).owner), s.state(*SEATED)
    await migrate.upgrade(engine, SERVICE, to="0002" if when.startswith("before") else "0003")
    await save(engine, state)
    await migrate.upgrade(engine, SERVICE, to="0003")
    assert await kept(engine) == listed_of(state) != set()
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '0002'"))
    await migrate.upgrade(engine, SERVICE, to="0003")  # again, as after an interruption
    assert await kept(engine) == listed_of(state)
    await engine.dispose()
