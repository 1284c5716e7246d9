"""An event of the house that cannot be read holds its case with an alarm; it is never skipped."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.triage import commands as c
from services.triage.main import SERVICE
from shared.contract.fields import Theme
from shared.contract.messages.house import ItemClaim, ItemsClaimed
from shared.contract.messages.intake import ClosingReason, ReferralClosed
from shared.contract.messages.rto import DirectionMoved
from shared.contract.parties import Parties
from shared.contract.record import Record, from_bytes, to_bytes
from shared.core.outcome import DeliveryStatus
from shared.ids import new_id
from shared.messaging.receiver import Receiver
from shared.runtime import quarantine
from shared.telemetry.metrics import EVENTS_UNREADABLE
from tests.conftest import FreshDatabase
from tests.support.events import event, with_header
from tests.support.receiving import House
from tests.support.samples import triage as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, house_records, know, rows, transaction_on

OTHER = s.CASE[:-1] + "d"
TAKEN_UP = s.taken_up(items=())
CLOSED = ReferralClosed(
    leading_party=s.VENLO, theme=Theme.COMPLEX_CASE, reason=ClosingReason.WITHDRAWN, closed_at=NOW
)
QUARANTINED, HELD, ACCEPTED = DeliveryStatus.QUARANTINED, DeliveryStatus.HELD, DeliveryStatus.ACCEPTED


class Triage:
    """Hold the receiving side of triage on a database of its own."""

    def __init__(self, engine: AsyncEngine, directory: Path) -> None:
        self.engine, self.transaction = engine, transaction_on(engine, SERVICE)
        self.receiver: Receiver[Any] = House(directory).receiver(SERVICE)
        self.house_records = house_records(self.transaction)

    async def takes(self, *records: Record) -> list[DeliveryStatus]:
        left = await self.house_records.take(records)
        read, dead = await self.receiver.receive([(one, None) for one in left], Parties(s.parties().records))
        assert dead == []
        return [outcome.status for outcome in await self.transaction.run(read)]

    async def held(self) -> Sequence[tuple[str, str]]:
        return [(row.case_id, row.why) for row in await rows(self.engine, "held", "true ORDER BY id")]

    async def retries(self, case: str) -> quarantine.Released:
        return await quarantine.retry(self.transaction, self.receiver, self.house_records, case)


@pytest.fixture
async def triage(fresh_database: FreshDatabase, tmp_path: Path) -> Triage:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    return Triage(engine, tmp_path)


def taken_up(case: str = s.CASE, **more: Any) -> Record:
    return event(TAKEN_UP, case, **more)


UNREADABLE: dict[str, Callable[[Record], Record]] = {
    "a control character in an id of its cause": lambda r: with_header(r, "ce_causationid", b"a\tb"),
    "a header that is not UTF-8": lambda r: with_header(r, "ce_causationid", b"\xff"),
    "a null header": lambda r: r._replace(headers=(*r.headers, ("more", None))),
    "an attribute that is missing": lambda r: with_header(r, "ce_time", None),
    "a type of a later version": lambda r: with_header(
        r, "ce_type", b"nl.veiligheidscasussen.referral-screened.v2"
    ),
    "no type": lambda r: with_header(r, "ce_type", None),
    "two types": lambda r: r._replace(headers=(*r.headers, ("ce_type", b"other"))),
    "a type that only parties send": lambda r: with_header(
        r, "ce_type", b"nl.veiligheidscasussen.referral-submitted.v1"
    ),
    "a body of another schema": lambda r: r._replace(value=b'{"outcome": "none-that-is-known"}'),
    "a body that is no JSON": lambda r: r._replace(value=b"\xff\xfe"),
    "no body": lambda r: r._replace(value=None),
    "a sequence that is no number": lambda r: with_header(r, "ce_sequence", b"first"),
    "a sequence that no column holds": lambda r: with_header(r, "ce_sequence", b"9" * 20),
    "a sequence beyond all numbers": lambda r: with_header(r, "ce_sequence", b"9" * 5000),
    "an event of the neighbour": lambda r: r._replace(topic="zvh.rto.events"),
}


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_an_event_that_cannot_be_read_holds_its_case_alone(
    triage: Triage, change: Callable[[Record], Record]
) -> None:
    """In the same partition and the same batch the others go on, and what follows of it queues."""
    bad = change(taken_up())
    closed = event(CLOSED, s.CASE, sequence=2)
    assert await triage.takes(bad, taken_up(OTHER), closed) == [QUARANTINED, ACCEPTED, HELD]
    assert await triage.held() == [(s.CASE, "parked"), (s.CASE, "queued")]
    assert await quarantine.held_cases(triage.engine) == {s.CASE: 2}
    assert [from_bytes(row.record) for row in await rows(triage.engine, "held", "why = 'parked'")] == [bad]


async def test_it_is_counted_once_for_the_alarm(triage: Triage) -> None:
    def counted() -> float:
        return float(EVENTS_UNREADABLE.labels("intake")._value.get())

    before, bad = counted(), taken_up()._replace(value=b"{}")
    await triage.takes(bad)
    await triage.retries(s.CASE)
    assert counted() == before + 1


async def test_read_again_it_is_quarantined_once_f17(triage: Triage) -> None:
    bad = taken_up()._replace(value=b"{}")
    without_id = with_header(taken_up(OTHER), "ce_id", b"none")
    assert await triage.takes(bad, without_id) == [QUARANTINED] * 2
    assert await triage.takes(bad, without_id) == [DeliveryStatus.REPEATED] * 2
    assert await triage.held() == [(s.CASE, "parked"), (OTHER, "parked")]


async def test_a_version_that_can_read_it_follows_it_and_what_queued_behind_it(triage: Triage) -> None:
    bad = with_header(taken_up(), "ce_causationid", b"a\tb")
    await triage.takes(bad, event(CLOSED, s.CASE, sequence=2))
    assert await triage.retries(s.CASE) == quarantine.Released(0, free=False)
    assert await triage.held() == [(s.CASE, "parked"), (s.CASE, "queued")]
    await mended(triage, taken_up())
    assert await triage.retries(s.CASE) == quarantine.Released(2, free=True)
    assert await triage.held() == []
    assert "CaseOpened" in [row.what for row in await rows(triage.engine, "journal")]


async def mended(triage: Triage, record: Record) -> None:
    """Return the quarantined record, as if a later version could read what it says."""
    async with triage.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE held SET record = $1 WHERE why = 'parked'", (to_bytes(record),)
        )


async def test_without_a_subject_the_key_names_the_case(triage: Triage) -> None:
    bad = with_header(taken_up(), "ce_subject", None)
    assert await triage.takes(bad) == [QUARANTINED]
    assert await triage.held() == [(s.CASE, "parked")]


async def test_where_nothing_names_a_case_its_publisher_stands_for_it(triage: Triage) -> None:
    """What can be read goes on; what cannot is all kept, whatever its numbers."""
    nameless = [with_header(taken_up(key=b"\xff", sequence=n), "ce_subject", b"none") for n in (7, 3)]
    assert await triage.takes(*nameless, taken_up(OTHER)) == [QUARANTINED, HELD, ACCEPTED]
    assert await triage.held() == [("intake", "parked"), ("intake", "queued")]
    await mended(triage, taken_up())
    assert (await triage.retries("intake")).handled == 1
    assert [row.phase for row in await rows(triage.engine, "cases", "case_id = :id", id=s.CASE)] == ["triage"]


async def test_what_was_kept_without_its_case_does_not_pass_a_fault_of_its_case(triage: Triage) -> None:
    await triage.takes(taken_up()._replace(value=b"{}"))
    nameless = with_header(event(CLOSED, s.CASE, sequence=2, key=b"-"), "ce_subject", b"none")
    await triage.takes(nameless)
    async with triage.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE held SET record = $1 WHERE case_id = 'intake'",
            (to_bytes(event(CLOSED, s.CASE, sequence=2)),),
        )
    assert await triage.retries("intake") == quarantine.Released(1, free=True)
    assert await triage.held() == [(s.CASE, "parked"), (s.CASE, "queued")]


async def test_what_proves_not_to_concern_the_service_is_let_go(triage: Triage) -> None:
    await triage.takes(taken_up()._replace(value=b"{}"))
    await mended(
        triage, with_header(taken_up(), "ce_type", b"nl.veiligheidscasussen.dead-letter-recorded.v1")
    )
    assert await triage.retries(s.CASE) == quarantine.Released(1, free=True)
    assert await triage.held() == []
    whats = [row.what for row in await rows(triage.engine, "journal", "true ORDER BY entry")]
    assert whats == ["NotForThisService", "HeldCaseReleased"]


async def test_an_event_of_another_kind_that_does_not_concern_the_service_holds_nothing(
    triage: Triage,
) -> None:
    """Even when its body is one that only its readers can read."""
    moved = event(DirectionMoved(leading_party=s.POLICE, since=NOW), s.CASE, service="rto")
    foreign = with_header(moved, "ce_type", b"nl.veiligheidscasussen.dead-letter-recorded.v1")
    assert await triage.takes(foreign._replace(value=b"\xff")) == []
    assert await triage.held() == []


async def test_about_an_erased_case_nothing_of_it_stays_r105(triage: Triage) -> None:
    purge = delivery(s.CASE, c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE), at=NOW, record=b"as it came")
    await triage.transaction.run([purge])
    bad = taken_up()._replace(value=b"{}")
    assert await triage.takes(bad) == [DeliveryStatus.REFUSED]
    assert await triage.held() == []
    assert await rows(triage.engine, "cases") == []
    for table in ("journal", "inbox"):
        assert s.CASE not in [row.case_id for row in await rows(triage.engine, table)]


# --- whose an item number is -----------------------------------------------------------------------


def claimed(item: str = s.NEW) -> Record:
    message = ItemsClaimed(claims=(ItemClaim(item_id=item, case_id=OTHER),))
    return event(message, None, service="rto", key=b"items-claimed")


async def test_claims_that_cannot_be_read_are_kept_and_learnt_when_they_can(triage: Triage) -> None:
    other = new_id()
    bad = claimed()._replace(value=b'{"claims": [{"item_id": "x"}]}')
    assert await triage.takes(bad, claimed(other)) == [QUARANTINED]
    assert await triage.held() == [("rto", "parked")]
    assert [row.item_id for row in await rows(triage.engine, "items")] == [other]
    await mended(triage, claimed())
    assert await triage.retries("rto") == quarantine.Released(1, free=True)
    assert {row.item_id for row in await rows(triage.engine, "items")} == {other, s.NEW}
    assert await triage.held() == []
