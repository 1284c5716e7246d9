"""A record that cannot be read gives one dead letter, however often it is read (F17)."""

from datetime import timedelta
from pathlib import Path

from services.intake.main import SERVICE
from shared.contract.messages.intake import ConsultationConfirmed
from shared.contract.parties import Parties
from tests.conftest import FreshDatabase
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.transactions import know, rows, transaction_on


async def test_a_record_that_is_read_again_gives_no_second_dead_letter(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """Another one at the same place of a topic that was made anew does."""
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    parties = Parties({s.VENLO: house.party})
    await know(engine, parties)
    unreadable = house.record(ConsultationConfirmed(), id="no uuid")
    later = unreadable._replace(received_at=unreadable.received_at + timedelta(days=1))
    written = []
    for record in (unreadable, unreadable, later):
        read, dead = await house.receiver().receive([(record, None)], parties)
        assert (read, len(dead)) == ([], 1)
        await transaction_on(engine, SERVICE).run(read, dead)
        written.append(len(await rows(engine, "outbox")))
    assert written == [2, 2, 4], "each a dead letter, and an answer to the party"
