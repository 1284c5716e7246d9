"""What follows from each event of intake: who is told what, and nobody else."""

from datetime import timedelta
from typing import Any, get_args

import pytest

from services.intake import commands as c
from services.intake import events as e
from services.intake.effects import INFORMING, effects
from services.intake.handlers import TIMERS
from services.intake.main import PROCESS
from services.intake.state import Phase, State
from shared.contract.content import sealed_text_ids
from shared.contract.fields import InformMoment, ItemStatus
from shared.contract.messages import intake as m
from shared.contract.messages.house import CasePurged
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


def test_what_is_not_taken_up_is_told_to_the_referrer_and_begins_to_close() -> None:
    """R14, R102: nobody but the referrer hears of it."""
    event = e.ReferralNotTakenUp(s.DIRECTOR, s.text("advice"), None, NOW)
    letter, announced = follows(Phase.CONSULTED, event)
    outcome = m.ScreeningOutcome.NOT_TAKEN_UP
    assert letter == ToParty(s.VENLO, m.ReferralScreened(outcome=outcome, advice=s.text("advice")))
    assert announced.message.reason is m.ClosingReason.NOT_TAKEN_UP
    assert announced.message.closed_at == NOW


def test_a_withdrawn_referral_begins_to_close() -> None:
    (announced,) = follows(Phase.RECEIVED, e.ReferralWithdrawn(None, NOW))
    assert announced.message.reason is m.ClosingReason.WITHDRAWN
    assert announced.message.leading_party == s.VENLO


def test_a_duty_to_inform_is_asked_of_the_leading_party_with_what_to_say() -> None:
    """R16, R17, R18: about one person, on whose behalf, and the three things a notice must contain."""
    (letter,) = follows(Phase.TAKEN_UP, s.DUTY)
    assert letter.recipient == s.VENLO
    assert letter.message.person_id == s.MAN
    assert letter.message.on_behalf_of == s.VENLO
    assert set(letter.message.what_to_say) == set(m.WhatToSay)


def test_after_direction_has_moved_the_new_leading_party_is_asked() -> None:
    (letter,) = follows(Phase.TAKEN_UP, s.DUTY, e.DirectionMoved(s.POLICE, NOW))
    assert (letter.recipient, letter.message.on_behalf_of) == (s.POLICE, s.POLICE)


async def test_a_postponed_duty_comes_back_at_its_moment() -> None:
    event = e.InformingPostponed(s.MAN, InformMoment.TAKEN_UP, s.text("reason"), LATER, NOW)
    (timer,) = follows(Phase.TAKEN_UP, event)
    assert timer == SetTimer(INFORMING, f"{s.MAN}/taken-up", LATER)
    line = Deadline("1", s.CASE, timer.kind, timer.ref, timer.at, timer.irreversible, NOW)
    command = await TIMERS[INFORMING](line)
    assert isinstance(command, c.RemindOfInforming)
    assert (command.person_id, command.moment) == (s.MAN, InformMoment.TAKEN_UP)


def test_a_fulfilled_duty_does_not_come_back() -> None:
    event = e.PersonInformed(s.MAN, InformMoment.TAKEN_UP, NOW)
    assert follows(Phase.TAKEN_UP, event) == [CancelTimer(INFORMING, f"{s.MAN}/taken-up")]


def test_who_referred_the_case_goes_to_retention_by_name_and_stays_here_no_longer_r89() -> None:
    named = e.ReferralReceived(s.CASE, s.VENLO, s.referral(referrer_name=s.text("referrer")), NOW)
    state = s.spec().given(named, s.CONSULTED, s.TAKEN_UP).state
    steps = effects(s.CASE, s.TAKEN_UP, state)
    announced: Any = next(x.message for x in steps if isinstance(x, Announce))
    assert announced.referrer_name == s.text("referrer")
    assert PROCESS.evolve(state, e.FileCleaned(())).referrer_name is None


def test_cleaning_keeps_only_who_the_case_is_about() -> None:
    """R95: items, weighing and reasons go; the identity stays for the stub."""
    kept = follows(Phase.DEESCALATED, e.FileCleaned(()))
    of_persons = [piece for person in s.referral().persons for piece in sealed_text_ids(person)]
    assert kept == [KeepOnly(tuple(of_persons))]


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
        e.PersonInformed,
        e.InformingPostponed,
        e.FileCleaned,
        e.FileArchived,
        e.CasePurged,
    }
    assert loud | {type(event) for event in QUIET} == set(get_args(e.Event))
