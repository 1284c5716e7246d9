"""Decide on releases, each for one use, and on what may be taken away (R63 to R67, R73 to R75)."""

from dataclasses import replace
from typing import TypeAlias

from services.rto import commands as c
from services.rto import consents
from services.rto import events as e
from services.rto import refusals as r
from services.rto.corrections import changed, may_be_reserved, registered, reserved
from services.rto.meetings import is_competent
from services.rto.state import Phase, ReleaseKey, ReleaseStatus, State
from shared.contract.content import is_blank
from shared.contract.fields import ContributedItem, ItemStatus
from shared.contract.messages import rto as m
from shared.contract.messages.triage import Participant
from shared.contract.refusal import ITEM_FROZEN, UNKNOWN_CASE, Refusal
from shared.core.actor import Actor
from shared.core.context import DecisionContext
from shared.core.item_standing import is_gone
from shared.core.standing import is_frozen

Decision: TypeAlias = tuple[e.Event, ...] | Refusal


def key_of(use: m.ReleaseAsked | m.ReleaseGiven | m.ReleaseRefused) -> ReleaseKey:
    """Return exactly what is asked, given or refused (R65)."""
    return ReleaseKey(use.item_id, use.use, use.recipient, use.action_id)


def ask(state: State, request: m.ReleaseAsked, context: DecisionContext) -> Decision:
    """Ask for one use: each step needs the contributor's own new decision (R65)."""
    item, key = state.item(request.item_id), key_of(request)
    if item is None:
        return r.UNKNOWN_ITEM
    if is_frozen(item.contributor, context.parties, context.judged_at):
        return ITEM_FROZEN
    if is_blank(request.necessity):
        return r.NECESSITY_MISSING
    if refusal := _not_exact(state, key):
        return refusal
    if state.stands(key):
        return r.ALREADY_RELEASED
    return (e.ReleaseAsked(request, item.contributor, context.now),)


def give(state: State, command: c.GiveRelease, context: DecisionContext) -> Decision:
    """Release an item for one use; for an activity it says how secrecy was weighed anew (R76)."""
    key = key_of(command.release)
    if refusal := _not_exact(state, key):
        return refusal
    if key.use is m.Use.PLAN_ACTIVITY and command.release.secrecy is None:
        return r.SECRECY_NOT_WEIGHED
    if state.stands(key):
        return r.ALREADY_RELEASED
    if refusal := consents.unlifted(state, command.release):
        return refusal
    given = e.ReleaseGiven(command.release, context.now)
    back = changed(state, key.item_id, command.by, status=ItemStatus.LIVE)
    if key.use is m.Use.RTO and back.revision.shareable_at_rto is False:
        back = replace(back, revision=back.revision.model_copy(update={"shareable_at_rto": True}))
    elif not state.withdrawn(key.item_id):
        return (given,)
    return (given, registered(state, back, context))


def refuse(state: State, command: c.RefuseRelease, context: DecisionContext) -> Decision:
    """Record that a use is refused (R75); a use that was released is withdrawn instead."""
    key = key_of(command.refusal)
    if refusal := _not_exact(state, key):
        return refusal
    if state.release(key) is ReleaseStatus.GIVEN:
        return r.WITHDRAW_INSTEAD
    return (e.ReleaseRefused(command.refusal, context.now),)


def withdraw(state: State, command: c.WithdrawRelease, context: DecisionContext) -> Decision:
    """Withdraw the item from every use at once, whatever was seen or taken before (A12)."""
    if state.withdrawn(command.item_id):
        return r.NOTHING_TO_WITHDRAW
    standing = changed(state, command.item_id, command.by, status=ItemStatus.WITHDRAWN)
    return (e.ReleaseWithdrawn(command.item_id, context.now), registered(state, standing, context))


def limit(state: State, command: c.LimitItem, context: DecisionContext) -> Decision:
    """Withhold the item from more parties (R62); `change_terms` of its contributor takes that off again.

    What was released to them before ends with it; what their contributor releases later counts again.
    """
    if is_gone(command.item_id, state.standings):
        return r.ITEM_IS_WITHDRAWN
    standing = reserved(changed(state, command.item_id, command.by), command.withheld_from)
    if refusal := may_be_reserved(standing, context):
        return refusal
    ended = tuple(sorted(state.released_to(command.item_id).intersection(command.withheld_from)))
    withheld = registered(state, standing, context)
    return (withheld, e.ReleasesEnded(command.item_id, ended, context.now)) if ended else (withheld,)


def not_its_contributor(state: State, item_id: str, by: Actor) -> Refusal | None:
    """Refuse all but the contributor, who alone learns whether the item exists (R66, R34)."""
    item = state.item(item_id)
    return None if item is not None and item.contributor == by.party else r.NOT_THE_CONTRIBUTOR


def not_whoever_gave_it(state: State, item_id: str, by: Actor, context: DecisionContext) -> Refusal | None:
    """Refuse all but the contributor, also of an item that another service took in and that is not here yet.

    Until the table is prepared, whoever says so of a number that is not its own waits like one whose item
    this service has not heard of yet.
    """
    item = state.item(item_id)
    contributor = item.contributor if item else context.contributors.get(item_id)
    if contributor == by.party:
        return None
    if state.phase is Phase.NOTHING:
        return UNKNOWN_CASE
    return r.NOT_PREPARED if state.phase is Phase.COLLECTING else r.NOT_THE_CONTRIBUTOR


def _not_exact(state: State, key: ReleaseKey) -> Refusal | None:
    """Refuse a use that is neither one action of one recipient nor the RTO as a whole (R65)."""
    if key.use is m.Use.RTO:
        return None if key.recipient is None and key.action_id is None else r.RELEASE_NOT_EXACT
    if key.recipient is None or key.action_id is None:
        return r.RELEASE_NOT_EXACT
    action = state.action(key.action_id)
    return None if action is not None and action.party == key.recipient else r.NO_SUCH_ACTION


# --- what may be taken away ------------------------------------------------------------------------


def provide(state: State, taking: c.TakeAway, context: DecisionContext) -> Decision:
    """Provide only what this participant needs for this action, and only when released (R73).

    It may be provided again: a withdrawal can have stopped the first message before it left (A12).
    """
    item = state.item(taking.item_id)
    if item is None:
        return r.UNKNOWN_ITEM
    refusal = (
        _no_role(state, taking)
        or _not_lawful(state, item, taking.recipient, context)
        or _not_released(state, taking)
    )
    if refusal:
        return refusal
    return (e.ItemProvided(taking, item.contributor, context.now, item.version),)


def _no_role(state: State, taking: c.TakeAway) -> Refusal | None:
    """Refuse a recipient without an action of its own in the plan (R74)."""
    if not state.executes(taking.recipient):
        return r.NO_ROLE_IN_THE_PLAN
    action = state.action(taking.action_id)
    return None if action is not None and action.party == taking.recipient else r.NO_SUCH_ACTION


def _not_lawful(
    state: State, item: ContributedItem, recipient: str, context: DecisionContext
) -> Refusal | None:
    """Refuse what was not kept or is frozen, who is no party now, and untested readers (R49, R79, A11)."""
    if not state.stays(item.item_id):
        return r.NOT_KEPT_FOR_MONITORING
    if is_frozen(item.contributor, context.parties, context.judged_at):
        return ITEM_FROZEN
    if not context.parties.is_member(recipient, context.judged_at):
        return r.NOT_LAWFULLY_PRESENT
    participant = _as_last_invited(state, recipient)
    competent = participant is not None and is_competent(participant, context)
    return r.PROCESSING_TEST_MISSING if item.category.needs_test and not competent else None


def _as_last_invited(state: State, party: str) -> Participant | None:
    seats = [rto.seat(party) for rto in reversed(state.rtos)]
    return next((seat.participant for seat in seats if seat is not None), None)


def _not_released(state: State, taking: c.TakeAway) -> Refusal | None:
    """Refuse an item that its contributor did not release for exactly this use (R65)."""
    key = ReleaseKey(taking.item_id, m.Use.PLAN_ACTIVITY, taking.recipient, taking.action_id)
    match state.release(key):
        case ReleaseStatus.GIVEN:
            return None if state.stands(key) else r.CONSENT_NOT_IN_FORCE
        case ReleaseStatus.REFUSED:
            return r.RELEASE_REFUSED
        case _:
            return r.NOT_RELEASED
