"""How long the inbox remembers a message: for as long as the same message could still be accepted."""

from datetime import timedelta

from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.storage import inbox
from shared.storage.inbox import InboxEntry
from tests.conftest import FreshDatabase
from tests.support.samples import intake as s
from tests.support.transactions import rows


async def test_a_message_is_forgotten_no_sooner_than_its_signed_time_refuses_it(
    fresh_database: FreshDatabase,
) -> None:
    """Signed up to five minutes after it came (clocks differ), it is accepted for thirty days after that."""
    engine, now = await fresh_database(SERVICE), machine_now()
    last = timedelta(days=30, minutes=5)
    ages = {"new": timedelta(), "half": timedelta(days=20), "last": last, "over": timedelta(days=32)}
    entries = [InboxEntry("politie", name, b"digest", now - age, s.CASE) for name, age in ages.items()]
    async with engine.begin() as connection:
        assert len(await inbox.claim(connection, entries)) == 4
        assert await inbox.prune(connection, now, 10) == 1
    assert {row.message_id for row in await rows(engine, "inbox")} == {"new", "half", "last"}
