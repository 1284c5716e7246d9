"""What a contributor changes of its item: its terms, its texts, that it is there (R66, R67, A22)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.rto import commands as c
from services.rto import events as e
from services.rto import handlers as h
from services.rto import refusals as r
from services.rto.corrections import loosens
from services.rto.effects import effects
from services.rto.main import PROCESS
from services.rto.meetings import may_not_be_provided
from services.rto.state import Phase, ReleaseKey, ReleaseStatus, State
from shared.contract.content import TextRef, contents, sealed_text_ids
from shared.contract.fields import Category, ContributedItem, ItemStatus
from shared.contract.limits import MOST_RESERVATIONS
from shared.contract.messages import rto as m
from shared.contract.parties import Scope
from shared.contract.refusal import NO_AUTHORISATION, NOT_A_PARTY, UNKNOWN_CASE, Refusal
from shared.core.context import DecisionContext
from shared.core.effects import Announce, DropPieces, StopUnsent, ToParty
from tests.support.samples import rto as s
from tests.support.spec import NOW

CONVENED = (*s.AGREED, s.PROVIDED)
MONITORED = (*CONVENED, s.concluded(), s.MONITORED)
TABLE = ReleaseKey(s.FREE, m.Use.RTO)
TO_CARE = ReleaseKey(s.FREE, m.Use.PLAN_ACTIVITY, s.CARE, s.TREAT)
NEW_TEXTS = {"piece-corrected-content", "piece-corrected-necessity"}
CHANGES = [s.correct(), s.change_terms(withheld_from=(s.HOUSING,)), s.withdraw_item()]
NAMED = {c.CorrectItem: "correct", c.ChangeTerms: "terms", c.WithdrawItem: "withdraw"}


def name(value: Any) -> str:
    return NAMED.get(type(value), str(value))


def decided(history: tuple[Any, ...], command: Any, **parties: Any) -> tuple[Any, ...]:
    return s.spec(**parties).given(*history).when(command).events


def refused(history: tuple[Any, ...], command: Any, **parties: Any) -> Refusal:
    return s.spec(**parties).given(*history).when(command).refusal


def after(history: tuple[Any, ...], *commands: Any) -> State:
    for command in commands:
        history = (*history, *decided(history, command))
    return s.state(*history)


def steps(history: tuple[Any, ...], command: Any) -> list[Any]:
    """All that follows from a command."""
    found: list[Any] = []
    for event in decided(history, command):
        history = (*history, event)
        found += effects(s.CASE, event, s.state(*history))
    return found


def item(state: State, item_id: str = s.FREE) -> ContributedItem:
    found = state.item(item_id)
    assert found is not None
    return found


def told(found: list[Any]) -> list[tuple[str, Any]]:
    return [(x.recipient, x.message) for x in found if isinstance(x, ToParty)]


def announced(found: list[Any]) -> Any:
    """The one event for the other services."""
    (message,) = [x.message for x in found if isinstance(x, Announce)]
    return message


def of_elsewhere(phase: Phase, command: Any, party: str = s.POLICE) -> Any:
    """Decide on an item that another service took in from this party, and that is not here."""
    given = s.spec().given(*(x for x in s.HISTORIES[phase] if not isinstance(x, e.ItemRecorded)))
    known = DecisionContext(NOW, given.parties, contributors={s.FREE: party})
    return PROCESS.decide(given.state or State(), command, known)


# --- who, and when -----------------------------------------------------------------------------------


@pytest.mark.clause("R66.f", allowed="In elke fase verbetert de inbrenger zijn gegeven.")
@pytest.mark.clause("R66.g", allowed="In elke fase trekt de inbrenger zijn gegeven definitief uit de casus.")
@pytest.mark.clause("R67.b", allowed="In elke fase wijzigt de inbrenger de voorwaarden van zijn gegeven.")
@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", CHANGES, ids=name)
def test_in_every_phase_its_contributor_changes_an_item_until_the_case_is_destroyed_a22(
    phase: Phase, command: Any
) -> None:
    changed = of_elsewhere(phase, command)
    if phase is Phase.PURGED:
        assert changed is UNKNOWN_CASE
    else:
        assert e.StandingChanged in [type(event) for event in changed]


@pytest.mark.clause("R66.f", refused="Een ander dan de inbrenger kan een gegeven niet verbeteren.")
@pytest.mark.clause("R66.g", refused="Een ander dan de inbrenger kan een gegeven niet uit de casus trekken.")
@pytest.mark.clause("R67.b", refused="Een ander dan de inbrenger kan de voorwaarden niet wijzigen.")
@pytest.mark.parametrize("party", [s.VENLO, s.CARE, s.STRANGER])
@pytest.mark.parametrize("command", CHANGES, ids=name)
def test_nobody_else_changes_an_item_or_learns_of_it_r66(command: Any, party: str) -> None:
    assert refused(CONVENED, replace(command, by=s.by_party(party))) is r.NOT_THE_CONTRIBUTOR


@pytest.mark.parametrize("command", CHANGES, ids=name)
def test_what_restricts_is_taken_of_a_party_that_has_left_too_a11(command: Any) -> None:
    """Its items are frozen, and whoever took them still hears of it."""
    left = {"politie_limburg": {"member_until": NOW - timedelta(days=1)}}
    assert decided(CONVENED, command, **left)
    assert not PROCESS.permissions[type(command)].needs_membership


def test_a_body_that_is_named_is_the_one_that_gave_the_item_r57() -> None:
    for command in (s.correct(body="bestuur"), s.withdraw_item(body="bestuur")):
        assert decided(CONVENED, command)
    terms = s.change_terms(withheld_from=(s.HOUSING,), acting_body="college")
    for other in (s.correct(body="college"), s.withdraw_item(body="college"), terms):
        assert refused(CONVENED, other) is r.NOT_THE_CONTRIBUTING_BODY


# --- corrected ---------------------------------------------------------------------------------------


@pytest.mark.clause("R66.f", refused="Van de eerdere versie blijft in het RTO geen tekst over.")
def test_a_correction_puts_a_new_version_in_the_place_of_the_earlier_one_a22() -> None:
    before = item(s.state(*CONVENED))
    found = steps(CONVENED, s.correct(category=Category.SPECIAL, valid_on="2026-03-01"))
    now = item(after(CONVENED, s.correct(category=Category.SPECIAL, valid_on="2026-03-01")))
    assert (now.version, now.category, str(now.valid_on)) == (2, Category.SPECIAL, "2026-03-01")
    assert set(sealed_text_ids(now)) == NEW_TEXTS
    assert DropPieces(sealed_text_ids(before)) in found
    assert (now.withheld_from, now.basis, now.acting_body) == ((), before.basis, before.acting_body)


def test_a_correction_without_conditions_leaves_none_and_with_them_those_r67() -> None:
    with_conditions = after(MONITORED, s.change_terms(use_conditions=s.text("conditions")))
    assert item(with_conditions).use_conditions == s.text("conditions")
    terms = s.change_terms(use_conditions=s.text("conditions"))
    assert item(after(MONITORED, terms, s.correct())).use_conditions is None
    both = after(MONITORED, terms, s.correct(use_conditions=s.text("other")))
    assert item(both).use_conditions == s.text("other")
    assert item(both).version == 3


@pytest.mark.clause(
    "R66.f", allowed="De nieuwe versie gaat verzegeld naar elk onderdeel dat het gegeven toont."
)
def test_the_new_version_goes_once_to_every_service_that_shows_the_item_a22() -> None:
    event = announced(steps(CONVENED, s.correct()))
    assert (event.version, event.is_gone, event.number) == (2, False, 1)
    assert {text.piece for text in contents(event) if isinstance(text, TextRef)} == NEW_TEXTS
    history = (*CONVENED, *decided(CONVENED, s.correct()))
    later = announced(steps(history, s.change_terms(withheld_from=(s.HOUSING,))))
    assert (later.version, contents(later), later.withheld_from) == (2, [], (s.HOUSING,))


@pytest.mark.clause("R65.f", allowed="Wat voor het RTO is vrijgegeven, geldt ook voor de verbeterde versie.")
@pytest.mark.clause("R65.f", refused="Na een verbetering telt geen akkoord voor een activiteit meer.")
def test_a_correction_voids_releases_for_activities_and_not_the_one_for_the_table_r65() -> None:
    state = after(CONVENED, s.correct())
    assert state.release(TO_CARE) is ReleaseStatus.WITHDRAWN
    assert state.release(TABLE) is ReleaseStatus.GIVEN
    again = after(CONVENED, s.correct(), c.GiveRelease(by=s.by_party(s.POLICE), release=s.release()))
    assert again.release(TO_CARE) is ReleaseStatus.GIVEN


@pytest.mark.clause(
    "R66.f", allowed="Wie het gegeven meenam, hoort dat het is verbeterd en wat hij moet doen."
)
@pytest.mark.clause("R66.f", refused="Wie het gegeven niet meenam, krijgt geen bericht van de verbetering.")
def test_takers_of_a_corrected_item_are_told_what_to_do_a22() -> None:
    stop, *rest = steps(CONVENED, s.correct())
    assert stop == StopUnsent(item=s.FREE)
    duties = (m.TakersDuty.USE_NO_LONGER, m.TakersDuty.CORRECT_OWN_RECORD)
    letter = m.TakersTold(item_id=s.FREE, cause=m.TakersCause.ITEM_CORRECTED, must=duties, version=2)
    assert told(rest) == [(s.CARE, letter)]
    assert told(steps(s.AGREED, s.correct())) == []


@pytest.mark.clause("R104.d", allowed="De lijst zegt ook wie welke versie van een gegeven meenam.")
@pytest.mark.clause("R104.d", refused="Wie een eerdere versie meenam, blijft op de lijst staan.")
def test_the_list_of_takers_keeps_who_took_which_version_r104() -> None:
    once = after(MONITORED, s.correct())
    assert [(x.party, x.version) for x in once.takers] == [(s.CARE, 1)]
    release = c.GiveRelease(by=s.by_party(s.POLICE), release=s.release())
    provide = c.ProvideItem(by=s.by_director(), taking=s.taking())
    twice = after(MONITORED, s.correct(), release, provide)
    assert [(x.party, x.version) for x in twice.takers] == [(s.CARE, 1), (s.CARE, 2)]


@pytest.mark.clause("R66.f", refused="Een eerdere versie die nog onderweg is, wordt niet meer verstuurd.")
def test_a_letter_with_an_earlier_version_does_not_leave_a22() -> None:
    """Also after the contributor has released the corrected item anew."""
    letter = m.ItemsProvided(action_id=s.TREAT, items=(item(s.state(*MONITORED)),))
    release = c.GiveRelease(by=s.by_party(s.POLICE), release=s.release())
    state = after(MONITORED, s.correct(), release)
    assert may_not_be_provided(letter, s.CARE, s.state(*MONITORED), s.parties()) is None
    assert may_not_be_provided(letter, s.CARE, state, s.parties()) is r.NOT_RELEASED
    new = m.ItemsProvided(action_id=s.TREAT, items=(item(state),))
    assert may_not_be_provided(new, s.CARE, state, s.parties()) is None


def test_what_is_drawn_from_an_item_is_marked_when_that_is_corrected_a19() -> None:
    drawn = (*s.SEATED, e.PlanRecorded(s.plan(drawn_from=(s.FREE,)), s.AT_THE_TABLE, NOW))
    assert after(drawn, s.correct()).corrected == (s.FREE,)
    assert after(drawn, s.correct(item_id=s.WITHHELD)).corrected == ()
    anew = e.PlanRecorded(s.plan(actions=(), drawn_from=(s.FREE,)), s.AT_THE_TABLE, NOW)
    assert s.state(*drawn, *decided(drawn, s.correct()), anew).corrected == ()


@pytest.mark.clause(
    "R66.f", refused="Een eerdere versie die na de verbetering bij het RTO aankomt, komt er niet in."
)
@pytest.mark.parametrize("phase", [Phase.NOTHING, Phase.COLLECTING])
def test_an_earlier_version_that_triage_sends_later_is_not_taken_in_a22(phase: Phase) -> None:
    before = tuple(x for x in s.HISTORIES[phase] if not isinstance(x, e.ItemRecorded))
    history = (*before, *of_elsewhere(phase, s.correct()))
    assert set(sealed_text_ids(s.state(*history))) == NEW_TEXTS
    (recorded,) = decided(history, c.RecordItem(by=s.BY_TRIAGE, item=s.item(s.FREE)))
    assert set(sealed_text_ids(recorded)) == NEW_TEXTS
    state = s.state(*history, recorded)
    assert item(state).version == 2
    assert set(sealed_text_ids(state)) == NEW_TEXTS
    assert state.released_for_rto(s.FREE)


def test_a_second_correction_before_the_item_is_here_drops_the_first_a22() -> None:
    first = of_elsewhere(Phase.NOTHING, s.correct())
    given = s.spec().given(*first)
    known = DecisionContext(NOW, given.parties, contributors={s.FREE: s.POLICE})
    other = s.correct(content=s.text("second"), necessity=s.text("second-necessity"))
    second: Any = PROCESS.decide(given.state, other, known)
    changed = second[-1]
    assert set(changed.dropped) == NEW_TEXTS
    assert changed.standing.version == 3


def test_of_an_item_that_will_not_come_any_more_the_texts_pass_through_alone() -> None:
    """After the table was convened, or in phase 4, nothing would ever remove them from here."""
    for phase in (Phase.CONVENED, Phase.DEESCALATED, Phase.CLOSING):
        *_, changed = of_elsewhere(phase, s.correct())
        assert set(changed.dropped) == NEW_TEXTS
        assert NEW_TEXTS.isdisjoint(sealed_text_ids(s.state(*s.HISTORIES[phase], changed).standings))


def test_a_correction_states_what_each_item_states_r21_r42_r57() -> None:
    for changes, refusal in (
        ({"content": " "}, r.CONTENT_MISSING),
        ({"necessity": ""}, r.NECESSITY_MISSING),
        ({"basis": ""}, r.BASIS_MISSING),
    ):
        assert refused(CONVENED, s.correct(**changes)) is refusal
    special = s.correct(s.HOUSING, s.RENT, category=Category.SPECIAL)
    assert refused(CONVENED, special) is r.SPECIAL_NOT_CHECKED
    assert decided(CONVENED, special, woonwenz={"checked_for_special": True})
    assert decided(CONVENED, s.correct(basis="Wmo 2015, art. 5.1.1"))


# --- withdrawn for good ------------------------------------------------------------------------------


@pytest.mark.clause("R66.g", refused="Na de intrekking uit de casus blijft van het gegeven geen tekst over.")
def test_an_item_that_is_withdrawn_for_good_goes_with_all_its_texts_r66() -> None:
    found, state = steps(CONVENED, s.withdraw_item()), after(CONVENED, s.withdraw_item())
    assert state.item(s.FREE) is None
    assert state.withdrawn(s.FREE)
    assert [x for x in state.viewing_plan if x.item_id == s.FREE] == []
    (dropped,) = [x for x in found if isinstance(x, DropPieces)]
    assert set(sealed_text_ids(item(s.state(*CONVENED)))) <= set(dropped.pieces)
    assert f"piece-reason-{s.FREE[-2:]}-{s.CARE}" in dropped.pieces
    assert set(dropped.pieces).isdisjoint(sealed_text_ids(state))
    event = announced(found)
    assert (event.status, event.is_gone, contents(event)) == (ItemStatus.WITHDRAWN, True, [])


@pytest.mark.clause("R66.g", allowed="Wie het gegeven meenam, hoort dat het uit de casus is getrokken.")
def test_takers_of_a_withdrawn_item_are_told_and_stay_on_the_list_r104() -> None:
    stop, *rest = steps(CONVENED, s.withdraw_item())
    assert stop == StopUnsent(item=s.FREE)
    must = (m.TakersDuty.USE_NO_LONGER,)
    assert told(rest) == [
        (s.CARE, m.TakersTold(item_id=s.FREE, cause=m.TakersCause.ITEM_WITHDRAWN, must=must))
    ]
    assert after(CONVENED, s.withdraw_item()).takers_of(s.FREE) == (s.CARE,)


def test_nothing_brings_back_what_was_withdrawn_for_good_r66() -> None:
    gone = (*CONVENED, *decided(CONVENED, s.withdraw_item()))
    release = s.release(use=m.Use.RTO, recipient=None, action_id=None)
    given = s.spec().given(*gone)
    known = DecisionContext(NOW, given.parties, contributors={s.FREE: s.POLICE})
    limit = c.LimitItem(by=s.by_party(s.POLICE), item_id=s.FREE, withheld_from=(s.HOUSING,))
    terms = s.change_terms(shareable_at_rto=True)
    for command in (s.correct(), terms, limit):
        assert PROCESS.decide(given.state, command, known) is r.ITEM_IS_WITHDRAWN
    assert PROCESS.decide(given.state, s.withdraw_item(), known) is r.NOTHING_TO_WITHDRAW
    assert refused(gone, c.GiveRelease(by=s.by_party(s.POLICE), release=release)) is r.NOT_THE_CONTRIBUTOR
    assert decided(gone[:1], c.RecordItem(by=s.BY_TRIAGE, item=s.item(s.NEW)))
    early = of_elsewhere(Phase.NOTHING, s.withdraw_item())
    assert decided(early, c.RecordItem(by=s.BY_TRIAGE, item=s.item(s.FREE))) == ()


def test_what_was_taken_back_from_every_use_can_still_be_withdrawn_for_good_r66() -> None:
    back = (*CONVENED, *decided(CONVENED, c.WithdrawRelease(by=s.by_party(s.POLICE), item_id=s.FREE)))
    assert after(back, s.withdraw_item()).item(s.FREE) is None
    assert after(back, s.correct()).withdrawn(s.FREE)


def test_the_plan_stays_bound_to_an_item_that_is_withdrawn_for_good_a19() -> None:
    drawn = (*s.SEATED, e.PlanRecorded(s.plan(drawn_from=(s.FREE,)), s.AT_THE_TABLE, NOW))
    bond = after(drawn, s.withdraw_item()).bond(s.FREE)
    assert bond is not None
    assert (bond.contributor, bond.released) == (s.POLICE, False)
    assert after(CONVENED, s.withdraw_item()).bond(s.FREE) is None


def test_what_is_followed_in_monitoring_goes_on_without_a_withdrawn_item_r79() -> None:
    monitoring = after(MONITORED, s.withdraw_item()).monitoring
    assert monitoring is not None
    assert monitoring.items == (s.WITHHELD,)


# --- terms -------------------------------------------------------------------------------------------


@pytest.mark.clause("R67.b", allowed="Vanaf de wijziging gelden de nieuwe voorwaarden.")
@pytest.mark.clause("R67.b", allowed="Wie het gegeven meenam, krijgt de nieuwe voorwaarden.")
@pytest.mark.clause("R67.b", refused="Wie het gegeven niet meenam, hoort niets van nieuwe voorwaarden.")
def test_new_conditions_hold_from_then_on_and_takers_get_them_r67() -> None:
    terms = s.change_terms(use_conditions=s.text("conditions"), category=Category.CRIMINAL)
    found, now = steps(CONVENED, terms), item(after(CONVENED, terms))
    assert (now.use_conditions, now.category, now.version) == (s.text("conditions"), Category.CRIMINAL, 2)
    letter = m.TakersTold(
        item_id=s.FREE,
        cause=m.TakersCause.TERMS_CHANGED,
        must=(m.TakersDuty.KEEP_TO_NEW_TERMS,),
        version=2,
        category=Category.CRIMINAL,
        use_conditions=s.text("conditions"),
    )
    assert told(found) == [(s.CARE, letter)]
    assert StopUnsent(item=s.FREE) in found
    assert told(steps(s.AGREED, terms)) == []
    assert after(CONVENED, terms).release(TO_CARE) is ReleaseStatus.GIVEN


def test_blank_conditions_take_those_away_everywhere_r67() -> None:
    """Blank text is sealed nowhere, so that it stands in the event itself."""
    blank = h.change_terms(m.ItemTermsChanged(item_id=s.FREE, use_conditions=" "), s.by_party(s.POLICE))
    given = (*CONVENED, *decided(CONVENED, s.change_terms(use_conditions=s.text("conditions"))))
    found, now = steps(given, blank), item(after(given, blank))
    assert (now.use_conditions, now.version) == ("", 3)
    assert DropPieces(("piece-conditions",)) in found
    assert announced(found).revision.use_conditions == ""
    message = m.ItemCorrected(item_id=s.FREE, content="x", necessity="x", use_conditions=" ")
    assert h.correct_item(message, s.by_party(s.POLICE)).revision.use_conditions is None


def test_what_is_stricter_ends_what_was_released_r62_r65() -> None:
    withheld = after(CONVENED, s.change_terms(withheld_from=(s.CARE,)))
    assert item(withheld).withheld_from == (s.CARE,)
    assert withheld.release(TO_CARE) is ReleaseStatus.WITHDRAWN
    off = after(CONVENED, s.change_terms(shareable_at_rto=False))
    assert off.release(TABLE) is ReleaseStatus.WITHDRAWN
    assert off.release(TO_CARE) is ReleaseStatus.GIVEN
    hidden = item(after(CONVENED, s.change_terms(hidden_from_director=True)))
    assert hidden.hidden_from_director


@pytest.mark.clause("R67.d", allowed="Wie het gegeven inbracht, kan een voorbehoud weer opheffen.")
@pytest.mark.clause("R67.d", refused="Een opgeheven voorbehoud geeft geen eerder akkoord terug.")
def test_a_reservation_is_taken_off_and_brings_no_release_back_r62() -> None:
    shown = s.change_terms(shown_again_to=(s.HOUSING,), item_id=s.WITHHELD)
    assert item(after(CONVENED, shown), s.WITHHELD).withheld_from == ()
    again = s.change_terms(withheld_from=(s.HOUSING,), item_id=s.WITHHELD)
    assert item(after(CONVENED, shown, again), s.WITHHELD).withheld_from == (s.HOUSING,)
    kept = after(CONVENED, s.change_terms(withheld_from=(s.CARE,)), s.change_terms(shown_again_to=(s.CARE,)))
    assert item(kept).withheld_from == ()
    assert kept.release(TO_CARE) is ReleaseStatus.WITHDRAWN


@pytest.mark.clause("R67.d", allowed="Een gegeven dat deelbaar wordt, is daarmee vrijgegeven voor het RTO.")
@pytest.mark.clause("R67.d", refused="Na de afschaling geeft ook die wijziging niets meer vrij.")
def test_the_mark_for_the_table_releases_an_item_that_lies_ready_and_none_in_phase_4_r32_r87() -> None:
    mark = s.change_terms(item_id=s.SILENT, shareable_at_rto=True)
    for phase in (Phase.PREPARED, Phase.CONVENED, Phase.MONITORING):
        assert after(s.HISTORIES[phase], mark).released_for_rto(s.SILENT)
    for phase in (Phase.DEESCALATED, Phase.CLOSING):
        assert not after(s.HISTORIES[phase], mark).released_for_rto(s.SILENT)
    back = c.WithdrawRelease(by=s.by_party(s.POLICE), item_id=s.SILENT)
    assert not after(CONVENED, back, mark).released_for_rto(s.SILENT)
    release = s.release(item_id=s.FREE, use=m.Use.RTO, recipient=None, action_id=None)
    off_and_on = after(
        CONVENED,
        s.change_terms(shareable_at_rto=False),
        c.GiveRelease(by=s.by_party(s.POLICE), release=release),
    )
    (standing,) = off_and_on.standings
    assert standing.revision.shareable_at_rto is True


LOOSER = [
    s.change_terms(item_id=s.WITHHELD, shown_again_to=(s.HOUSING,)),
    s.change_terms(item_id=s.SPECIAL, category=Category.ORDINARY),
    s.change_terms(item_id=s.SILENT, shareable_at_rto=True),
    s.change_terms(shareable_in_query=True),
    s.change_terms(hidden_from_director=False),
]
STRICTER = [
    s.change_terms(withheld_from=(s.HOUSING,)),
    s.change_terms(category=Category.SPECIAL),
    s.change_terms(shareable_at_rto=False),
    s.change_terms(shareable_in_query=False),
    s.change_terms(hidden_from_director=True),
    s.change_terms(use_conditions=s.text("conditions")),
]


@pytest.mark.clause("R67.d", refused="Wie geen partij meer is, kan de voorwaarden niet verruimen.")
@pytest.mark.parametrize("command", LOOSER, ids=lambda x: str(x.terms.model_fields_set))
def test_looser_terms_are_given_like_a_release_by_a_party_under_a_mandate_r115_r122(command: Any) -> None:
    assert loosens(command.terms)
    assert decided(CONVENED, command)
    assert refused(CONVENED, command, politie_limburg={"member_until": NOW}) is NOT_A_PARTY
    screening_only = {"authorisations": (s.authorisation(Scope.SCREENING),)}
    assert refused(CONVENED, command, gemeente_venlo=screening_only) is NO_AUTHORISATION
    assert of_elsewhere(
        Phase.COLLECTING, replace(command, terms=command.terms.model_copy(update={"item_id": s.FREE}))
    )


@pytest.mark.clause("R67.d", allowed="Strengere voorwaarden gelden ook als de casus is bevroren.")
@pytest.mark.parametrize("command", STRICTER, ids=lambda x: str(x.terms.model_fields_set))
def test_stricter_terms_hold_whatever_the_mandate_r66(command: Any) -> None:
    assert not loosens(command.terms)
    screening_only = {"authorisations": (s.authorisation(Scope.SCREENING),)}
    assert decided(CONVENED, command, gemeente_venlo=screening_only)


def test_a_change_of_terms_says_something_and_not_both_r62_r67() -> None:
    assert refused(CONVENED, s.change_terms()) is r.TERMS_NOT_SAID
    both = s.change_terms(withheld_from=(s.CARE, s.HOUSING), shown_again_to=(s.CARE,))
    assert refused(CONVENED, both) is r.TERMS_CONTRADICT
    assert decided(CONVENED, s.change_terms(withheld_from=(s.CARE,), shown_again_to=(s.HOUSING,)))
    unknown = s.change_terms(withheld_from=("nobody",))
    assert refused(CONVENED, unknown) is r.RESERVATION_UNKNOWN


def test_reservations_are_taken_off_but_not_without_end() -> None:
    names = tuple(f"party-{n}" for n in range(MOST_RESERVATIONS))
    many: dict[str, Any] = {f"party_{n}": {} for n in range(MOST_RESERVATIONS)}
    off = s.change_terms(shown_again_to=names)
    history = (*CONVENED, *decided(CONVENED, off, **many))
    assert refused(history, s.change_terms(shown_again_to=(s.CARE,)), **many) is r.TOO_MANY_RESERVATIONS
