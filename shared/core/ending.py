"""Judge by the date how far the end of a case is: no timer has to have fired for it (R88, R91, R102, A4).

Retention sets the terms; every service that shows something of a case follows them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Protocol

from shared.contract.messages.retention import Hold, Term, TermKind
from shared.core.viewing import Denied

GONE = Denied("R91", "B3-F4")  # the day has come, whether or not it was deleted yet


class HasTerms(Protocol):
    """Require the terms of the end of a case, and what holds its destruction; none while it goes on."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def terms(self) -> tuple[Term, ...]: ...
    @property
    def holds(self) -> tuple[Hold, ...]: ...


def begins(kind: TermKind, terms: Iterable[Term], holds: Iterable[Hold]) -> datetime | None:
    """Return when this step begins; None where no such term runs. Only what deletes all can be held (R92)."""
    term = next((term for term in terms if term.kind is kind), None)
    if term is None:
        return None
    due = min(term.due, term.review_on or term.due)
    return due if kind is TermKind.ARCHIVE else max((due, *(hold.until for hold in holds)))


def has_begun(kind: TermKind, state: HasTerms, now: datetime) -> bool:
    """Tell whether this step has begun: with the first moment of its day (A4)."""
    at = begins(kind, state.terms, state.holds)
    return at is not None and now >= at


def gone(state: HasTerms, now: datetime) -> Denied | None:
    """Deny whatever is looked at once the case is to be gone (R91, R102)."""
    over = has_begun(TermKind.DESTROY, state, now) or has_begun(TermKind.REMOVE, state, now)
    return GONE if over else None
