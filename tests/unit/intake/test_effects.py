"""What follows from each event of intake: who is told what, and nobody else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from services.intake import commands as c
from services.intake import events as e
from services.intake.checks import Weighing
from services.intake.duties import CONTENTS
from services.intake.effects import INFORMING, effects
from services.intake.handlers import TIMERS
from services.intake.main import PROCESS
from services.intake.state import Phase, State
from shared.contract.content import sealed_text_ids
from shared.contract.fields import FirstGoal, InformMoment, ItemStatus, Step
from shared.contract.messages import intake as m
from shared.contract.messages.house import CasePurged
from shared.contract.messages.known_check import KnownAnswer
from shared.contract.refusal import Refusal
from shared.core.actor import CLOCK
from shared.core.effects import (
    Announce,
    CancelTimer,
    ClaimItems,
    ForgetCase,
    KeepOnly,
    SetTimer,
    ToParty,
)
from shared.core.item_standing import Standing
from shared.core.leaving import Standing as OfParty
from shared.core.terms import TERM, Overdue, TermPassed, Told, look_at
from shared.storage.deadlines import Deadline
from tests.support.samples import intake as s
from tests.support.spec import NOW

LATER = NOW + timedelta(days=3)


def follows(phase: Phase, event: Any, *before: Any) -> list[Any]:
    """The consequences of an event in that phase, judged by the state after it."""
    state = s.spec().given(*s.HISTORIES[phase], *before).state or State()
    return list(effects(s.CASE, event, PROCESS.evolve(state, event)))


def test_a_received_referral_is_answered_with_its_case_number() -> None:
    assert follows(Phase.NOTHING, s.RECEIVED) == [
        ToParty(s.VENLO, m.ReferralReceived(referral_id=s.REFERRAL, case_id=s.CASE)),
        ClaimItems((s.ITEM,), s.VENLO),
    ]


@pytest.mark.clause(
    "R12.c", allowed="Met de uitkomsten opgenomen en informatie van anderen nodig gaat de casus naar triage."
)
@pytest.mark.clause(
    "R14.a", allowed="Een casus die wordt opgenomen, blijft bestaan en gaat door naar triage."
)
@pytest.mark.clause(
    "R15.b",
    allowed="Gaat de casus naar triage, dan krijgen de andere onderdelen van het systeem het dossier.",
)
@pytest.mark.parametrize("outcome", [m.ScreeningOutcome.TAKEN_UP, m.ScreeningOutcome.INFORMATION_NEEDED])
def test_the_outcome_goes_to_the_referrer_and_the_case_to_triage(outcome: m.ScreeningOutcome) -> None:
    """R12, R15, R25: now the file becomes lasting, and goes on with persons and items."""
    event = e.CaseTakenUp(outcome, s.DIRECTOR, s.text("advice"), None, NOW)
    letter, announced = follows(Phase.CONSULTED, event)
    assert letter == ToParty(s.VENLO, m.ReferralScreened(outcome=outcome, advice=s.text("advice")))
    assert isinstance(announced, Announce) and isinstance(announced.message, m.CaseTakenUp)
    told = announced.message
    assert (told.referrer, told.outcome, told.director) == (s.VENLO, outcome, s.DIRECTOR)
    assert [person.person_id for person in told.persons] == [s.MAN, s.MOTHER]
    assert [(item.item_id, item.contributor) for item in told.items] == [(s.ITEM, s.VENLO)]


@pytest.mark.clause("R12.c", refused="Een casus die niet wordt opgenomen, gaat niet naar triage.")
@pytest.mark.clause(
    "R14.a", refused="Een casus die niet wordt opgenomen, wordt afgesloten en daarna overal verwijderd."
)
@pytest.mark.clause("R14.b", allowed="De uitkomst en het advies gaan naar de aanmelder.")
@pytest.mark.clause("R14.b", refused="Niemand anders krijgt de uitkomst of het advies.")
@pytest.mark.clause(
    "R15.b", refused="Van een casus die niet wordt opgenomen, krijgen de andere onderdelen geen dossier."
)
def test_what_is_not_taken_up_is_told_to_the_referrer_and_begins_to_close() -> None:
    """R14, R102: nobody but the referrer hears of it."""
    event = e.ReferralNotTakenUp(s.DIRECTOR, s.text("advice"), None, NOW)
    letter, announced = follows(Phase.CONSULTED, event)
    outcome = m.ScreeningOutcome.NOT_TAKEN_UP
    assert letter == ToParty(s.VENLO, m.ReferralScreened(outcome=outcome, advice=s.text("advice")))
    assert announced.message.reason is m.ClosingReason.NOT_TAKEN_UP
    assert announced.message.closed_at == NOW


@pytest.mark.clause("R5.a", allowed="In fase 1 gaan berichten over de casus naar de aanmelder.")
@pytest.mark.clause("R5.a", refused="In fase 1 gaat geen bericht over de casus naar een andere partij.")
@pytest.mark.clause(
    "R15.a",
    refused="Zolang de casus niet naar triage gaat, krijgt geen ander onderdeel van het systeem er een "
    "dossier van.",
)
@pytest.mark.parametrize("phase", [Phase.NOTHING, Phase.RECEIVED, Phase.CONSULTED])
def test_in_phase_1_letters_go_to_the_referrer_alone_and_services_hear_only_how_it_ends_r5(
    phase: Phase,
) -> None:
    """R15: of a provisional record no other service hears."""
    recipients, announced = set(), set()
    given = s.spec().given(*s.HISTORIES[phase])
    for command in s.COMMANDS:
        outcome = given.when(command).outcome
        for event in () if isinstance(outcome, Refusal) else outcome:
            steps = list(effects(s.CASE, event, PROCESS.evolve(given.state or State(), event)))
            recipients |= {step.recipient for step in steps if isinstance(step, ToParty)}
            announced |= {type(step.message) for step in steps if isinstance(step, Announce)}
    assert recipients <= {s.VENLO}
    assert recipients or phase is Phase.RECEIVED
    assert announced <= {m.CaseTakenUp, m.ReferralClosed, CasePurged, m.DutiesSettled}


def test_a_withdrawn_referral_begins_to_close() -> None:
    (announced,) = follows(Phase.RECEIVED, e.ReferralWithdrawn(None, NOW))
    assert announced.message.reason is m.ClosingReason.WITHDRAWN
    assert announced.message.leading_party == s.VENLO


def asked(kind: InformMoment, *before: Any, **changes: Any) -> Any:
    """What the debtor is asked when a duty of this moment arises."""
    arose = e.DutyToInformArose(s.duty(2, kind=kind, **changes), NOW)
    letter, look = follows(Phase.TAKEN_UP, arose, *before)
    assert look == look_at(s.DUE), "and its term runs"
    return letter


@pytest.mark.clause("R16.a", allowed="Elk verzoek om te informeren gaat over één betrokkene.")
@pytest.mark.clause(
    "R17.c", allowed="In het verzoek staat namens welke partij de betrokkene wordt geïnformeerd."
)
@pytest.mark.clause(
    "R18.a",
    allowed="Het verzoek noemt wat de kennisgeving moet bevatten: de stappen, welke informatie aan wie "
    "en waarom wordt gevraagd, en de rechten.",
)
def test_a_duty_to_inform_is_asked_of_the_leading_party_with_what_to_say() -> None:
    """R16, R17, R18: about one person, on whose behalf, and the three things a notice must contain."""
    letter = asked(InformMoment.TAKEN_UP)
    assert letter.recipient == s.VENLO
    assert (letter.message.person_id, letter.message.duty, letter.message.due) == (s.MAN, 2, s.DUE)
    assert letter.message.on_behalf_of == s.VENLO
    assert set(letter.message.what_to_say) == set(m.WhatToSay)
    assert letter.message.contents == CONTENTS[InformMoment.TAKEN_UP]
    assert not letter.message.reminder


@pytest.mark.clause(
    "R18.a",
    refused="Het verzoek op een later moment noemt wat bij dat moment hoort, en niet deze drie onderwerpen.",
)
@pytest.mark.clause("R98.b", refused="Het verzoek bij een ander moment noemt deze onderwerpen niet.")
@pytest.mark.parametrize("moment", InformMoment)
def test_what_a_notice_contains_follows_from_the_moment_r18_r56_r78_r83_r98(moment: InformMoment) -> None:
    sent = asked(moment).message
    assert sent.contents == CONTENTS[moment]
    assert set(sent.what_to_say) == set(m.WhatToSay) & {str(part) for part in sent.contents}
    assert [other for other in InformMoment if CONTENTS[other] == sent.contents] == [moment]


@pytest.mark.clause(
    "R98.b",
    allowed="Het verzoek bij de afschaling noemt de afschaling, het opschonen, wat blijft, de rechten en "
    "waar iemand na de vernietiging terechtkan.",
)
def test_at_deescalation_the_request_names_what_the_notice_contains_r98() -> None:
    assert asked(InformMoment.AT_DEESCALATION).message.contents == (
        m.NoticePart.DEESCALATION,
        m.NoticePart.CLEANING,
        m.NoticePart.WHAT_STAYS,
        m.NoticePart.RIGHTS,
        m.NoticePart.AFTER_DESTRUCTION,
    )


@pytest.mark.clause(
    "R56.b", allowed="Het verzoek om te informeren noemt uitkomst, doel, thema's en deelnemers."
)
def test_after_triage_the_request_says_outcome_goal_themes_and_participants_r56() -> None:
    prepared = e.RoundTablePrepared(s.ROUND_TABLE, NOW)
    sent = asked(InformMoment.AFTER_TRIAGE, prepared).message
    assert (sent.outcome, sent.goal, sent.themes, sent.participants) == (
        "rto-needed",
        s.text("goal"),
        ("wonen",),
        (s.VENLO, s.POLICE),
    )
    other = asked(InformMoment.AFTER_RTO, prepared).message
    assert (other.outcome, other.goal, other.themes, other.participants) == (None, None, (), ())


def test_after_direction_has_moved_the_new_leading_party_is_asked_for_what_is_open_of_phase_3_r83() -> None:
    of_rto = e.DutyToInformArose(s.duty(2, kind=InformMoment.AFTER_RTO), NOW)
    (letter,) = follows(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW), of_rto)
    assert (letter.recipient, letter.message.on_behalf_of) == (s.POLICE, s.POLICE)
    assert (letter.message.moment, letter.message.duty) == (InformMoment.AFTER_RTO, 2)
    told = e.PersonInformed(2, s.MAN, InformMoment.AFTER_RTO, NOW)
    assert follows(Phase.TAKEN_UP, e.DirectionMoved(s.POLICE, NOW), of_rto, told) == []


async def test_a_postponed_duty_comes_back_at_its_moment() -> None:
    event = e.InformingPostponed(1, s.MAN, InformMoment.TAKEN_UP, s.text("reason"), LATER, NOW)
    timer, no_look = follows(Phase.TAKEN_UP, event)
    assert timer == SetTimer(INFORMING, "1", LATER)
    assert no_look == CancelTimer(TERM, "")
    line = Deadline("1", s.CASE, timer.kind, timer.ref, timer.at, timer.irreversible, NOW)
    assert await TIMERS[INFORMING](line) == c.RemindOfInforming(by=CLOCK, duty=1)
    before = replace(line, ref=f"{s.MAN}/taken-up")
    command = await TIMERS[INFORMING](before)
    assert isinstance(command, c.RemindOfInforming)
    assert (command.duty, command.person_id, command.moment) == (None, s.MAN, InformMoment.TAKEN_UP)
    again = e.DutyCameDue(1, s.MAN, InformMoment.TAKEN_UP, LATER + timedelta(days=7), LATER)
    letter, look = follows(Phase.TAKEN_UP, again, event)
    assert (letter.recipient, letter.message.person_id) == (s.VENLO, s.MAN)
    assert look == look_at(again.by)


def test_a_fulfilled_duty_does_not_come_back() -> None:
    event = e.PersonInformed(1, s.MAN, InformMoment.TAKEN_UP, NOW)
    assert follows(Phase.TAKEN_UP, event) == [CancelTimer(INFORMING, "1"), CancelTimer(TERM, "")]
    other = e.DutyToInformArose(s.duty(2, s.MOTHER), NOW)
    assert follows(Phase.TAKEN_UP, event, other) == [CancelTimer(INFORMING, "1"), look_at(s.DUE)]


@pytest.mark.clause("R16.d", allowed="Is de termijn voorbij, dan wordt wie moet informeren eraan herinnerd.")
def test_who_does_not_inform_in_time_is_reminded_of_each_person_and_the_clock_looks_on() -> None:
    late = TermPassed(Overdue(Step.INFORMING, s.DUE, Told.DIRECTOR), LATER)
    assert follows(Phase.TAKEN_UP, late) == [look_at(LATER)]
    overdue = e.InformingOverdue(1, s.MAN, InformMoment.TAKEN_UP, s.DUE)
    (letter,) = follows(Phase.TAKEN_UP, overdue, late)
    assert (letter.recipient, letter.message.person_id, letter.message.reminder) == (s.VENLO, s.MAN, True)
    arose = e.DutyToInformArose(s.duty(2, s.MOTHER), NOW)
    assert [type(one) for one in follows(Phase.TAKEN_UP, arose, late)] == [ToParty], "no act starts it anew"


@pytest.mark.clause(
    "R16.f",
    allowed="Een plicht die bij de verwijdering nog openstaat, wordt overgedragen aan de partij die haar "
    "heeft.",
)
def test_a_duty_that_is_open_at_the_erasure_is_handed_over_with_what_was_planned_a20() -> None:
    """It leaves after the case, and also for who is no party any more."""
    postponed = e.InformingPostponed(1, s.MAN, InformMoment.TAKEN_UP, s.text("reason"), LATER, NOW)
    event = e.DutyHandedOver(1, s.MAN, InformMoment.TAKEN_UP, LATER, NOW)
    (letter,) = follows(Phase.ARCHIVED, event, postponed)
    told = m.InformingHandedOver(
        person_id=s.MAN,
        moment=InformMoment.TAKEN_UP,
        on_behalf_of=s.VENLO,
        contents=CONTENTS[InformMoment.TAKEN_UP],
        planned_on=LATER,
        asked=(s.POLICE,),
    )
    assert letter == ToParty(s.VENLO, told, after_erasure=True)
    assert PROCESS.conditions(m.InformingHandedOver).standing is OfParty.ANY
    assert sealed_text_ids(told) == (), "nothing in it needs the key of the case, which is gone"


def test_that_nobody_is_left_to_be_informed_is_told_to_the_other_services_r102() -> None:
    (announced,) = follows(Phase.CLOSING, e.DutiesSettled(NOW))
    assert announced == Announce(m.DutiesSettled(settled_at=NOW))


@pytest.mark.clause(
    "R12.d",
    allowed="Is informatie van anderen nodig, dan is het eerste doel van de triage vast te stellen of de "
    "casus hier thuishoort.",
)
@pytest.mark.clause("R12.d", refused="Bij een casus die gewoon is opgenomen, staat dat doel er niet.")
def test_the_case_goes_to_triage_with_its_first_goal_r12c() -> None:
    for outcome, goal in (
        (m.ScreeningOutcome.INFORMATION_NEEDED, FirstGoal.BELONGS_HERE),
        (m.ScreeningOutcome.TAKEN_UP, None),
    ):
        _, announced = follows(Phase.CONSULTED, e.CaseTakenUp(outcome, s.DIRECTOR, None, None, NOW))
        assert announced.message.first_goal is goal


def test_who_referred_the_case_goes_to_retention_by_name_and_stays_here_no_longer_r89() -> None:
    named = e.ReferralReceived(s.CASE, s.VENLO, s.referral(referrer_name=s.text("referrer")), NOW)
    state = s.spec().given(named, s.CONSULTED, s.TAKEN_UP).state
    steps = effects(s.CASE, s.TAKEN_UP, state)
    announced: Any = next(x.message for x in steps if isinstance(x, Announce))
    assert announced.referrer_name == s.text("referrer")
    assert PROCESS.evolve(state, e.FileCleaned(())).referrer_name is None


def test_cleaning_keeps_only_who_the_case_is_about() -> None:
    """R95: items, weighings and reasons go; the identity stays for the stub."""
    kept = follows(Phase.DEESCALATED, e.FileCleaned(()))
    of_persons = [piece for person in s.referral().persons for piece in sealed_text_ids(person)]
    assert kept == [KeepOnly(tuple(of_persons))]


@pytest.mark.clause("R22.e", allowed="Tot de archivering staat het burgerservicenummer nog bij de casus.")
@pytest.mark.clause("R22.e", refused="Na de archivering is het burgerservicenummer weg.")
def test_archiving_drops_the_number_of_the_person() -> None:
    """A23, R22: the citizen service number is gone at archiving."""
    with_number = s.person(s.MAN, bsn=s.text("bsn"))
    received = e.ReferralReceived(s.CASE, s.VENLO, s.referral(persons=(with_number,)), NOW)
    given = s.spec().given(received, s.CONSULTED, s.TAKEN_UP, e.CaseDeescalated())
    state = PROCESS.evolve(given.state, e.FileArchived())
    assert "piece-bsn" in sealed_text_ids(given.state)
    (kept,) = effects(s.CASE, e.FileArchived(), state)
    assert isinstance(kept, KeepOnly)
    assert "piece-bsn" not in kept.pieces


def test_of_an_archived_file_only_the_kept_items_come_back_a5() -> None:
    """A5: also where the version before kept all of them until now."""
    history = (*s.HISTORIES[Phase.TAKEN_UP], e.CaseDeescalated())
    back = e.CaseReactivated(1, ())
    state = s.spec().given(*history, back).state
    assert state.items == ()
    assert list(effects(s.CASE, back, state)) == [KeepOnly(sealed_text_ids(state))]


def test_archiving_without_cleaning_keeps_neither_weighings_nor_what_no_open_duty_needs_r95() -> None:
    told = e.PersonInformed(1, s.MAN, InformMoment.TAKEN_UP, NOW)
    prepared = e.RoundTablePrepared(s.ROUND_TABLE, NOW)
    (kept,) = follows(Phase.DEESCALATED, e.FileArchived(), prepared, told)
    assert not {"piece-weighing", "piece-own", "piece-goal"} & set(kept.pieces)
    arose = e.DutyToInformArose(s.duty(2, kind=InformMoment.AFTER_TRIAGE), NOW)
    (kept,) = follows(Phase.DEESCALATED, e.FileArchived(), prepared, arose)
    assert "piece-goal" in kept.pieces


def test_a_purged_case_is_forgotten_and_confirmed() -> None:
    """R105: the confirmation outlives the case."""
    assert follows(Phase.ARCHIVED, e.CasePurged(s.CASE, ("kid",))) == [
        ForgetCase(),
        Announce(CasePurged(case_id=s.CASE, house_keys=("kid",)), after_erasure=True),
    ]


def test_an_assignment_is_told_to_the_other_services_with_all_who_work_on_the_case_r6() -> None:
    (announced,) = follows(Phase.TAKEN_UP, s.ASSIGNED)
    told = m.CaseAssigned(
        director="another-director", support_workers=(s.SUPPORT,), assignment=1, assigned_at=NOW
    )
    assert announced == Announce(told)


@pytest.mark.clause(
    "R15.a", allowed="Pas als de casus is opgenomen, horen de andere onderdelen wie eraan werkt."
)
@pytest.mark.clause(
    "R15.a",
    refused="Zolang de registratie voorlopig is, hoort geen ander onderdeel van het systeem van de casus.",
)
def test_an_assignment_of_a_provisional_record_is_told_to_nobody_until_the_case_is_taken_up_r15() -> None:
    assert follows(Phase.CONSULTED, s.ASSIGNED) == []
    screened = e.CaseTakenUp(m.ScreeningOutcome.TAKEN_UP, "another-director", None, None, NOW)
    told = follows(Phase.CONSULTED, screened, s.ASSIGNED)[1].message
    assert (told.director, told.support_workers, told.assignment) == ("another-director", (s.SUPPORT,), 1)


def test_a_case_that_ends_before_it_was_taken_up_says_who_worked_on_it_r6() -> None:
    ended = e.ReferralWithdrawn(None, NOW)
    (without,), (with_team,) = follows(Phase.CONSULTED, ended), follows(Phase.CONSULTED, ended, s.ASSIGNED)
    assert without.message.team is None
    assert with_team.message.team.director == "another-director"


QUIET: tuple[Any, ...] = (
    s.CONSULTED,
    e.DirectionMoved(s.POLICE, NOW),
    e.StandingFollowed(Standing(s.ITEM, s.VENLO, 1, ItemStatus.WITHDRAWN)),
    e.CaseDeescalated(),
    e.CaseClosing(),
    s.LEFT,
    e.LeaderBack(),
    e.TermsSet(s.TERMS, ()),
    e.CaseReactivated(1),
    e.RoundTablePrepared(s.ROUND_TABLE, NOW),
    e.KnownCheckAnswered(s.CHECK, KnownAnswer.NO, None, NOW),
    e.ExchangeWeighed(Weighing(s.CHECK, s.OTHER_HOUSE, (s.VENLO,), False, s.text("w"), s.DIRECTOR, NOW)),
    e.LeaderAgreed(True),
    e.HouseCheckDecided(KnownAnswer.NO, s.DIRECTOR, NOW),
)


@pytest.mark.parametrize("event", QUIET, ids=lambda event: type(event).__name__)
def test_these_events_concern_nobody_outside(event: Any) -> None:
    assert follows(Phase.TAKEN_UP, event) == []


def test_the_tests_above_cover_every_event() -> None:
    loud = {
        e.ReferralReceived,
        e.CaseTakenUp,
        e.CaseAssigned,
        e.ReferralNotTakenUp,
        e.ReferralWithdrawn,
        e.ReferralLapsed,  # and what is overdue: tests/unit/test_lapsing.py
        e.TermPassed,
        e.DutyToInformArose,
        e.QueryToBeTold,  # tests/unit/intake/test_duties.py
        e.DutyCameDue,
        e.PersonInformed,
        e.InformingPostponed,
        e.InformingOverdue,
        e.DutyHandedOver,
        e.DutiesSettled,
        e.TriageFollowed,
        e.FileCleaned,
        e.FileArchived,
        e.CasePurged,
        e.KnownCheckDone,  # known-checks: tests/unit/intake/test_known.py and test_house_checks.py
        e.HouseCheckTaken,
        e.LeaderConsulted,
        e.HouseCheckAnswered,
    }
    assert loud | {type(event) for event in QUIET} == set(get_args(e.Event))
