"""How an RTO ends: jointly, at an AVE level, with who takes what, and nothing before (R64, R69, R70, R73)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.state import Phase
from shared.contract.messages import rto as m
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.rto import RtoOutcome
from shared.contract.parties import Scope
from shared.contract.refusal import Refusal
from tests.support.samples import rto as s
from tests.support.spec import NOW

MONITORING = s.HISTORIES[Phase.MONITORING]
GOES_ON = (RtoOutcome.APPROACH_AND_MONITORING, RtoOutcome.ESCALATE)
AGREED_ON = (*GOES_ON, RtoOutcome.DEESCALATE)
ENDS = (RtoOutcome.DOES_NOT_BELONG, RtoOutcome.OTHER_TABLE)
PLANNED = (*s.SEATED, s.PLANNED)
PLANNED_FOR_CARE = e.PlanRecorded(s.plan(actions=(s.action(s.TREAT, s.CARE),)), s.AT_THE_TABLE, NOW)


def conclude(rto_id: str = s.RTO, **changes: Any) -> c.ConcludeRto:
    return c.ConcludeRto(by=s.by_director(), rto_id=rto_id, conclusion=s.conclusion(**changes))


def provide(*args: str) -> c.ProvideItem:
    return c.ProvideItem(by=s.by_director(), taking=s.taking(*args))


def refused(history: tuple[Any, ...], command: Any, **parties: Any) -> Refusal:
    return s.spec(**parties).given(*history).when(command).refusal


def events(history: tuple[Any, ...], command: Any) -> tuple[Any, ...]:
    return s.spec().given(*history).when(command).events


# --- who decides (R70) ------------------------------------------------------------------------------


@pytest.mark.clause(
    "R70.a", allowed="Twee partijen die zijn gekomen, kunnen samen een besluit van het RTO nemen."
)
@pytest.mark.clause(
    "R70.a", refused="Is er maar één partij gekomen, of geen, dan wordt een besluit van het RTO geweigerd."
)
@pytest.mark.parametrize("outcome", AGREED_ON)
def test_what_is_agreed_is_agreed_by_more_than_one_party_r70(outcome: RtoOutcome) -> None:
    """Also where the plan was made by more, who have left the table since."""
    nobody = (*s.INVITED, PLANNED_FOR_CARE)
    alone = (*nobody, s.accepted(s.VENLO))
    assert refused(nobody, conclude(outcome=outcome)) is r.NOBODY_AT_THE_TABLE
    assert refused(alone, conclude(outcome=outcome)) is r.ONLY_ONE_AT_THE_TABLE
    assert events((*alone, s.accepted(s.CARE)), conclude(outcome=outcome))


@pytest.mark.parametrize("outcome", AGREED_ON)
def test_who_is_no_party_any_more_decides_on_nothing_r70_r115(outcome: RtoOutcome) -> None:
    of_two = (*s.INVITED, PLANNED_FOR_CARE, s.accepted(s.VENLO), s.accepted(s.CARE))
    left = {"gemeente_venlo": {"member_until": NOW}}
    still = {"gemeente_venlo": {"member_until": NOW + timedelta(seconds=1)}}
    assert refused(of_two, conclude(outcome=outcome), **left) is r.ONLY_ONE_AT_THE_TABLE
    assert s.spec(**still).given(*of_two).when(conclude(outcome=outcome)).events


@pytest.mark.clause(
    "R85.a",
    refused="Zegt een uitvoerder alsnog af, dan kan het RTO niet met zijn nieuwe actie worden afgerond.",
)
@pytest.mark.parametrize("outcome", AGREED_ON)
def test_who_carries_out_what_is_new_is_there_when_the_table_decides_r70_r85(outcome: RtoOutcome) -> None:
    """It agreed when the plan was recorded, and takes its word back before that takes force."""
    gone = (e.InvitationDeclined(s.RTO, s.HOUSING, None, NOW),)
    assert refused((*s.AGREED, *gone), conclude(outcome=outcome)) is r.EXECUTOR_NOT_AT_THE_TABLE
    without = e.PlanRecorded(s.plan(actions=(), ends=(s.ARRANGE,)), s.AT_THE_TABLE, NOW)
    assert events((*s.AGREED, *gone, without), conclude(outcome=outcome))
    later = tuple(x for x in s.AGAIN if x != s.accepted(s.HOUSING, s.SECOND_RTO))
    deescalate = conclude(s.SECOND_RTO, outcome=RtoOutcome.DEESCALATE)
    assert events(later, deescalate), "what an earlier RTO agreed on goes on without it"
    left = {"woonwenz": {"member_until": NOW}}
    assert refused(s.AGREED, conclude(outcome=outcome), **left) is r.EXECUTOR_NOT_AT_THE_TABLE


@pytest.mark.parametrize("outcome", ENDS)
def test_that_a_case_does_not_go_on_is_said_by_whoever_came_r78(outcome: RtoOutcome) -> None:
    assert refused(s.INVITED, conclude(outcome=outcome)) is r.NOBODY_AT_THE_TABLE
    assert events((*s.INVITED, s.accepted(s.VENLO)), conclude(outcome=outcome))


def test_an_rto_is_concluded_once() -> None:
    assert refused(s.AGAIN, conclude(s.RTO)) is r.NO_RTO_IS_OPEN
    assert refused(s.AGAIN, conclude(s.NEW)) is r.NO_RTO_IS_OPEN
    assert events(s.AGAIN, conclude(s.SECOND_RTO))


# --- nothing leaves the table before (R64, R73, R78) ------------------------------------------------


@pytest.mark.clause("R64.a", allowed="Is het RTO afgerond, dan kan een vrijgegeven gegeven worden verstrekt.")
@pytest.mark.clause(
    "R64.a", refused="Zolang het RTO niet is afgerond, wordt ook een vrijgegeven gegeven niet verstrekt."
)
def test_nothing_is_taken_away_while_the_table_has_not_decided_r64() -> None:
    assert refused(s.AGREED, provide()) is r.TABLE_HAS_NOT_DECIDED
    assert r.TABLE_HAS_NOT_DECIDED.rule == "R64"
    assert events(MONITORING, provide())
    assert refused(s.AGAIN, provide()) is r.TABLE_HAS_NOT_DECIDED, "nor while it sits again"


@pytest.mark.clause(
    "R73.a",
    allowed="Bij de afronding van het RTO wordt vastgelegd welke deelnemer welk gegeven voor welke "
    "activiteit meeneemt.",
)
@pytest.mark.clause(
    "R73.b", allowed="Gaf de inbrenger voor elk genoemd gegeven akkoord, dan kan het RTO worden afgerond."
)
@pytest.mark.clause("R64.a", allowed="Bij de afronding vertrekt wat volgens de afspraak wordt meegenomen.")
@pytest.mark.parametrize("outcome", AGREED_ON)
def test_at_the_end_of_the_rto_it_is_recorded_who_takes_what_r73(outcome: RtoOutcome) -> None:
    """Also when the case is de-escalated at once: what executors need goes with them."""
    concluded, provided, *after = events(s.AGREED, conclude(outcome=outcome, take_aways=(s.taking(),)))
    assert (concluded.outcome, provided) == (outcome, e.ItemProvided(s.taking(), s.POLICE, NOW))
    assert len(after) == 1
    assert s.state(*s.AGREED, concluded, provided).takers_of(s.FREE) == (s.CARE,)


def test_the_same_taking_named_twice_is_one() -> None:
    taken = (s.taking(), s.taking())
    found = events(s.AGREED, conclude(take_aways=taken))
    assert [type(event) for event in found].count(e.ItemProvided) == 1


@pytest.mark.clause(
    "R73.b",
    refused="Ontbreekt voor één genoemd gegeven het akkoord, dan wordt de hele afronding van het RTO "
    "geweigerd.",
)
@pytest.mark.parametrize(
    ("taking", "refusal"),
    [
        (s.taking(s.WITHHELD), r.NOT_RELEASED),
        (s.taking(s.FREE, s.VENLO), r.NO_ROLE_IN_THE_PLAN),
        (s.taking(s.FREE, s.CARE, s.ARRANGE), r.NO_SUCH_ACTION),
        (s.taking(s.NEW), r.UNKNOWN_ITEM),
    ],
)
def test_what_goes_along_is_released_for_exactly_that_r73(taking: c.TakeAway, refusal: Refusal) -> None:
    assert refused(s.AGREED, conclude(take_aways=(s.taking(), taking))) is refusal


@pytest.mark.clause(
    "R78.b",
    refused="Eindigt de casus omdat die hier niet thuishoort of naar een andere tafel gaat, dan neemt "
    "niemand iets mee.",
)
@pytest.mark.parametrize("outcome", ENDS)
def test_nothing_goes_along_from_a_case_that_ends_r78(outcome: RtoOutcome) -> None:
    assert refused(s.AGREED, conclude(outcome=outcome, take_aways=(s.taking(),))) is r.NOTHING_GOES_ALONG
    ended = events(s.AGREED, conclude(outcome=outcome))
    assert refused((*s.AGREED, *ended), provide()) is r.NOT_IN_PHASE_3


# --- going on (R69, R79, R80) -----------------------------------------------------------------------


@pytest.mark.clause(
    "R79.a",
    allowed="Met een uitgeschreven doel van de monitoring wordt de uitkomst aanpak en monitoring vastgelegd.",
)
@pytest.mark.clause(
    "R79.d",
    allowed="Gegevens waarvoor de inbrenger akkoord gaf voor het RTO, kunnen voor de monitoring worden "
    "afgesproken.",
)
@pytest.mark.parametrize("outcome", GOES_ON)
def test_what_goes_on_needs_a_purpose_and_an_agreed_set_r79(outcome: RtoOutcome) -> None:
    first, second = events(s.AGREED, conclude(outcome=outcome))
    assert (first.rto_id, first.outcome) == (s.RTO, outcome)
    assert second.items == (s.FREE, s.WITHHELD)
    assert s.state(*s.AGREED, first, second).phase is Phase.MONITORING


def test_an_empty_set_may_be_agreed_r79() -> None:
    assert events(s.AGREED, conclude(monitoring_items=()))


@pytest.mark.clause(
    "R79.a", refused="Is het doel van de monitoring leeg of niet ingevuld, dan wordt de uitkomst geweigerd."
)
@pytest.mark.clause(
    "R79.d", refused="Een gegeven zonder akkoord voor het RTO kan niet voor de monitoring worden afgesproken."
)
@pytest.mark.parametrize("outcome", GOES_ON)
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"monitoring_purpose": None}, r.MONITORING_PURPOSE_MISSING),
        ({"monitoring_purpose": " "}, r.MONITORING_PURPOSE_MISSING),
        ({"monitoring_items": (s.NEW,)}, r.UNKNOWN_ITEM),
        ({"monitoring_items": (s.SILENT,)}, r.NOT_RELEASED),
    ],
)
def test_monitoring_that_is_not_in_order_is_refused(
    outcome: RtoOutcome, changes: dict[str, Any], refusal: Refusal
) -> None:
    assert refused(s.AGREED, conclude(outcome=outcome, **changes)) is refusal


def test_what_did_not_stay_can_not_be_agreed_upon_later_r79() -> None:
    again = conclude(s.SECOND_RTO, monitoring_items=(s.FREE, s.RENT))
    assert refused(s.AGAIN, again) is r.NOT_KEPT_FOR_MONITORING
    assert events(s.AGAIN, conclude(s.SECOND_RTO, monitoring_items=(s.FREE,)))


@pytest.mark.clause(
    "R80.b",
    refused="Omvat de bevoegdheidsverlening van de leidende partij geen monitoring, dan kan monitoring "
    "niet worden afgesproken.",
)
@pytest.mark.parametrize("outcome", GOES_ON)
def test_monitoring_is_covered_by_the_authorisation_of_the_leading_party_r80(outcome: RtoOutcome) -> None:
    without = {"gemeente_venlo": {"authorisations": (s.authorisation(Scope.RTO),)}}
    assert refused(s.AGREED, conclude(outcome=outcome), **without) is r.MONITORING_NOT_AUTHORISED
    deescalate = conclude(outcome=RtoOutcome.DEESCALATE)
    assert s.spec(**without).given(*s.AGREED).when(deescalate).events


@pytest.mark.clause(
    "R69.a",
    allowed="Zonder casusregisseur kan het RTO op een aanpak uitkomen, en de aanmeldende partij leidt.",
)
@pytest.mark.clause("R69.a", allowed="Is een casusregisseur aangewezen, dan leidt zijn partij de casus.")
@pytest.mark.clause(
    "R69.a",
    refused="Een partij die de casusregie alleen kreeg aangeboden, leidt de casus na het RTO niet.",
)
@pytest.mark.parametrize("outcome", GOES_ON)
def test_a_case_director_need_not_be_appointed_r69(outcome: RtoOutcome) -> None:
    for before, leader in ((PLANNED, s.VENLO), (s.AGREED, s.VENLO), ((*s.AGREED, s.MOVED), s.CARE)):
        command = replace(conclude(outcome=outcome), by=s.by_director(leader))
        state = s.state(*before, *events(before, command))
        assert (state.phase, state.leading_party) == (Phase.MONITORING, leader)
        assert (state.case_director is None) is (leader == s.VENLO)


# --- escalation and de-escalation (R69, R86) --------------------------------------------------------


@pytest.mark.clause(
    "R69.c", allowed="Met een plan van aanpak kan het RTO uitkomen op een aanpak, opschaling of afschaling."
)
@pytest.mark.clause(
    "R69.c", refused="Zonder plan van aanpak wordt een aanpak, opschaling of afschaling geweigerd."
)
@pytest.mark.parametrize("outcome", AGREED_ON)
def test_nothing_goes_on_or_is_deescalated_without_a_plan_r69(outcome: RtoOutcome) -> None:
    assert refused(s.SEATED, conclude(outcome=outcome)) is r.PLAN_MISSING
    assert events(PLANNED, conclude(outcome=outcome))


@pytest.mark.clause("R86.a", allowed="Het besluit van een RTO tot afschaling brengt de casus in fase 4.")
def test_deescalation_brings_the_case_to_phase_4_at_its_ave_level_r69_r86() -> None:
    first, second = events(s.AGREED, conclude(outcome=RtoOutcome.DEESCALATE))
    assert (first.outcome, first.ave_level) == (RtoOutcome.DEESCALATE, 2)
    assert second == e.CaseDeescalated(s.RTO, NOW)
    state = s.state(*s.AGREED, first, second)
    assert (state.phase, state.ave_level) == (Phase.DEESCALATED, 2)


@pytest.mark.clause("R69.e", allowed="Opschaling naar een hoger AVE-niveau wordt met dat niveau vastgelegd.")
@pytest.mark.clause(
    "R69.e",
    refused="Opschaling zonder hoger niveau wordt geweigerd, net als een aanpak of afschaling met een "
    "hoger niveau.",
)
def test_escalation_is_to_a_higher_level_than_the_last_one_decided_r69() -> None:
    def ends(outcome: RtoOutcome, level: int | None) -> c.ConcludeRto:
        return conclude(s.SECOND_RTO, outcome=outcome, ave_level=level)

    for level in (None, 1, 2):
        assert refused(s.AGAIN, ends(RtoOutcome.ESCALATE, level)) is r.AVE_LEVEL_DOES_NOT_FIT
    for outcome in (RtoOutcome.APPROACH_AND_MONITORING, RtoOutcome.DEESCALATE):
        assert refused(s.AGAIN, ends(outcome, 3)) is r.AVE_LEVEL_DOES_NOT_FIT
        assert events(s.AGAIN, ends(outcome, 1))
    assert refused(s.AGAIN, ends(RtoOutcome.ESCALATE, 5)) is r.AVE_LEVEL_UNKNOWN
    escalated = (*s.AGAIN, *events(s.AGAIN, ends(RtoOutcome.ESCALATE, 3)))
    state = s.state(*escalated)
    assert (state.phase, state.ave_level) == (Phase.MONITORING, 3)
    assert state.plan is not None
    assert state.plan.ave_level == 3
    assert [(rto.outcome, rto.ave_level) for rto in state.rtos] == [
        (RtoOutcome.APPROACH_AND_MONITORING, 2),
        (RtoOutcome.ESCALATE, 3),
    ], "each decision stays on record"


def test_a_plan_at_a_higher_level_is_an_escalation_and_nothing_else_r69() -> None:
    higher = e.PlanRecorded(s.plan(actions=(), ave_level=3), s.AT_THE_TABLE, NOW)
    history = (*s.AGAIN, higher)
    assert refused(history, conclude(s.SECOND_RTO)) is r.AVE_LEVEL_DOES_NOT_FIT
    assert events(history, conclude(s.SECOND_RTO, outcome=RtoOutcome.ESCALATE))


@pytest.mark.clause(
    "R81.b",
    allowed="Bij de uitkomst legt het RTO bereikte doelen en ontwikkelingen vast, en die blijven bij dat "
    "RTO staan.",
)
def test_what_a_follow_up_found_stays_with_it_r81() -> None:
    found = {"goals_reached": s.text("goals"), "developments": s.text("developments")}
    state = s.state(*s.AGAIN, *events(s.AGAIN, conclude(s.SECOND_RTO, **found)))
    assert [(rto.goals_reached, rto.developments) for rto in state.rtos] == [
        (None, None),
        (s.text("goals"), s.text("developments")),
    ]


def test_monitoring_goes_on_until_a_follow_up_ends_it_r81() -> None:
    ended = events(s.AGAIN, conclude(s.SECOND_RTO, outcome=RtoOutcome.DEESCALATE))
    assert s.state(*s.AGAIN, *ended).phase is Phase.DEESCALATED


@pytest.mark.clause("R86.a", refused="Bij een andere uitkomst dan afschaling komt de casus niet in fase 4.")
@pytest.mark.parametrize("outcome", sorted(set(RtoOutcome) - {RtoOutcome.DEESCALATE}))
def test_no_other_outcome_brings_a_case_to_phase_4_r86(outcome: RtoOutcome) -> None:
    found = events(s.AGREED, conclude(outcome=outcome))
    assert not any(isinstance(event, e.CaseDeescalated) for event in found)
    assert s.state(*s.AGREED, *found).phase in (Phase.MONITORING, Phase.CLOSING)


# --- ending (R78) -----------------------------------------------------------------------------------


@pytest.mark.clause(
    "R78.a",
    refused="Na de uitkomst hoort hier niet thuis of andere overlegtafel loopt de casus niet door maar "
    "wordt die gesloten.",
)
@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (m.RtoOutcome.DOES_NOT_BELONG, ClosingReason.DOES_NOT_BELONG),
        (m.RtoOutcome.OTHER_TABLE, ClosingReason.OTHER_TABLE),
    ],
)
def test_a_case_for_nobody_or_another_table_is_closing_r78(
    outcome: m.RtoOutcome, reason: ClosingReason
) -> None:
    first, second = events(s.SEATED, conclude(outcome=outcome))
    assert (first.outcome, second) == (outcome, e.CaseEndedAtTable(reason, NOW))
    assert s.state(*s.SEATED, first, second).phase is Phase.CLOSING
