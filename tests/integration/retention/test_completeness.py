"""A destruction is complete when every key that could open an old record is gone; on real keys."""

from datetime import datetime, timedelta
from pathlib import Path

from aiokafka import AIOKafkaProducer

from services.retention import commands as c
from services.retention import store
from services.retention.key_authority import KeyAuthority
from services.retention.key_store import KeyStore
from services.retention.main import SERVICE
from services.retention.state import MUST_CONFIRM
from services.retention.store import Records
from shared.clock import Clock
from shared.contract.messages.house import HouseKeysDestroyed
from shared.contract.registry import SERVICES, of_model
from shared.contract.topics import Topics
from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.codec import SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.handling.outgoing import OutgoingMessages
from shared.messaging.relay import Relay
from shared.runtime.key_rotation import KeyRotation
from shared.storage import ticks
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.integration.retention.test_store import close, database, fire, tell
from tests.support.broker import relay_without_broker
from tests.support.leaving import gate_of
from tests.support.receiving import House
from tests.support.samples import retention as s
from tests.support.spec import NOW
from tests.support.transactions import rows, transaction_on

ROOT = b"r" * 32
DAY = timedelta(days=1)
YEAR_AND_A_MONTH = timedelta(days=396)
PLACE = s.number(99)  # beside the cases, where retention notes which keys of a service are gone


class Machine:
    """A machine clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def house_keys(directory: Path, machine: Machine) -> dict[str, HouseKeys]:
    """The house keys of all five, each in a directory of its own."""
    return {service: HouseKeys(directory / service, ROOT, machine) for service in SERVICES}


async def test_complete_is_never_said_while_a_key_of_then_is_on_disk_and_said_when_all_are_gone(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """R105: day by day, on real keys, with the services turning their keys at hours of their own."""
    machine, directory = Machine(), tmp_path / "house"
    keys = house_keys(directory, machine)
    authority = KeyAuthority().use(
        KeyStore(tmp_path / "cases", ROOT, "test"), Clock(), timedelta(days=30), keys["retention"]
    )
    records = Records(authority.house_keys)
    engine, transaction = await database(fresh_database)
    await turn_for(3, machine, keys)
    await tell(transaction, close())
    await fire(engine, transaction, authority, NOW + s.TERM)
    await tell(
        transaction,
        *(
            c.ConfirmPurge(by=s.by_service(name), house_keys=keys[name].available_kids)
            for name in MUST_CONFIRM
        ),
    )
    await fire(engine, transaction, authority, NOW + s.TERM)
    of_then = {file for file in directory.glob("*/*.key") if file.stem in kids(keys)}
    assert len(of_then) == 5 * 4
    seen = set()
    for _ in range(12):
        await turn_for(1, machine, keys)
        for name in MUST_CONFIRM:
            gone = c.RecordHouseKeysDestroyed(by=s.by_service(name), house_keys=keys[name].destroyed_kids)
            await tell(transaction, gone, case_id=PLACE)
        async with engine.begin() as connection:
            await records.prune(connection)
            proof_ids = [row.proof_id for row in await rows(engine, "proofs")]
            waiting = bool(await store.waiting_for_keys(connection, proof_ids))
        assert waiting == any(file.exists() for file in of_then)
        seen.add(waiting)
    assert seen == {True, False}


async def turn_for(days: int, machine: Machine, keys: dict[str, HouseKeys]) -> None:
    for _ in range(days):
        machine.now += DAY
        for one in keys.values():
            one.rotate()


def kids(keys: dict[str, HouseKeys]) -> set[str]:
    return {kid for one in keys.values() for kid in one.available_kids}


async def test_retention_that_is_not_told_its_own_keys_says_of_none_that_it_is_gone_r105(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """R105."""
    authority = KeyAuthority().use(KeyStore(tmp_path, ROOT, "test"), Clock(), timedelta(days=30))
    engine, transaction = await database(fresh_database)
    await tell(transaction, close())
    await fire(engine, transaction, authority, NOW + s.TERM)
    await tell(transaction, *(c.ConfirmPurge(by=s.by_service(n), house_keys=("kid",)) for n in MUST_CONFIRM))
    await fire(engine, transaction, authority, NOW + s.TERM)
    for held in ((), ("another",)):
        async with engine.begin() as connection:
            await Records(lambda held=held: held).prune(connection)  # type: ignore[misc]
    own = await rows(engine, "awaited_keys", "service = 'retention'")
    assert [row.kid for row in own] == ["unknown"]


async def test_a_service_says_which_keys_are_gone_at_every_start_and_when_another_goes(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """The whole list each time, so that nothing depends on one message."""
    engine = await fresh_database(SERVICE)
    machine = Machine()
    producer = AIOKafkaProducer()

    def started() -> KeyRotation:
        keys = HouseKeys(tmp_path / "house", ROOT, machine)
        authority = KeyAuthority()
        relay = Relay(
            engine,
            producer,
            PartyReplica(),
            CaseKeyClient(authority, "test"),
            SignedAndSealed(keys),
            "urn:test",
            gate_of(transaction_on(engine, SERVICE)),
            (),
        )
        return KeyRotation(engine, OutgoingMessages("retention", Topics()), keys, relay, Clock())

    rotation = started()
    for _ in range(9):
        await rotation.turn()
        machine.now += DAY
    assert await rows(engine, "outbox") == []
    await rotation.turn()
    await rotation.turn()
    await started().turn()
    machine.now += DAY
    await rotation.turn()
    said = await rows(engine, "outbox", "true ORDER BY id")
    assert {(row.topic, row.type, row.case_id, row.subject) for row in said} == {
        ("zvh.retention.events", of_model(HouseKeysDestroyed).type, None, None)
    }
    lists = [HouseKeysDestroyed.model_validate_json(row.body).house_keys for row in said]
    assert [len(one) for one in lists] == [1, 1, 2]
    assert lists[0] == lists[1]
    assert set(lists[1]) < set(lists[2])
    await producer.stop()


async def test_while_time_has_leapt_no_house_key_is_replaced_or_destroyed_f13(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    """Neither by a start nor by a turn; a message that is unread would open for nobody."""
    engine, machine = await fresh_database(SERVICE), Machine()
    keys, relay = (
        HouseKeys(tmp_path / "house", ROOT, machine),
        relay_without_broker(engine, House(tmp_path / "relay")),
    )
    machine.now += DAY
    keys.rotate()
    there = keys.available_kids
    assert len(there) == 2
    async with engine.begin() as connection:
        await ticks.save(connection, Clock().now() - YEAR_AND_A_MONTH)
    machine.now += YEAR_AND_A_MONTH
    again = HouseKeys(tmp_path / "house", ROOT, machine)
    rotation = KeyRotation(engine, OutgoingMessages("retention", Topics()), again, relay, Clock())
    await rotation.turn()
    assert again.available_kids == there
    async with engine.begin() as connection:
        await ticks.confirm(connection)
    await rotation.turn()
    assert len(set(again.available_kids) & set(there)) == 1, "the one that was replaced a year ago is gone"
    await relay.producer.stop()
