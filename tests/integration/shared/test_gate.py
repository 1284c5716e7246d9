"""What the relay asks before it sends a letter, on a real PostgreSQL: no broker is reached."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from services.triage import commands as c
from services.triage.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.content import AnyContent, SealedText, TextRef, transform
from shared.contract.fields import ItemStatus
from shared.contract.messages import triage as m
from shared.contract.messages.house import MessageAccepted
from shared.contract.parties import Parties
from shared.contract.registry import Model, of_model
from shared.core.actor import CLOCK
from shared.core.item_standing import Standing
from shared.core.outcome import DeliveryStatus
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient
from shared.ids import new_id
from shared.messaging.currency import WITHIN, Currency
from shared.messaging.gate import Gate
from shared.messaging.relay import Relay
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from shared.storage.outbox import OutboxMessage
from tests.conftest import FreshDatabase
from tests.support.broker import relay_without_broker
from tests.support.leaving import current, everything_is_followed, gate_of
from tests.support.outgoing import sealing_key, unsent, write
from tests.support.receiving import House, OneKey
from tests.support.samples import triage as s
from tests.support.transactions import delivery, know, now_are, rows, transaction_on

REMINDED = m.QueryReminded(query_id=s.TO_POLICE, reply_before=s.TERM)
LAPSED = m.QueryLapsed(query_id=s.TO_POLICE)
TO_POLICE = f"zvh.to.{s.POLICE}"


def letter(message: Model, case: str | None = s.CASE, recipient: str | None = s.POLICE) -> OutboxMessage:
    topic = f"zvh.to.{recipient}" if recipient else "zvh.triage.events"
    return OutboxMessage(
        event_id=new_id(),
        topic=topic,
        key=case or "",
        type=of_model(type(message)).type,
        body=message.model_dump_json(),
        recipient=recipient,
        case_id=case,
        subject=case,
    )


def sealed(content: AnyContent) -> AnyContent:
    """A text as the outbox holds it."""
    return SealedText(content.piece, content.by, b"sealed") if isinstance(content, TextRef) else content


def of_this_key(content: AnyContent) -> AnyContent:
    """A text that opens with the key of these tests."""
    key = CaseKey(b"k" * 32, house="noord-limburg", case_id=s.CASE)
    if isinstance(content, TextRef):
        return key.encrypt("Tekst.", piece=content.piece, by=content.by)
    return content


async def taken_up(database: FreshDatabase) -> AsyncEngine:
    """Return triage's database with one case, in which the police was asked, and the parties as now."""
    engine = await database(SERVICE)
    await know(engine, s.parties())
    transaction = transaction_on(engine, SERVICE)
    for command in (
        c.OpenCase(by=s.BY_SERVICE, taken_up=s.taken_up()),
        s.issue(reply_before=machine_now() + timedelta(days=1)),
    ):
        (outcome,) = await transaction.run([delivery(s.CASE, command)])
        assert outcome.status is DeliveryStatus.ACCEPTED, outcome.refusal
    async with engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM outbox"))
    return engine


def relay_on(engine: AsyncEngine, directory: Path, currency: Currency | None = None) -> Relay:
    relay = relay_without_broker(engine, House(directory))
    gate = gate_of(transaction_on(engine, SERVICE))
    relay.gate = Gate(gate.process, gate.cases, Clock(), currency or current(), gate.log_key)
    return relay


async def left(relay: Relay) -> list[str]:
    """Take one batch as far as the keys of the parties, which are none; return what the gate let through."""
    async with acquire_leadership(relay.engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        numbers = await relay._numbers(leader)
        async with leader.begin():
            found = await relay._next_rows(leader, numbers)
            judged = await relay.gate.judge(leader, found, await relay.parties.refresh(leader))
            await relay._stop(leader, judged)
    await relay.producer.stop()
    return [row.event_id for row in judged.leaving(found)]


def without_mandate(**changes: Any) -> Parties:
    given = s.authorisation(**({"revoked_at": machine_now()} | changes))
    return s.parties(venlo=s.record(s.VENLO, authorisations=(given,), acting_bodies=("college",)))


def without_police() -> Parties:
    return s.parties(police=s.record(s.POLICE, member_until=machine_now()))


async def test_what_a_party_is_sent_after_it_has_left_is_stopped_and_journalled_r115(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine = await taken_up(fresh_database)
    answer = letter(MessageAccepted(message_id=new_id()), None)
    mine, others = letter(LAPSED), letter(LAPSED, recipient=s.CARE)
    event = letter(LAPSED, recipient=None)
    await write(engine, answer, mine, others, event)
    await now_are(engine, without_police())
    assert await left(relay_on(engine, tmp_path)) == [others.event_id, event.event_id]
    assert await unsent(engine) == [others.event_id, event.event_id]
    noted = await rows(engine, "journal", "what = 'NotAParty'")
    assert {(row.message_id, row.case_id, row.rule) for row in noted} == {
        (answer.event_id, "none", "R1"),
        (mine.event_id, s.CASE, "R1"),
    }


@pytest.mark.parametrize(
    "parties",
    [without_mandate(), without_mandate(revoked_at=None, acting_body="burgemeester")],
    ids=["revoked", "of another body"],
)
async def test_what_is_asked_in_the_name_of_who_takes_its_mandate_back_is_stopped_r122(
    fresh_database: FreshDatabase, tmp_path: Path, parties: Parties
) -> None:
    """What tells that nothing is expected any more goes all the same."""
    engine = await taken_up(fresh_database)
    reminder, end = letter(REMINDED), letter(LAPSED)
    await write(engine, reminder, end)
    await now_are(engine, parties)
    assert await left(relay_on(engine, tmp_path)) == [end.event_id]
    (noted,) = await rows(engine, "journal", "what = 'NoAuthorisation'")
    assert (noted.message_id, noted.rule, noted.role) == (reminder.event_id, "R122", "service")


async def test_a_query_with_a_number_is_stopped_for_who_may_use_none_any_more_r22(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """The letter is judged as it lies there, its texts sealed; one without a number goes."""
    engine = await taken_up(fresh_database)
    person = s.person(s.MAN, bsn=s.text("bsn-1", "intake"))
    numbered = s.issued(s.TO_POLICE, s.POLICE, persons=(person,)).query
    stopped, goes = letter(transform(numbered, sealed)), letter(transform(s.ASKED_POLICE.query, sealed))
    broken = letter(REMINDED)._replace(type=goes.type, body='{"query_id": 1}')
    await write(engine, stopped, goes, broken)
    everything = [stopped.event_id, goes.event_id, broken.event_id]
    assert await left(relay_on(engine, tmp_path)) == everything, "what cannot be read is quarantined later on"
    police = s.parties().records[s.POLICE].model_copy(update={"may_use_bsn": False})
    await now_are(engine, s.parties(police=police))
    assert await left(relay_on(engine, tmp_path)) == everything[1:]
    (noted,) = await rows(engine, "journal", "what = 'BsnNotAllowed'")
    assert (noted.message_id, noted.case_id, noted.rule) == (stopped.event_id, s.CASE, "R22")


async def test_a_query_that_has_not_left_is_stopped_once_what_it_draws_on_is_taken_back_r30(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine = await taken_up(fresh_database)
    shareable = s.contributed(s.REFERRED, s.VENLO, shareable_in_query=True)
    transaction = transaction_on(engine, SERVICE)
    drawing = s.issue(
        s.TO_CARE,
        s.CARE,
        reply_before=machine_now() + timedelta(days=1),
        drawn_from=(s.REFERRED,),
        items=(shareable,),
    )
    (asked,) = await transaction.run([delivery(s.CASE, drawing)])
    assert asked.status is DeliveryStatus.ACCEPTED, asked.refusal
    async with engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM outbox"))
    draws, not_so = (
        letter(transform(query, sealed), recipient=recipient)._replace(item=query.query_id)
        for query, recipient in ((s.ASKED_CARE.query, s.CARE), (s.ASKED_POLICE.query, s.POLICE))
    )
    await write(engine, draws, not_so)
    assert await left(relay_on(engine, tmp_path)) == [draws.event_id, not_so.event_id]
    taken_back = Standing(s.REFERRED, s.VENLO, 1, ItemStatus.WITHDRAWN)
    (told,) = await transaction.run(
        [delivery(s.CASE, c.FollowStanding(by=s.BY_SERVICE, standing=taken_back))]
    )
    assert told.status is DeliveryStatus.ACCEPTED, told.refusal
    assert await left(relay_on(engine, tmp_path)) == [not_so.event_id]
    (logged,) = await rows(engine, "access_log", "thing LIKE 'not-sent/%'")
    assert (logged.party, logged.thing, logged.rule) == (s.CARE, f"not-sent/{s.TO_CARE}", "R30")
    (noted,) = await rows(engine, "journal", "what = 'SecrecyNotReleased'")
    assert (noted.message_id, noted.case_id, noted.rule) == (draws.event_id, s.CASE, "R30")


async def test_nothing_goes_to_parties_about_a_held_case_until_it_is_let_go_and_events_go_on(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """What holds it may be the very message that forbids this one."""
    engine = await taken_up(fresh_database)
    held, event = letter(LAPSED), letter(LAPSED, recipient=None)
    await write(engine, held, event)
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE cases SET held = true"))
    assert await left(relay_on(engine, tmp_path)) == [event.event_id]
    assert await unsent(engine) == [held.event_id, event.event_id]
    async with engine.begin() as connection:
        await connection.execute(sa.text("UPDATE cases SET held = false"))
    assert await left(relay_on(engine, tmp_path)) == [held.event_id, event.event_id]


async def test_while_something_may_be_unread_that_forbids_it_no_letter_goes_and_events_do(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine = await taken_up(fresh_database)
    waits, event = letter(LAPSED), letter(LAPSED, recipient=None)
    await write(engine, waits, event)
    behind = Currency(everything_is_followed, within=-1)
    assert await left(relay_on(engine, tmp_path, behind)) == [event.event_id]
    assert await unsent(engine) == [waits.event_id, event.event_id]


async def test_a_stopped_letter_is_not_sent_whoever_could_open_it(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """Its recipient has a key still; the producer was never started, so what is sent is put aside."""
    engine = await taken_up(fresh_database)
    now = machine_now()
    left_with_key = s.record(s.POLICE, member_until=now, keys=(sealing_key(now, None),))
    await now_are(engine, s.parties(police=left_with_key))
    await write(engine, letter(LAPSED))
    relay = relay_on(engine, tmp_path)
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        assert await relay._send_batch(leader, await relay._numbers(leader)) == 1
    assert await unsent(engine) == []
    assert await rows(engine, "deferred_topics") == [], "nobody tried to send it"
    await relay.producer.stop()


class SlowKeys(OneKey):
    """A key authority that takes its time, so many seconds; what came meanwhile is followed then."""

    def __init__(self, seconds: float) -> None:
        self.now, self._takes = 0.0, seconds
        self.currency = Currency(everything_is_followed, now=lambda: self.now, as_of=self.now)

    async def fetch(self, case_ids: list[str], *, make: bool) -> Any:
        self.now += self._takes
        self.currency.as_of = self.now
        return await super().fetch(case_ids, make=make)


@pytest.mark.parametrize(("takes", "tried"), [(WITHIN, [TO_POLICE]), (WITHIN + 1, [])])
async def test_a_letter_that_was_judged_too_long_ago_is_not_sent_and_is_judged_anew(
    fresh_database: FreshDatabase, tmp_path: Path, takes: float, tried: list[str]
) -> None:
    """However long its relay stood still between the gate and the broker: what forbids it came meanwhile.

    Nobody listens, so what is tried is put aside; it keeps its number, and its place before what is newer.
    """
    engine, now = await taken_up(fresh_database), machine_now()
    await now_are(engine, s.parties(police=s.record(s.POLICE, keys=(sealing_key(now, None),))))
    await write(engine, letter(transform(s.ASKED_POLICE.query, of_this_key)))
    slow = SlowKeys(takes)
    relay = relay_on(engine, tmp_path, slow.currency)
    relay.keys, relay._topics = CaseKeyClient(slow, "noord-limburg"), {} if tried else {TO_POLICE: (0,)}
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        numbers = await relay._numbers(leader)
        assert await relay._send_batch(leader, numbers) == 1
        assert [row.topic for row in await rows(engine, "deferred_topics")] == tried
        assert len(await unsent(engine)) == 1
        await now_are(engine, without_police(), 3)
        async with engine.begin() as connection:
            await connection.execute(sa.text("DELETE FROM deferred_topics"))
        assert await relay._send_batch(leader, numbers) == 1
    assert await unsent(engine) == [], "it was stopped: who was to get it is no party any more"
    assert [row.what for row in await rows(engine, "journal", "what = 'NotAParty'")] == ["NotAParty"]
    await relay.producer.stop()


# --- timers and replies ------------------------------------------------------------------------------


async def test_after_the_mandate_is_taken_back_the_clock_reminds_nobody_and_no_answer_is_taken_r122(
    fresh_database: FreshDatabase,
) -> None:
    """A refusal to answer is, and the query lapses: both only end something."""
    engine = await taken_up(fresh_database)
    await now_are(engine, without_mandate())
    transaction = transaction_on(engine, SERVICE)

    async def became(command: Any) -> tuple[DeliveryStatus, str | None]:
        (outcome,) = await transaction.run([delivery(s.CASE, command, at=machine_now())])
        return outcome.status, outcome.refusal.name if outcome.refusal else None

    refused = (DeliveryStatus.REFUSED, "NoAuthorisation")
    assert await became(c.RemindQuery(by=CLOCK, query_id=s.TO_POLICE)) == refused
    assert await became(s.answer()) == refused
    assert await became(c.LapseQuery(by=CLOCK, query_id=s.TO_POLICE)) == (DeliveryStatus.ACCEPTED, None)
    names = [row.what for row in await rows(engine, "journal", "true ORDER BY entry")]
    assert names.count("NoAuthorisation") == 2
    sent = [row.type for row in await rows(engine, "outbox", "recipient IS NOT NULL")]
    assert not any("query-reminded" in one for one in sent)


async def test_a_currency_is_behind_until_all_is_followed_that_was_there_when_it_was_asked() -> None:
    answers = [None, None, machine_now()]

    async def read_until() -> Any:
        return answers.pop(0)

    currency = Currency(read_until, within=60)
    found = []
    for _ in range(3):
        await currency._look()
        found.append(currency.is_current())
    assert found == [False, False, True]
    currency.within = -1
    assert not currency.is_current()
