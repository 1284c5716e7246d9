"""Authorise commands: one table per service gives the roles for each, and the authorisation it needs."""

from dataclasses import dataclass

from shared.contract.parties import Scope
from shared.contract.refusal import NO_AUTHORISATION, NO_ON_BEHALF_OF, NOT_A_PARTY, NOT_YOURS, Refusal
from shared.core.actor import A_PARTY, THE_HOUSE, Actor, Role
from shared.core.context import DecisionContext


@dataclass(frozen=True, slots=True)
class Requirement:
    """Define what a command requires of its actor; `scope`: the authorisation the house needs (R122).

    `needs_membership` is off only for acts of somebody who may not be a party yet.
    """

    roles: frozenset[Role]
    scope: Scope | None = None
    needs_membership: bool = True


def permit(requirement: Requirement, actor: Actor, context: DecisionContext) -> Refusal | None:
    """Return None when the actor may, else the refusal.

    Tested at every act, by the time it was received (R122).
    """
    if actor.role not in requirement.roles:
        return NOT_YOURS
    if actor.role in A_PARTY and requirement.needs_membership:
        return _member(actor.party, context)
    if actor.role in THE_HOUSE and requirement.scope is not None:
        return _on_behalf(actor.on_behalf_of, requirement.scope, context)
    return None


def _member(party: str | None, context: DecisionContext) -> Refusal | None:
    if party is None or not context.parties.is_member(party, context.judged_at):
        return NOT_A_PARTY
    return None


def _on_behalf(party: str | None, scope: Scope, context: DecisionContext) -> Refusal | None:
    if party is None:
        return NO_ON_BEHALF_OF
    if refusal := _member(party, context):
        return refusal
    if not context.parties.authorised(party, scope, context.judged_at):
        return NO_AUTHORISATION
    return None
