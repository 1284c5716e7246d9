"""Governance on a real PostgreSQL: one message one effect, one membership per party, nothing of a case."""

import asyncio

import sqlalchemy as sa
from pydantic import TypeAdapter

from services.governance import commands as c
from services.governance.handlers import membership_id
from services.governance.main import SERVICE
from services.governance.republishing import publish_anew
from services.governance.state import State
from services.governance.store import memberships
from shared.contract.parties import Parties, PartyKind, PartyRecord
from shared.core.outcome import DeliveryStatus
from shared.storage.cases import CaseTable
from shared.storage.party_replica import PartyReplica
from tests.conftest import FreshDatabase
from tests.support.samples import governance as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on

KEY = b"k" * 32
VENLO, POLICE = membership_id(KEY, s.VENLO), membership_id(KEY, s.POLICE)
TABLE = CaseTable(State(), TypeAdapter(State))
DAMAGE = sa.text(
    'UPDATE cases SET state = \'{"phase": 1, "record": {"party": "gemeente-venlo"}}\' WHERE case_id = :id'
)
DAMAGED_PARTY = sa.text("UPDATE parties SET record = '[]' WHERE party = :party")


async def test_the_same_message_twice_has_one_effect(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    transaction = transaction_on(engine, SERVICE)
    await transaction.run([delivery(VENLO, s.record_signatory(), at=NOW)])
    grant = delivery(VENLO, s.grant(), at=NOW)
    fates = [o.status for o in await transaction.run([grant, grant])]
    fates += [o.status for o in await transaction.run([grant])]
    assert fates == [DeliveryStatus.ACCEPTED, DeliveryStatus.REPEATED, DeliveryStatus.REPEATED]
    records = await rows(engine, "outbox", "topic = 'zvh.governance.parties'")
    assert [row.key for row in records] == [s.VENLO, s.VENLO]
    assert len(PartyRecord.model_validate_json(records[-1].body).authorisations) == 1


async def test_ten_secretaries_at_once_make_one_party(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    transactions = [transaction_on(engine, SERVICE) for _ in range(10)]
    results = await asyncio.gather(
        *(
            t.run([delivery(VENLO, s.record_signatory(), at=NOW, sender=f"person:{n}")])
            for n, t in enumerate(transactions)
        )
    )
    assert sorted(r[0].status for r in results) == [DeliveryStatus.ACCEPTED] + [DeliveryStatus.REFUSED] * 9
    assert [row.phase for row in await rows(engine, "cases")] == ["member"]


async def test_a_purged_case_leaves_no_row_and_every_membership_stands(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    transaction = transaction_on(engine, SERVICE)
    await transaction.run([delivery(VENLO, s.record_signatory(), at=NOW)])
    purge = c.PurgeCase(by=s.BY_RETENTION, case_id=s.CASE)
    fates = [(await transaction.run([delivery(s.CASE, purge, at=NOW)]))[0].status for _ in range(2)]
    assert fates == [DeliveryStatus.ACCEPTED, DeliveryStatus.ACCEPTED]
    for table in ("cases", "journal", "inbox", "outbox"):
        assert await rows(engine, table, "case_id = :id", id=s.CASE) == [], table
    purged = await rows(engine, "outbox", "type LIKE '%case-purged%'")
    assert [row.topic for row in purged] == ["zvh.governance.events"] * 2
    assert [row.case_id for row in await rows(engine, "cases")] == [VENLO]


async def test_the_register_lists_everybody_who_is_or_was_a_party_by_name(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    transaction = transaction_on(engine, SERVICE)
    police = s.record_signatory(party=s.POLICE, form=s.form(name="Politie Eenheid Limburg"))
    batch = [delivery(POLICE, police, at=NOW), delivery(VENLO, s.record_signatory(), at=NOW)]
    ending = (s.propose_end(), s.end())
    await transaction.run([*batch, *(delivery(POLICE, one, at=NOW) for one in ending)])
    async with engine.connect() as connection:
        states, after = await memberships(connection, TABLE, after="", most=10)
    assert after is None
    assert [(x.record and x.record.party, x.phase) for x in states] == [
        (s.VENLO, "member"),
        (s.POLICE, "ended"),
    ]


async def test_a_membership_held_for_a_fault_is_not_read(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    transaction = transaction_on(engine, SERVICE)
    await transaction.run([delivery(VENLO, s.record_signatory(), at=NOW)])
    broken = c.GrantAuthorisation(by=s.by_party(), party=s.VENLO, grant=None)  # type: ignore[arg-type]
    (outcome,) = await transaction.run([delivery(VENLO, broken, at=NOW, record=b"kept")])
    assert outcome.status is DeliveryStatus.QUARANTINED
    async with engine.connect() as connection:
        assert await memberships(connection, TABLE, after="", most=10) == ([], None)


async def test_a_membership_that_does_not_load_hides_no_other(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    transaction = transaction_on(engine, SERVICE)
    police = s.record_signatory(party=s.POLICE, form=s.form(name="Politie Eenheid Limburg"))
    await transaction.run([delivery(POLICE, police, at=NOW), delivery(VENLO, s.record_signatory(), at=NOW)])
    async with engine.begin() as connection:
        await connection.execute(DAMAGE, {"id": VENLO})
    async with engine.connect() as connection:
        assert await memberships(connection, TABLE, after="", most=1) == ([], s.VENLO), "and a page goes on"
        (state,), _ = await memberships(connection, TABLE, after="", most=10)
    assert state.record is not None
    assert state.record.party == s.POLICE


async def test_a_damaged_row_of_the_copy_makes_nobody_a_party_and_takes_nobody_else_along(
    fresh_database: FreshDatabase,
) -> None:
    engine, copy = await fresh_database(SERVICE), PartyReplica()
    parties = (s.POLICE, s.VENLO)
    records = {party: PartyRecord(party=party, name="A", kind=PartyKind.OTHER) for party in parties}
    await know(engine, Parties(records))
    async with engine.begin() as connection:
        await connection.execute(DAMAGED_PARTY, {"party": s.VENLO})
        known = await copy.lock(connection)
        assert (known.get(s.VENLO), known.get(s.POLICE)) == (None, records[s.POLICE])
        await copy.save(connection, [(2, records[s.VENLO])])
        assert (await copy.refresh(connection)).get(s.VENLO) == records[s.VENLO]


async def test_an_end_takes_back_what_was_not_yet_sent_to_the_party_r115(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    transaction = transaction_on(engine, SERVICE)
    await transaction.run([delivery(VENLO, s.record_signatory(), at=NOW)])
    await transaction.run([delivery(VENLO, one, at=NOW) for one in (s.propose_end(), s.end())])
    letters = await rows(engine, "outbox", "recipient = :party", party=s.VENLO)
    assert len(letters) == 1
    assert '"reason":"exclusion"' in letters[0].body


async def test_an_operator_publishes_every_record_anew_as_it_is_now_r115(
    fresh_database: FreshDatabase,
) -> None:
    """Also of who is no party any more: that may be what a copy could not read."""
    engine = await fresh_database(SERVICE)
    transaction = transaction_on(engine, SERVICE)
    police = s.record_signatory(party=s.POLICE, form=s.form(name="Politie Eenheid Limburg"))
    await transaction.run([delivery(VENLO, s.record_signatory(), at=NOW), delivery(POLICE, police, at=NOW)])
    ending = [delivery(POLICE, one, at=NOW) for one in (s.propose_end(), s.end())]
    await transaction.run([delivery(VENLO, s.grant(), at=NOW), *ending])
    before = await rows(engine, "outbox", "topic = 'zvh.governance.parties' ORDER BY id")
    accepted = DeliveryStatus.ACCEPTED
    assert await publish_anew(transaction, KEY) == {s.VENLO: accepted, s.POLICE: accepted}
    assert await publish_anew(transaction, KEY, s.VENLO) == {s.VENLO: accepted}
    again = (await rows(engine, "outbox", "topic = 'zvh.governance.parties' ORDER BY id"))[len(before) :]
    assert [row.key for row in again] == [s.VENLO, s.POLICE, s.VENLO]
    last = {row.key: row.body for row in before}
    assert {row.key: row.body for row in again} == last
    assert await rows(engine, "journal", "what = 'RecordPublishedAnew' AND role = 'operator'") != []
    assert await publish_anew(transaction, KEY, "no-party") == {"no-party": DeliveryStatus.REFUSED}
