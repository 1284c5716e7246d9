"""Who sees what of a case at intake (R5, R6): deny by default."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.intake import events as e
from services.intake.main import PROCESS
from services.intake.permissions import scopes_now
from services.intake.state import Phase, State
from services.intake.viewing import (
    NOBODY_ELSE,
    ONLY_WHO_INFORMS,
    OPEN,
    SHOWN_AT_TRIAGE,
    may_list_duty,
    may_view,
)
from shared.contract.fields import ContributedItem, InformMoment, ItemStatus
from shared.contract.messages.intake import ScreeningOutcome
from shared.contract.messages.retention import Term, TermKind
from shared.contract.parties import Parties
from shared.core.actor import Role
from shared.core.item_standing import TAKEN_BACK, Standing
from shared.core.looking import Look, looking_at
from shared.core.obligations import Obligation
from shared.core.service_numbers import PersonNumber
from shared.core.viewing import Allowed, Denied, Verdict, Viewer
from tests.support.samples import intake as s
from tests.support.spec import NOW, looking

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

TAKEN_UP = set(ScreeningOutcome) - {ScreeningOutcome.NOT_TAKEN_UP}


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


@pytest.mark.clause("R6.a", allowed="In fase 1 lezen de aanmelder en de procesregisseur de casus.")
@pytest.mark.clause(
    "R6.b", allowed="De aanmelder en de procesregisseur zijn degenen die de casus in fase 1 lezen."
)
@pytest.mark.parametrize("phase", sorted(OPEN))
@pytest.mark.parametrize("viewer", [WORKER, DIRECTOR])
def test_referrer_and_director_see_the_referral(phase: Phase, viewer: Viewer) -> None:
    """R6, R24: and the look says whose information it is. Once taken up, triage shows the house the items."""
    of = state(phase)
    for thing in things(of):
        elsewhere = isinstance(thing, ContributedItem) and viewer is DIRECTOR and of.outcome in TAKEN_UP
        expected = SHOWN_AT_TRIAGE if elsewhere else Allowed("R6", s.VENLO)
        assert may_view(viewer, thing, of, looking()) == expected


@pytest.mark.clause(
    "R66.c", refused="In de screening ziet de procesregisseur een gegeven dat de aanmelder introk niet meer."
)
def test_before_screening_the_house_does_not_see_what_the_referrer_took_back_a12() -> None:
    of = state(Phase.CONSULTED)
    (item, *_) = of.items
    back = replace(of, standings=(Standing(item.item_id, s.VENLO, 1, ItemStatus.WITHDRAWN),))
    assert may_view(DIRECTOR, item, back, looking()) == TAKEN_BACK
    assert isinstance(may_view(WORKER, item, back, looking()), Allowed)


@pytest.mark.clause("R6.a", allowed="De ondersteunende medewerker die bij de casus hoort, leest hem ook.")
@pytest.mark.parametrize("phase", [Phase.RECEIVED, Phase.CONSULTED, Phase.TAKEN_UP])
def test_the_support_worker_sees_it_with_the_director(phase: Phase) -> None:
    assert may_view(SUPPORT, None, state(phase), looking()) == Allowed("R6", s.VENLO)


@pytest.mark.parametrize("phase", sorted(set(Phase) - OPEN))
@pytest.mark.parametrize("role", PEOPLE)
def test_nobody_sees_anything_before_there_is_a_case_and_after_phase_3(phase: Phase, role: Role) -> None:
    """R88: what stays is shown by retention."""
    viewer = Viewer(role, s.DIRECTOR, s.VENLO, s.VENLO)
    of = state(phase)
    for thing in things(of):
        assert isinstance(may_view(viewer, thing, of, looking()), Denied)


@pytest.mark.clause(
    "R6.b", refused="De manager, de secretaris en de functionaris gegevensbescherming lezen de casus niet."
)
@pytest.mark.parametrize("phase", sorted(OPEN))
@pytest.mark.parametrize("role", [Role.MANAGER, Role.SECRETARY, Role.PRIVACY_OFFICER])
def test_the_manager_and_every_other_role_see_nothing(phase: Phase, role: Role) -> None:
    of = state(phase)
    for thing in things(of):
        assert may_view(Viewer(role, "x", s.VENLO, s.VENLO), thing, of, looking()) is NOBODY_ELSE


@pytest.mark.clause("R6.a", refused="Een medewerker van een andere partij leest niets van de casus.")
@pytest.mark.clause(
    "R5.b", refused="Een andere partij die in fase 1 naar een casus vraagt, krijgt niets te zien."
)
@pytest.mark.parametrize("phase", sorted(OPEN))
def test_another_partys_worker_sees_nothing(phase: Phase) -> None:
    of = state(phase)
    for thing in things(of):
        assert may_view(replace(WORKER, party=s.POLICE), thing, of, looking()) is NOBODY_ELSE
        assert may_view(replace(WORKER, party=None), thing, of, looking()) is NOBODY_ELSE


@pytest.mark.clause(
    "R7.c",
    refused="Namens een andere partij of namens niemand lezen procesregisseur en ondersteunende "
    "medewerker niets.",
)
@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
@pytest.mark.parametrize("on_behalf_of", [None, s.POLICE])
def test_the_house_sees_a_case_on_behalf_of_its_leading_party_only(
    viewer: Viewer, on_behalf_of: str | None
) -> None:
    """R7."""
    verdict = may_view(replace(viewer, on_behalf_of=on_behalf_of), None, state(), looking())
    assert isinstance(verdict, Denied) and verdict.rule == "R7"


@pytest.mark.clause(
    "R6.c",
    allowed="Zolang de casus niet is toegewezen, leest een procesregisseur hem namens de leidende partij.",
)
@pytest.mark.clause("R6.c", refused="Heeft een procesregisseur de casus, dan leest een ander hem niet.")
def test_once_a_director_has_the_case_another_one_does_not_see_it() -> None:
    other = replace(DIRECTOR, person="another")
    assert may_view(other, None, state(Phase.CONSULTED), looking()) == Allowed("R6", s.VENLO)
    assert may_view(other, None, state(Phase.TAKEN_UP), looking()) is NOBODY_ELSE


@pytest.mark.clause(
    "R23.a", allowed="De aanmelder zelf leest het gegeven dat hij onder zijn geheimhouding afschermde."
)
@pytest.mark.clause(
    "R23.a", refused="De procesregisseur en de ondersteunende medewerker zien dat gegeven niet."
)
def test_an_item_under_the_referrers_secrecy_is_hidden_from_the_house_alone() -> None:
    """R23."""
    hidden = e.ReferralReceived(s.CASE, s.VENLO, s.referral(items=(s.item(hidden_from_director=True),)), NOW)
    supported = e.CaseAssigned(None, (SUPPORT.person,), 1, s.text("why"), NOW)
    of = s.spec().given(hidden, supported).state
    for viewer in (DIRECTOR, SUPPORT):
        verdict = may_view(viewer, of.items[0], of, looking())
        assert isinstance(verdict, Denied) and verdict.rule == "R23"
        assert isinstance(may_view(viewer, of.persons[0], of, looking()), Allowed)
    assert isinstance(may_view(WORKER, of.items[0], of, looking()), Allowed)


@pytest.mark.clause(
    "R7.c", allowed="De procesregisseur leest de casus namens de partij die op dat moment de leiding heeft."
)
def test_when_direction_moves_the_house_acts_for_the_new_leading_party() -> None:
    """R72."""
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    assert isinstance(may_view(DIRECTOR, None, of, looking()), Denied)
    assert isinstance(may_view(replace(DIRECTOR, on_behalf_of=s.POLICE), None, of, looking()), Allowed)
    assert isinstance(may_view(replace(WORKER, party=s.POLICE), None, of, looking()), Allowed)
    assert isinstance(may_view(WORKER, None, of, looking()), Allowed)


NUMBER = PersonNumber(s.MAN, s.text("bsn"))


def of_number(viewer: Viewer, of: State, **record: bool) -> Verdict:
    """On a number, where the party of this viewer, or in whose name it looks, has this record."""
    party = viewer.party or viewer.on_behalf_of or ""
    parties = Parties({party: s.venlo(party=party, **record)})
    return may_view(viewer, NUMBER, of, looking(parties))


@pytest.mark.clause("R22.c", allowed="Wie het burgerservicenummer mag gebruiken, ziet het.")
@pytest.mark.clause(
    "R22.c",
    refused="Wie het nummer niet mag gebruiken, en wie namens zo'n partij werkt, ziet de persoon zonder "
    "dat nummer.",
)
@pytest.mark.parametrize("viewer", [WORKER, DIRECTOR, SUPPORT])
def test_a_number_is_read_by_and_for_who_may_use_it_now_r22(viewer: Viewer) -> None:
    """R6: and the person itself by who leads, whatever it may use."""
    of = state()
    assert of_number(viewer, of, may_use_bsn=True) == Allowed("R6", s.VENLO)
    assert of_number(viewer, of, may_use_bsn=False) == Denied("R22", "B3-F1, F2")
    assert isinstance(may_view(viewer, of.persons[0], of, looking()), Allowed)


@pytest.mark.parametrize(
    "viewer", [replace(WORKER, party=s.POLICE), replace(DIRECTOR, on_behalf_of=s.POLICE)]
)
def test_once_direction_moved_a_number_is_for_a_new_leading_party_that_may_use_it_r22(viewer: Viewer) -> None:
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    assert isinstance(of_number(viewer, of, may_use_bsn=True), Allowed)
    assert of_number(viewer, of, may_use_bsn=False) == Denied("R22", "B3-F1, F2")
    assert isinstance(may_view(viewer, of.persons[0], of, looking()), Allowed)


@pytest.mark.clause(
    "R10.d", allowed="De aanmelder en de procesregisseur kunnen de criteria en de afwegingen teruglezen."
)
@pytest.mark.clause(
    "R10.d", refused="Een andere partij kan dat niet, ook niet als zij later de leiding heeft."
)
def test_what_the_screening_rests_on_is_the_referrers_and_not_of_who_leads_later_r5_r10() -> None:
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    assert may_view(WORKER, of.screening, of, looking()) == Allowed("R6", s.VENLO)
    assert may_view(replace(DIRECTOR, on_behalf_of=s.POLICE), of.screening, of, looking()) == Allowed(
        "R6", s.VENLO
    )
    assert may_view(replace(WORKER, party=s.POLICE), of.screening, of, looking()) is NOBODY_ELSE


def test_who_led_before_reads_nothing_of_what_is_closing_and_who_leads_does_r102() -> None:
    closing = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW), e.CaseClosing(NOW))
    for thing in (*things(closing), duty(), duty(InformMoment.CASE_REMOVED)):
        verdict = may_view(WORKER, thing, closing, looking())
        assert isinstance(verdict, Denied) and verdict.rule == "R102"
    leader = replace(WORKER, party=s.POLICE)
    for thing in (None, *closing.persons):
        assert may_view(leader, thing, closing, looking()) == Allowed("R17", s.VENLO)
    assert may_view(leader, duty(InformMoment.CASE_REMOVED), closing, looking()) == Allowed("R17", s.POLICE)


# --- the list of who is still to be informed (R17) ---------------------------------------------------


@pytest.mark.clause(
    "R16.f",
    allowed="Alle plichten om te informeren, van welke fase ook, staan in één register voor wie moet "
    "informeren en zijn procesregisseur.",
)
@pytest.mark.parametrize("phase", [Phase.TAKEN_UP, Phase.DEESCALATED, Phase.ARCHIVED, Phase.CLOSING])
def test_open_duties_are_listed_in_every_phase_to_who_informs_and_to_the_director(phase: Phase) -> None:
    of = state(phase)
    for viewer in (WORKER, DIRECTOR, replace(DIRECTOR, on_behalf_of=None)):
        assert may_list_duty(viewer, duty(), of, looking()) == Allowed("R17", s.VENLO)
        assert may_list_duty(viewer, None, of, looking()) == Allowed("R17", s.VENLO)
    for viewer in (replace(WORKER, party=s.POLICE), replace(DIRECTOR, person="another"), SUPPORT):
        assert may_list_duty(viewer, duty(), of, looking()) is ONLY_WHO_INFORMS
        assert may_list_duty(viewer, None, of, looking()) is ONLY_WHO_INFORMS


@pytest.mark.parametrize("role", [Role.MANAGER, Role.SECRETARY, Role.PRIVACY_OFFICER, Role.SUPPORT_WORKER])
def test_to_no_other_role_an_open_duty_is_listed(role: Role) -> None:
    assert (
        may_list_duty(Viewer(role, s.DIRECTOR, s.VENLO, s.VENLO), duty(), state(), looking())
        is ONLY_WHO_INFORMS
    )


def test_who_led_before_is_listed_what_it_is_still_to_do_and_nothing_else() -> None:
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    own, later = duty(), replace(duty(InformMoment.AFTER_RTO), debtor=s.POLICE)
    assert may_list_duty(WORKER, own, of, looking()) == Allowed("R17", s.VENLO)
    assert may_list_duty(WORKER, later, of, looking()) is ONLY_WHO_INFORMS
    for thing in (own, later):
        assert may_list_duty(replace(WORKER, party=s.POLICE), thing, of, looking()) == Allowed(
            "R17", s.POLICE
        )


@pytest.mark.parametrize(("moment", "shown"), [(NOW - timedelta(microseconds=1), True), (NOW, False)])
def test_from_the_day_on_which_all_is_gone_no_duty_is_listed_though_a_timer_waits(
    moment: datetime, shown: bool
) -> None:
    """R91, R102: what is still open goes to its debtor with the last letter."""
    removal = Term(kind=TermKind.REMOVE, due=NOW, decided_by=s.VENLO)
    of = replace(state(Phase.CLOSING), terms=(removal,))
    at = looking(at=moment)
    for viewer in (WORKER, DIRECTOR):
        for thing in (None, duty(InformMoment.CASE_REMOVED)):
            verdict = may_list_duty(viewer, thing, of, at)
            assert isinstance(verdict, Allowed if shown else Denied)
            assert verdict.rule == ("R17" if shown else "R91")


# --- the duties to inform (R16 to R19) --------------------------------------------------------------


def test_who_referred_reads_its_own_duties_whatever_who_leads_after_it_has_authorised_r122() -> None:
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    own, later = duty(), replace(duty(InformMoment.AFTER_RTO), debtor=s.POLICE)
    nothing_authorised = {s.POLICE: s.venlo(party=s.POLICE, authorisations=()), s.VENLO: s.venlo()}

    def decided(viewer: Viewer) -> Look:
        of_all = looking(Parties(nothing_authorised))
        return looking_at(PROCESS, viewer, may_view, scopes_now, of, lambda case: [], of_all)

    assert decided(WORKER)(own) == Allowed("R17", s.VENLO)
    assert decided(WORKER)(later) is ONLY_WHO_INFORMS
    for thing in (own, later):
        assert decided(replace(WORKER, party=s.POLICE))(thing) == Allowed("R17", s.POLICE)


def duty(moment: InformMoment = InformMoment.TAKEN_UP) -> Obligation:
    return s.duty(kind=moment)


@pytest.mark.parametrize("viewer", [WORKER, DIRECTOR, SUPPORT])
@pytest.mark.parametrize("moment", InformMoment)
def test_who_informs_and_who_does_so_on_its_behalf_see_each_duty(
    viewer: Viewer, moment: InformMoment
) -> None:
    """R17: and the look says whose duty it is."""
    assert may_view(viewer, duty(moment), state(), looking()) == Allowed("R17", s.VENLO)


@pytest.mark.parametrize("phase", sorted(OPEN))
@pytest.mark.parametrize("role", PEOPLE)
def test_nobody_else_sees_a_duty(phase: Phase, role: Role) -> None:
    elsewhere = Viewer(role, "x", s.POLICE, s.POLICE)
    assert isinstance(may_view(elsewhere, duty(), state(phase), looking()), Denied)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.SECRETARY, Role.PRIVACY_OFFICER])
def test_a_duty_is_no_business_of_the_roles_without_a_part_in_the_case(role: Role) -> None:
    assert may_view(Viewer(role, "x", s.VENLO, s.VENLO), duty(), state(), looking()) is NOBODY_ELSE


def test_a_duty_is_seen_by_the_assigned_director_and_by_no_other() -> None:
    assert may_view(replace(DIRECTOR, person="another"), duty(), state(), looking()) is NOBODY_ELSE


def test_a_duty_is_seen_by_the_house_on_behalf_of_the_leading_party_alone_r7() -> None:
    for viewer in (DIRECTOR, SUPPORT):
        verdict = may_view(replace(viewer, on_behalf_of=s.POLICE), duty(), state(), looking())
        assert isinstance(verdict, Denied) and verdict.rule == "R7"


def test_in_a_closing_case_the_support_worker_sees_no_duty_r102() -> None:
    removed = duty(InformMoment.CASE_REMOVED)
    of = state(Phase.CLOSING)
    verdict = may_view(SUPPORT, removed, of, looking())
    assert isinstance(verdict, Denied) and verdict.rule == "R102"
    assert (
        may_view(DIRECTOR, removed, of, looking())
        == may_view(WORKER, removed, of, looking())
        == Allowed("R17", s.VENLO)
    )


@pytest.mark.parametrize("moment", InformMoment)
def test_when_direction_moves_later_duties_are_the_new_leading_partys_alone_r83(moment: InformMoment) -> None:
    """R16, R56: those of the phases before were the referrer's own, and it goes on seeing them."""
    of = state(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW))
    assert may_view(replace(WORKER, party=s.POLICE), duty(moment), of, looking()) == Allowed("R17", s.POLICE)
    own = moment in (InformMoment.TAKEN_UP, InformMoment.AFTER_TRIAGE)
    expected = Allowed("R17", s.VENLO) if own else ONLY_WHO_INFORMS
    assert may_view(WORKER, duty(moment), of, looking()) == expected
    assert isinstance(may_view(DIRECTOR, duty(moment), of, looking()), Denied)
    assert isinstance(
        may_view(replace(DIRECTOR, on_behalf_of=s.POLICE), duty(moment), of, looking()), Allowed
    )
