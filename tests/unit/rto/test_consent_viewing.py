"""Who reads which consent, and what nobody reads any more once one is withdrawn (R20, R76)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.rto import events as e
from services.rto.consent_viewing import consent_things, may_view_consent
from services.rto.state import Phase, State
from services.rto.viewing import may_view
from shared.contract.messages import rto as m
from shared.contract.messages.retention import Term, TermKind
from shared.contract.messages.rto import ConsentPurpose
from shared.core.actor import Role
from shared.core.consent import NO_CONSENT
from shared.core.viewing import Allowed, Viewer
from tests.support.samples import rto as s
from tests.support.spec import NOW, looking

DIRECTOR = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, None, s.VENLO)
SUPPORT = Viewer(Role.SUPPORT_WORKER, "support", None, s.VENLO)
RECORDED = s.TAKEN_UP[1].recorded
AGREED = s.state(*s.TAKEN_UP).agreements[0]
CONTEXT = looking(s.parties())


def worker(party: str) -> Viewer:
    return Viewer(Role.PARTY_WORKER, s.worker(party), party)


def sees(viewer: Viewer, thing: Any, state: State) -> bool:
    return isinstance(may_view_consent(viewer, thing, state, CONTEXT), Allowed)


# --- the list --------------------------------------------------------------------------------------


@pytest.mark.clause(
    "R20.g", allowed="Wie haar vastlegde, wiens geheimhouding het is en het huis lezen de toestemming."
)
@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT, worker(s.VENLO), worker(s.POLICE)], ids=str)
def test_a_consent_is_read_by_whom_it_concerns_r20(viewer: Viewer) -> None:
    for history in (s.TAKEN_UP, s.HISTORIES[Phase.CONVENED], s.HISTORIES[Phase.DEESCALATED]):
        state = s.state(*history)
        assert sees(viewer, RECORDED, state)
        assert sees(viewer, None, state)


OTHERS = [
    worker(s.CARE),
    worker(s.HOUSING),
    worker(s.STRANGER),
    replace(DIRECTOR, person=s.OTHER_DIRECTOR),
    replace(DIRECTOR, on_behalf_of=s.POLICE),
    replace(DIRECTOR, on_behalf_of=None),
    replace(SUPPORT, person="somebody-else"),
    Viewer(Role.MANAGER, "manager"),
    Viewer(Role.PARTY_WORKER, "nobody", None),
]


@pytest.mark.clause(
    "R20.g", refused="Een andere deelnemer, een andere procesregisseur en de manager lezen haar niet."
)
@pytest.mark.parametrize("viewer", OTHERS, ids=str)
def test_nobody_else_reads_it_nor_that_there_is_one_r20(viewer: Viewer) -> None:
    state = s.state(*s.HISTORIES[Phase.CONVENED])
    assert not sees(viewer, RECORDED, state)
    assert sees(viewer, None, state) is (viewer == worker(s.HOUSING)), "housing has an agreement of its own"


def test_who_leads_reads_no_consent_that_another_party_asked_for_itself_r20() -> None:
    own = replace(RECORDED, asked_by=s.POLICE)
    assert not sees(worker(s.VENLO), own, s.state(*s.TAKEN_UP[:1], e.ConsentRecorded(own)))


def test_a_party_reads_the_agreement_on_its_own_asking_alone() -> None:
    state = s.state(*s.TAKEN_UP)
    assert [sees(worker(party), AGREED, state) for party in (s.HOUSING, s.VENLO, s.POLICE)] == [
        True,
        False,
        False,
    ]
    assert dict(consent_things(state)) == {
        f"consent/{s.CONSENT}": RECORDED,
        f"consent-agreement/{s.HOUSING}": AGREED,
    }


def test_of_an_archived_case_and_after_its_end_nobody_reads_a_consent_r88() -> None:
    assert not sees(DIRECTOR, RECORDED, s.state(*s.HISTORIES[Phase.ARCHIVED]))
    over = Term(kind=TermKind.DESTROY, due=NOW - timedelta(days=1), decided_by=s.VENLO)
    assert not sees(DIRECTOR, RECORDED, s.state(*s.HISTORIES[Phase.DEESCALATED], e.TermsSet((over,), ())))
    closing = s.state(*s.HISTORIES[Phase.CLOSING])
    assert [sees(one, RECORDED, closing) for one in (DIRECTOR, SUPPORT, worker(s.VENLO))] == [
        True,
        False,
        True,
    ]


# --- what rests on it ------------------------------------------------------------------------------

SECRET = s.item(s.NEW, needs_consent=True)
AT_TABLE = (
    s.TAKEN_UP[0],
    *s.SEATED,
    s.PLANNED,
    e.ItemsContributed(s.RTO, (SECRET,), NOW),
    e.ViewingPlanExtended((s.entry(s.NEW, s.CARE),), NOW),
)
IN_FORCE, WITHDRAWN = s.consented(), s.consented(withdrawn=True)
OF_TRIAGE = s.consented(s.MOTHERS, purpose=ConsentPurpose.QUERY)


def reads(viewer: Viewer, thing: Any, *history: Any) -> bool:
    return isinstance(may_view(viewer, thing, s.state(*history), CONTEXT), Allowed)


@pytest.mark.clause("R20.c", allowed="Zolang de toestemming geldt, leest een deelnemer wat erop rust.")
@pytest.mark.clause("R20.c", refused="Na de intrekking leest niemand het nog, behalve de inbrenger zelf.")
def test_what_rests_on_consent_is_read_as_long_as_it_is_in_force_r20() -> None:
    for viewer in (worker(s.CARE), DIRECTOR):
        assert reads(viewer, SECRET, *AT_TABLE, IN_FORCE)
        assert not reads(viewer, SECRET, *AT_TABLE, IN_FORCE, WITHDRAWN)
        assert not reads(viewer, SECRET, *AT_TABLE)
    assert reads(worker(s.POLICE), SECRET, *AT_TABLE, IN_FORCE, WITHDRAWN)


def test_the_house_reads_what_was_given_for_triage_also_without_consent_for_the_table_r35() -> None:
    assert reads(DIRECTOR, SECRET, *AT_TABLE, OF_TRIAGE)
    assert not reads(worker(s.CARE), SECRET, *AT_TABLE, OF_TRIAGE)
    before = (s.TAKEN_UP[0], *s.RECORDED, e.ItemRecorded(SECRET), s.PREPARED)
    assert reads(worker(s.VENLO), SECRET, *before, OF_TRIAGE)
    assert not reads(worker(s.VENLO), SECRET, *before)


def test_of_who_leads_itself_the_house_reads_all_r68() -> None:
    own = s.item(s.NEW, s.VENLO, needs_consent=True)
    assert reads(DIRECTOR, own, s.TAKEN_UP[0], *s.RECORDED, e.ItemRecorded(own), s.PREPARED)


def test_what_the_plan_took_from_it_goes_with_it_a19() -> None:
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.NEW,)), s.AT_THE_TABLE, NOW)
    history = (*AT_TABLE, IN_FORCE, drawn)
    plan = s.state(*history).plan
    for viewer in (worker(s.CARE), DIRECTOR):
        assert reads(viewer, plan, *history)
        assert not reads(viewer, plan, *history, WITHDRAWN)
    cleaned = (*history, e.CaseDeescalated(s.RTO, NOW), e.FileCleaned(()), e.CaseReactivated(1, None))
    assert reads(DIRECTOR, plan, *cleaned)
    assert not reads(DIRECTOR, plan, *cleaned, WITHDRAWN), "also once the item itself was dropped"


def test_while_monitoring_an_item_for_an_activity_goes_with_its_consent_r64() -> None:
    agreed = e.MonitoringAgreed(s.text("purpose"), (s.FREE,), NOW)
    release = s.release(secrecy=m.Secrecy.WITH_CONSENT, consents=(s.CONSENT,))
    given = s.consented(purpose=ConsentPurpose.PLAN_ACTIVITY, recipient=s.CARE)
    history = (
        s.TAKEN_UP[0],
        *s.SEATED,
        s.PLANNED,
        given,
        e.ReleaseGiven(release, NOW),
        s.concluded(),
        agreed,
    )
    assert reads(worker(s.CARE), s.ITEMS[0], *history)
    ended = s.consented(purpose=ConsentPurpose.PLAN_ACTIVITY, recipient=s.CARE, withdrawn=True)
    assert not reads(worker(s.CARE), s.ITEMS[0], *history, ended)


def test_a_case_that_ended_before_there_was_a_table_is_not_read_here_r102() -> None:
    early = (*s.TAKEN_UP, *s.RECORDED, e.CaseClosing())
    for viewer in (DIRECTOR, worker(s.VENLO), worker(s.POLICE)):
        assert not reads(viewer, s.ITEMS[0], *early)
        assert not reads(viewer, None, *early)
    assert may_view(DIRECTOR, SECRET, s.state(*AT_TABLE), CONTEXT) == NO_CONSENT
