"""What is decided on meetings, plan and direction; each refusal on both sides of its boundary."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.main import PROCESS
from services.rto.permissions import PERMISSIONS
from services.rto.state import Answer, Phase, Seat
from shared.contract.content import TextRef, sealed_text_ids
from shared.contract.fields import Category, Mandate
from shared.contract.messages import rto as m
from shared.contract.parties import Scope
from shared.contract.refusal import (
    ITEM_NUMBER_NOT_USABLE,
    NO_AUTHORISATION,
    NO_ON_BEHALF_OF,
    NOT_A_PARTY,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    NOT_YOURS,
    UNKNOWN_CASE,
    Refusal,
)
from shared.core.actor import Actor, Command, Role
from shared.core.authorisation import permit
from shared.core.context import DecisionContext
from tests.support.samples import rto as s
from tests.support.spec import NOW, Spec

PREPARED = s.HISTORIES[Phase.PREPARED]
MONITORING = s.HISTORIES[Phase.MONITORING]
A_MINUTE_LATER = NOW + timedelta(minutes=1)
LATER = {"authorisations": (s.authorisation().model_copy(update={"accepted_at": A_MINUTE_LATER}),)}


def convene(rto_id: str = s.RTO, **changes: Any) -> c.ConveneRto:
    """The first RTO, or a follow-up that is prepared."""
    prepared = {} if rto_id == s.RTO else {"preparation": s.follow_up()}
    return c.ConveneRto(by=s.by_director(), meeting=s.meeting(rto_id, **(prepared | changes)))


def accept(party: str = s.CARE, **changes: Any) -> c.AcceptInvitation:
    given: dict[str, Any] = {"rto_id": s.RTO, "delegate": s.worker(party), "mandate": True}
    return c.AcceptInvitation(by=s.by_party(party), **(given | changes))


def conclude(rto_id: str = s.RTO, **changes: Any) -> c.ConcludeRto:
    return c.ConcludeRto(by=s.by_director(), rto_id=rto_id, conclusion=s.conclusion(**changes))


def contribute(party: str = s.HOUSING, rto_id: str = s.RTO, **changes: Any) -> c.ContributeItems:
    items = (s.own_item(**({"item_id": s.NEW} | changes)),)
    return c.ContributeItems(by=s.by_party(party), rto_id=rto_id, items=items)


def record(**changes: Any) -> c.RecordPlan:
    return c.RecordPlan(by=s.by_director(), plan=s.plan(**changes))


def offer(party: str = s.CARE) -> c.OfferDirection:
    return c.OfferDirection(by=s.by_director(), party=party)


def refused(given: Spec[Any], command: Any) -> Refusal:
    return given.when(command).refusal


# --- what triage prepared (R42, R58) ----------------------------------------------------------------


def test_items_arrive_one_by_one_before_the_preparation() -> None:
    collecting = s.spec().given(*s.RECORDED)
    assert collecting.state is not None
    assert collecting.state.phase is Phase.COLLECTING
    command = c.OpenPreparation(by=s.BY_TRIAGE, preparation=s.preparation())
    state = collecting.given(*collecting.when(command).events).state
    assert state is not None
    assert (state.phase, state.leading_party, state.referrer) == (Phase.PREPARED, s.VENLO, s.VENLO)


def test_the_preparation_may_arrive_without_any_item() -> None:
    command = c.OpenPreparation(by=s.BY_TRIAGE, preparation=s.preparation())
    assert isinstance(s.spec().when(command).events[0], e.PreparationOpened)


def test_a_second_preparation_is_refused() -> None:
    command = c.OpenPreparation(by=s.BY_TRIAGE, preparation=s.preparation())
    assert refused(s.spec().given(*PREPARED), command) is r.ALREADY_PREPARED


@pytest.mark.clause("R22.d", refused="Het burgerservicenummer gaat niet mee naar het RTO.")
def test_the_round_table_does_not_keep_the_citizen_service_number_r22() -> None:
    command = c.OpenPreparation(by=s.BY_TRIAGE, preparation=s.preparation())
    (opened,) = s.spec().when(command).events
    assert [person.bsn for person in opened.preparation.persons] == [None, None]
    assert all(person.name for person in opened.preparation.persons)


def test_an_item_sent_again_by_triage_has_one_effect() -> None:
    again = c.RecordItem(by=s.BY_TRIAGE, item=s.item(s.FREE))
    assert s.spec().given(*s.RECORDED).when(again).events == ()


def test_an_item_under_a_number_of_another_party_is_refused_r35() -> None:
    other = c.RecordItem(by=s.BY_TRIAGE, item=s.item(s.FREE, s.HOUSING))
    assert refused(s.spec().given(*s.RECORDED), other) is r.ITEM_KNOWN


@pytest.mark.parametrize(
    ("elsewhere", "here", "refusal"),
    [({s.NEW}, set(), ITEM_NUMBER_NOT_USABLE), (set(), {s.NEW}, ITEM_NUMBER_NOT_USABLE)],
    ids=["given-in-another-case", "given-in-this-case-at-another-service"],
)
def test_a_number_that_was_given_before_is_not_brought_in_again_r35(
    elsewhere: set[str], here: set[str], refusal: Refusal
) -> None:
    given = s.spec().given(*s.SEATED)
    known = DecisionContext(NOW, given.parties, elsewhere=frozenset(elsewhere), here=frozenset(here))
    assert given.process.decide(given.state, contribute(), known) is refusal
    assert given.when(contribute()).events


def test_who_is_to_see_an_item_comes_with_it_and_holds_for_the_first_rto_r42() -> None:
    plan = (s.entry(s.NEW, s.CARE), s.entry(s.NEW, s.HOUSING))
    record = c.RecordItem(by=s.BY_TRIAGE, item=s.item(s.NEW), viewing=plan)
    given = s.spec().given(*s.RECORDED)
    given = given.given(*given.when(record).events)
    assert given.when(record).events == (), "the same event again changes nothing"
    open_ = c.OpenPreparation(by=s.BY_TRIAGE, preparation=s.preparation(viewing_plan=()))
    assert given.given(*given.when(open_).events).state.viewing_plan == plan


@pytest.mark.clause(
    "R58.a",
    allowed="Een RTO kan worden bijeengeroepen over een casus die de triage daarvoor heeft voorbereid.",
)
@pytest.mark.clause(
    "R58.a", refused="Een RTO over een casus waarvoor de triage dat nog niet besloot, wordt geweigerd."
)
def test_nothing_can_be_convened_before_triage_has_prepared_it_r58() -> None:
    assert refused(s.spec().given(*s.RECORDED), convene()) is r.NOT_PREPARED
    assert refused(s.spec(), convene()) is UNKNOWN_CASE
    assert s.spec().given(*PREPARED).when(convene()).events


# --- convening (R42, R43, R45, R59, R81) ------------------------------------------------------------


def test_a_first_rto_is_held_with_the_participants_of_the_preparation() -> None:
    (event,) = s.spec().given(*PREPARED).when(convene()).events
    assert tuple(p.party for p in event.meeting.participants) == s.AT_THE_TABLE
    rto = s.state(*PREPARED, event).latest
    assert rto is not None
    assert {seat.answer for seat in rto.seats} == {Answer.INVITED}


@pytest.mark.parametrize(
    "changes",
    [
        {"participants": (s.participant(s.POLICE),)},
        {"viewing_plan": (s.entry(s.RENT, s.POLICE),)},
        {"preparation": s.follow_up()},
    ],
)
def test_a_first_rto_takes_no_other_participants_items_or_preparation(changes: dict[str, Any]) -> None:
    assert refused(s.spec().given(*PREPARED), convene(**changes)) is r.PREPARATION_IS_FIXED


def test_a_follow_up_may_name_participants_and_open_items_with_reasons_r81() -> None:
    changes: dict[str, Any] = {
        "participants": (s.participant(s.POLICE), s.participant(s.STRANGER)),
        "viewing_plan": (s.entry(s.FREE, s.STRANGER),),
    }
    (event,) = s.spec().given(*MONITORING).when(convene(s.SECOND_RTO, **changes)).events
    state = s.state(*MONITORING, event)
    assert state.latest is not None
    assert [seat.party for seat in state.latest.seats] == [s.POLICE, s.STRANGER]
    assert (s.FREE, s.STRANGER) in {(x.item_id, x.participant) for x in state.viewing_plan}


@pytest.mark.clause(
    "R42.d", allowed="Een vervolg-RTO met een eigen doel, soort beslissingen en thema's wordt bijeengeroepen."
)
@pytest.mark.clause(
    "R42.d",
    refused="Zonder een nieuw doel, soort beslissingen of thema's wordt een vervolg-RTO niet bijeengeroepen.",
)
@pytest.mark.clause(
    "R47.a",
    allowed="Een vervolg-RTO waarvoor zorgvuldigheidsafspraken zijn vastgelegd, kan worden bijeengeroepen.",
)
@pytest.mark.clause("R47.a", refused="Een vervolg-RTO zonder zorgvuldigheidsafspraken wordt geweigerd.")
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"goal": " "}, r.GOAL_MISSING),
        ({"decision_types": ()}, r.THEMES_MISSING),
        ({"themes": ()}, r.THEMES_MISSING),
        ({"themes": ("",)}, r.THEMES_MISSING),
        ({"consulted_leading_party": False}, r.LEADING_PARTY_NOT_CONSULTED),
        ({"citizen": None}, r.CITIZEN_UNDECIDED),
        ({"care_agreements": None}, r.CARE_AGREEMENTS_MISSING),
        ({"care_agreements": " "}, r.CARE_AGREEMENTS_MISSING),
    ],
)
def test_a_follow_up_is_prepared_like_the_first_rto_r42_r44_r46_r47(
    changes: dict[str, Any], refusal: Refusal
) -> None:
    given = s.spec().given(*MONITORING)
    assert refused(given, convene(s.SECOND_RTO, preparation=s.follow_up(**changes))) is refusal
    assert refused(given, convene(s.SECOND_RTO, preparation=None)) is r.GOAL_MISSING
    assert given.when(convene(s.SECOND_RTO)).events


def test_each_rto_holds_its_own_preparation_r42() -> None:
    (event,) = s.spec().given(*MONITORING).when(convene(s.SECOND_RTO)).events
    first, second = s.state(*MONITORING, event).rtos
    assert first.preparation is not None
    prepared = s.preparation()
    for name in ("goal", "decision_types", "themes", "citizen", "care_agreements"):
        assert getattr(first.preparation, name) == getattr(prepared, name)
    assert second.preparation == s.follow_up()


def test_a_follow_up_without_a_list_is_held_with_the_same_participants() -> None:
    (event,) = s.spec().given(*MONITORING).when(convene(s.SECOND_RTO)).events
    assert tuple(p.party for p in event.meeting.participants) == s.AT_THE_TABLE


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"place": " "}, r.PLACE_MISSING),
        ({"participants": (s.participant(s.CARE, contribution=" "),)}, r.CONTRIBUTION_MISSING),
        ({"participants": (s.participant(s.CARE), s.participant(s.CARE))}, r.PARTICIPANT_TWICE),
        ({"participants": (s.participant("nobody"),)}, r.NOT_LAWFULLY_PRESENT),
        ({"viewing_plan": (s.entry(s.FREE, s.STRANGER),)}, r.NOT_A_PARTICIPANT),
        ({"viewing_plan": (s.entry(s.NEW, s.CARE),)}, r.UNKNOWN_ITEM),
        ({"viewing_plan": (s.entry(s.RENT, s.CARE),)}, r.NOT_KEPT_FOR_MONITORING),
        ({"viewing_plan": (s.entry(s.FREE, s.CARE, reason=" "),)}, r.VIEWING_REASON_MISSING),
    ],
)
def test_a_follow_up_that_is_not_in_order_is_refused(changes: dict[str, Any], refusal: Refusal) -> None:
    given = s.spec().given(*MONITORING)
    assert refused(given, convene(s.SECOND_RTO, **changes)) is refusal


@pytest.mark.clause("R43.b", allowed="Wie op dat moment nog partij is, wordt uitgenodigd.")
@pytest.mark.clause(
    "R43.b", refused="Wie tussen voorbereiding en bijeenroepen is uitgetreden, wordt niet uitgenodigd."
)
def test_a_party_that_left_is_not_invited_r43() -> None:
    left = {"member_until": NOW}
    still = {"member_until": NOW + timedelta(seconds=1)}
    by_name = convene(s.SECOND_RTO, participants=(s.participant(s.HOUSING),))
    assert refused(s.spec(woonwenz=left).given(*MONITORING), by_name) is r.NOT_LAWFULLY_PRESENT
    for parties, comes in ((left, False), (still, True)):
        (convened,) = s.spec(woonwenz=parties).given(*PREPARED).when(convene()).events
        assert (s.HOUSING in {one.party for one in convened.meeting.participants}) is comes


def test_an_rto_has_a_number_of_its_own_and_only_one_is_open() -> None:
    assert refused(s.spec().given(*MONITORING), convene(s.RTO)) is r.RTO_KNOWN
    assert refused(s.spec().given(*s.SEATED), convene(s.SECOND_RTO)) is r.CANNOT_CONVENE_NOW


def test_competence_for_special_categories_is_by_kind_check_or_test_r49() -> None:
    (event,) = s.spec().given(*PREPARED).when(convene()).events
    assert set(event.competent) == {s.POLICE, s.CARE}
    tested = tuple(
        s.participant(party, passed_processing_test=party == s.HOUSING) for party in s.AT_THE_TABLE
    )
    prepared = e.PreparationOpened(s.preparation(participants=tested))
    (event,) = s.spec().given(*s.RECORDED, prepared).when(convene()).events
    assert set(event.competent) == {s.POLICE, s.CARE, s.HOUSING}


@pytest.mark.clause(
    "R49.e",
    allowed="In het RTO kunnen bijzondere gegevens worden bestemd voor een deelnemer die de toets heeft "
    "doorstaan.",
)
@pytest.mark.clause(
    "R49.e",
    refused="In het RTO kunnen bijzondere gegevens niet worden bestemd voor een deelnemer die niet is "
    "getoetst.",
)
@pytest.mark.parametrize("category", [Category.SPECIAL, Category.CRIMINAL])
def test_at_the_table_special_data_are_planned_for_whoever_was_tested_for_them_r49(
    category: Category,
) -> None:
    """By kind, check or test, as at the preparation in triage; other items for anybody."""
    special = e.ItemRecorded(s.item(s.NEW, category=category))

    def invited(*, passed: bool) -> tuple[Any, ...]:
        seats = (s.participant(s.HOUSING, passed_processing_test=passed), s.participant(s.CARE))
        return (*s.RECORDED, special, s.PREPARED, s.convened(participants=seats))

    def extend(item_id: str, party: str) -> c.ExtendViewingPlan:
        return c.ExtendViewingPlan(by=s.by_director(), entries=(s.entry(item_id, party),))

    untested, tested = (s.spec().given(*invited(passed=passed)) for passed in (False, True))
    assert refused(untested, extend(s.NEW, s.HOUSING)) is r.PROCESSING_TEST_MISSING
    assert untested.when(extend(s.FREE, s.HOUSING)).events
    assert untested.when(extend(s.NEW, s.CARE)).events
    assert tested.when(extend(s.NEW, s.HOUSING)).events


@pytest.mark.clause(
    "R49.e",
    allowed="Voor een vervolg-RTO kunnen bijzondere gegevens worden bestemd voor een getoetste deelnemer.",
)
@pytest.mark.clause(
    "R49.e",
    refused="Ook voor een vervolg-RTO kunnen bijzondere gegevens niet worden bestemd voor een niet "
    "getoetste deelnemer.",
)
def test_a_follow_up_plans_special_data_for_whoever_was_tested_for_them_r49() -> None:
    all_stay = e.MonitoringAgreed(s.text("purpose"), tuple(item.item_id for item in s.ITEMS), NOW)
    given = s.spec().given(*s.AGREED, s.concluded(), all_stay)

    def follow_up(item_id: str, *, passed: bool) -> c.ConveneRto:
        seats = (s.participant(s.HOUSING, passed_processing_test=passed),)
        return convene(s.SECOND_RTO, participants=seats, viewing_plan=(s.entry(item_id, s.HOUSING),))

    assert refused(given, follow_up(s.SPECIAL, passed=False)) is r.PROCESSING_TEST_MISSING
    assert given.when(follow_up(s.FREE, passed=False)).events
    assert given.when(follow_up(s.SPECIAL, passed=True)).events


def test_more_items_are_opened_at_the_table_each_with_its_reason_r42() -> None:
    def extend(*entries: Any) -> c.ExtendViewingPlan:
        return c.ExtendViewingPlan(by=s.by_director(), entries=entries)

    given = s.spec().given(*s.SEATED)
    (event,) = given.when(extend(s.entry(s.RENT, s.POLICE))).events
    plan = {(x.item_id, x.participant) for x in s.state(*s.SEATED, event).viewing_plan}
    assert (s.RENT, s.POLICE) in plan
    assert len(plan) == len(s.VIEWING_PLAN) + 1
    assert refused(given, extend(s.entry(s.RENT, s.POLICE, reason=" "))) is r.VIEWING_REASON_MISSING
    assert refused(given, extend(s.entry(s.RENT, s.STRANGER))) is r.NOT_A_PARTICIPANT


# --- who comes (R59, R61) ---------------------------------------------------------------------------


@pytest.mark.clause(
    "R59.b", allowed="Een partij komt met een genoemde afgevaardigde die het mandaat heeft om te besluiten."
)
def test_an_invited_party_comes_with_a_delegate_that_has_a_mandate() -> None:
    (event,) = s.spec().given(*s.INVITED).when(accept()).events
    rto = s.state(*s.INVITED, event).latest
    assert rto is not None
    assert rto.present == (s.CARE,)


@pytest.mark.clause("R59.b", refused="Een aanvaarding zonder mandaat voor de afgevaardigde wordt geweigerd.")
def test_a_delegate_without_mandate_is_refused_r59() -> None:
    assert refused(s.spec().given(*s.INVITED), accept(mandate=False)) is r.NO_MANDATE


def seat_of_care(*history: Any) -> Seat:
    rto = s.state(*history).latest
    seat = rto.seat(s.CARE) if rto else None
    assert seat is not None
    return seat


def worker(person: str) -> Actor:
    return Actor(Role.PARTY_WORKER, s.CARE, person)


def decline(by: Actor) -> c.DeclineInvitation:
    return c.DeclineInvitation(by=by, rto_id=s.RTO, reason=s.text("reason"))


def end_mandate(**changes: Any) -> c.EndMandate:
    given: dict[str, Any] = {"rto_id": s.RTO, "party": s.CARE, "reason": s.text("reason")}
    return c.EndMandate(**({"by": s.by_director()} | given | changes))


@pytest.mark.clause(
    "R59.d",
    refused="Zolang de eerste afgevaardigde het mandaat heeft, kan een ander zijn plaats niet innemen.",
)
@pytest.mark.parametrize("by", [s.by_party(s.CARE), worker("another"), worker(s.worker(s.CARE))])
def test_nobody_takes_the_seat_of_a_named_delegate_by_accepting_anew_r59(by: Actor) -> None:
    anew = c.AcceptInvitation(by=by, rto_id=s.RTO, delegate="another", mandate=True)
    assert refused(s.spec().given(*s.SEATED), anew) is r.DELEGATE_IS_NAMED
    assert r.DELEGATE_IS_NAMED.rule == "R59"
    same = replace(anew, delegate=s.worker(s.CARE))
    assert s.spec().given(*s.SEATED).when(same).events


@pytest.mark.clause("R59.d", refused="Een collega kan het mandaat van de afgevaardigde niet beëindigen.")
def test_a_colleague_does_not_end_the_mandate_to_take_the_seat_in_two_steps_r59() -> None:
    assert refused(s.spec().given(*s.SEATED), decline(worker("another"))) is r.DELEGATE_IS_NAMED
    assert s.spec().given(*s.INVITED).when(decline(worker("another"))).events, "before anybody is named"


@pytest.mark.clause(
    "R59.d",
    allowed="De partij of de afgevaardigde beëindigt het mandaat, en daarna noemt de partij een ander.",
)
@pytest.mark.parametrize("by", [s.by_party(s.CARE), worker(s.worker(s.CARE))])
def test_the_party_or_its_delegate_ends_the_mandate_and_then_names_another_r59(by: Actor) -> None:
    ended = s.spec().given(*s.SEATED).when(decline(by)).events
    assert [type(event) for event in ended] == [e.MandateEnded, e.InvitationDeclined]
    assert ended[0].by is m.MandateEndedBy.PARTY
    seat = seat_of_care(*s.SEATED, *ended)
    assert (seat.answer, seat.delegate) == (Answer.DECLINED, "")
    (named,) = s.spec().given(*s.SEATED, *ended).when(accept(delegate="another")).events
    assert seat_of_care(*s.SEATED, *ended, named).delegate == "another"


@pytest.mark.clause(
    "R59.d",
    allowed="De procesregisseur beëindigt het mandaat met een reden, en daarna noemt de partij een ander.",
)
@pytest.mark.clause("R59.d", refused="Zonder reden kan de procesregisseur het mandaat niet beëindigen.")
def test_the_director_ends_a_mandate_with_a_reason_and_the_party_names_another_r59() -> None:
    (ended,) = s.spec().given(*s.SEATED).when(end_mandate()).events
    seat = seat_of_care(*s.SEATED, ended)
    assert (seat.answer, seat.delegate) == (Answer.INVITED, "")
    (named,) = s.spec().given(*s.SEATED, ended).when(accept(delegate="another")).events
    assert seat_of_care(*s.SEATED, ended, named).delegate == "another"
    assert refused(s.spec().given(*s.SEATED), end_mandate(reason=None)) is r.MANDATE_REASON_MISSING
    assert refused(s.spec().given(*s.INVITED), end_mandate()) is r.NO_DELEGATE_NAMED
    assert refused(s.spec().given(*s.SEATED), end_mandate(party=s.STRANGER)) is r.NOT_INVITED


@pytest.mark.clause(
    "R59.a", allowed="Een partij die de procesregisseur heeft uitgenodigd, kan aan het RTO deelnemen."
)
@pytest.mark.clause("R59.a", refused="Een partij die niet voor dit RTO is uitgenodigd, wordt geweigerd.")
@pytest.mark.clause("R60.b", allowed="Een partij die is uitgenodigd, kan op de uitnodiging antwoorden.")
def test_only_an_invited_party_may_answer_r61() -> None:
    """A contributor that is not invited knows of the case, and still not of the meeting."""
    only_care = s.convened(participants=(s.participant(s.CARE),))
    given = s.spec().given(*s.RECORDED, s.PREPARED, only_care)
    assert refused(given, accept(s.POLICE)) is r.NOT_INVITED
    assert refused(given, accept(s.CARE, rto_id=s.SECOND_RTO)) is r.NOT_INVITED
    assert refused(given, accept(s.STRANGER)) is r.NOT_INVOLVED
    assert given.when(accept(s.CARE)).events


@pytest.mark.clause(
    "R60.b",
    refused="Een partij die wel gegevens inbracht maar niet is uitgenodigd, hoort niets over het RTO.",
)
@pytest.mark.parametrize("phase", Phase)
def test_a_contributor_that_takes_no_part_is_told_the_same_in_every_phase(phase: Phase) -> None:
    """Not even in which phase the case is: only of its own items does it hear anything (R34, R60)."""
    uninvited = s.convened(participants=(s.participant(s.CARE),))
    history = tuple(
        uninvited if isinstance(event, e.RtoConvened) else event
        for event in s.HISTORIES[phase]
        if not isinstance(event, e.InvitationAccepted) or event.party == s.CARE
    )
    others = next(one for one in s.ITEMS if one.contributor != s.POLICE).item_id
    acts: tuple[Command, ...] = (
        accept(s.POLICE),
        contribute(s.POLICE),
        c.DeclineInvitation(by=s.by_party(s.POLICE), rto_id=s.RTO),
        c.DeclineDirection(by=s.by_party(s.POLICE)),
        c.ProgressAction(by=s.by_party(s.POLICE), action_id=s.TREAT, progress=m.ActionProgress.DONE),
        c.WithdrawRelease(by=s.by_party(s.POLICE), item_id=others),
        c.GiveRelease(by=s.by_party(s.POLICE), release=s.release(item_id=others)),
    )
    for act in acts:
        assert refused(s.spec().given(*history), act).status == 404


def test_an_earlier_rto_can_not_be_accepted_any_more() -> None:
    given = s.spec().given(*MONITORING, s.convened(s.SECOND_RTO))
    assert refused(given, accept(rto_id=s.RTO)) is r.RTO_CONCLUDED
    assert given.when(accept(rto_id=s.SECOND_RTO)).events


def test_nobody_answers_an_invitation_when_no_rto_is_open() -> None:
    assert refused(s.spec().given(*MONITORING), accept()) is r.NO_RTO_IS_OPEN


def test_another_director_has_nothing_to_do_with_the_case_r72() -> None:
    given = s.spec().given(*PREPARED)
    other = replace(convene(), by=s.by_director(person_=s.OTHER_DIRECTOR))
    assert refused(given, other) is r.NOT_THE_DIRECTOR


# --- items brought in at the table (R3, R16, R21, R35, R42, R57) ------------------------------------


@pytest.mark.clause("R61.f", allowed="Een deelnemer die is gekomen, brengt in het RTO een eigen gegeven in.")
def test_a_participant_brings_in_an_item_of_its_own() -> None:
    (event,) = s.spec().given(*s.SEATED).when(contribute()).events
    state = s.state(*s.SEATED, event)
    item = state.item(s.NEW)
    assert item is not None
    assert item.contributor == s.HOUSING
    assert state.released_for_rto(s.NEW)


def test_an_item_not_marked_as_shareable_is_not_released_by_being_brought_in_r65() -> None:
    (event,) = s.spec().given(*s.SEATED).when(contribute(shareable_at_rto=False)).events
    assert not s.state(*s.SEATED, event).released_for_rto(s.NEW)


@pytest.mark.clause(
    "R61.f", refused="Een gegeven waarbij niet staat waarom het noodzakelijk is, wordt in het RTO geweigerd."
)
@pytest.mark.clause(
    "R62.c", refused="Ook in het RTO wordt een voorbehoud tegen een onbekende naam geweigerd."
)
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"necessity": " "}, r.NECESSITY_MISSING),
        ({"basis": ""}, r.BASIS_MISSING),
        ({"acting_body": "college"}, r.ACTING_BODY_UNKNOWN),
        ({"persons": (s.NEW,)}, r.UNKNOWN_PERSON),
        ({"category": Category.CRIMINAL}, r.SPECIAL_NOT_CHECKED),
        ({"withheld_from": (s.CARE, "politie")}, r.RESERVATION_UNKNOWN),
        ({"item_id": s.FREE}, ITEM_NUMBER_NOT_USABLE),
    ],
)
def test_an_incomplete_item_is_refused(changes: dict[str, Any], refusal: Refusal) -> None:
    assert refused(s.spec().given(*s.SEATED), contribute(**changes)) is refusal


@pytest.mark.clause(
    "R62.c",
    allowed="In het RTO kan een voorbehoud worden gemaakt tegen elke partij, ook als die niet meedoet.",
)
def test_a_reservation_against_a_party_is_taken_whoever_it_is_r62() -> None:
    for party in (s.CARE, s.STRANGER):
        assert s.spec().given(*s.SEATED).when(contribute(withheld_from=(party,))).events


def test_a_checked_party_may_bring_in_a_special_category_item_r21() -> None:
    assert s.spec().given(*s.SEATED).when(contribute(s.CARE, category=Category.SPECIAL)).events


@pytest.mark.clause("R61.f", refused="Wie nog niet heeft toegezegd te komen, kan in het RTO niets inbrengen.")
def test_only_who_accepted_brings_items_in_r59() -> None:
    assert refused(s.spec().given(*s.INVITED), contribute()) is r.NOT_AT_THE_TABLE
    assert refused(s.spec().given(*s.SEATED), contribute(rto_id=s.SECOND_RTO)) is r.NOT_INVITED


@pytest.mark.clause(
    "R79.c",
    allowed="Wat bij een vervolg-RTO is ingebracht, blijft net als de afgesproken gegevens beschikbaar.",
)
def test_what_comes_in_at_a_follow_up_stays_with_the_agreed_set_r79() -> None:
    history = (*MONITORING, s.convened(s.SECOND_RTO), s.accepted(s.HOUSING, s.SECOND_RTO))
    (event,) = s.spec().given(*history).when(contribute(rto_id=s.SECOND_RTO)).events
    state = s.state(*history, event)
    assert [state.stays(item) for item in (s.FREE, s.NEW, s.RENT)] == [True, True, False]


# --- direction (R71, R72, R122) ---------------------------------------------------------------------


@pytest.mark.clause(
    "R71.b",
    allowed="De partij aan wie de casusregie is aangeboden, aanvaardt die en noemt haar casusregisseur.",
)
@pytest.mark.clause("R72.c", allowed="De wisseling van leidende partij wordt met het moment vastgelegd.")
def test_direction_moves_to_the_party_that_accepts_it_with_the_moment_r72() -> None:
    given = s.spec().given(*s.AGREED)
    accepting = s.accepting()
    (event,) = given.when(accepting).events
    assert (event.leading_party, event.before, event.since) == (s.CARE, s.VENLO, NOW)
    state = s.state(*s.AGREED, event)
    assert (state.leading_party, state.referrer, state.offered_to) == (s.CARE, s.VENLO, None)


@pytest.mark.clause(
    "R72.b", allowed="Na de overgang handelt de procesregisseur namens de nieuwe leidende partij."
)
@pytest.mark.clause("R72.b", refused="Een handeling namens de vorige leidende partij wordt dan geweigerd.")
def test_after_the_move_acts_for_the_old_leading_party_are_refused_r72() -> None:
    given = s.spec().given(*s.AGREED, s.MOVED)
    for_the_old = offer(s.POLICE)
    for_the_new = replace(for_the_old, by=s.by_director(on_behalf_of=s.CARE))
    assert refused(given, for_the_old) is NOT_ON_BEHALF_OF_THE_LEADING_PARTY
    assert given.when(for_the_new).events == (e.DirectionOffered(s.POLICE, NOW),)


@pytest.mark.clause(
    "R71.a", allowed="De casusregie kan worden aangeboden aan een partij die aan het laatste RTO deelnam."
)
@pytest.mark.clause(
    "R71.a",
    refused="De casusregie kan niet worden aangeboden aan een partij die niet aan het laatste RTO deelnam.",
)
def test_direction_is_offered_to_a_participant_that_does_not_lead_yet() -> None:
    given = s.spec().given(*s.SEATED)
    assert refused(given, offer(s.STRANGER)) is r.NOT_A_PARTICIPANT
    assert refused(given, offer(s.VENLO)) is r.ALREADY_LEADING
    assert given.when(offer(s.CARE)).events


@pytest.mark.clause(
    "R122.e", allowed="De casusregie gaat over naar een partij met een machtiging voor RTO en monitoring."
)
@pytest.mark.clause(
    "R122.e", refused="Naar een partij zonder machtiging voor de monitoring gaat de casusregie niet over."
)
def test_direction_moves_only_to_a_party_whose_authorisation_covers_monitoring_r122() -> None:
    without = {"authorisations": (s.authorisation(Scope.RTO),)}
    given = s.spec(vincent_van_gogh=without).given(*s.AGREED)
    accepting = s.accepting()
    assert refused(given, offer()) is r.MONITORING_NOT_AUTHORISED
    assert refused(given, accepting) is r.MONITORING_NOT_AUTHORISED
    covered = {"authorisations": (s.authorisation(Scope.RTO), s.authorisation(Scope.MONITORING))}
    assert s.spec(vincent_van_gogh=covered).given(*s.AGREED).when(offer()).events
    assert s.spec(vincent_van_gogh=covered).given(*s.AGREED).when(accepting).events


@pytest.mark.clause(
    "R122.e", refused="Naar een partij zonder machtiging voor het RTO gaat de casusregie niet over."
)
@pytest.mark.parametrize("history", [s.AGREED, (*s.FOLLOWED, s.OFFERED)], ids=["convened", "monitoring"])
def test_direction_moves_only_to_a_party_that_authorised_the_round_table_r122(
    history: tuple[Any, ...],
) -> None:
    """A case in monitoring comes back to a table, where the director would be stuck."""
    without = {"authorisations": (s.authorisation(Scope.MONITORING),)}
    given = s.spec(vincent_van_gogh=without).given(*history)
    accepting = s.accepting()
    assert refused(given, offer()) is r.RTO_NOT_AUTHORISED
    assert refused(given, accepting) is r.RTO_NOT_AUTHORISED


TWO_BODIES = ("bestuur", "geneesheer-directeur")


def accepting_by(body: str | None) -> c.AcceptDirection:
    by, director = s.by_party(s.CARE), s.text("case-director")
    return c.AcceptDirection(by=by, case_director=director, acting_body=body, task="Wvggz", basis="art. 6")


def test_who_takes_direction_says_by_which_of_its_bodies_r72() -> None:
    given = s.spec(vincent_van_gogh={"acting_bodies": TWO_BODIES}).given(*s.AGREED)
    assert refused(given, accepting_by(None)) is r.ACTING_BODY_MISSING
    assert refused(given, accepting_by("college")) is r.ACTING_BODY_UNKNOWN
    (moved,) = given.when(accepting_by("bestuur")).events
    expected = Mandate(party=s.CARE, acting_body="bestuur", task="Wvggz", basis="art. 6", since=NOW)
    assert s.state(*s.AGREED, moved).mandate == expected


def test_a_party_with_one_body_need_not_name_it_r72() -> None:
    (moved,) = s.spec().given(*s.AGREED).when(accepting_by(None)).events
    assert s.state(*s.AGREED, moved).mandate == moved.mandate
    assert moved.acting_body == "bestuur"


def test_direction_moves_to_a_body_on_its_own_authorisation_and_not_on_anothers_r122() -> None:
    """The party may lead by its board, which authorised; not by its medical director, who did not."""
    given = s.spec(vincent_van_gogh={"acting_bodies": TWO_BODIES}).given(*s.AGREED)
    assert given.when(offer()).events
    assert refused(given, accepting_by("geneesheer-directeur")) is r.MONITORING_NOT_AUTHORISED
    nobody = s.spec(vincent_van_gogh={"acting_bodies": TWO_BODIES[1:]}).given(*s.AGREED)
    assert refused(nobody, offer()) is r.MONITORING_NOT_AUTHORISED
    no_body = s.spec(vincent_van_gogh={"acting_bodies": ()}).given(*s.AGREED)
    assert refused(no_body, offer()) is r.RTO_NOT_AUTHORISED


def test_direction_is_not_offered_to_a_party_that_was_at_the_table_and_has_left_r115() -> None:
    given = s.spec(vincent_van_gogh={"member_until": NOW}).given(*s.AGREED)
    assert refused(given, offer()) is r.MONITORING_NOT_AUTHORISED
    later = s.spec(vincent_van_gogh={"member_until": NOW + timedelta(microseconds=1)}).given(*s.AGREED)
    assert later.when(offer()).events


def test_an_action_does_not_fall_to_a_party_that_has_left_since_it_sat_down_r115() -> None:
    given = s.spec(vincent_van_gogh={"member_until": NOW}).given(*s.SEATED)
    assert refused(given, c.RecordPlan(by=s.by_director(), plan=s.plan())) is r.EXECUTOR_NOT_AT_THE_TABLE
    assert s.spec().given(*s.SEATED).when(c.RecordPlan(by=s.by_director(), plan=s.plan())).events


@pytest.mark.parametrize(
    ("tried_again_at", "taken"),
    [
        (None, False),
        (A_MINUTE_LATER - timedelta(seconds=1), False),
        (A_MINUTE_LATER, True),
    ],
)
def test_an_acceptance_that_overtook_its_authorisation_is_judged_when_it_is_tried_again_r122(
    tried_again_at: datetime | None, taken: bool
) -> None:
    context = DecisionContext(NOW, s.parties(vincent_van_gogh=LATER), tried_again_at=tried_again_at)
    accepting = s.accepting()
    outcome = PROCESS.decide(s.state(*s.AGREED), accepting, context)
    why = ("Wvggz art. 2", "AVG art. 6 lid 1 sub e")
    moved = (e.DirectionMoved(s.CARE, s.VENLO, s.text("case-director"), NOW, "bestuur", *why),)
    assert outcome == (moved if taken else r.MONITORING_NOT_AUTHORISED)


def test_whatever_the_round_table_asks_of_a_party_is_judged_when_it_is_tried_again_r43_r122() -> None:
    member = {"member_from": A_MINUTE_LATER}
    provide = c.ProvideItem(by=s.by_director(), taking=s.taking())
    for before, command, late, refusal in (
        (PREPARED, convene(), {"woonwenz": member}, r.NOT_LAWFULLY_PRESENT),
        (s.AGREED, offer(), {"vincent_van_gogh": LATER}, r.MONITORING_NOT_AUTHORISED),
        (s.AGREED, conclude(), {"gemeente_venlo": LATER}, r.MONITORING_NOT_AUTHORISED),
        (MONITORING, provide, {"vincent_van_gogh": member}, r.NOT_LAWFULLY_PRESENT),
    ):
        at_once = DecisionContext(NOW, s.parties(**late))
        again = DecisionContext(NOW, s.parties(**late), tried_again_at=A_MINUTE_LATER)
        assert PROCESS.decide(s.state(*before), command, at_once) is refusal
        assert not isinstance(PROCESS.decide(s.state(*before), command, again), Refusal)


@pytest.mark.clause(
    "R71.b", refused="Een partij aan wie de casusregie niet is aangeboden, kan die niet aanvaarden."
)
def test_only_the_offered_party_takes_or_declines_direction_r71() -> None:
    given = s.spec().given(*s.AGREED)
    taking = s.accepting(s.POLICE)
    declining = c.DeclineDirection(by=s.by_party(s.POLICE))
    assert refused(given, taking) is r.NOT_OFFERED_TO_YOU
    assert refused(given, declining) is r.NOT_OFFERED_TO_YOU
    (event,) = given.when(c.DeclineDirection(by=s.by_party(s.CARE))).events
    state = s.state(*s.AGREED, event)
    assert (state.leading_party, state.offered_to) == (s.VENLO, None)
    late = s.accepting()
    assert refused(given.given(event), late) is r.NOT_OFFERED_TO_YOU


@pytest.mark.clause(
    "R72.a", allowed="Pas als een andere partij de casusregie aanvaardt, leidt die partij de casus."
)
@pytest.mark.clause(
    "R72.a", refused="Na een aanbod of een afwijzing blijft de aanmeldende partij de leidende partij."
)
def test_an_offer_of_direction_or_its_refusal_changes_nothing_r72() -> None:
    declined = e.DirectionDeclined(s.CARE, None, NOW)
    for history in (s.SEATED, (*s.SEATED, s.OFFERED), (*s.SEATED, s.OFFERED, declined)):
        assert (s.state(*history).leading_party, s.state(*history).mandate) == (
            s.VENLO,
            s.state(*s.SEATED).mandate,
        )
    assert s.state(*s.SEATED, s.OFFERED, s.MOVED).leading_party == s.CARE


def test_a_later_offer_replaces_the_earlier_one() -> None:
    given = s.spec().given(*s.AGREED, e.DirectionOffered(s.POLICE, NOW))
    late = s.accepting()
    assert refused(given, late) is r.NOT_OFFERED_TO_YOU


@pytest.mark.clause("R71.b", refused="Een aanvaarding zonder de naam van een casusregisseur wordt geweigerd.")
def test_who_takes_direction_names_its_case_director_r71() -> None:
    given = s.spec().given(*s.AGREED)
    assert refused(given, s.accepting(case_director=None)) is r.CASE_DIRECTOR_MISSING


@pytest.mark.clause(
    "R57.d", allowed="Wie de casusregie overneemt, noemt de taak en de grondslag waarop zij leidt."
)
@pytest.mark.clause(
    "R57.d", refused="Zonder taak of grondslag wordt een aanvaarding van de casusregie geweigerd."
)
@pytest.mark.parametrize("missing", ["task", "basis"])
def test_who_takes_direction_says_for_which_task_and_on_which_basis_it_leads_r57(missing: str) -> None:
    """From then on the house follows the approach on this basis."""
    given = s.spec().given(*s.AGREED)
    for blank in ("", " "):
        assert refused(given, s.accepting(**{missing: blank})) is r.TASK_OR_BASIS_MISSING
    (moved,) = given.when(s.accepting()).events
    mandate = s.state(*s.AGREED, moved).mandate
    assert mandate is not None
    assert (mandate.task, mandate.basis) == ("Wvggz art. 2", "AVG art. 6 lid 1 sub e")


@pytest.mark.clause("R69.b", allowed="De partij die al leidt, kan zelf een casusregisseur aanwijzen.")
@pytest.mark.clause("R69.b", refused="Een andere partij kan geen casusregisseur aanwijzen.")
@pytest.mark.parametrize("history", [s.SEATED, s.FOLLOWED], ids=["convened", "monitoring"])
def test_the_party_that_leads_already_names_a_case_director_and_another_one_r69(
    history: tuple[Any, ...],
) -> None:
    """It is offered nothing, and goes on leading under the same mandate."""
    given = s.spec().given(*history)
    (event,) = given.when(s.naming()).events
    named = s.state(*history, event)
    assert named.case_director == s.text("own-director")
    assert (named.leading_party, named.mandate) == (given.state.leading_party, given.state.mandate)
    another = s.naming(case_director=s.text("another"), account="somebody")
    (event,) = given.given(event).when(another).events
    replaced = s.state(*history, event)
    assert (replaced.case_director, replaced.case_director_account) == (s.text("another"), "somebody")
    assert refused(given, s.naming(case_director=None)) is r.CASE_DIRECTOR_MISSING
    for party in (s.CARE, s.POLICE):
        assert refused(given, s.naming(party)) is r.NOT_THE_LEADING_PARTY
    assert refused(given, s.naming(s.STRANGER)) is r.NOT_INVOLVED


def test_once_direction_has_moved_the_new_party_names_its_case_director_and_the_old_one_does_not_r71() -> (
    None
):
    (moved,) = s.spec().given(*s.AGREED).when(s.accepting(account="of-care")).events
    given = s.spec().given(*s.AGREED, moved)
    assert (given.state.case_director, given.state.case_director_account) == (
        s.text("case-director"),
        "of-care",
    )
    assert refused(given, s.naming(s.VENLO)) is r.NOT_THE_LEADING_PARTY
    (named,) = given.when(s.naming(s.CARE)).events
    assert given.given(named).state.case_director_account == "", "the account was of the one before"


# --- what other services decided (R95, R102, R105) --------------------------------------------------


FOLLOWED_THE_FILE = [
    c.FollowCleaning(by=s.BY_RETENTION, kept_items=(s.FREE,)),
    c.FollowArchiving(by=s.BY_RETENTION, kept_items=(s.FREE,)),
]


@pytest.mark.parametrize("command", FOLLOWED_THE_FILE, ids=lambda command: type(command).__name__)
def test_what_stays_is_the_plan_the_participants_and_the_confirmed_items_a8(command: Any) -> None:
    """R95: no viewing reason, no remark on progress, no purpose of a monitoring that is over."""
    remarked = e.ActionProgressed(s.TREAT, m.ActionProgress.STARTED, s.text("remark"), NOW)
    history = (*s.FOLLOWED, remarked, s.convened(s.SECOND_RTO), e.CaseDeescalated(s.SECOND_RTO, NOW))
    before = s.state(*history)
    (event,) = s.spec().given(*history).when(command).events
    after = s.state(*history, event)
    assert [item.item_id for item in after.items] == [s.FREE]
    assert (after.plan, after.takers) == (before.plan, before.takers)
    assert [rto.seats for rto in after.rtos] == [rto.seats for rto in before.rtos]
    gone = set(sealed_text_ids(before)) - set(sealed_text_ids(after))
    assert {"piece-remark", "piece-purpose"} <= gone
    assert {x.reason.piece for x in before.viewing_plan if isinstance(x.reason, TextRef)} <= gone
    assert {f"piece-content-{item[-2:]}" for item in (s.WITHHELD, s.SPECIAL, s.SILENT, s.RENT)} <= gone
    assert not [piece for piece in gone if "name" in piece or piece == "piece-agreements"]


def test_an_archiving_without_a_list_keeps_no_item_a8() -> None:
    (event,) = s.spec().given(*s.ENDED).when(c.FollowArchiving(by=s.BY_RETENTION)).events
    assert s.state(*s.ENDED, event).items == ()


def test_cleaning_before_deescalation_waits_r95() -> None:
    command = c.FollowCleaning(by=s.BY_RETENTION, kept_items=())
    refusal = refused(s.spec().given(*MONITORING), command)
    assert refusal is r.NOT_DEESCALATED
    assert refusal.may_be_lag


RESTRICTS = (
    c.WithdrawRelease | c.LimitItem | c.ChangeTerms | c.CorrectItem | c.WithdrawItem
)  # never too early


@pytest.mark.parametrize(
    "message",
    [x for x in s.COMMANDS if x.by.party in s.state(*s.RECORDED).involved() and not isinstance(x, RESTRICTS)],
    ids=lambda x: type(x).__name__,
)
def test_what_a_contributor_says_before_the_preparation_is_here_waits_r58(message: Any) -> None:
    """Its item came before, and the preparation may be on its way."""
    refusal = refused(s.spec().given(*s.HISTORIES[Phase.COLLECTING]), message)
    assert refusal is r.NOT_PREPARED
    assert refusal.may_be_lag


def test_a_case_closed_elsewhere_is_closing_here_too_even_before_it_was_known() -> None:
    """R102: what triage prepared then comes too late."""
    command = c.FollowClosing(by=s.BY_TRIAGE)
    for phase in (Phase.NOTHING, Phase.COLLECTING, Phase.CONVENED, Phase.MONITORING):
        (event,) = s.spec().given(*s.HISTORIES[phase]).when(command).events
        state = s.state(*s.HISTORIES[phase], event)
        assert state.phase is Phase.CLOSING
    late = c.OpenPreparation(by=s.BY_TRIAGE, preparation=s.preparation())
    assert refused(s.spec().given(e.CaseClosing()), late) is r.ALREADY_PREPARED
    assert refused(s.spec().given(*s.HISTORIES[Phase.DEESCALATED]), command) is r.CASE_ENDED


def test_nothing_is_released_once_the_case_left_phase_3() -> None:
    asking = s.ask(use=m.Use.RTO, recipient=None, action_id=None)
    assert refused(s.spec().given(*s.HISTORIES[Phase.DEESCALATED]), asking) is r.NOT_IN_PHASE_3
    assert refused(s.spec().given(*s.RECORDED), asking) is r.NOT_PREPARED


def test_a_purge_is_confirmed_whatever_was_known_r105() -> None:
    command = c.PurgeCase(by=s.BY_RETENTION, case_id=s.CASE, house_keys=("kid",))
    for phase in Phase:
        assert s.spec().given(*s.HISTORIES[phase]).when(command).events == (e.CasePurged(s.CASE, ("kid",)),)


# --- who may (R7, R115, R122) -----------------------------------------------------------------------


def permission(command: Command, **parties: Any) -> Refusal | None:
    return permit(PERMISSIONS[type(command)], command.by, DecisionContext(NOW, s.parties(**parties)))


def test_the_house_acts_under_an_authorisation_for_the_rto_r122() -> None:
    screening_only = {"authorisations": (s.authorisation(Scope.SCREENING),)}
    assert permission(convene()) is None
    assert permission(convene(), gemeente_venlo=screening_only) is NO_AUTHORISATION
    assert permission(replace(convene(), by=s.by_director(None))) is NO_ON_BEHALF_OF


def test_a_party_that_left_does_nothing_any_more_r115() -> None:
    assert permission(accept()) is None
    assert permission(accept(), vincent_van_gogh={"member_until": NOW}) is NOT_A_PARTY


@pytest.mark.clause(
    "R85.b", refused="Ook de procesregisseur meldt niet voor een uitvoerder hoe ver diens actie is."
)
def test_the_director_does_not_say_how_far_an_action_is_r85() -> None:
    done = c.ProgressAction(by=s.by_party(s.CARE), action_id=s.TREAT, progress=m.ActionProgress.DONE)
    assert permission(done) is None
    for behalf in (s.VENLO, s.CARE):
        assert permission(replace(done, by=s.by_director(behalf))) is NOT_YOURS


@pytest.mark.parametrize("command", s.COMMANDS, ids=lambda x: type(x).__name__)
def test_nobody_gives_a_command_of_somebody_else(command: Command) -> None:
    strangers = {
        "party": s.by_party(s.CARE),
        "director": s.by_director(),
        "service": s.BY_TRIAGE,
    }
    roles = PERMISSIONS[type(command)].roles
    for actor in strangers.values():
        refusal = permit(PERMISSIONS[type(command)], actor, DecisionContext(NOW, s.parties()))
        assert (refusal is NOT_YOURS) == (actor.role not in roles)
