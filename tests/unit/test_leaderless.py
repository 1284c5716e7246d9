"""The party that leads a case leaves: nothing more in its name, and in the end it ends (R115, R102)."""

from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from services.retention.handlers import close_early
from services.retention.main import PROCESS as RETENTION
from services.retention.proofs import Ending
from services.retention.state import Phase as RetentionPhase
from services.rto import commands as c
from services.rto import events as e
from services.rto.main import PROCESS
from services.rto.permissions import PERMISSIONS
from services.rto.state import Phase
from services.triage.state import Phase as TriagePhase
from shared.contract.fields import Step
from shared.contract.messages import rto as m
from shared.contract.messages.house import TermPassed
from shared.contract.messages.intake import ClosingReason, DutiesSettled
from shared.contract.parties import Parties, PartyRecord
from shared.contract.refusal import (
    ITEM_FROZEN,
    NO_AUTHORISATION,
    NO_ON_BEHALF_OF,
    NOT_A_PARTY,
    NOT_ON_BEHALF_OF_THE_LEADING_PARTY,
    Refusal,
)
from shared.core.actor import CLOCK, Actor, Role
from shared.core.authorisation import permit
from shared.core.calendar_terms import add_months
from shared.core.context import DecisionContext
from shared.core.effects import Announce, ToParty
from shared.core.leaderless import LeaderBack, LeaderLeft, LookForLeader
from shared.core.leaving import may_leave
from shared.core.standing import is_frozen, left_on
from shared.core.terms import Overdue, PassTerm, Told
from tests.support.samples import intake, retention, rto, samples_of, triage
from tests.support.spec import NOW, Spec

DAY = timedelta(days=1)
LEFT_AT = NOW + DAY


def without(leader: str, parties: Parties, until: datetime | None = LEFT_AT) -> Parties:
    """Return the parties when the one that leads is one until then."""
    record = parties.records[leader].model_copy(update={"member_until": until})
    return Parties({**parties.records, leader: record})


class Leaderless:
    """Let the clock look once a day at a case whose leading party has left."""

    def __init__(self, service: str, *history: Any) -> None:
        self.service = service
        self.process = import_module(f"services.{service}.main").PROCESS
        self.given: Spec[Any] = samples_of(service).spec().given(*history)
        self.parties = without(self.given.state.leading_party, self.given.parties)
        self.sent: list[Any] = []
        self.found: list[Any] = []

    @property
    def state(self) -> Any:
        return self.given.state

    def decide(self, command: Any, at: datetime) -> tuple[Any, ...]:
        events = self.process.decide(self.state, command, DecisionContext(at, self.parties))
        assert not isinstance(events, Refusal), events
        for event in events:
            self.found.append(event)
            self.given = self.given.given(event)
            self.sent += self.process.effects(rto.CASE, event, self.state)
        return tuple(events)

    def look(self, days: float) -> "Leaderless":
        """Look once, so many days after the leading party has left."""
        at = LEFT_AT + days * DAY
        self.decide(LookForLeader(by=CLOCK, at=at), at)
        return self

    def daily(self, first: int, last: int) -> "Leaderless":
        for day in range(first, last):
            self.look(day)
        return self

    @property
    def announced(self) -> list[Any]:
        return [one.message for one in self.sent if isinstance(one, Announce)]


PHASES_1_AND_2 = [
    ("intake", (intake.RECEIVED,)),
    ("intake", (intake.RECEIVED, intake.CONSULTED)),
    ("triage", triage.HISTORIES[TriagePhase.TRIAGE]),
    ("triage", triage.HISTORIES[TriagePhase.PREPARING]),
    ("rto", rto.HISTORIES[Phase.PREPARED]),
]
PHASE_3 = [("rto", rto.HISTORIES[Phase.CONVENED]), ("rto", rto.HISTORIES[Phase.MONITORING])]
EVERYWHERE = [*PHASES_1_AND_2, *PHASE_3]


@pytest.mark.parametrize(("service", "history"), EVERYWHERE)
def test_a_party_leads_until_its_last_instant_and_not_at_it_r115(
    service: str, history: tuple[Any, ...]
) -> None:
    case = Leaderless(service, *history)
    assert case.look(-1 / 86_400).found == []
    (left,) = case.look(0).found
    assert isinstance(left, LeaderLeft)
    assert (left.overdue.leader_left, left.overdue.since) == (LEFT_AT, LEFT_AT)


@pytest.mark.clause(
    "R115.f", allowed="Is de leidende partij in fase 1 of 2 uitgetreden, dan sluit de casus na de termijn."
)
@pytest.mark.parametrize(("service", "history"), PHASES_1_AND_2)
def test_before_there_was_a_table_the_manager_knows_at_once_and_the_case_closes_after_its_term_r102(
    service: str, history: tuple[Any, ...]
) -> None:
    case = Leaderless(service, *history).daily(0, 14)
    assert len(case.found) == 1
    assert (case.state.overdue.told, case.state.overdue.ends_on) == (Told.MANAGER, LEFT_AT + 14 * DAY)
    case.look(14)
    assert case.state.phase.value == "closing"
    closed, *settled = case.announced
    assert settled == ([DutiesSettled(settled_at=closed.closed_at)] if service == "intake" else [])
    assert (closed.reason, closed.lapsed) == (ClosingReason.NOT_TAKEN_UP, True)
    assert closed.closed_at == LEFT_AT + 14 * DAY


def test_retention_removes_it_after_the_closing_term_and_counts_it_as_lapsed_r102() -> None:
    case = Leaderless("rto", *rto.HISTORIES[Phase.PREPARED]).look(0).look(14)
    command = close_early(case.announced[-1], retention.by_service("rto"))
    closing = retention.spec().when(command)
    event, *_ = closing.events
    assert (event.ending, event.removal_on) == (Ending.LAPSED, LEFT_AT + 28 * DAY)


@pytest.mark.clause(
    "R86.c", allowed="Neemt niemand de casus binnen de termijnen over, dan schaalt die zonder RTO af."
)
@pytest.mark.clause(
    "R86.c", refused="De casus schaalt niet af voordat de manager het wist en zijn termijn voorbij is."
)
@pytest.mark.parametrize(("service", "history"), PHASE_3)
def test_what_a_table_decides_on_goes_to_the_manager_and_then_deescalates_without_a_table_r86(
    service: str, history: tuple[Any, ...]
) -> None:
    case = Leaderless(service, *history).daily(0, 14)
    before = case.state
    assert (before.overdue.told, before.overdue.ends_on) == (Told.DIRECTOR, LEFT_AT + 44 * DAY)
    assert case.look(14).state.overdue.told is Told.MANAGER
    assert case.daily(15, 44).state.phase is before.phase
    case.look(44)
    assert case.state.phase is Phase.DEESCALATED
    deescalated = case.announced[-1]
    assert isinstance(deescalated, m.CaseDeescalated)
    assert (deescalated.without_table, deescalated.decided_at) == (True, LEFT_AT + 44 * DAY)
    assert deescalated.mandate == before.mandate
    assert not any(isinstance(one, m.RtoOutcomeRecorded) for one in case.announced), "no table decided"


@pytest.mark.clause("R86.c", allowed="Ook na afschaling zonder RTO gelden de volle termijnen van fase 4.")
def test_a_case_that_deescalates_without_a_table_has_the_full_clock_r86() -> None:
    case = Leaderless("rto", *rto.HISTORIES[Phase.MONITORING]).look(0).look(14).look(44)
    commands = import_module("services.retention.commands")
    file = commands.Deescalate(by=retention.by_service("rto"), file=case.announced[-1])
    opened = retention.spec().given(*retention.HISTORIES[RetentionPhase.OPEN]).when(file)
    (event,) = opened.events
    decided = LEFT_AT + 44 * DAY
    assert (event.archive_on, event.destroy_on) == (add_months(decided, 6), add_months(decided, 12))
    handed_over = RETENTION.evolve(opened.state, event).file
    assert handed_over is not None
    assert handed_over.without_table


def test_a_table_that_decides_itself_is_marked_so() -> None:
    (_, event) = s_conclude().events
    assert event == e.CaseDeescalated(rto.RTO, NOW)
    assert not event.without_table


def s_conclude() -> Spec[Any]:
    conclusion = rto.conclusion(outcome=m.RtoOutcome.DEESCALATE)
    command = c.ConcludeRto(by=rto.by_director(), rto_id=rto.RTO, conclusion=conclusion)
    return rto.spec().given(*rto.AGREED).when(command)


@pytest.mark.parametrize(("service", "history"), EVERYWHERE)
def test_an_outage_ends_nothing_that_was_not_announced_for_a_whole_term(
    service: str, history: tuple[Any, ...]
) -> None:
    case = Leaderless(service, *history).look(400)
    assert isinstance(case.found[-1], LeaderLeft)
    assert case.state.overdue.ends_on > LEFT_AT + 413 * DAY
    assert case.daily(401, 413).state.phase.value not in ("closing", "deescalated")


@pytest.mark.clause(
    "R115.f", refused="Is de leidende partij binnen de termijn weer partij, dan sluit de casus niet."
)
@pytest.mark.parametrize(("service", "history"), EVERYWHERE)
def test_a_party_that_is_one_again_keeps_its_case(service: str, history: tuple[Any, ...]) -> None:
    case = Leaderless(service, *history).look(0)
    case.parties = case.given.parties
    assert case.look(13).found[-1] == LeaderBack()
    asked = getattr(case.state, "to_decide", ())  # at triage: what queried parties asked is listed again
    listed = Overdue(Step.TRIAGE, min(asked, default=NOW), Told.DIRECTOR, by_term=False, to_decide=len(asked))
    assert case.state.overdue == (listed if asked else None)
    assert case.look(50).state.phase.value not in ("closing", "deescalated")


@pytest.mark.parametrize(("service", "history"), EVERYWHERE)
def test_a_party_of_which_no_record_is_here_has_not_left(service: str, history: tuple[Any, ...]) -> None:
    """Its record cannot be read just now: nothing is shown in its name, and nothing ends."""
    case = Leaderless(service, *history)
    case.parties = Parties({})
    assert case.daily(0, 60).found == []


@pytest.mark.parametrize(("service", "history"), EVERYWHERE)
def test_the_terms_of_the_step_go_on_and_write_to_nobody_who_has_left(
    service: str, history: tuple[Any, ...]
) -> None:
    case = Leaderless(service, *history).look(0)
    late = case.state.overdue
    (passed,) = case.decide(PassTerm(by=CLOCK, at=LEFT_AT + 10 * DAY), LEFT_AT)
    assert passed.overdue == late
    assert case.state.overdue == late, "still ends on the day that was announced"
    assert not any(isinstance(one, ToParty) and isinstance(one.message, TermPassed) for one in case.sent)


# --- what the director may still do -------------------------------------------------------------------


NOBODY = rto.by_director(None)
OFFER = c.OfferDirection(by=NOBODY, party=rto.CARE)


@pytest.mark.clause(
    "R115.e", allowed="Is de leidende partij uitgetreden, dan kan de procesregisseur de casusregie aanbieden."
)
@pytest.mark.clause(
    "R115.e",
    refused="Zolang de leidende partij nog partij is, wordt de casusregie niet namens niemand aangeboden.",
)
@pytest.mark.clause(
    "R7.e",
    allowed="Is de leidende partij geen partij meer, dan kan de procesregisseur namens niemand de "
    "casusregie aan een andere partij aanbieden.",
)
@pytest.mark.parametrize(("service", "history"), PHASE_3)
def test_the_director_offers_direction_on_nobodys_behalf_from_the_day_who_led_has_left_r7(
    service: str, history: tuple[Any, ...]
) -> None:
    case = Leaderless(service, *history)
    early = DecisionContext(LEFT_AT - timedelta(microseconds=1), case.parties)
    assert PROCESS.decide(case.state, OFFER, early) is NO_ON_BEHALF_OF
    (offered,) = case.decide(OFFER, LEFT_AT)
    assert offered == e.DirectionOffered(rto.CARE, LEFT_AT, LEFT_AT)
    assert case.sent == [ToParty(rto.CARE, m.DirectionVacant(left_on=LEFT_AT))]


def test_an_offer_on_nobodys_behalf_leaves_and_one_in_the_name_of_who_has_left_does_not_r115() -> None:
    case = Leaderless("rto", *rto.HISTORIES[Phase.CONVENED])
    for message, leaves in ((m.DirectionVacant, None), (m.DirectionOffered, NO_AUTHORISATION)):
        conditions = PROCESS.conditions(message)
        assert may_leave(rto.CARE, conditions, case.state, case.parties, LEFT_AT) is leaves


def _of_the_director() -> list[Any]:
    own = [one for one in rto.COMMANDS if one.by.role is Role.PROCESS_DIRECTOR]
    return [one for one in own if not isinstance(one, c.OfferDirection)]


@pytest.mark.clause(
    "R115.e", refused="Namens niemand kan de procesregisseur niets anders doen dan de casusregie aanbieden."
)
@pytest.mark.clause("R7.e", refused="Iets anders kan de procesregisseur dan namens niemand niet doen.")
@pytest.mark.clause(
    "R7.a", refused="Elke andere handeling van de procesregisseur die niet zegt namens wie, wordt geweigerd."
)
@pytest.mark.parametrize("command", _of_the_director(), ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(("service", "history"), PHASE_3)
def test_nothing_else_is_done_on_nobodys_behalf_r7(
    service: str, history: tuple[Any, ...], command: Any
) -> None:
    case = Leaderless(service, *history)
    context = DecisionContext(LEFT_AT, case.parties)
    on_nobodys = replace(command, by=NOBODY)
    assert permit(PERMISSIONS[type(command)], NOBODY, context) is NO_ON_BEHALF_OF
    assert isinstance(PROCESS.decide(case.state, on_nobodys, context), Refusal)
    assert permit(PERMISSIONS[type(command)], command.by, context) is NOT_A_PARTY


def test_another_director_offers_nothing_and_nobody_acts_for_another_party() -> None:
    case = Leaderless("rto", *rto.HISTORIES[Phase.MONITORING])
    context = DecisionContext(LEFT_AT, case.parties)
    stranger = replace(OFFER, by=rto.by_director(None, rto.OTHER_DIRECTOR))
    refused = PROCESS.decide(case.state, stranger, context)
    assert isinstance(refused, Refusal)
    assert refused.status == 404
    for_police = replace(OFFER, by=rto.by_director(rto.POLICE))
    assert PROCESS.decide(case.state, for_police, context) is NOT_ON_BEHALF_OF_THE_LEADING_PARTY


@pytest.mark.parametrize(("service", "history"), PHASE_3)
def test_who_takes_it_over_leads_and_nothing_ends_any_more_r72(
    service: str, history: tuple[Any, ...]
) -> None:
    case = Leaderless(service, *history).look(0).look(14)
    case.decide(OFFER, LEFT_AT + 15 * DAY)
    accepting = rto.accepting()
    case.decide(accepting, LEFT_AT + 16 * DAY)
    assert (case.state.mandate.party, case.state.overdue) == (rto.CARE, None)
    assert case.daily(17, 80).state.phase in (Phase.CONVENED, Phase.MONITORING)


def test_what_restricts_is_taken_also_while_nobody_leads() -> None:
    case = Leaderless("rto", *rto.HISTORIES[Phase.MONITORING])
    case.decide(c.WithdrawRelease(by=rto.by_party(rto.POLICE), item_id=rto.WITHHELD), LEFT_AT + DAY)


# --- what it brought in ------------------------------------------------------------------------------


@pytest.mark.clause("R115.c", allowed="Zolang de inbrenger partij is, kan zijn gegeven worden gebruikt.")
@pytest.mark.clause(
    "R115.c", refused="Vanaf het uittreden van de inbrenger wordt zijn gegeven aan niemand meer verstrekt."
)
@pytest.mark.parametrize(
    ("until", "frozen"), [(None, False), (NOW + timedelta(microseconds=1), False), (NOW, True)]
)
def test_what_a_party_brought_in_freezes_the_moment_it_leaves_a11(
    until: datetime | None, frozen: bool
) -> None:
    parties = without(rto.POLICE, rto.parties(), until)
    assert is_frozen(rto.POLICE, parties, NOW) is frozen
    assert left_on(rto.POLICE, parties, NOW) == (until if frozen else None)
    drawn = c.RecordPlan(by=rto.by_director(), plan=rto.plan(drawn_from=(rto.FREE,)))
    for history, command in (
        (rto.HISTORIES[Phase.MONITORING], c.ProvideItem(by=rto.by_director(), taking=rto.taking())),
        (rto.SEATED, drawn),
        (rto.AGREED, rto.ask(item_id=rto.WITHHELD)),
    ):
        found = PROCESS.decide(rto.state(*history), command, DecisionContext(NOW, parties))
        assert (found is ITEM_FROZEN) is frozen, command


def test_a_party_without_a_record_is_frozen_and_has_not_left() -> None:
    assert is_frozen(rto.POLICE, Parties({}), NOW)
    assert left_on(rto.POLICE, Parties({}), NOW) is None


def test_a_party_that_acceded_anew_is_one_again() -> None:
    again: PartyRecord = rto.record(rto.POLICE, member_from=NOW)
    assert not is_frozen(rto.POLICE, Parties({rto.POLICE: again}), NOW)


def test_what_says_something_of_an_item_freezes_with_it_a11() -> None:
    state = rto.state(*rto.AGREED)
    (item,) = (one for one in state.items if one.item_id == rto.FREE)
    plan = rto.plan(drawn_from=(rto.FREE, rto.RENT))
    assert state.givers(item) == state.givers(rto.FREE) == {rto.POLICE}
    assert state.givers(rto.entry(rto.RENT, rto.CARE)) == {rto.HOUSING}
    assert state.givers(plan) == {rto.POLICE, rto.HOUSING}
    assert state.givers(rto.plan()) == state.givers(None) == state.givers(rto.NEW) == frozenset()


def test_in_an_archived_file_too_what_says_something_of_an_item_freezes_with_it_a11() -> None:
    viewing = import_module("services.retention.viewing")
    state = retention.state(*retention.HISTORIES[RetentionPhase.STEP_1_CLEANED])
    for kept in state.kept:
        (item,) = (one for one in state.items if one.item_id == kept.item_id)
        for thing in (item, kept, viewing.OnInspection(1, kept), viewing.OnInspection(1, item)):
            assert RETENTION.givers(state, thing) == {item.contributor}
    assert state.kept


def test_at_triage_a_reply_freezes_with_its_items_a11() -> None:
    givers = import_module("services.triage.main").PROCESS.givers
    state = triage.spec().given(*triage.HISTORIES[TriagePhase.TRIAGE]).state
    assert givers(state, triage.ANSWERED.answer) == {triage.POLICE}
    assert givers(state, triage.contributed(triage.ITEM, triage.CARE)) == {triage.CARE}
    unknown = triage.ANSWERED.answer.model_copy(update={"query_id": triage.NEW})
    for thing in (unknown, triage.ASKED_POLICE.query, triage.person(triage.MAN), None):
        assert givers(state, thing) == frozenset()


@pytest.mark.parametrize("phase", [Phase.PREPARED, Phase.MONITORING])
def test_whoever_has_left_since_is_not_invited_and_stops_no_round_table_r115(phase: Phase) -> None:
    """Before, a case was stuck: who was prepared is fixed, and one of them is no party any more."""
    parties, history = without(rto.HOUSING, rto.parties(), NOW), rto.HISTORIES[phase]
    anew: dict[str, Any] = {"preparation": rto.follow_up()} if phase is Phase.MONITORING else {}
    convene = c.ConveneRto(by=rto.by_director(), meeting=rto.meeting(rto.SECOND_RTO, **anew))
    found = PROCESS.decide(rto.state(*history), convene, DecisionContext(NOW, parties))
    assert isinstance(found, tuple)
    invited = [one.party for one in found[0].meeting.participants]
    assert invited == [rto.VENLO, rto.POLICE, rto.CARE]
    gone = rto.parties(**{one.replace("-", "_"): {"member_until": NOW} for one in rto.AT_THE_TABLE})
    refused = PROCESS.decide(rto.state(*history), convene, DecisionContext(NOW, gone))
    assert isinstance(refused, Refusal)
    assert refused.name == "NotLawfullyPresent"


def test_actions_are_assigned_to_nobody_who_has_left_r115() -> None:
    parties = without(rto.CARE, rto.parties())
    state = rto.state(*rto.AGREED)
    assert may_leave(rto.CARE, PROCESS.conditions(m.ActionsAssigned), state, parties, LEFT_AT) is NOT_A_PARTY
    assert may_leave(rto.HOUSING, PROCESS.conditions(m.ActionsAssigned), state, parties, LEFT_AT) is None


def test_the_clock_alone_looks_for_who_leads() -> None:
    context = DecisionContext(NOW, rto.parties())
    assert permit(PERMISSIONS[c.LookForLeader], CLOCK, context) is None
    assert permit(PERMISSIONS[c.LookForLeader], Actor(Role.MANAGER), context) is not None
