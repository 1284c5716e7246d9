"""Derive what follows from each event of governance: the party's public record, and messages to it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import cast

from services.governance import events as e
from services.governance.decisions import POLICY, Decision
from services.governance.state import State
from shared.contract.messages.governance import MembershipChanged, PolicyDecided, SecrecyAcknowledged
from shared.contract.messages.house import CasePurged
from shared.contract.parties import PartyRecord
from shared.contract.registry import Model
from shared.core.effects import Announce, Effect, ForgetCase, KeepOnly, StopUnsent, ToParty


def effects(case_id: str, event: e.Event, state: State) -> Iterable[Effect]:
    """Return what follows from an event; each change publishes the whole record of `state` after it."""
    if isinstance(event, e.CasePurged):
        confirmed = CasePurged(case_id=event.case_id, house_keys=event.house_keys)
        return [ForgetCase(), Announce(confirmed, after_erasure=True)]
    if state.record is None:
        return [Announce(message) for message in _recorded(state)]
    record = state.record
    match event:
        case e.SignatoryRecorded():
            return [Announce(record), ToParty(record.party, _changed(record, state))]
        case e.MembershipEnded():
            stop = StopUnsent(recipient=record.party)
            names = KeepOnly(())  # of who signed; the function stays
            return [stop, names, Announce(record), *_told_of_the_end(record, state)]
        case e.EndingProposed():
            return []  # nothing has changed yet that others hear of
        case _:
            return [Announce(record)]


def _told_of_the_end(record: PartyRecord, state: State) -> list[Effect]:
    """Tell a party that it is none any more; another house never was one (R124)."""
    return [] if record.house else [ToParty(record.party, _changed(record, state))]


def _recorded(state: State) -> Iterator[Model]:
    """Yield what the services copy of what is no membership: policy, and who may work (R121, R126).

    A decision on anything else is nobody's but governance's.
    """
    decision, at = state.decision, cast(datetime, state.recorded_at)
    if decision is not None and decision.subject.kind in POLICY:
        yield _policy(decision, at)
    if state.account is not None:
        person, party = state.account
        yield SecrecyAcknowledged(person=person, party=party, acknowledged_at=at)


def _policy(decision: Decision, at: datetime) -> PolicyDecided:
    """Return the dated record that the services judge by (R121)."""
    return PolicyDecided(
        number=decision.number,
        organ=decision.organ,
        in_force_from=decision.in_force_from,
        recorded_at=at,
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
