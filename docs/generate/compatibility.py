"""Compare a schema with the published one: what breaks a reader or a writer of that version?"""

from collections.abc import Iterator
from typing import Any

from shared.contract.registry import Direction

Json = dict[str, Any]
# A larger value of the first narrows, a smaller value of the second.
_FLOORS = ("minLength", "minItems", "minimum")
_CEILINGS = ("maxLength", "maxItems", "maximum")
_SHAPE = ("type", "format", "pattern", "const")


def breaks(old: Json, new: Json, direction: Direction) -> list[str]:
    """Return one sentence per break; a message to parties or services also breaks by new values."""
    ways = {True} if direction is not Direction.FROM_PARTY else {False}
    ways |= {False} if direction is Direction.BETWEEN_HOUSES else set()
    return sorted({found for out in ways for found in _compare(old, new, old, new, "", outgoing=out)})


def _compare(old: Json, new: Json, olds: Json, news: Json, at: str, *, outgoing: bool) -> Iterator[str]:
    old, new = _resolved(old, olds), _resolved(new, news)
    where = at or "the message"
    for keyword in _SHAPE:
        if old.get(keyword) != new.get(keyword):
            yield f"{where}: {keyword} changed from {old.get(keyword)} to {new.get(keyword)}"
    yield from _limits(old, new, where)
    yield from _values(old, new, where, outgoing=outgoing)
    yield from _required(old, new, at, outgoing=outgoing)
    for name, before in old.get("properties", {}).items():
        path = f"{at}.{name}".lstrip(".")
        if name not in new.get("properties", {}):
            yield f"{path}: was removed"
        else:
            yield from _compare(before, new["properties"][name], olds, news, path, outgoing=outgoing)
    if "items" in old and "items" in new:
        yield from _compare(old["items"], new["items"], olds, news, f"{at}[]", outgoing=outgoing)
    if len(old.get("anyOf", ())) != len(new.get("anyOf", ())):
        yield f"{where}: other kinds of value than before"
    for before, after in zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=False):
        yield from _compare(before, after, olds, news, at, outgoing=outgoing)


def _limits(old: Json, new: Json, where: str) -> Iterator[str]:
    for keyword in _FLOORS:
        if new.get(keyword, 0) > old.get(keyword, 0):
            yield f"{where}: {keyword} is now {new[keyword]}"
    for keyword in _CEILINGS:
        if keyword in new and new[keyword] < old.get(keyword, float("inf")):
            yield f"{where}: {keyword} is now {new[keyword]}"


def _values(old: Json, new: Json, where: str, *, outgoing: bool) -> Iterator[str]:
    before, after = old.get("enum"), new.get("enum")
    if before is None and after is None:
        return
    for value in sorted(set(before or ()) - set(after or ()), key=str):
        yield f"{where}: {value} is no longer a value"
    if outgoing or before is None:
        for value in sorted(set(after or ()) - set(before or ()), key=str):
            yield f"{where}: {value} is a value that readers do not know"


def _required(old: Json, new: Json, at: str, *, outgoing: bool) -> Iterator[str]:
    """List fields that become required: that breaks writers, and readers of what was sent before."""
    before, after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(after - before):
        yield f"{f'{at}.{name}'.lstrip('.')}: became required"
    if outgoing:
        for name in sorted(before - after):
            yield f"{f'{at}.{name}'.lstrip('.')}: readers count on it, and it became optional"


def _resolved(schema: Json, root: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Any = root
    for step in str(schema["$ref"]).removeprefix("#/").split("/"):
        found = found[step]
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}
