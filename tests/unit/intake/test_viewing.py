"""Who sees what of a case at intake (R5, R6): deny by default."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake import events as e
from services.intake.state import Phase, State
from services.intake.viewing import NOBODY_ELSE, ONLY_WHO_INFORMS, OPEN, may_list_duty, may_view
from shared.contract.fields import InformMoment
from shared.core.actor import Role
from shared.core.obligations import Obligation
from shared.core.viewing import Allowed, Denied, Viewer
from tests.support.samples import intake as s
from tests.support.spec import NOW

PEOPLE = (
    Role.PARTY_WORKER,
    Role.PROCESS_DIRECTOR,
    Role.SUPPORT_WORKER,
    Role.MANAGER,
    Role.SECRETARY,
    Role.PRIVACY_OFFICER,
)
WORKER = Viewer(Role.PARTY_WORKER, "worker", party=s.VENLO)
DIRECTOR = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, on_behalf_of=s.VENLO)
SUPPORT = Viewer(Role.SUPPORT_WORKER, "support", on_behalf_of=s.VENLO)


def state(phase: Phase = Phase.TAKEN_UP, *more: Any) -> State:
    given = s.spec().given(*s.HISTORIES[phase], *more)
    if given.state is None:
        return State()
    supported = e.CaseAssigned(given.state.director, (SUPPORT.person,), 1, s.text("why"), NOW)
    found = given.given(supported).state
    assert isinstance(found, State)
    return found


def things(of: State) -> list[Any]:
    return [None, *of.persons, *of.items, of.screening]


@pytest.mark.parametrize("phase", sorted(OPEN))
@pytest.mark.parametrize("viewer", [WORKER, DIRECTOR])
def test_referrer_and_director_see_the_referral(phase: Phase, viewer: Viewer) -> None:
    """R6, R24: and the look says whose information it is."""
    of = state(phase)
    for thing in things(of):
        assert may_view(viewer, thing, of, NOW) == Allowed("R6", s.VENLO)


@pytest.mark.parametrize("phase", [Phase.RECEIVED, Phase.CONSULTED, Phase.TAKEN_UP])
def test_the_support_worker_sees_it_with_the_director(phase: Phase) -> None:
    assert may_view(SUPPORT, None, state(phase), NOW) == Allowed("R6", s.VENLO)


@pytest.mark.parametrize("phase", sorted(set(Phase) - OPEN))
@pytest.mark.parametrize("role", PEOPLE)
def test_nobody_sees_anything_before_there_is_a_case_and_after_phase_3(phase: Phase, role: Role) -> None:
    """R88: what stays is shown by retention."""
    viewer = Viewer(role, s.DIRECTOR, s.VENLO, s.VENLO)
    of = state(phase)
    for thing in things(of):
        assert isinstance(may_view(viewer, thing, of, NOW), Denied)


@pytest.mark.parametrize("phase", sorted(OPEN))
@pytest.mark.parametrize("role", [Role.MANAGER, Role.SECRETARY, Role.PRIVACY_OFFICER])
def test_the_manager_and_every_other_role_see_nothing(phase: Phase, role: Role) -> None:
    of = state(phase)
    for thing in things(of):
        assert may_view(Viewer(role, "x", s.VENLO, s.VENLO), thing, of, NOW) is NOBODY_ELSE


@pytest.mark.parametrize("phase", sorted(OPEN))
def test_another_partys_worker_sees_nothing(phase: Phase) -> None:
    of = state(phase)
    for thing in things(of):
        assert may_view(replace(WORKER, party=s.POLICE), thing, of, NOW) is NOBODY_ELSE
        assert may_view(replace(WORKER, party=None), thing, of, NOW) is NOBODY_ELSE


@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
@pytest.mark.parametrize("on_behalf_of", [None, s.POLICE])
def test_the_house_sees_a_case_on_behalf_of_its_leading_party_only(
    viewer: Viewer, on_behalf_of: str | None
) -> None:
    """R7."""
    verdict = may_view(replace(viewer, on_behalf_of=on_behalf_of), None, state(), NOW)
    assert isinstance(verdict, Denied) and verdict.rule == "R7"


def test_once_a_director_has_the_case_another_one_does_not_see_it() -> None:
    other = replace(DIRECTOR, person="another")
    assert may_view(other, None, state(Phase.CONSULTED), NOW) == Allowed("R6", s.VENLO)
    assert may_view(other, None, state(Phase.TAKEN_UP), NOW) is NOBODY_ELSE


def test_an_item_under_the_referrers_secrecy_is_hidden_from_the_house_alone() -> None:
    """R23."""
    hidden = e.ReferralReceived(s.CASE, s.VENLO, s.referral(items=(s.item(hidden_from_director=True),)), NOW)
    supported = e.CaseAssigned(None, (SUPPORT.person,), 1, s.text("why"), NOW)
    of = s.spec().given(hidden, supported).state
    for viewer in (DIRECTOR, SUPPORT):
        verdict = may_view(viewer, of.items[0], of, NOW)
        assert isinstance(verdict, Denied) and verdict.rule == "R23"
        assert isinstance(may_view(viewer, of.persons[0], of, NOW), Allowed)
    assert isinstance(may_view(WORKER, of.items[0], of, NOW), Allowed)


def test_when_direction_moves_the_house_acts_for_the_new_leading_party() -> None:
    """R72."""
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    assert isinstance(may_view(DIRECTOR, None, of, NOW), Denied)
    assert isinstance(may_view(replace(DIRECTOR, on_behalf_of=s.POLICE), None, of, NOW), Allowed)
    assert isinstance(may_view(replace(WORKER, party=s.POLICE), None, of, NOW), Allowed)
    assert isinstance(may_view(WORKER, None, of, NOW), Allowed)


def test_what_the_screening_rests_on_is_the_referrers_and_not_of_who_leads_later_r5_r10() -> None:
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    assert may_view(WORKER, of.screening, of, NOW) == Allowed("R6", s.VENLO)
    assert may_view(replace(DIRECTOR, on_behalf_of=s.POLICE), of.screening, of, NOW) == Allowed("R6", s.VENLO)
    assert may_view(replace(WORKER, party=s.POLICE), of.screening, of, NOW) is NOBODY_ELSE


def test_who_led_before_reads_nothing_of_what_is_closing_and_who_leads_does_r102() -> None:
    closing = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW), e.CaseClosing(NOW))
    for thing in (*things(closing), duty(), duty(InformMoment.CASE_REMOVED)):
        verdict = may_view(WORKER, thing, closing, NOW)
        assert isinstance(verdict, Denied) and verdict.rule == "R102"
    leader = replace(WORKER, party=s.POLICE)
    for thing in (None, *closing.persons):
        assert may_view(leader, thing, closing, NOW) == Allowed("R17", s.VENLO)
    assert may_view(leader, duty(InformMoment.CASE_REMOVED), closing, NOW) == Allowed("R17", s.POLICE)


# --- the list of who is still to be informed (R17) ---------------------------------------------------


@pytest.mark.parametrize("phase", [Phase.TAKEN_UP, Phase.DEESCALATED, Phase.ARCHIVED, Phase.CLOSING])
def test_open_duties_are_listed_in_every_phase_to_who_informs_and_to_the_director(phase: Phase) -> None:
    of = state(phase)
    for viewer in (WORKER, DIRECTOR, replace(DIRECTOR, on_behalf_of=None)):
        assert may_list_duty(viewer, duty(), of, NOW) == Allowed("R17", s.VENLO)
        assert may_list_duty(viewer, None, of, NOW) == Allowed("R17", s.VENLO)
    for viewer in (replace(WORKER, party=s.POLICE), replace(DIRECTOR, person="another"), SUPPORT):
        assert may_list_duty(viewer, duty(), of, NOW) is ONLY_WHO_INFORMS
        assert may_list_duty(viewer, None, of, NOW) is ONLY_WHO_INFORMS


@pytest.mark.parametrize("role", [Role.MANAGER, Role.SECRETARY, Role.PRIVACY_OFFICER, Role.SUPPORT_WORKER])
def test_to_no_other_role_an_open_duty_is_listed(role: Role) -> None:
    assert may_list_duty(Viewer(role, s.DIRECTOR, s.VENLO, s.VENLO), duty(), state(), NOW) is ONLY_WHO_INFORMS


def test_who_led_before_is_listed_what_it_is_still_to_do_and_nothing_else() -> None:
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    own, later = duty(), replace(duty(InformMoment.AFTER_RTO), debtor=s.POLICE)
    assert may_list_duty(WORKER, own, of, NOW) == Allowed("R17", s.VENLO)
    assert may_list_duty(WORKER, later, of, NOW) is ONLY_WHO_INFORMS
    for thing in (own, later):
        assert may_list_duty(replace(WORKER, party=s.POLICE), thing, of, NOW) == Allowed("R17", s.POLICE)


# --- the duties to inform (R16 to R19) --------------------------------------------------------------


def duty(moment: InformMoment = InformMoment.TAKEN_UP) -> Obligation:
    return s.duty(kind=moment)


@pytest.mark.parametrize("viewer", [WORKER, DIRECTOR, SUPPORT])
@pytest.mark.parametrize("moment", InformMoment)
def test_who_informs_and_who_does_so_on_its_behalf_see_each_duty(
    viewer: Viewer, moment: InformMoment
) -> None:
    """R17: and the look says whose duty it is."""
    assert may_view(viewer, duty(moment), state(), NOW) == Allowed("R17", s.VENLO)


@pytest.mark.parametrize("phase", sorted(OPEN))
@pytest.mark.parametrize("role", PEOPLE)
def test_nobody_else_sees_a_duty(phase: Phase, role: Role) -> None:
    elsewhere = Viewer(role, "x", s.POLICE, s.POLICE)
    assert isinstance(may_view(elsewhere, duty(), state(phase), NOW), Denied)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.SECRETARY, Role.PRIVACY_OFFICER])
def test_a_duty_is_no_business_of_the_roles_without_a_part_in_the_case(role: Role) -> None:
    assert may_view(Viewer(role, "x", s.VENLO, s.VENLO), duty(), state(), NOW) is NOBODY_ELSE


def test_a_duty_is_seen_by_the_assigned_director_and_by_no_other() -> None:
    assert may_view(replace(DIRECTOR, person="another"), duty(), state(), NOW) is NOBODY_ELSE


def test_a_duty_is_seen_by_the_house_on_behalf_of_the_leading_party_alone_r7() -> None:
    for viewer in (DIRECTOR, SUPPORT):
        verdict = may_view(replace(viewer, on_behalf_of=s.POLICE), duty(), state(), NOW)
        assert isinstance(verdict, Denied) and verdict.rule == "R7"


def test_in_a_closing_case_the_support_worker_sees_no_duty_r102() -> None:
    removed = duty(InformMoment.CASE_REMOVED)
    of = state(Phase.CLOSING)
    verdict = may_view(SUPPORT, removed, of, NOW)
    assert isinstance(verdict, Denied) and verdict.rule == "R102"
    assert (
        may_view(DIRECTOR, removed, of, NOW) == may_view(WORKER, removed, of, NOW) == Allowed("R17", s.VENLO)
    )


@pytest.mark.parametrize("moment", InformMoment)
def test_when_direction_moves_later_duties_are_the_new_leading_partys_alone_r83(moment: InformMoment) -> None:
    """R16, R56: those of the phases before were the referrer's own, and it goes on seeing them."""
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    assert may_view(replace(WORKER, party=s.POLICE), duty(moment), of, NOW) == Allowed("R17", s.POLICE)
    own = moment in (InformMoment.TAKEN_UP, InformMoment.AFTER_TRIAGE)
    expected = Allowed("R17", s.POLICE) if own else ONLY_WHO_INFORMS
    assert may_view(WORKER, duty(moment), of, NOW) == expected
    assert isinstance(may_view(DIRECTOR, duty(moment), of, NOW), Denied)
    assert isinstance(may_view(replace(DIRECTOR, on_behalf_of=s.POLICE), duty(moment), of, NOW), Allowed)
