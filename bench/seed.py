"""5,000 open queries in triage's own database, put there by triage's own decisions."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bench.load import Query
from services.triage import commands as c
from shared.actor import Actor, Command, Role
from shared.case_keys import CaseKeys
from shared.clock import machine_now
from shared.database import run
from shared.delivery import Delivery, Fate
from shared.ids import new_id
from shared.inbox import Slip
from shared.messages.intake import CaseTakenUp, ScreeningOutcome
from shared.parties import PartyRecord
from shared.sealing import CaseKey
from shared.transaction import Transaction
from shared.words import Person, PersonRole, Theme

DIRECTOR = "person-director"
AT_ONCE = 1000
TAKEN_UP_AT = datetime(2026, 2, 1, tzinfo=UTC)
_LETTERS_HAVE_LEFT = text("DELETE FROM outbox")


async def open_queries(
    transaction: Transaction[Any],
    case_keys: CaseKeys,
    records: Sequence[PartyRecord],
    queries: Sequence[Query],
) -> None:
    """Make the parties known, open the cases and issue the queries; their letters count as sent."""
    async with transaction.engine.begin() as connection:
        await transaction.parties.save(connection, [(1, record) for record in records])
    keys = await case_keys.get({query.case_id for query in queries})
    acts = _acts(queries, {case: key for case, key in keys.items() if isinstance(key, CaseKey)}, records)
    while some := list(islice(acts, AT_ONCE)):
        outcomes = await transaction.run(some)
        assert all(outcome.fate is Fate.ACCEPTED for outcome in outcomes), outcomes[0].refusal
    async with transaction.engine.begin() as connection:
        await run(connection, _LETTERS_HAVE_LEFT)


def _acts(
    queries: Sequence[Query], keys: dict[str, CaseKey], records: Sequence[PartyRecord]
) -> Iterator[Delivery]:
    for case_id, asked in groupby(queries, key=lambda query: query.case_id):
        mine, key = list(asked), keys[case_id]
        leading = next(r.party for r in records if r.party not in {query.party for query in mine})
        person = _person(key)
        opened = CaseTakenUp(
            referrer=leading,
            acting_body="college",
            task="Wmo 2015, art. 2.1.1",
            basis="AVG art. 6 lid 1 sub e",
            theme=Theme.COMPLEX_CASE,
            outcome=ScreeningOutcome.TAKEN_UP,
            director=DIRECTOR,
            persons=(person,),
            items=(),
            taken_up_at=TAKEN_UP_AT,
        )
        yield _delivery(case_id, c.OpenCase(by=Actor(Role.SERVICE, service="intake"), taken_up=opened))
        director = Actor(Role.PROCESS_DIRECTOR, person=DIRECTOR, on_behalf_of=leading)
        for query in mine:
            yield _delivery(case_id, _ask(query, director, person, key))


def _ask(query: Query, director: Actor, person: Person, key: CaseKey) -> c.IssueQuery:
    def sealed(what: str) -> str:
        return f"{what} of the query, as the director would word it."

    return c.IssueQuery(
        by=director,
        query_id=query.query_id,
        recipient=query.party,
        task="Wmo 2015, art. 2.1.1",
        purpose=key.seal(sealed("The purpose"), piece=new_id(), by="triage"),
        necessity=key.seal(sealed("The necessity"), piece=new_id(), by="triage"),
        question=key.seal(sealed("The question"), piece=new_id(), by="triage"),
        reason=key.seal(sealed("The reason"), piece=new_id(), by="triage"),
        reply_before=machine_now() + timedelta(days=30),
        persons=(person.person_id,),
    )


def _person(key: CaseKey) -> Person:
    return Person(
        person_id=str(UUID(int=3 << 96)),
        role=PersonRole.SUBJECT,
        name=key.seal("Somebody", piece=new_id(), by="intake"),
        date_of_birth=key.seal("1 January 1990", piece=new_id(), by="intake"),
    )


def _delivery(case_id: str, command: Command) -> Delivery:
    """All from one sender: what a person asked would be kept with its answer, one row at a time."""
    slip = Slip("service:bench", new_id(), b"", machine_now(), case_id)
    return Delivery(slip=slip, by=command.by, command=command, received_at=machine_now())
