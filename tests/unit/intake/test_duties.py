"""The register of duties to inform: each decision raises its own, with its term; none holds up an erasure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.intake import commands as c
from services.intake import events as e
from services.intake import handlers
from services.intake import refusals as r
from services.intake.duties import CONTENTS, contents_of
from services.intake.effects import effects
from services.intake.main import PROCESS
from services.intake.permissions import AT_THE_TABLE, PERMISSIONS, scopes_now
from services.intake.process import SCREENED
from services.intake.state import AskedOf, Duty, DutyStatus, Phase, RoundTable, State
from shared.contract.content import SEALED_ALLOWED, TextRef, contents, sealed_text_ids
from shared.contract.fields import InformMoment, Step, Theme
from shared.contract.limits import MOST_QUERIES_TOLD
from shared.contract.messages.intake import ClosingReason, NoticePart
from shared.contract.messages.retention import Hold, HoldKind, Term, TermKind
from shared.contract.messages.rto import AnnouncedOutcome, RtoClosed
from shared.contract.messages.triage import QueryRecorded, TriageOutcome
from shared.contract.parties import Scope
from shared.contract.refusal import NO_AUTHORISATION, NO_ON_BEHALF_OF, Refusal
from shared.core.actor import CLOCK
from shared.core.authorisation import permit, permit_here
from shared.core.calendar_terms import add_months
from shared.core.context import DecisionContext
from shared.core.effects import ToParty
from shared.core.obligations import ObligationState
from shared.core.policy import Policy
from shared.core.terms import Overdue, PassTerm, TermPassed, Told
from shared.handling import event_handlers
from shared.storage.json_writer import to_json
from tests.support.samples import intake as s
from tests.support.samples import triage
from tests.support.spec import NOW, Spec

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
REMOVED, AFTER_RTO, AFTER_TRIAGE = (
    InformMoment.CASE_REMOVED,
    InformMoment.AFTER_RTO,
    InformMoment.AFTER_TRIAGE,
)
INFORMED = e.PersonInformed(1, s.MAN, InformMoment.TAKEN_UP, NOW)
PURGE = c.PurgeCase(by=s.BY_SERVICE, case_id=s.CASE)
POLICY = Policy()


def case(phase: Phase = Phase.TAKEN_UP, *more: Any, **changes: Any) -> Spec[State]:
    return s.spec(**changes).given(*s.HISTORIES[phase], *more)


def after(given: Spec[State], *commands: Any) -> Spec[State]:
    """The case after these were decided, each as far as it was not refused."""
    for command in commands:
        given = given.given(*given.when(command).events)
    return given


def arisen(given: Spec[State], command: Any) -> list[tuple[str, str]]:
    """Whom a command obliges to inform, and of what."""
    raised = (x.duty for x in given.when(command).events if isinstance(x, e.DutyToInformArose))
    return [(one.addressee, one.kind) for one in raised]


def rto_ended(outcome: AnnouncedOutcome | None = None, cause: str = "first") -> c.RaiseDuties:
    outcome = outcome or AnnouncedOutcome.APPROACH_AND_MONITORING
    return c.RaiseDuties(by=s.BY_SERVICE, moment=AFTER_RTO, cause=cause, outcome=outcome)


def prepared(**changes: Any) -> c.RaiseDuties:
    given: dict[str, Any] = {"moment": AFTER_TRIAGE, "cause": "preparation", "round_table": s.ROUND_TABLE}
    return c.RaiseDuties(by=s.BY_SERVICE, **(given | changes))


def inform(moment: InformMoment = InformMoment.TAKEN_UP, **changes: Any) -> c.RecordInforming:
    given: dict[str, Any] = {"by": s.by_party(), "person_id": s.MAN, "moment": moment}
    return c.RecordInforming(**(given | changes))


def postpone(until: datetime, **changes: Any) -> c.PostponeInforming:
    given: dict[str, Any] = {"by": s.by_party(), "person_id": s.MAN, "moment": InformMoment.TAKEN_UP}
    return c.PostponeInforming(**(given | changes), reason=s.text("reason"), until=until)


def close(reason: ClosingReason) -> c.FollowClosing:
    return c.FollowClosing(by=s.BY_SERVICE, reason=reason, closed_at=NOW)


# --- a query: whom was asked, and why (R18) -------------------------------------------------------


def queried(number: int = 1, party: str = s.POLICE, *persons: str) -> c.RaiseDuties:
    """Triage has asked a party about these persons, by default about both."""
    query_id = f"0192aaaa-0000-7000-8000-{number:012d}"
    asked = AskedOf(query_id, party, persons or (s.MAN, s.MOTHER), s.text(f"purpose-{number}"))
    return c.RaiseDuties(
        by=s.BY_SERVICE, moment=InformMoment.TAKEN_UP, cause=f"query/{query_id}", query=asked
    )


def requests(given: Spec[State], command: Any) -> list[tuple[str, int | None, tuple[str, ...], Any]]:
    """Of each request to inform that follows: of whom, the duty, which parties were asked, and why."""
    found: list[Any] = []
    state = given.state
    for event in given.when(command).events:
        state = PROCESS.evolve(state, event)
        found += [x.message for x in PROCESS.effects(s.CASE, event, state) if isinstance(x, ToParty)]
    return [(x.person_id, x.duty, tuple(q.party for q in x.queries), x.purpose) for x in found]


@pytest.mark.clause(
    "R18.c",
    allowed="Wie al geïnformeerd was, moet ook horen aan wie daarna iets is gevraagd en waarom.",
)
def test_who_was_informed_before_is_to_be_told_of_a_query_and_by_whom_and_why_r18() -> None:
    told = case(Phase.TAKEN_UP, INFORMED)
    given = after(told, queried(1, s.POLICE, s.MAN))
    (duty,) = [one for one in given.state.owed if one.is_open and one.addressee == s.MAN]
    assert (duty.kind, duty.cause, duty.debtor) == (InformMoment.TAKEN_UP, queried().cause, s.VENLO)
    assert contents_of(duty) == (NoticePart.INFORMATION_ASKED,)
    assert duty.due == NOW + POLICY.terms[Step.INFORMING].remind
    asked = requests(told, queried(1, s.POLICE, s.MAN))
    assert asked == [(s.MAN, duty.id, (s.POLICE,), s.text("purpose-1"))]


def test_a_duty_that_is_open_says_it_and_no_second_one_arises_r18() -> None:
    """Asked anew under its number; what comes while it is open joins it."""
    given = case()
    (first,) = [one for one in given.state.owed if one.addressee == s.MAN]
    once = after(given, queried(1, s.POLICE, s.MAN))
    assert once.state.owed == given.state.owed
    assert requests(given, queried(1, s.POLICE, s.MAN))[0][:3] == (s.MAN, first.id, (s.POLICE,))
    twice = requests(once, queried(2, "woonwenz", s.MAN))
    assert twice == [(s.MAN, first.id, (s.POLICE, "woonwenz"), s.text("purpose-2"))]
    informed = after(once, inform())
    assert arisen(informed, queried(3, s.POLICE, s.MAN)) == [(s.MAN, InformMoment.TAKEN_UP)]


@pytest.mark.clause("R18.c", refused="Over een uitvraag die over een ander gaat, hoort een betrokkene niets.")
def test_nobody_is_told_of_a_query_about_another_nor_twice_of_one_r16_r18() -> None:
    told = case(Phase.TAKEN_UP, INFORMED)
    of_mother = after(told, queried(1, s.POLICE, s.MOTHER))
    assert [one for one in of_mother.state.owed if one.addressee == s.MAN and one.is_open] == []
    assert of_mother.when(queried(1, s.POLICE, s.MOTHER)).events == ()
    assert told.when(queried(1, s.POLICE, "somebody-else")).events == ()


def test_a_postponed_duty_says_it_once_it_comes_back_and_not_before_r19() -> None:
    waits = after(case(), postpone(NOW + DAY))
    given = after(waits, queried(1, s.POLICE, s.MAN))
    assert requests(waits, queried(1, s.POLICE, s.MAN)) == []
    later = replace(given, now=NOW + DAY)
    ((person, _, parties, _),) = requests(later, c.RemindOfInforming(by=CLOCK, duty=1))
    assert (person, parties) == (s.MAN, (s.POLICE,))


def test_a_request_names_the_latest_queries_however_many_there_were() -> None:
    given = after(case(), *(queried(n, s.POLICE, s.MAN) for n in range(MOST_QUERIES_TOLD)))
    ((_, _, parties, purpose),) = requests(given, queried(99, "woonwenz", s.MAN))
    assert len(parties) == MOST_QUERIES_TOLD
    assert (parties[-1], purpose) == ("woonwenz", s.text("purpose-99"))


def test_the_purpose_goes_with_the_cleaning_unless_an_open_duty_needs_it_r95() -> None:
    asked = after(case(Phase.TAKEN_UP, INFORMED), queried())
    ended = asked.given(e.CaseDeescalated(NOW))
    clean = c.FollowCleaning(by=s.BY_SERVICE, kept_items=())
    assert "piece-purpose-1" in sealed_text_ids(after(ended, clean).state)
    numbers = [one.id for one in ended.state.owed if one.is_open]
    done = after(
        ended,
        *(
            c.RecordInforming(
                by=s.by_party(), person_id=one.addressee, moment=InformMoment.TAKEN_UP, duty=one.id
            )
            for one in ended.state.owed
            if one.id in numbers
        ),
    )
    assert "piece-purpose-1" not in sealed_text_ids(after(done, clean).state)


def test_what_is_handed_over_says_whom_was_asked_and_holds_no_text_a20() -> None:
    given = after(case(Phase.TAKEN_UP, INFORMED), queried(1, s.POLICE, s.MAN))
    told: list[Any] = []
    state = given.state
    for event in given.when(PURGE).events:
        state = PROCESS.evolve(state, event)
        told += [x.message for x in PROCESS.effects(s.CASE, event, state) if isinstance(x, ToParty)]
    assert {x.person_id: x.asked for x in told} == {s.MAN: (s.POLICE,)}
    assert not [text for x in told for text in contents(x)]


def test_what_triage_records_of_a_query_becomes_the_command_with_the_query_as_its_cause() -> None:
    recorded = QueryRecorded(
        query_id=s.CASE, recipient=s.POLICE, persons=(s.MAN,), purpose=s.text("why"), recorded_at=NOW
    )
    command = handlers.raise_of_query(recorded, s.BY_SERVICE)
    assert command.query == AskedOf(s.CASE, s.POLICE, (s.MAN,), s.text("why"))
    assert (command.moment, command.cause) == (InformMoment.TAKEN_UP, f"query/{s.CASE}")


# --- when a duty arises, and what it says ---------------------------------------------------------


@pytest.mark.clause("R56.a", allowed="Is het RTO voorbereid, dan moet elke betrokkene worden geïnformeerd.")
@pytest.mark.clause(
    "R56.b",
    refused="Zolang doel, thema's en deelnemers niet vastliggen, komt er geen verzoek om te informeren.",
)
def test_the_duty_after_triage_arises_with_goal_themes_and_participants_and_not_before_r56() -> None:
    concluded = c.FollowTriage(by=s.BY_SERVICE, outcome=TriageOutcome.RTO_NEEDED)
    assert case().when(concluded).events == (e.TriageFollowed(TriageOutcome.RTO_NEEDED, NOW),)
    given = case()
    assert arisen(given, prepared()) == [(s.MAN, AFTER_TRIAGE), (s.MOTHER, AFTER_TRIAGE)]
    assert arisen(case(Phase.TAKEN_UP, INFORMED), prepared()) == arisen(given, prepared()), "each anew"
    assert after(given, prepared()).state.round_table == s.ROUND_TABLE
    assert given.when(prepared(round_table=None)).events == ()


def test_what_the_preparation_fixed_comes_with_its_event_and_an_early_end_with_its_reason() -> None:
    by, fixed = s.BY_SERVICE, triage.prepared().model_copy(update={"outcome": TriageOutcome.DOUBT})
    command = handlers.raise_after_triage(fixed, by)
    assert command.moment is AFTER_TRIAGE
    assert command.round_table == RoundTable(
        fixed.goal, fixed.themes, tuple(one.party for one in fixed.participants), TriageOutcome.DOUBT
    )
    later = fixed.model_copy(update={"prepared_at": fixed.prepared_at + DAY})
    assert handlers.raise_after_triage(later, by).cause != command.cause
    closed = RtoClosed(
        leading_party=s.POLICE,
        theme=Theme.COMPLEX_CASE,
        reason=ClosingReason.DOES_NOT_BELONG,
        closed_at=NOW - DAY,
    )
    (ended, *told) = case().when(event_handlers.close(closed, by)).events
    assert ended == e.CaseClosing(NOW - DAY)
    assert len(told) == 2, "each of the two hears that the data are removed"


@pytest.mark.clause(
    "R56.a", refused="Eindigt de casus na de triage, dan hoeft niemand over een RTO te worden geïnformeerd."
)
def test_of_a_case_that_ends_no_preparation_is_told() -> None:
    assert case(Phase.CLOSING).when(prepared()).events == ()


@pytest.mark.clause(
    "R83.a",
    allowed="Na de uitkomst van een RTO ontstaat voor elke betrokkene een eigen plicht om te informeren.",
)
@pytest.mark.clause("R83.a", refused="Hetzelfde besluit geeft geen tweede plicht.")
@pytest.mark.clause(
    "R83.b", allowed="Een tweede RTO geeft een nieuwe plicht, ook als die van het eerste nog openstaat."
)
@pytest.mark.clause(
    "R83.b", refused="Wie over het ene RTO is geïnformeerd, is daarmee niet over het andere geïnformeerd."
)
def test_a_second_round_table_obliges_anew_although_nobody_was_told_of_the_first_r83() -> None:
    once = after(case(), rto_ended())
    assert once.when(rto_ended()).events == (), "the same decision does not"
    assert arisen(once, rto_ended(cause="second")) == [(s.MAN, AFTER_RTO), (s.MOTHER, AFTER_RTO)]
    twice = after(once, rto_ended(cause="second"))
    numbers = [one.id for one in twice.state.owed if one.kind == AFTER_RTO and one.addressee == s.MAN]
    assert numbers == [2, 4]
    told = after(twice, inform(AFTER_RTO))
    assert [one.state.is_open for one in told.state.owed if one.id in numbers] == [False, True]
    assert after(told, inform(AFTER_RTO)).when(inform(AFTER_RTO)).refusal is r.NO_SUCH_DUTY


def test_a_notice_names_the_duty_it_fulfils_or_else_fulfils_the_oldest() -> None:
    given = after(case(), rto_ended(), rto_ended(cause="second"))
    assert given.when(inform(AFTER_RTO)).events[0].duty == 2
    assert given.when(inform(AFTER_RTO, duty=4)).events[0].duty == 4
    for wrong in (inform(AFTER_RTO, duty=3), inform(AFTER_RTO, duty=1), inform(AFTER_RTO, duty=99)):
        assert given.when(wrong).refusal is r.NO_SUCH_DUTY
    until = NOW + DAY
    assert given.when(postpone(until, moment=AFTER_RTO, duty=4)).events[0].duty == 4


@pytest.mark.clause(
    "R83.d",
    allowed="Het verzoek om te informeren vraagt te vertellen aan wie welke gegevens worden verstrekt en "
    "waarom.",
)
@pytest.mark.clause(
    "R83.d",
    refused="Hoort de casus hier niet thuis, dan krijgt niemand gegevens en noemt het verzoek dat niet.",
)
def test_of_a_case_that_does_not_belong_the_notice_names_no_recipients_r83() -> None:
    for outcome in AnnouncedOutcome:
        raised = case().when(rto_ended(outcome)).events[0].duty
        assert (NoticePart.RECIPIENTS in raised.contents) is (outcome is not AnnouncedOutcome.DOES_NOT_BELONG)


def test_each_moment_has_its_own_contents_and_every_moment_some() -> None:
    assert set(CONTENTS) == set(InformMoment)
    assert len(set(CONTENTS.values())) == len(InformMoment)


# --- whom an early end is told (R78, A10) ---------------------------------------------------------


@pytest.mark.clause("R52.c", allowed="Wie al was geïnformeerd, moet horen dat de gegevens worden verwijderd.")
@pytest.mark.clause(
    "R52.c",
    refused="Wie niet was geïnformeerd, krijgt na niet in behandeling of andere overlegtafel geen bericht.",
)
@pytest.mark.clause(
    "R78.c",
    allowed="Hoort de casus hier niet thuis, dan ontstaat voor elke betrokkene de plicht om de "
    "verwijdering te melden.",
)
@pytest.mark.clause(
    "R78.c", refused="Bij een ander vroeg einde ontstaat die plicht niet voor wie nog van niets wist."
)
@pytest.mark.parametrize("reason", ClosingReason)
def test_an_early_end_is_told_to_who_was_informed_and_what_does_not_belong_to_everybody(
    reason: ClosingReason,
) -> None:
    everybody = [(s.MAN, REMOVED), (s.MOTHER, REMOVED)]
    expected = everybody if reason is ClosingReason.DOES_NOT_BELONG else [(s.MAN, REMOVED)]
    assert arisen(case(Phase.TAKEN_UP, INFORMED), close(reason)) == expected
    nobody_knew = everybody if reason is ClosingReason.DOES_NOT_BELONG else []
    assert arisen(case(), close(reason)) == nobody_knew


@pytest.mark.parametrize("phase", [Phase.RECEIVED, Phase.CONSULTED, Phase.TAKEN_UP])
def test_a_withdrawal_is_told_to_who_was_informed_a10(phase: Phase) -> None:
    received = e.ReferralReceived(s.CASE, s.VENLO, s.referral(informed_beforehand=(s.MOTHER,)), NOW)
    history = (received, s.CONSULTED, s.TAKEN_UP)
    given = s.spec().given(*history[: 1 + [Phase.RECEIVED, Phase.CONSULTED, Phase.TAKEN_UP].index(phase)])
    withdraw = c.WithdrawReferral(by=s.by_party(), reason=s.text("reason"))
    assert arisen(given, withdraw) == [(s.MOTHER, REMOVED)]
    assert arisen(case(phase), withdraw) == []


def test_the_end_is_told_by_who_informed_last_and_to_who_was_not_informed_by_who_leads_a10() -> None:
    moved = e.DirectionMoved(s.POLICE, NOW)
    closed = after(case(Phase.TAKEN_UP, INFORMED, moved), close(ClosingReason.DOES_NOT_BELONG))
    assert [(one.addressee, one.debtor) for one in closed.state.owed if one.kind == REMOVED] == [
        (s.MAN, s.VENLO),
        (s.MOTHER, s.POLICE),
    ]
    assert closed.when(inform(REMOVED)).events[0] == e.PersonInformed(2, s.MAN, REMOVED, NOW)
    assert closed.when(inform(REMOVED, person_id=s.MOTHER)).refusal is r.NOT_THE_REFERRER


def test_what_a_referrer_that_has_left_owed_is_the_new_leaders_r115() -> None:
    """R16, R56: as long as it is a party the duties of the phases before stay its own."""
    direction = c.MoveDirection(by=s.BY_SERVICE, leading_party=s.POLICE, since=NOW)
    for left, debtor in ((None, s.VENLO), (NOW, s.POLICE)):
        moved = after(case(member_until=left), direction)
        assert moved.state.duty(s.MAN, InformMoment.TAKEN_UP).debtor == debtor
        (event,) = case(member_until=left).when(direction).events
        asked = [x.recipient for x in effects(s.CASE, event, moved.state) if isinstance(x, ToParty)]
        assert asked == ([s.POLICE] if left else [])


def test_of_its_removal_a_data_subject_hears_from_who_leads_where_who_informed_it_has_left_r115() -> None:
    told = (INFORMED, e.DirectionMoved(s.POLICE, NOW, referrer_left=True))
    for left, debtor in ((None, s.VENLO), (NOW, s.POLICE)):
        given = case(Phase.TAKEN_UP, *told, member_until=left)
        closed = after(given, close(ClosingReason.DOES_NOT_BELONG))
        assert closed.state.duty(s.MAN, REMOVED).debtor == debtor


def test_who_hears_of_the_case_while_it_closes_hears_of_its_end_too() -> None:
    closing = after(case(), close(ClosingReason.OTHER_TABLE))
    informed, *more = closing.when(inform()).events
    assert informed == INFORMED
    assert [(x.duty.addressee, x.duty.kind) for x in more] == [(s.MAN, REMOVED)]
    assert len(case().when(inform()).events) == 1, "and not while it runs"


# --- terms and reminders --------------------------------------------------------------------------


def late(at: datetime, told: Told = Told.DIRECTOR, since: datetime = s.DUE) -> TermPassed:
    term = POLICY.terms[Step.INFORMING]
    next_on = at + (term.tell if told is Told.DIRECTOR else term.again)
    return TermPassed(Overdue(Step.INFORMING, since, told), next_on)


@pytest.mark.clause(
    "R16.d", allowed="Is de termijn voorbij, dan horen eerst de procesregisseur en later ook de manager het."
)
@pytest.mark.clause("R16.d", refused="Zolang de termijn loopt, wordt niemand herinnerd.")
@pytest.mark.parametrize("phase", sorted(SCREENED - {Phase.CLOSING}))
def test_who_is_not_informed_in_time_is_reminded_of_in_every_phase(phase: Phase) -> None:
    given = case(phase)
    assert given.when(PassTerm(by=CLOCK, at=s.DUE - SECOND)).events == ()
    overdue = e.InformingOverdue(1, s.MAN, InformMoment.TAKEN_UP, s.DUE)
    assert given.when(PassTerm(by=CLOCK, at=s.DUE)).events == (late(s.DUE), overdue)
    later = s.DUE + 7 * DAY
    again = given.given(late(s.DUE)).when(PassTerm(by=CLOCK, at=later)).events
    assert again == (late(later, Told.MANAGER), replace(overdue, at=later))
    told = given.given(late(s.DUE), INFORMED)
    assert told.state.overdue is None
    assert told.when(PassTerm(by=CLOCK, at=later)).events == ()


def test_a_phase_that_ends_leaves_who_is_informed_too_late_as_it_is() -> None:
    given = case(Phase.TAKEN_UP, late(s.DUE))
    assert after(given, c.FollowDeescalation(by=s.BY_SERVICE)).state.overdue == late(s.DUE).overdue
    assert after(given, close(ClosingReason.OTHER_TABLE)).state.overdue == late(s.DUE).overdue


def test_one_that_is_informed_leaves_another_overdue() -> None:
    both = case(Phase.TAKEN_UP, e.DutyToInformArose(s.duty(2, s.MOTHER), NOW), late(s.DUE))
    assert both.given(replace(INFORMED, at=s.DUE)).state.overdue is not None
    assert both.given(replace(INFORMED, at=s.DUE - SECOND)).state.overdue is None


def test_what_is_postponed_is_not_late_until_its_moment_and_its_new_term_have_passed() -> None:
    until = s.DUE + 30 * DAY
    given = after(case(), postpone(until))
    assert given.when(PassTerm(by=CLOCK, at=s.DUE)).events == ()
    again = after(replace(given, now=until), c.RemindOfInforming(by=CLOCK, duty=1))
    assert again.state.owed[0].due == until + 7 * DAY
    assert again.when(PassTerm(by=CLOCK, at=until + 7 * DAY - SECOND)).events == ()
    assert again.when(PassTerm(by=CLOCK, at=until + 7 * DAY)).events != ()


# --- postponing (R19) -----------------------------------------------------------------------------


@pytest.mark.clause(
    "R19.d",
    allowed="Zolang het uitstel loopt, blijft de reden bewaard, ook als het dossier wordt opgeschoond.",
)
@pytest.mark.clause("R19.d", refused="Is het uitstel voorbij, dan verdwijnt de reden bij het opschonen.")
def test_cleaning_keeps_why_something_is_postponed_as_long_as_it_is_r19() -> None:
    until = NOW + 30 * DAY
    given = after(case(Phase.DEESCALATED), postpone(until))
    clean = c.FollowCleaning(by=s.BY_SERVICE, kept_items=())
    assert after(given, clean).state.owed[0].reason == s.text("reason")
    assert "piece-reason" in sealed_text_ids(after(given, clean).state)
    over = after(replace(given, now=until), clean).state
    assert over.owed[0].reason is None, "whether or not the timer has fired"
    assert "piece-reason" not in sealed_text_ids(over)


@pytest.mark.clause(
    "R19.e", allowed="Uitstel tot vóór de dag waarop het dossier wordt vernietigd, wordt aangenomen."
)
@pytest.mark.clause("R19.e", refused="Uitstel tot op of na die dag wordt geweigerd.")
def test_informing_is_not_postponed_to_a_day_on_which_the_file_is_gone_r19() -> None:
    """R91: a year after the decision; R102: at the end of the closing term."""
    decided = c.FollowDeescalation(by=s.BY_SERVICE, decided_at=NOW - 100 * DAY)
    in_phase_4 = after(case(), decided)
    destroyed = add_months(NOW - 100 * DAY, POLICY.destroy_after_months)
    closing = after(case(), close(ClosingReason.OTHER_TABLE))
    for given, gone in ((in_phase_4, destroyed), (closing, NOW + POLICY.closing_term)):
        assert given.when(postpone(gone)).refusal is r.POSTPONED_BEYOND_ERASURE
        assert given.when(postpone(gone - SECOND)).events
    assert case().when(postpone(NOW + POLICY.longest_postponement)).events, "while the case runs"


def test_the_day_on_which_the_file_is_gone_is_the_one_that_retention_set_r19() -> None:
    """The longer term of a deviation counts, and the earlier end of a case that is settled."""
    given = after(case(), c.FollowDeescalation(by=s.BY_SERVICE, decided_at=NOW - 300 * DAY))
    sooner = Term(kind=TermKind.DESTROY, due=NOW + 10 * DAY, decided_by=s.VENLO)
    later = Term(kind=TermKind.DESTROY, due=NOW + 90 * DAY, decided_by=s.VENLO)
    for term in (sooner, later):
        known = given.given(e.TermsSet((term,), ()))
        assert known.when(postpone(term.due)).refusal is r.POSTPONED_BEYOND_ERASURE
        assert known.when(postpone(term.due - SECOND)).events
    held = Hold(kind=HoldKind.DISPUTE, cause=s.CASE, until=NOW + 60 * DAY)
    known = given.given(e.TermsSet((sooner,), (held,)))
    assert known.when(postpone(held.until - SECOND)).events


@pytest.mark.clause(
    "R98.a", allowed="Bij elke afschaling ontstaat voor elke betrokkene apart de plicht om hem te informeren."
)
@pytest.mark.clause("R98.a", refused="Een laat bericht over een eerdere afschaling geeft geen nieuwe plicht.")
def test_a_case_that_came_back_owes_again_at_its_next_deescalation_r98_a5() -> None:
    first = c.FollowDeescalation(by=s.BY_SERVICE, decided_at=NOW)
    back = after(case(), first, inform(InformMoment.AT_DEESCALATION)).given(e.CaseReactivated(1))
    assert (back.state.ended_at, back.state.settled) == (None, False)
    again = c.FollowDeescalation(by=s.BY_SERVICE, decided_at=NOW + DAY, round=1)
    both = [(s.MAN, InformMoment.AT_DEESCALATION), (s.MOTHER, InformMoment.AT_DEESCALATION)]
    assert arisen(back, again) == both
    assert back.when(first).events == (), "what is late from the round before raises none"


# --- how it ends ----------------------------------------------------------------------------------


@pytest.mark.clause(
    "R16.f", refused="Een plicht die al is vervuld, wordt bij de verwijdering niet overgedragen."
)
@pytest.mark.clause("R99.b", refused="De vernietiging wacht niet tot een plicht om te informeren is vervuld.")
@pytest.mark.parametrize("phase", sorted(SCREENED - {Phase.CLOSING}))
def test_no_duty_holds_up_an_erasure_and_what_is_open_is_handed_over_a20(phase: Phase) -> None:
    given = case(phase)
    handed_over = e.DutyHandedOver(1, s.MAN, InformMoment.TAKEN_UP, None, NOW)
    assert given.when(PURGE).events == (handed_over, e.CasePurged(s.CASE))
    assert given.given(handed_over).state.owed[0].state is ObligationState.HANDED_OVER
    assert given.given(INFORMED).when(PURGE).events == (e.CasePurged(s.CASE),)
    until = NOW + DAY
    planned = after(given, postpone(until)).when(PURGE).events[0]
    assert planned == replace(handed_over, planned_on=until)


def test_an_early_end_is_settled_at_once_where_nobody_is_left_to_be_informed_r102() -> None:
    told = case(Phase.TAKEN_UP, INFORMED)
    assert case(Phase.RECEIVED).when(c.WithdrawReferral(by=s.by_party())).events[-1] == e.DutiesSettled(NOW)
    closed = told.when(close(ClosingReason.OTHER_TABLE)).events
    assert not [x for x in closed if isinstance(x, e.DutiesSettled)], "the man is to hear of it"
    heard = told.given(*closed).when(inform(REMOVED)).events
    assert heard[-1] == e.DutiesSettled(NOW)
    assert told.given(*closed, *heard).state.settled
    assert e.DutiesSettled(NOW) not in told.when(rto_ended()).events, "nor is a case settled that runs"


def test_that_an_early_end_is_settled_is_said_once() -> None:
    settled = case(Phase.CLOSING)
    late_outcome = after(settled, rto_ended())
    told = after(late_outcome, *(inform(AFTER_RTO, person_id=one) for one in (s.MAN, s.MOTHER)))
    ended = after(told, inform(REMOVED), inform(REMOVED, person_id=s.MOTHER))
    assert not any(one.is_open for one in ended.state.owed)
    assert ended.when(PassTerm(by=CLOCK, at=NOW)).events == ()
    from_before = replace(ended, state=replace(ended.state, settled=False))
    assert from_before.when(PassTerm(by=CLOCK, at=NOW)).events == (e.DutiesSettled(NOW),)


# --- on whose behalf (R7, R17, R122) --------------------------------------------------------------


def forbids(given: Spec[State], command: Any) -> Refusal | None:
    """What forbids this to who gives it in this case, before it is decided on."""
    required, context = PERMISSIONS[type(command)], DecisionContext(NOW, given.parties)
    return permit(required, command.by, context) or permit_here(required, command.by, given.state, context)


PHASES = [
    (Phase.TAKEN_UP, (), {Scope.QUERY}),
    (
        Phase.TAKEN_UP,
        (e.DutyToInformArose(s.duty(2, kind=AFTER_TRIAGE), NOW),),
        AT_THE_TABLE,
    ),
    (Phase.TAKEN_UP, (e.DutyToInformArose(s.duty(2, kind=AFTER_RTO), NOW),), AT_THE_TABLE),
    (Phase.DEESCALATED, (), {Scope.PHASE_4}),
    (Phase.ARCHIVED, (), {Scope.PHASE_4}),
]


@pytest.mark.clause(
    "R17.d",
    allowed="De procesregisseur informeert onder de bevoegdheidsverlening voor de handelingen van die fase.",
)
@pytest.mark.clause(
    "R17.d", refused="Ontbreekt die, dan kan hij niet informeren, ook al heeft hij er een voor de screening."
)
@pytest.mark.clause("R17.b", refused="Namens niemand kan de procesregisseur niet informeren.")
@pytest.mark.clause(
    "R17.c", refused="Zonder te zeggen namens welke partij, kan niemand van het huis informeren."
)
@pytest.mark.clause(
    "R83.c",
    allowed="De procesregisseur informeert namens de leidende partij op haar bevoegdheidsverlening voor "
    "die fase.",
)
@pytest.mark.clause(
    "R83.c",
    refused="Met alleen een bevoegdheidsverlening voor een andere fase kan de procesregisseur niet "
    "informeren.",
)
@pytest.mark.parametrize(("phase", "more", "scopes"), PHASES)
def test_the_director_informs_under_the_authorisation_of_the_phase_and_needs_no_other_r122(
    phase: Phase, more: tuple[Any, ...], scopes: set[Scope]
) -> None:
    all_others = {"authorisations": (s.authorisation(scopes=tuple(set(Scope) - scopes)),)}
    of_another_body = {"authorisations": (s.authorisation(acting_body="burgemeester"),)}
    for command in (inform(by=s.by_director()), postpone(NOW + DAY, by=s.by_director())):
        for scope in scopes:
            only_this = {"authorisations": (s.authorisation(scopes=(scope,)),)}
            assert forbids(case(phase, *more, **only_this), command) is None
        assert forbids(case(phase, *more, **all_others), command) is NO_AUTHORISATION
        assert forbids(case(phase, *more, **of_another_body), command) is NO_AUTHORISATION
        assert forbids(case(phase, *more, **all_others), replace(command, by=s.by_party())) is None
        nobody = replace(command, by=s.by_director(on_behalf_of=None))
        assert forbids(case(phase, *more), nobody) is NO_ON_BEHALF_OF


def test_a_case_that_ends_at_its_screening_is_told_of_under_that_authorisation() -> None:
    assert scopes_now(case(Phase.CLOSING).state) == {Scope.SCREENING}
    assert scopes_now(after(case(), close(ClosingReason.OTHER_TABLE)).state) == {Scope.QUERY}


# --- what the version before wrote ----------------------------------------------------------------


def reloaded(state: State) -> State:
    return TypeAdapter(State).validate_json(to_json(state), context=SEALED_ALLOWED)


def test_a_duty_of_the_version_before_is_open_fulfilled_and_late_as_any_other() -> None:
    until = NOW + DAY
    old = replace(
        case(Phase.TAKEN_UP).state,
        obligations=(),
        duties=(
            Duty(s.MAN, InformMoment.TAKEN_UP, DutyStatus.DUE),
            Duty(s.MOTHER, InformMoment.TAKEN_UP, DutyStatus.POSTPONED, until, s.text("reason")),
        ),
    )
    given = replace(s.spec(), state=reloaded(old))
    assert [(one.id, one.debtor, one.planned_on) for one in given.state.owed] == [
        (1, s.VENLO, None),
        (2, s.VENLO, until),
    ]
    assert [type(x) for x in given.when(PassTerm(by=CLOCK, at=NOW)).events] == [
        TermPassed,
        e.InformingOverdue,
    ]
    assert contents_of(given.state.owed[0]) == CONTENTS[InformMoment.TAKEN_UP]
    assert given.when(inform()).events == (INFORMED,)
    told = given.given(INFORMED)
    assert [one.state for one in told.state.owed] == [ObligationState.FULFILLED, ObligationState.POSTPONED]
    raised = [x.duty.id for x in told.when(rto_ended()).events if isinstance(x, e.DutyToInformArose)]
    assert raised == [3, 4]
    moved = given.given(e.DirectionMoved(s.POLICE, NOW))
    assert {one.debtor for one in moved.state.owed} == {s.VENLO}, "R16: they stay the referrer's own"


def test_the_version_before_finds_the_duties_where_it_looks_and_what_it_leaves_out_is_not_lost() -> None:
    given = after(case(), postpone(NOW + DAY), rto_ended())
    assert given.state.duties == (
        Duty(s.MAN, InformMoment.TAKEN_UP, DutyStatus.POSTPONED, NOW + DAY, s.text("reason")),
        Duty(s.MAN, AFTER_RTO, DutyStatus.DUE),
        Duty(s.MOTHER, AFTER_RTO, DutyStatus.DUE),
    )
    without = replace(given.state, obligations=())
    assert [(one.kind, one.addressee, one.state) for one in without.owed] == [
        (one.kind, one.addressee, one.state) for one in given.state.owed
    ]


def test_a_state_with_duties_is_stored_and_read_as_it_was() -> None:
    given = after(case(), prepared(), postpone(NOW + DAY), rto_ended(cause="second"))
    assert reloaded(given.state) == given.state
    assert isinstance(reloaded(given.state).round_table, RoundTable)
    assert isinstance(reloaded(given.state).owed[0].reason, TextRef)
