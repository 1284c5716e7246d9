"""What leaves the round table: to whom, and never more than is theirs."""

from dataclasses import replace
from typing import Any

import pytest

from services.rto import events as e
from services.rto.effects import effects
from services.rto.state import Phase
from shared.contract.content import sealed_text_ids
from shared.contract.fields import Category, ItemStatus
from shared.contract.limits import TAKERS_PER_MESSAGE
from shared.contract.messages import rto as m
from shared.contract.messages.house import CasePurged
from shared.contract.messages.intake import ClosingReason
from shared.core.effects import (
    Announce,
    ClaimItems,
    ForgetCase,
    KeepOnly,
    StopUnsent,
    ToParty,
)
from shared.core.item_standing import Standing
from tests.support.samples import rto as s
from tests.support.spec import NOW


def after(*history: Any) -> list[Any]:
    """What follows from the last event of the history."""
    return list(effects(s.CASE, history[-1], s.state(*history)))


def letters(steps: list[Any], kind: type) -> dict[str, Any]:
    found = [x for x in steps if isinstance(x, ToParty) and isinstance(x.message, kind)]
    return {letter.recipient: letter.message for letter in found}


def announced(steps: list[Any]) -> list[Any]:
    return [x.message for x in steps if isinstance(x, Announce)]


def taker_told(cause: m.TakersCause, *must: m.TakersDuty, **more: Any) -> ToParty:
    """What the one taker is told of an item; to use it no longer, if nothing else is said."""
    duties = must or (m.TakersDuty.USE_NO_LONGER,)
    return ToParty(s.CARE, m.TakersTold(item_id=s.FREE, cause=cause, must=duties, **more))


def test_every_item_is_claimed_for_its_case_r35() -> None:
    brought = e.ItemsContributed(s.RTO, (s.item(s.NEW, s.HOUSING),), NOW)
    assert after(s.RECORDED[0]) == [ClaimItems((s.FREE,), s.POLICE)]
    assert after(*s.SEATED, brought) == [ClaimItems((s.NEW,), s.HOUSING)]


@pytest.mark.clause(
    "R45.b", refused="Bij het bijeenroepen gaat er naast de uitnodiging geen bericht over de casus rond."
)
@pytest.mark.clause("R45.a", allowed="Een uitnodiging noemt dag, plaats, rol en gevraagde bijdrage.")
@pytest.mark.clause("R45.a", refused="Een uitnodiging noemt geen betrokkene en geen gegeven van de casus.")
def test_an_invitation_holds_nothing_of_the_case_r45() -> None:
    steps = after(*s.INVITED)
    invitations = letters(steps, m.RtoConvened)
    assert set(invitations) == set(s.AT_THE_TABLE)
    assert len(steps) == len(s.AT_THE_TABLE)
    fields = {"rto_id", "on", "place", "role", "contribution"}
    for party, letter in invitations.items():
        assert set(dict(letter)) == fields
        assert letter.contribution.piece == f"piece-contribution-{party}"


def test_a_question_goes_to_the_contributor_alone_r65() -> None:
    asked = e.ReleaseAsked(s.ask().request, s.POLICE, NOW)
    assert after(*s.SEATED, s.PLANNED, asked) == [ToParty(s.POLICE, s.ask().request)]


@pytest.mark.clause("R64.a", allowed="Bij de afronding van het RTO krijgt elke uitvoerder zijn eigen acties.")
def test_each_executor_gets_its_own_actions_only_a19() -> None:
    assert assigned(*s.AGREED, s.concluded()) == {s.CARE: [s.TREAT], s.HOUSING: [s.ARRANGE]}


def assigned(*history: Any) -> dict[str, list[str]]:
    """Return the numbers of the actions in the letters that follow from the last event."""
    found: dict[str, m.ActionsAssigned] = letters(after(*history), m.ActionsAssigned)
    return {party: [action.action_id for action in letter.actions] for party, letter in found.items()}


@pytest.mark.clause("R64.a", refused="Zolang het RTO niet is afgerond, krijgt niemand een actie toegewezen.")
def test_no_action_leaves_the_table_before_it_has_decided_r64() -> None:
    assert after(*s.SEATED, s.PLANNED) == []


@pytest.mark.clause(
    "R78.b", refused="Van het plan voor een casus die eindigt, krijgt geen enkele partij een bericht."
)
@pytest.mark.parametrize("outcome", [m.RtoOutcome.DOES_NOT_BELONG, m.RtoOutcome.OTHER_TABLE])
def test_of_a_plan_for_a_case_that_ends_nothing_leaves_r78(outcome: m.RtoOutcome) -> None:
    assert [x for x in after(*s.AGREED, s.concluded(outcome)) if isinstance(x, ToParty)] == []


@pytest.mark.clause(
    "R81.e", allowed="Van een actie die het RTO heeft beëindigd, krijgt de uitvoerder bericht."
)
@pytest.mark.clause(
    "R81.e", refused="Een andere partij krijgt geen bericht dat de actie van de uitvoerder is beëindigd."
)
@pytest.mark.parametrize(
    "outcome",
    [m.RtoOutcome.APPROACH_AND_MONITORING, m.RtoOutcome.ESCALATE, m.RtoOutcome.DEESCALATE],
)
def test_a_follow_up_assigns_what_is_new_and_tells_what_ended_r81(outcome: m.RtoOutcome) -> None:
    """An action that was added and ended at the same table was never agreed: nobody hears of it."""
    draft, other = s.action(s.AFTERCARE, s.CARE), s.action(s.number("d4"), s.POLICE)
    drafted = e.PlanRecorded(s.plan(actions=(draft, other)), s.AT_THE_TABLE, NOW)
    adjusted = e.PlanRecorded(s.plan(actions=(), ends=(s.AFTERCARE, s.ARRANGE)), s.AT_THE_TABLE, NOW)
    history = (*s.AGAIN, drafted, adjusted, s.concluded(outcome, s.SECOND_RTO))
    assert assigned(*history) == {s.POLICE: [s.number("d4")]}
    ended = letters(after(*history), m.ActionsEnded)
    assert ended == {s.HOUSING: m.ActionsEnded(action_ids=(s.ARRANGE,))}


def test_what_was_recorded_apart_is_assigned_apart() -> None:
    """Together they may be more than a letter holds."""
    more = e.PlanRecorded(s.plan(actions=(s.action(s.AFTERCARE, s.CARE),)), s.AT_THE_TABLE, NOW)
    steps = after(*s.AGREED, more, s.concluded())
    to_care = [x.message for x in steps if isinstance(x, ToParty) and x.recipient == s.CARE]
    for_care = [one for one in to_care if isinstance(one, m.ActionsAssigned)]
    assert [[action.action_id for action in one.actions] for one in for_care] == [[s.TREAT], [s.AFTERCARE]]


@pytest.mark.clause("R67.a", allowed="De gebruiksvoorwaarden gaan mee met het gegeven dat wordt verstrekt.")
@pytest.mark.clause(
    "R68.b",
    allowed="In het bericht aan de uitvoerder staat de partij die het gegeven inbracht als verstrekker.",
)
@pytest.mark.clause("R68.b", refused="De leidende partij staat in dat bericht niet als verstrekker.")
def test_a_provided_item_goes_to_its_taker_and_can_be_stopped_unsent_r73_a12() -> None:
    """R67: its conditions of use travel with it."""
    conditions = s.item(s.NEW, use_conditions=s.text("conditions"), withheld_from=(s.HOUSING,))
    history = (*s.RECORDED, e.ItemRecorded(conditions), s.PREPARED, s.convened(), s.PLANNED)
    (letter,) = after(*history, e.ItemProvided(s.taking(s.NEW), s.POLICE, NOW))
    assert (letter.recipient, letter.item) == (s.CARE, s.NEW)
    (item,) = letter.message.items
    assert (item.contributor, item.use_conditions.piece) == (s.POLICE, "piece-conditions")
    assert item.withheld_from == ()


@pytest.mark.clause(
    "R66.c", refused="Wat bij de intrekking nog niet is verstuurd, wordt niet meer verstuurd."
)
@pytest.mark.clause("R66.d", allowed="Wie het gegeven eerder meenam, krijgt bericht van de intrekking.")
@pytest.mark.clause("R66.d", refused="Wie het gegeven niet meenam, krijgt zo'n bericht niet.")
def test_a_withdrawal_stops_what_has_not_left_and_tells_the_takers_a12() -> None:
    history = (*s.AGREED, s.PROVIDED, e.ReleaseWithdrawn(s.FREE, NOW))
    stop, told = after(*history)
    assert stop == StopUnsent(item=s.FREE)
    assert told == taker_told(m.TakersCause.RELEASE_WITHDRAWN)
    assert after(*s.AGREED, e.ReleaseWithdrawn(s.FREE, NOW)) == [StopUnsent(item=s.FREE)]


def test_a_reservation_stops_what_has_not_left_for_that_party_and_tells_it_if_it_took_r62() -> None:
    ended = e.ReleasesEnded(s.FREE, (s.CARE, s.HOUSING), NOW)
    stops = [StopUnsent(item=s.FREE, recipient=s.CARE), StopUnsent(item=s.FREE, recipient=s.HOUSING)]
    told = taker_told(m.TakersCause.WITHHELD)
    assert after(*s.AGREED, s.PROVIDED, ended) == [*stops, told]
    assert after(*s.AGREED, ended) == stops
    of_another_party = e.ReleasesEnded(s.FREE, (s.HOUSING,), NOW)
    assert after(*s.AGREED, s.PROVIDED, of_another_party) == stops[1:]


@pytest.mark.clause(
    "R66.c", allowed="De intrekking wordt gemeld aan elk onderdeel van het systeem dat het gegeven toont."
)
def test_what_is_decided_on_an_item_goes_to_every_service_that_shows_it_a12() -> None:
    history = (
        *s.SEATED,
        e.StandingChanged(Standing(s.FREE, s.POLICE, 3, ItemStatus.WITHDRAWN, (s.CARE,)), NOW),
    )
    assert announced(after(*history)) == [
        m.ItemStanding(
            item_id=s.FREE,
            contributor=s.POLICE,
            number=3,
            status=ItemStatus.WITHDRAWN,
            withheld_from=(s.CARE,),
        )
    ]


def test_an_item_whose_release_was_never_given_or_was_refused_stays_behind_r61_r87() -> None:
    no = e.ReleaseRefused(m.ReleaseRefused(item_id=s.WITHHELD, use=m.Use.RTO), NOW)
    handed = announced(after(*s.SEATED, no, e.CaseDeescalated(s.RTO, NOW)))
    items = {x.item.item_id for x in handed if isinstance(x, m.ItemHandedOver)}
    assert items == {s.FREE, s.SPECIAL, s.RENT}, "and not the refused one, nor the silent one"


def test_each_item_goes_with_those_to_whom_phase_3_showed_it_r87() -> None:
    """And not with those from whom its contributor withholds it, whoever planned that."""
    (item,) = (one for one in s.ITEMS if one.item_id == s.WITHHELD)
    entries = s.state(*s.SEATED).viewing_plan
    planned = {x.participant for x in entries if x.item_id == s.WITHHELD} - {*item.withheld_from}
    ended = e.CaseDeescalated(s.RTO, NOW)
    for history, shown in (
        ((*s.SEATED, ended), planned),
        (
            (*s.HISTORIES[Phase.MONITORING], ended),
            planned | {s.state(*s.HISTORIES[Phase.MONITORING]).leading_party},
        ),
    ):
        (handed,) = [
            x
            for x in announced(after(*history))
            if isinstance(x, m.ItemHandedOver) and x.item.item_id == s.WITHHELD
        ]
        assert handed.shown_to is not None
        assert set(handed.shown_to) == shown


@pytest.mark.clause(
    "R72.c", refused="Zolang de casusregie alleen is aangeboden, krijgt niemand bericht van een wisseling."
)
def test_an_offer_goes_to_the_offered_party_on_behalf_of_the_leading_one_r69() -> None:
    offered = m.DirectionOffered(offered_on_behalf_of=s.VENLO)
    assert after(*s.AGREED) == [ToParty(s.CARE, offered)]


@pytest.mark.clause(
    "R72.c", allowed="De wisseling van leidende partij wordt met het moment aan alle deelnemers verteld."
)
def test_the_move_of_direction_is_announced_and_told_to_the_participants_r72() -> None:
    steps = after(*s.AGREED, s.MOVED)
    assert announced(steps) == [m.DirectionMoved(leading_party=s.CARE, since=NOW)]
    assert set(letters(steps, m.DirectionTransferred)) == set(s.AT_THE_TABLE)


@pytest.mark.clause(
    "R72.c", allowed="Ook de vorige leidende partij krijgt bericht van de wisseling, al was zij niet gekomen."
)
def test_who_led_before_is_told_though_it_did_not_come_r72() -> None:
    moved = e.DirectionMoved(s.CARE, s.VENLO, s.text("name"), NOW)
    steps = after(*s.INVITED, s.accepted(s.CARE), moved)
    assert set(letters(steps, m.DirectionTransferred)) == {s.VENLO, s.CARE}


@pytest.mark.clause(
    "R83.a", allowed="Elke uitkomst van een RTO wordt doorgegeven, zodat de plicht om te informeren ontstaat."
)
@pytest.mark.parametrize("outcome", m.RtoOutcome)
def test_each_outcome_is_announced_for_the_duty_to_inform_r83(outcome: m.RtoOutcome) -> None:
    steps = after(*s.AGREED, s.concluded(outcome))
    told = outcome.value if outcome is not m.RtoOutcome.ESCALATE else "approach-and-monitoring"
    assert announced(steps) == [
        m.RtoOutcomeRecorded(
            outcome=m.AnnouncedOutcome(told), leading_party=s.VENLO, recorded_at=NOW, ave_level=2
        )
    ]


def test_deescalation_hands_over_the_items_and_then_the_file_r86() -> None:
    history = (*s.AGREED, s.PROVIDED, s.MOVED, s.concluded(m.RtoOutcome.DEESCALATE))
    *handed, file = announced(after(*history, e.CaseDeescalated(s.RTO, NOW)))
    items = [x.item.item_id for x in handed if isinstance(x, m.ItemHandedOver)]
    assert items == [s.FREE, s.WITHHELD, s.SPECIAL, s.RENT]
    assert isinstance(file, m.CaseDeescalated)
    assert (file.rto_id, file.decided_at, file.leading_party) == (s.RTO, NOW, s.CARE)
    assert (file.referrer, file.director) == (s.VENLO, s.DIRECTOR)
    assert [p.person_id for p in file.persons] == [s.MAN, s.MOTHER]
    assert (file.participants, file.takers, file.actions) == ((), (), ()), "they went before it, in parts"
    parts = [x for x in handed if isinstance(x, m.FilePartHandedOver)]
    assert [x.action_id for part in parts for x in part.actions] == [s.TREAT, s.ARRANGE]
    assert {p.party for part in parts for p in part.participants} == set(s.AT_THE_TABLE)
    assert [one for part in parts for one in part.takers] == [
        m.Taker(party=s.CARE, item_id=s.FREE, action_id=s.TREAT)
    ]


@pytest.mark.clause(
    "R70.e",
    allowed="De afspraken gaan naar fase 4 met de akkoorden en voorbehouden van de gegevens waaruit zij "
    "putten.",
)
def test_the_agreements_go_on_with_what_they_are_bound_to_r70_a19() -> None:
    """Also to an item that does not go on itself, because its release was taken back."""
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.WITHHELD, s.SPECIAL, s.FREE)), s.AT_THE_TABLE, NOW)
    since = (e.ReleaseWithdrawn(s.FREE, NOW), e.CaseDeescalated(s.RTO, NOW))
    handed = announced(after(*s.SEATED, drawn, *since))
    parts = [x.drawn_from for x in handed if isinstance(x, m.FilePartHandedOver) and x.drawn_from]
    ordinary = {"contributor": s.POLICE, "category": Category.ORDINARY}
    assert parts == [
        (m.DrawnFrom(item_id=s.WITHHELD, released=True, withheld_from=(s.HOUSING,), **ordinary),),
        (m.DrawnFrom(item_id=s.SPECIAL, contributor=s.POLICE, category=Category.SPECIAL, released=True),),
        (m.DrawnFrom(item_id=s.FREE, released=False, **ordinary),),
    ]


def test_agreements_drawn_from_an_item_that_was_dropped_are_bound_to_what_nobody_released_a19() -> None:
    """After a reactivation from the archive, of which only confirmed items came back."""
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.FREE,)), s.AT_THE_TABLE, NOW)
    back = (e.CaseDeescalated(s.RTO, NOW), e.FileArchived(()), e.CaseReactivated(1, ()))
    handed = announced(after(*s.SEATED, drawn, *back, e.CaseDeescalated(s.RTO, NOW)))
    (source,) = (one for x in handed if isinstance(x, m.FilePartHandedOver) for one in x.drawn_from)
    of_it = {"item_id": s.FREE, "contributor": s.POLICE, "category": Category.ORDINARY}
    assert source == m.DrawnFrom(**of_it, released=False)


def test_of_an_item_that_a_version_before_dropped_it_is_not_known_whose_it_was_and_nothing_is_released() -> (
    None
):
    drawn = e.PlanRecorded(s.plan(drawn_from=(s.FREE,)), s.AT_THE_TABLE, NOW)
    left = replace(s.state(*s.SEATED, drawn), items=(), bonds=())
    handed = (
        x.message for x in effects(s.CASE, e.CaseDeescalated(s.RTO, NOW), left) if isinstance(x, Announce)
    )
    (source,) = (one for x in handed if isinstance(x, m.FilePartHandedOver) for one in x.drawn_from)
    assert source == m.DrawnFrom(item_id=s.FREE, category=Category.SPECIAL, released=False)


def test_however_many_took_something_away_each_part_holds_no_more_than_fits_r104() -> None:
    """Thirty items for twenty-one actions: more than one event could ever carry."""
    provided = [
        replace(s.PROVIDED, taking=s.taking(s.number(f"{n:02x}"), s.CARE, s.number(f"{at:02x}")))
        for n in range(30)
        for at in range(21)
    ]
    handed = announced(after(*s.AGREED, *provided, e.CaseDeescalated(s.RTO, NOW)))
    takers = [part.takers for part in handed if isinstance(part, m.FilePartHandedOver) and part.takers]
    assert [len(some) for some in takers] == [TAKERS_PER_MESSAGE] * 3 + [30]
    assert len({taker for some in takers for taker in some}) == 630
    assert isinstance(handed[-1], m.CaseDeescalated)


def test_the_case_director_whom_the_leading_party_named_goes_along_r69_r89() -> None:
    named = e.CaseDirectorNamed(s.text("own-director"), "somebody", NOW)
    *_, file = announced(after(*s.AGREED, named, e.CaseDeescalated(s.RTO, NOW)))
    assert (file.leading_party, file.case_director) == (s.VENLO, s.text("own-director"))


def test_a_case_without_plan_can_be_handed_over_too_r86() -> None:
    *_, file = announced(after(*s.SEATED, e.CaseDeescalated(s.RTO, NOW)))
    assert (file.agreements, file.actions, file.case_director) == (None, (), None)


def test_what_did_not_stay_or_was_withdrawn_is_not_handed_over_r79_a12() -> None:
    withdrawn = e.ReleaseWithdrawn(s.FREE, NOW)
    history = (*s.HISTORIES[Phase.MONITORING], withdrawn, e.CaseDeescalated(s.RTO, NOW))
    items = [x.item.item_id for x in announced(after(*history)) if isinstance(x, m.ItemHandedOver)]
    assert items == [s.WITHHELD]


def test_why_a_participant_needed_an_address_does_not_go_on_r61() -> None:
    needs = s.participant(s.CARE, address_reason=s.text("house-calls"))
    invited = s.convened(participants=(needs,))
    handed = announced(
        after(*s.RECORDED, s.PREPARED, invited, s.accepted(s.CARE), e.CaseDeescalated(s.RTO, NOW))
    )
    (part,) = (x for x in handed if isinstance(x, m.FilePartHandedOver) and x.participants)
    assert part.participants == (s.participant(s.CARE),)


def test_who_never_came_is_no_participant_of_the_file() -> None:
    declined = e.InvitationDeclined(s.RTO, s.HOUSING, None, NOW)
    handed = announced(after(*s.INVITED, s.accepted(s.CARE), declined, e.CaseDeescalated(s.RTO, NOW)))
    parts = [x for x in handed if isinstance(x, m.FilePartHandedOver)]
    assert [p.party for part in parts for p in part.participants] == [s.CARE]


def test_a_case_that_ends_at_the_table_is_closing_everywhere() -> None:
    """R78."""
    ended = e.CaseEndedAtTable(ClosingReason.OTHER_TABLE, NOW)
    (closed,) = announced(after(*s.SEATED, ended))
    assert isinstance(closed, m.RtoClosed)
    assert (closed.leading_party, closed.reason) == (s.VENLO, ClosingReason.OTHER_TABLE)


@pytest.mark.clause(
    "R78.b", allowed="Wat nog niet was verzonden toen de casus eindigde, wordt tegengehouden."
)
@pytest.mark.parametrize(
    "end",
    [e.CaseEndedAtTable(ClosingReason.DOES_NOT_BELONG, NOW), e.CaseClosing()],
    ids=["here", "elsewhere"],
)
def test_what_has_not_left_when_a_case_ends_early_reaches_nobody(end: Any) -> None:
    """R78."""
    stopped = [x for x in after(*s.AGREED, s.PROVIDED, end) if isinstance(x, StopUnsent)]
    assert stopped == [StopUnsent(item=s.FREE)]
    assert not [x for x in after(*s.AGREED, end) if isinstance(x, StopUnsent)]


@pytest.mark.parametrize("event", [e.FileCleaned((s.FREE,)), e.FileArchived((s.FREE,))])
def test_nothing_stays_but_what_the_case_still_names_r95(event: Any) -> None:
    """R95: so do the reasons of refusals go, which stand in no case."""
    history = (*s.HISTORIES[Phase.DEESCALATED], event)
    assert after(*history) == [KeepOnly(sealed_text_ids(s.state(*history)))]


def test_a_purge_forgets_and_then_confirms_r105() -> None:
    forget, confirm = after(*s.RECORDED, e.CasePurged(s.CASE, ("kid",)))
    assert forget == ForgetCase()
    assert confirm == Announce(CasePurged(case_id=s.CASE, house_keys=("kid",)), after_erasure=True)


@pytest.mark.parametrize("by", m.MandateEndedBy)
def test_when_a_mandate_ends_the_party_and_the_leading_one_are_told_and_not_why_r59(
    by: m.MandateEndedBy,
) -> None:
    told = after(*s.SEATED, e.MandateEnded(s.RTO, s.CARE, by, s.text("reason"), NOW))
    message = m.MandateEnded(rto_id=s.RTO, party=s.CARE, by=by)
    assert told == [ToParty(s.CARE, message), ToParty(s.VENLO, message)]
