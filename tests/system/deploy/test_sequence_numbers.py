"""A letter bears one number, whatever dies while it is sent, and nothing overtakes it (F2, F24).

On a real PostgreSQL and a real broker, with the service's own rights.
"""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from confluent_kafka import Consumer
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.contract.topics import Topics
from shared.ids import new_id
from shared.kafka.connection import Connection
from shared.storage import outbox
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from shared.storage.sequence_numbers import LeadershipLost, load_sequences, raise_sequences, restored_at
from tests.conftest import FreshDatabase
from tests.support.samples import intake as s
from tests.system.deploy.test_damaged_rows import (
    PARTY,
    TO_PARTY,
    a_case,
    left,
    letter,
    relaying,
    until,
    write,
)

_RELAYS_SESSION = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND granted"
_INSERT = (
    "INSERT INTO outbox (id, event_id, case_id, subject, recipient, topic, key, type, body)"
    " SELECT 0, :event_id, case_id, subject, recipient, topic, key, type, body FROM outbox LIMIT 1"
)


def numbered(login: Connection, wanted: set[str], count: int, within: float = 20.0) -> list[tuple[str, int]]:
    """The first `count` records on the party's inbox of these events, each with its sequence."""
    settings = {
        **login.for_librdkafka(),
        "group.id": Topics().group(PARTY, new_id()),
        "auto.offset.reset": "earliest",
    }
    consumer = Consumer(settings)
    consumer.subscribe([TO_PARTY])
    found: list[tuple[str, int]] = []
    deadline = time.monotonic() + within
    try:
        while len(found) < count and time.monotonic() < deadline:
            record = consumer.poll(0.2)
            if record is None or record.error():
                continue
            headers: dict[str, Any] = dict(record.headers() or [])
            event = headers["ce_id"].decode()
            if event in wanted:
                found.append((event, int(headers["ce_sequence"])))
    finally:
        consumer.close()
    return found


async def test_what_was_sent_before_a_death_goes_out_again_first_and_with_its_own_number(
    fresh_database: FreshDatabase, logins: dict[str, Connection], tmp_path: Path
) -> None:
    """The broker has two when the session that would delete them dies; a third has a lower place."""
    engine = await fresh_database(SERVICE)
    await a_case(engine, s.CASE)
    first, second, late = letter(s.CASE), letter(s.CASE), new_id()
    await write(engine, first, second)
    wanted = {first.event_id, second.event_id, late}
    async with engine.connect() as nothing_is_deleted:
        await nothing_is_deleted.execute(sa.text("LOCK TABLE outbox IN SHARE MODE"))
        async with relaying(engine, logins["service-intake"], tmp_path):
            sent = await asyncio.to_thread(numbered, logins[PARTY], wanted, 2)
            (relay,) = (
                await nothing_is_deleted.execute(sa.text(_RELAYS_SESSION), {"lock": int(LeaderLock.RELAY)})
            ).all()
            await nothing_is_deleted.execute(sa.text(_INSERT), {"event_id": late})
            await nothing_is_deleted.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": relay.pid})
            await nothing_is_deleted.commit()
            in_all = await asyncio.to_thread(numbered, logins[PARTY], wanted, 5)
            await until(lambda: nothing_left(engine))
    assert sent == [(first.event_id, 1), (second.event_id, 2)]
    assert in_all == [*sent, *sent, (late, 3)]


async def nothing_left(engine: AsyncEngine) -> bool:
    return await left(engine) == []


async def test_a_relay_that_lost_the_lead_writes_no_number_down(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await write(engine, letter(s.CASE))
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
    await write(engine, letter(s.CASE))
    assert await numbers_given(engine) == [1]
    restored = await restored_now(engine)
    await write(engine, letter(s.CASE), letter(s.CASE, topic="zvh.intake.events"))
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


async def test_what_is_new_for_a_destination_waits_behind_what_was_set_aside(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    waits, behind, other = letter(s.CASE), letter(s.CASE), letter(s.CASE, topic="zvh.intake.events")
    await write(engine, waits)
    async with engine.begin() as connection:
        await outbox.defer(connection, [TO_PARTY], 60)
    await write(engine, behind, other)
    assert await next_events(engine) == [other.event_id]
    async with engine.begin() as connection:
        await outbox.undefer(connection, [TO_PARTY])
    assert await next_events(engine) == [waits.event_id, behind.event_id, other.event_id]


async def next_events(engine: AsyncEngine) -> list[str]:
    async with engine.begin() as connection:
        return [row.event_id for row in await outbox.next_rows(connection, 10)]
