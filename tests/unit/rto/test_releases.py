"""The contributor's say (R63 to R67, R75, A12) and what may be taken away (R49, R73, R74, R104)."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.meetings import may_not_be_provided
from services.rto.permissions import PERMISSIONS
from services.rto.process import Command
from services.rto.state import Phase, ReleaseKey, ReleaseStatus, State
from shared.contract.fields import ItemStatus
from shared.contract.limits import MOST_RESERVATIONS
from shared.contract.messages import rto as m
from shared.contract.messages.rto import Use
from shared.contract.refusal import NOT_YOURS, UNKNOWN_CASE, Refusal
from shared.core.authorisation import permit
from shared.core.context import DecisionContext
from shared.core.item_standing import Standing
from tests.support.samples import rto as s
from tests.support.spec import NOW

FOR_RTO: dict[str, Any] = {"use": Use.RTO, "recipient": None, "action_id": None}
PLANNED = (*s.SEATED, s.PLANNED)
ALL_STAY = e.MonitoringAgreed(s.text("purpose"), tuple(item.item_id for item in s.ITEMS), NOW)
DECIDED = (*PLANNED, s.concluded(), ALL_STAY)
EXACT = ReleaseKey(s.FREE, Use.PLAN_ACTIVITY, s.CARE, s.TREAT)


def give(party: str = s.POLICE, **changes: Any) -> c.GiveRelease:
    return c.GiveRelease(by=s.by_party(party), release=s.release(**changes))


def refuse(party: str = s.POLICE, **changes: Any) -> c.RefuseRelease:
    return c.RefuseRelease(by=s.by_party(party), refusal=m.ReleaseRefused(**(s.use() | changes)))


def withdraw(item_id: str = s.FREE, party: str = s.POLICE) -> c.WithdrawRelease:
    return c.WithdrawRelease(by=s.by_party(party), item_id=item_id)


def provide(*args: str) -> c.ProvideItem:
    return c.ProvideItem(by=s.by_director(), taking=s.taking(*args))


def refused(history: tuple[Any, ...], command: Any, **parties: Any) -> Refusal:
    return s.spec(**parties).given(*history).when(command).refusal


# --- asking ----------------------------------------------------------------------------------------


def test_the_director_asks_the_contributor_for_one_use_r65() -> None:
    (event,) = s.spec().given(*PLANNED).when(s.ask()).events
    assert event.contributor == s.POLICE
    assert s.state(*PLANNED, event).release(EXACT) is ReleaseStatus.ASKED


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"item_id": s.NEW}, r.UNKNOWN_ITEM),
        ({"necessity": " "}, r.NECESSITY_MISSING),
        ({"recipient": None}, r.RELEASE_NOT_EXACT),
        ({"action_id": None}, r.RELEASE_NOT_EXACT),
        ({"use": Use.RTO}, r.RELEASE_NOT_EXACT),
        ({"action_id": s.NEW}, r.NO_SUCH_ACTION),
        ({"action_id": s.ARRANGE}, r.NO_SUCH_ACTION),
    ],
)
def test_a_question_that_is_not_exact_is_refused_r65(changes: dict[str, Any], refusal: Refusal) -> None:
    assert refused(PLANNED, s.ask(**changes)) is refusal


def test_what_is_released_is_not_asked_again_and_a_refusal_may_be() -> None:
    assert refused((*PLANNED, s.RELEASED), s.ask()) is r.ALREADY_RELEASED
    no = e.ReleaseRefused(m.ReleaseRefused(**s.use()), NOW)
    assert s.spec().given(*PLANNED, no).when(s.ask()).events


# --- giving and refusing ---------------------------------------------------------------------------


def test_the_mark_of_the_contributor_is_its_release_for_the_rto_r61() -> None:
    state = s.state(*s.RECORDED)
    assert [state.released_for_rto(i) for i in (s.FREE, s.SILENT)] == [True, False]


def test_a_release_in_advance_is_possible_from_the_preparation_on_r44() -> None:
    command = give(item_id=s.SILENT, **FOR_RTO)
    (event,) = s.spec().given(*s.HISTORIES[Phase.PREPARED]).when(command).events
    assert s.state(*s.HISTORIES[Phase.PREPARED], event).released_for_rto(s.SILENT)


@pytest.mark.clause(
    "R76.a",
    refused="Een beslissing voor de ene ontvanger en activiteit wordt niet vastgelegd voor een andere.",
)
@pytest.mark.clause("R65.d", allowed="Een akkoord geldt voor de ene activiteit van de ene deelnemer.")
@pytest.mark.clause(
    "R65.d",
    refused="Voor een andere activiteit, een andere deelnemer of een ander gegeven is er dan geen akkoord.",
)
def test_one_release_is_one_use_r65() -> None:
    """Permission for the RTO is none for a plan activity, and one activity is not another."""
    state = s.state(*PLANNED, s.RELEASED)
    assert state.release(EXACT) is ReleaseStatus.GIVEN
    for other in (
        replace(EXACT, action_id=s.ARRANGE),
        replace(EXACT, recipient=s.HOUSING),
        replace(EXACT, item_id=s.WITHHELD),
    ):
        assert state.release(other) is None


@pytest.mark.clause("R66.a", allowed="De inbrenger geeft of weigert akkoord op zijn gegeven.")
@pytest.mark.clause(
    "R66.a",
    refused="De leidende partij of een andere deelnemer geeft of weigert geen akkoord op dat gegeven.",
)
@pytest.mark.clause(
    "R66.b", allowed="Een akkoord dat één deelnemer en één activiteit noemt, wordt vastgelegd."
)
@pytest.mark.parametrize("make", [give, refuse])
@pytest.mark.parametrize("party", [s.CARE, s.VENLO, s.HOUSING])
def test_only_the_contributor_decides_on_its_item_r66(make: Any, party: str) -> None:
    refusal = refused(PLANNED, make(party))
    assert refusal is r.NOT_THE_CONTRIBUTOR
    assert refusal.status == 404
    assert s.spec().given(*PLANNED).when(make(s.POLICE)).events


@pytest.mark.clause(
    "R66.a",
    refused="De procesregisseur kan geen akkoord geven, weigeren of intrekken, ook niet namens de inbrenger.",
)
@pytest.mark.parametrize("command", [give(), refuse(), withdraw()], ids=["give", "refuse", "withdraw"])
def test_the_director_decides_on_no_item_whoever_he_acts_for_r66(command: Command) -> None:
    at_the_table = DecisionContext(NOW, s.parties())
    director = s.by_director(on_behalf_of=s.POLICE)
    assert permit(PERMISSIONS[type(command)], director, at_the_table) is NOT_YOURS
    assert permit(PERMISSIONS[type(command)], command.by, at_the_table) is None


@pytest.mark.parametrize("make", [give, refuse])
def test_an_unknown_item_and_one_of_another_sound_alike_r34(make: Any) -> None:
    assert refused(PLANNED, make(item_id=s.NEW)) is r.NOT_THE_CONTRIBUTOR


@pytest.mark.clause(
    "R66.b", refused="Een akkoord zonder deelnemer, of voor de activiteit van een ander, wordt geweigerd."
)
@pytest.mark.parametrize("make", [give, refuse])
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"recipient": None}, r.RELEASE_NOT_EXACT),
        ({"use": Use.RTO, "action_id": None}, r.RELEASE_NOT_EXACT),
        ({"recipient": s.HOUSING}, r.NO_SUCH_ACTION),
    ],
)
def test_an_answer_that_is_not_exact_is_refused_r65(
    make: Any, changes: dict[str, Any], refusal: Refusal
) -> None:
    assert refused(PLANNED, make(**changes)) is refusal


@pytest.mark.clause(
    "R76.c", allowed="Een akkoord voor een activiteit dat iets over geheimhouding zegt, telt."
)
@pytest.mark.clause(
    "R76.c", refused="Een akkoord voor een activiteit dat niets over geheimhouding zegt, wordt geweigerd."
)
def test_a_release_for_an_activity_says_how_secrecy_was_weighed_r76() -> None:
    """And one for the round table need not: it is weighed after that, for what leaves it."""
    given = s.spec().given(*PLANNED)
    assert refused(PLANNED, give(secrecy=None)) is r.SECRECY_NOT_WEIGHED
    for weighed in m.Secrecy:
        (event,) = given.when(give(secrecy=weighed)).events
        assert event.release.secrecy is weighed
    assert given.when(give(item_id=s.SILENT, **FOR_RTO, secrecy=None)).events


def test_a_release_is_given_once() -> None:
    assert refused((*PLANNED, s.RELEASED), give()) is r.ALREADY_RELEASED


@pytest.mark.clause(
    "R75.a", allowed="Een inbrenger kan een gegeven dat hij in het RTO deelde, voor een activiteit weigeren."
)
@pytest.mark.clause(
    "R76.a",
    allowed="Wat de inbrenger na het RTO beslist, wordt vastgelegd voor dit gegeven, deze ontvanger en "
    "deze activiteit.",
)
def test_what_was_shared_for_the_rto_may_be_refused_for_an_activity_r75() -> None:
    """R76: after the RTO the contributor weighs again, and its word is recorded per item and activity."""
    (event,) = s.spec().given(*PLANNED).when(refuse()).events
    state = s.state(*PLANNED, event)
    assert state.release(EXACT) is ReleaseStatus.REFUSED
    assert state.released_for_rto(s.FREE)


def test_what_was_given_is_withdrawn_not_refused_r66() -> None:
    assert refused((*PLANNED, s.RELEASED), refuse()) is r.WITHDRAW_INSTEAD
    assert refused(PLANNED, refuse(**FOR_RTO)) is r.WITHDRAW_INSTEAD


# --- withdrawing (A12) -----------------------------------------------------------------------------


@pytest.mark.clause(
    "R66.d", allowed="Wie het gegeven eerder meenam, blijft na de intrekking op de lijst van afnemers staan."
)
def test_withdrawal_takes_every_release_of_the_item_back_and_no_other() -> None:
    history = (*PLANNED, s.RELEASED, s.PROVIDED)
    event, standing = s.spec().given(*history).when(withdraw()).events
    state = s.state(*history, event, standing)
    assert state.release(EXACT) is ReleaseStatus.WITHDRAWN
    assert not state.released_for_rto(s.FREE)
    assert state.released_for_rto(s.WITHHELD)
    assert state.takers_of(s.FREE) == (s.CARE,)


def test_a_withdrawn_item_can_be_released_anew() -> None:
    history = (*PLANNED, *s.spec().given(*PLANNED).when(withdraw()).events)
    event, standing = s.spec().given(*history).when(give(**FOR_RTO)).events
    assert standing.standing == Standing(s.FREE, s.POLICE, 2, ItemStatus.LIVE)
    state = s.state(*history, event, standing)
    assert state.released_for_rto(s.FREE)
    assert not state.withdrawn(s.FREE)


@pytest.mark.clause("R66.a", refused="Een andere deelnemer kan het gegeven niet intrekken.")
def test_only_the_contributor_withdraws_and_once_r66() -> None:
    assert refused(PLANNED, withdraw(party=s.CARE)) is r.NOT_THE_CONTRIBUTOR
    assert refused((*PLANNED, e.ReleaseWithdrawn(s.FREE, NOW)), withdraw()) is r.NOTHING_TO_WITHDRAW


def test_what_was_never_released_is_taken_back_too_a12() -> None:
    """It was given for triage and for the preparation, and the director reads it."""
    history = (*PLANNED, *s.spec().given(*PLANNED).when(withdraw(s.SILENT, contributor_of(s.SILENT))).events)
    assert s.state(*history).withdrawn(s.SILENT)


def contributor_of(item_id: str) -> str:
    return next(item.contributor for item in s.ITEMS if item.item_id == item_id)


@pytest.mark.clause(
    "R66.e",
    allowed="In elke fase, ook na afschaling en archivering, kan de inbrenger zijn gegeven intrekken.",
)
@pytest.mark.clause("R66.e", refused="Alleen als de casus is vernietigd, is er niets meer in te trekken.")
@pytest.mark.parametrize("phase", Phase)
def test_an_item_is_taken_back_in_every_phase_until_the_case_is_destroyed_r66_a12(phase: Phase) -> None:
    took_back = with_item_of(s.POLICE, phase, withdraw())
    if phase is Phase.PURGED:
        assert took_back is UNKNOWN_CASE
    else:
        assert [type(event) for event in took_back] == [e.ReleaseWithdrawn, e.StandingChanged]


# --- what restricts is never too early, and never too late (R66, A12) ------------------------------------


def with_item_of(party: str, phase: Phase, command: Any) -> Any:
    """Decide on an item that another service took in from this party, and that is not here."""
    given = s.spec().given(*(x for x in s.HISTORIES[phase] if not isinstance(x, e.ItemRecorded)))
    known = DecisionContext(NOW, given.parties, contributors={s.FREE: party})
    return given.process.decide(given.state, command, known)


LIMIT = c.LimitItem(by=s.by_party(s.POLICE), item_id=s.FREE, withheld_from=(s.HOUSING,))
BEFORE_THE_TABLE = [Phase.NOTHING, Phase.COLLECTING]


@pytest.mark.clause("R62.d", allowed="Ook in de triage kan de inbrenger al een voorbehoud toevoegen.")
@pytest.mark.parametrize("phase", BEFORE_THE_TABLE)
@pytest.mark.parametrize("command", [withdraw(), LIMIT], ids=["withdraw", "limit"])
def test_in_triage_a_contributor_restricts_what_it_gave_there_a12(phase: Phase, command: Any) -> None:
    *_, changed = with_item_of(s.POLICE, phase, command)
    assert changed.standing.contributor == s.POLICE
    before = [x for x in s.HISTORIES[phase] if not isinstance(x, e.ItemRecorded)]
    assert s.state(*before, changed).phase is Phase.COLLECTING


@pytest.mark.clause("R66.a", refused="In de triage kan een partij het gegeven van een ander niet intrekken.")
@pytest.mark.parametrize("phase", BEFORE_THE_TABLE)
def test_in_triage_somebody_elses_item_and_one_that_never_was_sound_alike_r34(phase: Phase) -> None:
    """Both wait, like the item of a contributor that is only not heard of yet."""
    others, nobodys = with_item_of(s.CARE, phase, withdraw()), with_item_of("", phase, withdraw())
    assert others is nobodys
    assert others.may_be_lag


def test_what_was_taken_back_in_triage_is_not_released_when_it_comes_here() -> None:
    _, changed = with_item_of(s.POLICE, Phase.NOTHING, withdraw())
    state = s.state(changed, *s.RECORDED, s.PREPARED)
    assert state.withdrawn(s.FREE)
    assert not state.released_for_rto(s.FREE)
    assert state.released_for_rto(s.WITHHELD)


@pytest.mark.clause("R62.d", allowed="Een voorbehoud uit de triage telt ook in het RTO.")
def test_a_reservation_made_in_triage_holds_at_the_table_r62() -> None:
    (changed,) = with_item_of(s.POLICE, Phase.NOTHING, LIMIT)
    item = s.state(changed, *s.RECORDED).item(s.FREE)
    assert item is not None
    assert item.withheld_from == (s.HOUSING,)


@pytest.mark.clause("R62.d", allowed="Wie het gegeven inbracht, kan er een voorbehoud aan toevoegen.")
@pytest.mark.clause(
    "R62.d", refused="De leidende partij of een andere deelnemer kan geen voorbehoud toevoegen."
)
def test_only_its_contributor_withholds_an_item_from_more_parties_r62() -> None:
    assert s.spec().given(*PLANNED).when(LIMIT).events
    for party in (s.VENLO, s.CARE):
        assert refused(PLANNED, replace(LIMIT, by=s.by_party(party))) is r.NOT_THE_CONTRIBUTOR


def test_reservations_only_grow_and_not_without_end_r62() -> None:
    (first,) = s.spec().given(*PLANNED).when(LIMIT).events
    more = replace(LIMIT, withheld_from=(s.CARE,))
    (second,) = s.spec().given(*PLANNED, first).when(more).events
    assert second.standing.withheld_from == (s.HOUSING, s.CARE)
    names = tuple(f"party-{n}" for n in range(MOST_RESERVATIONS))
    many: dict[str, Any] = {f"party_{n}": {} for n in range(MOST_RESERVATIONS)}
    endless = replace(LIMIT, withheld_from=names)
    assert s.spec(**many).given(*PLANNED).when(endless).events
    assert refused((*PLANNED, first), endless, **many) is r.TOO_MANY_RESERVATIONS


def test_a_reservation_made_later_names_a_party_present_or_former_too_r62() -> None:
    """Against a name that nobody has it would protect from nobody."""
    for nobody in ("politie", "woonwens"):
        assert refused(PLANNED, replace(LIMIT, withheld_from=(s.HOUSING, nobody))) is r.RESERVATION_UNKNOWN
    assert r.RESERVATION_UNKNOWN.may_be_lag, "its accession may be on its way"
    left = s.spec(woonwenz={"member_until": NOW}).given(*PLANNED)
    assert left.when(LIMIT).events


@pytest.mark.clause(
    "R62.e", allowed="Geeft de inbrenger na het voorbehoud opnieuw akkoord, dan kan het gegeven mee."
)
@pytest.mark.clause("R62.e", refused="Na een voorbehoud gaat het gegeven niet meer mee naar die partij.")
def test_a_reservation_ends_what_was_released_to_that_party_before_r62() -> None:
    """And only that: what is released to it afterwards counts, and so does what others got."""
    withhold = replace(LIMIT, withheld_from=(s.CARE,))
    for_housing = e.ReleaseGiven(s.release(recipient=s.HOUSING, action_id=s.ARRANGE), NOW)
    of_another = e.ReleaseGiven(s.release(item_id=s.WITHHELD), NOW)
    released = (*DECIDED, s.RELEASED, for_housing, of_another)
    limited = (*released, *s.spec().given(*released).when(withhold).events)
    assert refused(limited, provide()) is r.NOT_RELEASED
    assert s.spec().given(*limited).when(provide(s.FREE, s.HOUSING, s.ARRANGE)).events
    assert s.spec().given(*limited).when(provide(s.WITHHELD)).events
    anew = (*limited, *s.spec().given(*limited).when(give()).events)
    assert s.spec().given(*anew).when(provide()).events
    again = (*anew, *s.spec().given(*anew).when(withhold).events)
    assert refused(again, provide()) is r.NOT_RELEASED, "the same reservation, made again"


def test_a_reservation_ends_no_release_where_there_is_none_r62() -> None:
    for_the_rto = (*DECIDED, s.RELEASED)
    assert [type(x) for x in s.spec().given(*for_the_rto).when(LIMIT).events] == [e.StandingChanged]
    withhold = replace(LIMIT, withheld_from=(s.CARE,))
    after = s.state(*for_the_rto, *s.spec().given(*for_the_rto).when(withhold).events)
    assert after.released_for_rto(s.FREE), "the others at the table still see it"
    assert not after.withdrawn(s.FREE)


# --- taking away -----------------------------------------------------------------------------------


@pytest.mark.clause(
    "R73.a",
    allowed="Na het RTO wordt vastgelegd welke deelnemer welk gegeven voor welke activiteit meeneemt.",
)
@pytest.mark.clause(
    "R74.a", allowed="Een deelnemer met een eigen activiteit in het plan neemt een vrijgegeven gegeven mee."
)
@pytest.mark.clause("R63.a", allowed="Met het akkoord van de inbrenger wordt het gegeven verstrekt.")
@pytest.mark.clause(
    "R65.b", allowed="Met een akkoord voor precies die activiteit wordt het gegeven verstrekt."
)
@pytest.mark.clause("R65.d", allowed="Voor de activiteit waarvoor het akkoord is gegeven, telt het wel.")
def test_a_released_item_is_provided_and_its_taker_stands_on_the_list_r73_r104() -> None:
    history = (*DECIDED, s.RELEASED)
    (event,) = s.spec().given(*history).when(provide()).events
    assert (event.contributor, event.taking) == (s.POLICE, s.taking())
    state = s.state(*history, event)
    assert state.takers == (m.Taker(party=s.CARE, item_id=s.FREE, action_id=s.TREAT),)


@pytest.mark.clause(
    "R63.a", refused="Een gegeven waarvoor de inbrenger geen akkoord gaf, wordt niet verstrekt."
)
@pytest.mark.clause(
    "R65.b",
    refused="Een gegeven dat alleen voor het RTO is vrijgegeven, wordt niet verstrekt voor een "
    "activiteit uit het plan.",
)
@pytest.mark.clause("R65.d", refused="Een akkoord voor een andere activiteit telt niet.")
def test_nothing_is_taken_away_without_release_for_exactly_that_r63_r65() -> None:
    for_the_rto_only = provide()
    for_another_item = provide(s.WITHHELD)
    for_another_activity = provide(s.FREE, s.HOUSING, s.ARRANGE)
    assert refused(DECIDED, for_the_rto_only) is r.NOT_RELEASED
    assert refused((*DECIDED, s.RELEASED), for_another_item) is r.NOT_RELEASED
    assert refused((*DECIDED, s.RELEASED), for_another_activity) is r.NOT_RELEASED


def test_what_was_only_asked_or_was_withdrawn_is_not_provided() -> None:
    asked = e.ReleaseAsked(s.ask().request, s.POLICE, NOW)
    assert refused((*DECIDED, asked), provide()) is r.NOT_RELEASED
    withdrawn = (*DECIDED, s.RELEASED, e.ReleaseWithdrawn(s.FREE, NOW))
    assert refused(withdrawn, provide()) is r.NOT_RELEASED


@pytest.mark.clause(
    "R75.a",
    refused="Een gegeven dat de inbrenger voor een activiteit weigerde, gaat voor die activiteit niet mee.",
)
def test_what_its_contributor_refused_is_not_provided_r75() -> None:
    no = e.ReleaseRefused(m.ReleaseRefused(**s.use()), NOW)
    assert refused((*DECIDED, no), provide()) is r.RELEASE_REFUSED


def test_a_participant_without_a_role_in_the_plan_takes_nothing_r74() -> None:
    history = (*DECIDED, s.RELEASED)
    assert refused(history, provide(s.FREE, s.VENLO, s.TREAT)) is r.NO_ROLE_IN_THE_PLAN
    without_plan = (*s.SEATED, s.concluded(), ALL_STAY)
    assert refused(without_plan, provide()) is r.NO_ROLE_IN_THE_PLAN


def test_an_item_goes_with_an_action_of_its_taker_r73() -> None:
    history = (*DECIDED, s.RELEASED)
    assert refused(history, provide(s.FREE, s.CARE, s.ARRANGE)) is r.NO_SUCH_ACTION
    assert refused(history, provide(s.FREE, s.CARE, s.NEW)) is r.NO_SUCH_ACTION
    assert refused(history, provide(s.NEW)) is r.UNKNOWN_ITEM


@pytest.mark.clause(
    "R73.a",
    refused="Een gegeven wordt niet meegenomen voor een activiteit van een ander, ook niet met een akkoord.",
)
@pytest.mark.clause(
    "R74.a",
    refused="Een deelnemer zonder eigen activiteit in het plan neemt niets mee, ook niet met een akkoord.",
)
def test_a_release_alone_takes_nothing_along_for_who_does_not_carry_it_out_r73_r74() -> None:
    """No such release can be given; were there one, it would not be enough."""
    for party, action, refusal in (
        (s.CARE, s.ARRANGE, r.NO_SUCH_ACTION),
        (s.VENLO, s.TREAT, r.NO_ROLE_IN_THE_PLAN),
    ):
        given = e.ReleaseGiven(s.release(recipient=party, action_id=action), NOW)
        assert refused((*DECIDED, given), provide(s.FREE, party, action)) is refusal


@pytest.mark.clause(
    "R74.b", allowed="Zolang zijn activiteit loopt, neemt een deelnemer mee wat is vrijgegeven."
)
@pytest.mark.clause(
    "R74.b", refused="Is zijn laatste activiteit beëindigd, dan neemt een deelnemer ook dat niet meer mee."
)
def test_after_the_end_of_its_last_activity_a_participant_takes_nothing_r74() -> None:
    ended = e.PlanRecorded(s.plan(actions=(), ends=(s.TREAT,)), s.AT_THE_TABLE, NOW)
    decided = (s.concluded(rto_id=s.SECOND_RTO), s.MONITORED)
    assert s.spec().given(*s.AGAIN, *decided).when(provide()).events
    assert refused((*s.AGAIN, ended, *decided), provide()) is r.NO_ROLE_IN_THE_PLAN


@pytest.mark.clause(
    "R75.b",
    allowed="Voor een andere activiteit, waarvoor de inbrenger akkoord gaf, gaat het gegeven wel mee.",
)
@pytest.mark.clause(
    "R75.b", refused="Voor de activiteit die de inbrenger weigerde, gaat het gegeven niet mee."
)
def test_what_is_refused_for_one_activity_goes_along_for_another_r75() -> None:
    for_housing = e.ReleaseGiven(s.release(recipient=s.HOUSING, action_id=s.ARRANGE), NOW)
    no = e.ReleaseRefused(m.ReleaseRefused(**s.use()), NOW)
    for history in ((*DECIDED, for_housing, no), (*DECIDED, no, for_housing)):
        assert s.spec().given(*history).when(provide(s.FREE, s.HOUSING, s.ARRANGE)).events
        assert refused(history, provide()) is r.RELEASE_REFUSED


@pytest.mark.clause(
    "R76.b",
    allowed="Bij een akkoord kan de inbrenger één van drie dingen over de geheimhouding laten vastleggen.",
)
@pytest.mark.clause(
    "R76.b", refused="Iets anders dan deze drie wordt als vermelding over geheimhouding geweigerd."
)
def test_with_a_release_its_contributor_states_how_it_weighed_secrecy_r76() -> None:
    stated = {"not-bound", "with-consent", "without-consent"}
    assert set(m.Secrecy) == stated
    for secrecy in stated:
        message = m.ReleaseGiven.model_validate(s.use() | {"secrecy": secrecy})
        (event,) = s.spec().given(*PLANNED).when(replace(give(), release=message)).events
        assert event.release.secrecy == secrecy
    for other in ("secret", "", "WITH_CONSENT", True):
        with pytest.raises(ValidationError, match="secrecy"):
            m.ReleaseGiven.model_validate(s.use() | {"secrecy": other})


def special_for(party: str, action: str) -> tuple[Any, ...]:
    release = s.release(item_id=s.SPECIAL, recipient=party, action_id=action)
    return (*DECIDED, e.ReleaseGiven(release, NOW))


def test_a_special_item_goes_to_nobody_who_did_not_pass_the_processing_test_r49() -> None:
    for_housing = special_for(s.HOUSING, s.ARRANGE)
    assert refused(for_housing, provide(s.SPECIAL, s.HOUSING, s.ARRANGE)) is r.PROCESSING_TEST_MISSING
    for_care = special_for(s.CARE, s.TREAT)
    assert s.spec().given(*for_care).when(provide(s.SPECIAL)).events


def test_the_test_of_the_preparation_counts_for_taking_away_too_r49() -> None:
    tested = tuple(s.participant(x, passed_processing_test=x == s.HOUSING) for x in s.AT_THE_TABLE)
    history = tuple(
        s.convened(participants=tested) if isinstance(x, e.RtoConvened) else x
        for x in special_for(s.HOUSING, s.ARRANGE)
    )
    assert s.spec().given(*history).when(provide(s.SPECIAL, s.HOUSING, s.ARRANGE)).events


def test_competence_is_judged_when_the_item_is_provided() -> None:
    """The check may have lapsed since the RTO was convened."""
    lapsed = {"checked_for_special": False}
    history = special_for(s.CARE, s.TREAT)
    refusal = refused(history, provide(s.SPECIAL), vincent_van_gogh=lapsed)
    assert refusal is r.PROCESSING_TEST_MISSING


def test_what_is_provided_leaves_only_for_who_may_process_it_then_r21_r49() -> None:
    """The letter can leave long after the item was provided."""
    released = (*special_for(s.CARE, s.TREAT), s.RELEASED)
    state = s.state(*released)
    tested = (s.participant(s.CARE, passed_processing_test=True),)
    tested_at_the_table = s.state(*released, s.convened(s.SECOND_RTO, participants=tested))

    def forbidden(item_id: str, of: State, **care: Any) -> Refusal | None:
        item = of.item(item_id)
        assert item is not None
        letter = m.ItemsProvided(action_id=s.TREAT, items=(item,))
        return may_not_be_provided(letter, s.CARE, of, s.parties(vincent_van_gogh=care))

    assert forbidden(s.SPECIAL, state) is None
    assert forbidden(s.SPECIAL, state, checked_for_special=False) is r.PROCESSING_TEST_MISSING
    assert forbidden(s.SPECIAL, tested_at_the_table, checked_for_special=False) is None
    assert forbidden(s.FREE, state, checked_for_special=False) is None


@pytest.mark.parametrize("command", [withdraw(), replace(LIMIT, withheld_from=(s.CARE,))])
def test_what_is_provided_leaves_only_as_long_as_it_is_released_r62_a12(command: Any) -> None:
    """The letter may be written in the batch in which its contributor thought better of it."""
    before = (*DECIDED, s.RELEASED, s.PROVIDED)
    since = (*before, *s.spec().given(*before).when(command).events)
    letter = m.ItemsProvided(action_id=s.TREAT, items=(s.ITEMS[0],))
    for_another = m.ItemsProvided(action_id=s.ARRANGE, items=(s.ITEMS[0],))
    anew = (*since, *s.spec().given(*since).when(give()).events)
    assert may_not_be_provided(letter, s.CARE, s.state(*before), s.parties()) is None
    assert may_not_be_provided(letter, s.CARE, s.state(*since), s.parties()) is r.NOT_RELEASED
    assert may_not_be_provided(for_another, s.CARE, s.state(*before), s.parties()) is r.NOT_RELEASED
    assert may_not_be_provided(letter, s.CARE, s.state(*anew), s.parties()) is None


def test_a_party_that_left_takes_nothing_r115() -> None:
    refusal = refused((*DECIDED, s.RELEASED), provide(), vincent_van_gogh={"member_until": NOW})
    assert refusal is r.NOT_LAWFULLY_PRESENT


@pytest.mark.clause(
    "R79.c", allowed="Een gegeven dat voor de monitoring is afgesproken, kan nog worden verstrekt."
)
@pytest.mark.clause(
    "R79.c", refused="Een gegeven dat niet voor de monitoring is afgesproken, wordt niet meer verstrekt."
)
def test_what_did_not_stay_for_the_monitoring_is_not_taken_away_r79() -> None:
    release = e.ReleaseGiven(s.release(item_id=s.SPECIAL), NOW)
    history = (*PLANNED, release, s.RELEASED, s.concluded(), s.MONITORED)
    assert refused(history, provide(s.SPECIAL)) is r.NOT_KEPT_FOR_MONITORING
    assert s.spec().given(*history).when(provide(s.FREE)).events


def test_what_was_stopped_unsent_is_provided_again_once_it_is_released_again_a12() -> None:
    """And its taker stands on the list once (R104)."""
    released_again = (*DECIDED, s.RELEASED, s.PROVIDED, e.ReleaseWithdrawn(s.FREE, NOW), s.RELEASED)
    (event,) = s.spec().given(*released_again).when(provide()).events
    assert len(s.state(*released_again, event).takers) == 1
