"""What a service follows of the register of parties: of a party whose record is unreadable, nothing."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.contract.parties import Parties, PartyRecord
from shared.contract.record import Record
from shared.core.outcome import DeliveryStatus
from shared.messaging.house_records import HouseRecords
from shared.storage.party_replica import SUSPENDED, PartyReplica
from shared.telemetry.metrics import PARTY_RECORDS_UNREADABLE
from tests.conftest import FreshDatabase
from tests.support.events import party_record, with_header
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.transactions import house_records, rows, transaction_on

OTHER = "met-ggz"


class Register:
    """Hold the copy of one service, as records come in."""

    def __init__(self, house: HouseRecords) -> None:
        self.house = house

    async def takes(self, *records: Record) -> list[Record]:
        return await self.house.take(records)

    async def members(self) -> frozenset[str]:
        return (await self.read(self.house.parties)).members(machine_now())

    async def read(self, replica: PartyReplica) -> Parties:
        async with self.house.engine.connect() as connection:
            return await replica.refresh(connection)


@pytest.fixture
async def register(fresh_database: FreshDatabase) -> Register:
    return Register(house_records(transaction_on(await fresh_database(SERVICE), SERVICE)))


def venlo(sequence: int, **changes: object) -> Record:
    return party_record(s.venlo(**changes), sequence)


def other(sequence: int) -> Record:
    return party_record(s.venlo(party=OTHER), sequence)


UNREADABLE: dict[str, Callable[[Record], Record]] = {
    "a control character in an id of its cause": lambda r: with_header(r, "ce_causationid", b"a\tb"),
    "a type of a later version": lambda r: with_header(
        r, "ce_type", b"nl.veiligheidscasussen.party-recorded.v2"
    ),
    "another schema": lambda r: r._replace(value=b'{"party": "venlo"}'),
    "no JSON": lambda r: r._replace(value=b"\xff"),
    "no value": lambda r: r._replace(value=None),
    "another party's record": lambda r: r._replace(value=s.venlo(party=OTHER).model_dump_json().encode()),
    "what PostgreSQL does not take": lambda r: r._replace(
        value=(r.value or b"").replace(b'"name":"', b'"name":"\\u0000')
    ),
    "no header but its number": lambda r: r._replace(
        headers=tuple(h for h in r.headers if h[0] == "ce_sequence")
    ),
    "only its subject beside its number": lambda r: r._replace(
        headers=tuple(h for h in r.headers if h[0] in ("ce_subject", "ce_sequence")), key=None
    ),
}


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_a_party_whose_record_cannot_be_read_is_no_party_until_one_can(
    register: Register, change: Callable[[Record], Record]
) -> None:
    """Every other record of the batch is followed, before it and behind it."""
    await register.takes(venlo(1))
    counted = PARTY_RECORDS_UNREADABLE._value.get()
    assert await register.takes(other(2), change(venlo(3)), party_record(s.venlo(party="later"), 4)) == []
    assert await register.members() == {OTHER, "later"}
    assert register.house.parties.followed[s.VENLO].sequence == SUSPENDED
    assert PARTY_RECORDS_UNREADABLE._value.get() == counted + 1
    await register.takes(venlo(1))
    assert await register.members() == {OTHER, "later"}, "an older one does not end it"
    await register.takes(venlo(3))
    assert await register.members() == {OTHER, "later", s.VENLO}, "this one, when it can be read, does"


async def test_a_newer_record_ends_a_suspension_in_one_batch(register: Register) -> None:
    await register.takes(venlo(1), venlo(2)._replace(value=b"{}"), venlo(3, name="Anders"))
    assert (await register.read(PartyReplica())).records[s.VENLO].name == "Anders"


async def test_without_a_number_the_next_record_ends_a_suspension_and_the_last_one_does_not(
    register: Register,
) -> None:
    await register.takes(venlo(5), with_header(venlo(6), "ce_sequence", b"no number"))
    assert await register.members() == frozenset()
    await register.takes(venlo(5))
    assert await register.members() == frozenset()
    await register.takes(venlo(6))
    assert await register.members() == {s.VENLO}


@pytest.mark.parametrize("number", [b"9" * 20, b"-1", b"1_0", "¹".encode(), b""])
async def test_a_number_that_no_column_holds_costs_its_party_alone(register: Register, number: bytes) -> None:
    await register.takes(with_header(venlo(6), "ce_sequence", number), other(7))
    assert await register.members() == {OTHER}


async def test_an_old_record_that_cannot_be_read_suspends_nobody(register: Register) -> None:
    """Read again from the beginning, what was once unreadable has been followed by another (F17)."""
    await register.takes(venlo(4))
    await register.takes(venlo(3)._replace(value=b"{}"))
    assert await register.members() == {s.VENLO}


async def test_a_record_of_nobody_is_kept_with_an_alarm_and_the_rest_is_followed(
    register: Register, tmp_path: Path
) -> None:
    nobody = venlo(2)._replace(headers=(), key=b"\xff")
    assert await register.takes(venlo(1), nobody, other(3)) == [nobody]
    assert await register.members() == {s.VENLO, OTHER}
    read, dead = await House(tmp_path).receiver().receive([(nobody, None)], register.house.parties.known)
    engine = register.house.engine
    (outcome,) = await transaction_on(engine, SERVICE).run(read, dead)
    assert outcome.status is DeliveryStatus.QUARANTINED
    assert [(row.case_id, row.held) for row in await rows(engine, "cases")] == [("governance", True)]


async def test_nothing_is_accepted_from_a_suspended_party(register: Register, tmp_path: Path) -> None:
    house = House(tmp_path)
    await register.takes(party_record(house.party, 1), venlo(2)._replace(value=None))
    async with register.house.engine.connect() as connection:
        parties = await register.house.parties.refresh(connection)
    assert parties.get(s.VENLO) is None


async def test_copies_that_agree_have_one_number_and_one_digest(register: Register) -> None:
    """Whatever version wrote them: what one does not know has its default in the others."""
    await register.takes(venlo(1), other(2))
    await register.members()
    first = register.house.parties.followed
    older = json.loads(s.venlo().model_dump_json(exclude_defaults=True))
    async with register.house.engine.begin() as connection:
        await connection.execute(
            sa.text("UPDATE parties SET record = CAST(:record AS jsonb) WHERE party = :party"),
            {"record": json.dumps(older | {"of_a_later_version": 1}), "party": s.VENLO},
        )
    copy = PartyReplica()
    await register.read(copy)
    assert copy.followed == first
    assert first[s.VENLO].sequence == 1
    assert first[s.VENLO].digest != first[OTHER].digest
    assert PartyRecord.model_fields.keys() > older.keys()
