"""Derive what follows from a consent that is recorded or withdrawn: who is told, and who must stop."""

from collections.abc import Iterable
from dataclasses import asdict

from services.rto import events as e
from services.rto.consent_state import RecordedConsent
from services.rto.state import State
from shared.contract.messages import rto as m
from shared.core.effects import Announce, Effect, ToParty


def told(recorded: RecordedConsent) -> Announce:
    """Tell the other services the consent as it is now; who gave it is of no use to them (R20)."""
    return Announce(m.ConsentStanding(**asdict(recorded.consent)))


def withdrawn(event: e.ConsentWithdrawn, state: State) -> Iterable[Effect]:
    """Tell that it ended, and tell who took what rested on it (A12); a letter that waits stops at the gate.

    The party whose secrecy it lifted hears it from another only if it knows of the case (R34).
    """
    yield told(event.recorded)
    contributor = event.recorded.consent.contributor
    if contributor in state.knowing() and contributor != event.told_by:
        yield ToParty(contributor, m.SubjectConsentEnded(consent_id=event.recorded.consent.consent_id))
    stopped = {(key.recipient, key.item_id, key.action_id) for key in event.stopped}
    taken = [(x.party, x.item_id) for x in state.takers if (x.party, x.item_id, x.action_id) in stopped]
    for party, item_id in dict.fromkeys(taken):
        yield ToParty(party, m.TakersTold(item_id=item_id))
