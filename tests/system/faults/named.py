"""Inject the named faults, one after the other, into whatever goes on: a load of cases, or the story.

Those of the house happen to both. Those that parties take part in would be seen in the story, which counts
what each party is sent: they happen to a load alone.
"""

import asyncio
import random
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from confluent_kafka import Producer

from deploy.local.environment import admin_connection
from deploy.local.house import KAFKA, POSTGRES
from deploy.local.postgres import Database
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.messages.intake import ConsultationConfirmed
from shared.contract.messages.triage import QueryIssued
from shared.contract.registry import SERVICES
from shared.ids import keyed_hash, new_id
from shared.messaging.relay import LEASE
from shared.runtime import quarantine
from shared.runtime.settings import read_secret
from tests.story import cast
from tests.story.left import rows_of
from tests.support.databases import engine_of
from tests.support.running import produce
from tests.system.faults.again import kind, lose_offsets, replay, replayable
from tests.system.faults.broker import TO_WRITE_DEAD_LETTERS, Broker
from tests.system.faults.disk import small_disk, why_no_disk
from tests.system.faults.ledger import Ledger, Tape
from tests.system.faults.load import Scene, ask, referred, taken_up
from tests.system.faults.malformed import each_came_to_one, send_all_of_each
from tests.system.faults.partner import ANSWERED_WITHIN
from tests.system.faults.rig import Rig, until
from tests.system.faults.sizes import SEED
from tests.system.faults.test_odd_records import dated_1999_is_accepted, unknown_codec_is_refused
from tests.system.flows.test_quarantine import damage, held

Fault = Callable[[Rig], Awaitable[None]]
A_WHILE = 3.0  # seconds
POISONED = 200  # records
UNREADABLE = 5  # events
SESSION_IS_OVER = 8.0  # seconds; its partitions have moved, or wait for it


def killed_at(point: str) -> Fault:
    async def fault(rig: Rig) -> None:
        await rig.reached_by_any(point)
        await asyncio.sleep(A_WHILE / 10)
        await rig.whole()

    return fault


async def the_reply_of_the_broker_is_lost(rig: Rig) -> None:
    await rig.reached_by_any("produce-reply", lose=True)


def frozen_at(point: str, seconds: float) -> Fault:
    async def fault(rig: Rig) -> None:
        frozen = await rig.reached_by_any(point, kill=False)
        await asyncio.sleep(seconds)
        for service in frozen:
            await asyncio.to_thread(rig.house.thaw, service)

    return fault


async def no_dead_letter_can_be_written(rig: Rig) -> None:
    """Deny intake its dead-letter topic, while unreadable records go on coming."""
    broker = Broker(rig.house.env)
    await asyncio.to_thread(broker.take_right, TO_WRITE_DEAD_LETTERS)
    await asyncio.sleep(2 * A_WHILE)
    await asyncio.to_thread(broker.give_right, TO_WRITE_DEAD_LETTERS)


async def a_second_one_dies_in_mid_batch(rig: Rig) -> None:
    """Start a second process of each service, and kill one: the other gets its partitions."""
    async with rig.beside(*SERVICES):
        await killed_at("read")(rig)


def killed(name: str) -> Fault:
    async def fault(rig: Rig) -> None:
        await rig.kill(name)
        await asyncio.sleep(A_WHILE)
        await rig.start(name)

    return fault


def frozen(name: str, seconds: float) -> Fault:
    async def fault(rig: Rig) -> None:
        await asyncio.to_thread(rig.house.freeze, name)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(rig.house.thaw, name)

    return fault


async def everything_comes_again(rig: Rig) -> None:
    """Replay what stands on the topics by now, three times, in another order each time."""
    tape = Tape(rig.house.env)
    try:
        await asyncio.sleep(A_WHILE)
        records = await replayable(Ledger(tape, rig.house.env))
        assert {kind(record) for record in records} == {"from", "events", "parties"}
        await replay(rig.house.env, records, 3)
    finally:
        await asyncio.to_thread(tape.stop)


async def services_are_poisoned(rig: Rig) -> None:
    """Write to an events topic with intake's login what the other four cannot read, each about another case.

    Each of them holds these cases until an operator discards what it cannot read.
    """
    topic, dice = "zvh.intake.events", random.Random(SEED)  # noqa: S311 - seeded, not secret
    producer = Producer(admin_connection(rig.house.env).for_librdkafka())
    cases = {new_id() for _ in range(UNREADABLE)}
    for case in cases:
        await asyncio.to_thread(produce, producer, topic, dice.randbytes(100), [("ce_id", None)], case)
    for service in SERVICES:
        if service != "intake":
            await held_and_discarded(rig, service, cases)


async def held_and_discarded(rig: Rig, service: str, cases: set[str]) -> None:
    """Wait until a service holds these cases, and discard what it holds each of them for."""
    engine = engine_of(Database(**rig.house.env["admin"]["databases"][service]))
    root_key = urlsafe_b64decode(read_secret(rig.house.layout.secrets(service).root_key_file) + "==")
    key = keyed_hash(root_key, "marker")

    async def holds_each() -> bool:
        return cases <= (await quarantine.held_cases(engine)).keys()

    try:
        await until(f"{service} to hold each case", holds_each)
        for case in cases:
            assert await quarantine.discard_first(engine, key, case)
            await quarantine.let_go(engine, key, case)
    finally:
        await engine.dispose()


async def an_unknown_codec(rig: Rig) -> None:
    await unknown_codec_is_refused(rig.house.env)


def full_disk(server: str) -> Fault:
    async def fault(rig: Rig) -> None:
        if why := await asyncio.to_thread(why_no_disk, rig.house, rig.points / "scratch"):
            print(f"left out: {why}")
            return
        small = small_disk(rig, server)
        disk = await asyncio.to_thread(small.__enter__)
        try:
            await asyncio.to_thread(disk.fill)
            await asyncio.sleep(2 * A_WHILE)
            await asyncio.to_thread(disk.make_room)
            if server not in rig.house.running():
                await rig.start(server)
            await asyncio.sleep(A_WHILE)
        finally:
            await asyncio.to_thread(small.__exit__, None, None, None)

    return fault


async def all_offsets_are_lost(rig: Rig) -> None:
    await lose_offsets(rig, Broker(rig.house.env))
    await rig.start(*SERVICES)


OF_THE_HOUSE: dict[str, Fault] = {
    "F1 killed between commit and publish": killed_at("committed"),
    "F2 killed between publish and deleting the row": killed_at("published"),
    "F3 killed before commit": killed_at("written"),
    "F3 killed before acknowledging": killed_at("acknowledging"),
    "F4 the reply of the broker is lost": the_reply_of_the_broker_is_lost,
    "F5 broker killed": killed(KAFKA),
    "F6 frozen in mid-batch": frozen_at("read", SESSION_IS_OVER),
    "F6 one of two killed in mid-batch": a_second_one_dies_in_mid_batch,
    "F7 everything comes again": everything_comes_again,
    "F8 database killed": killed(POSTGRES),
    "F8 database frozen": frozen(POSTGRES, 10),
    "F10 services are poisoned": services_are_poisoned,
    "F11 dead letters cannot be written": no_dead_letter_can_be_written,
    "F16 key authority killed": killed("retention"),
    "F17 all offsets are lost": all_offsets_are_lost,
    "F19 relay frozen in mid-batch": frozen_at("prepared", LEASE + A_WHILE),
    "F22 an unknown codec": an_unknown_codec,
    "F5 broker frozen": frozen(KAFKA, 30),
}


async def poison(scene: Scene) -> None:
    dice = random.Random(SEED)  # noqa: S311 - seeded, not secret
    await each_came_to_one(scene, await send_all_of_each(scene, POISONED, dice))


async def a_record_of_1999(scene: Scene) -> None:
    await dated_1999_is_accepted(scene, "zstd")


async def a_topic_is_gone(scene: Scene) -> None:
    """Delete for a while the inbox of a party that is asked something meanwhile."""
    broker, party = Broker(scene.env), scene.partner(cast.PROBATION)
    case = await taken_up(scene)
    await asyncio.to_thread(broker.remove_inbox, party.id)
    await ask(scene, case, party.id)
    await asyncio.sleep(A_WHILE)
    assert not party.of(QueryIssued, case.id)
    await asyncio.to_thread(broker.make_inbox, party.id)
    await party.gets(QueryIssued, case.id)


async def a_partner_does_not_read(scene: Scene) -> None:
    """Let the program of a party stop in the middle of a message, while it is asked something more."""
    party = scene.partner(cast.PROBATION)
    cases = [await taken_up(scene) for _ in range(2)]
    async with party.stuck():
        for case in cases:
            await ask(scene, case, party.id)
        await asyncio.sleep(A_WHILE)
        assert not any(party.of(QueryIssued, case.id) for case in cases)
    for case in cases:
        await party.gets(QueryIssued, case.id)


async def a_decision_fails(scene: Scene) -> None:
    """Damage the row of one case, then mend it, and let an operator release the case."""
    case, house = await referred(scene), scene.rig.house
    referrer = scene.partner(case.referrer)
    await asyncio.to_thread(damage, house, case.id, "json_build_object('was', state)")
    messages = [await referrer.send(ConsultationConfirmed(), case=case.id) for _ in range(2)]
    await until("both to be kept", lambda: rows_of(scene.env, "held")["intake"] >= 2)
    assert set(messages) <= set(scene.ledger.lost())
    await asyncio.to_thread(damage, house, case.id, "state -> 'was'")
    assert await held(house, "--retry", case.id) == ["handled 2; free again"]
    answers = [await referrer.connector.answer(message, within=ANSWERED_WITHIN) for message in messages]
    assert [type(answer) for answer in answers] == [MessageAccepted, MessageRefused]


OF_A_LOAD: dict[str, Callable[[Scene], Awaitable[None]]] = {
    "F12 no room under the database": lambda scene: full_disk(POSTGRES)(scene.rig),
    "F12 no room under the broker": lambda scene: full_disk(KAFKA)(scene.rig),
    "F9 a partner does not read": a_partner_does_not_read,
    "F10 poison": poison,
    "F22 a record of 1999": a_record_of_1999,
    "F24 a topic is gone": a_topic_is_gone,
    "F25 a decision fails": a_decision_fails,
}

Acts = Mapping[str, Callable[[], Awaitable[None]]]


def to_the_house(rig: Rig) -> Acts:
    return {name: partial(fault, rig) for name, fault in OF_THE_HOUSE.items()}


def to_the_load(scene: Scene) -> Acts:
    own: Acts = {name: partial(fault, scene) for name, fault in OF_A_LOAD.items()}
    return {**to_the_house(scene.rig), **own}


async def each_once(faults: Acts, happened: list[str]) -> None:
    """Inject each in this order; `happened` tells how far it came."""
    for name, fault in faults.items():
        await fault()
        happened.append(name)
        await asyncio.sleep(A_WHILE)
