"""Who sees what at the round table, rule by rule: deny by default."""

from dataclasses import replace
from typing import Any

import pytest

from services.rto import events as e
from services.rto.state import Phase, State
from services.rto.viewing import may_view
from services.rto.views import things
from shared.contract.fields import Category, ItemStatus
from shared.contract.messages import rto as m
from shared.contract.messages.triage import RtoPrepared, ViewingEntry
from shared.core.actor import Role
from shared.core.item_standing import Standing
from shared.core.viewing import Allowed, Denied, Verdict, Viewer, may_view_log
from tests.support.samples import rto as s
from tests.support.spec import NOW, looking

DIRECTOR = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, on_behalf_of=s.VENLO)
SUPPORT = Viewer(Role.SUPPORT_WORKER, "support", on_behalf_of=s.VENLO)
FOLLOWED_BY_CARE = (*s.AGREED, s.MOVED, s.concluded(), s.MONITORED)


def delegate(party: str, person: str | None = None) -> Viewer:
    return Viewer(Role.PARTY_WORKER, person or s.worker(party), party)


def look(viewer: Viewer, item_id: str, *history: Any) -> Verdict:
    state = s.state(*history)
    return may_view(viewer, state.item(item_id), state, looking(s.parties()))


def rule(verdict: Verdict) -> tuple[bool, str]:
    return isinstance(verdict, Allowed), verdict.rule


def seen_by(viewer: Viewer, *history: Any) -> set[str]:
    state = s.state(*history)
    allowed = [
        i for i in state.items if isinstance(may_view(viewer, i, state, looking(s.parties())), Allowed)
    ]
    return {item.item_id for item in allowed}


def labels(viewer: Viewer, *history: Any) -> set[str]:
    state = s.state(*history)
    return {
        label
        for label, thing in things(state)
        if isinstance(may_view(viewer, thing, state, looking(s.parties())), Allowed)
    }


# --- a participant, item by item -------------------------------------------------------------------


def test_each_participant_sees_exactly_what_plan_release_reservation_and_test_allow() -> None:
    """The four at the table of the story: R42, R49, R61, R62, R65."""
    expected = {
        s.VENLO: {s.FREE},
        s.POLICE: {s.FREE, s.WITHHELD, s.SPECIAL, s.SILENT},
        s.CARE: {s.FREE, s.WITHHELD, s.SPECIAL, s.RENT},
        s.HOUSING: {s.FREE, s.RENT},
    }
    assert {party: seen_by(delegate(party), *s.SEATED) for party in s.AT_THE_TABLE} == expected


@pytest.mark.clause("R68.a", allowed="Inzage in een gegeven staat op naam van de partij die het inbracht.")
@pytest.mark.clause(
    "R68.a", refused="Inzage in het RTO staat niet op naam van de partij die de casus aanmeldde."
)
def test_a_look_says_whose_information_it_is_r68() -> None:
    assert look(delegate(s.CARE), s.FREE, *s.SEATED) == Allowed("R61", s.POLICE)
    assert look(delegate(s.CARE), s.RENT, *s.SEATED) == Allowed("R61", s.HOUSING)
    assert look(delegate(s.POLICE), s.FREE, *s.SEATED) == Allowed("R66", s.POLICE)


@pytest.mark.clause("R45.b", allowed="Een deelnemer bekijkt de casus in het systeem van het huis.")
@pytest.mark.clause(
    "R44.d", allowed="Vanaf het bijeenroepen van het RTO ziet een deelnemer wat voor hem is bepaald."
)
@pytest.mark.clause(
    "R44.d", refused="Voor het bijeenroepen van het RTO ziet een deelnemer niets van anderen."
)
@pytest.mark.clause(
    "R61.a", allowed="Zodra het RTO is bijeengeroepen, ziet een deelnemer wat een ander voor hem inbracht."
)
@pytest.mark.clause(
    "R61.a", refused="Voordat het RTO is bijeengeroepen, ziet een deelnemer niets van wat anderen inbrachten."
)
def test_the_window_opens_when_the_rto_is_convened_a17() -> None:
    closed = Denied("R61", "B3-F3; art. 9.2f")
    assert look(delegate(s.CARE), s.FREE, *s.HISTORIES[Phase.PREPARED]) == closed
    assert rule(look(delegate(s.CARE), s.FREE, *s.SEATED)) == (True, "R61")


@pytest.mark.clause("R61.a", allowed="Wie de casus leidt, leest de antwoorden uit de triage al voor het RTO.")
@pytest.mark.clause("R61.a", refused="Een andere partij leest de antwoorden uit de triage dan nog niet.")
def test_who_leads_reads_the_answers_of_triage_until_the_table_is_convened_r33_r61() -> None:
    assert seen_by(delegate(s.VENLO), *s.HISTORIES[Phase.PREPARED]) == {s.FREE, s.WITHHELD, s.SILENT, s.RENT}
    for other in (s.CARE, s.STRANGER):
        assert seen_by(delegate(other), *s.HISTORIES[Phase.PREPARED]) == set()


@pytest.mark.clause(
    "R79.c",
    allowed="Een gegeven dat voor de monitoring is afgesproken, blijft tijdens de monitoring te lezen.",
)
@pytest.mark.clause(
    "R79.c",
    refused="Een gegeven dat niet voor de monitoring is afgesproken, is voor anderen dan niet meer te lezen.",
)
def test_the_window_closes_with_the_rto_except_for_the_agreed_set_r79() -> None:
    assert seen_by(delegate(s.CARE), *FOLLOWED_BY_CARE) == {s.FREE, s.WITHHELD}
    assert rule(look(delegate(s.CARE), s.RENT, *FOLLOWED_BY_CARE)) == (False, "R79")
    assert rule(look(delegate(s.CARE), s.FREE, *FOLLOWED_BY_CARE)) == (True, "R79")


@pytest.mark.clause(
    "R61.b", refused="Een partij die niet is uitgenodigd, ziet geen enkel gegeven van een ander."
)
def test_who_is_not_invited_sees_nothing_r61() -> None:
    assert rule(look(delegate(s.STRANGER), s.FREE, *s.SEATED)) == (False, "R61")


@pytest.mark.clause("R61.b", refused="Wie heeft afgezegd of nog niet heeft geantwoord, ziet niets.")
def test_who_has_not_accepted_sees_nothing_r59() -> None:
    assert rule(look(delegate(s.CARE), s.FREE, *s.INVITED)) == (False, "R59")
    declined = e.InvitationDeclined(s.RTO, s.CARE, None, NOW)
    assert rule(look(delegate(s.CARE), s.FREE, *s.SEATED, declined)) == (False, "R59")


@pytest.mark.clause(
    "R59.c", allowed="De afgevaardigde die de partij heeft genoemd, ziet de casus in het RTO."
)
@pytest.mark.clause(
    "R59.c",
    refused="Een collega van de afgevaardigde ziet niets van de casus, ook de gegevens van de eigen "
    "partij niet.",
)
def test_only_the_named_delegate_looks_r59() -> None:
    """Not even at the party's own items: one person speaks and looks for it."""
    colleague = delegate(s.POLICE, "a-colleague")
    state = s.state(*s.SEATED)
    for thing in (None, *state.items):
        assert rule(may_view(colleague, thing, state, looking(s.parties()))) == (False, "R59")
    replaced = e.InvitationAccepted(s.RTO, s.POLICE, "a-colleague", NOW)
    assert rule(look(colleague, s.FREE, *s.SEATED, replaced)) == (True, "R66")
    assert rule(look(delegate(s.POLICE), s.FREE, *s.SEATED, replaced)) == (False, "R59")


@pytest.mark.clause(
    "R61.c", allowed="Staat een gegeven voor deze deelnemer op het inzageplan, dan ziet hij het."
)
@pytest.mark.clause(
    "R61.c", refused="Staat een gegeven voor deze deelnemer niet op het inzageplan, dan ziet hij het niet."
)
def test_an_item_that_is_not_on_the_viewing_plan_is_not_seen_r42() -> None:
    assert rule(look(delegate(s.VENLO), s.RENT, *s.SEATED)) == (False, "R42")
    opened = e.ViewingPlanExtended((s.entry(s.RENT, s.VENLO),), NOW)
    assert rule(look(delegate(s.VENLO), s.RENT, *s.SEATED, opened)) == (True, "R61")


@pytest.mark.clause(
    "R35.c",
    allowed="Geeft de inbrenger een gegeven uit de triage vrij voor het RTO, dan ziet een deelnemer het.",
)
@pytest.mark.clause(
    "R35.c", refused="Een gegeven uit de triage dat niet is vrijgegeven, ziet in het RTO geen deelnemer."
)
@pytest.mark.clause(
    "R44.c", allowed="Keurt de inbrenger inzage goed, dan ziet de deelnemer het gekozen gegeven."
)
@pytest.mark.clause(
    "R44.c", refused="Zonder goedkeuring van de inbrenger ziet de deelnemer het gekozen gegeven niet."
)
@pytest.mark.clause(
    "R65.a", allowed="Geeft de inbrenger het gegeven vrij voor het RTO, dan ziet een deelnemer het."
)
@pytest.mark.clause(
    "R65.a", refused="Een gegeven dat alleen voor de triage is gegeven, ziet een deelnemer in het RTO niet."
)
def test_an_item_that_its_contributor_did_not_release_is_not_seen_r65() -> None:
    assert rule(look(delegate(s.CARE), s.SILENT, *s.SEATED)) == (False, "R65")
    given = e.ReleaseGiven(m.ReleaseGiven(item_id=s.SILENT, use=m.Use.RTO), NOW)
    assert rule(look(delegate(s.CARE), s.SILENT, *s.SEATED, given)) == (True, "R61")


def test_a_release_for_an_activity_is_none_for_the_table_r65() -> None:
    given = e.ReleaseGiven(s.release(item_id=s.SILENT), NOW)
    assert rule(look(delegate(s.CARE), s.SILENT, *s.SEATED, s.PLANNED, given)) == (False, "R65")


@pytest.mark.clause(
    "R61.d", allowed="Zolang de inbrenger geen bezwaar heeft, ziet een deelnemer het gegeven."
)
@pytest.mark.clause(
    "R61.d", refused="Heeft de inbrenger het gegeven ingetrokken, dan ziet een deelnemer het niet meer."
)
@pytest.mark.clause("R66.c", allowed="De inbrenger zelf ziet het ingetrokken gegeven nog wel.")
@pytest.mark.clause(
    "R66.c", refused="Na de intrekking ziet een andere deelnemer het gegeven meteen niet meer."
)
@pytest.mark.parametrize("history", [s.SEATED, FOLLOWED_BY_CARE])
def test_a_withdrawn_item_is_gone_for_the_others_at_once_a12(history: tuple[Any, ...]) -> None:
    withdrawn = e.ReleaseWithdrawn(s.FREE, NOW)
    assert rule(look(delegate(s.CARE), s.FREE, *history))[0]
    assert rule(look(delegate(s.CARE), s.FREE, *history, withdrawn)) == (False, "R65")
    assert rule(look(delegate(s.POLICE), s.FREE, *history, withdrawn)) == (True, "R66")


@pytest.mark.clause("R62.a", allowed="Een deelnemer tegen wie geen voorbehoud is gemaakt, ziet het gegeven.")
@pytest.mark.clause(
    "R62.a", refused="De deelnemer tegen wie het voorbehoud is gemaakt, ziet het gegeven niet."
)
def test_a_reservation_hides_the_item_from_exactly_that_participant_r62() -> None:
    assert rule(look(delegate(s.HOUSING), s.WITHHELD, *s.SEATED)) == (False, "R62")
    assert rule(look(delegate(s.CARE), s.WITHHELD, *s.SEATED)) == (True, "R61")


@pytest.mark.clause(
    "R49.b",
    allowed="Een deelnemer die de toets niet heeft doorstaan, ziet wel de gewone gegevens die voor hem "
    "zijn bestemd.",
)
@pytest.mark.clause(
    "R49.b", refused="Bijzondere en strafrechtelijke gegevens van een ander ziet deze deelnemer niet."
)
@pytest.mark.parametrize("category", [Category.SPECIAL, Category.CRIMINAL])
def test_special_and_criminal_data_are_for_the_competent_r49(category: Category) -> None:
    item = e.ItemRecorded(s.item(s.NEW, category=category))
    plan = e.ViewingPlanExtended((s.entry(s.NEW, s.HOUSING), s.entry(s.NEW, s.CARE)), NOW)
    history = (*s.SEATED, item, plan)
    assert rule(look(delegate(s.HOUSING), s.NEW, *history)) == (False, "R49")
    assert rule(look(delegate(s.HOUSING), s.FREE, *history)) == (True, "R61")
    assert rule(look(delegate(s.CARE), s.NEW, *history)) == (True, "R61")


@pytest.mark.clause(
    "R61.b", allowed="Wie voor het volgende RTO opnieuw is uitgenodigd en toezegt, ziet de gegevens weer."
)
@pytest.mark.clause(
    "R61.b", refused="Wie alleen voor het vorige RTO was uitgenodigd, ziet bij het volgende niets."
)
def test_at_a_follow_up_one_is_invited_anew_r61() -> None:
    again = (*FOLLOWED_BY_CARE, s.convened(s.SECOND_RTO, viewing_plan=(s.entry(s.FREE, s.CARE),)))
    assert rule(look(delegate(s.CARE), s.FREE, *again)) == (False, "R59")
    assert rule(look(delegate(s.CARE), s.FREE, *again, s.accepted(s.CARE, s.SECOND_RTO))) == (True, "R61")
    without = (*FOLLOWED_BY_CARE, s.convened(s.SECOND_RTO, participants=(s.participant(s.POLICE),)))
    assert rule(look(delegate(s.CARE), s.FREE, *without)) == (False, "R61")


@pytest.mark.clause("R42.e", allowed="Wat voor het vervolg-RTO opnieuw is bepaald, ziet de deelnemer.")
@pytest.mark.clause(
    "R42.e", refused="Wat alleen voor het eerdere RTO was bepaald, ziet de deelnemer bij het vervolg niet."
)
def test_at_a_follow_up_it_is_decided_anew_who_sees_what_r42() -> None:
    """At the first one CARE was to see FREE too; what HOUSING saw there it is to see again."""
    planned = (s.entry(s.WITHHELD, s.CARE), s.entry(s.FREE, s.HOUSING))
    comes = [s.accepted(party, s.SECOND_RTO) for party in s.AT_THE_TABLE]
    again = (*FOLLOWED_BY_CARE, s.convened(s.SECOND_RTO, viewing_plan=planned), *comes)
    assert seen_by(delegate(s.CARE), *again) == {s.WITHHELD}
    assert rule(look(delegate(s.CARE), s.FREE, *again)) == (False, "R42")
    assert seen_by(delegate(s.HOUSING), *again) == {s.FREE, s.RENT}
    assert not any(label.startswith(f"viewing/{s.FREE}/{s.CARE}") for label, _ in things(s.state(*again)))
    opened = e.ViewingPlanExtended((s.entry(s.FREE, s.CARE),), NOW)
    assert seen_by(delegate(s.CARE), *again, opened) == {s.FREE, s.WITHHELD}
    with_none = (*FOLLOWED_BY_CARE, s.convened(s.SECOND_RTO), *comes)
    assert seen_by(delegate(s.CARE), *with_none) == set()


def test_after_a_reactivation_the_old_viewing_plan_does_not_count_r42() -> None:
    back = (*s.ENDED, e.CaseReactivated(1))
    given = e.ReleaseGiven(m.ReleaseGiven(item_id=s.FREE, use=m.Use.RTO), NOW)
    comes = s.accepted(s.CARE, s.SECOND_RTO)
    planned = s.convened(s.SECOND_RTO, viewing_plan=(s.entry(s.FREE, s.CARE),))
    assert seen_by(delegate(s.CARE), *back, s.convened(s.SECOND_RTO), comes, given) == set()
    assert seen_by(delegate(s.CARE), *back, planned, comes, given) == {s.FREE}


@pytest.mark.clause(
    "R65.e",
    allowed="Geeft de inbrenger na de terugkeer opnieuw akkoord, dan ziet een deelnemer het gegeven weer.",
)
@pytest.mark.clause(
    "R65.e", refused="Het akkoord van voor de terugkeer telt niet meer: een deelnemer ziet het gegeven niet."
)
def test_in_a_new_round_an_item_is_seen_once_it_is_released_anew_r65_a5() -> None:
    again = (
        *s.ENDED,
        e.CaseReactivated(1),
        s.convened(s.SECOND_RTO, viewing_plan=(s.entry(s.FREE, s.CARE),)),
        *(s.accepted(party, s.SECOND_RTO) for party in s.AT_THE_TABLE),
    )
    assert rule(look(delegate(s.CARE), s.FREE, *s.SEATED)) == (True, "R61")
    assert rule(look(delegate(s.CARE), s.FREE, *again)) == (False, "R65")
    anew = e.ReleaseGiven(m.ReleaseGiven(item_id=s.FREE, use=m.Use.RTO), NOW)
    assert rule(look(delegate(s.CARE), s.FREE, *again, anew)) == (True, "R61")


@pytest.mark.clause(
    "R80.c",
    allowed="De partij met de casusregie ziet wat voor de monitoring is afgesproken, ook als het "
    "inzageplan het niet voor haar noemde.",
)
@pytest.mark.clause("R80.c", refused="Een partij die de casusregie niet meer heeft, ziet die gegevens niet.")
@pytest.mark.clause(
    "R62.b", allowed="Na het RTO ziet de leidende partij de gegevens die voor de monitoring zijn afgesproken."
)
@pytest.mark.clause(
    "R62.b", refused="Een gegeven met een voorbehoud tegen de leidende partij ziet zij ook na het RTO niet."
)
def test_while_monitoring_the_leading_party_sees_the_agreed_set_r80() -> None:
    """Table F: the case director sees per item, and the monitoring set; the other checks stay."""
    set_with_rent = e.MonitoringAgreed(s.text("purpose"), (s.FREE, s.WITHHELD, s.RENT), NOW)
    agreed = (s.concluded(), set_with_rent)
    assert seen_by(delegate(s.VENLO), *s.AGREED, *agreed) == {s.FREE, s.WITHHELD, s.RENT}
    assert seen_by(delegate(s.VENLO), *s.AGREED, s.MOVED, *agreed) == set()
    housing_leads = e.DirectionMoved(s.HOUSING, s.VENLO, s.text("name"), NOW)
    assert s.WITHHELD not in seen_by(delegate(s.HOUSING), *s.AGREED, housing_leads, *agreed)


NOT_COMING = (
    s.convened(participants=tuple(map(s.participant, (s.POLICE, s.CARE, s.HOUSING)))),
    e.InvitationDeclined(s.RTO, s.VENLO, None, NOW),
    e.MandateEnded(s.RTO, s.VENLO, m.MandateEndedBy.DIRECTOR, None, NOW),
)


def without_seat(how: Any, *since: Any, at: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """Venlo leads, and was not invited to the RTO, or did not come; the plan goes on from there."""
    convened = how if isinstance(how, e.RtoConvened) else s.convened()
    comes = (s.accepted(party) for party in (s.POLICE, s.CARE, s.HOUSING))
    ended = () if isinstance(how, e.RtoConvened) else (how,)
    started = e.ActionProgressed(s.TREAT, m.ActionProgress.STAGNATED, None, NOW)
    return (*s.RECORDED, *at, s.PREPARED, convened, *comes, *ended, s.PLANNED, *since, started)


@pytest.mark.clause(
    "R80.d", allowed="De leidende partij ziet de afgesproken gegevens, ook zonder plaats aan tafel."
)
@pytest.mark.parametrize("how", NOT_COMING)
def test_who_leads_without_a_seat_follows_the_approach_it_has_to_watch_over_r80_r82(how: Any) -> None:
    """Plan, actions, progress and purpose; of the items the agreed set, as any participant would see it."""
    monitored = without_seat(how, s.concluded(), s.MONITORED)
    seen = labels(delegate(s.VENLO, "whoever-works-there"), *monitored)
    assert {"plan", "monitoring", f"action/{s.TREAT}", f"action/{s.ARRANGE}", f"progress/{s.TREAT}/1"} <= seen
    assert {label for label in seen if label.startswith("item/")} == {f"item/{s.FREE}", f"item/{s.WITHHELD}"}
    state = s.state(*monitored)
    assert may_view(delegate(s.VENLO), None, state, looking(s.parties())) == Allowed("R80", s.VENLO)
    for hides in (
        e.ReleaseWithdrawn(s.FREE, NOW),
        e.StandingChanged(Standing(s.FREE, s.POLICE, 1, ItemStatus.LIVE, (s.VENLO,)), NOW),
    ):
        assert seen_by(delegate(s.VENLO), *monitored, hides) == {s.WITHHELD}


@pytest.mark.parametrize("how", NOT_COMING)
def test_while_the_table_sits_who_leads_sees_nothing_of_it_without_a_seat_r59_r61(how: Any) -> None:
    assert labels(delegate(s.VENLO), *without_seat(how)) == set()
    again = (s.concluded(), s.MONITORED, s.convened(s.SECOND_RTO, participants=(s.participant(s.CARE),)))
    assert labels(delegate(s.VENLO), *without_seat(how), *again) == set(), "nor at a follow-up"


@pytest.mark.clause(
    "R80.d", refused="Een andere partij zonder plaats aan tafel ziet niets van de monitoring."
)
def test_another_party_without_a_seat_follows_nothing_r64() -> None:
    (not_invited, *_) = NOT_COMING
    monitored = without_seat(not_invited, leads(s.CARE), s.concluded(), s.MONITORED)
    assert labels(delegate(s.VENLO), *monitored) == set()
    assert labels(delegate(s.STRANGER), *monitored) == set()
    assert rule(look(delegate(s.CARE, "a-colleague"), s.FREE, *monitored)) == (False, "R59"), (
        "of a party that came its delegate alone"
    )


@pytest.mark.clause(
    "R82.b", allowed="De casusregisseur ziet de voortgang van elke actie, ook als een ander aan tafel zit."
)
@pytest.mark.clause("R82.b", refused="Een collega van de casusregisseur ziet de voortgang niet.")
def test_the_case_director_follows_the_approach_though_another_is_the_delegate_r82() -> None:
    """By the account that the party named; while the table sits its delegate looks for it (R59)."""
    named = e.CaseDirectorNamed(s.text("own-director"), "the-case-director", NOW)
    director, colleague = delegate(s.VENLO, "the-case-director"), delegate(s.VENLO, "a-colleague")
    started = e.ActionProgressed(s.TREAT, m.ActionProgress.STAGNATED, None, NOW)
    watched = {"plan", f"action/{s.TREAT}", f"progress/{s.TREAT}/1", f"item/{s.FREE}"}
    monitored = (*s.FOLLOWED, started)
    assert labels(director, *monitored) == set()
    for viewer in (director, delegate(s.VENLO)):
        assert watched <= labels(viewer, *monitored, named)
    assert labels(colleague, *monitored, named) == set()
    assert labels(director, *s.AGREED, named) == set()
    (not_invited, *_) = NOT_COMING
    alone = without_seat(not_invited, named, s.concluded(), s.MONITORED)
    assert watched <= labels(director, *alone)
    assert labels(colleague, *alone) == set(), "once it is said who follows, nobody else does"
    assert labels(director, *monitored, named, leads(s.CARE)) == set(), "nor once another party leads"


def test_who_leads_without_a_seat_sees_special_data_if_it_may_process_them_r49_r80() -> None:
    (not_invited, *_) = NOT_COMING
    all_stay = e.MonitoringAgreed(s.text("purpose"), tuple(item.item_id for item in s.ITEMS), NOW)
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.SPECIAL,), actions=()), s.AT_THE_TABLE, NOW)
    state = s.state(*without_seat(not_invited, drawn, s.concluded(), all_stay))

    def sees(thing: Any, **venlo: Any) -> bool:
        context = looking(s.parties(gemeente_venlo=venlo))
        return isinstance(may_view(delegate(s.VENLO), thing, state, context), Allowed)

    for thing in (state.item(s.SPECIAL), state.plan):
        assert sees(thing, checked_for_special=True) and not sees(thing, checked_for_special=False)


def leads(party: str) -> e.DirectionMoved:
    return e.DirectionMoved(party, s.VENLO, s.text("name"), NOW)


@pytest.mark.clause(
    "R64.b", allowed="Zolang het RTO duurt, ziet een deelnemer de gegevens en de betrokkenen."
)
@pytest.mark.clause(
    "R64.b",
    refused="Na het RTO ziet een deelnemer zonder actie de gegevens van anderen en de betrokkenen niet meer.",
)
@pytest.mark.parametrize("phase", [Phase.CONVENED, Phase.MONITORING])
def test_while_monitoring_who_has_no_part_in_it_reads_neither_items_nor_persons_r64(phase: Phase) -> None:
    """A17: the window closes with the RTO. Venlo came, is on the viewing plan, and carries nothing out."""
    end = (s.concluded(), s.MONITORED) if phase is Phase.MONITORING else ()
    history = (*s.AGREED, leads(s.CARE), *end)
    seen = labels(delegate(s.VENLO), *history)
    open_ = phase is Phase.CONVENED
    for label in (f"item/{s.FREE}", f"person/{s.MAN}"):
        assert (label in seen) == open_
    assert {"plan", f"rto/{s.RTO}", f"action/{s.TREAT}"} <= seen
    rule_ = "R61" if open_ else "R64"
    assert rule(look(delegate(s.VENLO), s.FREE, *history)) == (open_, rule_)
    assert s.FREE in seen_by(delegate(s.POLICE), *history), "its own it always reads (R66)"


@pytest.mark.clause(
    "R64.b", allowed="Een uitvoerder ziet na het RTO wat voor zijn eigen actie is vrijgegeven."
)
@pytest.mark.clause(
    "R64.b",
    refused="Wat alleen voor het RTO of voor de actie van een ander is vrijgegeven, ziet een uitvoerder "
    "dan niet meer.",
)
def test_while_monitoring_an_executor_reads_what_was_released_for_its_action_r64() -> None:
    """Not what it saw at the table: WITHHELD is on its viewing plan, and released for the RTO alone."""
    history = (*s.AGREED, s.concluded(), s.MONITORED)
    assert seen_by(delegate(s.CARE), *s.AGREED) >= {s.FREE, s.WITHHELD}
    assert seen_by(delegate(s.CARE), *history) == {s.FREE}
    assert seen_by(delegate(s.HOUSING), *history) == {s.RENT}, "its own alone: FREE is for another action"
    for_housing = e.ReleaseGiven(s.release(recipient=s.HOUSING, action_id=s.ARRANGE), NOW)
    assert s.FREE in seen_by(delegate(s.HOUSING), *history, for_housing)
    withdrawn = e.ReleaseWithdrawn(s.FREE, NOW)
    assert seen_by(delegate(s.CARE), *history, withdrawn) == set()


def test_an_executor_whose_action_ended_has_no_part_in_the_monitoring_any_more_r64() -> None:
    ended = e.PlanRecorded(s.plan(actions=(), ends=(s.TREAT,)), s.AT_THE_TABLE, NOW)
    decided = (s.concluded(rto_id=s.SECOND_RTO), s.MONITORED)
    assert f"person/{s.MAN}" in labels(delegate(s.CARE), *s.AGAIN, *decided)
    seen = labels(delegate(s.CARE), *s.AGAIN, ended, *decided)
    assert not any(label.startswith(("item/", "person/")) for label in seen)
    assert f"ended-action/{s.TREAT}" in seen, "what was its own it still reads"


# --- whose it is -----------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.COLLECTING, Phase.PREPARED, Phase.CONVENED, Phase.MONITORING])
def test_a_contributor_always_sees_its_own_until_deescalation_r66(phase: Phase) -> None:
    own = {s.FREE, s.WITHHELD, s.SPECIAL, s.SILENT}
    assert own <= seen_by(delegate(s.POLICE), *s.HISTORIES[phase])


def test_a_contributor_that_is_not_invited_sees_its_own_and_nothing_else_r61() -> None:
    history = (*s.RECORDED, s.PREPARED, s.convened(participants=(s.participant(s.CARE),)))
    anybody_of_the_police = delegate(s.POLICE, "anybody")
    seen = labels(anybody_of_the_police, *history)
    own = (s.FREE, s.WITHHELD, s.SPECIAL, s.SILENT)
    released = {f"release/{i}/rto/-/-" for i in own if i != s.SILENT}
    assert seen == {f"item/{i}" for i in own} | released
    state = s.state(*history)
    assert may_view(anybody_of_the_police, None, state, looking(s.parties())) == Allowed("R66", s.POLICE)


@pytest.mark.clause(
    "R104.b", allowed="De inbrenger ziet wie zijn gegeven meenam, en wie het meenam ziet dat van zichzelf."
)
@pytest.mark.clause("R104.b", refused="Een andere deelnemer ziet niet wie wat meenam.")
def test_what_became_of_an_item_is_for_its_contributor_r66() -> None:
    history = (*s.AGREED, s.PROVIDED)
    asked = f"release/{s.FREE}/plan-activity/{s.CARE}/{s.TREAT}"
    taken = f"taker/{s.CARE}/{s.FREE}/{s.TREAT}"
    assert {asked, taken} <= labels(delegate(s.POLICE), *history)
    assert {asked, taken} & labels(delegate(s.CARE), *history) == {taken}
    assert {asked, taken} & labels(delegate(s.HOUSING), *history) == set()


@pytest.mark.clause("R83.e", allowed="De partij die informeert, ziet wie welk gegeven meeneemt.")
@pytest.mark.clause("R83.e", refused="Een andere partij ziet niet wie welk gegeven meeneemt.")
@pytest.mark.parametrize("history", [(*s.AGREED, s.PROVIDED), (*s.FOLLOWED, s.PROVIDED)])
def test_who_leads_sees_who_takes_what_and_nobody_else_does_r83(history: tuple[Any, ...]) -> None:
    """It informs the data subject; the contributor and the taker each see their own (R66, A19)."""
    taken = f"taker/{s.CARE}/{s.FREE}/{s.TREAT}"
    assert taken in labels(delegate(s.VENLO), *history)
    assert taken not in labels(delegate(s.HOUSING), *history)
    assert taken not in labels(delegate(s.VENLO, "a-colleague"), *history), "its delegate alone (R59)"
    moved = (*history, leads(s.HOUSING))
    assert taken in labels(delegate(s.HOUSING), *moved)
    assert taken not in labels(delegate(s.VENLO), *moved)


# --- what the participants share -------------------------------------------------------------------


@pytest.mark.clause(
    "R70.c", allowed="Elke deelnemer leest in fase 3 het plan van aanpak met de acties van alle partijen."
)
@pytest.mark.parametrize("phase", [Phase.CONVENED, Phase.MONITORING])
@pytest.mark.parametrize("party", s.AT_THE_TABLE)
def test_participants_share_meeting_persons_and_plan_a19(party: str, phase: Phase) -> None:
    joint = {"preparation", "plan", f"rto/{s.RTO}", f"action/{s.TREAT}", f"action/{s.ARRANGE}"}
    persons = {f"person/{s.MAN}", f"person/{s.MOTHER}"}
    seen = labels(delegate(party), *s.HISTORIES[phase])
    assert joint <= seen
    has_part = phase is Phase.CONVENED or party != s.POLICE
    assert seen & persons == (persons if has_part else set())


def test_an_address_is_for_participants_of_which_it_is_said_why_they_need_it_r61() -> None:
    """And for who referred and who leads the case; name and date of birth say whom it is about."""
    addresses = {f"address/{s.MAN}", f"address/{s.MOTHER}"}
    needs = s.participant(s.CARE, address_reason=s.text("house-calls"))
    blank = s.participant(s.HOUSING, address_reason=" ")
    invited = s.convened(participants=(s.participant(s.VENLO), s.participant(s.POLICE), needs, blank))
    comes = [s.accepted(party) for party in s.AT_THE_TABLE]
    seated = (*s.RECORDED, s.PREPARED, invited, *comes)
    for party, sees in ((s.VENLO, True), (s.CARE, True), (s.POLICE, False), (s.HOUSING, False)):
        seen = labels(delegate(party), *seated)
        assert {f"person/{s.MAN}", f"person/{s.MOTHER}"} <= seen, party
        assert seen & addresses == (addresses if sees else set()), party
        moved = labels(delegate(party), *seated, leads(s.HOUSING)) & addresses
        assert moved == (set() if party == s.POLICE else addresses), party
    for viewer in (DIRECTOR, SUPPORT):
        assert addresses <= labels(viewer, *seated)
    assert not labels(delegate(s.STRANGER), *seated) & addresses
    agreed = (*seated, s.PLANNED, s.concluded(), s.MONITORED)
    police_leads = (*seated, s.PLANNED, leads(s.POLICE), s.concluded(), s.MONITORED)
    assert addresses <= labels(delegate(s.CARE), *agreed), "it carries out an action"
    assert not labels(delegate(s.VENLO), *police_leads) & addresses, "and Venlo does not (R64)"


def test_the_reason_for_an_address_is_of_one_rto_r61() -> None:
    """As who sees what is decided anew for a follow-up, so is this."""
    needs = s.convened(participants=(s.participant(s.CARE, address_reason=s.text("house-calls")),))
    again = s.convened(s.SECOND_RTO, participants=(s.participant(s.CARE),))
    history = (*s.RECORDED, s.PREPARED, needs, s.accepted(s.CARE), s.PLANNED, s.concluded(), s.MONITORED)
    assert f"address/{s.MAN}" in labels(delegate(s.CARE), *history)
    anew = (*history, again, s.accepted(s.CARE, s.SECOND_RTO))
    assert f"person/{s.MAN}" in labels(delegate(s.CARE), *anew)
    assert f"address/{s.MAN}" not in labels(delegate(s.CARE), *anew)


def test_who_does_not_come_shares_nothing() -> None:
    assert labels(delegate(s.CARE), *s.INVITED) == set()
    assert may_view(delegate(s.CARE), None, s.state(*s.INVITED), looking(s.parties())) == Denied(
        "R59", "art. 6.2, 6.3"
    )


@pytest.mark.clause("R70.c", allowed="Een uitvoerder die niet aan het RTO deelneemt, ziet zijn eigen acties.")
@pytest.mark.clause(
    "R70.c",
    refused="Het plan zelf en de acties van anderen ziet een uitvoerder die niet aan het RTO deelneemt, "
    "niet.",
)
def test_an_executor_that_is_not_at_the_table_sees_its_own_actions_only_a19() -> None:
    started = e.ActionProgressed(s.TREAT, m.ActionProgress.STARTED, None, NOW)
    only_police = s.convened(s.SECOND_RTO, participants=(s.participant(s.POLICE),))
    history = (*FOLLOWED_BY_CARE, started, e.DirectionMoved(s.POLICE, s.CARE, s.text("n"), NOW), only_police)
    assert labels(delegate(s.CARE), *history) == {f"action/{s.TREAT}", f"progress/{s.TREAT}/1"}
    assert rule(may_view(delegate(s.CARE), None, s.state(*history), looking(s.parties()))) == (True, "R66")


@pytest.mark.clause(
    "R79.b",
    allowed="De procesregisseur en elke afgevaardigde bij het laatste RTO lezen het doel van de monitoring.",
)
@pytest.mark.clause(
    "R79.b", refused="Een partij die niet bij het RTO was, leest het doel van de monitoring niet."
)
def test_the_purpose_of_monitoring_is_read_by_who_shares_the_plan_r79() -> None:
    history = s.HISTORIES[Phase.MONITORING]
    for viewer in (DIRECTOR, SUPPORT, *map(delegate, s.AT_THE_TABLE)):
        assert "monitoring" in labels(viewer, *history)
    assert "monitoring" not in labels(delegate(s.STRANGER), *history)
    assert "monitoring" not in labels(delegate(s.CARE), *s.AGREED), "before there is one"


@pytest.mark.clause(
    "R47.c",
    allowed="Een deelnemer leest de zorgvuldigheidsafspraken van het RTO waarvoor hij is uitgenodigd.",
)
@pytest.mark.clause(
    "R47.c",
    refused="Wie pas voor het vervolg-RTO is uitgenodigd, leest de zorgvuldigheidsafspraken van het "
    "eerste RTO niet.",
)
def test_participants_read_the_preparation_and_the_care_agreements_of_their_own_rto_r47() -> None:
    """Who comes to the follow-up alone learns nothing of what the first one was for."""
    alone = s.convened(s.SECOND_RTO, participants=(s.participant(s.STRANGER),), preparation=s.follow_up())
    history = (*FOLLOWED_BY_CARE, alone, s.accepted(s.STRANGER, s.SECOND_RTO))
    state = s.state(*history)
    shown = {
        label: thing.preparation
        for label, thing in things(state)
        if label.startswith("rto/")
        and isinstance(may_view(delegate(s.STRANGER), thing, state, looking(s.parties())), Allowed)
    }
    assert shown == {f"rto/{s.SECOND_RTO}": s.follow_up()}
    assert "preparation" not in labels(delegate(s.STRANGER), *history)
    assert "preparation" in labels(delegate(s.VENLO), *s.AGAIN)
    assert labels(delegate(s.STRANGER), *FOLLOWED_BY_CARE, alone) == set(), "nor before it accepted (R59)"


def test_what_was_said_of_an_ended_action_stays_with_its_executor_and_the_table_r81() -> None:
    said = e.ActionProgressed(s.TREAT, m.ActionProgress.STARTED, None, NOW)
    ended = e.PlanRecorded(s.plan(actions=(), ends=(s.TREAT,)), s.AT_THE_TABLE, NOW)
    history = (*s.AGAIN, said, ended)
    both = {f"ended-action/{s.TREAT}", f"progress/{s.TREAT}/1"}
    for party in s.AT_THE_TABLE:
        assert both <= labels(delegate(party), *history)
    assert not both & labels(delegate(s.STRANGER), *history)


@pytest.mark.clause(
    "R81.c",
    allowed="De procesregisseur en de afgevaardigden bij het laatste RTO zien een gemelde stagnatie.",
)
@pytest.mark.clause("R81.c", refused="Een partij die niet bij dat RTO was, ziet de gemelde stagnatie niet.")
@pytest.mark.clause(
    "R82.a", allowed="De procesregisseur ziet de voortgang van elke actie, ook als die stagneert."
)
def test_progress_and_what_stagnates_is_seen_by_the_director_and_at_the_table_r81_r82() -> None:
    started = e.ActionProgressed(s.ARRANGE, m.ActionProgress.STARTED, None, NOW)
    stagnates = e.ActionProgressed(s.TREAT, m.ActionProgress.STAGNATED, None, NOW)
    history = (*s.HISTORIES[Phase.MONITORING], started, stagnates)
    reported = {f"progress/{s.ARRANGE}/1", f"progress/{s.TREAT}/2"}
    for viewer in (DIRECTOR, SUPPORT, *map(delegate, s.AT_THE_TABLE)):
        assert reported <= labels(viewer, *history)
    assert not reported & labels(delegate(s.STRANGER), *history)
    for_another = replace(DIRECTOR, on_behalf_of=s.CARE)
    assert not labels(for_another, *history)


@pytest.mark.clause(
    "R81.b",
    allowed="De procesregisseur en wie bij het eerdere RTO was, lezen bij het vervolg-RTO wat dat vastlegde.",
)
def test_what_an_rto_found_is_read_at_the_follow_up_by_who_was_there_r81() -> None:
    found = replace(s.concluded(), goals_reached=s.text("goals"), developments=s.text("developments"))
    history = tuple(found if event == s.concluded() else event for event in s.AGAIN)
    state = s.state(*history)
    (first,) = (thing for label, thing in things(state) if label == f"rto/{s.RTO}")
    assert (first.goals_reached, first.developments) == (s.text("goals"), s.text("developments"))
    for viewer in (DIRECTOR, *map(delegate, s.AT_THE_TABLE)):
        assert isinstance(may_view(viewer, first, state, looking(s.parties())), Allowed)


@pytest.mark.clause(
    "R81.b",
    refused="Wie pas bij een later RTO aanschuift, leest niet wat een eerder RTO aan doelen en "
    "ontwikkelingen vastlegde.",
)
@pytest.mark.clause("R84.a", allowed="Wie voor een RTO is uitgenodigd, leest waar het over ging.")
@pytest.mark.clause("R84.a", refused="Wie pas bij een later RTO aanschuift, leest het eerdere RTO niet.")
def test_an_earlier_meeting_is_for_those_who_were_invited_to_it() -> None:
    again = s.convened(s.SECOND_RTO, participants=(s.participant(s.STRANGER),))
    history = (*FOLLOWED_BY_CARE, again, s.accepted(s.STRANGER, s.SECOND_RTO))
    seen = labels(delegate(s.STRANGER), *history)
    assert f"rto/{s.SECOND_RTO}" in seen
    assert f"rto/{s.RTO}" not in seen


@pytest.mark.clause(
    "R70.d", allowed="Een deelnemer die het gegeven mag zien waaruit het plan put, leest het plan."
)
@pytest.mark.clause(
    "R70.d",
    refused="Is het akkoord op dat gegeven ingetrokken of geldt een voorbehoud tegen de deelnemer, dan "
    "leest hij het plan niet.",
)
def test_the_plan_is_bound_to_the_release_of_what_it_drew_from_a19() -> None:
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.WITHHELD,)), s.AT_THE_TABLE, NOW)
    history = (*s.SEATED, drawn)
    assert "plan" in labels(delegate(s.CARE), *history)
    assert "plan" in labels(delegate(s.POLICE), *history)
    assert "plan" not in labels(delegate(s.HOUSING), *history)
    withdrawn = e.ReleaseWithdrawn(s.WITHHELD, NOW)
    assert "plan" not in labels(delegate(s.CARE), *history, withdrawn)
    assert "plan" in labels(delegate(s.POLICE), *history, withdrawn)


@pytest.mark.clause(
    "R49.d",
    allowed="Een deelnemer die bijzondere gegevens mag zien, leest ook het plan waarin zo'n gegeven is "
    "verwerkt.",
)
@pytest.mark.clause(
    "R49.d",
    refused="Een deelnemer die bijzondere gegevens niet mag zien, leest een plan waarin zo'n gegeven is "
    "verwerkt niet.",
)
@pytest.mark.parametrize("category", [Category.SPECIAL, Category.CRIMINAL])
def test_the_plan_is_for_who_may_see_the_category_of_what_it_drew_from_r49_a19(category: Category) -> None:
    special = e.ItemRecorded(s.item(s.NEW, category=category))
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.NEW, s.FREE)), s.AT_THE_TABLE, NOW)
    history = (*s.SEATED, special, drawn)
    for party, sees in ((s.CARE, True), (s.POLICE, True), (s.HOUSING, False), (s.VENLO, False)):
        assert ("plan" in labels(delegate(party), *history)) is sees, party
    of_the_others = e.PlanRecorded(s.plan(drawn_from=(s.FREE,)), s.AT_THE_TABLE, NOW)
    assert "plan" in labels(delegate(s.HOUSING), *s.SEATED, special, of_the_others)


def test_a_participant_learns_why_it_sees_an_item_and_not_what_others_see() -> None:
    state = s.state(*s.SEATED)
    care = delegate(s.CARE)
    own = {
        entry.item_id
        for entry in state.viewing_plan
        if isinstance(may_view(care, entry, state, looking(s.parties())), Allowed)
    }
    assert own == {s.FREE, s.WITHHELD, s.SPECIAL, s.RENT}
    assert (
        rule(may_view(care, ViewingEntry(**dict(s.entry(s.RENT, s.POLICE))), state, looking(s.parties())))[0]
        is False
    )


# --- the people of the house -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("viewer", "phase"),
    [
        *((viewer, phase) for viewer in (DIRECTOR, SUPPORT) for phase in (Phase.PREPARED, Phase.CONVENED)),
        (DIRECTOR, Phase.CLOSING),
    ],
)
def test_director_and_support_worker_see_all_of_the_case_but_what_who_leads_may_not_r82_r21(
    viewer: Viewer, phase: Phase
) -> None:
    """Nor why somebody else is to see that."""
    state = s.state(*s.HISTORIES[phase])
    everything = {label for label, _ in things(state)}
    special = {
        label for label in everything if label.startswith((f"item/{s.SPECIAL}", f"viewing/{s.SPECIAL}"))
    }
    assert labels(viewer, *s.HISTORIES[phase]) == everything - special
    assert len(special) == 3


def test_a_support_worker_reads_nothing_of_a_closing_case_r102() -> None:
    assert labels(SUPPORT, *s.HISTORIES[Phase.CLOSING]) == set()
    state = s.state(*s.HISTORIES[Phase.CLOSING])
    assert rule(may_view(SUPPORT, None, state, looking(s.parties()))) == (False, "R102")


@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
def test_why_somebody_is_to_see_an_item_is_for_whoever_may_see_that_item_r23_a12(viewer: Viewer) -> None:
    """Of what its contributor keeps from the director, or took back, nothing is said either."""
    taken_back = e.StandingChanged(Standing(s.FREE, s.POLICE, 1, ItemStatus.WITHDRAWN), NOW)
    hidden = e.ItemRecorded(s.item(s.NEW, hidden_from_director=True), (s.entry(s.NEW, s.CARE),))
    found = labels(viewer, *s.RECORDED, hidden, s.PREPARED, s.convened(), taken_back)
    said = {label for label in found if label.startswith(("item/", "viewing/"))}
    assert not [label for label in said if s.FREE in label or s.NEW in label]
    assert f"viewing/{s.RENT}/{s.CARE}" in found


@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
def test_special_data_are_seen_for_a_leading_party_that_may_process_them_now_r21_r49(viewer: Viewer) -> None:
    """By its check at governance as it is at this look, or by the test at the table."""
    tested = s.participant(s.VENLO, passed_processing_test=True)
    prepared = e.PreparationOpened(s.preparation(participants=(tested,)))
    invited = s.convened(participants=(tested,))
    again = s.convened(s.SECOND_RTO, participants=(s.participant(s.VENLO),))

    def seen(*history: Any, **venlo: Any) -> bool:
        state, parties = s.state(*s.RECORDED, *history), s.parties(gemeente_venlo=venlo)
        return isinstance(may_view(viewer, state.item(s.SPECIAL), state, looking(parties)), Allowed)

    assert not seen(s.PREPARED) and not seen(s.PREPARED, s.convened())
    assert seen(s.PREPARED, checked_for_special=True)
    assert seen(prepared) and seen(s.PREPARED, invited)
    assert not seen(prepared, invited, again), "as it was invited last"


@pytest.mark.clause(
    "R70.e",
    allowed="De medewerkers van het Zorg- en Veiligheidshuis lezen een plan dat put uit gegevens die zij "
    "mogen zien.",
)
@pytest.mark.clause(
    "R70.e",
    refused="Is een gegeven waaruit het plan put ingetrokken, dan lezen ook de medewerkers van het huis "
    "het plan niet.",
)
@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
def test_the_plan_is_bound_to_what_it_drew_from_for_the_house_too_r70_a19(viewer: Viewer) -> None:
    """As the item itself: taken back, kept from the director, or special where who leads was not tested."""
    hidden = e.ItemRecorded(s.item(s.NEW, hidden_from_director=True))

    def sees_the_plan(drawn_from: tuple[str, ...], *since: Any) -> bool:
        drawn = e.PlanRecorded(s.plan(drawn_from=drawn_from), s.AT_THE_TABLE, NOW)
        seen = labels(viewer, *s.SEATED, hidden, drawn, *since)
        assert f"action/{s.TREAT}" in seen, "what was assigned goes on, and can be ended"
        return "plan" in seen

    back = e.ReleaseWithdrawn(s.FREE, NOW)
    assert sees_the_plan(()) and sees_the_plan((s.FREE, s.WITHHELD))
    assert not sees_the_plan((s.FREE, s.WITHHELD), back)
    assert sees_the_plan((s.WITHHELD,), back)
    assert not sees_the_plan((s.NEW,))
    assert not sees_the_plan((s.SPECIAL,)), "Venlo, which leads, was not tested for it"


@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
@pytest.mark.parametrize(
    "gone",
    [
        (e.FileCleaned(()), e.CaseReactivated(1)),
        (e.FileArchived(()), e.CaseReactivated(1, ())),
    ],
    ids=["cleaned", "archived"],
)
def test_when_a_case_comes_back_the_plan_is_bound_to_what_was_dropped_meanwhile_too_a19(
    viewer: Viewer, gone: tuple[Any, ...]
) -> None:
    """As to one that is there: whose it was and from whom it was kept stays known, not what it said."""
    hidden = e.ItemRecorded(s.item(s.NEW, hidden_from_director=True))

    def sees_the_plan(*drawn_from: str, since: tuple[Any, ...] = (), left: State | None = None) -> bool:
        drawn = e.PlanRecorded(s.plan(drawn_from=drawn_from), s.AT_THE_TABLE, NOW)
        back = s.state(*s.SEATED, hidden, drawn, e.CaseDeescalated(s.RTO, NOW), *gone, *since)
        assert back.items == () and {one.item_id for one in back.bonds} == set(drawn_from)
        return isinstance(may_view(viewer, back.plan, back, looking(s.parties())), Allowed)

    taken_back = e.StandingChanged(Standing(s.FREE, s.POLICE, 1, ItemStatus.WITHDRAWN), NOW)
    assert sees_the_plan(s.FREE, s.WITHHELD)
    assert not sees_the_plan(s.FREE, s.WITHHELD, since=(taken_back,))
    assert not sees_the_plan(s.NEW)
    assert not sees_the_plan(s.SPECIAL), "Venlo, which leads, was not tested for it"


def test_a_plan_is_frozen_with_an_item_that_was_dropped_and_of_which_nothing_is_known_it_is_kept_a11() -> (
    None
):
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.FREE,)), s.AT_THE_TABLE, NOW)
    back = s.state(*s.SEATED, drawn, e.CaseDeescalated(s.RTO, NOW), e.FileCleaned(()), e.CaseReactivated(1))
    assert back.givers(back.plan) == {s.POLICE}
    unknown = replace(back, bonds=())
    assert isinstance(may_view(DIRECTOR, unknown.plan, unknown, looking(s.parties())), Denied)


def test_a_new_plan_is_bound_to_its_own_items_alone() -> None:
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.FREE,)), s.AT_THE_TABLE, NOW)
    back = (e.CaseDeescalated(s.RTO, NOW), e.FileCleaned(()), e.CaseReactivated(1))
    anew = e.PlanRecorded(s.plan(drawn_from=(), actions=()), s.AT_THE_TABLE, NOW)
    assert s.state(*s.SEATED, drawn, *back, anew).bonds == ()


@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
def test_while_monitoring_they_see_the_agreed_set_r79(viewer: Viewer) -> None:
    assert seen_by(viewer, *s.HISTORIES[Phase.MONITORING]) == {s.FREE, s.WITHHELD}


@pytest.mark.clause(
    "R72.b", allowed="Na de overgang leest de procesregisseur namens de nieuwe leidende partij."
)
@pytest.mark.clause(
    "R72.b", refused="Namens de vorige leidende partij leest de procesregisseur dan niets meer."
)
@pytest.mark.clause(
    "R82.a", refused="Namens een partij die de casus niet leidt, ziet de procesregisseur niets."
)
@pytest.mark.clause(
    "R68.a",
    allowed="Ook inzage door de procesregisseur staat op naam van de partij die het gegeven inbracht.",
)
def test_they_look_on_behalf_of_the_party_that_leads_r72() -> None:
    moved = (*s.AGREED, s.MOVED)
    assert rule(look(DIRECTOR, s.FREE, *moved)) == (False, "R72")
    for_care = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, on_behalf_of=s.CARE)
    assert look(for_care, s.FREE, *moved) == Allowed("R68", s.POLICE)
    for_nobody = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR)
    assert rule(look(for_nobody, s.FREE, *moved)) == (False, "R72")


def test_another_director_sees_nothing() -> None:
    other = Viewer(Role.PROCESS_DIRECTOR, s.OTHER_DIRECTOR, on_behalf_of=s.VENLO)
    assert rule(may_view(other, None, s.state(*s.SEATED), looking(s.parties()))) == (False, "R72")


@pytest.mark.clause(
    "R23.a",
    refused="Ook in het RTO zien procesregisseur en ondersteunende medewerker een afgeschermd gegeven niet.",
)
@pytest.mark.clause(
    "R23.b", allowed="Een gegeven dat niet is afgeschermd, ziet de procesregisseur ook in het RTO."
)
@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
def test_what_is_hidden_from_the_director_stays_so_r23(viewer: Viewer) -> None:
    hidden = e.ItemRecorded(s.item(s.NEW, hidden_from_director=True))
    assert rule(look(viewer, s.NEW, *s.SEATED, hidden)) == (False, "R23")
    assert rule(look(viewer, s.FREE, *s.SEATED, hidden)) == (True, "R68")


@pytest.mark.parametrize("role", [Role.MANAGER, Role.SECRETARY, Role.PRIVACY_OFFICER, Role.SERVICE])
@pytest.mark.parametrize("phase", Phase)
def test_nobody_else_sees_anything(role: Role, phase: Phase) -> None:
    viewer = Viewer(role, s.DIRECTOR, party=s.VENLO, on_behalf_of=s.VENLO)
    assert labels(viewer, *s.HISTORIES[phase]) == set()


# --- before and after ------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.NOTHING, Phase.DEESCALATED, Phase.ARCHIVED, Phase.PURGED])
@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT, *map(delegate, s.AT_THE_TABLE)])
def test_from_deescalation_on_retention_decides_on_reading_r88(viewer: Viewer, phase: Phase) -> None:
    state = s.state(*s.HISTORIES[phase])
    for _, thing in (("case", None), *things(state)):
        assert rule(may_view(viewer, thing, state, looking(s.parties()))) == (False, "R88")


def test_a_closing_case_is_for_director_and_leading_party_r102() -> None:
    closing = s.HISTORIES[Phase.CLOSING]
    assert labels(delegate(s.CARE), *closing) == set()
    assert rule(may_view(delegate(s.CARE), None, s.state(*closing), looking(s.parties()))) == (False, "R102")
    leading = labels(delegate(s.VENLO), *closing)
    assert {"plan", f"person/{s.MAN}"} <= leading
    assert not any(label.startswith("item/") for label in leading)
    assert f"item/{s.FREE}" in labels(DIRECTOR, *closing)


@pytest.mark.parametrize(
    "closed", [s.HISTORIES[Phase.CLOSING], (*s.HISTORIES[Phase.PREPARED], e.CaseClosing())]
)
def test_the_support_worker_reads_nothing_of_a_case_that_closes_r102(closed: tuple[Any, ...]) -> None:
    state = s.state(*closed)
    for _, thing in (("case", None), *things(state)):
        assert rule(may_view(SUPPORT, thing, state, looking(s.parties()))) == (False, "R102")
    assert isinstance(may_view(DIRECTOR, None, state, looking(s.parties())), Allowed)


def test_what_was_prepared_in_vain_is_for_the_leading_party_r102() -> None:
    """Closed before anybody was invited: the preparation is of no meeting."""
    prepared = s.HISTORIES[Phase.PREPARED]
    assert "preparation" not in labels(delegate(s.VENLO), *prepared)
    assert "preparation" in labels(delegate(s.VENLO), *prepared, e.CaseClosing())
    assert "preparation" not in labels(delegate(s.CARE), *prepared, e.CaseClosing())


def test_a_case_without_a_leading_party_is_read_by_nobody() -> None:
    """It was closed elsewhere before it was prepared here."""
    state = s.state(e.CaseClosing())
    for viewer in (Viewer(Role.SUPPORT_WORKER, "support", on_behalf_of=""), delegate(s.VENLO)):
        assert isinstance(may_view(viewer, None, state, looking(s.parties())), Denied)
    assert isinstance(
        may_view(Viewer(Role.PARTY_WORKER, "nobody"), None, state, looking(s.parties())), Denied
    )


# --- what is looked at -----------------------------------------------------------------------------


def test_every_text_of_a_case_can_be_looked_at_and_the_preparation_gives_nobody_elses_away() -> None:
    state = s.state(*s.AGREED)
    prepared = [thing for _, thing in things(state) if isinstance(thing, RtoPrepared)]
    (preparation,) = prepared
    assert (preparation.participants, preparation.viewing_plan, preparation.persons) == ((), (), ())
    found = [label for label, _ in things(state)]
    assert len(found) == len(set(found))


def test_labels_hold_ids_and_words_only() -> None:
    """They stand in the access log."""
    for phase in Phase:
        for label, _ in things(s.state(*s.HISTORIES[phase])):
            assert "piece" not in label


@pytest.mark.parametrize("role", Role)
def test_the_access_log_is_read_by_the_privacy_officer_alone(role: Role) -> None:
    state: State = s.state(*s.SEATED)
    verdict = may_view_log(Viewer(role, s.DIRECTOR, s.VENLO, s.VENLO), None, state, looking(s.parties()))
    assert isinstance(verdict, Allowed) == (role is Role.PRIVACY_OFFICER)
