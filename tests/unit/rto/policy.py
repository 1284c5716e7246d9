"""Who sees which item: the reading policy once more, written from the rules and not from the code.

It knows neither the state nor the checks of `services.rto.viewing`: it takes the bare list of what happened
and answers yes or no. `test_reading_model.py` compares the two.
"""

from collections.abc import Sequence
from typing import Any

from services.rto import events as e
from shared.contract.fields import ContributedItem
from shared.contract.messages.rto import Use
from shared.core.actor import Role
from shared.core.viewing import Viewer
from tests.support.samples import rto as s


def sees(history: Sequence[Any], viewer: Viewer, item_id: str) -> bool:
    """Whether this person may be shown this item now."""
    item = _items(history).get(item_id)
    if item is None or _left_the_round_table(history):
        return False
    if viewer.role in (Role.PROCESS_DIRECTOR, Role.SUPPORT_WORKER):
        return _house_sees(history, viewer, item)
    if viewer.role is not Role.PARTY_WORKER:
        return False  # the manager, the secretary, the privacy officer: nobody reads content (table F)
    if _is_closing(history) and viewer.party != _leader(history):
        return False  # R102
    if _somebody_else_is_the_delegate(history, viewer):
        return False  # R59
    if item.contributor == viewer.party:
        return True  # R66
    return _participant_sees(history, viewer.party or "", viewer.person, item)


def _participant_sees(history: Sequence[Any], party: str, person: str, item: ContributedItem) -> bool:
    """R42, R44, R49, R59, R61, R62, R64, R65, R79 and R80, each on a line of its own."""
    if _is_closing(history):
        return False
    if not _rto_started(history):
        return _leads_before_the_table(history, party, item)  # the window (A17)
    if _is_monitoring(history):
        its_part = party == _leader(history) or _released_for_an_own_action(history, party, item)
    else:
        its_part = (item.item_id, party) in _planned(history)
    return (
        party in _invited(history)
        and _delegates(history).get(party) == person
        and _stayed(history, item.item_id)
        and its_part
        and _released_for_the_rto(history, item)
        and party not in item.withheld_from
        and (item.category == "ordinary" or party in _competent(history))
    )


def _leads_before_the_table(history: Sequence[Any], party: str, item: ContributedItem) -> bool:
    """R33, R32, R49: who leads reads on what was given in triage until the table is convened."""
    prepared = _last(history, e.PreparationOpened)
    if prepared is None or party != _leader(history) or _taken_back(history, item.item_id):
        return False
    may = item.category == "ordinary" or _may_process_special(history, party)
    return may and party not in item.withheld_from


def _house_sees(history: Sequence[Any], viewer: Viewer, item: ContributedItem) -> bool:
    """R72: on behalf of the leading party; R21, R23 and R79 take some away again."""
    prepared = _last(history, e.PreparationOpened)
    if prepared is None or viewer.on_behalf_of != _leader(history):
        return False
    assigned = _last(history, e.TeamChanged)  # intake's word, where there is one: whatever came first
    team = assigned.team if assigned else prepared.preparation
    if viewer.role is Role.PROCESS_DIRECTOR and viewer.person != team.director:
        return False
    if viewer.role is Role.SUPPORT_WORKER and viewer.person not in team.support_workers:
        return False  # R6
    if viewer.role is Role.SUPPORT_WORKER and _is_closing(history):
        return False  # R102
    if _taken_back(history, item.item_id):
        return False  # A12
    if item.hidden_from_director or not _stayed(history, item.item_id):
        return False
    leader = _leader(history)
    return item.category == "ordinary" or item.contributor == leader or _may_process_special(history, leader)


def _may_process_special(history: Sequence[Any], party: str) -> bool:
    """R21: by kind or check, as the samples have it; R49: or by the test, as it was invited last."""
    named = [
        one
        for event in history
        for one in (event.meeting.participants if isinstance(event, e.RtoConvened) else ())
        if one.party == party
    ]
    return party in (s.POLICE, s.CARE) or any(one.passed_processing_test for one in named[-1:])


# --- what happened ---------------------------------------------------------------------------------


def _last(history: Sequence[Any], *kinds: type) -> Any:
    found = [event for event in history if isinstance(event, kinds)]
    return found[-1] if found else None


def _since_convened(history: Sequence[Any]) -> Sequence[Any]:
    """What happened at the current or latest RTO."""
    starts = [n for n, event in enumerate(history) if isinstance(event, e.RtoConvened)]
    return history[starts[-1] :] if starts else ()


def _items(history: Sequence[Any]) -> dict[str, ContributedItem]:
    found: dict[str, ContributedItem] = {}
    for event in history:
        if isinstance(event, e.ItemRecorded):
            found[event.item.item_id] = event.item
        if isinstance(event, e.ItemsContributed):
            found |= {item.item_id: item for item in event.items}
    return {item_id: _with_reservations(history, item) for item_id, item in found.items()}


def _with_reservations(history: Sequence[Any], item: ContributedItem) -> ContributedItem:
    """R62: those it was given under, and those made since, or before it was here."""
    made = [x.standing for x in history if isinstance(x, e.StandingChanged)]
    more = [party for one in made if one.item_id == item.item_id for party in one.withheld_from]
    return item.model_copy(update={"withheld_from": (*item.withheld_from, *more)})


def _taken_back(history: Sequence[Any], item_id: str) -> bool:
    """A12: as long as nothing was released anew."""
    back = False
    for event in history:
        match event:
            case e.ReleaseWithdrawn(item_id=withdrawn) if withdrawn == item_id:
                back = True
            case e.ReleaseGiven(release=word) if word.item_id == item_id:
                back = False
            case _:
                pass
    return back


def _leader(history: Sequence[Any]) -> str:
    last = _last(history, e.PreparationOpened, e.DirectionMoved)
    if isinstance(last, e.PreparationOpened):
        return last.preparation.leading_party
    return last.leading_party if last is not None else "nobody"


def _left_the_round_table(history: Sequence[Any]) -> bool:
    return _last(history, e.CaseDeescalated, e.FileArchived, e.CasePurged) is not None


def _is_closing(history: Sequence[Any]) -> bool:
    return _last(history, e.CaseClosing, e.CaseEndedAtTable) is not None


def _rto_started(history: Sequence[Any]) -> bool:
    return bool(_since_convened(history))


def _is_monitoring(history: Sequence[Any]) -> bool:
    return _last(_since_convened(history), e.MonitoringAgreed) is not None


def _stayed(history: Sequence[Any], item_id: str) -> bool:
    """R79: what was agreed last, and what came in after that; everything as long as nothing was agreed."""
    agreed = [n for n, event in enumerate(history) if isinstance(event, e.MonitoringAgreed)]
    if not agreed:
        return True
    return item_id in history[agreed[-1]].items or item_id in _items(history[agreed[-1] :])


def _invited(history: Sequence[Any]) -> set[str]:
    return {p.party for p in _since_convened(history)[0].meeting.participants}


def _delegates(history: Sequence[Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for event in _since_convened(history):
        if isinstance(event, e.InvitationAccepted):
            found[event.party] = event.delegate
        if isinstance(event, e.InvitationDeclined | e.MandateEnded):
            found.pop(event.party, None)
    return found


def _somebody_else_is_the_delegate(history: Sequence[Any], viewer: Viewer) -> bool:
    return _delegates(history).get(viewer.party or "", viewer.person) != viewer.person


def _competent(history: Sequence[Any]) -> set[str]:
    return set(_since_convened(history)[0].competent)


def _planned(history: Sequence[Any]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for event in history:
        match event:
            case e.PreparationOpened(preparation=preparation):
                entries = preparation.viewing_plan
            case e.RtoConvened(meeting=meeting):
                entries = meeting.viewing_plan
            case e.ViewingPlanExtended():
                entries = event.entries
            case _:
                entries = ()
        found |= {(entry.item_id, entry.participant) for entry in entries}
    return found


def _released_for_an_own_action(history: Sequence[Any], party: str, item: ContributedItem) -> bool:
    """R64, R65: the last word of its contributor on this use, for some action of the party that runs."""
    return any(
        _last_word(history, item.item_id, party, action) is e.ReleaseGiven
        for action in _running(history, party)
    )


def _running(history: Sequence[Any], party: str) -> set[str]:
    """The actions of the party: added once, and neither ended nor succeeded since (R81)."""
    found: set[str] = set()
    for event in history:
        if isinstance(event, e.PlanRecorded):
            found -= {*event.plan.ends, *(action.succeeds for action in event.plan.actions)}
            found |= {action.action_id for action in event.plan.actions if action.party == party}
    return found


def _last_word(history: Sequence[Any], item_id: str, party: str, action: str) -> type | None:
    last: type | None = None
    for event in history:
        match event:
            case e.ReleaseWithdrawn(item_id=item) if item == item_id:
                last = type(event)
            case e.ReleaseGiven(release=use) | e.ReleaseRefused(refusal=use) | e.ReleaseAsked(request=use):
                if (use.item_id, use.recipient, use.action_id) == (item_id, party, action):
                    last = type(event)
            case _:
                pass
    return last


def _released_for_the_rto(history: Sequence[Any], item: ContributedItem) -> bool:
    """The last word of its contributor on this use; a mark at the start is a first word (R32, R65, A12)."""
    released = item.shareable_at_rto
    for event in history:
        match event:
            case e.ReleaseGiven(release=word) if word.item_id == item.item_id and word.use is Use.RTO:
                released = True
            case e.ReleaseRefused(refusal=word) if word.item_id == item.item_id and word.use is Use.RTO:
                released = False
            case e.ReleaseAsked(request=word) if word.item_id == item.item_id and word.use is Use.RTO:
                released = False  # nobody asks for what is released
            case e.ReleaseWithdrawn(item_id=item_id) if item_id == item.item_id:
                released = False
            case _:
                pass
    return released
