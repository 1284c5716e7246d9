"""How far a record goes before it is decided: the rooms it enters and the calls it takes."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from docs.generate.tree import ROOT
from services.intake.main import SERVICE
from shared.contract.parties import Parties
from shared.core.outcome import DeliveryStatus
from shared.ids import new_id
from tests.conftest import FreshDatabase
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.transactions import know, transaction_on

ROOMS_WANTED = 15
DECIDES = SERVICE.process.decide.__code__
GENERATORS = 0x2A0  # flags of generators and coroutines, whose frames are entered more than once


def recorder(entered: list[Path]) -> Callable[[FrameType, str, Any], None]:
    """Make a profiler that notes the file of each call of our own code, up to the decision."""

    def note(frame: FrameType, event: str, _: Any) -> None:
        code, file = frame.f_code, Path(frame.f_code.co_filename)
        again = bool(code.co_flags & GENERATORS) and frame.f_lasti > 4
        ours = file.is_relative_to(ROOT / "shared") or file.is_relative_to(ROOT / "services")
        if event == "call" and ours and not again:
            entered.append(file)
        if code is DECIDES:
            sys.setprofile(None)

    return note


async def test_a_referral_is_decided_before_it_has_entered_fifteen_rooms(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """A room is a package; the second referral is measured, with all caches filled."""
    engine, house = await fresh_database(SERVICE), House(tmp_path)
    parties = Parties({s.VENLO: house.party})
    await know(engine, parties)
    transaction, receiver = transaction_on(engine, SERVICE), house.receiver()
    person = s.person(s.MAN, name="Persoon A", date_of_birth="1990-01-01")
    for _ in range(2):
        entered: list[Path] = []
        said = s.referral(referral_id=new_id(), weighing="Politie en zorg.", persons=(person,), items=())
        record = house.record(said, subject=None)
        sys.setprofile(recorder(entered))
        try:
            deliveries, dead = await receiver.receive([(record, None)], parties)
            outcomes = await transaction.run(deliveries, dead)
        finally:
            sys.setprofile(None)
        assert [outcome.status for outcome in outcomes] == [DeliveryStatus.ACCEPTED]
    rooms = {file.parent for file in entered}
    print(f"{len(rooms)} rooms, {len(set(entered))} files, {len(entered)} calls")
    assert ROOT / "services" / "intake" in rooms
    assert len(rooms) < ROOMS_WANTED
