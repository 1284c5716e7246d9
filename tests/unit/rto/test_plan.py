"""The plan of action: agreed jointly, of actions that never change, each with a history (R65, R69, R81)."""

import json
from typing import Any

import pytest

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.main import PROCESS
from services.rto.state import Phase, ReleaseKey, ReleaseStatus, State
from shared.contract.content import SEALED_ALLOWED
from shared.contract.limits import MOST_ACTIONS
from shared.contract.messages import rto as m
from shared.contract.messages.rto import Use
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext
from shared.storage.json_writer import to_json
from tests.support.samples import rto as s
from tests.support.spec import NOW
from tests.unit.rto.test_matrix import STATES

MONITORING = s.HISTORIES[Phase.MONITORING]
AFTERCARE = s.action(s.AFTERCARE, s.CARE)
EXACT = ReleaseKey(s.FREE, Use.PLAN_ACTIVITY, s.CARE, s.TREAT)


def record(**changes: Any) -> c.RecordPlan:
    return c.RecordPlan(by=s.by_director(), plan=s.plan(**changes))


def adjust(*actions: m.Action, **changes: Any) -> c.RecordPlan:
    return record(actions=actions, **changes)


def progress(party: str = s.CARE, action: str = s.TREAT, **changes: Any) -> c.ProgressAction:
    given = {"progress": m.ActionProgress.DONE} | changes
    return c.ProgressAction(by=s.by_party(party), action_id=action, **given)


def refused(history: tuple[Any, ...], command: Any) -> Refusal:
    return s.spec().given(*history).when(command).refusal


def after(history: tuple[Any, ...], *commands: Any) -> tuple[Any, ...]:
    """The history with what these commands bring about."""
    for command in commands:
        history = (*history, *s.spec().given(*history).when(command).events)
    return history


def running(*history: Any) -> list[str]:
    return [action.action_id for action in s.state(*history).actions]


# --- what a plan states (R69, R70, A19) -------------------------------------------------------------


@pytest.mark.clause("R70.b", allowed="Bij het plan van aanpak staat welke deelnemers het hebben gemaakt.")
def test_the_plan_is_a_joint_record_of_who_is_at_the_table() -> None:
    state = s.state(*after(s.SEATED, record()))
    assert state.made_by == s.AT_THE_TABLE
    assert state.executes(s.CARE)
    assert not state.executes(s.POLICE)


@pytest.mark.clause(
    "R70.b", refused="Wie was uitgenodigd maar niet is gekomen, staat niet als maker van het plan."
)
def test_who_did_not_come_is_not_named_as_a_maker_of_the_plan_r70() -> None:
    came = (s.VENLO, s.CARE)
    history = (*s.INVITED, *map(s.accepted, came))
    plan = record(actions=(s.action(s.TREAT, s.CARE),), parts=tuple(map(s.part, came)))
    assert s.state(*after(history, plan)).made_by == came


@pytest.mark.parametrize("level", [1, 4])
def test_the_ave_level_is_recorded_r69(level: int) -> None:
    assert s.spec().given(*s.SEATED).when(record(ave_level=level)).events


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"ave_level": 0}, r.AVE_LEVEL_UNKNOWN),
        ({"ave_level": 5}, r.AVE_LEVEL_UNKNOWN),
        ({"agreements": " "}, r.AGREEMENTS_MISSING),
        ({"actions": (s.action(s.TREAT, s.CARE, description=" "),)}, r.AGREEMENTS_MISSING),
        ({"actions": (s.action(s.TREAT, s.CARE), s.action(s.TREAT, s.HOUSING))}, r.ACTION_TWICE),
        ({"actions": (s.action(s.TREAT, s.STRANGER),)}, r.EXECUTOR_NOT_AT_THE_TABLE),
        ({"drawn_from": (s.NEW,)}, r.UNKNOWN_ITEM),
        ({"drawn_from": (s.SILENT,)}, r.NOT_RELEASED),
    ],
)
def test_a_plan_that_is_not_in_order_is_refused(changes: dict[str, Any], refusal: Refusal) -> None:
    assert refused(s.SEATED, record(**changes)) is refusal


ALL_PARTS = s.plan().parts


@pytest.mark.clause(
    "R69.d",
    allowed="Een plan dat van elke betrokken partij één keer rol en informatiebehoefte noemt, wordt "
    "vastgelegd.",
)
@pytest.mark.clause("R69.d", refused="Een plan dat een partij overslaat of twee keer noemt, wordt geweigerd.")
@pytest.mark.parametrize(
    ("parts", "refusal"),
    [
        ((), r.INFORMATION_NEED_MISSING),
        (ALL_PARTS[1:], r.INFORMATION_NEED_MISSING),
        ((*ALL_PARTS[1:], s.part(s.VENLO, role=" ")), r.INFORMATION_NEED_MISSING),
        ((*ALL_PARTS[1:], s.part(s.VENLO, information_need=" ")), r.INFORMATION_NEED_MISSING),
        ((*ALL_PARTS, s.part(s.CARE)), r.PART_OF_NOBODY),
        ((*ALL_PARTS, s.part(s.STRANGER)), r.PART_OF_NOBODY),
    ],
)
def test_role_and_information_need_are_agreed_per_party_r69(parts: Any, refusal: Refusal) -> None:
    """Art. 6.4c: in any case of each party involved, also of one that carries nothing out."""
    assert refused(s.SEATED, record(parts=parts)) is refusal
    assert s.spec().given(*s.SEATED).when(record(parts=ALL_PARTS)).events


def test_who_carries_something_out_has_a_part_though_it_is_not_at_the_table_this_time_r69() -> None:
    history = tuple(x for x in s.AGAIN if x != s.accepted(s.HOUSING, s.SECOND_RTO))
    without = tuple(s.part(party) for party in s.AT_THE_TABLE if party != s.HOUSING)
    assert refused(history, adjust(parts=without)) is r.INFORMATION_NEED_MISSING
    assert s.spec().given(*history).when(adjust()).events
    ended = adjust(parts=without, ends=(s.ARRANGE,))
    assert s.spec().given(*history).when(ended).events


@pytest.mark.clause("R85.a", allowed="Een partij die aan tafel zit, kan een actie op zich nemen.")
@pytest.mark.clause("R85.a", refused="Een actie voor een partij die niet is gekomen, wordt geweigerd.")
def test_an_executor_has_accepted_the_invitation_r70() -> None:
    without_housing = tuple(x for x in s.SEATED if x != s.accepted(s.HOUSING))
    assert refused(without_housing, record()) is r.EXECUTOR_NOT_AT_THE_TABLE
    others = tuple(s.part(party) for party in s.AT_THE_TABLE if party != s.HOUSING)
    assert refused(without_housing, record(parts=others)) is r.EXECUTOR_NOT_AT_THE_TABLE
    only_care = record(actions=(s.action(s.TREAT, s.CARE),), parts=others)
    assert s.spec().given(*without_housing).when(only_care).events


def test_no_action_falls_to_who_is_no_party_any_more_r115() -> None:
    left = s.spec(vincent_van_gogh={"member_until": NOW}).given(*s.SEATED)
    assert left.when(record()).refusal is r.EXECUTOR_NOT_AT_THE_TABLE
    others = tuple(s.part(party) for party in s.AT_THE_TABLE if party != s.CARE)
    (event,) = left.when(record(actions=(s.action(s.ARRANGE, s.HOUSING),), parts=others)).events
    assert event.made_by == (s.VENLO, s.POLICE, s.HOUSING)


def test_a_plan_may_draw_from_a_released_item_a19() -> None:
    assert s.spec().given(*s.SEATED).when(record(drawn_from=(s.FREE,))).events


@pytest.mark.clause(
    "R70.a", allowed="Twee partijen die zijn gekomen, kunnen samen een plan van aanpak maken."
)
@pytest.mark.clause("R70.a", refused="Een plan van aanpak van één partij alleen wordt geweigerd.")
def test_nobody_agrees_with_itself_r70() -> None:
    """Art. 6.2 and 7.1: the table consists of delegates of parties, and they agree jointly."""
    alone = (*s.INVITED, s.accepted(s.VENLO))
    of_two = (*alone, s.accepted(s.CARE))
    assert refused(s.INVITED, record(actions=())) is r.NOBODY_AT_THE_TABLE
    assert refused(alone, record(actions=())) is r.ONLY_ONE_AT_THE_TABLE
    parts = (s.part(s.VENLO), s.part(s.CARE))
    assert s.spec().given(*of_two).when(record(actions=(), parts=parts)).events


# --- actions never change (R65, R81) ----------------------------------------------------------------


@pytest.mark.clause(
    "R65.d",
    refused="Een afgesproken activiteit kan niet worden veranderd: niet de uitvoerder, niet de "
    "omschrijving en niet de datum.",
)
@pytest.mark.parametrize(
    "changes",
    [{"party": s.HOUSING}, {"description": s.text("prosecute")}, {"due_on": NOW}, {}],
    ids=["party", "description", "date", "nothing"],
)
def test_a_number_never_stands_for_another_action_than_it_did_r65(changes: dict[str, Any]) -> None:
    """Released for treatment, and then the number means to prosecute: that is another use."""
    other = s.action(s.TREAT, s.CARE).model_copy(update=changes)
    assert refused(s.AGREED, adjust(other)) is r.ACTION_NEVER_CHANGES
    assert refused(s.AGAIN, adjust(other)) is r.ACTION_NEVER_CHANGES
    ended = after(s.AGAIN, adjust(ends=(s.TREAT,)))
    assert refused(ended, adjust(other)) is r.ACTION_NEVER_CHANGES, "nor after it ended"
    assert r.ACTION_NEVER_CHANGES.rule == "R65"


@pytest.mark.clause("R81.d", allowed="Een vervolg-RTO voegt een actie toe, en de lopende acties gaan door.")
def test_what_runs_goes_on_when_the_plan_is_adjusted_r81() -> None:
    history = after(s.AGAIN, adjust(AFTERCARE, agreements=s.text("other-agreements")))
    assert running(*history) == [s.TREAT, s.ARRANGE, s.AFTERCARE]
    state = s.state(*history)
    assert (state.ended, state.action(s.TREAT)) == ((), s.action(s.TREAT, s.CARE))


@pytest.mark.clause(
    "R81.d", allowed="Een vervolg-RTO beëindigt een lopende actie, en die blijft als beëindigd bekend."
)
@pytest.mark.parametrize("by", ["named", "succeeded"])
def test_an_action_ends_when_it_is_named_or_succeeded_and_stays_known_r81(by: str) -> None:
    named = adjust(AFTERCARE, ends=(s.TREAT,))
    succeeded = adjust(AFTERCARE.model_copy(update={"succeeds": s.TREAT}))
    history = after(s.AGAIN, named if by == "named" else succeeded)
    assert running(*history) == [s.ARRANGE, s.AFTERCARE]
    (ended,) = s.state(*history).ended
    assert (ended.action, ended.rto_id, ended.at) == (s.action(s.TREAT, s.CARE), s.SECOND_RTO, NOW)


@pytest.mark.clause("R81.d", refused="Het beëindigen van een actie die niet loopt, wordt geweigerd.")
def test_only_what_runs_can_end_and_only_what_was_known_is_succeeded_r81() -> None:
    assert refused(s.AGAIN, adjust(ends=(s.AFTERCARE,))) is r.NO_ACTION_RUNS
    unknown = AFTERCARE.model_copy(update={"succeeds": s.NEW})
    assert refused(s.AGAIN, adjust(unknown)) is r.NO_ACTION_RUNS
    ended = after(s.AGAIN, adjust(ends=(s.TREAT,)))
    assert refused(ended, adjust(ends=(s.TREAT,))) is r.NO_ACTION_RUNS
    later = AFTERCARE.model_copy(update={"succeeds": s.TREAT})
    assert s.spec().given(*ended).when(adjust(later)).events, "a successor may come later"


def test_no_more_actions_run_than_a_plan_holds() -> None:
    many = tuple(s.action(s.number(f"{n:02x}"), s.CARE) for n in range(MOST_ACTIONS - 2))
    full = after(s.AGAIN, adjust(*many))
    assert len(running(*full)) == MOST_ACTIONS
    assert refused(full, adjust(AFTERCARE)) is r.TOO_MANY_ACTIONS
    assert s.spec().given(*full).when(adjust(AFTERCARE, ends=(s.TREAT,))).events


@pytest.mark.clause("R65.d", allowed="Voor de opvolger van een activiteit telt een eigen, nieuw akkoord.")
@pytest.mark.clause(
    "R65.d", refused="Het akkoord voor een geëindigde activiteit geldt niet voor haar opvolger."
)
def test_a_release_for_an_action_that_ended_is_a_release_for_nothing_r65() -> None:
    """It stays what it was when it was given, and the successor needs a release of its own."""
    history = after(s.AGAIN, adjust(AFTERCARE.model_copy(update={"succeeds": s.TREAT})))
    history = (*history, s.concluded(rto_id=s.SECOND_RTO), s.MONITORED)
    assert s.state(*history).release(EXACT) is ReleaseStatus.GIVEN

    def provide(action: str) -> c.ProvideItem:
        return c.ProvideItem(by=s.by_director(), taking=s.taking(action_id=action))

    assert refused(history, provide(s.TREAT)) is r.NO_SUCH_ACTION
    assert refused(history, provide(s.AFTERCARE)) is r.NOT_RELEASED
    for_the_ended = s.ask(item_id=s.WITHHELD)
    assert refused(history, for_the_ended) is r.NO_SUCH_ACTION
    anew = e.ReleaseGiven(s.release(action_id=s.AFTERCARE), NOW)
    assert s.spec().given(*history, anew).when(provide(s.AFTERCARE)).events


def test_a_plan_of_an_older_version_goes_on_as_it_stood() -> None:
    """Its RTO did not remember which actions it added: they count as agreed, and were assigned then."""
    old = as_the_version_before_stored(s.state(*MONITORING))
    assert old.actions == s.state(*MONITORING).actions
    done = PROCESS.decide(old, progress(), DecisionContext(NOW, s.parties()))
    assert not isinstance(done, Refusal)
    again = PROCESS.decide(
        as_the_version_before_stored(s.state(*s.AGAIN)), adjust(AFTERCARE), DecisionContext(NOW, s.parties())
    )
    assert not isinstance(again, Refusal)


def test_in_an_older_open_rto_nothing_is_taken_away_either_r64() -> None:
    old = as_the_version_before_stored(s.state(*s.AGREED))
    context = DecisionContext(NOW, s.parties())
    provide = c.ProvideItem(by=s.by_director(), taking=s.taking())
    assert PROCESS.decide(old, provide, context) is r.TABLE_HAS_NOT_DECIDED
    assert old.preparation_of(old.rtos[0]) == s.state(*s.AGREED).rtos[0].preparation


NEW_FIELDS = frozenset({"agreed", "ended", "parts", "ends", "succeeds", "goals_reached", "developments"})


def as_the_version_before_stored(state: State) -> State:
    """Load the state from JSON without any field that the version before did not know."""
    stored = json.loads(to_json(state))
    for rto in stored["rtos"]:
        del rto["preparation"], rto["ave_level"]

    def without(value: Any) -> Any:
        if isinstance(value, list):
            return [without(one) for one in value]
        if isinstance(value, dict):
            return {name: without(inner) for name, inner in value.items() if name not in NEW_FIELDS}
        return value

    return STATES.validate_json(json.dumps(without(stored)), context=SEALED_ALLOWED)


# --- how far an action is (R81, R85) ----------------------------------------------------------------


@pytest.mark.clause("R85.b", allowed="De uitvoerder meldt hoe ver zijn eigen actie is.")
@pytest.mark.clause("R85.b", refused="Een andere deelnemer kan dat niet voor de uitvoerder melden.")
def test_only_the_executor_reports_on_its_action_r85() -> None:
    assert refused(MONITORING, progress(s.HOUSING)) is r.NOT_THE_EXECUTOR
    assert refused(MONITORING, progress(action=s.NEW)) is r.NOT_THE_EXECUTOR
    (kept,) = s.state(*after(MONITORING, progress())).progress
    assert (kept.action_id, kept.progress) == (s.TREAT, m.ActionProgress.DONE)


@pytest.mark.clause(
    "R81.a", allowed="Start en afsluiting van een actie blijven met hun moment naast elkaar staan."
)
@pytest.mark.clause(
    "R81.a", refused="De melding dat een actie klaar is, vervangt de eerdere melding van de start niet."
)
@pytest.mark.clause(
    "R81.b", allowed="De uitvoerder kan per actie bereikte doelen en ontwikkelingen vastleggen."
)
def test_done_does_not_take_the_place_of_started_r81() -> None:
    """Start, goals reached, developments and stagnation: each word stays, with its moment."""
    started = progress(progress=m.ActionProgress.STARTED, remark=s.text("remark"))
    stagnated = progress(progress=m.ActionProgress.STAGNATED, developments=s.text("moved"))
    done = progress(goals_reached=s.text("goals"))
    kept = s.state(*after(MONITORING, started, stagnated, done)).progress
    assert [(x.progress, x.remark, x.developments, x.goals_reached, x.at) for x in kept] == [
        (m.ActionProgress.STARTED, s.text("remark"), None, None, NOW),
        (m.ActionProgress.STAGNATED, None, s.text("moved"), None, NOW),
        (m.ActionProgress.DONE, None, None, s.text("goals"), NOW),
    ]


def test_nothing_is_reported_before_the_table_has_decided_on_the_action_r64() -> None:
    assert refused(s.AGREED, progress()) is r.TABLE_HAS_NOT_DECIDED
    assert s.spec().given(*MONITORING).when(progress()).events
    adjusted = after(s.AGAIN, adjust(AFTERCARE))
    assert refused(adjusted, progress(action=s.AFTERCARE)) is r.TABLE_HAS_NOT_DECIDED
    assert s.spec().given(*adjusted).when(progress()).events, "an earlier RTO decided on this one"


def test_nothing_is_reported_on_an_action_that_ended_and_what_was_stays_r81() -> None:
    history = after((*MONITORING,), progress(progress=m.ActionProgress.STARTED))
    history = (*history, s.convened(s.SECOND_RTO), *(s.accepted(p, s.SECOND_RTO) for p in s.AT_THE_TABLE))
    ended = after(history, adjust(ends=(s.TREAT,)))
    assert refused(ended, progress()) is r.ACTION_ENDED
    assert refused(ended, progress(s.HOUSING)) is r.NOT_THE_EXECUTOR, "of another's it is not even told"
    assert [x.action_id for x in s.state(*ended).progress] == [s.TREAT]
