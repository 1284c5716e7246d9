"""Authorise commands: one table per service gives the roles for each, and the authorisation it needs."""

from dataclasses import dataclass

from shared.contract.parties import Scope
from shared.contract.refusal import NO_ON_BEHALF_OF, NOT_A_PARTY, NOT_YOURS, Refusal
from shared.core.actor import A_PARTY, THE_CLOCK, THE_HOUSE, Actor, Role
from shared.core.context import DecisionContext
from shared.core.leaving import Conditions, Mandate, may_leave


@dataclass(frozen=True, slots=True)
class Requirement:
    """Define what a command requires of its actor; `scope`: the authorisation the house needs (R122).

    The house is its people and its clock. `asked_under`: the authorisation under which the house asked a
    party for this, in the name of who leads: once it has ended nothing more is collected.
    `needs_membership` is off only for acts of somebody who may not be a party yet.
    """

    roles: frozenset[Role]
    scope: Scope | None = None
    needs_membership: bool = True
    asked_under: Scope | None = None


def permit(requirement: Requirement, actor: Actor, context: DecisionContext) -> Refusal | None:
    """Return None when the actor may do this in some case, else the refusal.

    Tested at every act, by the time it was received (R122).
    """
    if actor.role not in requirement.roles:
        return NOT_YOURS
    if actor.role in A_PARTY and requirement.needs_membership:
        return NOT_A_PARTY if actor.party is None else _leaves(actor.party, Conditions(), None, context)
    if actor.role in THE_HOUSE and requirement.scope is not None:
        party = actor.on_behalf_of
        if party is None:
            return NO_ON_BEHALF_OF
        return _leaves(party, Conditions(scope=requirement.scope), Mandate(party), context)
    return None


def permit_here(
    requirement: Requirement, actor: Actor, mandate: Mandate | None, context: DecisionContext
) -> Refusal | None:
    """Return None when the mandate in this case covers the act too, else the refusal.

    Asked last, once nothing else forbids the act: before, the answer would tell of the case.
    """
    scope = _needed_here(requirement, actor, mandate)
    if scope is None or mandate is None:
        return None
    return _leaves(None, Conditions(scope=scope), mandate, context)


def _needed_here(requirement: Requirement, actor: Actor, mandate: Mandate | None) -> Scope | None:
    """Return the authorisation that this act needs of who leads the case; None for one of another's own."""
    if actor.role in A_PARTY:
        return requirement.asked_under
    if actor.role in THE_CLOCK or (mandate is not None and actor.on_behalf_of == mandate.party):
        return requirement.scope
    return None


def _leaves(
    recipient: str | None, conditions: Conditions, mandate: Mandate | None, context: DecisionContext
) -> Refusal | None:
    return may_leave(recipient, conditions, mandate, context.parties, context.judged_at)
