"""A case goes through the cores of all five services, is archived, comes back, and ends a second time."""

from typing import Any

import pytest

from services.retention import commands as rc
from services.retention.api import Cleaning, NewReactivation
from services.rto import commands as tc
from shared.contract.content import text
from shared.contract.messages import rto as m
from shared.contract.messages.triage import CitizenInvolvement
from shared.core.actor import CLOCK, Actor, Role
from shared.core.calendar_terms import add_months
from tests.support import largest as large
from tests.support.largest import OTHER, Recipient, number
from tests.support.spec import NOW
from tests.unit.test_largest_messages import LATER, TABLE, Played

FOLLOWING = ("intake", "triage", "rto")
FIRST, SECOND = number(61), number(62)
DEESCALATE = tc.Conclusion(outcome=m.RtoOutcome.DEESCALATE)


class ComesBack(Played):
    """Play a case that is archived with one item, reactivated by the manager, and de-escalated again."""

    def end(self) -> None:
        self.conclude(FIRST)
        self.kept = self["retention"].state.items[0].item_id
        self.archive()
        self.archived = self.phases()
        self.reactivate()
        self.back = self.phases()
        self.meet_once_more()
        self.conclude(SECOND)

    def conclude(self, rto_id: str) -> None:
        by = large.by_director(OTHER)
        self["rto"].does(tc.ConcludeRto(by=by, rto_id=rto_id, conclusion=DEESCALATE))
        for receiver in ("intake", "triage", "retention"):
            self.pass_on("rto", receiver)
        self.follow_retention()

    def follow_retention(self) -> None:
        for receiver in FOLLOWING:
            self.pass_on("retention", receiver)

    def archive(self) -> None:
        retention = self["retention"]
        one = Cleaning(kept_items=(rc.KeptItem(item_id=self.kept, reason="x"),))
        retention.is_asked(one, lambda sent: rc.CleanFile(by=large.by_director(OTHER), kept=sent.kept_items))
        retention.now = add_months(NOW, 6)
        retention.does(rc.ArchiveFile(by=CLOCK, reference=number(71)))
        self.follow_retention()

    def reactivate(self) -> None:
        manager = Actor(Role.MANAGER, person="manager")
        self["retention"].is_asked(
            NewReactivation(reason="Terugval."),
            lambda sent: rc.ReactivateFile(by=manager, reason=text(sent.reason)),
        )
        self.follow_retention()

    def meet_once_more(self) -> None:
        rto = self["rto"]
        prepared = tc.Preparation(
            goal="x",
            decision_types=("c",),
            themes=("c",),
            citizen=CitizenInvolvement.INVITED,
            care_agreements="x",
            consulted_leading_party=True,
        )
        rto.is_asked(
            tc.Meeting(rto_id=SECOND, on=LATER, place="x", preparation=prepared),
            lambda sent: tc.ConveneRto(by=large.by_director(OTHER), meeting=sent),
        )
        come = m.InvitationAccepted(rto_id=SECOND, delegate="d" * 64, mandate=True)
        for one in TABLE[:2]:
            rto.hears(come, large.by_party(one))
        (kept,) = rto.state.items
        anew = m.ReleaseGiven(item_id=kept.item_id, use=m.Use.RTO)
        rto.hears(anew, large.by_party(kept.contributor))

    def phases(self) -> dict[str, str]:
        return {name: str(self[name].state.phase) for name in (*FOLLOWING, "retention")}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> ComesBack:
    recipient = Recipient(tmp_path_factory.mktemp("keys"))
    return ComesBack(recipient, large.with_many_texts(), large.many_items, long_contribution=False)


def test_all_services_go_into_phase_4_and_back_and_into_it_again_a5(case: ComesBack) -> None:
    archived = {"intake": "archived", "triage": "archived", "rto": "archived", "retention": "step-2"}
    back = {"intake": "taken-up", "triage": "prepared", "rto": "prepared", "retention": "open"}
    again = {"intake": "deescalated", "triage": "deescalated", "rto": "deescalated", "retention": "step-1"}
    assert (case.archived, case.back, case.phases()) == (archived, back, again)
    assert {case[name].state.round for name in (*FOLLOWING, "retention")} == {1}


def test_what_nobody_confirmed_came_back_nowhere_a8(case: ComesBack) -> None:
    items: dict[str, Any] = {name: case[name].state.items for name in ("intake", "rto", "retention")}
    assert [item.item_id for item in items["rto"]] == [case.kept]
    assert [item.item_id for item in items["retention"]] == [case.kept]
    assert {item.item_id for item in items["intake"]} <= {case.kept}


def test_the_second_decision_has_a_clock_of_its_own_that_all_services_go_by_a5(case: ComesBack) -> None:
    terms = case["retention"].state.terms
    assert len(terms) == 2
    for name in FOLLOWING:
        assert case[name].state.terms == terms
