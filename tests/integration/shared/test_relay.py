"""What the relay does before it sends, on a real PostgreSQL: no broker is reached."""

import asyncio
from pathlib import Path

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
