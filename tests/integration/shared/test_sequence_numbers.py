"""The number of a message: written down by the leader alone, and after a restore higher than any (F2, F23).

On a real PostgreSQL.
"""

from datetime import datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.storage import outbox
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from shared.storage.sequence_numbers import LeadershipLost, load_sequences, raise_sequences, restored_at
from tests.conftest import FreshDatabase
from tests.support.outgoing import EVENTS, outbox_message, write
from tests.support.samples import intake as s


async def test_a_relay_that_lost_the_lead_writes_no_number_down(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await write(engine, outbox_message(s.CASE))
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        numbers = await load_sequences(leader)
        (row,) = await outbox.next_rows(leader, 10)
        await leader.commit()
        assert numbers.number_for(row) == 1
        await numbers.persist(engine)
    with pytest.raises(LeadershipLost):
        await numbers.persist(engine)


async def test_after_a_restore_letters_and_events_bear_higher_numbers_than_any_before_f23(
    fresh_database: FreshDatabase,
) -> None:
    """The backup knew of one letter; what came after it had numbers that nobody here knows."""
    engine = await fresh_database(SERVICE)
    await write(engine, outbox_message(s.CASE))
    assert await numbers_given(engine) == [1]
    restored = await restored_now(engine)
    await write(engine, outbox_message(s.CASE), outbox_message(s.CASE, topic=EVENTS))
    floor = round(restored.timestamp() * 1_000_000)
    assert await numbers_given(engine) == [floor + 1, floor + 2, floor + 2]


async def restored_now(engine: AsyncEngine) -> datetime:
    """Not while a relay leads."""
    async with acquire_leadership(engine, LeaderLock.RELAY):
        assert not await raise_sequences(engine, machine_now())
    async with engine.connect() as connection:
        assert await restored_at(connection) is None
        assert await raise_sequences(engine, machine_now())
        moment = await restored_at(connection)
    assert moment is not None
    return moment


async def numbers_given(engine: AsyncEngine) -> list[int]:
    async with engine.begin() as leader:
        numbers = await load_sequences(leader)
        return [numbers.number_for(row) for row in await outbox.next_rows(leader, 10)]
