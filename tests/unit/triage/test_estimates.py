"""The referrer itself says what it expects of the parties that could be asked (R28)."""

from typing import Any

import pytest

from services.triage import commands as c
from services.triage import events as e
from services.triage.effects import effects
from services.triage.record import Estimate
from services.triage.state import Phase
from services.triage.viewing import may_view
from shared.contract.refusal import public_refusal
from shared.core.actor import Role
from shared.core.effects import DropPieces
from shared.core.viewing import Allowed, Viewer
from tests.support.samples import triage as s
from tests.support.spec import NOW, looking
from tests.unit.triage.test_process import named
from tests.unit.triage.test_viewing import director, state, support, worker

OPEN = s.spec().given(s.OPENED)
OWN = s.text(f"own-estimate-{s.POLICE}")


def saying(useful: bool, party: str = s.POLICE) -> Any:
    return OPEN.given(*OPEN.when(s.give_estimate(party, useful=useful)).events)


@pytest.mark.clause(
    "R28.d", allowed="De aanmeldende partij geeft haar inschatting zelf, en die gaat met de uitvraag mee."
)
def test_the_referrers_own_estimate_counts_and_is_kept_with_the_query_r28() -> None:
    (issued,) = saying(True).when(s.issue(referrer_estimate=" ")).events
    assert issued.choice.referrers_own == OWN
    asked = saying(True).given(issued).state
    assert asked.estimates == ()
    assert named(OPEN.when(s.issue(referrer_estimate=" ")).refusal) == ("ReferrersEstimateMissing", "R28")


@pytest.mark.clause(
    "R28.e", allowed="Zonder eigen woord telt wat de procesregisseur van een overleg heeft opgeschreven."
)
@pytest.mark.clause("R28.e", refused="Wat hij opschreef, staat niet als het woord van de aanmeldende partij.")
def test_what_the_director_wrote_down_stands_apart_from_it_r28() -> None:
    (written,) = OPEN.when(s.issue()).events
    assert (written.choice.referrers_own, written.choice.referrer_estimate) == (None, s.text("estimate-b1"))
    (both,) = saying(True).when(s.issue()).events
    assert (both.choice.referrers_own, both.choice.referrer_estimate) == (OWN, s.text("estimate-b1"))


@pytest.mark.clause("R28.d", refused="Tegen het woord van de aanmeldende partij in wordt niemand bevraagd.")
def test_against_the_word_of_the_referrer_nobody_is_asked_r28() -> None:
    against = saying(False)
    assert named(against.when(s.issue()).refusal) == ("ReferrerAgainstIt", "R28")
    assert against.when(s.issue(s.TO_CARE, s.CARE)).events, "of the others it said nothing"
    thought_better = against.given(*against.when(s.give_estimate(s.POLICE)).events)
    assert thought_better.when(s.issue()).events


def test_a_new_estimate_replaces_the_one_before_with_its_text_r28() -> None:
    before = saying(False)
    (given,) = before.when(s.give_estimate(s.POLICE, estimate=s.text("anew"))).events
    assert given.dropped == (OWN.piece,)
    after = before.given(given).state
    assert after.estimates == (Estimate(s.POLICE, True, s.text("anew"), NOW),)
    assert DropPieces((OWN.piece,)) in effects(s.CASE, given, after)


def test_what_a_query_rests_on_is_not_replaced_and_a_second_query_needs_another_word_r28() -> None:
    asked = saying(True).given(*saying(True).when(s.issue()).events)
    (anew,) = asked.when(s.give_estimate(s.POLICE)).events
    assert anew.dropped == ()
    second = s.issue(s.NEW, referrer_estimate=" ")
    assert named(asked.when(second).refusal) == ("ReferrersEstimateMissing", "R28")
    assert asked.given(anew).when(second).events


def test_an_estimate_is_of_another_party_and_in_words_r28() -> None:
    assert named(OPEN.when(s.give_estimate(estimate=" ")).refusal) == ("ReferrersEstimateMissing", "R28")
    assert named(OPEN.when(s.give_estimate(s.VENLO)).refusal) == ("QueryToTheLeadingParty", "R26")
    assert named(OPEN.when(s.give_estimate("nobody")).refusal) == ("RecipientNotAParty", "R43")


@pytest.mark.clause("R28.d", refused="Niemand anders geeft de inschatting van de aanmeldende partij.")
def test_nobody_else_gives_it_r28() -> None:
    for party in (s.POLICE, s.CARE, s.HOUSING):
        refusal = OPEN.given(s.ASKED_POLICE).when(s.give_estimate(by=s.by_party(party))).refusal
        assert refusal.name == "NotTheReferrer"
        assert public_refusal(refusal).name == "UnknownCase"


def test_an_estimate_is_read_by_the_referrer_and_the_house_alone_r33_r34() -> None:
    case, estimate = state(Phase.TRIAGE), Estimate(s.PROBATION, False, OWN, NOW)
    seen = {
        viewer.person: isinstance(may_view(viewer, estimate, case, looking(s.parties())), Allowed)
        for viewer in (worker(s.VENLO), director(), support(), worker(s.POLICE), worker(s.PROBATION))
    }
    assert set(seen.values()) == {True, False}
    assert [person for person, sees in seen.items() if not sees] == [
        f"worker-{s.POLICE}",
        f"worker-{s.PROBATION}",
    ]
    manager = Viewer(Role.MANAGER, "manager")
    assert not isinstance(may_view(manager, estimate, case, looking(s.parties())), Allowed)


def test_it_goes_with_the_cleaning_r95() -> None:
    deescalated = saying(False).given(
        s.ASKED_CARE, s.CONCLUDED, e.RtoPrepared(s.prepared()), e.CaseDeescalated()
    )
    cleaned = deescalated.when(c.FollowCleaning(by=s.BY_SERVICE, kept_items=())).events
    assert OWN.piece in cleaned[0].dropped
    assert deescalated.given(*cleaned).state.estimates == ()
