"""What lies in the outbox: the order in which it may leave, and what is taken back; on a real PostgreSQL."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.main import SERVICE
from shared.storage import outbox
from tests.conftest import FreshDatabase
from tests.support.outgoing import EVENTS, PARTY, TO_PARTY, outbox_message, unsent, write
from tests.support.samples import intake as s

OTHER_CASE = s.CASE[:-1] + "d"
OTHER_PARTY = "gemeente-venlo"


async def test_what_is_new_for_a_destination_waits_behind_what_was_set_aside(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    waits, behind = outbox_message(s.CASE), outbox_message(s.CASE)
    other = outbox_message(s.CASE, topic=EVENTS)
    await write(engine, waits)
    async with engine.begin() as connection:
        await outbox.defer(connection, [TO_PARTY], 60)
    await write(engine, behind, other)
    assert await next_events(engine) == [other.event_id]
    async with engine.begin() as connection:
        await outbox.undefer(connection, [TO_PARTY])
    assert await next_events(engine) == [waits.event_id, behind.event_id, other.event_id]


async def test_what_was_set_aside_by_a_clock_that_was_ahead_is_sent_when_the_clock_is_right_f13(
    fresh_database: FreshDatabase,
) -> None:
    """It would wait for as long as the database's clock was ahead."""
    engine, message = await fresh_database(SERVICE), outbox_message(s.CASE)
    await write(engine, message)
    async with engine.begin() as connection:
        await outbox.defer(connection, [TO_PARTY], 60 + 400 * 86_400)
    assert await next_events(engine) == [message.event_id]
    async with engine.begin() as connection:
        (row,) = await outbox.next_rows(connection, 10)
        assert [again.id for again in await outbox.rows_by_id(connection, [row.id])] == [row.id]


async def next_events(engine: AsyncEngine) -> list[str]:
    async with engine.begin() as connection:
        return [row.event_id for row in await outbox.next_rows(connection, 10)]


@pytest.mark.parametrize(
    ("item", "recipient", "stays"),
    [
        (None, None, {"elsewhere"}),
        ("a", None, {"elsewhere", "other item", "other party, other item"}),
        (None, PARTY, {"elsewhere", "other party", "other party, other item"}),
        ("a", PARTY, {"elsewhere", "other item", "other party", "other party, other item"}),
        ("c", PARTY, {"elsewhere", "this", "other item", "other party", "other party, other item"}),
    ],
)
async def test_only_what_carries_the_item_and_goes_to_the_recipient_is_taken_back(
    fresh_database: FreshDatabase, item: str | None, recipient: str | None, stays: set[str]
) -> None:
    engine = await fresh_database(SERVICE)
    messages = {
        "this": outbox_message(s.CASE, item="a"),
        "other item": outbox_message(s.CASE, item="b"),
        "other party": outbox_message(s.CASE, item="a", recipient=OTHER_PARTY),
        "other party, other item": outbox_message(s.CASE, item="b", recipient=OTHER_PARTY),
        "elsewhere": outbox_message(OTHER_CASE, item="a"),
    }
    await write(engine, *messages.values())
    async with engine.begin() as connection:
        await outbox.delete_unsent(connection, [(s.CASE, item, recipient)])
    left = await unsent(engine)
    assert {name for name, message in messages.items() if message.event_id in left} == stays


async def test_a_destination_is_set_aside_in_one_row_however_much_waits_for_it_until_something_got_through(
    fresh_database: FreshDatabase,
) -> None:
    """What waits is not written again; and that its time has come says nothing yet."""
    engine = await fresh_database(SERVICE)
    waits = [outbox_message(s.CASE) for _ in range(3)]
    await write(engine, *waits, outbox_message(s.CASE, topic=EVENTS))
    versions = await places(engine)
    async with engine.begin() as connection:
        await outbox.defer(connection, [TO_PARTY], 0)
        counted = await outbox.backlog(connection, 10)
        found = await outbox.next_rows(connection, 10)
    assert await places(engine) == versions
    assert (counted.ready, counted.deferred, len(found)) == (1, 3, 4)
    async with engine.begin() as connection:
        await outbox.delete_sent(connection, [found[0].id])
        counted = await outbox.backlog(connection, 10)
    assert (counted.ready, counted.deferred) == (3, 0)


async def places(engine: AsyncEngine) -> list[str]:
    """Return where each row lies: it moves when it is written."""
    async with engine.connect() as connection:
        return list(await connection.scalars(sa.text("SELECT CAST(ctid AS text) FROM outbox ORDER BY id")))


async def test_what_lies_behind_a_row_that_cannot_be_read_waits_also_while_another_topic_is_set_aside(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    unreadable, behind = outbox_message(s.CASE), outbox_message(s.CASE)
    other = outbox_message(OTHER_CASE)
    await write(engine, unreadable, behind, other, outbox_message(OTHER_CASE, topic=EVENTS))
    async with engine.begin() as connection:
        (first, *_) = await outbox.next_rows(connection, 1)
        await outbox.quarantine(connection, first.id)
        await outbox.defer(connection, [EVENTS], 60)
    assert await next_events(engine) == [other.event_id]
