"""Retention's decisions, in sentences; each refusal on both sides of its boundary."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.retention import commands as c
from services.retention import events as e
from services.retention.permissions import PERMISSIONS
from services.retention.proofs import Ending
from services.retention.state import MUST_CONFIRM, Phase
from shared.contract.content import TextRef, contents, sealed_text_ids
from shared.contract.fields import Category, ItemStatus, Theme
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.rto import DrawnFrom
from shared.contract.parties import Parties, PartyKind
from shared.contract.refusal import NOT_YOURS, Refusal
from shared.core.actor import Actor, Role
from shared.core.authorisation import permit
from shared.core.calendar_terms import add_months
from shared.core.context import DecisionContext
from shared.core.item_standing import Standing
from shared.core.policy import Policy
from tests.support.samples import retention as s
from tests.support.spec import NOW, Spec

CLEAN = c.CleanFile(by=s.by_director(), kept=s.kept(s.POLICES))
INSPECT = c.InspectFile(by=s.by_manager(), reason=s.text("why"))
READ = c.UseInspection(by=s.by_manager())


def in_step_1(**changes: Any) -> Spec[Any]:
    return s.spec(**{"now": NOW, **changes}).given(*s.STEP_1)


def in_step_2() -> Spec[Any]:
    return s.spec(now=s.ARCHIVE_ON).given(*s.STEP_2)


def name_of(given: Spec[Any], command: Any) -> tuple[str, str]:
    refusal = given.when(command).refusal
    return refusal.name, refusal.rule


# --- before phase 4 -------------------------------------------------------------------------------


def test_a_case_is_known_without_anything_about_anybody() -> None:
    (event,) = s.spec().when(c.OpenCase(by=s.by_service("intake"), case=s.taken_up())).events
    assert list(contents(event)) == []
    assert s.state(event).leading_party == s.VENLO


def test_of_a_case_that_goes_on_only_the_name_of_its_referrer_is_here_r89() -> None:
    opening = c.OpenCase(by=s.by_service("intake"), case=s.taken_up(referrer_name=s.text("referrer")))
    (event,) = s.spec().when(opening).events
    assert list(contents(event)) == [s.text("referrer")]
    given = s.spec().given(event, *s.RECEIVED, s.DEESCALATED, s.CLEANED, s.ARCHIVED)
    assert given.state.referrer_name == s.text("referrer"), "it stays for step 2"


def test_a_case_is_opened_once_r15() -> None:
    opening = c.OpenCase(by=s.by_service("intake"), case=s.taken_up())
    assert s.spec().when(opening).events
    assert name_of(s.spec().given(s.OPENED), opening) == ("CaseAlreadyKnown", "R15")


@pytest.mark.clause("R100.b", allowed="Voor de afschaling kan de casusregie naar een andere partij gaan.")
@pytest.mark.clause("R100.b", refused="Na de afschaling gaat de casusregie niet meer naar een andere partij.")
def test_direction_moves_until_de_escalation_and_not_after_it_r100() -> None:
    move = c.MoveDirection(by=s.by_service(), leading_party=s.POLICE, since=NOW)
    assert s.spec().given(s.OPENED, *s.spec().given(s.OPENED).when(move).events).state.leading_party == (
        s.POLICE
    )
    assert name_of(in_step_1(), move) == ("DirectionIsFixed", "R100")


def test_items_come_before_the_de_escalation_and_not_after_it_r95() -> None:
    bring = c.RecordHandedOverItem(by=s.by_service(), item=s.ITEMS[0])
    assert s.spec().given(s.OPENED).when(bring).events
    assert name_of(in_step_1(), bring) == ("FileTakesNothingMore", "R95")


def test_an_item_keeps_its_contributor_r66() -> None:
    given = s.spec().given(s.OPENED, e.ItemReceived(s.item(s.OURS, s.VENLO)))
    again = c.RecordHandedOverItem(by=s.by_service(), item=s.item(s.OURS, s.VENLO))
    other = c.RecordHandedOverItem(by=s.by_service(), item=s.item(s.OURS, s.POLICE))
    assert len(given.given(*given.when(again).events).state.items) == 1
    assert name_of(given, other) == ("ItemOfAnotherContributor", "R66")


# --- de-escalation --------------------------------------------------------------------------------


@pytest.mark.clause(
    "R86.b",
    allowed="De datum van het besluit, het RTO en de leidende partij van dat moment worden vastgelegd.",
)
@pytest.mark.clause(
    "R86.b", refused="De termijnen tellen niet vanaf de dag waarop het besluit wordt verwerkt."
)
def test_de_escalation_records_the_decision_and_fixes_both_dates_r86() -> None:
    """R86: date, round table and leading party; the terms of R88 and R91 follow from them (A4)."""
    given = s.spec(now=NOW + timedelta(days=3)).given(s.OPENED, *s.RECEIVED)
    (event,) = given.when(c.Deescalate(by=s.by_service(), file=s.file())).events
    state = given.given(event).state
    assert (state.phase, state.leading_party, state.ending) == (Phase.STEP_1, s.CARE, Ending.DEESCALATED)
    assert state.file is not None
    assert (state.file.decided_at, state.file.rto_id) == (NOW, s.RTO)
    assert (state.archive_on, state.destroy_on) == (s.ARCHIVE_ON, s.DESTROY_ON)


def test_the_terms_are_the_policys_at_the_decision_a4() -> None:
    given = s.spec().given(s.OPENED)
    policy = Policy(archive_after_months=1, destroy_after_months=2)
    events = given.process.decide(
        given.state, c.Deescalate(by=s.by_service(), file=s.file()), DecisionContext(NOW, s.PARTIES, policy)
    )
    assert isinstance(events, tuple)
    assert events[0].archive_on < events[0].destroy_on < s.ARCHIVE_ON


@pytest.mark.clause("R22.e", refused="Het burgerservicenummer gaat niet mee naar fase 4.")
@pytest.mark.clause("R89.c", allowed="Naam en geboortedatum gaan mee naar fase 4.")
@pytest.mark.clause("R89.c", refused="Het burgerservicenummer gaat niet mee naar fase 4.")
def test_the_bsn_does_not_enter_phase_4_r22() -> None:
    given = s.spec().given(s.OPENED)
    (event,) = given.when(c.Deescalate(by=s.by_service(), file=s.file())).events
    pieces = set(sealed_text_ids(event))
    assert "piece-name-2" in pieces
    assert {piece for piece in pieces if "bsn" in piece} == set()


def test_a_case_is_de_escalated_once_r86() -> None:
    again = c.Deescalate(by=s.by_service(), file=s.file())
    assert name_of(in_step_1(), again) == ("AlreadyDeescalated", "R86")


def test_who_may_see_special_categories_is_fixed_with_the_decision_r49() -> None:
    chain_partner = s.record(s.POLICE, kind=PartyKind.NATIONAL_CHAIN_PARTNER)
    file = s.file(participants=(s.participant(s.VENLO, passed_processing_test=True), s.participant(s.POLICE)))
    given = s.spec(parties=Parties({**s.PARTIES.records, s.POLICE: chain_partner})).given(s.OPENED)
    (event,) = given.when(c.Deescalate(by=s.by_service(), file=file)).events
    assert event.competent == (s.VENLO, s.POLICE)


DRAWN = DrawnFrom(item_id=s.POLICES, contributor=s.POLICE, category=Category.ORDINARY, released=True)


@pytest.mark.clause(
    "R104.a",
    allowed="Wie tijdens de casus welk gegeven voor welke activiteit meenam, staat ook in fase 4 nog op "
    "de lijst.",
)
def test_what_grew_over_the_life_of_the_case_comes_in_parts_before_the_file_r86_r104() -> None:
    """Each part may come twice; who stands in two of them stands in the file once, as it was told last."""
    tested = s.participant(s.VENLO, passed_processing_test=True)
    parts = [
        c.RecordFilePart(by=s.by_service(), participants=(s.participant(s.VENLO),)),
        c.RecordFilePart(by=s.by_service(), participants=(tested,)),
        c.RecordFilePart(by=s.by_service(), participants=(s.participant(s.POLICE),)),
        *[c.RecordFilePart(by=s.by_service(), takers=(s.TAKER,))] * 2,
        *[c.RecordFilePart(by=s.by_service(), actions=s.file().actions)] * 2,
        *[c.RecordFilePart(by=s.by_service(), drawn_from=(DRAWN,))] * 2,
    ]
    given = s.spec(now=NOW).given(s.OPENED)
    for part in parts:
        given = given.given(*given.when(part).events)
    assert given.state.all_participants == given.state.all_takers == (), "there is no file yet"
    file = c.Deescalate(by=s.by_service(), file=s.file(participants=(), takers=(), actions=()))
    given = given.given(*given.when(file).events)
    assert given.state.file.actions == s.file().actions
    assert given.state.all_participants == (tested, s.participant(s.POLICE))
    assert given.state.all_takers == (s.TAKER,)
    assert given.state.drawn_from == (DRAWN,)
    assert given.state.competent == (s.VENLO,)
    assert name_of(given, parts[0]) == ("FileTakesNothingMore", "R95")


def test_the_clock_starts_also_where_the_beginning_of_the_case_was_not_heard_r86() -> None:
    """The events of two services come in no order; an opening that comes last changes nothing."""
    bring = c.RecordHandedOverItem(by=s.by_service(), item=s.ITEMS[0])
    given = s.spec(now=NOW)
    given = given.given(*given.when(bring).events)
    given = given.given(*given.when(c.Deescalate(by=s.by_service(), file=s.file())).events)
    assert (given.state.phase, given.state.leading_party) == (Phase.STEP_1, s.CARE)
    assert (given.state.referrer, given.state.director) == (s.VENLO, s.DIRECTOR)
    opening = c.OpenCase(by=s.by_service("intake"), case=s.taken_up())
    assert name_of(given, opening) == ("CaseAlreadyKnown", "R15")


# --- cleaning -------------------------------------------------------------------------------------


@pytest.mark.clause(
    "R95.a",
    allowed="Een gegeven waarvan de procesregisseur bevestigt waarom het bij terugval nodig is, blijft "
    "bij het opschonen staan.",
)
@pytest.mark.clause(
    "R95.a", refused="Alle andere gegevens verdwijnen bij het opschonen, met alle tekst die erbij hoort."
)
def test_what_is_not_confirmed_goes_with_every_piece_of_it_r95() -> None:
    """R95, A8."""
    (event,) = in_step_1().when(CLEAN).events
    kept = {"piece-content-12", "piece-necessity-12"}
    assert set(event.dropped) == s.EVERY_PIECE - kept
    assert [item.item_id for item in in_step_1().given(event).state.items] == [s.POLICES]


@pytest.mark.clause(
    "R95.d", allowed="Een gegeven dat de inbrenger niet heeft teruggenomen, kan opnieuw worden bevestigd."
)
def test_a_file_may_be_cleaned_again_and_only_grows_smaller_r95() -> None:
    first = c.CleanFile(by=s.by_director(), kept=s.kept(s.POLICES, s.WITHHELD))
    given = in_step_1()
    given = given.given(*given.when(first).events)
    (event,) = given.when(CLEAN).events
    assert {"piece-content-13", "piece-reason-12", "piece-reason-13"} <= set(event.dropped)
    assert [item.item_id for item in given.given(event).state.items] == [s.POLICES]
    back = c.CleanFile(by=s.by_director(), kept=s.kept(s.WITHHELD))
    assert name_of(given.given(event), back) == ("NoSuchItem", "R95")


@pytest.mark.clause(
    "R100.a",
    allowed="De procesregisseur schoont het dossier op namens de partij die bij de afschaling de leiding "
    "had.",
)
@pytest.mark.clause("R100.a", refused="Namens de aanmelder, die de leiding niet meer had, kan hij dat niet.")
def test_the_director_acts_for_the_party_that_led_at_de_escalation_r100() -> None:
    """R100."""
    old = replace(CLEAN, by=s.by_director(s.VENLO))
    assert in_step_1().when(CLEAN).events
    assert name_of(in_step_1(), old) == ("NotOnBehalfOfTheLastLeadingParty", "R100")


@pytest.mark.parametrize("phase", list(Phase))
def test_another_director_learns_of_no_case_in_any_phase_r95(phase: Phase) -> None:
    strange = replace(CLEAN, by=s.by_director(person=s.OTHER_DIRECTOR))
    refusal = s.spec().given(*s.HISTORIES[phase]).when(strange).refusal
    assert (refusal.name, refusal.rule, refusal.status) == ("NotTheDirectorOfThisCase", "R95", 404)


@pytest.mark.clause(
    "R95.a", refused="Zonder de reden waarom het nodig is, kan een gegeven niet blijven staan."
)
def test_each_item_that_stays_has_its_reason_a8() -> None:
    blank = replace(CLEAN, kept=(c.KeptItem(item_id=s.POLICES, reason=" "),))
    assert name_of(in_step_1(), blank) == ("NecessityNotConfirmed", "R95")
    assert in_step_1().when(replace(CLEAN, kept=())).events  # nothing has to stay


def test_only_items_of_the_file_stay_and_each_once_r95() -> None:
    unknown = replace(CLEAN, kept=s.kept(s.POLICES, s.CASE))
    twice = replace(CLEAN, kept=s.kept(s.POLICES, s.POLICES))
    assert name_of(in_step_1(), unknown) == ("NoSuchItem", "R95")
    assert name_of(in_step_1(), twice) == ("ItemTwice", "R35")


@pytest.mark.clause(
    "R95.d",
    refused="Een gegeven dat de inbrenger heeft teruggenomen, kan niet worden bevestigd en blijft ook "
    "bij het archiveren niet staan.",
)
def test_what_its_contributor_took_back_does_not_stay_a12() -> None:
    """Not as kept, and not at archiving though it was kept before."""
    back = e.StandingFollowed(Standing(s.POLICES, s.POLICE, 1, ItemStatus.WITHDRAWN))
    assert name_of(in_step_1().given(back), CLEAN) == ("ItemTakenBack", "R66")
    due = in_step_1(now=s.ARCHIVE_ON)
    kept = due.given(*in_step_1().when(CLEAN).events, back)
    archived, _ = kept.when(s.ARCHIVE).events
    assert archived.kept_items == ()
    assert {ref.piece for ref in contents(CLEAN) if isinstance(ref, TextRef)} <= set(archived.dropped)
    assert kept.given(archived).state.kept == (), "nor does why it was kept"


@pytest.mark.clause(
    "R103.a", refused="Een gearchiveerd dossier wordt niet meer opgeschoond of op een andere manier gebruikt."
)
def test_a_file_is_cleaned_in_step_1_r87() -> None:
    """R87."""
    assert name_of(in_step_2(), CLEAN) == ("NotInStepOne", "R87")
    early = s.spec().given(s.OPENED).when(CLEAN).refusal
    assert (early.name, early.may_be_lag) == ("NotInStepOne", True)


def test_on_the_boundary_day_nothing_is_cleaned_though_the_timer_waits_r88_a4() -> None:
    """R88: the stricter step begins with the day, and not when somebody's clock has looked."""
    assert in_step_1(now=s.ARCHIVE_ON - s.MOMENT).when(CLEAN).events
    assert name_of(in_step_1(now=s.ARCHIVE_ON), CLEAN) == ("NotInStepOne", "R87")


def test_on_the_day_of_destruction_nothing_is_inspected_though_the_timer_waits_r91() -> None:
    waiting = s.spec(now=s.DESTROY_ON - s.MOMENT).given(*s.STEP_2)
    assert waiting.when(INSPECT).events
    for command in (INSPECT, READ):
        assert name_of(replace(waiting, now=s.DESTROY_ON), command) == ("NotArchived", "R90")


# --- archiving ------------------------------------------------------------------------------------


def test_a_file_is_archived_on_the_day_and_not_a_moment_before_it_r88() -> None:
    archive = s.ARCHIVE
    assert in_step_1(now=s.ARCHIVE_ON).when(archive).events
    assert name_of(in_step_1(now=s.ARCHIVE_ON - s.MOMENT), archive) == ("TermNotOver", "R91")


@pytest.mark.clause(
    "R95.c",
    refused="Schoont niemand het dossier op, dan verdwijnt bij het archiveren elk ingebracht gegeven.",
)
def test_a_file_that_nobody_cleaned_loses_every_item_a8() -> None:
    event, _ = in_step_1(now=s.ARCHIVE_ON).when(s.ARCHIVE).events
    assert set(event.dropped) == s.EVERY_PIECE
    assert in_step_1().given(event).state.items == ()


@pytest.mark.clause(
    "R95.c", allowed="Wat bij het opschonen als noodzakelijk is bevestigd, blijft bij het archiveren staan."
)
def test_a_cleaned_file_is_archived_as_it_is_r88() -> None:
    given = in_step_1(now=s.ARCHIVE_ON).given(s.CLEANED)
    event, _ = given.when(s.ARCHIVE).events
    assert event.dropped == ()
    assert [item.item_id for item in given.given(event).state.items] == [s.WITHHELD]


def test_no_term_runs_in_a_case_that_goes_on_r91() -> None:
    for command in (
        s.ARCHIVE,
        s.ERASE,
    ):
        assert name_of(s.spec().given(s.OPENED), command) == ("NoTermRuns", "R91")


# --- inspecting -----------------------------------------------------------------------------------


@pytest.mark.clause("R90.a", allowed="Een besluit tot inzage met een reden wordt vastgelegd, met die reden.")
@pytest.mark.clause("R90.a", refused="Een besluit tot inzage zonder reden wordt geweigerd.")
def test_an_inspection_has_a_reason_r90() -> None:
    (event,) = in_step_2().when(INSPECT).events
    assert in_step_2().given(event).state.inspections[0].reason == TextRef("piece-why", "rto")
    assert name_of(in_step_2(), replace(INSPECT, reason=None)) == ("ReasonMissing", "R90")


@pytest.mark.clause("R90.b", allowed="De manager besluit over inzage in een gearchiveerd dossier.")
@pytest.mark.clause(
    "R90.b",
    refused="De procesregisseur, de ondersteunende medewerker en de partijen kunnen niet tot inzage "
    "besluiten.",
)
def test_the_manager_decides_on_an_inspection_and_nobody_else_a9() -> None:
    requirement, here = PERMISSIONS[c.InspectFile], DecisionContext(s.ARCHIVE_ON, s.PARTIES)
    support = Actor(Role.SUPPORT_WORKER, person="support-a", on_behalf_of=s.CARE)
    assert permit(requirement, s.by_manager(), here) is None
    for other in (s.by_director(), support, s.by_party(s.CARE), s.by_party(s.VENLO)):
        assert permit(requirement, other, here) is NOT_YOURS


@pytest.mark.clause(
    "R90.a", refused="Zonder besluit tot inzage kan een gearchiveerd dossier niet worden gelezen."
)
@pytest.mark.clause("R90.d", refused="Na één keer lezen is een besluit tot inzage verbruikt.")
def test_one_decision_is_one_reading_r90() -> None:
    """R90."""
    given = in_step_2()
    assert name_of(given, READ) == ("NoInspectionDecided", "R90")
    given = given.given(*given.when(INSPECT).events)
    assert name_of(given, INSPECT) == ("InspectionStillOpen", "R90")
    given = given.given(*given.when(READ).events)
    assert name_of(given, READ) == ("NoInspectionDecided", "R90")
    (again,) = given.when(INSPECT).events
    assert again.number == 2


def test_a_manager_does_not_use_the_inspection_of_another_a9() -> None:
    given = in_step_2().given(s.INSPECTION)
    other = replace(READ, by=s.by_manager(s.OTHER_MANAGER))
    assert given.when(READ).events
    assert name_of(given, other) == ("NoInspectionDecided", "R90")


@pytest.mark.clause(
    "R90.d",
    allowed="Een inzage verandert niets aan de termijnen: het dossier wordt op dezelfde dag vernietigd.",
)
def test_inspecting_changes_no_date_a5() -> None:
    given = in_step_2()
    after = given.given(*given.when(INSPECT).events)
    after = after.given(*after.when(READ).events)
    assert (after.state.phase, after.state.destroy_on) == (Phase.STEP_2, s.DESTROY_ON)


@pytest.mark.parametrize("phase", [p for p in Phase if p is not Phase.STEP_2])
def test_https_client_step_2_the_manager_learns_of_no_case_r90(phase: Phase) -> None:
    for command in (INSPECT, READ):
        refusal = s.spec().given(*s.HISTORIES[phase]).when(command).refusal
        assert refusal.status == 404
        assert refusal.name in ("NotArchived", "UnknownCase")


# --- reactivating ---------------------------------------------------------------------------------

REACTIVATE = c.ReactivateFile(by=s.by_director(), reason=s.text("relapse"))
FROM_THE_ARCHIVE = replace(REACTIVATE, by=s.by_manager())
ASK = c.AskReactivation(by=s.by_party(s.CARE), reason=s.text("relapse"))


@pytest.mark.clause(
    "R87.c",
    allowed="Bij terugval in de eerste zes maanden brengt de procesregisseur de casus terug naar fase 3, "
    "namens de partij die de leiding had.",
)
@pytest.mark.clause(
    "R87.c", refused="Zonder reden, namens een andere partij of door een andere procesregisseur kan dat niet."
)
def test_in_step_1_the_director_takes_the_case_up_again_for_the_party_that_led_r87() -> None:
    (event,) = in_step_1().when(REACTIVATE).events
    assert (event.round, event.kept_items, event.told) == (1, None, (s.VENLO, s.POLICE, s.CARE))
    old = replace(REACTIVATE, by=s.by_director(s.VENLO))
    assert name_of(in_step_1(), old) == ("NotOnBehalfOfTheLastLeadingParty", "R100")
    assert name_of(in_step_1(), replace(REACTIVATE, reason=None)) == ("ReasonMissing", "R90")
    strange = replace(REACTIVATE, by=s.by_director(person=s.OTHER_DIRECTOR))
    assert name_of(in_step_1(), strange) == ("NotTheDirectorOfThisCase", "R95")


@pytest.mark.clause("R90.b", allowed="De manager maakt een gearchiveerd dossier weer actief.")
@pytest.mark.clause(
    "R90.b", refused="De procesregisseur kan een gearchiveerd dossier niet weer actief maken."
)
def test_in_step_2_the_manager_decides_and_nobody_else_a9() -> None:
    (event,) = in_step_2().when(FROM_THE_ARCHIVE).events
    assert event.kept_items == (s.WITHHELD,)
    assert name_of(in_step_2(), REACTIVATE) == ("OnlyWhileActive", "R90")
    assert name_of(in_step_1(), FROM_THE_ARCHIVE) == ("NothingToReactivate", "R90")


def test_the_date_decides_who_may_and_not_the_timer_a4() -> None:
    """A4: and what is to be archived is archived first, or all of it would come back."""
    waiting = in_step_1(now=s.ARCHIVE_ON)
    assert in_step_1(now=s.ARCHIVE_ON - s.MOMENT).when(REACTIVATE).events
    assert name_of(waiting, REACTIVATE) == ("OnlyWhileActive", "R90")
    assert name_of(waiting, FROM_THE_ARCHIVE) == ("NothingToReactivate", "R90")
    late = s.spec(now=s.DESTROY_ON).given(*s.STEP_2)
    assert name_of(late, FROM_THE_ARCHIVE) == ("NothingToReactivate", "R90")
    assert name_of(late, ASK) == ("NothingToReactivate", "R90")


@pytest.mark.clause(
    "R90.c",
    allowed="De partij die de leiding had, vraagt schriftelijk en met een reden om het dossier weer "
    "actief te maken.",
)
@pytest.mark.clause(
    "R90.c", refused="Een andere partij kan dat niet vragen, en zonder reden wordt het verzoek geweigerd."
)
def test_the_party_that_led_asks_in_writing_and_changes_nothing_by_it_a9() -> None:
    for given in (in_step_1(), in_step_2()):
        (asked,) = given.when(ASK).events
        after = given.given(asked)
        assert replace(after.state, asked=None) == given.state
        assert name_of(after, ASK) == ("ReactivationAlreadyAsked", "R90")
        assert name_of(given, replace(ASK, reason=None)) == ("ReasonMissing", "R90")
        for stranger in (s.VENLO, s.POLICE, s.HOUSING):
            refusal = given.when(replace(ASK, by=s.by_party(stranger))).refusal
            assert (refusal.name, refusal.status) == ("NotTheLastLeadingParty", 404)


@pytest.mark.clause(
    "R90.e",
    allowed="Na de reactivering begint een nieuw besluit tot afschaling nieuwe termijnen van zes en "
    "twaalf maanden.",
)
@pytest.mark.clause(
    "R90.e",
    refused="De oude termijnen gelden na de reactivering niet meer: er wordt niets gearchiveerd of "
    "vernietigd.",
)
def test_a_new_decision_starts_a_new_clock_with_what_there_is_then_a5() -> None:
    drawn = e.FilePartReceived((), (), (), (DRAWN,))
    given = in_step_1().given(drawn, s.CLEANED, s.ASKED, s.REACTIVATED)
    state = given.state
    assert state.drawn_from == ()
    assert (state.phase, state.round, state.terms, state.items, state.kept) == (Phase.OPEN, 1, (), (), ())
    assert (state.leading_party, state.asked, state.ending) == (s.CARE, None, None)
    for command in (s.ARCHIVE, s.ERASE):
        assert name_of(replace(given, now=s.DESTROY_ON), command) == ("NoTermRuns", "R91")
    later = NOW + timedelta(days=90)
    again: list[Any] = [
        c.RecordHandedOverItem(by=s.by_service(), item=s.item(s.OURS, s.VENLO), round=1),
        c.RecordFilePart(by=s.by_service(), participants=(s.participant(s.VENLO),), round=1),
        c.Deescalate(by=s.by_service(), file=s.file(decided_at=later, participants=(), takers=()), round=1),
    ]
    for one in again:
        given = given.given(*given.when(one).events)
    assert [item.item_id for item in given.state.items] == [s.OURS], "nothing of the round before"
    assert given.state.told == (s.VENLO, s.CARE)
    assert {term.due for term in given.state.terms} == {add_months(later, 6), add_months(later, 12)}


def test_an_inspection_that_nobody_used_does_not_open_the_file_of_a_later_round_r90() -> None:
    used = e.InspectionUsed(1, s.ARCHIVE_ON)
    again = (s.REACTIVATED, *s.RECEIVED, s.DEESCALATED, s.ARCHIVED)
    for history, opened in (((s.INSPECTION,), 0), ((s.INSPECTION, used), 1)):
        given = s.spec(now=s.ARCHIVE_ON).given(*s.STEP_2, *history, *again)
        assert name_of(given, READ) == ("NoInspectionDecided", "R90")
        assert len(given.state.inspections) == opened, "what was done stays on record"


def test_inspecting_voids_nothing_a5() -> None:
    given = in_step_2()
    inspected = given.given(*given.when(INSPECT).events)
    assert (inspected.state.round, inspected.state.terms) == (0, given.state.terms)


# --- early ends -----------------------------------------------------------------------------------


@pytest.mark.clause(
    "R14.a",
    refused="Een casus die niet is opgenomen, wordt na de afsluittermijn in het hele systeem verwijderd.",
)
@pytest.mark.clause(
    "R102.c",
    allowed="Een casus die vroegtijdig eindigt, wordt aan het einde van de afsluittermijn verwijderd.",
)
@pytest.mark.clause(
    "R102.c", refused="Vóór het einde van de afsluittermijn wordt zo'n casus niet verwijderd."
)
@pytest.mark.clause(
    "R78.a", allowed="Na de sluitingstermijn wordt de informatie van de gesloten casus gewist."
)
@pytest.mark.clause("R78.a", refused="Voor het einde van die termijn wordt de casus nog niet gewist.")
@pytest.mark.parametrize("reason", list(ClosingReason))
@pytest.mark.parametrize("history", [(), (s.OPENED,), (s.OPENED, s.MOVED, *s.RECEIVED)])
def test_an_early_end_goes_when_the_closing_term_has_passed_r102(
    reason: ClosingReason, history: tuple[Any, ...]
) -> None:
    close = c.CloseEarly(
        by=s.by_service(),
        leading_party=s.CARE,
        theme=Theme.TRAFFICKING,
        reason=reason,
        closed_at=NOW,
        reference=s.REFERENCE,
    )
    given = s.spec(now=NOW).given(*history)
    given = given.given(*given.when(close).events)
    assert given.state.phase is Phase.CLOSING
    assert (given.state.leading_party, given.state.theme) == (s.CARE, Theme.TRAFFICKING)
    assert given.state.ending == reason.value
    due = NOW + s.TERM
    assert name_of(replace(given, now=due - s.MOMENT), s.ERASE) == ("TermNotOver", "R91")
    assert replace(given, now=due).when(s.ERASE).events


@pytest.mark.clause(
    "R102.e", allowed="Is er niemand meer te informeren, dan wordt de casus meteen verwijderd."
)
@pytest.mark.clause(
    "R102.e", refused="Zolang er nog iemand te informeren is, wordt de casus niet eerder verwijderd."
)
def test_an_early_end_goes_as_soon_as_nobody_is_left_to_be_informed_whichever_is_heard_first_r102() -> None:
    close = replace(next(x for x in s.COMMANDS if isinstance(x, c.CloseEarly)), closed_at=NOW)
    settled = NOW + s.TERM / 2
    settle = c.FollowSettling(by=s.by_service("intake"), settled_at=settled)
    for commands in ((close, settle), (settle, close)):
        given = s.spec(now=NOW).given(s.OPENED)
        for command in commands:
            given = given.given(*given.when(command).events)
        assert (given.state.phase, given.state.removal_on) == (Phase.CLOSING, settled)
        early = replace(given, now=settled - s.MOMENT)
        assert name_of(early, s.ERASE) == ("TermNotOver", "R91")
        assert replace(given, now=settled).when(s.ERASE).events


def test_what_is_settled_after_the_closing_term_delays_nothing_and_a_case_that_runs_goes_on_r102() -> None:
    late = c.FollowSettling(by=s.by_service("intake"), settled_at=NOW + s.TERM + s.MOMENT)
    closing = s.spec().given(s.OPENED, s.CLOSING)
    assert closing.given(*closing.when(late).events).state.removal_on == NOW + s.TERM
    running = s.spec().given(s.OPENED)
    settled = running.given(*running.when(late).events)
    assert (settled.state.phase, settled.state.removal_on) == (Phase.OPEN, None)
    assert isinstance(settled.when(s.ERASE).outcome, Refusal)
    for history in (s.STEP_1, s.STEP_2, s.ERASING):
        assert name_of(s.spec().given(*history), late) == ("AlreadyEnding", "R102")


def test_a_case_in_phase_4_or_closing_does_not_end_early_r102() -> None:
    close = next(x for x in s.COMMANDS if isinstance(x, c.CloseEarly))
    for history in (s.STEP_1, s.STEP_2, (s.CLOSING,)):
        assert name_of(s.spec().given(*history), close) == ("AlreadyEnding", "R102")


# --- what parties are told of it ------------------------------------------------------------------


@pytest.mark.clause(
    "R99.b",
    allowed="Bij het archiveren, een half jaar voor de vernietiging, wordt de vernietiging al aangekondigd.",
)
def test_the_destruction_is_announced_once_with_the_first_step_from_which_nobody_goes_back_r99() -> None:
    announced = e.DestructionAnnounced(s.REFERENCE)
    assert in_step_1(now=s.ARCHIVE_ON).when(s.ARCHIVE).events[1:] == (announced,)
    close = next(x for x in s.COMMANDS if isinstance(x, c.CloseEarly))
    assert s.spec(now=NOW).given(s.OPENED).when(close).events[1:] == (announced,)
    erase = e.ErasureStarted(s.DESTROY_ON)
    assert s.spec().given(*s.STEP_2).when(s.ERASE).events == (erase,)


def test_what_was_never_archived_is_announced_when_its_erasure_starts_r99() -> None:
    """R99: also a case that the version before brought to its last step."""
    never = [one for one in s.STEP_2 if one != s.ANNOUNCED]
    for history in (s.STEP_1, never):
        announced, started = s.spec().given(*history).when(s.ERASE).events
        assert isinstance(announced, e.DestructionAnnounced)
        assert started == e.ErasureStarted(s.DESTROY_ON)


# --- erasing --------------------------------------------------------------------------------------


@pytest.mark.clause(
    "R91.a",
    allowed="Op de dag waarop een jaar om is, begint de verwijdering, in welke stap het dossier ook is.",
)
@pytest.mark.clause("R91.a", refused="Vóór die dag wordt het dossier niet verwijderd.")
@pytest.mark.parametrize("history", [s.STEP_1, (*s.STEP_1, s.CLEANED), s.STEP_2])
def test_a_year_after_the_decision_the_file_goes_whatever_step_it_is_in_r91(history: Any) -> None:
    erase = s.ERASE
    assert s.spec(now=s.DESTROY_ON).given(*history).when(erase).events
    early = s.spec(now=s.DESTROY_ON - s.MOMENT).given(*history)
    assert name_of(early, erase) == ("TermNotOver", "R91")


@pytest.mark.clause(
    "R105.a",
    allowed="Als alle onderdelen van het systeem hebben bevestigd dat zij niets meer hebben, wordt de "
    "sleutel van de casus vernietigd.",
)
@pytest.mark.clause(
    "R105.a", refused="Zolang één onderdeel dat niet heeft bevestigd, wordt de sleutel niet vernietigd."
)
def test_the_key_goes_only_after_all_four_have_confirmed_r105() -> None:
    given = s.spec().given(*s.ERASING)
    record = next(x for x in s.COMMANDS if isinstance(x, c.RecordKeyDestroyed))
    for n, service in enumerate(MUST_CONFIRM, start=1):
        assert name_of(given, record) == ("NotAllConfirmed", "R105")
        events = given.when(c.ConfirmPurge(by=s.by_service(service))).events
        assert [type(event) for event in events] == [e.PurgeConfirmed, e.AllPurged][: 2 if n == 4 else 1]
        given = given.given(*events)
    assert given.state.phase is Phase.DESTROYING
    assert given.given(*given.when(record).events).state.phase is Phase.ERASED


def test_the_state_says_who_is_missing_r105() -> None:
    assert s.state(*s.ERASING, s.CONFIRMED[0], s.CONFIRMED[2]).missing() == ("intake", "triage")


def test_a_service_that_confirms_twice_counts_once_r105() -> None:
    given = s.spec().given(*s.ERASING, s.CONFIRMED[1])
    assert given.when(c.ConfirmPurge(by=s.by_service("intake"))).events == ()
    assert given.when(c.ConfirmPurge(by=s.by_service("retention"))).events == ()


def test_no_service_may_forget_before_it_was_told_to_r105() -> None:
    """R105."""
    confirm = c.ConfirmPurge(by=s.by_service("intake"))
    for history in (s.STEP_2, (s.CLOSING,), (s.OPENED,)):
        assert name_of(s.spec().given(*history), confirm) == ("ErasureNotOrdered", "R105")
    assert s.spec().given(*s.ERASING).when(confirm).events


def test_what_was_erased_and_what_never_was_are_one_refusal_r34() -> None:
    archive = s.ARCHIVE
    never = s.spec().when(archive).refusal
    gone = s.spec().given(*s.HISTORIES[Phase.ERASED]).when(archive).refusal
    assert never == gone
    assert never.name == "UnknownCase"
