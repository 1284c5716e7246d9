"""Describe a decision on viewing: one viewer, one thing, allowed or denied under a rule."""

from dataclasses import dataclass
from typing import TypeAlias

from shared.core.actor import Role


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
