"""Awkward values, and every position they can be put in, from the JSON Schema of a request or a message."""

import json
from collections.abc import Iterator, Mapping
from itertools import cycle, islice
from typing import Any

from pydantic import TypeAdapter

from shared.contract import fields as f
from shared.contract.content import Content
from shared.contract.messages.governance import DecisionNumber
from shared.http.app import IdempotencyKey, IfMatch

Path = tuple[str | int, ...]
Json = dict[str, Any]

MARK = "vreemd"  # in each value that must leave no trace, so that it can be searched for
NUMBER_BEYOND_FLOATS = "@1e400@"  # written as the number 1e400, which no Python value is
KEY = "@key@"  # at the end of a path: not the value there, but the name it stands under

# No field takes these, but for the first in a text of several lines.
CONTROL: Mapping[str, str] = {
    "tab": f"{MARK}\tteken",
    "NUL": f"{MARK}\0teken",
    "NUL alone": "\0",
    "escape": f"{MARK}\x1b[2J",
    "delete": f"{MARK}\x7f",
    "next line": f"{MARK}\x85teken",
    "half a character": f"{MARK}\ud800",
    "the other half": f"\udfff{MARK}",
}
NUMBERS: Mapping[str, Any] = {
    "huge": 10**30,
    "beyond floats": NUMBER_BEYOND_FLOATS,
    "below nothing": -(10**30),
    "fraction": 0.5,
}
# Whether these fit depends on the field.
OTHERS: Mapping[str, Any] = {
    "year 0": "0000-01-01T00:00:00Z",
    "year 10000": "10000-01-01T00:00:00Z",
    "day in year 0": "0000-01-01",
    "last day": "9999-12-31",
    "no zone": "2026-03-02T09:00:00+99:99",
    "far zone": "2026-03-02T09:00:00+23:59",
    "end of time": "9999-12-31T23:59:59-14:00",
    "very long": "x" * 31_000,
    "no character": "\uffff",
    "beyond the first plane": "\U0001f600",
    "empty": "",
    "nothing": None,
    "list": [],
    "object": {MARK: MARK},
}
ALL: Mapping[str, Any] = {**CONTROL, **NUMBERS, **OTHERS}
EACH_GETS = 4  # of them, in turn, so that they all come to each kind of position


def in_turn() -> Iterator[dict[str, Any]]:
    """Yield for each next position the values it gets: NUL, and the next ones of all."""
    kinds = cycle(ALL)
    while True:
        yield {kind: ALL[kind] for kind in ("NUL", *islice(kinds, EACH_GETS - 1))}


def _pattern(kind: Any) -> str:
    schema = TypeAdapter(kind).json_schema()
    return str(schema.get("pattern") or schema["anyOf"][0]["pattern"])


CASE, VENLO = "0192aaaa-0000-7000-8000-00000000000c", "gemeente-venlo"
EXAMPLES = {
    _pattern(kind): example
    for kind, example in (
        (f.Id, CASE),
        (f.PartyId, VENLO),
        (f.KeyId, "kid-1"),
        (f.Code, "college"),
        (f.Subject, "person-1"),
        (DecisionNumber, "SG-2026-1"),
        (f.Line, "Venlo"),
        (f.Instant, "2026-03-02T09:00:00Z"),
        (f.Day, "2026-03-02"),
        (f.LegalReference, "Wmo 2015"),
        (f.Source, "urn:nld:oin:00000099000000009000"),
        (IdempotencyKey, CASE),
        (IfMatch, '"0"'),
        (Content, "Akkoord."),
    )
}


def example(schema: Json, root: Json) -> Any:
    """Make a value that fits, with every optional field in it; `KeyError` for a pattern nobody knows here."""
    schema = resolved(schema, root)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if "anyOf" in schema:
        return example(next(one for one in schema["anyOf"] if one.get("type") != "null"), root)
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {name: example(field, root) for name, field in schema["properties"].items()}
        case "object":
            return (
                {"kty": example(schema["additionalProperties"], root)} if schema.get("propertyNames") else {}
            )
        case "array":
            return [example(schema["items"], root)]
        case "integer":
            return 1
        case "boolean":
            return True
        case _:
            return EXAMPLES[schema["pattern"]]


def resolved(schema: Json, root: Json) -> Json:
    """Follow a reference within the document."""
    if "$ref" not in schema:
        return schema
    found: Any = root
    for step in str(schema["$ref"]).removeprefix("#/").split("/"):
        found = found[step]
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}


def positions(value: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the path of each text, number and flag in a value, and of each name in a public key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if at[-1:] == ("jwk",):
                yield (*at, name, KEY)
            yield from positions(inner, (*at, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from positions(inner, (*at, place))
    elif value is not None:
        yield at


def with_at(value: Any, path: Path, new: Any) -> Any:
    """Return a copy of the value with another value, or another name, at this path."""
    if not path:
        return new
    step, *rest = path
    if rest == [KEY]:
        return {(str(new) if name == step else name): inner for name, inner in value.items()}
    if isinstance(value, list):
        return [with_at(inner, tuple(rest), new) if n == step else inner for n, inner in enumerate(value)]
    return {**value, step: with_at(value[step], tuple(rest), new)}


def written(value: Any) -> bytes:
    """Write JSON with every character beyond ASCII escaped, half ones too."""
    return json.dumps(value).replace(f'"{NUMBER_BEYOND_FLOATS}"', "1e400").encode()
