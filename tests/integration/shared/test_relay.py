"""What the relay does before it sends, on a real PostgreSQL: no broker is reached."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.intake.main import SERVICE
from shared.messaging import relay
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from tests.conftest import FreshDatabase
from tests.support.broker import relay_without_broker
from tests.support.outgoing import EVENTS, outbox_message, unsent, write
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.transactions import rows


async def test_a_relay_that_was_away_for_longer_than_its_lease_sends_nothing_and_leads_no_more(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stood still before it wrote its numbers down; another one may have sent everything meanwhile."""
    monkeypatch.setattr(relay, "LEASE", 0.05)
    engine, message = await fresh_database(SERVICE), outbox_message(s.CASE, topic=EVENTS)
    await write(engine, message)
    frozen = relay_without_broker(engine, House(tmp_path))
    async with engine.connect() as other, acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        await other.execute(sa.text("LOCK TABLE sequences IN EXCLUSIVE MODE"))
        leading = asyncio.create_task(frozen._lead(leader))
        await asyncio.sleep(0.3)
        assert not leading.done()
        await other.commit()
        async with asyncio.timeout(5):
            await leading
    assert await unsent(engine) == [message.event_id]
    await frozen.producer.stop()


@pytest.mark.parametrize(
    "change",
    [
        {"causation_id": "a\tkey"},
        {"causation_id": "a-key-of-a-client"},
        {"subject": "a\x85b"},
        {"event_id": "7"},
    ],
    ids=repr,
)
async def test_what_no_reader_would_take_is_quarantined_and_not_sent(
    fresh_database: FreshDatabase, tmp_path: Path, change: dict[str, Any]
) -> None:
    """Sent, it would be a dead letter at every service, and what was decided would not be known there."""
    engine = await fresh_database(SERVICE)
    await write(engine, outbox_message(s.CASE, topic=EVENTS)._replace(**change))
    relay_ = relay_without_broker(engine, House(tmp_path))
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        leading = asyncio.create_task(relay_._lead(leader))
        async with asyncio.timeout(20):
            while not await rows(engine, "outbox", "retry_at = 'infinity'"):
                assert not leading.done(), "it was to be sent"
                await asyncio.sleep(0.05)
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)
    await relay_.producer.stop()
