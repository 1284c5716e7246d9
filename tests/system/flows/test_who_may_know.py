"""Whoever may not know of a case is answered as for one that never was: every route, every role (R34)."""

import dataclasses
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.contract.fields import PersonRole
from shared.contract.messages.intake import ReferralReceived
from shared.ids import new_id
from tests.story import cast, founding, preparation, referral, round_table, screening, triage
from tests.story.people import Person
from tests.story.world import World

SERVICES = ("intake", "triage", "rto", "retention")
ROOT = Path(__file__).parents[3]
STRANGERS = {
    "a worker of a party that has nothing to do with it": ("worker-moveoo", None),
    "the manager": ("manager-a", None),
    "the secretary": ("secretary-a", None),
    "the privacy officer": ("privacy-officer-a", None),
    "another director for the leading party": ("process-director-b", cast.REFERRER),
    "another director for another party": ("process-director-b", cast.SECOND_REFERRER),
    "another director for nobody": ("process-director-b", None),
}
# What these may know by their office, whoever the case is of.
BY_OFFICE = {
    ("privacy-officer-a", "/cases/{case_id}/access-log"),
    ("manager-a", "/cases/{case_id}/director"),
    ("manager-a", "/cases/{case_id}/support-workers"),
}


@dataclass(frozen=True)
class Route:
    """One operation on a case, with a body that fits its schema."""

    service: str
    method: str
    path: str
    body: Any

    def to(self, case: str) -> str:
        """Return the path for a case; whatever else it names stands in the body too, or is any number."""
        path = self.path.replace("{case_id}", case)
        while "{" in path:
            name = path[path.index("{") + 1 : path.index("}")]
            value = (self.body or {}).get(name) or new_id()
            path = path.replace(f"{{{name}}}", value)
        return path


def routes() -> Iterator[Route]:
    for service in SERVICES:
        api = json.loads((ROOT / "services" / service / "openapi.json").read_text())
        schemas = api["components"]["schemas"]
        for path, operations in api["paths"].items():
            for method, operation in operations.items():
                if "{case_id}" in path:
                    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
                    yield Route(service, method, path, filled(body["schema"], schemas) if body else None)


def filled(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Something of this shape, with a text wherever there can be one."""
    if "$ref" in schema:
        return filled(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for alternatives in ("anyOf", "oneOf"):
        if alternatives in schema:
            return filled(schema[alternatives][0], schemas)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: filled(field, schemas) for name, field in schema.get("properties", {}).items()}
        case "array":
            return [filled(schema["items"], schemas)]
        case "boolean":
            return True
        case "integer":
            return schema.get("minimum", 1)
        case _:
            return _text(schema)


def _text(schema: dict[str, Any]) -> str:
    by_format = {"date-time": "2027-01-01T00:00:00Z", "date": "2026-01-01"}
    if schema.get("format") in by_format:
        return by_format[schema["format"]]
    pattern = schema.get("pattern", "")
    return new_id() if "8}-" in pattern else "moveoo" if "a-z0-9" in pattern else "iets"


@pytest.fixture(scope="module")
async def case(founded: World) -> AsyncIterator[str]:
    """Bring a case to the round table, so that four services know it."""
    here = dataclasses.replace(founded, leading=cast.REFERRER, items={}, queries={}, waiting=[])
    await referral.complete(here)
    await founding.authorise(here, here.party(cast.SECOND_REFERRER), "college")
    here.neighbour = await referral.neighbouring(here)
    await screening.screen(here)
    await triage.ask(here)
    await preparation.prepare(here)
    await round_table.convene(here)
    yield here.case


async def asked(person: Person, route: Route, case: str) -> tuple[int, Any]:
    if route.method == "get":
        answer = await person.get(route.service, route.to(case))
    else:
        answer = await person.post(route.service, route.to(case), route.body)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("who", STRANGERS.values(), ids=list(STRANGERS))
async def test_a_case_that_exists_and_one_that_does_not_answer_alike(
    founded: World, case: str, who: tuple[str, str | None]
) -> None:
    person = founded.people(*who)
    differing = []
    for route in routes():
        if (who[0], route.path) in BY_OFFICE:
            continue
        there, nowhere = await asked(person, route, case), await asked(person, route, new_id())
        assert there[0] >= 400, (route, there)
        if there != nowhere:
            differing.append((route.service, route.method, route.path, there, nowhere))
    assert differing == []


async def test_the_bodies_of_this_test_reach_a_decision(founded: World, case: str) -> None:
    """Or else all would be alike because nothing fits the schema."""
    manager = founded.people("manager-a")
    open_to_all = (route for route in routes() if ("manager-a", route.path) not in BY_OFFICE)
    statuses = {(await asked(manager, route, case))[0] for route in open_to_all}
    assert statuses <= {403, 404}, statuses


async def test_a_referral_nobody_has_screened_yet_is_known_to_no_other_director(founded: World) -> None:
    person = cast.person("Persoon F", PersonRole.SUBJECT, "1991-01-01")
    await founded.party(cast.REFERRER).send(cast.referral((person,), ()))
    fresh = (await founded.party(cast.REFERRER).gets(ReferralReceived)).case_id
    director = founded.people("process-director-b", cast.SECOND_REFERRER)
    screening = next(route for route in routes() if route.path.endswith("/screening"))
    assert await asked(director, screening, fresh) == await asked(director, screening, new_id())
