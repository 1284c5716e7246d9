"""What follows from an event: letters to parties, announcements to services, timers, pieces dropped.

A core only names them; the shell writes them in the transaction of the event, and nothing else sends.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from shared.contract.registry import Model


@dataclass(frozen=True, slots=True)
class ToParty:
    """A letter to one party; `item` names the item it carries, so that it can be stopped unsent."""

    recipient: str
    message: Model
    item: str | None = None
    after_erasure: bool = False


@dataclass(frozen=True, slots=True)
class Announce:
    """An event on this service's own topic, for the other four."""

    message: Model
    after_erasure: bool = False


@dataclass(frozen=True, slots=True)
class SetTimer:
    """A deadline; one per case, kind and ref: setting it again moves it. `at` is covenant time."""

    kind: str
    ref: str
    at: datetime
    irreversible: bool = False


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """The deadline no longer matters."""

    kind: str
    ref: str


@dataclass(frozen=True, slots=True)
class ClaimItems:
    """These item ids belong to this case from now on, and to no other (R35)."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A row of a table that only this service has; its `store.py` writes it in the same transaction."""

    row: object


@dataclass(frozen=True, slots=True)
class DropPieces:
    """These sealed pieces are gone from this service at once (R95, R102)."""

    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeepOnly:
    """Of all sealed pieces of the case, only these stay in this service (R95)."""

    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopUnsent:
    """Letters that carry this item, or all letters to this party, are taken back before they leave."""

    item: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class ForgetCase:
    """Every row of the case in this service goes, and only the marker of an erased id stays (R105)."""


Effect: TypeAlias = (
    ToParty
    | Announce
    | SetTimer
    | CancelTimer
    | ClaimItems
    | StoreRow
    | DropPieces
    | KeepOnly
    | StopUnsent
    | ForgetCase
)
