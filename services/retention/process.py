"""Decide the end of a case: from de-escalation, or an early end, to the proof that nothing is left."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, assert_never

from services.retention import commands as c
from services.retention import events as e
from services.retention import refusals as r
from services.retention.commands import KeptItem
from services.retention.proofs import UNKNOWN_KEY, AwaitedKey, Ending
from services.retention.state import Inspection, Phase, State
from shared.contract.content import TextRef, is_blank
from shared.contract.fields import ContributedItem
from shared.contract.messages import rto
from shared.contract.messages.triage import Participant
from shared.contract.refusal import ITEM_TWICE, UNKNOWN_CASE, Refusal
from shared.core.actor import Actor
from shared.core.calendar_terms import add_months
from shared.core.context import DecisionContext
from shared.core.item_rules import is_competent
from shared.core.team import followed

# --- the table: what each phase allows, and what moves it on -------------------------------------

Command: TypeAlias = (
    c.OpenCase
    | c.MoveDirection
    | c.FollowAssignment
    | c.RecordHandedOverItem
    | c.RecordFilePart
    | c.Deescalate
    | c.CleanFile
    | c.ArchiveFile
    | c.InspectFile
    | c.UseInspection
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
STEP_1 = frozenset({Phase.STEP_1, Phase.STEP_1_CLEANED})
STEP_2 = frozenset({Phase.STEP_2})

# For each command: the phases in which it may be decided, and the refusal in any other known one.
ALLOWED: Mapping[type[Command], tuple[frozenset[Phase], Refusal]] = {
    c.OpenCase: (frozenset({Phase.NOTHING}), r.ALREADY_KNOWN),
    c.MoveDirection: (RUNNING, r.DIRECTION_IS_FIXED),
    c.FollowAssignment: (frozenset(Phase) - {Phase.NOTHING, Phase.ERASED}, UNKNOWN_CASE),
    c.RecordHandedOverItem: (NOT_ENDING, r.FILE_TAKES_NOTHING_MORE),
    c.RecordFilePart: (NOT_ENDING, r.FILE_TAKES_NOTHING_MORE),
    c.Deescalate: (NOT_ENDING, r.ALREADY_DEESCALATED),
    c.CleanFile: (STEP_1, r.NOT_IN_STEP_1),
    c.ArchiveFile: (STEP_1, r.NO_TERM_RUNS),
    c.InspectFile: (STEP_2, r.NOT_ARCHIVED),
    c.UseInspection: (STEP_2, r.NOT_ARCHIVED),
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
    if isinstance(command, c.CleanFile) and command.by.person != state.director:
        return r.NOT_THE_DIRECTOR
    allowed, refusal = ALLOWED[type(command)]
    if state.phase not in allowed:
        return UNKNOWN_CASE if state.phase in (Phase.NOTHING, Phase.ERASED) else refusal
    match command:
        case c.OpenCase(case=case):
            return (e.CaseOpened(case.referrer, case.theme, case.alone(), context.now, case.acting_body),)
        case c.MoveDirection(leading_party=party, since=since):
            return (e.DirectionMoved(party, since),)
        case c.FollowAssignment(team=team):
            return (e.TeamChanged(team, context.now),)
        case c.RecordHandedOverItem(item=item):
            return _receive(state, item, context)
        case c.RecordFilePart(participants=participants, takers=takers):
            return (e.FilePartReceived(participants, takers),)
        case c.Deescalate(file=file):
            return (_deescalated(state, file, context),)
        case c.CleanFile(by=by, kept=kept):
            return _clean(state, by, kept, context.now)
        case c.ArchiveFile():
            return _archive(state, context.now)
        case c.InspectFile():
            return _inspect(state, command, context.now)
        case c.UseInspection(by=by):
            inspection = state.open_inspection(by.person)
            return (e.InspectionUsed(inspection.number, context.now),) if inspection else r.NO_INSPECTION
        case c.CloseEarly():
            return (_closing(state, command, context),)
        case c.FollowSettling(settled_at=settled_at):
            return (e.DutiesSettled(settled_at),)
        case c.StartErasure():
            if _not_yet(state.removal_on or state.destroy_on, context.now):
                return r.TERM_NOT_OVER
            return (e.ErasureStarted(context.now),)
        case c.ConfirmPurge():
            return _confirm(state, command, context.now)
        case c.RecordKeyDestroyed(proof_id=proof_id, destroyed_at=destroyed_at, house_keys=own):
            return (e.CaseErased(proof_id, destroyed_at, command.backups_lapse_at, own),)
        case c.RecordHouseKeysDestroyed(by=by, house_keys=gone):
            return (e.HouseKeysDestroyed(by.service or "", gone),)
        case _:
            assert_never(command)


def _receive(state: State, item: ContributedItem, context: DecisionContext) -> Decision:
    owners = {known.item_id: known.contributor for known in state.items}
    if owners.get(item.item_id, item.contributor) != item.contributor:
        return r.ITEM_OF_ANOTHER_CONTRIBUTOR
    return (e.ItemReceived(item),)


def _deescalated(state: State, file: rto.CaseDeescalated, context: DecisionContext) -> e.CaseDeescalated:
    """Fix both dates by the decision (R86); the BSN ends with phase 3 and is not taken in (R22)."""
    persons = tuple(person.model_copy(update={"bsn": None}) for person in file.persons)
    return e.CaseDeescalated(
        file.model_copy(update={"persons": persons}),
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
    if not set(ids) <= {item.item_id for item in state.items}:
        return r.NO_SUCH_ITEM
    if any(is_blank(item.reason) for item in kept):
        return r.NECESSITY_NOT_CONFIRMED
    return (e.FileCleaned(kept, _texts_not_kept(state, ids) + _reasons(state), now),)


def _archive(state: State, now: datetime) -> Decision:
    """Archive the file: what nobody confirmed as necessary goes now, also when nobody cleaned (R95, A8)."""
    if _not_yet(state.archive_on, now):
        return r.TERM_NOT_OVER
    kept = tuple(item.item_id for item in state.kept)
    return (e.FileArchived(kept, _texts_not_kept(state, kept), now),)


def _inspect(state: State, command: c.InspectFile, now: datetime) -> Decision:
    person = command.by.person or ""
    if command.reason is None:
        return r.REASON_MISSING
    if state.open_inspection(person):
        return r.INSPECTION_STILL_OPEN
    return (e.InspectionDecided(len(state.inspections) + 1, person, command.reason, now),)


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


def _not_yet(due: datetime | None, now: datetime) -> bool:
    """Tell whether a date has not come: nothing goes before it, whoever says that it has (R91)."""
    return due is None or now < due


def _texts_not_kept(state: State, kept: Iterable[str]) -> tuple[str, ...]:
    refs = (
        (item.content, item.necessity, item.use_conditions)
        for item in state.items
        if item.item_id not in kept
    )
    return tuple(ref.piece for item in refs for ref in item if isinstance(ref, TextRef))


def _reasons(state: State) -> tuple[str, ...]:
    """Return the reasons of an earlier cleaning, which a new one states anew."""
    return tuple(item.reason.piece for item in state.kept if isinstance(item.reason, TextRef))


# --- evolution -----------------------------------------------------------------------------------


def evolve(state: State, event: e.Event) -> State:
    """Return the state after an event; texts become references here and nowhere else."""
    state = replace(state, phase=TRANSITIONS.get((state.phase, type(event)), state.phase))
    match event:
        case e.CaseOpened():
            return _opened(state, event)
        case e.TeamChanged(team=team):
            return followed(state, team)
        case e.DirectionMoved(leading_party=party):
            return replace(state, leading_party=party, acting_body="")
        case e.ItemReceived(item=item):
            others = tuple(known for known in state.items if known.item_id != item.item_id)
            return replace(state, items=(*others, item))
        case e.FilePartReceived(participants=participants, takers=takers):
            return _with_part(state, participants, takers)
        case e.CaseDeescalated():
            return _in_phase_4(state, event)
        case e.FileCleaned(kept=kept):
            return _with_items(replace(state, kept=kept), [item.item_id for item in kept])
        case e.FileArchived(kept_items=kept_items):
            return _with_items(state, kept_items)
        case e.InspectionDecided(number=number, person=person, reason=reason):
            decided = Inspection(number, person, reason)
            return replace(state, inspections=(*state.inspections, decided))
        case e.InspectionUsed(number=number, at=at):
            used = (replace(i, used_at=at) if i.number == number else i for i in state.inspections)
            return replace(state, inspections=tuple(used))
        case e.CaseClosing():
            return _closed(state, event)
        case e.DutiesSettled(at=at):
            removal_on = min(state.removal_on, at) if state.removal_on else None
            return replace(state, settled_at=at, removal_on=removal_on)
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
        theme=event.theme,
    )
    return followed(opened, event.team)


def _with_part(state: State, participants: Iterable[Participant], takers: Iterable[rto.Taker]) -> State:
    """Add a part of the file; what is in it already stays there once."""
    named = {one.party: one for one in (*state.participants, *participants)}
    taken = dict.fromkeys((*state.takers, *takers))
    return replace(state, participants=tuple(named.values()), takers=tuple(taken))


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
        theme=file.theme,
        file=file,
        competent=event.competent,
        archive_on=event.archive_on,
        destroy_on=event.destroy_on,
        ending=Ending.DEESCALATED,
    )


def _closed(state: State, event: e.CaseClosing) -> State:
    return replace(
        followed(state, event.team),
        leading_party=event.leading_party,
        theme=event.theme,
        ending=event.ending,
        removal_on=event.removal_on,
    )


def _with_items(state: State, kept: Iterable[str]) -> State:
    return replace(state, items=tuple(item for item in state.items if item.item_id in kept))
