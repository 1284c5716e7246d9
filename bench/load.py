"""Make what is sent: answers of thirty parties to 5,000 open queries, sealed beforehand."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice
from typing import Any
from uuid import UUID

from joserfc.jwk import ECKey

from shared.clock import machine_now
from shared.contract.cloudevent import SEALED_BODY, Envelope, schema_uri, to_headers, to_json
from shared.contract.fields import Category, Item
from shared.contract.messages.triage import QueryAnswered
from shared.contract.parties import Authorisation, KeyUse, PartyKind, PartyRecord, PublicKey, Scope
from shared.contract.registry import of_model
from shared.crypto.jose import load_key, public_jwk, sign_and_encrypt
from shared.ids import new_id

QUERIES_PER_CASE = 10
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=365)
SOMETHING = (  # about 0.6 kB of payload with the rest; invented, and about nobody
    "Contact since the spring of last year, about every second week, mostly at the counter; "
    "appointments are kept when they are made by telephone, letters stay unanswered."
)


@dataclass(frozen=True, slots=True)
class Query:
    """Hold one open query of a case to a party."""

    query_id: str
    case_id: str
    party: str


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """Hold one answer of a party, sealed, and in plain for the runs without cryptography."""

    party: str
    key: bytes
    headers: list[tuple[str, bytes]]
    sealed: bytes
    plain: bytes

    def body(self, *, plain: bool) -> bytes:
        return self.plain if plain else self.sealed


def make_queries(count: int, parties: Sequence[str]) -> list[Query]:
    """Make open queries, ten to a case, each of a case to another party."""
    to = cycle(parties)
    return [
        Query(_number(1, n), _number(2, n // QUERIES_PER_CASE), party)
        for n, party in enumerate(islice(to, count))
    ]


def make_letters(
    count: int, queries: Sequence[Query], env: Mapping[str, Any], sealing_jwk: Mapping[str, str]
) -> list[OutboxMessage]:
    """Make `count` answers, party by party in turn over its queries, sealed on all cores."""
    asked = list(islice(cycle(queries), count))
    by_party: dict[str, list[Query]] = {}
    for query in asked:
        by_party.setdefault(query.party, []).append(query)
    tasks = [(env["parties"][party], dict(sealing_jwk), mine) for party, mine in by_party.items()]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        made = list(pool.map(_letters_of, tasks))
    return [letter for letters in made for letter in letters]


def _letters_of(task: tuple[dict[str, Any], dict[str, Any], list[Query]]) -> list[OutboxMessage]:
    settings, sealing_jwk, queries = task
    signing, sealing = load_key(settings["signing_key"]), load_key(sealing_jwk)
    return [_letter(query, settings["source"], signing, sealing) for query in queries]


def _letter(query: Query, source: str, signing: ECKey, sealing: ECKey) -> OutboxMessage:
    entry = of_model(QueryAnswered)
    envelope = Envelope(
        id=new_id(),
        source=source,
        type=entry.type,
        time=machine_now(),
        subject=query.case_id,
        dataschema=schema_uri(entry),
    )
    payload = to_json(envelope, answer_to(query).model_dump_json(exclude_none=True).encode())
    return OutboxMessage(
        party=query.party,
        key=query.case_id.encode(),
        headers=to_headers(envelope, SEALED_BODY),
        sealed=sign_and_encrypt(payload, signing=signing, sealing=sealing),
        plain=payload,
    )


def answer_to(query: Query) -> QueryAnswered:
    """Make an answer with one item; a query may be answered again with a further one."""
    item = Item(
        item_id=new_id(),
        category=Category.ORDINARY,
        acting_body="college",
        basis="Wmo 2015, art. 2.1.1",
        valid_on=date(2026, 2, 1),
        necessity="Needed to see which help there is already.",
        content=SOMETHING,
    )
    return QueryAnswered(query_id=query.query_id, involved=True, items=(item,))


def party_records(env: Mapping[str, Any]) -> list[PartyRecord]:
    """Make the records that governance would have published of the parties in env.json."""
    return [_record(party, settings) for party, settings in env["parties"].items()]


def _record(party: str, settings: Mapping[str, Any]) -> PartyRecord:
    keys = ((KeyUse.SIGNING, settings["signing_key"]), (KeyUse.SEALING, settings["encryption_key"]))
    return PartyRecord(
        party=party,
        name=settings["name"],
        kind=PartyKind.OTHER,
        source=settings["source"],
        acting_bodies=("college",),
        member_from=LONG_AGO,
        authorisations=(
            Authorisation(
                authorisation_id=new_id(),
                acting_body="college",
                scopes=tuple(Scope),
                valid_from=LONG_AGO,
                accepted_at=LONG_AGO,
            ),
        ),
        keys=tuple(_public(use, jwk) for use, jwk in keys),
    )


def _public(use: KeyUse, jwk: Mapping[str, Any]) -> PublicKey:
    public = public_jwk(load_key(dict(jwk)), use)
    return PublicKey(kid=public["kid"], use=use, jwk=public, valid_from=LONG_AGO)


def _number(kind: int, n: int) -> str:
    return str(UUID(int=kind << 96 | n))
