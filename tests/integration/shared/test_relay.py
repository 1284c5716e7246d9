"""What the relay does before it sends, on a real PostgreSQL: no broker is reached."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.contract.limits import MAX_RECORD
from shared.contract.messages.house import MessageAccepted
from shared.contract.parties import Parties
from shared.contract.registry import of_model
from shared.ids import new_id
from shared.messaging import relay
from shared.messaging.relay import Relay
from shared.runtime import quarantine
from shared.storage import outbox
from shared.storage.cases import CaseTable
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from shared.storage.outbox import NO_CASE, OutboxMessage
from shared.storage.sequence_numbers import SequenceAllocator, load_sequences
from tests.conftest import FreshDatabase
from tests.support.broker import relay_without_broker
from tests.support.outgoing import EVENTS, outbox_message, sealing_key, unsent, write
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.transactions import MARKER_KEY, rows

OTHER_CASE = s.CASE[:-1] + "d"


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


async def test_what_cannot_be_sent_is_quarantined_with_its_case_and_stays_so_until_an_operator_acts(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """Each row alone, in one round; what is about no case holds nobody up."""
    engine = await fresh_database(SERVICE)
    await existing_case(engine, s.CASE)
    large, behind = (
        outbox_message(s.CASE, "x" * MAX_RECORD, topic=EVENTS),
        outbox_message(s.CASE, topic=EVENTS),
    )
    of_no_case = outbox_message(None, "x" * MAX_RECORD, topic=EVENTS)
    await write(engine, large, behind, of_no_case)
    idle = relay_without_broker(engine, House(tmp_path))
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        numbers = await idle._numbers(leader)
        assert await idle._send_batch(leader, numbers) == 3
        assert await idle._send_batch(leader, numbers) == 0
    assert await unsent(engine) == [large.event_id, behind.event_id, of_no_case.event_id]
    letters = await quarantine.unreadable_letters(engine)
    assert [one.case for one in letters] == [s.CASE, NO_CASE]
    assert await quarantine.held_cases(engine) == {s.CASE: 0}
    async with engine.connect() as connection:
        assert (await outbox.backlog(connection, 10)).unreadable == 2
    assert await quarantine.discard_first(engine, MARKER_KEY, s.CASE)
    await quarantine.let_go(engine, MARKER_KEY, s.CASE)
    assert await quarantine.held_cases(engine) == {}
    async with engine.begin() as connection:
        assert [row.event_id for row in await outbox.next_rows(connection, 10)] == [behind.event_id]
    await idle.producer.stop()


async def test_a_row_behind_a_quarantined_one_is_not_sent_for_having_a_number(
    fresh_database: FreshDatabase,
) -> None:
    """A relay that died had numbered both; the one behind waits for its case, and gets a new number then."""
    engine = await fresh_database(SERVICE)
    first, behind, other = (outbox_message(case) for case in (s.CASE, s.CASE, OTHER_CASE))
    await write(engine, first, behind, other)
    async with engine.begin() as connection:
        rows = await outbox.next_rows(connection, 10)
        ids = [row.id for row in rows]
        await outbox.quarantine(connection, ids[0])
        assert [row.id for row in await outbox.rows_by_id(connection, ids)] == [ids[2]]
        assert await outbox.remaining(connection, ids) == {ids[2]}


async def test_a_case_whose_key_cannot_be_had_is_left_out_for_a_while_and_no_other(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine = await fresh_database(SERVICE)
    letter, other = outbox_message(s.CASE), outbox_message(OTHER_CASE, topic=EVENTS)
    await write(engine, letter, other)
    idle = relay_without_broker(engine, House(tmp_path))
    idle._rest({s.CASE})
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        numbers = await idle._numbers(leader)
        async with leader.begin():
            assert [row.event_id for row in await idle._next_rows(leader, numbers)] == [other.event_id]
            idle._resting[s.CASE] = 0.0
            found = [row.event_id for row in await idle._next_rows(leader, numbers)]
            assert found == [letter.event_id, other.event_id]
    await idle.producer.stop()


# --- what the others must know first -----------------------------------------------------------------------


def caused(by: str, *, case: str = s.CASE) -> OutboxMessage:
    """Make an event that follows from this message."""
    return outbox_message(case, topic=EVENTS)._replace(causation_id=by)


def accepted(message_id: str) -> OutboxMessage:
    """Make the answer to this message, as it is made by the house."""
    answer = MessageAccepted(message_id=message_id)
    return outbox_message(None, answer.model_dump_json())._replace(
        type=of_model(MessageAccepted).type, causation_id=message_id
    )


async def would_send(relay_: Relay, leader: AsyncConnection, numbers: SequenceAllocator) -> list[str]:
    """Return what leaves in this turn, while the broker takes none of the events of the house."""
    async with leader.begin():
        rows = await relay_._next_rows(leader, numbers)
        letters = [row for row in rows if row.recipient is not None]
        events = [row for row in rows if row.recipient is None]
        told = await relay_._told_first(leader, letters, numbers)
        return [row.event_id for row in (*events, *told)]


async def test_the_answer_to_a_message_waits_until_the_broker_has_what_the_others_must_know_of_it(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """Its event is here and not sent, for whatever reason; refusals and other letters wait for nobody."""
    engine = await fresh_database(SERVICE)
    first, second = new_id(), new_id()
    event, answer, later = caused(first), accepted(first), accepted(second)
    letter, refusal = outbox_message(OTHER_CASE), outbox_message(None, "{}")._replace(causation_id=first)
    await write(engine, event, letter, refusal, answer, later)
    idle = relay_without_broker(engine, House(tmp_path))
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        numbers = await idle._numbers(leader)
        go = [event.event_id, letter.event_id, refusal.event_id]
        assert await would_send(idle, leader, numbers) == go
        async with engine.begin() as connection:
            await outbox.defer(connection, [EVENTS], 10)
        assert await would_send(idle, leader, numbers) == go[1:]
        await deleted(engine, event)
        assert await would_send(idle, leader, numbers) == [*go[1:], answer.event_id, later.event_id]
    await idle.producer.stop()


async def test_an_answer_waits_for_an_event_that_an_operator_must_see_to_and_no_other_answer_does(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """The event itself, and what stands behind it of its case."""
    engine = await fresh_database(SERVICE)
    ids = [new_id() for _ in range(3)]
    stuck, behind, other = (
        caused(one, case=case) for one, case in zip(ids, (s.CASE, s.CASE, OTHER_CASE), strict=True)
    )
    answers = [accepted(one) for one in ids]
    await write(engine, stuck, behind, other, *answers)
    async with engine.begin() as connection:
        await outbox.quarantine(connection, (await outbox.next_rows(connection, 1))[0].id)
    await deleted(engine, other)
    idle = relay_without_broker(engine, House(tmp_path))
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        numbers = await idle._numbers(leader)
        assert await would_send(idle, leader, numbers) == [answers[2].event_id]
    await idle.producer.stop()


async def test_an_answer_that_had_its_number_goes_before_all_else_for_its_event_was_sent_before_that(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """A relay that died had sent both and deleted neither row; its party has no newer number before that."""
    engine, message = await fresh_database(SERVICE), new_id()
    event, answer = caused(message), accepted(message)
    await write(engine, event, answer)
    idle = relay_without_broker(engine, House(tmp_path))
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        numbers = await idle._numbers(leader)
        async with engine.begin() as connection:
            (_, row) = await outbox.next_rows(connection, 2)
        numbers.number_for(row)
        assert await would_send(idle, leader, numbers) == [answer.event_id]
    await idle.producer.stop()


async def test_the_events_of_a_case_whose_key_cannot_be_had_are_sent_all_the_same(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """They hold no text to open, and may say that something was taken back."""
    engine = await fresh_database(SERVICE)
    letter, event = outbox_message(s.CASE), outbox_message(s.CASE, topic=EVENTS)
    await write(engine, letter, event)
    idle = relay_without_broker(engine, House(tmp_path))
    idle._rest({s.CASE})
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        assert leader is not None
        assert await would_send(idle, leader, await idle._numbers(leader)) == [event.event_id]
    await idle.producer.stop()


async def test_an_act_is_told_when_no_event_of_it_is_left(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "TOLD_WITHIN", 0.1)
    engine, mine = await fresh_database(SERVICE), new_id()
    event, letter = caused(mine), outbox_message(OTHER_CASE)._replace(causation_id=mine)
    await write(engine, caused(new_id()), event, letter)
    idle = relay_without_broker(engine, House(tmp_path))
    assert not await idle.told(mine)
    await deleted(engine, event)
    assert await idle.told(mine), "what others caused, and what goes to parties, is not waited for"
    await idle.producer.stop()


async def deleted(engine: AsyncEngine, message: OutboxMessage) -> None:
    """Delete the row, as when it was sent."""
    async with engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM outbox WHERE event_id = :id"), {"id": message.event_id})


async def existing_case(engine: AsyncEngine, case_id: str) -> None:
    table = CaseTable(SERVICE.process.empty, TypeAdapter(SERVICE.process.state))
    async with engine.begin() as connection:
        cases = await table.lock(connection, [case_id])
        await table.save(connection, [cases[case_id].moved_to(SERVICE.process.empty)])


async def test_what_is_for_a_party_whose_key_has_lapsed_waits_alone_f9(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """What is for another one, and for the services, goes in the same batch."""
    engine, now = await fresh_database(SERVICE), machine_now()
    rows = [outbox_message(s.CASE, recipient=party, topic=f"zvh.to.{party}") for party in ("lapsed", "valid")]
    await write(engine, *rows, outbox_message(s.CASE, topic=EVENTS))
    ends = {"lapsed": now - timedelta(seconds=1), "valid": None}
    parties = Parties(
        {name: s.venlo(party=name, keys=(sealing_key(now, end),)) for name, end in ends.items()}
    )
    relay_ = relay_without_broker(engine, House(tmp_path))
    async with engine.begin() as leader:
        numbers = await load_sequences(leader)
        prepared = await relay_._prepare(await outbox.next_rows(leader, 10), parties, numbers)
    assert [one.row.topic for one in prepared.ready] == ["zvh.to.valid", EVENTS]
    assert prepared.aside == {"zvh.to.lapsed"}
    await relay_.producer.stop()
