"""What a client types, wherever the OpenAPI documents have a place: refused as the client's, or stored."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from fastapi import APIRouter, Request
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from docs.generate.tree import ROOT, load
from services.retention.key_api import key_router
from services.retention.key_authority import KeyAuthority
from services.retention.key_store import KeyStore
from shared.clock import Clock
from shared.contract.content import transform
from shared.contract.fields import ID
from shared.contract.registry import SERVICES
from shared.core.actor import Role
from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.own_keys import OwnKeys
from shared.http.app import make_app, signed_in
from shared.http.oidc import PEOPLE, Identity
from shared.ids import new_id
from shared.messaging.relay import Relay
from shared.storage.party_replica import PartyReplica
from shared.telemetry.metrics import FAULTS
from tests.conftest import FreshDatabase
from tests.support import awkward as a
from tests.support.samples import governance, intake, triage
from tests.support.transactions import attach, delivery, know, rows, tables, transaction_on

TYPED = "getypt-"  # how each Idempotency-Key here begins: none may be found again
EVERYBODY = Identity("person-1", PEOPLE, a.VENLO)
INTAKE = Identity("service-intake", frozenset({Role.SERVICE}), service="intake")
UNREAD = {"traceparent"}  # ignored unless it is W3C trace context, as that standard asks


class Operation(NamedTuple):
    """Hold one operation of a document, with a request that fits it."""

    method: str
    path: str
    good: a.Json


class NoRelay:
    """Send nothing: there is no broker here."""

    def wake(self) -> None:
        """Wake nobody."""

    async def told(self, cause: str) -> bool:
        """Say that everybody knows: there are no others here."""
        return True


def operations(service: str) -> Iterator[Operation]:
    document = json.loads((ROOT / "services" / service / "openapi.json").read_text())
    for path, acts in document["paths"].items():
        for method, operation in acts.items():
            good: a.Json = {"path": {}, "query": {}, "header": {}}
            for one in operation.get("parameters", ()):
                schema = one["schema"]
                text = "pattern" not in str(schema) and schema.get("type") != "integer"
                good[one["in"]][one["name"]] = "trace" if text else a.example(schema, document)
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                good["body"] = SAMPLES.get(path) or a.example(schema, document)
            yield Operation(method, path, good)


PARTIES = tuple(f"partij-{n}" for n in range(100))  # on whose accession there is a decision
_new_parties, _new_numbers = itertools.cycle(PARTIES), itertools.count(1)
# Those that need no case, so that what fits is stored.
SAMPLES: Mapping[str, a.Json] = {
    "/decisions": governance.decision().model_dump(mode="json"),
    "/acknowledgements": {"secrecy": True},
    "/signatories": governance.signatory().model_dump(mode="json"),
    "/referrals": transform(intake.referral(), lambda _: "Akkoord.").model_dump(mode="json"),
}
NEW_EACH_TIME: Mapping[str, tuple[str, Any]] = {
    "/decisions": ("number", lambda: f"SG-2027-{next(_new_numbers)}"),
    "/signatories": ("party", lambda: next(_new_parties)),
    "/referrals": ("referral_id", new_id),
}


class Desk:
    """One service over HTTP on a real PostgreSQL; whoever asks has every role."""

    def __init__(self, client: AsyncClient, engine: AsyncEngine) -> None:
        self.client, self.engine = client, engine

    async def ask(self, operation: Operation, request: a.Json) -> Response:
        path = operation.path
        for name, value in request["path"].items():
            path = path.replace(f"{{{name}}}", quote(_bytes(value), safe=""))
        query = "&".join(
            f"{name}={quote(_bytes(value), safe='')}" for name, value in request["query"].items()
        )
        headers = {name.encode(): _bytes(value) for name, value in request["header"].items()}
        content = a.written(request["body"]) if "body" in request else None
        headers[b"content-type"] = b"application/json"
        return await self.client.request(
            operation.method, f"{path}?{query}" if query else path, headers=headers, content=content
        )

    async def anywhere(self, text: str) -> list[str]:
        """List the tables in which a row holds this text."""
        found = []
        async with self.engine.connect() as connection:
            for table in await tables(self.engine):
                statement = sa.text(f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE :like")  # noqa: S608
                if await connection.scalar(statement, {"like": f"%{text}%"}):
                    found.append(table)
        return found

    async def held(self) -> int:
        async with self.engine.connect() as connection:
            count = "SELECT (SELECT count(*) FROM held) + (SELECT count(*) FROM cases WHERE held)"
            return int(await connection.scalar(sa.text(count)) or 0)


def _bytes(value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


def request_to(operation: Operation) -> a.Json:
    """A request that fits, under an Idempotency-Key of its own."""
    made = operation.good
    if "idempotency-key" in made["header"]:
        made = a.with_at(made, ("header", "idempotency-key"), f"{TYPED}{new_id()}")
    if operation.path in NEW_EACH_TIME and "body" in made:
        name, new = NEW_EACH_TIME[operation.path]
        made = a.with_at(made, ("body", name), new())
    return made


@pytest.fixture(params=SERVICES)
async def desk(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase, tmp_path: Path
) -> AsyncIterator[tuple[str, Desk]]:
    name: str = request.param
    service = load(name, "main").SERVICE
    engine = await fresh_database(service)
    await know(engine, triage.parties())
    if name == "governance":
        decision = governance.record_decision(parties=PARTIES)
        number = load(name, "handlers").decision_id(b"d" * 32, governance.ACCESSION)
        await transaction_on(engine, service).run([delivery(number, decision)])
    clock = Clock(None)
    authority = KeyAuthority().use(KeyStore(tmp_path / "keys", b"k" * 32, "test"), clock, timedelta(days=30))
    keys = CaseKeyClient(authority if service.holds_texts else OwnKeys(b"k" * 32, authority), "test")
    app = make_app("test", *routers(name), *([key_router(authority)] if name == "retention" else []))
    relay = cast(Relay, NoRelay())
    attach(
        app,
        transaction_on(engine, service),
        service,
        parties=PartyReplica(),
        keys=keys,
        relay=relay,
        clock=clock,
        digest_key=b"d" * 32,
    )

    def identity(request: Request) -> Identity:
        return INTAKE if request.scope["path"] == "/case-keys" else EVERYBODY

    app.dependency_overrides[signed_in] = identity
    async with AsyncClient(transport=ASGITransport(app), base_url="https://house.test") as client:
        yield name, Desk(client, engine)


def routers(name: str) -> list[APIRouter]:
    api = load(name, "api")
    return list(api.routers()) if hasattr(api, "routers") else [api.router]


def must_be_refused(path: a.Path, kind: str) -> bool:
    """No field takes a control character, but a text of several lines a tab; no number is without a bound."""
    if path[1] in UNREAD:
        return False
    in_body = path[0] == "body"
    return (
        in_body and path[-1] != a.KEY
        if kind in a.NUMBERS
        else kind in a.CONTROL and not (in_body and kind == "tab")
    )


@pytest.mark.exhaustive
async def test_what_fits_the_documents_is_not_refused_for_its_form(desk: tuple[str, Desk]) -> None:
    """Or the refusals below would say nothing; where no case is needed it takes effect."""
    service, house = desk
    for operation in operations(service):
        answer = await house.ask(operation, request_to(operation))
        assert answer.status_code not in (400, 413), (operation.path, answer.text)
        if operation.path in SAMPLES:
            assert answer.status_code == 200, answer.text
    assert await house.anywhere(TYPED) == []


@pytest.mark.exhaustive
async def test_awkward_values_are_refused_as_the_clients_and_leave_nothing(desk: tuple[str, Desk]) -> None:
    """Never a fault of the house, never held, and no word of it anywhere, whatever the position."""
    service, house = desk
    faults = sum(sample.value for metric in FAULTS.collect() for sample in metric.samples)
    tried, turns = 0, a.in_turn()
    for operation in operations(service):
        for path in a.positions(operation.good):
            for kind, value in next(turns).items():
                answer = await house.ask(operation, a.with_at(request_to(operation), path, value))
                about = (operation.method, operation.path, path, kind, answer.status_code)
                assert answer.status_code < 500, about
                if must_be_refused(path, kind):
                    assert answer.status_code == 400, about
                    assert a.MARK not in answer.text, about
                tried += 1
    assert tried > 50
    assert await house.held() == 0
    assert await house.anywhere(a.MARK) == []
    assert await house.anywhere(TYPED) == []
    assert faults == sum(sample.value for metric in FAULTS.collect() for sample in metric.samples)


@pytest.mark.parametrize("desk", ["intake"], indirect=True)
async def test_what_a_client_calls_an_act_is_neither_stored_nor_sent(desk: tuple[str, Desk]) -> None:
    """The id of its message, from which letters follow, is of the house; repeated it is the same."""
    _, house = desk
    refer = next(operation for operation in operations("intake") if operation.path == "/referrals")
    request = request_to(refer)
    first, again = await house.ask(refer, request), await house.ask(refer, request)
    assert (first.status_code, again.status_code) == (200, 200)
    (claimed,) = await rows(house.engine, "inbox")
    letters = await rows(house.engine, "outbox", "causation_id IS NOT NULL")
    journalled = await rows(house.engine, "journal")
    assert ID.fullmatch(claimed.message_id)
    assert letters
    assert {letter.causation_id for letter in letters} == {claimed.message_id}
    assert {entry.message_id for entry in journalled} == {claimed.message_id}
    assert await house.anywhere(TYPED) == []
    await house.ask(refer, a.with_at(request, ("header", "idempotency-key"), f"{TYPED}{new_id()}"))
    assert len({row.message_id for row in await rows(house.engine, "inbox")}) == 2


async def test_on_whose_behalf_somebody_came_is_stored_only_if_it_is_a_party(desk: tuple[str, Desk]) -> None:
    """A form like that of a party's id has room for a name, and rows about no case are never pruned."""
    service, house = desk
    for name in (f"{a.MARK}-persoon", a.VENLO):
        for operation in operations(service):
            if "on-behalf-of" in operation.good["header"]:
                answer = await house.ask(
                    operation, a.with_at(request_to(operation), ("header", "on-behalf-of"), name)
                )
                assert answer.status_code < 500, (operation.path, answer.text)
    assert await house.anywhere(a.MARK) == []
    looked = {row.viewed_on_behalf_of for row in await rows(house.engine, "access_log")}
    acted = {row.on_behalf_of for row in await rows(house.engine, "journal")}
    assert (looked, acted) == ({None, a.VENLO}, {None, a.VENLO})
