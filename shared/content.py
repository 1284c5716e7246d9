"""What people write about people: text at the edge, a sealed piece inside, never in the clear between.

One field type, `Content`, is in turn plain text (as a party sends and gets it), a `Sealed` piece (as it
travels and lies inside the house) and a `Ref` (as a case's state remembers it). `transform` is the one
walk that turns one into the other; every message, command, event and state goes through it.
"""

import base64
import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar, cast

from pydantic import BaseModel, GetCoreSchemaHandler, SerializationInfo, ValidationInfo, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

MAX_CONTENT = 30_000  # characters; a whole payload is at most 32 KiB (design, section 3)
SEALED_ALLOWED = {"sealed_allowed": True}
ONLY_REFERENCES = {"only_references": True}  # a sealed piece is written as where it lies


class _ContentSchema:
    """How content is read and written in JSON, wherever a field holds it in whichever form."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            _read, serialization=core_schema.plain_serializer_function_ser_schema(_write, info_arg=True)
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Sealed(_ContentSchema):
    """A text sealed under its case's key; `by` is the service that sealed it and part of the seal."""

    piece: str
    by: str
    box: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class Ref(_ContentSchema):
    """Where a sealed piece of this case lies; all that a state may keep of it."""

    piece: str
    by: str


AnyContent: TypeAlias = str | Sealed | Ref


def _read(value: Any, info: ValidationInfo) -> AnyContent:
    """A party can only ever hand us text: sealed forms are read where the caller allows them by name."""
    if isinstance(value, str):
        if len(value) > MAX_CONTENT:
            raise ValueError(f"at most {MAX_CONTENT} characters")
        return value
    if isinstance(value, Sealed | Ref):
        return value
    if isinstance(value, dict) and (info.context or {}).get("sealed_allowed"):
        if "box" in value:
            return Sealed(value["piece"], value["by"], base64.b64decode(value["box"]))
        return Ref(value["piece"], value["by"])
    raise ValueError("text is expected here")


def _write(value: AnyContent, info: SerializationInfo) -> str | dict[str, str]:
    if isinstance(value, str):
        return value
    if isinstance(value, Ref) or (info.context or {}).get("only_references"):
        return {"piece": value.piece, "by": value.by}
    return {
        "piece": value.piece,
        "by": value.by,
        "box": base64.b64encode(value.box).decode("ascii"),
    }


Content = Annotated[
    AnyContent,
    _ContentSchema,
    WithJsonSchema({"type": "string", "maxLength": MAX_CONTENT}),
]


def is_blank(content: AnyContent | None) -> bool:
    """Blank text is never sealed, so that a decision can see that nothing was given."""
    return content is None or (isinstance(content, str) and not content.strip())


@cache
def _fields(kind: type) -> tuple[str, ...] | None:
    """Names of the fields of `kind` that can hold content; None for a type without fields."""
    if issubclass(kind, BaseModel):
        return tuple(
            name for name, field in kind.model_fields.items() if _may_hold(field.rebuild_annotation())
        )
    if dataclasses.is_dataclass(kind):
        return tuple(f.name for f in dataclasses.fields(kind))
    return None


def _may_hold(annotation: Any) -> bool:
    if hasattr(annotation, "__metadata__") and _ContentSchema in annotation.__metadata__:
        return True
    if isinstance(annotation, type):
        return issubclass(annotation, BaseModel) or dataclasses.is_dataclass(annotation)
    arguments = getattr(annotation, "__args__", ())
    return any(_may_hold(argument) for argument in arguments)


@cache
def _contents_of(kind: type[BaseModel]) -> frozenset[str]:
    """Fields that are content themselves, where a plain `str` counts as one."""
    return frozenset(
        name for name, field in kind.model_fields.items() if _is_content(field.rebuild_annotation())
    )


def _is_content(annotation: Any) -> bool:
    if hasattr(annotation, "__metadata__") and _ContentSchema in annotation.__metadata__:
        return True
    return any(_is_content(argument) for argument in getattr(annotation, "__args__", ()))


Step: TypeAlias = Callable[[AnyContent], AnyContent]
T = TypeVar("T")


def transform(value: T, step: Step) -> T:
    """The same value with `step` applied to each content in it, however deep; unchanged parts are shared.

    Plain text counts as content only in a field declared as such, so party ids and codes stay untouched.
    """
    if isinstance(value, Sealed | Ref):
        return cast(T, step(value))
    if isinstance(value, tuple):
        changed = tuple(transform(member, step) for member in value)
        same = all(new is old for new, old in zip(changed, value, strict=True))
        return value if same else cast(T, changed)
    if isinstance(value, BaseModel):
        return cast(T, _transform_model(value, step))
    fields = _fields(cast(type, type(value)))
    if fields is None:
        return value
    changes = {}
    for name in fields:
        before = getattr(value, name)
        after = transform(before, step)
        if after is not before:
            changes[name] = after
    return dataclasses.replace(value, **changes) if changes else value  # type: ignore[type-var]


def _transform_model(model: BaseModel, step: Step) -> BaseModel:
    contents = _contents_of(type(model))
    changes: dict[str, Any] = {}
    for name in _fields(type(model)) or ():
        before = getattr(model, name)
        if isinstance(before, str):
            after: Any = step(before) if name in contents else before
        else:
            after = transform(before, step)
        if after is not before:
            changes[name] = after
    return model.model_copy(update=changes) if changes else model


def contents(value: Any) -> Iterator[AnyContent]:
    """Every content in the value, in order."""
    found: list[AnyContent] = []

    def note(content: AnyContent) -> AnyContent:
        found.append(content)
        return content

    transform(value, note)
    return iter(found)


def sealed_in(value: Any) -> Iterator[Sealed]:
    """The sealed pieces in the value; what an event carries sealed is what its case keeps."""
    return (content for content in contents(value) if isinstance(content, Sealed))


def pieces_in(value: Any) -> tuple[str, ...]:
    """The ids of the pieces that a state refers to."""
    return tuple(content.piece for content in contents(value) if isinstance(content, Ref))


def referring(value: T) -> T:
    """The value as a state may keep it: each sealed piece replaced by where it lies."""
    return transform(value, lambda c: Ref(c.piece, c.by) if isinstance(c, Sealed) else c)


def sealed(content: AnyContent | None) -> Sealed | None:
    """The sealed text, or None where there was none."""
    return content if isinstance(content, Sealed) else None
