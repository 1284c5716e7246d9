"""Cases that the version before stored are read, go on in every phase, and end rightly."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.governance import commands as gc
from services.intake import commands as ic
from services.intake import viewing as intake_viewing
from services.retention import commands as rc
from services.retention import viewing as retention_viewing
from services.retention.api import Cleaning, NewReactivation
from services.rto import commands as tc
from services.rto import viewing as rto_viewing
from services.triage import commands as c
from services.triage import viewing as triage_viewing
from services.triage.api import NewConclusion, NewPreparation
from services.triage.record import Picture
from shared.contract.content import TextRef, text
from shared.contract.fields import InformMoment
from shared.contract.messages import intake as im
from shared.contract.messages import retention as m4
from shared.contract.messages import rto as m
from shared.contract.messages import triage as tm
from shared.contract.parties import Parties, PartyRecord
from shared.contract.refusal import Refusal
from shared.core.actor import CLOCK, OPERATOR, Actor, Role
from shared.core.calendar_terms import add_months
from shared.core.viewing import Allowed, Viewer
from shared.storage.json_writer import to_json
from tests.support import stored_before as before
from tests.support.largest import CASE, SERVICES, by_party, number, read
from tests.support.spec import NOW
from tests.support.stored_before import (
    ARRANGE,
    AT_THE_TABLE,
    BACK,
    CARE,
    CASES,
    FREE,
    HOUSING,
    MAN,
    MOTHER,
    OF_THE_POLICE,
    POLICE,
    REFUSED,
    RENT,
    REPORT,
    RTO,
    SILENT,
    SPECIAL,
    STORED,
    TO_CARE,
    TREAT,
    VENLO,
    WITHHELD,
    Stored,
    by_director,
    director,
    load,
    unread,
    worker,
)

FOLLOWING = ("intake", "triage", "rto")
SECOND, REFERENCE, AFTERCARE = number(61), number(81), number(73)
TOLD = (m4.FileDestroyed, m4.DestructionAnnounced)
VIEWS: dict[str, Callable[..., Any]] = {
    "intake": intake_viewing.may_view,
    "triage": triage_viewing.may_view,
    "rto": rto_viewing.may_view,
    "retention": retention_viewing.may_view,
}


def everything_of(case: str) -> list[tuple[str, dict[str, Any]]]:
    return list(CASES[case].items())


def sees(house: Stored, service: str, viewer: Viewer) -> set[str]:
    """The items of this service that the viewer is shown."""
    state, context = house[service].state, house.context(service)
    verdicts = {item.item_id: VIEWS[service](viewer, item, state, context) for item in state.items}
    return {item_id for item_id, verdict in verdicts.items() if isinstance(verdict, Allowed)}


def letters(house: Stored, service: str) -> list[tuple[str, str]]:
    """What parties were sent, as (party, type)."""
    return [(x.recipient, x.type) for x in house[service].sent if x.recipient is not None]


# --- reading -----------------------------------------------------------------------------------------


def lost(stored: Any, written: Any) -> list[Any]:
    """What stood there and does not stand in what this version writes."""
    if isinstance(stored, dict):
        return [x for name, inner in stored.items() for x in lost(inner, written.get(name, "nothing"))]
    if isinstance(stored, list) and isinstance(written, list) and len(stored) == len(written):
        return [x for one, other in zip(stored, written, strict=True) for x in lost(one, other)]
    return [] if stored == written else [stored]


@pytest.mark.parametrize("case", CASES)
def test_a_stored_state_is_read_whole_and_nothing_of_it_is_lost(case: str) -> None:
    for service, row in everything_of(case):
        state = load(service, row["state"])
        assert str(state.phase) == row["state"]["phase"]
        assert lost(row["state"], json.loads(to_json(state))) == [], service


def test_a_stored_membership_is_read_whole() -> None:
    for stored in STORED["governance"].values():
        state = load("governance", stored)
        assert lost(stored, json.loads(to_json(state))) == []
        assert (state.decision, state.account, state.rests_on) == (None, None, "")


def test_every_deadline_that_runs_is_known() -> None:
    running = {(name, kind) for case in CASES for name, row in everything_of(case) for kind, *_ in row["due"]}
    assert running >= {("retention", "archive"), ("retention", "closing-term"), ("intake", "informing")}
    assert [(name, kind) for name, kind in running if kind not in SERVICES[name].timers] == []


def test_who_leads_a_stored_case_leads_on_by_the_body_that_was_recorded_r72() -> None:
    for service, row in everything_of("table"):
        mandate = load(service, row["state"]).mandate
        assert (mandate.party, mandate.acting_body) == (VENLO, "college"), service
    for service, row in everything_of("monitoring"):
        mandate = load(service, row["state"]).mandate
        assert (mandate.party, mandate.acting_body) == (CARE, None), service


# --- going on, phase by phase ------------------------------------------------------------------------


def take_up(house: Stored) -> None:
    intake = house["intake"]
    intake.hears(im.ConsultationConfirmed(), by_party(VENLO))
    intake.does(
        ic.ScreenReferral(
            by=by_director(), outcome=im.ScreeningOutcome.TAKEN_UP, weighing=TextRef("piece-own", "text")
        )
    )
    house.pass_on("intake", "triage", "retention")


def conclude_triage(house: Stored) -> None:
    """Answer the query that was open, and conclude with the four points that are asked for now."""
    triage = house["triage"]
    if triage.state.query(TO_CARE) is not None:
        declined = tm.QueryDeclined(query_id=TO_CARE, ground=tm.DeclineGround.SECRECY)
        triage.hears(declined, by_party(CARE))
    picture = Picture(
        parties=(POLICE, CARE), plan_contribution="x", execution_contribution="x", information="x"
    )
    why = None if triage.state.queries else "x"
    triage.is_asked(
        NewConclusion(outcome=tm.TriageOutcome.RTO_NEEDED, picture=picture, without_queries=why),
        lambda sent: c.ConcludeTriage(
            by=by_director(),
            outcome=sent.outcome,
            picture=sent.picture,
            without_queries=text(sent.without_queries),
        ),
    )
    house.pass_on("triage", "intake")


def prepare(house: Stored) -> None:
    prepared = load("rto", CASES["prepared"]["rto"]["state"])
    invited = tuple(
        c.Invitee(
            party=party, role=tm.ParticipantRole.EXECUTOR, contribution="x", passed_processing_test=False
        )
        for party in AT_THE_TABLE
    )
    viewing = tuple(one.model_copy(update={"reason": "x"}) for one in prepared.viewing_plan)
    house["triage"].is_asked(
        NewPreparation(
            goal="x",
            decision_types=("plan-of-action",),
            themes=("care",),
            participants=invited,
            viewing_plan=viewing,
            citizen=tm.CitizenInvolvement.INFORMED_AFTERWARDS,
            care_agreements="x",
            care_subjects=tuple(tm.CareSubject),
            consulted_leading_party=True,
        ),
        lambda sent: c.PrepareRto(
            by=by_director(),
            items=prepared.items,
            **{name: getattr(sent, name) for name in NewPreparation.model_fields},
        ),
    )
    house.pass_on("triage", "intake", "rto")


def convene(house: Stored) -> None:
    rto = house["rto"]
    meeting = tc.Meeting(rto_id=RTO, on=NOW + timedelta(days=3), place="x")
    rto.is_asked(meeting, lambda sent: tc.ConveneRto(by=by_director(), meeting=sent))
    come(house, RTO)
    rto.hears(m.ReleaseRefused(item_id=REFUSED, use=m.Use.RTO), by_party(POLICE))
    rto.hears(m.ReleaseWithdrawn(item_id=BACK), by_party(POLICE))
    plan(house, (TREAT, CARE), (ARRANGE, HOUSING))
    use = {"use": m.Use.PLAN_ACTIVITY, "recipient": CARE, "action_id": TREAT}
    rto.hears(m.ReleaseGiven(item_id=FREE, secrecy=m.Secrecy.NOT_BOUND, **use), by_party(POLICE))


def come(house: Stored, rto_id: str) -> None:
    for party in AT_THE_TABLE:
        accepted = m.InvitationAccepted(rto_id=rto_id, delegate=f"worker-{party}", mandate=True)
        house["rto"].hears(accepted, by_party(party))


def plan(house: Stored, *actions: tuple[str, str]) -> None:
    parts = tuple(tc.Part(party=party, role="x", information_need="x") for party in AT_THE_TABLE)
    new = tuple(m.Action(action_id=one, party=party, description="x") for one, party in actions)
    said = tc.Plan(agreements="x", ave_level=2, parts=parts, actions=new)
    leading = house["rto"].state.leading_party
    house["rto"].is_asked(said, lambda sent: tc.RecordPlan(by=by_director(leading), plan=sent))


def monitor(house: Stored) -> None:
    """Let care lead, and go on with what stays; what was released for its action goes along."""
    rto = house["rto"]
    rto.does(tc.OfferDirection(by=by_director(), party=CARE))
    rto.hears(m.DirectionAccepted(case_director="x", task="x", basis="x"), by_party(CARE))
    along = (tc.TakeAway(item_id=FREE, recipient=CARE, action_id=TREAT),)
    conclusion = tc.Conclusion(
        outcome=m.RtoOutcome.APPROACH_AND_MONITORING,
        monitoring_purpose="x",
        monitoring_items=(FREE, WITHHELD, RENT),
        take_aways=along,
    )
    rto.is_asked(conclusion, lambda sent: tc.ConcludeRto(by=by_director(CARE), rto_id=RTO, conclusion=sent))
    house.pass_on("rto", "intake", "triage", "retention")


def deescalate(house: Stored) -> None:
    """Report on an action, and de-escalate at a follow-up that is prepared of its own."""
    rto = house["rto"]
    done = m.ActionProgressed(action_id=TREAT, progress=m.ActionProgress.DONE)
    rto.hears(done, by_party(CARE))
    prepared = tc.Preparation(
        goal="x",
        decision_types=("deescalation",),
        themes=("care",),
        citizen=tm.CitizenInvolvement.INVITED,
        care_agreements="x",
        consulted_leading_party=True,
    )
    meeting = tc.Meeting(rto_id=SECOND, on=NOW + timedelta(days=3), place="x", preparation=prepared)
    rto.is_asked(meeting, lambda sent: tc.ConveneRto(by=by_director(CARE), meeting=sent))
    come(house, SECOND)
    rto.does(
        tc.ConcludeRto(
            by=by_director(CARE),
            rto_id=SECOND,
            conclusion=tc.Conclusion(outcome=m.RtoOutcome.DEESCALATE),
        )
    )
    house.pass_on("rto", "intake", "triage", "retention")
    house.pass_on("retention", *FOLLOWING)


def clean(house: Stored) -> None:
    told_again(house)
    clean_with(house, FREE)


def clean_with(house: Stored, item_id: str) -> None:
    kept = Cleaning(kept_items=(rc.KeptItem(item_id=item_id, reason="x"),))
    house["retention"].is_asked(kept, lambda sent: rc.CleanFile(by=by_director(CARE), kept=sent.kept_items))
    house.pass_on("retention", *FOLLOWING)


def archive(house: Stored) -> None:
    retention = house["retention"]
    retention.now = add_months(NOW, 6)
    retention.does(rc.ArchiveFile(by=CLOCK, reference=REFERENCE))
    house.pass_on("retention", *FOLLOWING)


def erase(house: Stored) -> None:
    """Erase at the date that was stored, and prove it once every service has confirmed (R91, R105)."""
    retention = house["retention"]
    if retention.state.phase != "erasing":
        retention.now = max(term.due for term in retention.state.terms)
        retention.does(rc.StartErasure(by=CLOCK, reference=REFERENCE))
    house.pass_on("retention", *FOLLOWING, "governance")
    for service in (*FOLLOWING, "governance"):
        if service not in retention.state.confirmed:
            confirm(house, service)
    retention.does(
        rc.RecordKeyDestroyed(
            by=CLOCK,
            proof_id=number(90),
            destroyed_at=retention.now,
            backups_lapse_at=retention.now,
            house_keys=("k" * 43,),
        )
    )


def confirm(house: Stored, service: str) -> None:
    """Purge where the order was heard before this version ran, and let retention hear of it."""
    if house[service].state is None or house[service].state.phase != "purged":
        house.hears(service, "retention", m4.ErasureOrdered(case_id=CASE))
    house.pass_on(service, "retention")


PHASES: dict[str, Callable[[Stored], None]] = {
    "referred": take_up,
    "asked": conclude_triage,
    "preparing": prepare,
    "prepared": convene,
    "table": monitor,
    "monitoring": deescalate,
    "step_1": clean,
    "cleaned": archive,
    "archived": erase,
}


def go_on(house: Stored, first: str, until: str = "") -> None:
    names = list(PHASES)
    last = names.index(until) if until else len(names)
    for name in names[names.index(first) : last]:
        PHASES[name](house)


@pytest.mark.parametrize("case", [case for case in PHASES if case != "referred"])
def test_a_case_in_this_phase_goes_on_to_its_erasure_with_proof_r91(case: str) -> None:
    house = Stored(case)
    go_on(house, case)
    assert house.phases() == {
        "intake": "purged",
        "triage": "purged",
        "rto": "purged",
        "governance": "purged",
        "retention": "erased",
    }
    destroyed = [party for party, kind in letters(house, "retention") if "file-destroyed" in kind]
    assert set(destroyed) == set(AT_THE_TABLE)


def test_a_referral_that_was_not_screened_is_taken_up_with_what_it_brought_r12() -> None:
    house = Stored("referred")
    take_up(house)
    assert house.phases() == {"intake": "taken-up", "triage": "triage", "retention": "open"}
    assert house["triage"].state.mandate == house["intake"].state.mandate
    assert [item.item_id for item in house["intake"].state.items] == [REPORT]


def test_a_case_that_was_closing_goes_at_the_date_that_was_set_r102() -> None:
    house = Stored("closing")
    removal = house["retention"].state.removal_on
    assert [term.due for term in house["retention"].state.terms] == [removal]
    house["retention"].now = removal - timedelta(microseconds=1)
    early = rc.StartErasure(by=CLOCK, reference=REFERENCE)
    assert refused(house, "retention", early) == "TermNotOver"
    assert isinstance(looks(house, "retention", director()), Allowed)
    house["retention"].now = removal
    assert not isinstance(looks(house, "retention", director()), Allowed)
    erase(house)
    assert house.phases()["retention"] == "erased"


def test_an_erasure_that_was_ordered_is_confirmed_and_proven_r105() -> None:
    house = Stored("erasing")
    assert house["retention"].state.confirmed == ("intake",)
    erase(house)
    assert house.phases() == {
        "intake": "purged",
        "triage": "purged",
        "rto": "purged",
        "governance": "purged",
        "retention": "erased",
    }


def test_a_duty_that_was_postponed_comes_back_and_is_fulfilled_r19() -> None:
    intake = Stored("asked")["intake"]
    when = InformMoment.TAKEN_UP
    assert intake.state.duty(MOTHER, when).state == "postponed"
    intake.does(ic.RemindOfInforming(by=CLOCK, person_id=MOTHER, moment=when))
    for person in (MAN, MOTHER):
        intake.hears(im.PersonInformed(person_id=person, moment=when), by_party(VENLO))
    assert {duty.state for duty in intake.state.owed} == {"fulfilled"}


def test_what_was_open_at_the_table_keeps_to_the_new_rules_r64() -> None:
    """R64, R65: nothing leaves while it sits; an action that was sent already is not sent again."""
    house = Stored("table")
    taking = tc.TakeAway(item_id=FREE, recipient=CARE, action_id=TREAT)
    assert refused(house, "rto", tc.ProvideItem(by=by_director(), taking=taking)) == "TableHasNotDecided"
    again = m.Action(action_id=TREAT, party=HOUSING, description=house["rto"].state.plan.agreements)
    changed = house["rto"].state.plan.model_copy(update={"actions": (again,)})
    assert refused(house, "rto", tc.RecordPlan(by=by_director(), plan=changed)) == "ActionNeverChanges"
    monitor(house)
    kinds = [kind.split(".")[2] for _, kind in letters(house, "rto")]
    assert "actions-assigned" not in kinds
    assert kinds.count("items-provided") == 1
    assert [taker.item_id for taker in house["rto"].state.takers] == [FREE]


# --- who sees what -----------------------------------------------------------------------------------


def looks(house: Stored, service: str, viewer: Viewer) -> Any:
    return VIEWS[service](viewer, None, house[service].state, house.context(service))


def refused(house: Stored, service: str, command: Any) -> str:
    core = house[service]
    outcome = core.service.process.decide(core.state, command, house.context(service))
    assert isinstance(outcome, Refusal), outcome
    return outcome.name


@pytest.mark.parametrize("case", ["table", "monitoring"])
def test_what_was_taken_back_before_is_shown_to_nobody_but_its_contributor_a12(case: str) -> None:
    house = Stored(case)
    leading = house["rto"].state.leading_party
    for viewer in (director(leading), *(worker(party) for party in AT_THE_TABLE if party != POLICE)):
        assert BACK not in sees(house, "rto", viewer)
    assert set(OF_THE_POLICE) <= sees(house, "rto", worker(POLICE))


def test_at_an_open_table_each_sees_what_was_released_planned_and_not_withheld_r61() -> None:
    house = Stored("table")
    assert sees(house, "rto", worker(CARE)) == {FREE, WITHHELD, SPECIAL, RENT}
    assert sees(house, "rto", worker(HOUSING)) == {FREE, RENT}
    assert sees(house, "rto", worker(VENLO)) == {REPORT, FREE}
    for service in ("intake", "triage"):
        items = house["rto"].state.items
        context = house.context(service)
        for viewer in (director(), worker(CARE)):
            for item in items:
                assert not isinstance(VIEWS[service](viewer, item, house[service].state, context), Allowed)


def test_while_monitoring_who_has_no_part_in_it_sees_its_own_alone_r64() -> None:
    house = Stored("monitoring")
    assert sees(house, "rto", worker(CARE)) == {FREE, WITHHELD, RENT}
    assert sees(house, "rto", worker(VENLO)) == {REPORT}
    assert sees(house, "rto", worker(HOUSING)) == {RENT}
    assert sees(house, "rto", director(CARE)) == {FREE, WITHHELD, RENT}


@pytest.mark.parametrize("case", ["asked", "preparing", "prepared", "table", "monitoring"])
def test_what_was_refused_or_never_released_does_not_come_to_phase_4_r87(case: str) -> None:
    house = Stored(case)
    go_on(house, case, until="step_1")
    file = {item.item_id for item in house["retention"].state.items}
    assert not file & {SILENT, REFUSED, BACK}
    assert FREE in file
    assert sees(house, "retention", worker(CARE)) == {FREE, WITHHELD, RENT}


def as_handed_over() -> Stored:
    """A case of which the version before announced the de-escalation, and nobody had heard of it yet."""
    house = Stored("decided")
    for event in unread():
        for service in ("intake", "triage", "retention"):
            house.hears(service, "rto", event)
    return house


HANDED_OVER = {"step_1": lambda: Stored("step_1"), "decided": as_handed_over}


@pytest.mark.parametrize("case", HANDED_OVER)
def test_phase_4_shows_nothing_that_was_refused_never_released_or_taken_back_r87(case: str) -> None:
    """R87: the version before handed over everything; of such a file nobody knows what phase 3 showed."""
    house = HANDED_OVER[case]()
    assert house.phases()["retention"] == "step-1"
    given = {item.item_id for item in house["retention"].state.items}
    assert given >= {SILENT, REFUSED, WITHHELD}
    hidden = {SILENT, REFUSED, WITHHELD, BACK}
    for viewer in (director(CARE), worker(CARE), worker(VENLO), worker(HOUSING)):
        assert not sees(house, "retention", viewer) & hidden
    assert sees(house, "retention", worker(POLICE)) == given & set(OF_THE_POLICE)


def told_again(house: Stored) -> Stored:
    """Let retention catch up after the upgrade, and the round table answer."""
    if not house["retention"].state.set_terms:
        house["retention"].does(rc.CatchUp(by=CLOCK, reference=REFERENCE))
    house.pass_on("retention", *FOLLOWING)
    house.pass_on("rto", "retention")
    return house


@pytest.mark.parametrize("case", HANDED_OVER)
def test_phase_4_shows_what_phase_3_did_once_the_round_table_has_told_it_again_r87(case: str) -> None:
    house = HANDED_OVER[case]()
    plan = house["retention"].state.file
    told_again(house)
    withheld = {WITHHELD} if case == "decided" else set()  # taken back in step 1
    assert sees(house, "retention", director(CARE)) == {REPORT, FREE, SPECIAL, RENT} | withheld
    assert sees(house, "retention", worker(CARE)) == {FREE, SPECIAL, RENT} | withheld
    assert house["retention"].state.file == plan
    assert [letter for letter in letters(house, "retention") if "announced" in letter[1]] == []


def test_of_a_file_that_was_cleaned_or_archived_only_what_was_released_is_shown_r87() -> None:
    house = told_again(Stored("cleaned"))
    kept = {item.item_id for item in house["retention"].state.items}
    assert kept == {FREE, WITHHELD, SILENT}
    assert sees(house, "retention", director(CARE)) == {FREE}
    assert sees(house, "retention", worker(CARE)) == {FREE}
    house = told_again(Stored("archived"))
    retention, manager = house["retention"], Actor(Role.MANAGER, person="manager")
    retention.does(rc.InspectFile(by=manager, reason=retention.state.file.agreements))
    retention.does(rc.UseInspection(by=manager))
    viewer = Viewer(Role.MANAGER, "manager")
    for things in (retention.state.items, retention.state.kept):
        verdicts = {
            one.item_id: VIEWS["retention"](
                viewer,
                retention_viewing.OnInspection(1, one),
                retention.state,
                house.context("retention"),
            )
            for one in things
        }
        assert [item for item, verdict in verdicts.items() if isinstance(verdict, Allowed)] == [FREE]


def test_what_phase_3_did_not_show_cannot_be_kept_r95() -> None:
    house = told_again(Stored("step_1"))
    why = house["retention"].state.file.agreements
    for item, refusal in ((SILENT, "NoSuchItem"), (REFUSED, "NoSuchItem"), (WITHHELD, "NoSuchItem")):
        kept = (rc.KeptItem(item_id=item, reason=why),)
        assert refused(house, "retention", rc.CleanFile(by=by_director(CARE), kept=kept)) == refusal
    clean_with(house, FREE)
    assert [item.item_id for item in house["retention"].state.items] == [FREE]


@pytest.mark.parametrize("case", ["step_1", "cleaned", "archived", "closing"])
def test_all_services_judge_a_stored_case_by_its_dates_once_retention_has_caught_up_r91(case: str) -> None:
    house = Stored(case)
    terms = house["retention"].state.terms
    told_again(house)
    followed = [name for name in FOLLOWING if name in CASES[case]]
    assert {name: house[name].state.terms for name in followed} == dict.fromkeys(followed, terms)
    for core in house.cores.values():
        core.now = max(term.due for term in terms)
    for name in (*followed, "retention"):
        assert not isinstance(looks(house, name, director(terms[0].decided_by)), Allowed)
    again = rc.CatchUp(by=CLOCK, reference=number(82))
    state = house["retention"].state
    decided = SERVICES["retention"].process.decide(state, again, house.context("retention"))
    assert decided == (), "and it does so once"


@pytest.mark.parametrize(("case", "told"), [("archived", set(AT_THE_TABLE)), ("closing", {VENLO})])
def test_who_was_told_of_no_reference_is_told_it_then_and_hears_of_the_end_under_it_r106(
    case: str, told: set[str]
) -> None:
    house = told_again(Stored(case))
    assert {party for party, kind in letters(house, "retention") if "announced" in kind} == told
    assert house["retention"].state.reference == REFERENCE
    erase(house)
    announced = [party for party, kind in letters(house, "retention") if "announced" in kind]
    assert set(announced) == told
    assert len(announced) == len(told), "once"


def test_what_the_version_before_took_in_of_a_table_of_this_one_is_told_again_whole_r86() -> None:
    """While both run, the round table may be ahead: retention then skips what it does not know."""
    house = Stored("monitoring")
    deescalate(house)
    whole = house["retention"].state
    assert not any('"tell_again":true' in one.body for one in house["retention"].sent)
    stored = json.loads(to_json(whole))
    for member in ("shown", "actions", "set_terms", "standings", "round", "led", "reference"):
        del stored[member]
    stored["file"]["actions"] = []
    house["retention"].state = load("retention", stored)
    told_again(house)
    assert house["retention"].state.file.actions == whole.file.actions
    assert set(house["retention"].state.shown) == set(whole.shown)


def test_what_was_taken_back_in_step_1_is_gone_from_phase_4_and_does_not_come_back_alone_a12() -> None:
    house = told_again(Stored("step_1"))
    house["rto"].hears(m.ReleaseWithdrawn(item_id=FREE), by_party(POLICE))
    house.pass_on("rto", "intake", "triage", "retention")
    assert FREE not in sees(house, "retention", director(CARE))
    clean_with(house, RENT)
    archive(house)
    assert [item.item_id for item in house["retention"].state.items] == [RENT]
    reactivate(house)
    assert house.phases()["rto"] == "prepared"
    assert {item.item_id for item in house["rto"].state.items} == {RENT}


def reactivate(house: Stored) -> None:
    house["retention"].is_asked(
        NewReactivation(reason="x"),
        lambda sent: rc.ReactivateFile(by=Actor(Role.MANAGER, person="manager"), reason=text(sent.reason)),
    )
    house.pass_on("retention", *FOLLOWING)


# --- who leaves --------------------------------------------------------------------------------------


def test_a_party_whose_end_was_decided_is_published_as_it_was_and_has_no_right_r115() -> None:
    governance = Stored("referred")["governance"]
    governance.state = load("governance", STORED["governance"]["ended"])
    governance.does(gc.PublishAnew(by=OPERATOR))
    record = read(governance.sent[-1])
    assert isinstance(record, PartyRecord)
    assert record.member_until is not None
    assert not Parties({record.party: record}).is_member(record.party, record.member_until)


def test_an_end_that_was_proposed_is_confirmed_by_a_second_person_r115() -> None:
    governance = Stored("referred")["governance"]
    governance.state = load("governance", STORED["governance"]["proposed"])
    proposed = governance.state.proposed
    manager = Actor(Role.MANAGER, person="person-manager")
    governance.does(gc.EndMembership(by=manager, reason=proposed.reason))
    assert governance.state.phase == "ended"


@pytest.mark.parametrize(
    ("case", "ends"), [("prepared", "closing"), ("table", "deescalated"), ("monitoring", "deescalated")]
)
def test_a_stored_case_whose_leader_has_left_ends_by_its_terms_r102(case: str, ends: str) -> None:
    """R115, R102: it is found by the clock, goes to the manager, and ends where nobody takes it over."""
    house = Stored(case)
    rto = house["rto"]
    leading = rto.state.leading_party
    rto.parties = before.parties(**{leading.replace("-", "_"): {"member_until": NOW}})
    for days in (1, 15, 16, 60):
        rto.now = NOW + timedelta(days=days)
        if str(rto.state.phase) != ends:
            rto.does(tc.LookForLeader(by=CLOCK, at=rto.now))
    assert str(rto.state.phase) == ends
    house.pass_on("rto", "intake", "triage", "retention")
    house.pass_on("retention", *FOLLOWING)
    house["retention"].now = rto.now
    erase(house)
    assert house.phases()["retention"] == "erased"
