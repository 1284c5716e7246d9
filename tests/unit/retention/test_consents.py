"""In phase 4 what rested on consent is shown and kept no longer than that is in force (R20, R76, R87)."""

from dataclasses import replace
from typing import Any

import pytest

from services.retention import commands as c
from services.retention import events as e
from services.retention import handlers as h
from services.retention.main import PROCESS
from services.retention.state import Shown, State
from services.retention.viewing import may_view
from shared.contract.messages import rto as m
from shared.contract.messages.rto import RestsOn
from shared.core.consent import ConsentFollowed
from shared.core.viewing import Allowed
from tests.support.samples import retention as s
from tests.support.spec import NOW, looking
from tests.unit.retention.test_viewing import DIRECTOR, LEADER, POLICE, agreements_read_by, drawn

RESTS_ON = RestsOn(persons=(s.MAN,))
IN_FORCE, WITHDRAWN = ConsentFollowed(s.consent()), ConsentFollowed(s.consent(withdrawn=True))
ITEM = next(item for item in s.ITEMS if item.item_id == s.POLICES)
CLEAN = c.CleanFile(by=s.by_director(), kept=s.kept(s.POLICES))


def in_step_1(*since: Any) -> State:
    state = s.state(*s.STEP_1)
    shown = tuple(replace(x, rests_on=RESTS_ON) if x.item_id == s.POLICES else x for x in state.shown)
    state = replace(state, shown=shown)
    for event in since:
        state = PROCESS.evolve(state, event)
    return state


def reads(viewer: Any, state: State) -> bool:
    return isinstance(may_view(viewer, ITEM, state, looking(s.PARTIES)), Allowed)


@pytest.mark.clause("R20.c", allowed="In fase 4 is een gegeven te lezen zolang de toestemming eronder geldt.")
@pytest.mark.clause("R20.c", refused="In fase 4 leest na de intrekking alleen de inbrenger het gegeven nog.")
def test_an_item_is_read_in_phase_4_as_long_as_the_consent_is_in_force_r20() -> None:
    for viewer in (DIRECTOR, LEADER):
        assert reads(viewer, in_step_1(IN_FORCE))
        assert not reads(viewer, in_step_1(IN_FORCE, WITHDRAWN))
        assert not reads(viewer, in_step_1())
    assert reads(POLICE, in_step_1(IN_FORCE, WITHDRAWN))


def test_the_agreements_go_with_what_they_took_from_it_a19() -> None:
    source = drawn(s.POLICES, rests_on=RESTS_ON)
    for viewer in (DIRECTOR, LEADER):
        assert agreements_read_by(viewer, source, IN_FORCE)
        assert not agreements_read_by(viewer, source, IN_FORCE, WITHDRAWN)


def test_what_is_no_longer_consented_to_does_not_stay_r95() -> None:
    """Not as kept, and not at archiving though it was kept before."""
    given = s.spec(now=NOW)
    refusal = replace(given, state=in_step_1(IN_FORCE, WITHDRAWN)).when(CLEAN).refusal
    assert (refusal.name, refusal.rule) == ("ConsentNotInForce", "R20")
    (cleaned,) = replace(given, state=in_step_1(IN_FORCE)).when(CLEAN).events
    due = s.spec(now=s.ARCHIVE_ON)
    archived, _ = replace(due, state=in_step_1(IN_FORCE, cleaned)).when(s.ARCHIVE).events
    assert archived.kept_items == (s.POLICES,)
    archived, _ = replace(due, state=in_step_1(IN_FORCE, cleaned, WITHDRAWN)).when(s.ARCHIVE).events
    assert archived.kept_items == ()


def test_the_round_table_says_on_whose_consent_it_saw_an_item_r76() -> None:
    message = m.ItemHandedOver(item=ITEM, shown_to=(s.CARE,), rests_on=RESTS_ON)
    (received,) = s.spec().given(s.OPENED).when(h.record_item(message, s.by_service())).events
    assert received == e.ItemReceived(ITEM, (s.CARE,), RESTS_ON)
    assert s.state(s.OPENED, received).shown == (Shown(s.POLICES, (s.CARE,), RESTS_ON),)


def test_a_consent_is_followed_before_the_case_itself_is_here() -> None:
    state = PROCESS.evolve(State(), WITHDRAWN)
    assert PROCESS.evolve(state, IN_FORCE).consents == (s.consent(withdrawn=True),)
