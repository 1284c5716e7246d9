"""Bad input: one dead letter, one refusal to the party whose topic it is, and the partition moves on."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import KafkaException

from shared.connector import TooLarge, from_house_file
from shared.contract.cloudevent import SEALED_BODY, Envelope, attributes, to_headers, to_json
from shared.contract.limits import MAX_PAYLOAD
from shared.contract.messages.governance import AuthorisationGranted, AuthorisationRevoked
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.parties import Scope
from shared.crypto.jose import load_key, new_key, sign_and_encrypt
from shared.ids import new_id
from tests.story.party import Party
from tests.story.world import World
from tests.support.batches import BREAKABLE, break_name
from tests.support.running import DeadLetters, party_producer, produce

PARTY, OTHER = "politie-limburg", "met-ggz"
TOPIC = f"zvh.governance.from.{PARTY}"


@pytest.fixture(scope="module")
async def party(founded: World) -> AsyncIterator[Party]:
    yield founded.party(PARTY)


@pytest.fixture(scope="module")
async def dead(founded: World) -> AsyncIterator[DeadLetters]:
    letters = DeadLetters(founded.house, "governance")
    yield letters
    letters.close()


def grant() -> AuthorisationGranted:
    return AuthorisationGranted(
        authorisation_id=new_id(), acting_body="eenheidsleiding", scopes=(Scope.SCREENING,)
    )


def house_key(world: World, service: str = "governance") -> Any:
    keys = world.house["services"][service]["public_keys"]["keys"]
    return load_key(next(key for key in keys if key["use"] == "enc"))


async def a_good_message(party: Party) -> tuple[Envelope, bytes]:
    envelope, body, topic = await party.connector.seal(grant())
    assert topic == TOPIC
    return envelope, body


def sealed(world: World, payload: bytes, signer: str = PARTY) -> bytes:
    key = from_house_file(world.house, signer).signing_key
    return sign_and_encrypt(payload, signing=key, sealing=house_key(world))


def signed_as(world: World, envelope: Envelope, reason: str) -> tuple[bytes, list[Any], str]:
    """Send a valid message under an envelope that is not."""
    payload = to_json(envelope, grant().model_dump_json(exclude_none=True).encode())
    return sealed(world, payload), to_headers(envelope, SEALED_BODY), reason


async def records(world: World, party: Party) -> dict[str, tuple[bytes | None, list[Any], str]]:
    """Each bad record with the reason that is expected for it."""
    envelope, body = await a_good_message(party)
    good = to_headers(envelope, SEALED_BODY)
    unknown = envelope._replace(type="nl.veiligheidscasussen.nothing-happened.v1")
    not_ours = envelope._replace(type="nl.veiligheidscasussen.referral-withdrawn.v1")
    other_subject = envelope._replace(subject=new_id())
    text = to_json(envelope, json.dumps({"authorisation_id": new_id()}).encode())
    deep = to_json(envelope, b"[" * 10_000 + b"]" * 10_000)
    half = to_json(envelope, b'{"authorisation_id":"\\ud800"}')
    absurd = grant().model_dump(mode="json", exclude_none=True) | {"valid_until": "9999-12-31T23:59:59-14:00"}
    wide = grant().model_dump(mode="json", exclude_none=True) | {"more": "x" * MAX_PAYLOAD}
    named = envelope._replace(id="Persoon Jansen 1990")
    ahead = envelope._replace(time=envelope.time + timedelta(minutes=6))
    week = dict(good) | {"ce_time": b"2026-W48-2T09:00:00Z"}
    stranger = sign_and_encrypt(to_json(envelope, b"{}"), signing=new_key(), sealing=house_key(world))
    unsealed = json.dumps({**attributes(envelope), "data": {}}).encode()
    return {
        "no CloudEvent at all": (b"hello", [("content-type", b"text/plain")], "not-a-cloudevent"),
        "only a version": (body, [good[0], good[-1]], "attribute-missing"),
        "no content type": (body, good[:-1], "wrong-content-type"),
        "another content type": (body, [*good[:-1], ("content-type", b"text/plain")], "wrong-content-type"),
        "an id before the id": (body, [("ce_id", b"bogus"), *good], "header-repeated"),
        "a type before the type": (body, [("ce_type", b"bogus"), *good], "header-repeated"),
        "an id in capitals": (body, [*good, ("CE_ID", b"bogus")], "attribute-name-not-allowed"),
        "a name as an id": signed_as(world, named, "id-not-a-uuid"),
        "a time that is to come": signed_as(world, ahead, "time-in-the-future"),
        "a time the calendar of RFC 3339 does not know": (
            sealed(world, text.replace(dict(good)["ce_time"], week["ce_time"])),
            list(week.items()),
            "time-not-rfc-3339",
        ),
        "a null header": (body, [*good, ("ce_extra", None)], "null-header"),
        "a header that is not UTF-8": (body, [*good, ("ce_extra", b"\xff\xfe")], "header-not-utf-8"),
        "no body": (None, good, "no-body"),
        "a body that was not sealed": (unsealed, good, "does-not-open"),
        "a body that does not open": (body[:-20] + b"A" * 20, good, "does-not-open"),
        "sealed to another service": (
            sign_and_encrypt(
                to_json(envelope, b"{}"),
                signing=from_house_file(world.house, PARTY).signing_key,
                sealing=house_key(world, "intake"),
            ),
            good,
            "not-sealed-to-a-key-of-this-service",
        ),
        "a signature of a stranger": (stranger, good, "signature-not-of-the-sender"),
        "a signature of another party": (
            sealed(world, to_json(envelope, b"{}"), OTHER),
            good,
            "signature-not-of-the-sender",
        ),
        "a header that differs from what was signed": (
            body,
            to_headers(other_subject, SEALED_BODY),
            "header-differs-from-signature",
        ),
        "an unknown type": (
            sealed(world, to_json(unknown, b"{}")),
            to_headers(unknown, SEALED_BODY),
            "unknown-type",
        ),
        "a type of another service": (
            sealed(world, to_json(not_ours, b'{"reason":"x"}')),
            to_headers(not_ours, SEALED_BODY),
            "unknown-type",
        ),
        "invalid JSON": (sealed(world, b"{not json"), good, "invalid-json"),
        "ten thousand levels deep": (sealed(world, deep), good, "invalid-json"),
        "half a character": (sealed(world, half), good, "invalid-json"),
        "the end of time": (
            sealed(world, to_json(envelope, json.dumps(absurd).encode())),
            good,
            "does-not-fit-the-schema",
        ),
        "more data than 32 KiB": (
            sealed(world, to_json(envelope, json.dumps(wide).encode())),
            good,
            "too-large",
        ),
        "a payload that does not fit the model": (sealed(world, text), good, "does-not-fit-the-schema"),
        "between 64 and 128 KiB": (b"A" * 100_000, good, "too-large"),
    }


async def sent_in_one_batch(world: World, messages: list[tuple[Envelope, bytes]], *, broken: int) -> int:
    """Send them, and return the first offset; the header name of record `broken` is not UTF-8."""
    own = from_house_file(world.house, PARTY)
    async with AIOKafkaProducer(
        **own.login.for_aiokafka(),
    ) as producer:
        batch = producer.create_batch()
        for number, (envelope, body) in enumerate(messages):
            more = [(BREAKABLE, b"x")] if number == broken else []
            headers = [*to_headers(envelope, SEALED_BODY), *more]
            batch.append(timestamp=None, key=b"test", value=body, headers=headers)
        break_name(batch._build())
        first: int = (await (await producer.send_batch(batch, TOPIC, partition=0))).offset
        return first


async def test_each_bad_record_gives_one_dead_letter_and_one_refusal_and_the_partition_moves_on(
    founded: World, party: Party, dead: DeadLetters
) -> None:
    producer = party_producer(founded.house, PARTY)
    for name, (value, headers, reason) in (await records(founded, party)).items():
        offset = await asyncio.to_thread(produce, producer, TOPIC, value, headers)
        letter = await dead.of(TOPIC, offset)
        assert letter.reason == reason, name
        refusal = await party.gets(
            MessageRefused,
            where=lambda m, at=offset: m.position is not None and m.position.offset == at,  # type: ignore[misc]
        )
        assert (refusal.rule, refusal.article) == ("R127", "art. 15.3; B4"), name
    assert isinstance(await party.ask(grant()), MessageAccepted)
    positions = [(letter.position.topic, letter.position.offset) for letter in dead.seen]
    assert len(positions) == len(set(positions))


async def test_a_header_name_that_is_not_utf_8_costs_only_its_own_record(
    founded: World, party: Party, dead: DeadLetters
) -> None:
    messages = [await a_good_message(party) for _ in range(3)]
    offset = await sent_in_one_batch(founded, messages, broken=1)
    assert (await dead.of(TOPIC, offset + 1)).reason == "header-not-utf-8"
    before, refused, after = [await party.connector.answer(envelope.id) for envelope, _ in messages]
    assert isinstance(before, MessageAccepted)
    assert isinstance(refused, MessageRefused)
    assert refused.position is not None
    assert refused.position.offset == offset + 1
    assert (refused.rule, refused.article) == ("R127", "art. 15.3; B4")
    assert isinstance(after, MessageAccepted)
    assert isinstance(await party.ask(grant()), MessageAccepted)


async def test_a_repeated_id_sealed_anew_has_one_effect(founded: World, party: Party) -> None:
    message, message_id = grant(), new_id()
    assert isinstance(await party.connector.ask(message, message_id=message_id), MessageAccepted)
    await party.connector.send(message, message_id=message_id)
    assert isinstance(await party.ask(grant()), MessageAccepted)
    found = await founded.people(f"worker-{PARTY}").see("governance", f"/parties/{PARTY}")
    ids = [a["authorisation_id"] for a in found["authorisations"]]
    assert ids.count(message.authorisation_id) == 1
    answers = [one for one in party.received if one.about == message_id]
    assert [type(one.message) for one in answers] == [MessageAccepted] * 2, "the first answer again"


async def test_a_repeated_id_with_other_content_is_refused(party: Party) -> None:
    message_id = new_id()
    assert isinstance(await party.connector.ask(grant(), message_id=message_id), MessageAccepted)
    await party.connector.send(AuthorisationRevoked(authorisation_id=new_id()), message_id=message_id)
    refusal = await party.gets(MessageRefused, where=lambda m: m.message_id == message_id)
    assert (refusal.name, refusal.rule) == ("MessageIdReused", "R129")


async def test_a_message_signed_longer_ago_than_the_inbox_remembers_is_refused(
    founded: World, party: Party
) -> None:
    envelope, _ = await a_good_message(party)
    old = envelope._replace(id=new_id(), time=envelope.time.replace(year=envelope.time.year - 1))
    body = sealed(founded, to_json(old, grant().model_dump_json().encode()))
    await party.connector.send_raw(TOPIC, "key", body, to_headers(old, SEALED_BODY))
    refusal = await party.gets(MessageRefused, where=lambda m: m.message_id == old.id)
    assert (refusal.name, refusal.rule) == ("MessageTooOld", "R129")


async def test_above_the_limit_the_broker_refuses_and_the_connector_says_so_in_one_sentence(
    party: Party,
) -> None:
    with pytest.raises(TooLarge, match=r"^The broker refuses records above 128 KiB"):
        await party.connector.send_raw(TOPIC, "key", b"A" * 200_000, [])


async def test_a_compressed_bomb_is_refused_by_the_broker(founded: World, party: Party) -> None:
    bomber = party_producer(
        founded.house, PARTY, **{"compression.type": "gzip", "message.max.bytes": 50_000_000}
    )
    with pytest.raises(KafkaException):
        await asyncio.to_thread(produce, bomber, TOPIC, b"\0" * 20_000_000, [])
    assert isinstance(await party.ask(grant()), MessageAccepted)


# --- over HTTP -------------------------------------------------------------------------------------


async def test_a_request_that_cannot_be_read_is_400_for_whoever_asks(founded: World) -> None:
    """Of a case that is not there: what does not fit is told before anything else is looked at."""
    query = {"recipient": PARTY, "reply_before": "9999-12-31T23:59:59Z"}
    bad = {
        "half a character": ("intake", "withdrawal", rb'{"reason":"\ud800"}', ["/reason"]),
        "the end of time": ("triage", "queries", json.dumps(query).encode(), ["/reply_before"]),
        "no JSON": ("intake", "screening", b"{", None),
        "ten thousand levels deep": ("intake", "screening", b"[" * 10_000 + b"]" * 10_000, None),
    }
    for username in (f"worker-{PARTY}", "manager-a", "process-director-a"):
        token = await founded.people(username).token()
        for name, (service, act, body, invalid) in bad.items():
            answer = await founded.people.client.post(
                f"{founded.house['services'][service]['base_url']}/cases/{new_id()}/{act}",
                content=body,
                headers={
                    "authorization": f"Bearer {token}",
                    "idempotency-key": new_id(),
                    "content-type": "application/json",
                },
            )
            problem = answer.json()
            expected = "InvalidJson" if invalid is None else "DoesNotFitTheSchema"
            assert (answer.status_code, problem["title"]) == (400, expected), name
            assert answer.headers["content-type"] == "application/problem+json", name
            assert problem.get("invalid") == invalid, name


async def test_a_page_past_the_last_that_can_be_counted_is_400(founded: World) -> None:
    worker = founded.people(f"worker-{PARTY}")
    for after, expected in ((2**63, 400), (10**20, 400), (-1, 400), (2**63 - 1, 404)):
        answer = await worker.get("rto", f"/cases/{new_id()}/access-log?after={after}")
        assert answer.status_code == expected, after


async def test_each_service_says_that_it_is_ready_and_what_it_leans_on(founded: World) -> None:
    for service in founded.house["services"].values():
        answer = await founded.people.client.get(f"{service['base_url']}/readyz")
        assert answer.status_code == 200
        leans_on = ("database", "room", "broker", "migrations", "key_authority", "begun")
        loops = ("from-parties", "from-services", "relay", "scheduler", "currency", "log-chain")
        assert answer.json() == dict.fromkeys((*leans_on, *loops), True)
