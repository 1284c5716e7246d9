"""Define the effects of an event: messages to parties, events to services, timers, texts to delete.

A core only names them; the shell writes them in the transaction of the event, and nothing else sends.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from shared.contract.registry import Model
from shared.core.disclosure import Disclosed
from shared.core.viewing import Verdict, Viewer


@dataclass(frozen=True, slots=True)
class ToParty:
    """Send a message to one party; `item` names the item it carries, so that it can be stopped unsent.

    `discloses`: whose information it holds besides the items in the message (R129). `about`: under which
    number the recipient knows what it is about, where that is not this case.
    """

    recipient: str
    message: Model
    item: str | None = None
    after_erasure: bool = False
    discloses: tuple[Disclosed, ...] = ()
    about: str | None = None


@dataclass(frozen=True, slots=True)
class LogLook:
    """Write in the access log what a decision tells somebody of a case, in its transaction (R68, R129).

    `case_id`: None for the case of the decision, `NO_CASE` for none at all. `label` is words and ids, `basis`
    a code: why it was necessary.
    """

    viewer: Viewer
    label: str
    verdict: Verdict
    basis: str | None = None
    case_id: str | None = None


NO_CASE = ""


@dataclass(frozen=True, slots=True)
class Announce:
    """Publish an event on this service's own topic, for the other four."""

    message: Model
    after_erasure: bool = False


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Set a deadline; one per case, kind and ref: setting it again moves it. `at` is covenant time."""

    kind: str
    ref: str
    at: datetime
    irreversible: bool = False


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Delete a deadline that no longer matters."""

    kind: str
    ref: str


@dataclass(frozen=True, slots=True)
class ClaimItems:
    """Claim item ids for this case, and for no other, from now on (R35); one party contributed them all."""

    items: tuple[str, ...]
    contributor: str = ""


@dataclass(frozen=True, slots=True)
class StoreRow:
    """Insert a row of a table that only this service has.

    Its `store.py` writes it in the same transaction.
    """

    row: object


@dataclass(frozen=True, slots=True)
class DropPieces:
    """Delete these sealed texts from this service at once (R95, R102)."""

    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeepOnly:
    """Delete all sealed texts of the case from this service except these (R95)."""

    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopUnsent:
    """Delete unsent messages that carry this item, or all unsent messages to this party."""

    item: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class ForgetCase:
    """Delete every row of the case in this service; only the marker of an erased id stays (R105)."""


Effect: TypeAlias = (
    ToParty
    | Announce
    | LogLook
    | SetTimer
    | CancelTimer
    | ClaimItems
    | StoreRow
    | DropPieces
    | KeepOnly
    | StopUnsent
    | ForgetCase
)
