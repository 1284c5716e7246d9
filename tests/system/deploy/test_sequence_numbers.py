"""A letter bears one number, whatever dies while it is sent, and nothing overtakes it (F2, F24).

On a real PostgreSQL and a real broker, with the service's own rights.
"""

import asyncio
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from confluent_kafka import Consumer
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.main import SERVICE
from shared.contract.topics import Topics
from shared.ids import new_id
from shared.kafka.connection import Connection
from shared.storage.leader_lock import LeaderLock
from tests.conftest import FreshDatabase
from tests.support.outgoing import PARTY, TO_PARTY, outbox_message, unsent, write
from tests.support.samples import intake as s
from tests.system.deploy.test_damaged_rows import a_case, relaying, until

_RELAYS_SESSION = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND granted"
_INSERT = (
    "INSERT INTO outbox (id, event_id, case_id, subject, recipient, topic, key, type, body)"
    " SELECT 0, :event_id, case_id, subject, recipient, topic, key, type, body FROM outbox LIMIT 1"
)


def numbered(login: Connection, wanted: set[str], count: int, within: float = 20.0) -> list[tuple[str, int]]:
    """Return the first `count` records on the party's inbox of these events, each with its sequence."""
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
    first, second, late = outbox_message(s.CASE), outbox_message(s.CASE), new_id()
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
    return await unsent(engine) == []
