"""Authorise commands: one table per service gives the roles for each, and the authorisation it needs."""

from dataclasses import dataclass

from shared.contract.parties import Authorisation, Scope
from shared.contract.refusal import NO_AUTHORISATION, NO_ON_BEHALF_OF, NOT_A_PARTY, NOT_YOURS, Refusal
from shared.core.actor import A_PARTY, THE_CLOCK, THE_HOUSE, Actor, Role
from shared.core.context import DecisionContext
from shared.core.mandate import ANY_SCOPE, Led, Needed, authority, covering


@dataclass(frozen=True, slots=True)
class Requirement:
    """Define what a command requires of its actor; `scope`: the authorisation the house needs (R122).

    The house is its people and its clock. `asked_under`: the authorisation under which the house asked a
    party for this, in the name of who leads: once it has ended nothing more is collected.
    `needs_membership` is off only for acts of somebody who may not be a party yet. `without_leader`: the
    director may do this on nobody's behalf; the decision tests that whoever led is a party no more (R7).
    `of_a_house`: what another house alone may send, which is no party (R38).
    """

    roles: frozenset[Role]
    scope: Needed | None = None
    needs_membership: bool = True
    asked_under: Needed | None = None
    without_leader: bool = False
    of_a_house: bool = False


def permit(requirement: Requirement, actor: Actor, context: DecisionContext) -> Refusal | None:
    """Return None when the actor may do this in some case, else the refusal.

    Tested at every act, by the time it was received (R122). Before the case is known, any phase will do.
    """
    if actor.role not in requirement.roles:
        return NOT_YOURS
    if requirement.of_a_house:
        return None if context.parties.is_house(actor.party or "", context.judged_at) else NOT_A_PARTY
    if actor.role in A_PARTY and requirement.needs_membership:
        return None if context.parties.is_member(actor.party or "", context.judged_at) else NOT_A_PARTY
    if actor.role in THE_HOUSE and requirement.scope is not None:
        return _on_behalf_of(actor.on_behalf_of, requirement.scope, requirement, context)
    return None


def _on_behalf_of(
    party: str | None, needed: Needed, requirement: Requirement, context: DecisionContext
) -> Refusal | None:
    if party is None:
        return None if requirement.without_leader else NO_ON_BEHALF_OF
    if not context.parties.is_member(party, context.judged_at):
        return NOT_A_PARTY
    scopes = frozenset({needed}) if isinstance(needed, Scope) else ANY_SCOPE
    covered = covering(party, None, scopes, context.parties, context.judged_at)
    return None if covered else NO_AUTHORISATION


def permit_here(
    requirement: Requirement, actor: Actor, case: Led, context: DecisionContext
) -> Refusal | None:
    """Return None when the mandate of this case covers the act too, else the refusal."""
    covered = covered_here(requirement, actor, case, context)
    return covered if isinstance(covered, Refusal) else None


def covered_here(
    requirement: Requirement, actor: Actor, case: Led, context: DecisionContext
) -> Authorisation | Refusal | None:
    """Return the authorisation that covers an act in this case; None where it needs none, else the refusal.

    Asked last, once nothing else forbids the act: before, the answer would tell of the case.
    """
    needed = _needed_here(requirement, actor, case)
    if needed is None or case.mandate is None:
        return None
    return authority(case, needed, context.parties, context.judged_at) or NO_AUTHORISATION


def _needed_here(requirement: Requirement, actor: Actor, case: Led) -> Needed | None:
    """Return the authorisation that this act needs of who leads the case; None for one of another's own."""
    if actor.role in A_PARTY:
        return requirement.asked_under
    if actor.role in THE_CLOCK or (case.mandate is not None and actor.on_behalf_of == case.mandate.party):
        return requirement.scope
    return None
