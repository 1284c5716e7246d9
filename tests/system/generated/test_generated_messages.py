"""Messages drawn from the published schemas: each has exactly one answer, and all goes on (R127, R129)."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.clock import machine_now
from shared.connector import Answer, from_house_file
from shared.contract.cloudevent import PLAIN_BODY, SEALED_BODY, Envelope, attributes, schema_uri, to_headers
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.registry import SERVICES, MessageType
from shared.crypto.jose import load_key, sign_and_encrypt
from shared.ids import new_id
from tests.story import cast
from tests.support.running import party_producer, produce
from tests.system.faults.load import ASKED, Scene
from tests.system.faults.rig import until
from tests.system.faults.sizes import SEED, size
from tests.system.generated.drawing import payloads
from tests.system.generated.known import ODDS, Known
from tests.system.generated.near import messages
from tests.system.generated.sound import check_sound

OF_EACH = size("MESSAGES", 8)  # type, that fit, and as many that nearly do
SENDERS = (cast.REFERRER, cast.POLICE, cast.MENTAL_HEALTH)
LIKELY = {"intake": (cast.REFERRER,), "triage": ASKED}  # whose cases these are, who was asked
LONGEST = 60.0  # seconds for sending
TIMES = (timedelta(), timedelta(days=-29), timedelta(days=-31), timedelta(minutes=4), timedelta(days=400))
BIGGEST = 48 * 1024  # bytes of data; sealed it stays below what our own sealing takes


@dataclass(frozen=True)
class Sent:
    """Hold where a message stands; `id` is what stands in its headers."""

    party: str
    id: str
    topic: str
    offset: int


async def test_each_message_drawn_from_the_schemas_has_one_answer_and_nothing_stops(
    scene: Scene, known: Known
) -> None:
    """In all services; some are repeated, some are of another time or about no case at all."""
    before, dice = scene.rig.house.running(), random.Random(SEED)  # noqa: S311 - seeded, not secret
    drawn = [(entry, known.filled(body, dice, dice.choice(ODDS))) for entry, body in payloads(OF_EACH, SEED)]
    drawn += messages(known, dice)
    dice.shuffle(drawn)
    sent = await asyncio.to_thread(send_all, scene, known, drawn, dice)
    assert len(sent) > len(drawn) / 2
    await until("an answer to each", lambda: all(answers(scene, sent).values()), within=180)
    await check_sound(scene, before)
    answered = answers(scene, sent)
    assert {id_: len(found) for id_, found in answered.items()} == dict.fromkeys(answered, 1)
    check_dead_letters(scene, answered, sent)
    names = Counter(getattr(one, "name", "accepted") for found in answered.values() for one in found.values())
    print(dict(names))
    assert names["accepted"] > 0, "none of them meant anything to a service"
    assert len(names) > 5, "they were all refused for the same reasons"


def send_all(
    scene: Scene, known: Known, drawn: list[tuple[MessageType, Any]], dice: random.Random
) -> list[Sent]:
    """Seal, sign and send them one after the other, each as some party, until the time is over."""
    producers = {party: party_producer(scene.env, party) for party in SENDERS}
    ends, sent = time.monotonic() + LONGEST, []
    for entry, payload in drawn:
        if time.monotonic() > ends:
            break
        party = dice.choice(LIKELY.get(entry.service, SENDERS) if dice.random() < 0.7 else SENDERS)
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        if len(data) > BIGGEST:
            continue
        envelope, body = sealed(scene, known, party, entry, data, dice)
        topic = f"zvh.{entry.service}.from.{party}"
        offset = produce(producers[party], topic, body, [*to_headers(envelope, SEALED_BODY)])
        sent.append(Sent(party, envelope.id, topic, offset))
    return sent


def sealed(
    scene: Scene, known: Known, party: str, entry: MessageType, data: bytes, dice: random.Random
) -> tuple[Envelope, bytes]:
    """Return a message as this party's connector would send it, but for what is odd in it."""
    own = from_house_file(scene.env, party)
    envelope = Envelope(
        id=new_id(),
        source=own.source,
        type=entry.type,
        time=machine_now() + dice.choice((*[timedelta()] * 12, *TIMES)),
        subject=dice.choice((known.one("case_id", dice),) * 6 + (None, new_id(), "geen-nummer")),
        dataschema=schema_uri(entry),
    )
    keys = scene.env["services"][entry.service]["public_keys"]["keys"]
    sealing = load_key(next(key for key in keys if key["use"] == "enc"))
    text = json.dumps({**attributes(envelope), "datacontenttype": PLAIN_BODY}).encode()
    signed = text[:-1] + b', "data": ' + data + b"}"
    return envelope, sign_and_encrypt(signed, signing=own.signing_key, sealing=sealing)


def answers(scene: Scene, sent: Sequence[Sent]) -> dict[str, dict[str, Answer]]:
    """Return what answers each message, under the id of the answer: one that came twice counts once."""
    by_place = {(one.topic, one.offset): one.id for one in sent}
    found: dict[str, dict[str, Answer]] = {one.id: {} for one in sent}
    for party in SENDERS:
        for incoming in list(scene.partner(party).received):
            answer = incoming.message
            if not isinstance(answer, MessageAccepted | MessageRefused):
                continue
            of = answer.message_id
            if isinstance(answer, MessageRefused) and answer.position is not None:
                of = by_place.get((answer.position.topic, answer.position.offset))
            if of in found:
                found[of][incoming.id] = answer
    return found


def check_dead_letters(
    scene: Scene, answered: Mapping[str, Mapping[str, Answer]], sent: Sequence[Sent]
) -> None:
    """Check that exactly those are dead whose refusal says that they could not be read."""
    unreadable = {
        (answer.position.topic, answer.position.offset)
        for found in answered.values()
        for answer in found.values()
        if isinstance(answer, MessageRefused) and answer.position is not None
    }
    topics = {one.topic for one in sent}
    letters = [letter.position for service in SERVICES for letter in scene.ledger.dead(service)]
    dead = Counter((at.topic, at.offset) for at in letters if at.topic in topics)
    assert dead == Counter(unreadable)
