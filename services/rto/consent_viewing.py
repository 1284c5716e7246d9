"""Decide who reads which consent: its list is apart, as consent is recorded before the table is prepared."""

from collections.abc import Iterable
from typing import TypeAlias

from services.rto.consent_state import Agreement, RecordedConsent
from services.rto.state import Phase, State
from services.rto.viewing import not_of_the_team
from shared.core.actor import THE_HOUSE, Role
from shared.core.context import DecisionContext
from shared.core.ending import gone
from shared.core.viewing import Allowed, Denied, Verdict, Viewer

READABLE = frozenset(Phase) - {Phase.NOTHING, Phase.ARCHIVED, Phase.PURGED}
NOT_READABLE = Denied("R88", "B3-F4")
NOT_YOURS = Denied("R20", "B3-F1, F2")

Thing: TypeAlias = RecordedConsent | Agreement | None


def may_view_consent(viewer: Viewer, thing: Thing, state: State, context: DecisionContext) -> Verdict:
    """Show a consent to who recorded it, to whose secrecy it lifts, and to the house, which heeds it (R20).

    Who leads does not learn by it about whom another party keeps secrets; deny by default.
    """
    if state.phase not in READABLE:
        return NOT_READABLE
    if over := gone(state, context.now):
        return over
    if viewer.role in THE_HOUSE:
        return _house(viewer, state)
    if viewer.role is not Role.PARTY_WORKER or not viewer.party:
        return NOT_YOURS
    return Allowed("R20", viewer.party) if _is_its_own(viewer.party, thing, state) else NOT_YOURS


def _house(viewer: Viewer, state: State) -> Verdict:
    """Show all consents to the assigned director, and until the case ends to who supports him (R6, R72)."""
    if denied := not_of_the_team(viewer, state):
        return denied
    if viewer.role is Role.SUPPORT_WORKER and state.phase is Phase.CLOSING:
        return Denied("R6", "B3-F1 access")
    return Allowed("R20", state.leading_party)


def _is_its_own(party: str, thing: Thing, state: State) -> bool:
    """Tell whether a consent or an agreement is this party's; the case, where any of these is."""
    match thing:
        case RecordedConsent():
            return thing.is_known_to(party)
        case Agreement():
            return thing.party == party
        case None:
            return any(_is_its_own(party, one, state) for _, one in consent_things(state))


def consent_things(state: State) -> Iterable[tuple[str, RecordedConsent | Agreement]]:
    """Yield every consent and every agreement on who asks for it, by label."""
    yield from ((f"consent/{one.consent.consent_id}", one) for one in state.consents)
    yield from ((f"consent-agreement/{one.party}", one) for one in state.agreements)
