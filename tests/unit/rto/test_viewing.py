"""Who sees what at the round table, rule by rule: deny by default."""

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


def test_a_look_says_whose_information_it_is_r68() -> None:
    assert look(delegate(s.CARE), s.FREE, *s.SEATED) == Allowed("R61", s.POLICE)
    assert look(delegate(s.CARE), s.RENT, *s.SEATED) == Allowed("R61", s.HOUSING)
    assert look(delegate(s.POLICE), s.FREE, *s.SEATED) == Allowed("R66", s.POLICE)


def test_the_window_opens_when_the_rto_is_convened_a17() -> None:
    closed = Denied("R61", "B3-F3; art. 9.2f")
    assert look(delegate(s.CARE), s.FREE, *s.HISTORIES[Phase.PREPARED]) == closed
    assert rule(look(delegate(s.CARE), s.FREE, *s.SEATED)) == (True, "R61")


def test_the_window_closes_with_the_rto_except_for_the_agreed_set_r79() -> None:
    assert seen_by(delegate(s.CARE), *FOLLOWED_BY_CARE) == {s.FREE, s.WITHHELD}
    assert rule(look(delegate(s.CARE), s.RENT, *FOLLOWED_BY_CARE)) == (False, "R79")
    assert rule(look(delegate(s.CARE), s.FREE, *FOLLOWED_BY_CARE)) == (True, "R79")


def test_who_is_not_invited_sees_nothing_r61() -> None:
    assert rule(look(delegate(s.STRANGER), s.FREE, *s.SEATED)) == (False, "R61")


def test_who_has_not_accepted_sees_nothing_r59() -> None:
    assert rule(look(delegate(s.CARE), s.FREE, *s.INVITED)) == (False, "R59")
    declined = e.InvitationDeclined(s.RTO, s.CARE, None, NOW)
    assert rule(look(delegate(s.CARE), s.FREE, *s.SEATED, declined)) == (False, "R59")


def test_only_the_named_delegate_looks_r59() -> None:
    """Not even at the party's own items: one person speaks and looks for it."""
    colleague = delegate(s.POLICE, "a-colleague")
    state = s.state(*s.SEATED)
    for thing in (None, *state.items):
        assert rule(may_view(colleague, thing, state, looking(s.parties()))) == (False, "R59")
    replaced = e.InvitationAccepted(s.RTO, s.POLICE, "a-colleague", NOW)
    assert rule(look(colleague, s.FREE, *s.SEATED, replaced)) == (True, "R66")
    assert rule(look(delegate(s.POLICE), s.FREE, *s.SEATED, replaced)) == (False, "R59")


def test_an_item_that_is_not_on_the_viewing_plan_is_not_seen_r42() -> None:
    assert rule(look(delegate(s.VENLO), s.RENT, *s.SEATED)) == (False, "R42")
    opened = e.ViewingPlanExtended((s.entry(s.RENT, s.VENLO),), NOW)
    assert rule(look(delegate(s.VENLO), s.RENT, *s.SEATED, opened)) == (True, "R61")


def test_an_item_that_its_contributor_did_not_release_is_not_seen_r65() -> None:
    assert rule(look(delegate(s.CARE), s.SILENT, *s.SEATED)) == (False, "R65")
    given = e.ReleaseGiven(m.ReleaseGiven(item_id=s.SILENT, use=m.Use.RTO), NOW)
    assert rule(look(delegate(s.CARE), s.SILENT, *s.SEATED, given)) == (True, "R61")


def test_a_release_for_an_activity_is_none_for_the_table_r65() -> None:
    given = e.ReleaseGiven(s.release(item_id=s.SILENT), NOW)
    assert rule(look(delegate(s.CARE), s.SILENT, *s.SEATED, s.PLANNED, given)) == (False, "R65")


@pytest.mark.parametrize("history", [s.SEATED, FOLLOWED_BY_CARE])
def test_a_withdrawn_item_is_gone_for_the_others_at_once_a12(history: tuple[Any, ...]) -> None:
    withdrawn = e.ReleaseWithdrawn(s.FREE, NOW)
    assert rule(look(delegate(s.CARE), s.FREE, *history))[0]
    assert rule(look(delegate(s.CARE), s.FREE, *history, withdrawn)) == (False, "R65")
    assert rule(look(delegate(s.POLICE), s.FREE, *history, withdrawn)) == (True, "R66")


def test_a_reservation_hides_the_item_from_exactly_that_participant_r62() -> None:
    assert rule(look(delegate(s.HOUSING), s.WITHHELD, *s.SEATED)) == (False, "R62")
    assert rule(look(delegate(s.CARE), s.WITHHELD, *s.SEATED)) == (True, "R61")


@pytest.mark.parametrize("category", [Category.SPECIAL, Category.CRIMINAL])
def test_special_and_criminal_data_are_for_the_competent_r49(category: Category) -> None:
    item = e.ItemRecorded(s.item(s.NEW, category=category))
    plan = e.ViewingPlanExtended((s.entry(s.NEW, s.HOUSING), s.entry(s.NEW, s.CARE)), NOW)
    history = (*s.SEATED, item, plan)
    assert rule(look(delegate(s.HOUSING), s.NEW, *history)) == (False, "R49")
    assert rule(look(delegate(s.CARE), s.NEW, *history)) == (True, "R61")


def test_at_a_follow_up_one_is_invited_anew_r61() -> None:
    again = (*FOLLOWED_BY_CARE, s.convened(s.SECOND_RTO))
    assert rule(look(delegate(s.CARE), s.FREE, *again)) == (False, "R59")
    assert rule(look(delegate(s.CARE), s.FREE, *again, s.accepted(s.CARE, s.SECOND_RTO))) == (True, "R61")
    without = (*FOLLOWED_BY_CARE, s.convened(s.SECOND_RTO, participants=(s.participant(s.POLICE),)))
    assert rule(look(delegate(s.CARE), s.FREE, *without)) == (False, "R61")


def test_while_monitoring_the_leading_party_sees_the_agreed_set_r80() -> None:
    """Table F: the case director sees per item, and the monitoring set; the other checks stay."""
    set_with_rent = e.MonitoringAgreed(s.text("purpose"), (s.FREE, s.WITHHELD, s.RENT), NOW)
    agreed = (s.concluded(), set_with_rent)
    assert seen_by(delegate(s.VENLO), *s.AGREED, *agreed) == {s.FREE, s.WITHHELD, s.RENT}
    assert seen_by(delegate(s.VENLO), *s.AGREED, s.MOVED, *agreed) == set()
    housing_leads = e.DirectionMoved(s.HOUSING, s.VENLO, s.text("name"), NOW)
    assert s.WITHHELD not in seen_by(delegate(s.HOUSING), *s.AGREED, housing_leads, *agreed)


def leads(party: str) -> e.DirectionMoved:
    return e.DirectionMoved(party, s.VENLO, s.text("name"), NOW)


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


def test_what_became_of_an_item_is_for_its_contributor_r66() -> None:
    history = (*s.AGREED, s.PROVIDED)
    asked = f"release/{s.FREE}/plan-activity/{s.CARE}/{s.TREAT}"
    taken = f"taker/{s.CARE}/{s.FREE}/{s.TREAT}"
    assert {asked, taken} <= labels(delegate(s.POLICE), *history)
    assert {asked, taken} & labels(delegate(s.CARE), *history) == {taken}
    assert {asked, taken} & labels(delegate(s.HOUSING), *history) == set()


# --- what the participants share -------------------------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.CONVENED, Phase.MONITORING])
@pytest.mark.parametrize("party", s.AT_THE_TABLE)
def test_participants_share_meeting_persons_and_plan_a19(party: str, phase: Phase) -> None:
    joint = {"preparation", "plan", f"rto/{s.RTO}", f"action/{s.TREAT}", f"action/{s.ARRANGE}"}
    persons = {f"person/{s.MAN}", f"person/{s.MOTHER}"}
    seen = labels(delegate(party), *s.HISTORIES[phase])
    assert joint <= seen
    has_part = phase is Phase.CONVENED or party != s.POLICE
    assert seen & persons == (persons if has_part else set())


def test_who_does_not_come_shares_nothing() -> None:
    assert labels(delegate(s.CARE), *s.INVITED) == set()
    assert may_view(delegate(s.CARE), None, s.state(*s.INVITED), looking(s.parties())) == Denied(
        "R59", "art. 6.2, 6.3"
    )


def test_an_executor_that_is_not_at_the_table_sees_its_own_actions_only_a19() -> None:
    started = e.ActionProgressed(s.TREAT, m.ActionProgress.STARTED, None, NOW)
    only_police = s.convened(s.SECOND_RTO, participants=(s.participant(s.POLICE),))
    history = (*FOLLOWED_BY_CARE, started, e.DirectionMoved(s.POLICE, s.CARE, s.text("n"), NOW), only_police)
    assert labels(delegate(s.CARE), *history) == {f"action/{s.TREAT}", f"progress/{s.TREAT}/1"}
    assert rule(may_view(delegate(s.CARE), None, s.state(*history), looking(s.parties()))) == (True, "R66")


def test_the_purpose_of_monitoring_is_read_by_who_shares_the_plan_r79() -> None:
    history = s.HISTORIES[Phase.MONITORING]
    for viewer in (DIRECTOR, SUPPORT, *map(delegate, s.AT_THE_TABLE)):
        assert "monitoring" in labels(viewer, *history)
    assert "monitoring" not in labels(delegate(s.STRANGER), *history)
    assert "monitoring" not in labels(delegate(s.CARE), *s.AGREED), "before there is one"


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


def test_an_earlier_meeting_is_for_those_who_were_invited_to_it() -> None:
    again = s.convened(s.SECOND_RTO, participants=(s.participant(s.STRANGER),))
    history = (*FOLLOWED_BY_CARE, again, s.accepted(s.STRANGER, s.SECOND_RTO))
    seen = labels(delegate(s.STRANGER), *history)
    assert f"rto/{s.SECOND_RTO}" in seen
    assert f"rto/{s.RTO}" not in seen


def test_the_plan_is_bound_to_the_release_of_what_it_drew_from_a19() -> None:
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.WITHHELD,)), s.AT_THE_TABLE, NOW)
    history = (*s.SEATED, drawn)
    assert "plan" in labels(delegate(s.CARE), *history)
    assert "plan" in labels(delegate(s.POLICE), *history)
    assert "plan" not in labels(delegate(s.HOUSING), *history)
    withdrawn = e.ReleaseWithdrawn(s.WITHHELD, NOW)
    assert "plan" not in labels(delegate(s.CARE), *history, withdrawn)
    assert "plan" in labels(delegate(s.POLICE), *history, withdrawn)


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
        *((DIRECTOR, phase) for phase in (Phase.PREPARED, Phase.CONVENED, Phase.CLOSING)),
        *((SUPPORT, phase) for phase in (Phase.PREPARED, Phase.CONVENED)),
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


@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
def test_while_monitoring_they_see_the_agreed_set_r79(viewer: Viewer) -> None:
    assert seen_by(viewer, *s.HISTORIES[Phase.MONITORING]) == {s.FREE, s.WITHHELD}


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
