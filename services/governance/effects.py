"""Derive what follows from each event of governance: the party's public record, and messages to it."""

from collections.abc import Iterable
from typing import cast

from services.governance import events as e
from services.governance.decisions import POLICY
from services.governance.state import State
from shared.contract.messages.governance import MembershipChanged, PolicyDecided
from shared.contract.messages.house import CasePurged
from shared.contract.parties import PartyRecord
from shared.core.effects import Announce, Effect, ForgetCase, KeepOnly, StopUnsent, ToParty


def effects(case_id: str, event: e.Event, state: State) -> Iterable[Effect]:
    """Return what follows from an event; each change publishes the whole record of `state` after it."""
    if isinstance(event, e.CasePurged):
        confirmed = CasePurged(case_id=event.case_id, house_keys=event.house_keys)
        return [ForgetCase(), Announce(confirmed, after_erasure=True)]
    if isinstance(event, e.DecisionRecorded):
        return [Announce(decided)] if (decided := _policy(event)) else []
    record = cast(PartyRecord, state.record)
    match event:
        case e.SignatoryRecorded():
            return [Announce(record), ToParty(record.party, _changed(record, state))]
        case e.MembershipEnded():
            stop = StopUnsent(recipient=record.party)
            names = KeepOnly(())  # of who signed; the function stays
            return [stop, names, Announce(record), ToParty(record.party, _changed(record, state))]
        case e.EndingProposed():
            return []  # nothing has changed yet that others hear of
        case _:
            return [Announce(record)]


def _policy(event: e.DecisionRecorded) -> PolicyDecided | None:
    """Return the dated record that the services judge by; None for a decision on anything else (R121)."""
    decision = event.decision
    if decision.subject.kind not in POLICY:
        return None
    return PolicyDecided(
        number=decision.number,
        organ=decision.organ,
        in_force_from=decision.in_force_from,
        recorded_at=event.at,
        replaces=decision.replaces,
        parameters=decision.subject.parameters,
        themes=decision.subject.themes,
    )


def _changed(record: PartyRecord, state: State) -> MembershipChanged:
    return MembershipChanged(
        party=record.party,
        member_from=record.member_from,
        member_until=record.member_until,
        reason=state.ended,
    )
