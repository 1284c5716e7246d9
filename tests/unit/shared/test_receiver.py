"""What the receiver makes of records: a delivery, or one dead letter with the reason and one refusal."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from shared.contract.cloudevent import to_json
from shared.contract.content import transform
from shared.contract.fields import InformMoment
from shared.contract.limits import MAX_PAYLOAD, MOST_INVALID
from shared.contract.messages.house import MessageRefused
from shared.contract.messages.intake import ConsultationConfirmed, InformingPostponed
from shared.contract.parties import Parties
from shared.contract.pointers import pointers
from shared.contract.record import Record
from shared.contract.refusal import (
    MESSAGE_TOO_OLD,
    REASONS,
    SENTENCES,
    SIGNER_UNKNOWN,
    Refusal,
    Remedy,
    unreadable,
)
from shared.contract.registry import Model
from shared.handling.delivery import DeadLetter, Delivery
from shared.ids import new_id
from shared.storage.inbox import AHEAD, HORIZON
from tests.support.receiving import SOURCE, House
from tests.support.samples import intake as s

MESSAGE = ConsultationConfirmed(remark="Akkoord.")
SECOND = timedelta(seconds=1)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def received(house: House, record: Record) -> tuple[list[Delivery], list[DeadLetter]]:
    return await house.receiver().receive([(record, None)], Parties({s.VENLO: house.party}))


async def delivered(house: House, record: Record) -> Delivery:
    (delivery,), dead = await received(house, record)
    assert dead == []
    return delivery


async def accepted(house: House, record: Record) -> Delivery:
    """Delivered as a command, and not refused on the way."""
    delivery = await delivered(house, record)
    assert not isinstance(delivery.command, Refusal)
    return delivery


async def reason(house: House, record: Record) -> str:
    """Of the one dead letter; beside it goes one refusal to the party on whose topic it stood."""
    deliveries, (dead,) = await received(house, record)
    assert deliveries == []
    note, answer = dead.messages
    assert (note.recipient, answer.recipient) == (None, s.VENLO)
    told = MessageRefused.model_validate_json(answer.body)
    assert dead.reason == told.reason
    assert (told.sentence, told.sentence_nl) == SENTENCES["record"][dead.reason]
    return dead.reason


async def test_a_message_as_it_should_be_is_delivered(house: House) -> None:
    delivery = await accepted(house, house.record(MESSAGE))
    assert delivery.entry.sender == s.VENLO


HeaderChange = Callable[[tuple[tuple[str, bytes | None], ...]], tuple[tuple[str, bytes | None], ...]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda headers: (("ce_id", new_id().encode()), *headers), "header-repeated"),
        (lambda headers: (("ce_type", b"bogus"), *headers), "header-repeated"),
        (lambda headers: (*headers, ("CE_ID", new_id().encode())), "attribute-name-not-allowed"),
        (lambda headers: (("ce_specversion", b"1.0"), headers[-1]), "attribute-missing"),
        (lambda headers: (*headers[:-1], ("content-type", b"text/plain")), "wrong-content-type"),
        (lambda headers: headers[:-1], "wrong-content-type"),
        (
            lambda headers: (*headers[:1], ("ce_id", new_id().encode()), *headers[2:]),
            "header-differs-from-signature",
        ),
        (lambda headers: (), "not-a-cloudevent"),
    ],
)
async def test_headers_that_could_be_read_in_two_ways_are_not_read(
    house: House, change: HeaderChange, expected: str
) -> None:
    good = house.record(MESSAGE)
    assert await reason(house, good._replace(headers=change(good.headers))) == expected


async def test_a_message_in_the_name_of_another_source_than_the_senders_own_is_not_read(house: House) -> None:
    """It is the party's signature and topic; another's name on it would be written down as its own."""
    await accepted(house, house.record(MESSAGE, source=SOURCE))
    for source in (SOURCE.replace("9000", "9001"), f"{SOURCE}:systeem", SOURCE.upper()):
        assert await reason(house, house.record(MESSAGE, source=source)) == "source-not-of-the-sender"


async def test_the_same_words_about_another_case_are_another_message(house: House) -> None:
    """With one id for both, the second is no repetition: it is refused and not passed over."""
    about = [house.envelope(MESSAGE)._replace(subject=case) for case in (s.CASE, s.CASE, s.MAN)]
    payload = MESSAGE.model_dump_json().encode()
    digests = [(await accepted(house, house.put(one, to_json(one, payload)))).entry.digest for one in about]
    assert digests[0] == digests[1] != digests[2]


async def test_an_id_that_is_no_uuid_is_not_read_even_when_it_is_signed(house: House) -> None:
    assert await reason(house, house.record(MESSAGE, id="Persoon Jansen 1990")) == "id-not-a-uuid"


async def test_a_message_is_signed_at_most_five_minutes_after_the_broker_got_it(house: House) -> None:
    """What is signed for later could be repeated when the inbox has forgotten it."""
    record = house.record(MESSAGE)
    moment = record.received_at

    def at(signed: datetime) -> Record:
        return house.record(MESSAGE, time=signed)._replace(received_at=moment)

    await accepted(house, at(moment + AHEAD))
    assert await reason(house, at(moment + AHEAD + SECOND)) == "time-in-the-future"
    assert await reason(house, at(moment.replace(year=2099))) == "time-in-the-future"
    assert await reason(house, at(moment.replace(year=9999))) == "time-not-rfc-3339"
    await accepted(house, at(moment - HORIZON))
    assert (await delivered(house, at(moment - HORIZON - SECOND))).command is MESSAGE_TOO_OLD


@pytest.mark.parametrize("trace", ["Persoon-Jansen", TRACE.upper()])
async def test_a_trace_that_is_none_goes_no_further(house: House, trace: str) -> None:
    record = house.record(MESSAGE, extensions={"traceparent": trace})
    assert (await delivered(house, record)).traceparent is None
    record = house.record(MESSAGE, extensions={"traceparent": TRACE})
    assert (await delivered(house, record)).traceparent == TRACE


async def test_the_data_of_a_message_are_at_most_32_kib(house: House) -> None:
    """However they are spaced or escaped."""
    envelope = house.envelope(MESSAGE)

    def of(size: int) -> bytes:
        return b'{"remark":"Akkoord.","more":"' + b"x" * (size - 31) + b'"}'

    assert len(of(MAX_PAYLOAD)) == MAX_PAYLOAD
    await accepted(house, house.put(envelope, to_json(envelope, of(MAX_PAYLOAD))))
    assert await reason(house, house.put(envelope, to_json(envelope, of(MAX_PAYLOAD + 1)))) == "too-large"
    spaced = of(MAX_PAYLOAD).replace(b",", b"," + b" " * 100)
    assert not isinstance(
        (await delivered(house, house.put(envelope, to_json(envelope, spaced)))).command, Refusal
    )


@pytest.mark.parametrize("data", [b'{"remark":"\\ud800"}', b'{"remark":NaN}', b"[" * 10_000 + b"]" * 10_000])
async def test_what_is_no_json_is_not_read(house: House, data: bytes) -> None:
    envelope = house.envelope(MESSAGE)
    assert await reason(house, house.put(envelope, to_json(envelope, data))) == "invalid-json"


async def refused(house: House, record: Record) -> MessageRefused:
    _, (dead,) = await received(house, record)
    return MessageRefused.model_validate_json(dead.messages[1].body)


def with_data(house: House, message: Model, data: object) -> Record:
    envelope = house.envelope(message)
    return house.put(envelope, to_json(envelope, json.dumps(data).encode()))


async def test_what_does_not_fit_is_told_by_name_reason_and_the_path_of_each_field(house: House) -> None:
    """With indices, and without a value: the fields are found by a program, P6 of a partner."""
    submitted = transform(s.referral(), lambda content: "Tekst.")
    referral = submitted.model_dump(mode="json", exclude_none=True)
    referral["items"][0]["category"] = "Persoon A"
    referral["persons"][1]["person_id"] = "Persoon B"
    del referral["basis"]
    told = await refused(house, with_data(house, submitted, referral))
    assert (told.name, told.reason, told.remedy) == (
        "DoesNotFitTheSchema",
        "does-not-fit-the-schema",
        Remedy.CORRECT,
    )
    assert told.invalid == ("/basis", "/items/0/category", "/persons/1/person_id")
    assert "Persoon" not in told.model_dump_json()


def test_a_signature_that_may_only_be_early_is_refused_by_its_own_name() -> None:
    assert (SIGNER_UNKNOWN.name, SIGNER_UNKNOWN.may_be_lag) == ("SignatureNotOfTheSender", True)


async def test_data_that_are_no_object_do_not_fit_as_a_whole(house: House) -> None:
    wrong: tuple[object, ...] = ([], "Persoon A", None, 5)
    for data in wrong:
        assert (await refused(house, with_data(house, MESSAGE, data))).invalid == ("",)


async def test_every_refusal_of_an_unreadable_record_has_a_name_of_its_own(house: House) -> None:
    told = await refused(house, house.record(MESSAGE, id="Persoon Jansen 1990"))
    assert (told.name, told.reason, told.invalid) == ("IdNotAUuid", "id-not-a-uuid", ())
    assert len({unreadable(reason).name for reason in REASONS}) == len(REASONS)


def test_a_name_of_the_senders_own_becomes_a_star_and_a_branch_of_a_union_no_step() -> None:
    data: dict[str, object] = {"jwk": {"Persoon A": 5}, "recipient": ["x", 5]}
    published = {"jwk", "recipient"}
    places: list[tuple[int | str, ...]] = [("jwk", "Persoon A", "[key]"), ("recipient", "list[str]", 1)]
    assert pointers(places, data, published) == ("/jwk/*", "/recipient/1")
    many = [("jwk", *(["recipient"] * n)) for n in range(100)]
    deep: dict[str, object] = {}
    for _ in range(100):
        deep = {"recipient": deep}
    found = pointers(many, {"jwk": deep}, published)
    assert len(found) <= MOST_INVALID and max(map(len, found)) <= 200


async def test_a_postponement_until_the_end_of_time_does_not_fit(house: House) -> None:
    """It made the core raise, and so held its case."""
    until = InformingPostponed(person_id=s.MAN, moment=InformMoment.TAKEN_UP, reason="Later.")
    envelope = house.envelope(until)
    data = until.model_dump_json(exclude_none=True).encode()[:-1] + b',"until":"9999-12-31T23:59:59-14:00"}'
    assert await reason(house, house.put(envelope, to_json(envelope, data))) == "does-not-fit-the-schema"
