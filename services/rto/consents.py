"""Decide on consent of data subjects: who records it, who withdraws it, and what stops by that (R20, R76)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.consent_state import RecordedConsent, Weighing
from services.rto.state import Phase, Release, ReleaseKey, ReleaseStatus, State
from shared.contract.fields import Item
from shared.contract.limits import MOST_CONSENTS
from shared.contract.messages.rto import ConsentGiver, ConsentPurpose, ReleaseGiven, Secrecy, Use
from shared.contract.refusal import UNKNOWN_CASE, Refusal
from shared.core.actor import A_PARTY, Actor
from shared.core.consent import Consent, Need, holds, of_item
from shared.core.context import DecisionContext

Decision: TypeAlias = tuple[e.Event, ...] | Refusal
OfConsent: TypeAlias = c.AgreeConsentAsking | c.RecordConsent | c.WithdrawConsent


def open_register(state: State, command: c.OpenRegister) -> Decision:
    """Take in about whom the case is, and who leads it: from now on consent can be recorded (R20)."""
    return () if state.register is not None else (e.RegisterOpened(command.register),)


def agree(state: State, command: c.AgreeConsentAsking, context: DecisionContext) -> Decision:
    """Record that a party asks for the consent it needs itself (R20)."""
    if not context.parties.is_member(command.party, context.judged_at):
        return r.CONSENT_FOR_NO_PARTY
    if state.asks_itself(command.party):
        return r.AGREED_BEFORE
    return (e.ConsentAskingAgreed(command.party, context.now),)


def record(state: State, command: c.RecordConsent, context: DecisionContext) -> Decision:
    """Record a consent: of a person of the case, for one party and one purpose (R20)."""
    asked_by = acts_for(command.by)
    contributor = command.consent.contributor or asked_by
    if state.register is None and state.preparation is None:
        return r.NOT_PREPARED
    refusal = (
        _not_its_to_ask(state, asked_by, contributor, command.consent.purpose)
        or _incomplete(command)
        or _not_recordable(state, command, contributor, context)
    )
    if refusal:
        return refusal
    return (e.ConsentRecorded(_recorded(command, asked_by, contributor, context)),)


def withdraw(state: State, command: c.WithdrawConsent, context: DecisionContext) -> Decision:
    """Withdraw a consent, whatever the phase: what rests on it stops, what was done stays recorded (R20)."""
    known = state.recorded_consent(command.consent_id)
    if known is None:
        return r.NOT_YOUR_CONSENT
    if known.consent.withdrawn:
        return r.CONSENT_WITHDRAWN_BEFORE
    ended = replace(known, consent=replace(known.consent, withdrawn=True), withdrawn_at=context.now)
    return (e.ConsentWithdrawn(ended, acts_for(command.by), _stopped(state, ended), context.now),)


def _stopped(state: State, ended: RecordedConsent) -> tuple[ReleaseKey, ...]:
    """Return the releases that stood until this withdrawal, and do not stand after it."""
    after = with_consent(state, ended)
    return tuple(x.key for x in state.releases if state.stands(x.key) and not after.stands(x.key))


def with_consent(state: State, recorded: RecordedConsent) -> State:
    """Return the state with this consent as it is now."""
    consent_id = recorded.consent.consent_id
    others = tuple(one for one in state.consents if one.consent.consent_id != consent_id)
    return replace(state, consents=(*others, recorded))


# --- whose word counts -----------------------------------------------------------------------------


def acts_for(by: Actor) -> str:
    """Return the party that asks: the sender, or that on whose behalf the director acts; empty for nobody."""
    return by.party or "" if by.role in A_PARTY else by.on_behalf_of or ""


def stranger(state: State, command: c.RecordConsent | c.WithdrawConsent) -> Refusal | None:
    """Refuse a party that has nothing to do with the case or the consent, without telling of either (R34).

    Who leads, who referred, who recorded it and whose secrecy it lifts may pass on that it is withdrawn.
    """
    party = command.by.party
    if state.phase in (Phase.NOTHING, Phase.PURGED):
        return UNKNOWN_CASE
    leads = party in (state.leading_party, state.referrer)
    if isinstance(command, c.RecordConsent):
        may_know = leads or party in state.knowing()
        return None if may_know else r.NOT_INVOLVED
    known = state.recorded_consent(command.consent_id)
    return None if known and (leads or known.is_known_to(party)) else r.NOT_YOUR_CONSENT


def _not_its_to_ask(
    state: State, asked_by: str, contributor: str, purpose: ConsentPurpose | None
) -> Refusal | None:
    """Refuse all but who refers or leads, and who needs it: by agreement, or for the table (R20, R76)."""
    if asked_by in (state.leading_party, state.referrer):
        return None
    at_the_table = state.rtos and purpose is not ConsentPurpose.QUERY and asked_by in state.involved()
    itself = asked_by == contributor and (state.asks_itself(asked_by) or at_the_table)
    return None if itself else r.CONSENT_NOT_YOURS_TO_ASK


# --- what a consent must say -----------------------------------------------------------------------


def _incomplete(command: c.RecordConsent) -> Refusal | None:
    """Refuse a consent without its one purpose, or without who gave it (R20)."""
    said = command.consent
    if said.purpose is None:
        return r.CONSENT_WITHOUT_PURPOSE
    if (said.purpose is ConsentPurpose.PLAN_ACTIVITY) is not (said.recipient is not None):
        return r.CONSENT_NOT_EXACT
    if said.given_by is None:
        return r.CONSENT_OF_NOBODY
    represented = said.given_by is ConsentGiver.REPRESENTATIVE
    return None if represented is (said.capacity is not None) else r.CAPACITY_UNCLEAR


def _not_recordable(
    state: State, command: c.RecordConsent, contributor: str, context: DecisionContext
) -> Refusal | None:
    """Refuse what is of no person or no party, not given yet, or under a number that stands for another."""
    said = command.consent
    if said.person_id not in state.person_ids:
        return r.UNKNOWN_PERSON
    named = [contributor, *([said.recipient] if said.recipient else [])]
    if not all(context.parties.is_member(party, context.judged_at) for party in named):
        return r.CONSENT_FOR_NO_PARTY
    if said.given_at > context.now:
        return r.CONSENT_NOT_GIVEN_YET
    if state.recorded_consent(said.consent_id) is not None:
        return r.CONSENT_KNOWN
    return r.TOO_MANY_CONSENTS if len(state.consents) >= MOST_CONSENTS else None


def _recorded(
    command: c.RecordConsent, asked_by: str, contributor: str, context: DecisionContext
) -> RecordedConsent:
    said = command.consent
    assert said.purpose is not None and said.given_by is not None  # noqa: S101 - refused before
    consent = Consent(said.consent_id, said.person_id, contributor, said.purpose, said.recipient)
    return RecordedConsent(consent, said.given_by, said.capacity, said.given_at, asked_by, context.now)


# --- what rests on it ------------------------------------------------------------------------------


def must_be_given(state: State, items: Sequence[Item], contributor: str) -> Refusal | None:
    """Refuse at the table what only consent lets its contributor bring in, without that consent (R20)."""
    need, consents = Need(contributor, ConsentPurpose.RTO), state.consent_pictures
    lifted = (holds(of_item(item, state.person_ids), need, consents) for item in items)
    return None if all(lifted) else r.CONSENT_NOT_IN_FORCE


def unlifted(state: State, release: ReleaseGiven) -> Refusal | None:
    """Refuse a release that names consents it does not rest on, or that lacks one on which it does (R76)."""
    if release.consents and release.secrecy is not Secrecy.WITH_CONSENT:
        return r.CONSENT_NOT_WEIGHED
    return None if state.lifted(as_released(release)) else r.CONSENT_NOT_IN_FORCE


def as_released(release: ReleaseGiven) -> Release:
    """Return the release that a contributor gives, with how it weighed its secrecy."""
    key = ReleaseKey(release.item_id, Use(release.use), release.recipient, release.action_id)
    weighed = Weighing(release.secrecy, release.consents) if release.secrecy else None
    return Release(key, ReleaseStatus.GIVEN, weighed)
