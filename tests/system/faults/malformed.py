"""Send malformed messages, made of good ones, to all five services, and count what came of each."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaError, Message

from shared.contract.cloudevent import SEALED_BODY, Envelope, to_headers, to_json
from shared.contract.messages.governance import AuthorisationGranted
from shared.contract.messages.house import MessageRefused
from shared.contract.parties import Scope
from shared.contract.registry import SERVICES
from shared.crypto.jose import load_key, sign_and_encrypt
from shared.ids import new_id
from tests.story import cast
from tests.support.running import party_producer
from tests.system.faults.load import BODY, Scene
from tests.system.faults.partner import Partner
from tests.system.faults.rig import until

Headers = list[tuple[str, bytes | None]]
Record = tuple[bytes | None, Headers]
Mutation = Callable[["Good"], Record]
Position = tuple[str, int]  # topic and offset; these topics have one partition

SENDERS = (cast.POLICE, cast.MENTAL_HEALTH)
EVERY = 100  # of so many records one is in order
SMALL = {"batch.size": 65_536}  # bytes; the broker takes a batch of 128 KiB at most
AT_ONCE = 500  # records that are on their way to the broker
REQUIRED = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type")


class Good(NamedTuple):
    """Hold a valid message, of which malformed ones are made."""

    envelope: Envelope
    body: bytes
    seal: Callable[[bytes], bytes]
    dice: random.Random

    @property
    def headers(self) -> Headers:
        return [*to_headers(self.envelope, SEALED_BODY)]

    def noise(self, most: int) -> bytes:
        return self.dice.randbytes(self.dice.randrange(1, most))

    def one_header(self) -> int:
        return self.dice.randrange(len(self.headers))


def noise(good: Good) -> Record:
    return good.noise(2000), good.headers


def nothing(good: Good) -> Record:
    return None, good.headers


def cut_off(good: Good) -> Record:
    return good.body[: good.dice.randrange(len(good.body) - 1)], good.headers


def one_character_changed(good: Good) -> Record:
    """Change one in the middle of a segment: its last character has more than one spelling."""
    segments = good.body.split(b".")
    at = good.dice.choice([n for n, segment in enumerate(segments) if len(segment) > 8])
    where = good.dice.randrange(2, len(segments[at]) - 2)
    other = b"A" if segments[at][where : where + 1] != b"A" else b"B"
    segments[at] = segments[at][:where] + other + segments[at][where + 1 :]
    return b".".join(segments), good.headers


def noisy_headers(good: Good) -> Record:
    names = ("ce_id", "ce_type", "ce_time", "content-type", "x")
    return good.body, [(good.dice.choice(names), good.noise(50)) for _ in range(good.dice.randrange(8))]


def header_missing(good: Good) -> Record:
    gone = good.dice.choice(REQUIRED)
    return good.body, [header for header in good.headers if header[0] != gone]


def header_repeated(good: Good) -> Record:
    return good.body, [*good.headers, good.headers[good.one_header()]]


def header_null(good: Good) -> Record:
    at = good.one_header()
    return good.body, [(name, None if n == at else value) for n, (name, value) in enumerate(good.headers)]


def header_not_text(good: Good) -> Record:
    at = good.one_header()
    return good.body, [
        (name, b"\xff\xfe" if n == at else value) for n, (name, value) in enumerate(good.headers)
    ]


def header_changed(good: Good) -> Record:
    at = good.one_header()
    return good.body, [
        (name, (value or b"") + b"0" if n == at else value) for n, (name, value) in enumerate(good.headers)
    ]


def large(good: Good) -> Record:
    return good.dice.randbytes(good.dice.randrange(65_537, 110_000)), good.headers


def deep(good: Good) -> Record:
    return b"[" * good.dice.randrange(1, 20_000), good.headers


def sealed_noise(good: Good) -> Record:
    return good.seal(good.noise(300)), good.headers


def sealed_nonsense(good: Good) -> Record:
    data = good.dice.choice((b"{}", b"[]", b"null", b'{"authorisation_id":1}', b'{"scopes":[{}]}', b"1e999"))
    return good.seal(to_json(good.envelope, data)), good.headers


MUTATIONS: Sequence[Mutation] = (
    noise,
    nothing,
    cut_off,
    one_character_changed,
    noisy_headers,
    header_missing,
    header_repeated,
    header_null,
    header_not_text,
    header_changed,
    deep,
    sealed_noise,
    sealed_nonsense,
)
SELDOM: Sequence[Mutation] = (large,)


async def send_all_of_each(scene: Scene, count: int, dice: random.Random) -> set[Position]:
    """Let the senders send so many together; return their positions."""
    bad: set[Position] = set()
    for name in SENDERS:
        bad |= await send_all(scene, scene.partner(name), count // len(SENDERS), dice)
    return bad


async def send_all(scene: Scene, partner: Partner, count: int, dice: random.Random) -> set[Position]:
    """Send to the five services in turn, some valid and most not; return the positions of the latter."""
    good, producer = (
        await a_good_message(scene, partner, dice),
        party_producer(scene.env, partner.id, **SMALL),
    )
    bad: set[Position] = set()

    def stands(error: KafkaError | None, record: Message) -> None:
        assert error is None
        bad.add((record.topic() or "", record.offset() or 0))

    for n in range(count):
        if n % EVERY == 0:
            await partner.send(grant(partner.id))
            continue
        mutation = dice.choice(SELDOM if n % 100 == 50 else MUTATIONS)
        value, headers = mutation(good)
        topic = f"zvh.{dice.choice(SERVICES)}.from.{partner.id}"
        producer.produce(topic, value=value, key=b"x", headers=headers, on_delivery=stands)  # type: ignore[arg-type]
        if n % AT_ONCE == 0:
            await asyncio.to_thread(producer.flush, 60)
    await asyncio.to_thread(producer.flush, 60)
    assert len(bad) == count - len(range(0, count, EVERY))
    return bad


def grant(party: str) -> AuthorisationGranted:
    return AuthorisationGranted(authorisation_id=new_id(), acting_body=BODY[party], scopes=(Scope.SCREENING,))


async def a_good_message(scene: Scene, partner: Partner, dice: random.Random) -> Good:
    """Return one to governance; it is never sent as it is."""
    envelope, body, _ = await partner.connector.seal(grant(partner.id))
    keys = scene.env["services"]["governance"]["public_keys"]["keys"]
    sealing = load_key(next(key for key in keys if key["use"] == "enc"))
    signing = load_key(scene.env["parties"][partner.id]["signing_key"])
    return Good(envelope, body, lambda text: sign_and_encrypt(text, signing=signing, sealing=sealing), dice)


def dead(scene: Scene) -> Counter[Position]:
    """Count the dead letters about each record."""
    letters = [letter for service in SERVICES for letter in scene.ledger.dead(service)]
    return Counter((letter.position.topic, letter.position.offset) for letter in letters)


def refused(scene: Scene) -> Counter[Position]:
    """Count the refusals that its sender received of each."""
    refusals = [m for name in SENDERS for m in scene.partner(name).of(MessageRefused)]
    return Counter((m.position.topic, m.position.offset) for m in refusals if m.position is not None)


async def each_came_to_one(scene: Scene, bad: set[Position]) -> None:
    """Wait for one dead letter about each of these records, and one refusal of it to its sender."""
    await until("a dead letter for each", lambda: not bad - dead(scene).keys(), within=240)
    await until("a refusal of each", lambda: not bad - refused(scene).keys(), within=120)
    found, told = dead(scene), refused(scene)
    assert {position: (found[position], told[position]) for position in bad} == dict.fromkeys(bad, (1, 1))
