"""Every text, number and moment that comes in from outside is of a bounded type; none is naked."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import Field

from docs.generate import contract
from docs.generate.tree import ROOT, load
from services.retention.key_api import key_router
from services.retention.key_authority import KeyAuthority
from shared.contract.characters import CONTROL, CONTROL_BUT_LAYOUT
from shared.contract.fields import Day, Id, Line
from shared.contract.registry import SERVICES, MessageType, Model, all_messages
from shared.http.app import sworn
from shared.http.oidc import Claims

Json = dict[str, Any]
# Ignored unless it is W3C trace context, as that standard asks: no request is refused for it.
IGNORED_UNLESS_WELL_FORMED = {"traceparent"}
UNBOUNDED = ("*", "+", "{0,}", "{1,}")  # a pattern with one of these says nothing of the length


def naked(schema: Any, at: str = "") -> Iterator[str]:
    """Yield the place of each text and number in a schema that may be as large as anybody likes."""
    if isinstance(schema, list):
        for member in schema:
            yield from naked(member, at)
    if not isinstance(schema, dict):
        return
    if schema.get("type") in ("string", "integer", "number") and not _is_clothed(schema):
        yield at
    if schema.get("type") == "object" and not {"properties", "propertyNames"} & schema.keys():
        yield at
    for name, inner in schema.items():
        if name == "properties":
            for field, of in inner.items():
                yield from naked(of, f"{at}.{field}")
        elif isinstance(inner, dict | list) and name not in ("enum", "required", "examples", "default"):
            yield from naked(inner, at if name in ("items", "anyOf", "schema", "$defs") else f"{at}/{name}")


def _is_clothed(schema: Json) -> bool:
    if {"enum", "const"} & schema.keys():
        return True
    if schema["type"] != "string":
        return {"minimum", "maximum"} <= schema.keys()
    pattern = schema.get("pattern", "")
    bounded = "maxLength" in schema or "format" in schema or not any(sign in pattern for sign in UNBOUNDED)
    return bool(pattern) and bounded and not _takes_control(pattern)


def _takes_control(pattern: str) -> bool:
    """Tell whether a pattern that lists what is not allowed allows a control character."""
    return "[^" in pattern and f"[^{CONTROL}]" not in pattern and f"[^{CONTROL_BUT_LAYOUT}]" not in pattern


@pytest.mark.parametrize("entry", all_messages(), ids=lambda entry: entry.name)
def test_no_message_has_a_naked_text_or_number(entry: MessageType) -> None:
    assert list(naked(contract.schema_of(entry), entry.name)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_request_has_a_naked_text_or_number(service: str) -> None:
    document = json.loads((ROOT / "services" / service / "openapi.json").read_text())
    schemas, asked = document["components"]["schemas"], set[str]()
    for path, acts in document["paths"].items():
        for method, operation in acts.items():
            for one in operation.get("parameters", ()):
                if one["name"] not in IGNORED_UNLESS_WELL_FORMED:
                    assert list(naked(one["schema"], f"{method} {path} {one['name']}")) == []
            body = operation.get("requestBody", {})
            assert list(naked(body.get("content", {}), f"{method} {path}")) == []
            asked |= _named(body, schemas)
    assert asked
    assert [found for name in sorted(asked) for found in naked(schemas[name], name)] == []


def _named(node: Any, schemas: Json) -> set[str]:
    """Return the schemas that this refers to, and those that these refer to."""
    found, todo = set[str](), [node]
    while todo:
        match todo.pop():
            case dict() as inner:
                name = str(inner.get("$ref", "")).rpartition("/")[2]
                if name and name not in found:
                    found.add(name)
                    todo.append(schemas[name])
                todo += inner.values()
            case list() as members:
                todo += members
    return found


def test_no_claim_of_a_token_is_naked() -> None:
    assert list(naked(Claims.model_json_schema(), "claims")) == []


class Naked(Model):
    """Hold what must be found, beside what must not."""

    text: str
    number: int
    least: int = Field(ge=0)
    optional: str | None
    members: tuple[str, ...]
    open_pattern: str = Field(pattern=r"^[a-z]*$")
    all_but_a_semicolon: str = Field(pattern=r"^[^;]*$", max_length=9)
    free: dict[str, str]
    id: Id
    line: Line
    day: Day


def test_a_naked_one_is_found() -> None:
    wrong = {"text", "number", "least", "optional", "members", "open_pattern", "all_but_a_semicolon", "free"}
    found = {place.strip(".").split("/")[0] for place in naked(Naked.model_json_schema())}
    assert found == wrong


# Where somebody is let in who has not acknowledged secrecy: to do so, and the services for their keys.
OPEN_BEFORE = {"/acknowledgements", "/case-keys"}


def calls_of(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from calls_of(inner)


@pytest.mark.clause(
    "R126.a", refused="Elk verzoek om te handelen of te lezen vraagt eerst of de geheimhouding is erkend."
)
@pytest.mark.parametrize("service", SERVICES)
def test_every_request_asks_whether_secrecy_was_acknowledged_r126(service: str) -> None:
    api = load(service, "api")
    others = [key_router(KeyAuthority())] if service == "retention" else []
    routes = [route for router in (*api.routers(), *others) for route in router.routes]
    assert routes
    for route in routes:
        assert isinstance(route, APIRoute)
        asks = sworn in set(calls_of(route.dependant))
        assert asks == (route.path not in OPEN_BEFORE), route.path
