"""Derive what follows from each event of retention: terms, messages, orders to services, the proof."""

from collections.abc import Iterable

from services.retention import events as e
from services.retention.proofs import (
    AwaitedKey,
    AwaitedKeys,
    CaseCounted,
    Ending,
    KeysGone,
    ProofOfDestruction,
)
from services.retention.state import Phase, State
from shared.contract.content import sealed_text_ids
from shared.contract.limits import TAKERS_PER_MESSAGE, in_parts
from shared.contract.messages import retention as m
from shared.contract.messages.rto import Taker
from shared.core.calendar_terms import local_day, month_of
from shared.core.effects import (
    Announce,
    CancelTimer,
    DropPieces,
    Effect,
    ForgetCase,
    KeepOnly,
    SetTimer,
    StoreRow,
    ToParty,
)

ARCHIVE = "archive"  # timers
DESTROY = "destroy"
CLOSING_TERM = "closing-term"
DESTROY_KEY = "destroy-key"
VISIBLE = (m.Kept.CASE_NUMBER, m.Kept.IDENTIFYING_DATA, m.Kept.REFERRER, m.Kept.CASE_DIRECTOR)  # R89
TIMERS = {
    m.TermKind.ARCHIVE: ARCHIVE,
    m.TermKind.DESTROY: DESTROY,
    m.TermKind.REMOVE: CLOSING_TERM,
}


def effects(case_id: str, event: e.Event, state: State) -> Iterable[Effect]:
    """Return what follows from an event; `state` is the state after it."""
    match event:
        case e.CaseDeescalated() | e.CaseClosing():
            return [*_timers(state), _terms_set(state, tell_again=not state.is_told_whole)]
        case e.DutiesSettled() if state.phase is Phase.CLOSING:
            return [*_timers(state), _terms_set(state, tell_again=False)]
        case e.StandingFollowed(dropped=dropped):
            return [DropPieces(dropped)] if dropped else []
        case e.TermsTold():
            return [_terms_set(state, tell_again=state.file is not None)]
        case e.FileCleaned():
            return _cleaned(event, state)
        case e.FileArchived():
            return _archived(event, state)
        case e.FileReactivated():
            return _reactivated(event, state)
        case e.DestructionAnnounced():
            return [ToParty(party, letter) for party in state.told for letter in announcement(party, state)]
        case e.ErasureStarted():
            return [Announce(m.ErasureOrdered(case_id=case_id))]
        case e.AllPurged(at=at):
            return [SetTimer(DESTROY_KEY, "", at, irreversible=True)]
        case e.CaseErased():
            return _erased(case_id, event, state)
        case e.HouseKeysDestroyed(service=service, house_keys=kids):
            return [StoreRow(KeysGone(tuple(AwaitedKey(service, kid) for kid in kids)))]
        case _:
            return []


def _timers(state: State) -> list[Effect]:
    """Set a timer for each step."""
    return [
        SetTimer(TIMERS[term.kind], "", at, irreversible=term.kind is not m.TermKind.ARCHIVE)
        for term in state.terms
        if (at := state.begins(term.kind)) is not None
    ]


def _terms_set(state: State, *, tell_again: bool) -> Effect:
    """Tell the others from when nothing is read: each judges by the date (R91, A4)."""
    return Announce(
        m.TermsSet(round=state.round, terms=state.terms, holds=state.holds, tell_again=tell_again)
    )


def _cleaned(event: e.FileCleaned, state: State) -> list[Effect]:
    kept = tuple(item.item_id for item in event.kept)
    announced = m.DossierCleaned(
        kept_items=kept, leading_party=state.leading_party, cleaned_at=event.at, round=state.round
    )
    messages = [ToParty(party, _file_cleaned(party, state)) for party in state.told]
    return [DropPieces(event.dropped), Announce(announced), *messages]


def _file_cleaned(party: str, state: State) -> m.FileCleaned:
    """Tell each party which of its own items stay, and not whether anybody else has any (R34, R97)."""
    assert state.archive_on  # noqa: S101 - fixed at de-escalation
    assert state.destroy_on  # noqa: S101
    own = tuple(item.item_id for item in state.items if item.contributor == party)
    return m.FileCleaned(
        own_items_kept=own,
        archived_on=state.archive_on,
        destroyed_on=state.destroy_on,
        kept=tuple(m.Kept),
        visible=VISIBLE,
    )


def _archived(event: e.FileArchived, state: State) -> list[Effect]:
    assert state.destroy_on  # noqa: S101 - fixed at de-escalation
    message = m.FileArchived(destroyed_on=state.destroy_on, kept=tuple(m.Kept), visible=VISIBLE)
    return [
        DropPieces(event.dropped),
        Announce(m.DossierArchived(archived_at=event.at, kept_items=event.kept_items, round=state.round)),
        *(ToParty(party, message) for party in state.told),
    ]


def _reactivated(event: e.FileReactivated, state: State) -> list[Effect]:
    """Void the clock, let go of the file, and tell the others and whoever heard of its end (R90, A5)."""
    announced = m.CaseReactivated(
        round=event.round,
        archived=event.kept_items is not None,
        kept_items=event.kept_items or (),
        reactivated_at=event.at,
    )
    letter = m.FileReactivated(reactivated_at=event.at)
    return [
        CancelTimer(ARCHIVE, ""),
        CancelTimer(DESTROY, ""),
        KeepOnly(sealed_text_ids(state)),
        Announce(announced),
        *(ToParty(party, letter) for party in event.told),
    ]


def _erased(case_id: str, event: e.CaseErased, state: State) -> list[Effect]:
    ending = state.ending or Ending.DEESCALATED
    proof = ProofOfDestruction(
        proof_id=event.proof_id,
        month=month_of(event.destroyed_at),
        theme=state.theme,
        ending=ending,
        confirmed_by=tuple(sorted(state.confirmed)),
        backups_lapse_in=month_of(event.backups_lapse_at),
    )
    return [
        StoreRow(proof),
        StoreRow(AwaitedKeys(event.proof_id, state.house_keys)),
        StoreRow(CaseCounted(local_day(event.destroyed_at).year, state.theme, ending)),
        *(
            ToParty(party, letter, after_erasure=True)
            for party in state.told
            for letter in _destroyed(party, state)
        ),
        Announce(m.CaseErased(case_id=case_id), after_erasure=True),
        ForgetCase(),
    ]


def announcement(party: str, state: State) -> list[m.DestructionAnnounced]:
    """Tell a party when the file goes, and under which number it will hear of that (R97, R106)."""
    due = state.begins(m.TermKind.DESTROY) or state.begins(m.TermKind.REMOVE)
    assert due  # noqa: S101 - it is announced when its term runs
    return [
        m.DestructionAnnounced(
            reference=state.reference,
            destroyed_on=due,
            inform_data_subject=informs,
            contents=_notice(informs=informs),
            takers=takers,
        )
        for informs, takers in _duty(party, state)
    ]


def _destroyed(party: str, state: State) -> list[m.FileDestroyed]:
    """Tell that the file is gone, under the number that was announced (R97, R106).

    A case whose erasure the version before had started was announced to nobody: it is told all now.
    """
    if not state.reference:
        return [
            m.FileDestroyed(inform_data_subject=informs, contents=_notice(informs=informs), takers=takers)
            for informs, takers in _duty(party, state)
        ]
    informs = _informs(party, state)
    notice = _notice(informs=informs)
    return [m.FileDestroyed(reference=state.reference, inform_data_subject=informs, contents=notice)]


def _notice(*, informs: bool) -> tuple[m.LastNotice, ...]:
    """Return what whoever informs the data subject then says (R99)."""
    return tuple(m.LastNotice) if informs else ()


def _duty(party: str, state: State) -> list[tuple[bool, tuple[Taker, ...]]]:
    """Return whether this party informs the data subject, and then who took what, in parts (R99, R104)."""
    if not _informs(party, state):
        return [(False, ())]
    parts = [*in_parts(state.all_takers, TAKERS_PER_MESSAGE)] or [()]
    return [(n == 0, takers) for n, takers in enumerate(parts)]


def _informs(party: str, state: State) -> bool:
    """Tell whether this party informs the data subject: the one that led at de-escalation (R99)."""
    return state.file is not None and party == state.leading_party
