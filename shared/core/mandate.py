"""Say in whose name the house acts in a case, and which authorisation covers an act there (R72, R122).

Intake makes the mandate of a case, the round table makes the next one when direction moves. The authorisation
is no part of it: it is looked up at each act and each look, any in force then for that body, and for what the
phase of the case asks for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from shared.contract.fields import Mandate as Mandate
from shared.contract.parties import Authorisation, Parties, Scope

Scopes: TypeAlias = frozenset[Scope]  # any of them will do
InPhase: TypeAlias = Callable[[Any], Scopes]  # what the phase of this state asks for
Needed: TypeAlias = Scope | InPhase
ANY_SCOPE: Scopes = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Leads:
    """Record that another party leads from this moment, and in the name of which body of it (R72)."""

    leading_party: str
    since: datetime
    acting_body: str | None = None
    task: str = ""
    basis: str = ""

    @property
    def mandate(self) -> Mandate:
        """Return in whose name the house acts from then on."""
        return Mandate(
            party=self.leading_party,
            acting_body=self.acting_body,
            task=self.task,
            basis=self.basis,
            since=self.since,
        )


class Led(Protocol):
    """Require in whose name the house acts in a case; None while nobody leads it."""

    @property
    def mandate(self) -> Mandate | None: ...


def authority(case: Led | None, needed: Needed, parties: Parties, at: datetime) -> Authorisation | None:
    """Return what authorises the house to do this in the name of who leads the case; None for nothing."""
    if case is None or case.mandate is None:
        return None
    mandate = case.mandate
    return covering(mandate.party, mandate.acting_body, scopes_of(needed, case), parties, at)


def scopes_of(needed: Needed, case: Led) -> Scopes:
    """Return the scopes of which one must be authorised, as the case stands."""
    return frozenset({needed}) if isinstance(needed, Scope) else needed(case)


def covering(
    party: str, acting_body: str | None, scopes: Scopes, parties: Parties, at: datetime
) -> Authorisation | None:
    """Return an authorisation of a party of that instant, for one of these scopes and that body of it.

    Without `acting_body` any body will do: so before the case is known, and where none was recorded.
    """
    record = parties.get(party)
    if record is None or not record.is_member(at):
        return None
    found = (one for one in record.authorisations for scope in scopes if one.covers(scope, at, acting_body))
    return next(found, None)
