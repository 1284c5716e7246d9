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
from shared.content import Ref, Sealed
from shared.database import run
from shared.delivery import Delivery, Fate
from shared.ids import new_id
from shared.inbox import Slip
from shared.messages.intake import CaseTakenUp, ScreeningOutcome
from shared.parties import PartyRecord
from shared.sealing import CaseKey, reference
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
        pieces: list[Sealed] = []
        person = _person(key, pieces)
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
        opening = c.OpenCase(by=Actor(Role.SERVICE, service="intake"), taken_up=opened)
        yield _delivery(case_id, opening, pieces)
        director = Actor(Role.PROCESS_DIRECTOR, person=DIRECTOR, on_behalf_of=leading)
        for query in mine:
            said: list[Sealed] = []
            yield _delivery(case_id, _ask(query, director, person, key, said), said)


def _ask(query: Query, director: Actor, person: Person, key: CaseKey, pieces: list[Sealed]) -> c.IssueQuery:
    def text(what: str) -> Ref:
        return _text(key, f"{what} of the query, as the director would word it.", "triage", pieces)

    return c.IssueQuery(
        by=director,
        query_id=query.query_id,
        recipient=query.party,
        task="Wmo 2015, art. 2.1.1",
        purpose=text("The purpose"),
        necessity=text("The necessity"),
        question=text("The question"),
        reason=text("The reason"),
        reply_before=machine_now() + timedelta(days=30),
        persons=(person.person_id,),
    )


def _text(key: CaseKey, text: str, by: str, pieces: list[Sealed]) -> Ref:
    piece = key.seal(text, piece=new_id(), by=by)
    pieces.append(piece)
    return reference(piece)


def _person(key: CaseKey, pieces: list[Sealed]) -> Person:
    return Person(
        person_id=str(UUID(int=3 << 96)),
        role=PersonRole.SUBJECT,
        name=_text(key, "Somebody", "intake", pieces),
        date_of_birth=_text(key, "1 January 1990", "intake", pieces),
    )


def _delivery(case_id: str, command: Command, pieces: Sequence[Sealed]) -> Delivery:
    """All from one sender: what a person asked would be kept with its answer, one row at a time."""
    slip = Slip("service:bench", new_id(), b"", machine_now(), case_id)
    return Delivery(
        slip=slip, by=command.by, command=command, pieces=tuple(pieces), received_at=machine_now()
    )
