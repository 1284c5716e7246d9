"""What the relay makes of the rows of a batch: a row that cannot be sent costs itself and its case alone."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
import structlog

from shared.clock import machine_now
from shared.contract.cloudevent import SEALED_BODY, read_headers
from shared.contract.limits import MAX_LETTER, MAX_RECORD
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ReferralScreened, ScreeningOutcome
from shared.contract.parties import Parties, PublicKey
from shared.contract.registry import of_model
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import KeyStatus
from shared.crypto.codec import SignedAndSealed
from shared.messaging.preparing import CaseKeyGone, Prepared, Preparer, TooLargeToSend, sealed_messages
from shared.storage.outbox import Row
from shared.storage.sequence_numbers import SequenceAllocator
from tests.support.largest import OTHER, REFERRER, Recipient, all_parties, number

CASE, NEIGHBOUR = number(1), number(2)
KEYS: dict[str, CaseKey | KeyStatus] = {
    case: CaseKey(b"k" * 32, house="noord-limburg", case_id=case) for case in (CASE, NEIGHBOUR)
}
EVENTS = "zvh.intake.events"


@pytest.fixture(scope="module")
def recipient(tmp_path_factory: pytest.TempPathFactory) -> Recipient:
    return Recipient(tmp_path_factory.mktemp("keys"))


class Outbox:
    """Hold rows in their order, and what becomes of them."""

    def __init__(self, recipient: Recipient, parties: Parties | None = None) -> None:
        self.rows: list[Row] = []
        self.numbers = SequenceAllocator(0)
        self.parties = parties or all_parties(recipient.announced)
        self.codec = SignedAndSealed(recipient.house_keys)

    def event(self, case: str | None = CASE, size: int = 10) -> int:
        return self._add(case, "x" * size, None, EVENTS)

    def letter(self, case: str = CASE, said: str = "Advies.", to: str = REFERRER) -> int:
        key = KEYS[case]
        assert isinstance(key, CaseKey)
        piece = key.encrypt(said, piece="1", by="intake")
        message = ReferralScreened(outcome=ScreeningOutcome.TAKEN_UP, advice=piece)
        return self._add(case, message.model_dump_json(), to, f"zvh.to.{to}")

    def answer(self, to: str = REFERRER) -> int:
        body = MessageAccepted(message_id=number(3)).model_dump_json()
        return self._add(None, body, to, f"zvh.to.{to}", of_model(MessageAccepted).type)

    def unreadable(self, case: str = CASE) -> int:
        return self._add(case, "{", REFERRER, f"zvh.to.{REFERRER}")

    def _add(self, case: str | None, body: str, to: str | None, topic: str, type_: str = "") -> int:
        place, type_ = len(self.rows) + 1, type_ or of_model(ReferralScreened).type
        self.rows.append(
            Row(place, number(100 + place), topic, case or "none", type_, body, to, case, case, None, None,
                machine_now())
        )  # fmt: skip
        return place

    async def prepared(self, keys: Any = KEYS, rows: Sequence[Row] | None = None) -> Prepared:
        rows = self.rows if rows is None else rows
        preparer = Preparer("urn:x:zvh-intake", self.codec, self.parties, self.numbers, machine_now())
        return await preparer.prepare(rows, sealed_messages(rows), keys)


def ready(prepared: Prepared) -> list[int]:
    return [one.row.id for one in prepared.ready]


def apart(prepared: Prepared) -> dict[int, type[Exception]]:
    return {one.row.id: type(one.error) for one in prepared.unsendable}


def sequences(prepared: Prepared) -> list[int]:
    """Return the numbers of the letters that are ready, in order."""
    letters = [one for one in prepared.ready if one.row.recipient]
    return [int(read_headers(one.headers, SEALED_BODY)["sequence"]) for one in letters]


async def test_an_event_that_no_topic_takes_is_set_apart_with_what_is_behind_it_of_its_case(
    recipient: Recipient,
) -> None:
    outbox = Outbox(recipient)
    before, large = outbox.event(), outbox.event(size=MAX_RECORD)
    outbox.event()
    outbox.letter()
    neighbour, neighbours = outbox.event(NEIGHBOUR), outbox.letter(NEIGHBOUR)
    prepared = await outbox.prepared()
    assert apart(prepared) == {large: TooLargeToSend}
    assert ready(prepared) == [before, neighbour, neighbours], "on the same topics, in the same batch"
    assert prepared.aside == set()


async def test_the_largest_event_that_a_topic_takes_is_sent(recipient: Recipient) -> None:
    outbox = Outbox(recipient)
    outbox.event(size=100_000)
    (small,) = (await outbox.prepared()).ready
    fits = Outbox(recipient)
    fits.event(size=MAX_RECORD - small.size + 100_000)
    too_large = Outbox(recipient)
    too_large.event(size=MAX_RECORD - small.size + 100_001)
    assert [one.size for one in (await fits.prepared()).ready] == [MAX_RECORD]
    assert apart(await too_large.prepared()) == {1: TooLargeToSend}


async def test_a_letter_that_its_recipient_would_not_open_is_set_apart_and_takes_no_number(
    recipient: Recipient,
) -> None:
    """The letters behind it go out without a gap."""
    outbox = Outbox(recipient)
    first = outbox.letter()
    fault = outbox._add(
        CASE, json.dumps({"message_id": "x" * MAX_LETTER}), REFERRER,
        f"zvh.to.{REFERRER}", of_model(MessageAccepted).type,
    )  # fmt: skip
    outbox.letter()
    behind, answer = outbox.letter(NEIGHBOUR), outbox.answer()
    prepared = await outbox.prepared()
    assert apart(prepared) == {fault: TooLargeToSend}
    assert ready(prepared) == [first, behind, answer]
    assert sequences(prepared) == [1, 2, 3]


async def test_a_number_that_the_party_may_have_is_not_given_to_another_letter(recipient: Recipient) -> None:
    """What lay numbered before, and can be sealed no more, leaves a gap."""
    outbox = Outbox(recipient)
    fault, behind = outbox.unreadable(), outbox.letter(NEIGHBOUR)
    outbox.numbers.last[REFERRER], outbox.numbers.unconfirmed[fault] = 7, 7
    prepared = await outbox.prepared()
    assert (list(apart(prepared)), ready(prepared), sequences(prepared)) == ([fault], [behind], [8])


async def test_a_row_that_cannot_be_read_costs_its_case_alone(recipient: Recipient) -> None:
    outbox = Outbox(recipient)
    before, fault = outbox.letter(), outbox.unreadable()
    outbox.event()
    neighbour = outbox.letter(NEIGHBOUR)
    prepared = await outbox.prepared()
    assert list(apart(prepared)) == [fault]
    assert ready(prepared) == [before, neighbour]


async def test_a_row_about_no_case_costs_itself_alone(recipient: Recipient) -> None:
    outbox = Outbox(recipient)
    large, other, answer = outbox.event(None, MAX_RECORD), outbox.event(None), outbox.answer()
    prepared = await outbox.prepared()
    assert (list(apart(prepared)), ready(prepared)) == ([large], [other, answer])


@pytest.mark.parametrize("status", [KeyStatus.ERASED, KeyStatus.UNKNOWN])
async def test_a_letter_that_nobody_can_open_any_more_is_set_apart(
    recipient: Recipient, status: KeyStatus
) -> None:
    outbox = Outbox(recipient)
    gone, neighbour = outbox.letter(), outbox.letter(NEIGHBOUR)
    prepared = await outbox.prepared(KEYS | {CASE: status})
    assert (apart(prepared), ready(prepared)) == ({gone: CaseKeyGone}, [neighbour])


async def test_a_case_whose_key_cannot_be_had_waits_alone(recipient: Recipient) -> None:
    """F16: it is no fault of the case, so it is not held; and the party's other letters go on."""
    outbox = Outbox(recipient)
    outbox.letter()
    outbox.event()
    neighbour, answer = outbox.letter(NEIGHBOUR), outbox.answer()
    prepared = await outbox.prepared(KEYS | {CASE: KeyStatus.UNAVAILABLE})
    assert (ready(prepared), prepared.resting) == ([neighbour, answer], {CASE})
    assert (prepared.unsendable, prepared.aside) == ([], set())


async def test_where_the_party_may_have_the_letter_already_it_waits_with_it(recipient: Recipient) -> None:
    """Else a later letter had a higher number, and the party would drop this one."""
    outbox = Outbox(recipient)
    sent = outbox.letter()
    outbox.letter(NEIGHBOUR)
    others = outbox.letter(NEIGHBOUR, to=OTHER)
    outbox.numbers.last[REFERRER], outbox.numbers.unconfirmed[sent] = 7, 7
    prepared = await outbox.prepared(KEYS | {CASE: KeyStatus.UNAVAILABLE})
    assert (ready(prepared), prepared.aside) == ([others], {f"zvh.to.{REFERRER}"})


async def test_a_key_that_cannot_be_used_makes_its_party_wait_alone_and_is_named(
    recipient: Recipient,
) -> None:
    """Governance takes no such key; if one is on record all the same, that party's topic waits."""
    parties = all_parties(recipient.announced)
    good = recipient.announced
    bad = PublicKey(
        kid="other", use=good.use, jwk={**good.jwk, "y": good.jwk["x"]}, valid_from=good.valid_from
    )
    records = {**parties.records, REFERRER: parties.records[REFERRER].model_copy(update={"keys": (bad,)})}
    outbox = Outbox(recipient, Parties(records))
    outbox.letter()
    outbox.answer()
    event, others = outbox.event(), outbox.letter(to=OTHER)
    with structlog.testing.capture_logs() as logged:
        prepared = await outbox.prepared()
    assert (ready(prepared), prepared.aside) == ([event, others], {f"zvh.to.{REFERRER}"})
    assert prepared.unsendable == []
    assert [(one["event"], one["topic"]) for one in logged] == [("party-key-unusable", f"zvh.to.{REFERRER}")]
    assert outbox.numbers.unconfirmed == {others: 1}
