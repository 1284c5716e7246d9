"""Define what people write about people: text at the edge, a sealed text inside, never in the clear between.

One field type, `Content`, is in turn plain text (as a party sends and gets it), a `SealedText` (as it travels
and lies inside the house) and a `TextRef` (as a case's state remembers it). `transform` is the one walk that
turns one into the other; every message, command, event and state goes through it.
"""

import base64
import dataclasses
import operator
import re
from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeAlias, TypeVar, Union, cast, get_origin, get_type_hints

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationInfo, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from shared.contract.characters import CONTROL_BUT_LAYOUT, SURROGATES

MAX_CONTENT = 30_000  # characters; a whole payload is at most 32 KiB (design, section 3)
_NOT_IN_TEXT = re.compile(f"[{CONTROL_BUT_LAYOUT}{SURROGATES}]")
_ENTERED = (tuple, Annotated, Union, UnionType)  # `get_origin` of what the walk enters
_UNTYPED = (tuple, list, set, frozenset, dict)  # without a type for its members, each can hold content
SEALED_ALLOWED = {"sealed_allowed": True}


class _ContentSchema:
    """Read content from JSON, wherever a field holds it in whichever form."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(_read)


@dataclasses.dataclass(frozen=True, slots=True)
class SealedText(_ContentSchema):
    """Hold a text sealed under its case's key.

    `by` is the service that sealed it and part of the associated data.
    """

    piece: str
    by: str
    box: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class TextRef(_ContentSchema):
    """Refer to a sealed text of this case; all that a state may keep of it."""

    piece: str
    by: str


AnyContent: TypeAlias = str | SealedText | TextRef


def _read(value: Any, info: ValidationInfo) -> AnyContent:
    """Validate content: text from a party; sealed forms only where the caller allows them by name."""
    if isinstance(value, str):
        if len(value) > MAX_CONTENT:
            raise ValueError(f"at most {MAX_CONTENT} characters")
        if not value.isprintable() and _NOT_IN_TEXT.search(value):
            raise ValueError("a control character, or half a one")
        return value
    if isinstance(value, SealedText | TextRef):
        return value
    if isinstance(value, dict) and (info.context or {}).get("sealed_allowed"):
        if "box" in value:
            return SealedText(value["piece"], value["by"], base64.urlsafe_b64decode(value["box"]))
        return TextRef(value["piece"], value["by"])
    raise ValueError("text is expected here")


def content_schema(characters: int) -> WithJsonSchema:
    """Return the JSON Schema of a content of so many characters at most."""
    return WithJsonSchema(
        {"type": "string", "maxLength": characters, "pattern": f"^[^{CONTROL_BUT_LAYOUT}]*$"}
    )


Content = Annotated[AnyContent, _ContentSchema, content_schema(MAX_CONTENT)]


def is_blank(content: AnyContent | None) -> bool:
    """Tell whether content is blank; blank text is never sealed, so that a decision can see it."""
    return content is None or (isinstance(content, str) and not content.strip())


@cache
def _holding(kind: type) -> tuple[tuple[str, bool], ...]:
    """List the fields of a type that can hold content, each with whether its plain text is content."""
    return tuple((name, _is_content(a)) for name, a in _annotations(kind).items() if _may_hold(a))


def _annotations(kind: type) -> dict[str, Any]:
    """List the fields that the walk enters, by name; none for what is no model and no dataclass."""
    if issubclass(kind, BaseModel):
        return {name: field.rebuild_annotation() for name, field in kind.model_fields.items()}
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    return {}


def check_walkable(kind: type) -> None:
    """Check that `transform` reaches every content a model or dataclass can hold; raise `TypeError` if not.

    The walk enters models, dataclasses and tuples. A text in a list, set, mapping or named tuple would never
    be sealed, and would leave the house unopened.
    """
    for name, annotation in _annotations(kind).items():
        if (container := _unwalked(annotation)) is not None:
            raise TypeError(f"{kind.__name__}.{name}: content in {container!r} is never sealed; use a tuple")


def _unwalked(annotation: Any) -> Any:
    """Find the first container in an annotation that can hold content and that the walk does not enter."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return _unwalked_class(annotation)
    arguments = getattr(annotation, "__args__", ())
    if get_origin(annotation) in _ENTERED:
        return next((found for a in arguments if (found := _unwalked(a)) is not None), None)
    return annotation if any(_may_hold(argument) for argument in arguments) else None


def _unwalked_class(kind: type) -> Any:
    if issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind):
        check_walkable(kind)
        return None
    if kind in _UNTYPED:
        return kind
    hints = get_type_hints(kind, include_extras=True) if getattr(kind, "__annotations__", None) else {}
    return kind if any(_may_hold(hint) for hint in hints.values()) else None


def _may_hold(annotation: Any) -> bool:
    if annotation in (Any, object, SealedText, TextRef) or _is_content(annotation):
        return True
    if isinstance(annotation, type):
        return bool(_holding(annotation))
    return any(_may_hold(argument) for argument in getattr(annotation, "__args__", ()))


def _is_content(annotation: Any) -> bool:
    if _ContentSchema in getattr(annotation, "__metadata__", ()):
        return True
    return any(_is_content(argument) for argument in getattr(annotation, "__args__", ()))


Step: TypeAlias = Callable[[AnyContent], AnyContent]
T = TypeVar("T")


def transform(value: T, step: Step) -> T:
    """Return the value with `step` applied to each content in it, however deep; unchanged parts are shared.

    Plain text counts as content only in a field declared as such, so party ids and codes stay untouched.
    """
    if isinstance(value, SealedText | TextRef):
        return cast(T, step(value))
    if isinstance(value, tuple):
        return cast(T, _transform_members(value, step))
    changes: dict[str, Any] = {}
    for name, text_counts in _holding(cast(type, type(value))):
        before = getattr(value, name)
        if before is None:
            continue
        after = step(before) if text_counts and isinstance(before, str) else transform(before, step)
        if after is not before:
            changes[name] = after
    if not changes:
        return value
    if isinstance(value, BaseModel):
        return value.model_copy(update=changes)
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]


def _transform_members(members: tuple[Any, ...], step: Step) -> tuple[Any, ...]:
    changed = [transform(member, step) for member in members]
    same = all(new is old for new, old in zip(changed, members, strict=True))
    return members if same else tuple(changed)


def contents(value: Any) -> list[AnyContent]:
    """List every content in the value, in order."""
    found: list[AnyContent] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[AnyContent]) -> None:
    if isinstance(value, SealedText | TextRef):
        found.append(value)
    elif isinstance(value, tuple):
        for member in value:
            _collect(member, found)
    else:
        for name, text_counts in _holding(cast(type, type(value))):
            inner = getattr(value, name)
            if inner is None:
                continue
            if text_counts and isinstance(inner, str):
                found.append(inner)
            else:
                _collect(inner, found)


def can_hold_content(kind: type) -> bool:
    """Tell whether values of this type can hold content."""
    return bool(_holding(kind))


def sealed_text_ids(value: Any) -> tuple[str, ...]:
    """List the ids of the sealed texts that a state refers to."""
    return tuple(content.piece for content in contents(value) if isinstance(content, TextRef))


RefOf: TypeAlias = Callable[[str | SealedText], TextRef | None]


def replace_texts_with_refs(value: Any, ref_of: RefOf) -> Any:
    """Replace the texts of a message that was just read by references; return the same message.

    `ref_of` gives the reference that a content leaves, or None for one that stays as it is. The message is
    changed in place, because nobody else holds it yet and a copy of every level would be the dearest step.
    """
    if isinstance(value, str | SealedText):
        return ref_of(value) or value
    if isinstance(value, tuple):
        inner = [replace_texts_with_refs(member, ref_of) for member in value]
        return tuple(inner) if any(map(operator.is_not, inner, value)) else value
    if isinstance(value, TextRef):
        return value
    fields: dict[str, Any] = vars(value)
    for name, text_counts in _holding(cast(type, type(value))):
        before = fields[name]
        if before is not None and (text_counts or not isinstance(before, str)):
            fields[name] = replace_texts_with_refs(before, ref_of)
    return value


def text(content: AnyContent | None) -> TextRef | None:
    """Return the reference of a sealed text, or None where there was none."""
    return content if isinstance(content, TextRef) else None
