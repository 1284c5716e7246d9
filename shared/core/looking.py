"""Decide one look of a person at a case or a thing of it: everything that can forbid it, in one place.

Membership and mandate are tested at every look, as at every act (R115, R122); what a departed party brought
in is frozen (A11); then the service's own policy decides.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from shared.contract.refusal import ITEM_FROZEN, Refusal
from shared.core.actor import A_PARTY, THE_HOUSE, Actor, Role
from shared.core.authorisation import Requirement, permit, permit_here
from shared.core.context import DecisionContext
from shared.core.mandate import Needed, authority
from shared.core.process import HasPhase, Process
from shared.core.standing import is_frozen
from shared.core.viewing import NOT_IN_ITS_NAME, Allowed, Denied, Verdict, Viewer, own_alone

S = TypeVar("S", bound=HasPhase)
MayView = Callable[[Viewer, Any, S, DecisionContext], Verdict]
Things = Callable[[S], Iterable[tuple[str, Any]]]  # (label, thing) of a state
Look = Callable[[Any], Verdict]  # one look at a thing of a case, or (None) at the case itself
ANYBODY = frozenset(Role)  # what a role may see is for the service to say


def looking_at(
    process: Process[S],
    viewer: Viewer,
    may_view: MayView[S],
    scope: Needed | None,
    state: S,
    things: Things[S],
    context: DecisionContext,
) -> Look:
    """Return what decides each look of this person at this case; `things` lists what of it can be looked at.

    `scope` is the authorisation under which all is shown, in the name of who leads; None where it is in
    nobody's.
    """
    refusal = _may_not_read(viewer, scope, state, context)

    def decided(thing: Any) -> Verdict:
        denied = refusal or _frozen(process, state, thing, context)
        return Denied(denied.rule, denied.article) if denied else may_view(viewer, thing, state, context)

    covered = scope is None or authority(state, scope, context.parties, context.judged_at)
    if covered or viewer.role not in A_PARTY:
        return decided
    return _its_own(viewer, decided, lambda: things(state))


def _may_not_read(
    viewer: Viewer, scope: Needed | None, state: HasPhase, context: DecisionContext
) -> Refusal | None:
    """Test membership and mandate at every reading too (R115, R122)."""
    actor = Actor(viewer.role, viewer.party, viewer.person, None, viewer.on_behalf_of)
    required = Requirement(ANYBODY, scope if viewer.role in THE_HOUSE else None)
    return permit(required, actor, context) or permit_here(required, actor, state, context)


def _frozen(process: Process[S], state: S, thing: Any, context: DecisionContext) -> Refusal | None:
    """Refuse what comes of a party that has left, to everybody (A11)."""
    givers = process.givers(state, thing)
    return ITEM_FROZEN if any(is_frozen(one, context.parties, context.now) for one in givers) else None


def _its_own(viewer: Viewer, decided: Look, things: Callable[[], Iterable[tuple[str, Any]]]) -> Look:
    """Show a party only its own, once nothing may be shown in the name of who leads (R122).

    The case itself then as long as anything of it is its own.
    """

    def own(thing: Any) -> Verdict:
        verdict = own_alone(viewer, decided(thing))
        if thing is not None or verdict is not NOT_IN_ITS_NAME:
            return verdict
        shown = (own_alone(viewer, decided(one)) for _, one in things())
        return next((one for one in shown if isinstance(one, Allowed)), verdict)

    return own
