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
from services.retention.state import State
from shared.contract.limits import TAKERS_PER_MESSAGE, in_parts
from shared.contract.messages import retention as m
from shared.core.calendar_terms import local_day, month_of
from shared.core.effects import (
    Announce,
    DropPieces,
    Effect,
    ForgetCase,
    SetTimer,
    StoreRow,
    ToParty,
)

ARCHIVE = "archive"  # timers
DESTROY = "destroy"
CLOSING_TERM = "closing-term"
DESTROY_KEY = "destroy-key"


def effects(case_id: str, event: e.Event, state: State) -> Iterable[Effect]:
    """Return what follows from an event; `state` is the state after it."""
    match event:
        case e.CaseDeescalated(archive_on=archive_on, destroy_on=destroy_on):
            return [
                SetTimer(ARCHIVE, "", archive_on),
                SetTimer(DESTROY, "", destroy_on, irreversible=True),
            ]
        case e.FileCleaned():
            return _cleaned(event, state)
        case e.FileArchived():
            return _archived(event, state)
        case e.CaseClosing(removal_on=removal_on):
            return [SetTimer(CLOSING_TERM, "", removal_on, irreversible=True)]
        case e.DutiesSettled() if state.removal_on is not None:
            return [SetTimer(CLOSING_TERM, "", state.removal_on, irreversible=True)]
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


def told(state: State) -> list[str]:
    """Return whom each step of phase 4 is told: the participants and the party that leads (R97)."""
    return sorted({p.party for p in state.all_participants} | {state.leading_party})


def _cleaned(event: e.FileCleaned, state: State) -> list[Effect]:
    kept = tuple(item.item_id for item in event.kept)
    announced = m.DossierCleaned(kept_items=kept, leading_party=state.leading_party, cleaned_at=event.at)
    messages = [ToParty(party, _file_cleaned(party, state)) for party in told(state)]
    return [DropPieces(event.dropped), Announce(announced), *messages]


def _file_cleaned(party: str, state: State) -> m.FileCleaned:
    """Tell each party which of its own items stay, and not whether anybody else has any (R34, R97)."""
    assert state.archive_on  # noqa: S101 - fixed at de-escalation
    assert state.destroy_on  # noqa: S101
    own = tuple(item.item_id for item in state.items if item.contributor == party)
    return m.FileCleaned(own_items_kept=own, archived_on=state.archive_on, destroyed_on=state.destroy_on)


def _archived(event: e.FileArchived, state: State) -> list[Effect]:
    assert state.destroy_on  # noqa: S101 - fixed at de-escalation
    message = m.FileArchived(destroyed_on=state.destroy_on)
    return [
        DropPieces(event.dropped),
        Announce(m.DossierArchived(archived_at=event.at)),
        *(ToParty(party, message) for party in told(state)),
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
            ToParty(party, message, after_erasure=True)
            for party in told(state)
            for message in _file_destroyed(party, state)
        ),
        Announce(m.CaseErased(case_id=case_id), after_erasure=True),
        ForgetCase(),
    ]


def _file_destroyed(party: str, state: State) -> list[m.FileDestroyed]:
    """Tell the party that led, which informs the data subject, who took what, in parts (R99, R104)."""
    if state.file is None or party != state.leading_party:
        return [m.FileDestroyed()]
    first, *others = [*in_parts(state.all_takers, TAKERS_PER_MESSAGE)] or [()]
    return [
        m.FileDestroyed(inform_data_subject=True, takers=first),
        *(m.FileDestroyed(takers=more) for more in others),
    ]
