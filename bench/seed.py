"""Put 5,000 open queries in triage's own database, by triage's own decisions."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from sqlalchemy import text

from bench.load import Query
from services.triage import commands as c
from shared.clock import machine_now
from shared.contract.content import SealedText, TextRef
from shared.contract.fields import Person, PersonRole, Theme
from shared.contract.messages.intake import CaseTakenUp, ScreeningOutcome
from shared.contract.parties import PartyRecord
from shared.core.actor import Actor, Command, Role
from shared.core.outcome import DeliveryStatus
from shared.crypto.case_cipher import CaseKey, reference
from shared.crypto.case_key_client import CaseKeyClient
from shared.handling.delivery import Delivery, FromService
from shared.handling.transaction import Transaction
from shared.ids import new_id
from shared.storage.database import run
from shared.storage.inbox import InboxEntry

DIRECTOR = "person-director"
AT_ONCE = 1000
TAKEN_UP_AT = datetime(2026, 2, 1, tzinfo=UTC)
_LETTERS_HAVE_LEFT = text("DELETE FROM outbox")


async def open_queries(
    transaction: Transaction[Any],
    case_keys: CaseKeyClient,
    records: Sequence[PartyRecord],
    queries: Sequence[Query],
) -> None:
    """Make the parties known, open the cases and issue the queries; their messages count as sent."""
    async with transaction.engine.begin() as connection:
        await transaction.parties.save(connection, [(1, record) for record in records])
    keys = await case_keys.get({query.case_id for query in queries})
    acts = _acts(queries, {case: key for case, key in keys.items() if isinstance(key, CaseKey)}, records)
    while some := list(islice(acts, AT_ONCE)):
        outcomes = await transaction.run(some)
        assert all(outcome.status is DeliveryStatus.ACCEPTED for outcome in outcomes), outcomes[0].refusal
    async with transaction.engine.begin() as connection:
        await run(connection, _LETTERS_HAVE_LEFT)


def _acts(
    queries: Sequence[Query], keys: dict[str, CaseKey], records: Sequence[PartyRecord]
) -> Iterator[Delivery]:
    for case_id, asked in groupby(queries, key=lambda query: query.case_id):
        mine, key = list(asked), keys[case_id]
        leading = next(r.party for r in records if r.party not in {query.party for query in mine})
        pieces: list[SealedText] = []
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
            said: list[SealedText] = []
            yield _delivery(case_id, _ask(query, director, person, key, said), said)


def _ask(
    query: Query, director: Actor, person: Person, key: CaseKey, pieces: list[SealedText]
) -> c.IssueQuery:
    def text(what: str) -> TextRef:
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
        referrer_estimate=text("The referrer's estimate"),
        reply_before=machine_now() + timedelta(days=30),
        persons=(person.person_id,),
    )


def _text(key: CaseKey, text: str, by: str, pieces: list[SealedText]) -> TextRef:
    piece = key.encrypt(text, piece=new_id(), by=by)
    pieces.append(piece)
    return reference(piece)


def _person(key: CaseKey, pieces: list[SealedText]) -> Person:
    return Person(
        person_id=str(UUID(int=3 << 96)),
        role=PersonRole.SUBJECT,
        name=_text(key, "Somebody", "intake", pieces),
        date_of_birth=_text(key, "1 January 1990", "intake", pieces),
    )


def _delivery(case_id: str, command: Command, pieces: Sequence[SealedText]) -> Delivery:
    """Make a delivery from one sender: a person's answers would be stored one row at a time."""
    return Delivery(
        entry=InboxEntry("service:bench", new_id(), b"", machine_now(), case_id),
        by=command.by,
        command=command,
        received_at=machine_now(),
        origin=FromService("bench"),
        texts=tuple(pieces),
    )
