"""Where nobody acts, referral and triage end by the protocol of early ends; monitoring never does (R102)."""

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from services.intake import commands as intake_commands
from services.intake import events as intake_events
from services.intake.state import Phase as IntakePhase
from services.retention import events as retention_events
from services.retention.process import decide as retention_decide
from services.retention.proofs import Ending
from services.retention.state import State as RetentionState
from services.rto.state import Phase as RtoPhase
from services.triage import commands as triage_commands
from services.triage.state import Phase as TriagePhase
from shared.contract.fields import InformMoment, Step
from shared.contract.messages.house import CaseLapsed, TermPassed
from shared.contract.messages.intake import ClosingReason, DutiesSettled, InformingRequested
from shared.contract.parties import Parties
from shared.core.actor import CLOCK
from shared.core.context import DecisionContext
from shared.core.effects import Announce, ToParty
from shared.core.policy import TERMS
from shared.core.terms import PassTerm
from tests.support.samples import intake, retention, rto, samples_of, triage
from tests.support.spec import NOW, Spec

DAY = timedelta(days=1)
WAITING = {
    ("intake", "received"): Step.CONSULTATION,
    ("intake", "consulted"): Step.SCREENING,
    ("intake", "taken-up"): Step.INFORMING,
    ("intake", "deescalated"): Step.INFORMING,
    ("intake", "archived"): Step.INFORMING,
    ("intake", "closing"): Step.INFORMING,
    ("triage", "triage"): Step.TRIAGE,
    ("triage", "preparing"): Step.PREPARATION,
    ("rto", "prepared"): Step.CONVENING,
    ("rto", "convened"): Step.ROUND_TABLE,
    ("rto", "monitoring"): Step.MONITORING,
}


class Silence:
    """Let time pass over a case in which nobody does anything."""

    def __init__(self, service: str, *history: Any) -> None:
        self.service, s = service, samples_of(service)
        self.given: Spec[Any] = s.spec().given(*history)
        self.at = NOW + TERMS[self.step].remind
        self.told: list[Any] = []

    @property
    def step(self) -> Step:
        step: Step = WAITING[self.service, self.given.state.phase.value]
        return step

    def passes(self) -> "Silence":
        """Look once, and follow what is decided."""
        for event in self.given.when(PassTerm(by=CLOCK, at=self.at)).events:
            self.given = self.given.given(event)
            effects = import_module(f"services.{self.service}.effects").effects
            for effect in effects(intake.CASE, event, self.given.state):
                if isinstance(effect, ToParty | Announce):
                    self.told.append(effect)
            self.at = getattr(event, "next_on", self.at)
        return self

    def until(self, days: int) -> "Silence":
        while self.at < NOW + days * DAY and self.given.state.phase.value != "closing":
            self.passes()
        return self


def silence(service: str, phase: Any) -> Silence:
    return Silence(service, *samples_of(service).HISTORIES[phase])


def test_every_phase_in_which_somebody_must_act_has_a_term_and_no_other() -> None:
    found = {
        (service, phase.value): step
        for service in ("intake", "triage", "rto")
        for phase, step in import_module(f"services.{service}.main").PROCESS.terms.items()
    }
    assert found == WAITING


@pytest.mark.clause(
    "R15.c",
    allowed="Besluit niemand, dan worden de betrokken partijen herinnerd en eindigt de voorlopige "
    "registratie na de laatste termijn.",
)
@pytest.mark.clause(
    "R102.f",
    allowed="Een aanmelding waaraan niemand iets doet, wordt na haar termijnen vanzelf afgesloten, en de "
    "aanmelder hoort dat.",
)
@pytest.mark.parametrize("history", [(intake.RECEIVED,), (intake.RECEIVED, intake.CONSULTED)])
def test_a_referral_that_nobody_screens_ends_and_its_referrer_is_told(history: tuple[Any, ...]) -> None:
    waiting = Silence("intake", *history)
    step, term = waiting.step, TERMS[waiting.step]
    assert term.end is not None
    ends = NOW + term.remind + term.tell + term.end
    waiting.until(1000)
    assert (waiting.given.state.phase.value, waiting.at) == ("closing", ends)
    *reminders, told, closed, settled = waiting.told
    assert isinstance(settled.message, DutiesSettled), "nobody was informed: it is removed at once"
    assert {type(one.message) for one in reminders} == {TermPassed}
    assert {one.recipient for one in reminders} == {intake.VENLO}
    assert told == ToParty(intake.VENLO, CaseLapsed(step=step, lapsed_at=ends))
    assert (closed.message.reason, closed.message.lapsed) == (ClosingReason.NOT_TAKEN_UP, True)


def test_whoever_was_informed_of_a_referral_hears_that_it_was_removed_a10() -> None:
    informed = intake_events.ReferralReceived(
        intake.CASE, intake.VENLO, intake.referral(informed_beforehand=(intake.MAN,)), NOW
    )
    waiting = Silence("intake", informed).until(1000)
    assert waiting.given.state.duty(intake.MAN, InformMoment.CASE_REMOVED) is not None
    assert waiting.given.state.duty(intake.MOTHER, InformMoment.CASE_REMOVED) is None


@pytest.mark.clause(
    "R102.f", allowed="Een triage waaraan niemand iets doet, wordt na haar termijnen vanzelf afgesloten."
)
def test_a_triage_that_nobody_concludes_ends_and_its_referrer_is_told() -> None:
    waiting = Silence("triage", triage.OPENED).until(1000)
    term = TERMS[Step.TRIAGE]
    assert term.end is not None
    ends = NOW + term.remind + term.tell + term.end
    assert (waiting.given.state.phase, waiting.at) == (TriagePhase.CLOSING, ends)
    *_, told, closed = waiting.told
    assert told == ToParty(triage.VENLO, CaseLapsed(step=Step.TRIAGE, lapsed_at=ends))
    assert (closed.message.reason, closed.message.lapsed) == (ClosingReason.NOT_TAKEN_UP, True)


def test_queries_that_still_wait_lapse_with_their_triage() -> None:
    waiting = silence("triage", TriagePhase.TRIAGE).until(1000)
    assert {query.status.waits for query in waiting.given.state.queries} == {False}


@pytest.mark.clause(
    "R102.f",
    refused="Heeft net iemand iets gedaan of wordt nog op een antwoord gewacht, dan eindigt de triage niet.",
)
def test_triage_does_not_end_while_an_answer_is_waited_for_or_right_after_somebody_acted() -> None:
    term = TERMS[Step.TRIAGE]
    assert term.end is not None
    announced = Silence("triage", triage.OPENED).until((term.remind + term.tell).days + 1)
    ends_on = announced.given.state.overdue.ends_on
    asked = triage.issued(triage.TO_POLICE, triage.POLICE)
    for event in (asked, triage.CHANGED):
        after = type(event)(**{**_fields(event), "at": ends_on - DAY})
        given = announced.given.given(after)
        (reminded,) = given.when(PassTerm(by=CLOCK, at=ends_on)).events
        assert reminded.overdue.ends_on == ends_on + term.end
    (early,) = announced.given.given(asked).when(PassTerm(by=CLOCK, at=ends_on)).events[-1:]
    assert early.at == ends_on, "asked before it was announced: nobody has acted since"


def _fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


@pytest.mark.clause("R15.c", refused="Is net iets met de aanmelding gedaan, dan eindigt zij niet.")
def test_a_referral_that_was_assigned_anew_is_not_ended_under_the_new_director() -> None:
    term = TERMS[Step.SCREENING]
    assert term.end is not None
    announced = Silence("intake", intake.RECEIVED, intake.CONSULTED).passes().passes()
    ends_on = announced.given.state.overdue.ends_on
    assigned = intake_events.CaseAssigned("new", (), 1, intake.text("why"), ends_on - DAY)
    (reminded,) = announced.given.given(assigned).when(PassTerm(by=CLOCK, at=ends_on)).events
    assert reminded.overdue.ends_on == ends_on + term.end


@pytest.mark.clause("R82.c", allowed="Duurt de monitoring te lang, dan wordt steeds opnieuw herinnerd.")
@pytest.mark.clause("R82.c", refused="Hoe lang de monitoring ook duurt, de casus eindigt daardoor niet.")
def test_eight_hundred_days_of_silence_change_nothing_in_monitoring_but_reminders() -> None:
    waiting = silence("rto", RtoPhase.MONITORING)
    before = waiting.given.state
    waiting.until(800)
    after = waiting.given.state
    assert after.phase is RtoPhase.MONITORING
    assert (after.items, after.releases, after.plan, after.takers) == (
        before.items,
        before.releases,
        before.plan,
        before.takers,
    )
    assert {type(one.message) for one in waiting.told} == {TermPassed}
    assert {one.message.ends_on for one in waiting.told} == {None}
    assert 10 < len(waiting.told) < 30


def test_who_is_not_informed_is_reminded_of_again_and_again_and_nothing_ends() -> None:
    waiting = silence("intake", IntakePhase.TAKEN_UP).until(800)
    assert waiting.given.state.phase is IntakePhase.TAKEN_UP
    assert {type(one.message) for one in waiting.told} == {InformingRequested}
    assert all(one.message.reminder and one.recipient == intake.VENLO for one in waiting.told)
    assert 50 < len(waiting.told) < 70


@pytest.mark.parametrize(
    ("service", "phase"),
    [("triage", TriagePhase.PREPARING), ("rto", RtoPhase.PREPARED), ("rto", RtoPhase.CONVENED)],
)
def test_what_was_decided_on_is_reminded_of_and_does_not_end(service: str, phase: Any) -> None:
    waiting = silence(service, phase).until(800)
    assert waiting.given.state.phase is phase
    assert waiting.told


MOVES = [
    ("intake", (intake.RECEIVED,), intake_commands.ConfirmConsultation(by=intake.by_party())),
    ("intake", (intake.RECEIVED, intake.CONSULTED), intake.COMMANDS[2]),
    ("triage", triage.HISTORIES[TriagePhase.TRIAGE], triage.conclude()),
    ("triage", triage.HISTORIES[TriagePhase.TRIAGE], triage_commands.FollowClosing(by=triage.BY_SERVICE)),
    ("rto", rto.HISTORIES[RtoPhase.PREPARED], rto.COMMANDS[2]),
    ("rto", rto.HISTORIES[RtoPhase.MONITORING], rto.COMMANDS[3]),
]


@pytest.mark.parametrize(("service", "history", "command"), MOVES)
def test_a_phase_that_ends_is_overdue_no_more(service: str, history: Any, command: Any) -> None:
    late = Silence(service, *history).passes()
    assert late.given.state.overdue is not None
    given = late.given
    moved = given.given(*given.when(command).events)
    assert moved.state.phase is not given.state.phase
    assert moved.state.overdue is None


def test_a_postponed_duty_to_inform_neither_starts_nor_stops_a_term() -> None:
    given = Silence("intake", intake.RECEIVED, intake.CONSULTED).passes().given
    postponed = intake_events.InformingPostponed(
        1, intake.MAN, InformMoment.TAKEN_UP, intake.text("reason"), NOW + 300 * DAY, NOW
    )
    assert given.given(postponed).state.overdue == given.state.overdue


def test_the_term_of_a_round_table_starts_with_the_day_it_meets() -> None:
    planned_for = import_module("services.rto.main").PROCESS.planned_for
    assert planned_for(rto.state(*rto.HISTORIES[RtoPhase.CONVENED])) == rto.meeting().on
    assert planned_for(rto.state(*rto.HISTORIES[RtoPhase.MONITORING])) is None


def test_a_case_that_lapsed_is_counted_as_such_and_gone_after_the_closing_term() -> None:
    closed = Silence("triage", triage.OPENED).until(1000).told[-1].message
    close_early = import_module("services.retention.handlers").close_early
    command = close_early(closed, retention.by_service("triage"))
    context = DecisionContext(NOW, Parties({}))
    decided = retention_decide(RetentionState(), command, context)
    assert isinstance(decided, tuple)
    event, _ = decided
    assert isinstance(event, retention_events.CaseClosing)
    assert event.ending is Ending.LAPSED
    assert event.removal_on == closed.closed_at + 14 * DAY
