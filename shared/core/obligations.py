"""Hold who owes what to whom, and by when: one shape, which each service uses for what is its own to ask.

An obligation is no slot of a person and a moment: each decision that raises one raises its own. It holds up
no erasure: what is open then is handed over to its debtor (A20).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.contract.content import TextRef


class ObligationState(StrEnum):
    """Name what became of an obligation."""

    DUE = "due"
    POSTPONED = "postponed"
    FULFILLED = "fulfilled"
    HANDED_OVER = "handed-over"

    @property
    def is_open(self) -> bool:
        """Tell whether it is still to be done."""
        return self in (ObligationState.DUE, ObligationState.POSTPONED)


@dataclass(frozen=True, slots=True)
class Obligation:
    """Hold what a party owes somebody.

    `id`: its number in the case, given by its service. `kind` and `contents`: what is owed, in words of that
    service. `cause`: the decision that raised it. `due`: by when (covenant time), while postponed the planned
    moment; None for one from before there were terms. `reason`: why it is postponed, as long as it is (R19).
    """

    id: int
    kind: str
    cause: str
    debtor: str
    addressee: str
    contents: tuple[str, ...] = ()
    due: datetime | None = None
    state: ObligationState = ObligationState.DUE
    reason: TextRef | None = None

    @property
    def is_open(self) -> bool:
        return self.state.is_open

    @property
    def planned_on(self) -> datetime | None:
        """Return until when it is postponed, if it is."""
        return self.due if self.state is ObligationState.POSTPONED else None

    def is_late(self, at: datetime) -> bool:
        """Tell whether it should have been done by then; one without a term should have been."""
        return self.state is ObligationState.DUE and (self.due is None or self.due <= at)

    def has_come(self, at: datetime) -> bool:
        """Tell whether it was postponed and its planned moment has come, whether or not a timer has fired."""
        return self.planned_on is not None and self.planned_on <= at

    def postponed(self, until: datetime, reason: TextRef) -> "Obligation":
        return replace(self, state=ObligationState.POSTPONED, due=until, reason=reason)

    def due_again(self, by: datetime) -> "Obligation":
        return replace(self, state=ObligationState.DUE, due=by, reason=None)

    def fulfilled(self) -> "Obligation":
        return replace(self, state=ObligationState.FULFILLED, reason=None)

    def handed_over(self) -> "Obligation":
        return replace(self, state=ObligationState.HANDED_OVER, reason=None)


Obligations = tuple[Obligation, ...]


def next_id(known: Obligations) -> int:
    """Return the number of the next one in this case."""
    return max((one.id for one in known), default=0) + 1


def numbered(known: Obligations, number: int) -> Obligation | None:
    """Return the obligation with this number."""
    return next((one for one in known if one.id == number), None)


def changed(known: Obligations, new: Obligation) -> Obligations:
    """Return them with this one as it is now, in the order in which they arose."""
    others = (one for one in known if one.id != new.id)
    return tuple(sorted((*others, new), key=lambda one: one.id))


def open_of(known: Obligations, kind: str, addressee: str) -> Obligations:
    """Return what is still owed to somebody of this kind, the oldest first."""
    return tuple(one for one in known if one.is_open and (one.kind, one.addressee) == (kind, addressee))


def still_open(known: Obligations) -> Obligations:
    """Return what is still owed."""
    return tuple(one for one in known if one.is_open)


def first_due(known: Iterable[Obligation]) -> datetime | None:
    """Return when the first of those that are due, and not postponed, should have been done."""
    dates = (one.due for one in known if one.state is ObligationState.DUE)
    return min((due for due in dates if due is not None), default=None)
