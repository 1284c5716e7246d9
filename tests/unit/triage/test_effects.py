"""What follows from each event: one letter to one party, and nothing to anybody else."""

from typing import Any

import pytest

from services.triage import events as e
from services.triage.effects import QUERY_REMINDER, QUERY_TERM, effects
from services.triage.record import REFERRAL, Asked, Given, QueryClosed, Stripped
from shared.contract.content import TextRef, contents
from shared.contract.fields import FirstGoal
from shared.contract.messages import triage as m
from shared.contract.messages.house import CasePurged
from shared.contract.messages.intake import ClosingReason
from shared.core.effects import (
    Announce,
    CancelTimer,
    ClaimItems,
    DropPieces,
    ForgetCase,
    SetTimer,
    StopUnsent,
    StoreRow,
    ToParty,
)
from tests.support.samples import triage as s
from tests.support.spec import NOW


def following(*events: Any) -> list[Any]:
    """What follows from the last of these events."""
    return list(effects(s.CASE, events[-1], s.spec().given(*events).state))


def letters(*events: Any) -> list[tuple[str, Any]]:
    return [(x.recipient, x.message) for x in following(*events) if isinstance(x, ToParty)]


def lines(*events: Any) -> list[Any]:
    return [x.row for x in following(*events) if isinstance(x, StoreRow)]


def test_a_case_that_is_opened_keeps_the_referrals_items_and_tells_nobody() -> None:
    (given,) = lines(s.OPENED)
    assert (given.case_id, given.query_id, given.said) == (s.CASE, REFERRAL, None)
    assert [(i.item_id, i.contributor) for i in given.items] == [(s.REFERRED, s.VENLO)]
    assert ClaimItems((s.REFERRED,), s.VENLO) in following(s.OPENED)
    assert letters(s.OPENED) == []


@pytest.mark.clause("R26.a", allowed="Een uitvraag gaat naar één partij, en naar niemand anders.")
@pytest.mark.clause(
    "R27.b",
    allowed="De bevraagde partij krijgt de uitvraag met daarin namens wie, welke taak, welk doel en waarom.",
)
def test_a_query_goes_to_its_recipient_alone_and_its_terms_are_set_r26_r31() -> None:
    steps = following(s.OPENED, s.ASKED_POLICE)
    assert letters(s.OPENED, s.ASKED_POLICE) == [(s.POLICE, s.ASKED_POLICE.query)]
    assert SetTimer(QUERY_TERM, s.TO_POLICE, s.TERM) in steps
    assert SetTimer(QUERY_REMINDER, s.TO_POLICE, s.LAPSES) in steps
    assert [type(x.message) for x in steps if isinstance(x, Announce)] == [m.QueryRecorded]


def test_why_a_party_was_chosen_does_not_stand_in_the_letter_r28() -> None:
    ((_, letter),) = letters(s.OPENED, s.ASKED_POLICE)
    (asked,) = lines(s.OPENED, s.ASKED_POLICE)
    reason = s.ASKED_POLICE.choice.reason
    assert isinstance(asked, Asked)
    assert isinstance(reason, TextRef)
    assert reason not in contents(letter)
    assert [c.piece for c in contents(asked.choice) if not isinstance(c, str)] == [reason.piece]


def test_intake_hears_whom_a_query_is_to_and_about_and_why_and_no_other_text_r18() -> None:
    (told,) = [x.message for x in following(s.OPENED, s.ASKED_POLICE) if isinstance(x, Announce)]
    query = s.ASKED_POLICE.query
    assert isinstance(told, m.QueryRecorded)
    assert (told.query_id, told.recipient, told.persons) == (s.TO_POLICE, s.POLICE, (s.MAN,))
    assert list(contents(told)) == [query.purpose]


@pytest.mark.clause(
    "R36.a", refused="Een antwoord gaat met geen enkel bericht naar het systeem van een partij."
)
@pytest.mark.clause(
    "R53.a",
    refused="Geen enkel bericht brengt een antwoord in het systeem van de aanmeldende partij of van een "
    "ander.",
)
def test_an_answer_reaches_nobodys_system_r36_r53() -> None:
    events = (s.OPENED, s.ASKED_POLICE, s.ANSWERED)
    assert letters(*events) == []
    assert not [x for x in following(*events) if isinstance(x, Announce)]


def test_an_answer_is_kept_with_its_four_points_and_each_item_with_its_contributor_r37_r57() -> None:
    given, closed = lines(s.OPENED, s.ASKED_POLICE, s.ANSWERED)
    assert isinstance(given, Given)
    assert (given.query_id, given.number) == (s.TO_POLICE, 1)
    assert isinstance(given.said, m.QueryAnswered)
    assert (given.said.involved, given.said.items) == (True, ())
    assert {(i.item_id, i.contributor) for i in given.items} == {
        (s.ITEM, s.POLICE),
        (s.SPECIAL, s.POLICE),
    }
    assert closed == QueryClosed(s.TO_POLICE)


@pytest.mark.clause("R31.c", refused="Na een antwoord of een weigering vervalt de herinnering.")
@pytest.mark.parametrize(
    "reply",
    [(s.ASKED_POLICE, s.ANSWERED), (s.ASKED_CARE, s.DECLINED)],
    ids=["answered", "declined"],
)
def test_who_has_replied_is_not_reminded_r31(reply: tuple[Any, ...]) -> None:
    query_id = reply[0].query.query_id
    cancelled = [x for x in following(s.OPENED, *reply) if isinstance(x, CancelTimer)]
    assert cancelled == [CancelTimer(QUERY_TERM, query_id), CancelTimer(QUERY_REMINDER, query_id)]


def test_a_further_answer_is_kept_and_changes_no_term() -> None:
    more = e.QueryAnswered(s.POLICE, 2, s.said(items=(s.item(s.NEW),)), NOW)
    steps = following(*s.IN_TRIAGE, more)
    assert [type(x) for x in steps] == [ClaimItems, StoreRow]


@pytest.mark.clause("R31.c", allowed="De herinnering aan een uitvraag noemt de laatste termijn.")
def test_a_reminder_names_the_new_term_and_a_lapse_takes_back_what_was_not_sent_r31() -> None:
    silent = (s.OPENED, s.ASKED_CARE, e.QueryReminded(s.TO_CARE))
    assert letters(*silent) == [(s.CARE, m.QueryReminded(query_id=s.TO_CARE, reply_before=s.LAPSES))]
    lapsed = (*silent, e.QueryLapsed(s.TO_CARE))
    assert letters(*lapsed) == [(s.CARE, m.QueryLapsed(query_id=s.TO_CARE))]
    assert StopUnsent(item=s.TO_CARE) in following(*lapsed)
    (sent,) = [x for x in following(s.OPENED, s.ASKED_CARE) if isinstance(x, ToParty)]
    assert sent.item == s.TO_CARE


@pytest.mark.clause(
    "R37.b",
    allowed="Wat de partij kan bijdragen aan het plan en aan de uitvoering, wordt met het antwoord bewaard.",
)
def test_an_answer_is_kept_with_what_the_party_can_contribute_r37() -> None:
    said = s.said(execution_contribution=s.text("execution"), willingness=m.Willingness.NOT_WILLING, items=())
    given, _ = lines(s.OPENED, s.ASKED_POLICE, e.QueryAnswered(s.POLICE, 1, said, NOW))
    assert given.said == said
    assert (given.said.plan_contribution, given.said.execution_contribution) == (
        s.text("plan-b1"),
        s.text("execution"),
    )


@pytest.mark.clause(
    "R50.d", allowed="Met de uitkomst gaat het advies van de procesregisseur mee naar de aanmeldende partij."
)
@pytest.mark.clause("R50.d", refused="Geeft de procesregisseur geen advies, dan gaat alleen de uitkomst mee.")
def test_the_outcome_goes_with_advice_or_without_r50() -> None:
    for advice in (s.text("advice"), None):
        ended = e.TriageConcluded(m.TriageOutcome.DOUBT, s.DIRECTOR, advice, s.text("reason"), NOW)
        ((_, told),) = letters(*s.IN_TRIAGE, ended)
        assert told == m.TriageConcluded(outcome=m.TriageOutcome.DOUBT, advice=advice)


def test_the_outcome_is_for_the_leading_party_alone_r52() -> None:
    told = m.TriageConcluded(outcome=m.TriageOutcome.RTO_NEEDED, advice=s.text("advice"))
    assert letters(*s.IN_PREPARATION) == [(s.VENLO, told)]


@pytest.mark.clause("R52.a", refused="Na RTO nodig en twijfel wordt de casus nergens gesloten.")
@pytest.mark.parametrize(
    ("outcome", "goal"),
    [(m.TriageOutcome.RTO_NEEDED, None), (m.TriageOutcome.DOUBT, FirstGoal.JOINT_APPROACH)],
)
def test_the_others_hear_only_the_outcome_and_what_it_left_open_r51(
    outcome: m.TriageOutcome, goal: FirstGoal | None
) -> None:
    ended = e.TriageConcluded(outcome, s.DIRECTOR, s.text("advice"), s.text("reason"), NOW)
    (announced,) = [x.message for x in following(*s.IN_TRIAGE, ended) if isinstance(x, Announce)]
    assert announced == m.TriageOutcomeRecorded(outcome=outcome, recorded_at=NOW, first_goal=goal)


@pytest.mark.clause(
    "R52.a",
    allowed="Na niet in behandeling en andere overlegtafel hoort elk onderdeel van het systeem dat de "
    "casus is gesloten.",
)
@pytest.mark.clause(
    "R53.a", allowed="De aanmeldende partij krijgt de uitkomst niet in behandeling met het advies."
)
@pytest.mark.clause(
    "R54.a", allowed="De aanmeldende partij krijgt te horen dat de uitkomst een andere overlegtafel is."
)
@pytest.mark.clause("R54.a", refused="Niemand anders krijgt dat bericht.")
@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (m.TriageOutcome.NOT_TAKEN_UP, ClosingReason.NOT_TAKEN_UP),
        (m.TriageOutcome.OTHER_TABLE, ClosingReason.OTHER_TABLE),
    ],
)
def test_a_case_that_ends_here_is_closed_everywhere_and_told_to_the_leading_party_r52_r53(
    outcome: m.TriageOutcome, reason: ClosingReason
) -> None:
    closed = e.TriageClosed(outcome, s.DIRECTOR, s.text("advice"), s.text("reason"), NOW)
    events = (*s.IN_TRIAGE, closed)
    told = m.TriageConcluded(outcome=outcome, advice=s.text("advice"))
    assert letters(*events) == [(s.VENLO, told)]
    (announced,) = [x.message for x in following(*events) if isinstance(x, Announce)]
    assert isinstance(announced, m.TriageClosed)
    assert (announced.leading_party, announced.reason) == (s.VENLO, reason)


def test_each_item_and_then_the_preparation_goes_to_the_round_table_r42() -> None:
    given = s.spec().given(*s.IN_PREPARATION)
    events = given.when(s.prepare()).events
    announced: list[Any] = []
    state = given.state
    for event in events:
        state = given.process.evolve(state, event)
        announced += effects(s.CASE, event, state)
    assert all(isinstance(x, Announce) for x in announced)
    messages = [x.message for x in announced if isinstance(x, Announce)]
    assert [type(x) for x in messages] == [m.ItemPrepared] * 3 + [m.RtoPrepared]
    *prepared, last = messages
    assert isinstance(last, m.RtoPrepared)
    assert [entry for x in prepared if isinstance(x, m.ItemPrepared) for entry in x.viewing] == list(
        s.prepare().viewing_plan
    )
    assert last.viewing_plan == (), "it can be too large for one event, so it goes with the items"


@pytest.mark.parametrize(
    "event", [e.FileCleaned((s.ITEM,), ("piece-goal",)), e.FileArchived(("piece-goal",), (s.ITEM,))]
)
def test_what_was_written_is_dropped_and_the_record_stripped_r95_a8(event: Any) -> None:
    steps = following(*s.PREPARED, e.CaseDeescalated(), event)
    assert steps == [StoreRow(Stripped(s.CASE, (s.ITEM,))), DropPieces(("piece-goal",))]


def test_a_purge_is_confirmed_after_the_erasure_r105() -> None:
    assert following(e.CasePurged(s.CASE, ("kid",))) == [
        ForgetCase(),
        Announce(CasePurged(case_id=s.CASE, house_keys=("kid",)), after_erasure=True),
    ]


@pytest.mark.parametrize("history", s.HISTORIES.values(), ids=[str(phase) for phase in s.HISTORIES])
def test_the_record_holds_references_and_never_a_text(history: tuple[Any, ...]) -> None:
    for n in range(len(history)):
        for row in lines(*history[: n + 1]):
            assert all(isinstance(text, TextRef) for text in contents(row))
