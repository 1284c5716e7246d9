"""Name what several people can replace: whoever does says which version of it, and no other act needs one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class SharedThing:
    """Hold a thing as it stands, with the parts by which a conflict is told, and when it last changed."""

    name: str
    parts: Mapping[str, Any]
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replacement(Generic[S]):
    """Say of a command which thing of the state it is about, and whether it would replace some of it now.

    `thing` returns None where nothing stands yet.
    """

    thing: Callable[[S], SharedThing | None]
    overwrites: Callable[[S, Any], bool]


class Changed(NamedTuple):
    """Tell which parts of a thing are other than in the version that was named, and when it last changed."""

    parts: tuple[str, ...] = ()
    at: datetime | None = None
