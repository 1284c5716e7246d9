"""List what follows from each event of sixth: messages to parties, and what the other services hear."""

from collections.abc import Iterable
from typing import assert_never

from services.sixth import events as e
from services.sixth.state import State
from shared.contract.messages.house import CasePurged
from shared.contract.messages.sixth import SixthRegistered
from shared.core.effects import Announce, Effect, ForgetCase, ToParty


def effects(case_id: str, event: e.Event, state: State) -> Iterable[Effect]:
    """Return the effects of an event; `state` is the state after it."""
    match event:
        case e.Submitted(party=party, submission_id=number):
            return [ToParty(party, SixthRegistered(submission_id=number))]
        case e.CasePurged():
            confirmed = CasePurged(case_id=event.case_id, house_keys=event.house_keys)
            return [ForgetCase(), Announce(confirmed, after_erasure=True)]
        case _:
            assert_never(event)
