"""Point at the fields of what somebody sent that do not fit, without saying back anything that it sent."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from shared.contract.fields import MAX_LINE
from shared.contract.limits import MOST_INVALID
from shared.contract.registry import Model

Steps = tuple[int | str, ...]


def pointers(places: Iterable[Steps], data: Any, published: Collection[str]) -> tuple[str, ...]:
    """Return JSON pointers (RFC 6901) to the places that pydantic found wrong, at most `MOST_INVALID`.

    A name that is not `published` is the sender's own, and becomes a star. A pointer that would be longer
    than a line ends early.
    """
    return tuple(sorted({_pointer(steps, data, published) for steps in places})[:MOST_INVALID])


def _pointer(steps: Steps, data: Any, published: Collection[str]) -> str:
    """Follow the steps into the data: pydantic also names the branches of a union, which are none."""
    made, at = "", data
    for step in steps:
        if isinstance(at, Mapping):
            name, at = (str(step) if step in published else "*"), at.get(step)
        elif isinstance(at, list) and isinstance(step, int):
            name, at = str(step), at[step] if step < len(at) else None
        else:
            continue
        if len(made) + 1 + len(name) > MAX_LINE:
            break
        made += f"/{name}"
    return made


def property_names(schema: Any) -> Iterator[str]:
    """Yield every name of a field in a JSON Schema, or in a document that holds some."""
    if isinstance(schema, list):
        yield from (name for member in schema for name in property_names(member))
    elif isinstance(schema, dict):
        if isinstance(properties := schema.get("properties"), dict):
            yield from properties
        yield from (name for member in schema.values() for name in property_names(member))


@cache
def names_in(model: type[Model]) -> frozenset[str]:
    """Return every name of a field in the published schema of a message."""
    return frozenset(property_names(model.model_json_schema()))
