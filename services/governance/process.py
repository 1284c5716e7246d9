"""Decide who is a party, with which keys, and for which acts the directors act for it; record decisions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, assert_never, cast

from services.governance import commands as c
from services.governance import events as e
from services.governance import houses
from services.governance import refusals as r
from services.governance.accession import AccessionForm, Signatory, day_of, is_the_house, start_of
from services.governance.decisions import fault_of as fault_of_decision
from services.governance.decisions import fault_of_accession
from services.governance.keys import REMEMBERED, announced, fault_of, followed_by
from services.governance.state import Phase, Proposal, State
from shared.contract.limits import MOST_AUTHORISATIONS, MOST_KEYS
from shared.contract.messages.governance import AuthorisationGranted
from shared.contract.parties import Authorisation, HouseStanding, KeyUse, PartyRecord, PublicKey, is_reserved
from shared.contract.refusal import NOT_A_PARTY, Refusal
from shared.core.actor import A_PARTY, Actor
from shared.core.context import DecisionContext, House

# --- the table: what each phase allows, and what moves it on -------------------------------------

Command: TypeAlias = (
    c.RecordSignatory
    | c.RecordHouse
    | c.AnnounceKey
    | c.GrantAuthorisation
    | c.AcceptAuthorisation
    | c.RevokeAuthorisation
    | c.ProposeEnding
    | c.EndMembership
    | c.PublishAnew
    | c.RecordDecision
    | c.AcknowledgeSecrecy
    | c.PurgeCase
)
Decision: TypeAlias = tuple[e.Event, ...] | Refusal

NOTHING_HELD = frozenset({Phase.NOTHING, Phase.PURGED})
NO_PARTY = NOTHING_HELD | {Phase.DECIDED, Phase.ACKNOWLEDGED}
PUBLISHED = frozenset(Phase) - NOTHING_HELD
MEMBER = frozenset({Phase.MEMBER})

# For each command: the phases in which it may be decided, and the refusal for a party in another one.
ALLOWED: Mapping[type[Command], tuple[frozenset[Phase], Refusal]] = {
    c.RecordSignatory: (frozenset({Phase.NOTHING}), r.ALREADY_SIGNED),
    c.RecordHouse: (frozenset({Phase.NOTHING, Phase.MEMBER}), r.MEMBERSHIP_ENDED),
    c.AnnounceKey: (MEMBER, r.MEMBERSHIP_ENDED),
    c.GrantAuthorisation: (MEMBER, r.MEMBERSHIP_ENDED),
    c.AcceptAuthorisation: (MEMBER, r.MEMBERSHIP_ENDED),
    c.RevokeAuthorisation: (MEMBER, r.MEMBERSHIP_ENDED),
    c.ProposeEnding: (MEMBER, r.MEMBERSHIP_ENDED),
    c.EndMembership: (MEMBER, r.MEMBERSHIP_ENDED),
    c.PublishAnew: (PUBLISHED, r.UNKNOWN_PARTY),
    c.RecordDecision: (frozenset({Phase.NOTHING}), r.DECISION_KNOWN),
    c.AcknowledgeSecrecy: (frozenset({Phase.NOTHING, Phase.ACKNOWLEDGED}), r.NO_ACCOUNT),
    c.PurgeCase: (NOTHING_HELD, r.NO_CASE),
}

TRANSITIONS: Mapping[tuple[Phase, type[e.Event]], Phase] = {
    (Phase.NOTHING, e.SignatoryRecorded): Phase.MEMBER,
    (Phase.NOTHING, e.HouseRecorded): Phase.MEMBER,
    (Phase.MEMBER, e.MembershipEnded): Phase.ENDED,
    (Phase.NOTHING, e.DecisionRecorded): Phase.DECIDED,
    (Phase.NOTHING, e.SecrecyAcknowledged): Phase.ACKNOWLEDGED,
    **{(phase, e.CasePurged): Phase.PURGED for phase in NOTHING_HELD},
}

# --- decisions -----------------------------------------------------------------------------------


def decide(state: State, command: Command, context: DecisionContext) -> Decision:
    """Decide any command in any phase: events, or a named refusal."""
    if isinstance(command, c.PartyCommand) and command.by.party != command.party:
        return r.NOT_YOUR_PARTY
    allowed, refusal = ALLOWED[type(command)]
    if state.phase not in allowed:
        return _unknown(command.by) if _asks_a_party(command) and state.phase in NO_PARTY else refusal
    record = cast(PartyRecord, state.record)  # a member has one; the other two commands do not ask for it
    match command:
        case c.RecordSignatory():
            return _admit(command, context)
        case c.RecordHouse():
            return houses.record(state.record, command, context)
        case c.RecordDecision(decision=decision, replaced=replaced):
            fault = fault_of_decision(decision, replaced, context.parties, context.now)
            return fault or (e.DecisionRecorded(decision, context.now),)
        case c.AcknowledgeSecrecy(by=by, secrecy=secrecy):
            return _acknowledge(state, by, context.now) if secrecy else r.SECRECY_NOT_STATED
        case c.AnnounceKey():
            return _not_on_record(record, context) or _announce(record, command)
        case c.GrantAuthorisation(grant=grant):
            return _not_in_force(record, context) or _grant(record, grant, context)
        case c.AcceptAuthorisation():
            return _not_in_force(record, context) or _accept(record, command, context)
        case c.RevokeAuthorisation(authorisation_id=number):
            return _not_in_force(record, context) or _revoke(record, number, context)
        case c.ProposeEnding(reason=reason):
            return (e.EndingProposed(reason, command.by.person or "", context.now),)
        case c.EndMembership(reason=reason):
            return _not_confirmable(state, command, context) or (e.MembershipEnded(reason, context.now),)
        case c.PublishAnew():
            return (e.RecordPublishedAnew(),)
        case c.PurgeCase(case_id=case_id, house_keys=house_keys):
            return (e.CasePurged(case_id, house_keys),)
        case _:
            assert_never(command)


def _asks_a_party(command: Command) -> bool:
    """Tell whether a command means nothing where there is no party; the others name what else is there."""
    return not isinstance(command, c.RecordDecision | c.AcknowledgeSecrecy | c.PurgeCase)


def _unknown(by: Actor) -> Refusal:
    return NOT_A_PARTY if by.role in A_PARTY else r.UNKNOWN_PARTY


def _acknowledge(state: State, by: Actor, now: datetime) -> Decision:
    """Record it once; who acknowledges again is told that all is well."""
    if state.account is not None:
        return ()
    return (e.SecrecyAcknowledged(by.person or "", by.party, now),)


def _not_confirmable(state: State, command: c.EndMembership, context: DecisionContext) -> Refusal | None:
    """Refuse to end what nobody proposed for this reason of late, and whoever proposed it itself."""
    proposed = state.proposed
    if proposed is None or proposed.reason is not command.reason:
        return r.ENDING_NOT_PROPOSED
    if context.now - proposed.at > context.policy.confirmation_within:
        return r.ENDING_NOT_PROPOSED
    return r.SECOND_PERSON_NEEDED if command.by.person == proposed.person else None


def _admit(command: c.RecordSignatory, context: DecisionContext) -> Decision:
    signatory, form = command.signatory, command.signatory.form
    if is_reserved(signatory.party):
        return r.NAME_RESERVED
    if _is_the_house(signatory, context.house):
        return r.HOUSE_IS_NO_PARTY
    signed_on = form.signed_on(day_of(context.now))
    if signed_on is None:
        return r.SIGNATURE_MISSING
    if not form.is_complete:
        return r.FORM_INCOMPLETE
    if day_of(signatory.member_from) < signed_on:
        return r.PARTY_BEFORE_SIGNATURE
    if not signatory.acting_bodies or not all(signatory.acting_bodies):
        return r.ACTING_BODY_MISSING
    today, member_from = day_of(context.now), day_of(signatory.member_from)
    if fault := fault_of_accession(signatory.party, member_from, command.decision, today):
        return fault
    paper = signatory.signing_key
    if paper is not None and (fault := fault_of(paper.kid, paper.jwk)):
        return fault
    # The key was signed for with the form, so it holds for what overtook the secretary's recording.
    since = min(start_of(signed_on), command.received_at)
    keys = (announced(paper.kid, paper.jwk, KeyUse.SIGNING, since),) if paper is not None else ()
    return (e.SignatoryRecorded(_record(signatory, keys), form, context.now, signatory.decision),)


def _is_the_house(signatory: Signatory, house: House) -> bool:
    """Tell whether somebody registers the house itself, by its id, its name or its source (R124)."""
    named = is_the_house(signatory.party, house.id) or is_the_house(signatory.form.name, house.id)
    return named or (house.source != "" and signatory.source.startswith(house.source))


def _record(signatory: Signatory, keys: tuple[PublicKey, ...]) -> PartyRecord:
    return PartyRecord(
        party=signatory.party,
        name=signatory.form.name,
        seat=signatory.form.seat,
        kind=signatory.kind,
        source=signatory.source,
        acting_bodies=signatory.acting_bodies,
        may_use_bsn=signatory.may_use_bsn,
        checked_for_special=signatory.checked_for_special,
        member_from=signatory.member_from,
        keys=keys,
    )


def _not_in_force(record: PartyRecord, context: DecisionContext) -> Refusal | None:
    """Refuse a signatory before the agreed moment: until then it has no right in the system (R109)."""
    return None if record.is_member(context.judged_at) else r.NOT_YET_IN_FORCE


def _not_on_record(record: PartyRecord, context: DecisionContext) -> Refusal | None:
    """Refuse whoever is neither a party nor another house yet (R109, R127)."""
    connected = record.is_house(context.judged_at)
    return None if connected else _not_in_force(record, context)


def _announce(record: PartyRecord, command: c.AnnounceKey) -> Decision:
    announcement = command.announcement
    if fault := fault_of(announcement.kid, announcement.jwk):
        return fault
    if any(key.kid == announcement.kid for key in record.keys):
        return r.KEY_KNOWN
    key = announced(announcement.kid, announcement.jwk, announcement.use, command.received_at)
    if len(followed_by(record.keys, key)) > MOST_KEYS:
        return r.TOO_MANY_KEYS
    return (e.KeyAnnounced(key),)


def _grant(record: PartyRecord, grant: AuthorisationGranted, context: DecisionContext) -> Decision:
    begins, ends = grant.valid_from or context.now, grant.valid_until
    if grant.acting_body not in record.acting_bodies:
        return r.ACTING_BODY_UNKNOWN
    if ends is not None and ends <= max(begins, context.now):
        return r.PERIOD_EMPTY
    if _found(record, grant.authorisation_id) is not None:
        return r.AUTHORISATION_KNOWN
    if len(_remembered(record, context.now)) >= MOST_AUTHORISATIONS:
        return r.TOO_MANY_AUTHORISATIONS
    authorisation = Authorisation(
        authorisation_id=grant.authorisation_id,
        acting_body=grant.acting_body,
        scopes=tuple(sorted(set(grant.scopes))),
        valid_from=begins,
        valid_until=ends,
    )
    return (e.AuthorisationGranted(authorisation, context.now),)


def _remembered(record: PartyRecord, now: datetime) -> tuple[Authorisation, ...]:
    """Return what counts: an authorisation that ended longer ago than anything is judged by is left out."""
    horizon = now - REMEMBERED
    return tuple(a for a in record.authorisations if a.ends_at is None or a.ends_at > horizon)


def _accept(record: PartyRecord, command: c.AcceptAuthorisation, context: DecisionContext) -> Decision:
    found = _found(record, command.authorisation_id)
    if found is None:
        return r.UNKNOWN_AUTHORISATION
    if found.revoked_at is not None:
        return r.AUTHORISATION_REVOKED
    if found.accepted_at is not None:
        return r.ALREADY_ACCEPTED
    if found.valid_until is not None and found.valid_until <= context.now:
        return r.AUTHORISATION_LAPSED
    if not command.processor_agreement:
        return r.PROCESSOR_AGREEMENT_MISSING
    return (e.AuthorisationAccepted(found.authorisation_id, command.by.person or "", context.now),)


def _revoke(record: PartyRecord, number: str, context: DecisionContext) -> Decision:
    found = _found(record, number)
    if found is None:
        return r.UNKNOWN_AUTHORISATION
    if found.revoked_at is not None:
        return r.AUTHORISATION_REVOKED
    return (e.AuthorisationRevoked(number, context.now),)


def _found(record: PartyRecord, number: str) -> Authorisation | None:
    return next((a for a in record.authorisations if a.authorisation_id == number), None)


# --- evolution -----------------------------------------------------------------------------------


def evolve(state: State, event: e.Event) -> State:
    """Return the membership after an event."""
    state = replace(state, phase=TRANSITIONS.get((state.phase, type(event)), state.phase))
    match event:
        case e.SignatoryRecorded(record=record, form=form, decision=number):
            return replace(state, record=record, form=form, rests_on=number)
        case e.HouseRecorded(record=record):
            return replace(state, record=record)
        case e.DecisionRecorded(decision=decision, at=at):
            return replace(state, decision=decision, recorded_at=at)
        case e.SecrecyAcknowledged(person=person, party=party, at=at):
            return replace(state, account=(person, party), recorded_at=at)
        case e.KeyAnnounced(key=key):
            return _with(state, keys=followed_by(_known(state).keys, key))
        case e.AuthorisationGranted(authorisation=authorisation, at=at):
            return _with(state, authorisations=(*_remembered(_known(state), at), authorisation))
        case e.AuthorisationAccepted(authorisation_id=number, at=at):
            return _with_authorisation(state, number, accepted_at=at)
        case e.AuthorisationRevoked(authorisation_id=number, at=at):
            return _with_authorisation(state, number, revoked_at=at)
        case e.EndingProposed(reason=reason, person=person, at=at):
            return replace(state, proposed=Proposal(reason, person, at))
        case e.MembershipEnded(reason=reason, at=at):
            return _ended(replace(state, ended=reason, proposed=None, form=_without_name(state.form)), at)
        case e.RecordPublishedAnew() | e.CasePurged():
            return state
        case _:
            assert_never(event)


def _known(state: State) -> PartyRecord:
    """Return the record, in the phases that have one."""
    return cast(PartyRecord, state.record)


def _with(state: State, **changes: object) -> State:
    return replace(state, record=_known(state).model_copy(update=changes))


def _with_authorisation(state: State, number: str, **changes: datetime) -> State:
    changed = tuple(
        a.model_copy(update=changes) if a.authorisation_id == number else a
        for a in _known(state).authorisations
    )
    return _with(state, authorisations=changed)


def _without_name(form: AccessionForm | None) -> AccessionForm | None:
    """Forget who signed, once the membership has ended; the paper still says it."""
    return form and form.model_copy(update={"officer_name": None, "chair_name": None})


def _ended(state: State, at: datetime) -> State:
    """End all rights: what others may do for the party ends with what it may do itself (R115)."""
    revoked = tuple(
        a if a.revoked_at is not None else a.model_copy(update={"revoked_at": at})
        for a in _known(state).authorisations
    )
    state = _with(state, house=_disconnected(_known(state).house, at))
    return _with(state, member_until=at, authorisations=revoked)


def _disconnected(house: HouseStanding | None, at: datetime) -> HouseStanding | None:
    """Return the standing of another house as it ends, where there is one (R38)."""
    return house and house.model_copy(update={"until": at})
