"""Draw requests and payloads from published schemas, some that fit and some that nearly do, from a seed."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Err

from shared.contract.registry import Direction, MessageType, all_messages

ROOT = Path(__file__).parents[3]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def drawn(strategy: SearchStrategy[Case[Any]], count: int, number: int) -> list[Case[Any]]:
    """Return at most `count` values of a strategy, the same ones for the same seed `number`."""
    found: list[Case[Any]] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(value: Case[Any]) -> None:
        found.append(value)

    collect()
    return found


def requests(service: str, of_each: int, number: int) -> Iterator[Case[Any]]:
    """Yield requests to every operation in the published document of a service, in both modes."""
    document = json.loads((ROOT / "services" / service / "openapi.json").read_text(encoding="utf-8"))
    yield from _cases(document, of_each, number)


def payloads(of_each: int, number: int) -> Iterator[tuple[MessageType, Any]]:
    """Yield a payload for every message that a party sends, in both modes; it is JSON or bytes."""
    entries = [entry for entry in all_messages() if entry.direction is Direction.FROM_PARTY]
    by_path = {f"/{entry.name}": entry for entry in entries}
    for case in _cases(_as_document(entries), of_each, number):
        yield by_path[case.operation.path], case.body


def _cases(document: dict[str, Any], of_each: int, number: int) -> Iterator[Case[Any]]:
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        if isinstance(result, Err):
            raise result.err()
        for mode in MODES:
            yield from drawn(result.ok().as_strategy(mode), of_each, number)


def _as_document(entries: Iterable[MessageType]) -> dict[str, Any]:
    """Return an OpenAPI document in which each message is the body of one request."""
    parts: dict[str, Any] = {}
    paths = {}
    for entry in entries:
        schema = entry.model.model_json_schema(ref_template="#/components/schemas/{model}")
        parts |= schema.pop("$defs", {})
        content = {"application/json": {"schema": schema}}
        responses = {"200": {"description": "accepted"}}
        paths[f"/{entry.name}"] = {
            "post": {"requestBody": {"required": True, "content": content}, "responses": responses}
        }
    info = {"title": "messages", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": parts}}
