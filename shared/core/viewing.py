"""Describe a decision on viewing: one viewer, one thing, allowed or denied under a rule."""

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from shared.contract.fields import Item
from shared.core.actor import THE_HOUSE, Role
from shared.core.context import DecisionContext
from shared.core.mandate import Mandate


@dataclass(frozen=True, slots=True)
class Viewer:
    """Name who reads over HTTP: role and opaque subject from the token, `party` only for a party's worker."""

    role: Role
    person: str
    party: str | None = None
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """May be shown, on this rule; `on_behalf_of` is the party whose information it is (R68, R129)."""

    rule: str
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """May not be shown, under this rule and article; the viewer is told only "not here"."""

    rule: str
    article: str


Verdict: TypeAlias = Allowed | Denied

NOT_IN_ITS_NAME = Denied("R122", "B3-gen; B5")


def own_alone(viewer: Viewer, verdict: Verdict) -> Verdict:
    """Show a party only what is its own, while nothing may be shown it in the name of who leads (R122)."""
    shown_of_others = isinstance(verdict, Allowed) and verdict.on_behalf_of != viewer.party
    return NOT_IN_ITS_NAME if shown_of_others else verdict


class Provenance(NamedTuple):
    """Say on which basis something is processed, by which body it was given, and for which body it is used.

    Each is a code or a reference to a law, or None where there is none: nothing that somebody has written.
    """

    basis: str | None = None
    given_by_body: str | None = None
    viewed_for_body: str | None = None


OWN = "own"  # the basis of a look at what one gave oneself, where none was stated


def provenance(
    viewer: Viewer, thing: Any, verdict: Verdict, authorised: str | None, mandate: Mandate | None
) -> Provenance:
    """Return the provenance of a thing for whoever looks at it (R129).

    An item names its own basis and body. The house looks at everything else on the authorisation of who leads
    the case, `authorised`; everybody else on the basis of the party in whose name it is shown.
    """
    own_basis, given_by = (thing.basis, thing.acting_body) if isinstance(thing, Item) else (None, None)
    if mandate is not None and viewer.role in THE_HOUSE and viewer.on_behalf_of == mandate.party:
        return Provenance(own_basis or authorised, given_by, mandate.acting_body)
    if isinstance(thing, Item) or not isinstance(verdict, Allowed) or verdict.on_behalf_of is None:
        return Provenance(own_basis, given_by)
    return _of_giver(viewer, verdict.on_behalf_of, authorised, mandate)


def _of_giver(viewer: Viewer, giver: str, authorised: str | None, mandate: Mandate | None) -> Provenance:
    """Return on which basis a giver shows what is no item: that of the case if it leads (R4, R57, R72).

    Where none was recorded it is what the party that leads has authorised the house to show it under.
    """
    leads = mandate is not None and giver == mandate.party
    basis = mandate.basis if mandate is not None and leads else ""
    body = mandate.acting_body if mandate is not None and leads else None
    return Provenance(basis or (OWN if giver == viewer.party else authorised), body)


def may_view_log(viewer: Viewer, thing: None, state: Any, context: DecisionContext) -> Verdict:
    """Show who looked at what to the privacy officer alone, as long as the case exists (R129)."""
    if viewer.role is not Role.PRIVACY_OFFICER:
        return Denied("R129", "art. 13.1, 20.2-20.5")
    return Allowed("R129")
