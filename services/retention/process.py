"""Decide the end of a case: from de-escalation, or an early end, to the proof that nothing is left."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, assert_never

from services.retention import commands as c
from services.retention import events as e
from services.retention import refusals as r
from services.retention.commands import KeptItem
from services.retention.proofs import UNKNOWN_KEY, AwaitedKey, Ending
from services.retention.state import STEP_1, STEP_2, Inspection, Phase, Reactivation, Shown, State
from shared.contract.content import TextRef, is_blank, text
from shared.contract.messages import rto
from shared.contract.messages.intake import CaseTakenUp
from shared.contract.messages.retention import Term, TermKind
from shared.contract.refusal import ITEM_TWICE, UNKNOWN_CASE, Refusal
from shared.core import consent, item_standing
from shared.core.actor import Actor, Role
from shared.core.calendar_terms import add_months
from shared.core.context import DecisionContext
from shared.core.ending import gone as is_gone
from shared.core.ending import has_begun
from shared.core.item_rules import is_competent
from shared.core.rounds import out_of_round
from shared.core.service_numbers import without_numbers
from shared.core.team import followed

# --- the table: what each phase allows, and what moves it on -------------------------------------

Command: TypeAlias = (
    c.OpenCase
    | c.MoveDirection
    | c.FollowAssignment
    | c.RecordHandedOverItem
    | c.FollowStanding
    | c.FollowConsent
    | c.RecordFilePart
    | c.Deescalate
    | c.CleanFile
    | c.ArchiveFile
    | c.CatchUp
    | c.InspectFile
    | c.UseInspection
    | c.AskReactivation
    | c.ReactivateFile
    | c.CloseEarly
    | c.FollowSettling
    | c.StartErasure
    | c.ConfirmPurge
    | c.RecordKeyDestroyed
    | c.RecordHouseKeysDestroyed
)
Decision: TypeAlias = tuple[e.Event, ...] | Refusal

RUNNING = frozenset({Phase.OPEN, Phase.COLLECTING})
# The end of a case counts whether or not its beginning was heard: no term may fail to start (R86, R102).
NOT_ENDING = RUNNING | {Phase.NOTHING}
IN_PHASE_4 = STEP_1 | STEP_2

# What a person may do in a step is judged by the date: the clock alone is late, never early (A4).
BY_THE_DATE = (c.CleanFile, c.InspectFile, c.UseInspection, c.AskReactivation, c.ReactivateFile)

# For each command: the phases in which it may be decided, and the refusal in any other known one.
ALLOWED: Mapping[type[Command], tuple[frozenset[Phase], Refusal]] = {
    c.OpenCase: (frozenset({Phase.NOTHING}), r.ALREADY_KNOWN),
    c.MoveDirection: (RUNNING, r.DIRECTION_IS_FIXED),
    c.FollowAssignment: (frozenset(Phase) - {Phase.NOTHING, Phase.ERASED}, UNKNOWN_CASE),
    c.FollowStanding: (frozenset(Phase) - {Phase.ERASED}, UNKNOWN_CASE),  # also before the case itself
    c.FollowConsent: (frozenset(Phase) - {Phase.ERASED}, UNKNOWN_CASE),
    c.RecordHandedOverItem: (NOT_ENDING | IN_PHASE_4, r.FILE_TAKES_NOTHING_MORE),
    c.RecordFilePart: (NOT_ENDING | IN_PHASE_4, r.FILE_TAKES_NOTHING_MORE),
    c.Deescalate: (NOT_ENDING, r.ALREADY_DEESCALATED),
    c.CleanFile: (STEP_1, r.NOT_IN_STEP_1),
    c.ArchiveFile: (STEP_1, r.NO_TERM_RUNS),
    c.CatchUp: (IN_PHASE_4 | {Phase.CLOSING}, r.NO_TERM_RUNS),
    c.InspectFile: (STEP_2, r.NOT_ARCHIVED),
    c.UseInspection: (STEP_2, r.NOT_ARCHIVED),
    c.AskReactivation: (STEP_1 | STEP_2, r.NOTHING_TO_REACTIVATE),
    c.ReactivateFile: (STEP_1 | STEP_2, r.NOTHING_TO_REACTIVATE),
    c.CloseEarly: (NOT_ENDING, r.ALREADY_ENDING),
    c.FollowSettling: (NOT_ENDING | {Phase.CLOSING}, r.ALREADY_ENDING),
    c.StartErasure: (STEP_1 | STEP_2 | {Phase.CLOSING}, r.NO_TERM_RUNS),
    c.ConfirmPurge: (frozenset({Phase.ERASING, Phase.DESTROYING}), r.ERASURE_NOT_ORDERED),
    c.RecordKeyDestroyed: (frozenset({Phase.DESTROYING}), r.NOT_ALL_CONFIRMED),
    c.RecordHouseKeysDestroyed: (frozenset(Phase), UNKNOWN_CASE),  # about no case, so in no phase of one
}

TRANSITIONS: Mapping[tuple[Phase, type[e.Event]], Phase] = {
    (Phase.NOTHING, e.CaseOpened): Phase.OPEN,
    (Phase.NOTHING, e.ItemReceived): Phase.COLLECTING,
    (Phase.OPEN, e.ItemReceived): Phase.COLLECTING,
    (Phase.NOTHING, e.FilePartReceived): Phase.COLLECTING,
    (Phase.OPEN, e.FilePartReceived): Phase.COLLECTING,
    (Phase.NOTHING, e.CaseDeescalated): Phase.STEP_1,
    (Phase.OPEN, e.CaseDeescalated): Phase.STEP_1,
    (Phase.COLLECTING, e.CaseDeescalated): Phase.STEP_1,
    (Phase.STEP_1, e.FileCleaned): Phase.STEP_1_CLEANED,
    (Phase.STEP_1, e.FileArchived): Phase.STEP_2,
    (Phase.STEP_1_CLEANED, e.FileArchived): Phase.STEP_2,
    **{(phase, e.FileReactivated): Phase.OPEN for phase in sorted(STEP_1 | STEP_2)},
    (Phase.NOTHING, e.CaseClosing): Phase.CLOSING,
    (Phase.OPEN, e.CaseClosing): Phase.CLOSING,
    (Phase.COLLECTING, e.CaseClosing): Phase.CLOSING,
    (Phase.STEP_1, e.ErasureStarted): Phase.ERASING,
    (Phase.STEP_1_CLEANED, e.ErasureStarted): Phase.ERASING,
    (Phase.STEP_2, e.ErasureStarted): Phase.ERASING,
    (Phase.CLOSING, e.ErasureStarted): Phase.ERASING,
    (Phase.ERASING, e.AllPurged): Phase.DESTROYING,
    (Phase.DESTROYING, e.CaseErased): Phase.ERASED,
}

# --- decisions -----------------------------------------------------------------------------------


def decide(state: State, command: Command, context: DecisionContext) -> Decision:
    """Decide any command in any phase: events, or a named refusal."""
    if refusal := _stranger(state, command):
        return refusal
    if (apart := out_of_round(state, command)) is not None:
        return apart
    allowed, refusal = ALLOWED[type(command)]
    phase = state.at(context.now) if isinstance(command, BY_THE_DATE) else state.phase
    if phase not in allowed or state.phase not in allowed:
        return UNKNOWN_CASE if state.phase in (Phase.NOTHING, Phase.ERASED) else refusal
    match command:
        case c.OpenCase(case=case):
            return (_open(case, context.now),)
        case c.MoveDirection(leading_party=party, since=since, acting_body=body, task=task, basis=basis):
            return (e.DirectionMoved(party, since, body, task, basis),)
        case c.FollowAssignment(team=team):
            return (e.TeamChanged(team, context.now),)
        case c.RecordHandedOverItem():
            return _receive(state, command)
        case c.FollowStanding(standing=standing):
            return (_follow_standing(state, standing),)
        case c.FollowConsent(consent=told):
            return (e.ConsentFollowed(told),)
        case c.RecordFilePart():
            return _receive_part(state, command)
        case c.Deescalate(file=file):
            return (_deescalated(state, file, context),)
        case c.CleanFile(by=by, kept=kept):
            return _clean(state, by, kept, context.now)
        case c.ArchiveFile(reference=number):
            return _archive(state, number, context.now)
        case c.CatchUp(reference=number):
            return _catch_up(state, number)
        case c.InspectFile():
            return _inspect(state, command, context.now)
        case c.UseInspection(by=by):
            inspection = state.open_inspection(by.person)
            return (e.InspectionUsed(inspection.number, context.now),) if inspection else r.NO_INSPECTION
        case c.AskReactivation(reason=reason):
            return _ask(state, reason, context.now)
        case c.ReactivateFile():
            return _reactivate(state, command, context.now)
        case c.CloseEarly(reference=number):
            return (_closing(state, command, context), e.DestructionAnnounced(number))
        case c.FollowSettling(settled_at=settled_at):
            return (e.DutiesSettled(settled_at),)
        case c.StartErasure(reference=number):
            if not is_gone(state, context.now):
                return r.TERM_NOT_OVER
            announced = () if state.reference else (e.DestructionAnnounced(number),)
            return (*announced, e.ErasureStarted(context.now))
        case c.ConfirmPurge():
            return _confirm(state, command, context.now)
        case c.RecordKeyDestroyed(proof_id=proof_id, destroyed_at=destroyed_at, house_keys=own):
            return (e.CaseErased(proof_id, destroyed_at, command.backups_lapse_at, own),)
        case c.RecordHouseKeysDestroyed(by=by, house_keys=gone):
            return (e.HouseKeysDestroyed(by.service or "", gone),)
        case _:
            assert_never(command)


def _stranger(state: State, command: Command) -> Refusal | None:
    """Refuse another director, and a party that did not lead, without telling that there is a case (R34)."""
    by = command.by
    if isinstance(command, c.AskReactivation):
        return None if by.party == state.leading_party else r.NOT_THE_LAST_LEADER
    if by.role is Role.PROCESS_DIRECTOR and by.person != state.director:
        return r.NOT_THE_DIRECTOR
    return None


def _open(case: CaseTakenUp, now: datetime) -> e.CaseOpened:
    return e.CaseOpened(
        case.referrer, case.theme, case.alone(), now, case.acting_body, case.mandate, text(case.referrer_name)
    )


def _follow_standing(state: State, standing: item_standing.Standing) -> e.StandingFollowed:
    """Follow a contributor; why an item stays goes with one that was withdrawn for good (R66)."""
    followed_ = item_standing.follow(standing, state.items, state.standings)
    if not standing.is_gone:
        return followed_
    reasons = _reasons(one for one in state.kept if one.item_id == standing.item_id)
    return replace(followed_, dropped=(*followed_.dropped, *reasons))


def _receive(state: State, command: c.RecordHandedOverItem) -> Decision:
    item = command.item
    known = next((one for one in state.items if one.item_id == item.item_id), None)
    if known is not None and known.contributor != item.contributor:
        return r.ITEM_OF_ANOTHER_CONTRIBUTOR
    if state.phase not in IN_PHASE_4:
        return (e.ItemReceived(item, command.shown_to, command.rests_on),)
    # The file takes in nothing more: of what a version before handed over it learns to whom it was shown.
    if known is None or command.shown_to is None:
        return r.FILE_TAKES_NOTHING_MORE
    return () if state.is_told(item.item_id) else (e.ItemReceived(known, command.shown_to, command.rests_on),)


def _receive_part(state: State, command: c.RecordFilePart) -> Decision:
    """Take in a part of the file; in phase 4 only what a version before this one did not tell or skipped.

    These are the actions, and to which items the agreements stay bound.
    """
    part = e.FilePartReceived(command.participants, command.takers, command.actions, command.drawn_from)
    if state.phase not in IN_PHASE_4:
        return (part,)
    if not command.actions and not command.drawn_from:
        return r.FILE_TAKES_NOTHING_MORE
    return () if _with_part(state, part) == state else (part,)


def _catch_up(state: State, reference: str) -> Decision:
    """Tell the terms of a case that the version before stored, and what its archiving did not tell (R106)."""
    if state.set_terms:
        return ()
    untold = state.phase not in STEP_1 and not state.reference
    return (e.TermsTold(), *((e.DestructionAnnounced(reference),) if untold else ()))


def _deescalated(state: State, file: rto.CaseDeescalated, context: DecisionContext) -> e.CaseDeescalated:
    """Fix both dates by the decision (R86); the BSN ends with phase 3 and is not taken in (R22)."""
    persons = without_numbers(file.persons)
    actions = _actions(file.actions, state.actions)
    return e.CaseDeescalated(
        file.model_copy(update={"persons": persons, "actions": actions}),
        competent=_competent(replace(state, file=file), context),
        archive_on=add_months(file.decided_at, context.policy.archive_after_months),
        destroy_on=add_months(file.decided_at, context.policy.destroy_after_months),
        at=context.now,
    )


def _competent(state: State, context: DecisionContext) -> tuple[str, ...]:
    """Return who passed the test at the table, or is competent by itself (R21, R49)."""
    participants = state.all_participants
    leading = {state.file.leading_party} if state.file else set()
    tested = {p.party for p in participants if p.passed_processing_test}
    involved = {p.party for p in participants} | leading
    return tuple(sorted(p for p in involved if is_competent(p, context.parties, passed_test=p in tested)))


def _clean(state: State, by: Actor, kept: tuple[KeptItem, ...], now: datetime) -> Decision:
    if by.on_behalf_of != state.leading_party:
        return r.NOT_ON_BEHALF_OF_THE_LAST_LEADER
    ids = [item.item_id for item in kept]
    if len(set(ids)) != len(ids):
        return ITEM_TWICE
    if not set(ids) <= {item.item_id for item in state.items if state.is_told(item.item_id)}:
        return r.NO_SUCH_ITEM
    if any(item_standing.is_taken_back(item_id, state.standings) for item_id in ids):
        return r.ITEM_TAKEN_BACK
    if not all(state.is_lifted(item) for item in state.items if item.item_id in ids):
        return r.CONSENT_NOT_IN_FORCE
    if any(is_blank(item.reason) for item in kept):
        return r.NECESSITY_NOT_CONFIRMED
    return (e.FileCleaned(kept, _texts_not_kept(state, ids) + _reasons(state.kept), now),)


def _archive(state: State, reference: str, now: datetime) -> Decision:
    """Archive the file: what nobody confirmed as necessary goes now, also when nobody cleaned (R95, A8)."""
    if not has_begun(TermKind.ARCHIVE, state, now):
        return r.TERM_NOT_OVER
    stays = {item.item_id for item in state.items if state.is_lifted(item)}
    kept = tuple(
        item.item_id
        for item in state.kept
        if item.item_id in stays and not item_standing.is_taken_back(item.item_id, state.standings)
    )
    reasons = _reasons(one for one in state.kept if one.item_id not in kept)
    archived = e.FileArchived(kept, _texts_not_kept(state, kept) + reasons, now)
    return (archived, e.DestructionAnnounced(reference))


def _inspect(state: State, command: c.InspectFile, now: datetime) -> Decision:
    person = command.by.person or ""
    if command.reason is None:
        return r.REASON_MISSING
    if state.open_inspection(person):
        return r.INSPECTION_STILL_OPEN
    number = 1 + max((one.number for one in state.inspections), default=0)
    return (e.InspectionDecided(number, person, command.reason, now),)


def _ask(state: State, reason: TextRef | None, now: datetime) -> Decision:
    if reason is None:
        return r.REASON_MISSING
    return r.ALREADY_ASKED if state.asked else (e.ReactivationAsked(reason, now),)


def _reactivate(state: State, command: c.ReactivateFile, now: datetime) -> Decision:
    """Reactivate: the director in step 1, the manager in step 2 and nobody else (R87, R90, A9).

    What is to be archived by its date is first archived, or all that goes with it would come back.
    """
    by, archived = command.by, state.phase in STEP_2
    if by.role is Role.MANAGER and not archived:
        return r.NOTHING_TO_REACTIVATE
    if by.role is not Role.MANAGER and state.at(now) in STEP_2:
        return r.ONLY_WHILE_ACTIVE
    if by.role is not Role.MANAGER and by.on_behalf_of != state.leading_party:
        return r.NOT_ON_BEHALF_OF_THE_LAST_LEADER
    if command.reason is None:
        return r.REASON_MISSING
    left = tuple(item.item_id for item in state.items) if archived else None
    number = state.round + 1
    return (e.FileReactivated(number, by.person or "", command.reason, left, state.told, now),)


def _closing(state: State, command: c.CloseEarly, context: DecisionContext) -> e.CaseClosing:
    """Close the case: it is removed at the end of the closing term, or as soon as that is settled (R102)."""
    removal_on = command.closed_at + context.policy.closing_term
    if state.settled_at is not None:  # intake heard of the end before retention did
        removal_on = min(removal_on, max(command.closed_at, state.settled_at))
    return e.CaseClosing(
        command.leading_party,
        command.theme,
        Ending.LAPSED if command.lapsed else Ending(command.reason.value),
        removal_on=removal_on,
        at=context.now,
        team=command.team,
    )


def _confirm(state: State, command: c.ConfirmPurge, now: datetime) -> Decision:
    """Count a confirmation; one that was counted before changes nothing."""
    missing, service = state.missing(), command.by.service
    if service not in missing:
        return ()
    confirmed = e.PurgeConfirmed(service, now, command.house_keys)
    return (confirmed, e.AllPurged(now)) if len(missing) == 1 else (confirmed,)


def _texts_not_kept(state: State, kept: Iterable[str]) -> tuple[str, ...]:
    refs = (
        (item.content, item.necessity, item.use_conditions)
        for item in state.items
        if item.item_id not in kept
    )
    return tuple(ref.piece for item in refs for ref in item if isinstance(ref, TextRef))


def _reasons(kept: Iterable[KeptItem]) -> tuple[str, ...]:
    """Return the texts that say why these items stay: a new cleaning states them anew."""
    return tuple(item.reason.piece for item in kept if isinstance(item.reason, TextRef))


# --- evolution -----------------------------------------------------------------------------------


def evolve(state: State, event: e.Event) -> State:
    """Return the state after an event; texts become references here and nowhere else."""
    state = replace(state, phase=TRANSITIONS.get((state.phase, type(event)), state.phase))
    match event:
        case e.CaseOpened():
            return _opened(state, event)
        case e.TeamChanged(team=team):
            return followed(state, team)
        case e.ItemReceived():
            return _with_item(state, event)
        case e.StandingFollowed(standing=standing):
            return _with_standing(state, standing)
        case e.ConsentFollowed(consent=told):
            return replace(state, consents=consent.followed(state.consents, told))
        case e.DirectionMoved(leading_party=party, acting_body=body):
            return replace(state, leading_party=party, acting_body=body or "", led=event.mandate)
        case e.FilePartReceived():
            return _with_part(state, event)
        case e.CaseDeescalated():
            return _in_phase_4(state, event)
        case e.FileCleaned(kept=kept):
            return _with_items(replace(state, kept=kept), {item.item_id for item in kept})
        case e.FileArchived(kept_items=kept_items):
            return _with_items(state, set(kept_items))
        case e.InspectionDecided(number=number, person=person, reason=reason):
            decided = Inspection(number, person, reason)
            return replace(state, inspections=(*state.inspections, decided))
        case e.InspectionUsed(number=number, at=at):
            used = (replace(i, used_at=at) if i.number == number else i for i in state.inspections)
            return replace(state, inspections=tuple(used))
        case e.ReactivationAsked(reason=reason):
            return replace(state, asked=reason)
        case e.FileReactivated():
            return _reactivated(state, event)
        case e.CaseClosing():
            return _closed(state, event)
        case e.TermsTold():
            return replace(state, set_terms=state.terms)
        case e.DestructionAnnounced(reference=number):
            return replace(state, reference=number)
        case e.DutiesSettled(at=at):
            return _settled(state, at)
        case e.ErasureStarted(at=at):
            return replace(state, ordered_at=at)
        case e.PurgeConfirmed(service=service, house_keys=keys):
            return _awaiting(replace(state, confirmed=(*state.confirmed, service)), service, keys)
        case e.CaseErased(house_keys=keys):
            return _awaiting(state, "retention", keys)
        case e.AllPurged() | e.HouseKeysDestroyed():
            return state
        case _:
            assert_never(event)


def _opened(state: State, event: e.CaseOpened) -> State:
    opened = replace(
        state,
        referrer=event.referrer,
        leading_party=event.referrer,
        acting_body=event.acting_body,
        led=event.mandate,
        theme=event.theme,
        referrer_name=event.referrer_name,
    )
    return followed(opened, event.team)


def _with_part(state: State, part: e.FilePartReceived) -> State:
    """Add a part of the file; what is in it already stays there once."""
    named = {one.party: one for one in (*state.participants, *part.participants)}
    taken = dict.fromkeys((*state.takers, *part.takers))
    drawn_from = {one.item_id: one for one in (*state.drawn_from, *part.drawn_from)}
    state = replace(
        state,
        participants=tuple(named.values()),
        takers=tuple(taken),
        drawn_from=tuple(drawn_from.values()),
    )
    if state.file is None:
        return replace(state, actions=_actions(state.actions, part.actions))
    whole = state.file.model_copy(update={"actions": _actions(state.file.actions, part.actions)})
    return replace(state, file=whole)


def _actions(known: Iterable[rto.Action], more: Iterable[rto.Action]) -> tuple[rto.Action, ...]:
    """Return these actions, each once."""
    return tuple({one.action_id: one for one in (*known, *more)}.values())


def _awaiting(state: State, service: str, kids: tuple[str, ...]) -> State:
    """Await the keys of a service, and for good one that does not say which keys it has."""
    keys = tuple(AwaitedKey(service, kid) for kid in kids or (UNKNOWN_KEY,))
    return replace(state, house_keys=(*state.house_keys, *keys))


def _in_phase_4(state: State, event: e.CaseDeescalated) -> State:
    file = event.file
    return replace(
        followed(state, file),
        referrer=file.referrer,
        leading_party=file.leading_party,
        led=file.mandate or state.led,
        theme=file.theme,
        file=file,
        actions=(),
        competent=event.competent,
        archive_on=event.archive_on,
        destroy_on=event.destroy_on,
        set_terms=(
            Term(kind=TermKind.ARCHIVE, due=event.archive_on, decided_by=file.leading_party),
            Term(kind=TermKind.DESTROY, due=event.destroy_on, decided_by=file.leading_party),
        ),
        ending=Ending.DEESCALATED,
    )


def _reactivated(state: State, event: e.FileReactivated) -> State:
    """Let the file go, as the round table has the case again, and every date with it (A5).

    When that decides anew it hands over what there is then. An inspection that nobody used was of this file.
    """
    return replace(
        state,
        inspections=tuple(one for one in state.inspections if one.used_at is not None),
        round=event.round,
        reactivations=(*state.reactivations, Reactivation(event.person, event.reason, event.at)),
        asked=None,
        items=(),
        participants=(),
        takers=(),
        drawn_from=(),
        kept=(),
        file=None,
        competent=(),
        archive_on=None,
        destroy_on=None,
        set_terms=(),
        holds=(),
        settled_at=None,
        ending=None,
        reference="",
    )


def _closed(state: State, event: e.CaseClosing) -> State:
    ending = replace(
        followed(state, event.team),
        leading_party=event.leading_party,
        theme=event.theme,
        ending=event.ending,
    )
    return _removed_on(ending, event.removal_on)


def _settled(state: State, at: datetime) -> State:
    """Return the state with nobody left to be informed: what would be removed later goes then (R102)."""
    settled = replace(state, settled_at=at)
    waits = state.removal_on is not None and state.removal_on > at
    return _removed_on(settled, at) if waits else settled


def _removed_on(state: State, at: datetime) -> State:
    removal = Term(kind=TermKind.REMOVE, due=at, decided_by=state.leading_party)
    return replace(state, removal_on=at, set_terms=(removal,))


def _with_standing(state: State, standing: item_standing.Standing) -> State:
    """Take in what a contributor decided, unless a later word is known (R66, A22).

    Under the stricter terms of before and after: a file never shows more than phase 3 did (R87).
    """
    known = item_standing.followed(state.standings, standing.without_texts())
    if known == state.standings:
        return state
    before = {item.item_id: item for item in state.items}
    after = item_standing.items_by(standing, state.items)
    items = tuple(item_standing.restricted(before[item.item_id], item) for item in after)
    gone = standing.item_id if standing.is_gone else None
    return replace(
        state,
        standings=known,
        items=items,
        kept=tuple(one for one in state.kept if one.item_id != gone),
        shown=tuple(one for one in state.shown if one.item_id != gone),
        drawn_from=tuple(item_standing.bound(one, known) for one in state.drawn_from),
    )


def _with_item(state: State, event: e.ItemReceived) -> State:
    item, parties = event.item, event.shown_to
    others = tuple(known for known in state.items if known.item_id != item.item_id)
    shown = tuple(one for one in state.shown if one.item_id != item.item_id)
    told = () if parties is None else (Shown(item.item_id, parties, event.rests_on),)
    return replace(state, items=(*others, item), shown=(*shown, *told))


def _with_items(state: State, stay: Set[str]) -> State:
    """Keep these items alone, each with the reason why it stays."""
    items = tuple(item for item in state.items if item.item_id in stay)
    return replace(state, items=items, kept=tuple(one for one in state.kept if one.item_id in stay))
