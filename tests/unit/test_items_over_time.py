"""What the other services do with an item that was corrected, restricted or withdrawn (R66, A22)."""

from dataclasses import replace
from typing import Any

import pytest

from services.intake.main import PROCESS as INTAKE
from services.intake.state import Phase as IntakePhase
from services.intake.viewing import may_view as may_view_at_intake
from services.retention import commands as d
from services.retention.main import PROCESS as RETENTION
from services.retention.viewing import may_view as may_view_file
from services.triage import commands as c
from services.triage import events as t
from services.triage.main import PROCESS as TRIAGE
from services.triage.queries import is_special, keeps_back
from services.triage.record import Given, Record, Revised, versions_of
from services.triage.views import things_of
from shared.contract.content import TextRef, sealed_text_ids
from shared.contract.fields import Category, ContributedItem, ItemStatus, Revision
from shared.contract.refusal import CHANGED_MEANWHILE
from shared.core.actor import Actor, Role
from shared.core.effects import DropPieces, StoreRow
from shared.core.event_commands import FollowStanding
from shared.core.item_standing import Standing
from shared.core.viewing import Allowed, Denied, Viewer
from tests.support.samples import intake, retention, triage
from tests.support.spec import NOW, looking

BY_RTO = Actor(Role.SERVICE, service="rto")
TEXTS = Revision(content=TextRef("new", "rto"), necessity=TextRef("new-necessity", "rto"))
NEW = ("new-necessity", "new")  # in the order of an item's fields


def standing(item_id: str, contributor: str, number: int = 1, **changes: Any) -> Standing:
    return Standing(
        **({"status": ItemStatus.LIVE} | changes), item_id=item_id, contributor=contributor, number=number
    )


def corrected(item_id: str, contributor: str, number: int = 1) -> Standing:
    return standing(item_id, contributor, number, version=number + 1, revision=TEXTS)


def gone(item_id: str, contributor: str, number: int = 1) -> Standing:
    return standing(item_id, contributor, number, status=ItemStatus.WITHDRAWN, is_gone=True)


def follow(given: Any, told: Standing) -> tuple[Any, list[Any]]:
    """The state after a service heard of it, and what follows."""
    events = given.when(FollowStanding(by=BY_RTO, standing=told)).events
    state, found = given.state, list[Any]()
    process = given.process
    for event in events:
        state = process.evolve(process.empty if state is None else state, event)
        found += process.effects("case", event, state)
    return state, found


# --- intake ------------------------------------------------------------------------------------------

REFERRED = intake.spec().given(*intake.HISTORIES[IntakePhase.CONSULTED])


@pytest.mark.clause("R66.f", refused="Van een verbeterd gegeven blijft in de aanmelding geen eerdere tekst.")
def test_a_referral_has_the_corrected_item_in_the_place_of_the_earlier_one_a22() -> None:
    (before,) = REFERRED.state.items
    state, found = follow(REFERRED, corrected(intake.ITEM, intake.VENLO))
    assert sealed_text_ids(state.items) == NEW
    assert state.items[0].version == 2
    assert found == [DropPieces(sealed_text_ids(before))]
    again, nothing = follow(replace(REFERRED, state=state), corrected(intake.ITEM, intake.VENLO))
    assert (again, nothing) == (state, [])


@pytest.mark.clause("R66.g", refused="Een definitief ingetrokken gegeven staat niet meer in de aanmelding.")
def test_a_referral_has_no_trace_of_the_texts_of_a_withdrawn_item_r66() -> None:
    (before,) = REFERRED.state.items
    state, found = follow(REFERRED, gone(intake.ITEM, intake.VENLO))
    assert state.items == ()
    assert found == [DropPieces(sealed_text_ids(before))]


@pytest.mark.clause("R67.d", allowed="Een gegeven dat de aanmelder alsnog afschermt, is meteen afgeschermd.")
def test_a_referrer_hides_its_item_from_the_director_as_long_as_it_says_so_r23() -> None:
    director = Viewer(Role.PROCESS_DIRECTOR, intake.DIRECTOR, on_behalf_of=intake.VENLO)
    hidden = standing(intake.ITEM, intake.VENLO, revision=Revision(hidden_from_director=True))
    state, _ = follow(REFERRED, hidden)
    assert isinstance(may_view_at_intake(director, state.items[0], state, looking()), Denied)
    shown = standing(intake.ITEM, intake.VENLO, 2, revision=Revision(hidden_from_director=False))
    state, _ = follow(replace(REFERRED, state=state), shown)
    assert isinstance(may_view_at_intake(director, state.items[0], state, looking()), Allowed)


def test_texts_of_an_item_that_is_not_here_are_not_taken_in() -> None:
    for given in (REFERRED, retention.spec().given(*retention.STEP_1)):
        state, found = follow(given, corrected(triage.NEW, triage.CARE))
        assert (sealed_text_ids(state.standings), found) == ((), [])


# --- triage ------------------------------------------------------------------------------------------

AT_TRIAGE = triage.spec().given(*triage.IN_PREPARATION)


def row(**changes: Any) -> Given:
    given: dict[str, Any] = {"versions": (), "brought": triage.GIVEN.items}
    return Given(triage.CASE, triage.TO_POLICE, 1, NOW, triage.GIVEN, triage.POLICE, **(given | changes))


def listed(state: Any, *rows: Given) -> dict[str, ContributedItem]:
    things = things_of(Record((), rows))(state)
    return {x.item_id: x for _, x in things if isinstance(x, ContributedItem)}


@pytest.mark.clause("R66.f", refused="Van een verbeterd gegeven blijft in de triage geen eerdere tekst.")
def test_the_record_of_triage_gets_the_new_texts_and_shows_no_earlier_ones_a22() -> None:
    told = corrected(triage.ITEM, triage.POLICE)
    state, found = follow(AT_TRIAGE, told)
    assert found == [StoreRow(Revised("case", told))]
    assert set(listed(state, row())) == {triage.SPECIAL}, "as long as the row is as it was"
    revised = row().revised(told)
    assert revised.versions == ((triage.ITEM, 2),)
    shown = listed(state, revised)[triage.ITEM]
    assert (set(sealed_text_ids(shown)), shown.version) == (set(NEW), 2)
    assert sealed_text_ids(state.standings) == ()


@pytest.mark.clause("R66.g", refused="Een definitief ingetrokken gegeven staat niet meer in de triage.")
def test_triage_lists_no_item_that_was_withdrawn_for_good_r66() -> None:
    state, found = follow(AT_TRIAGE, gone(triage.ITEM, triage.POLICE))
    assert set(listed(state, row())) == {triage.SPECIAL}
    assert isinstance(found[-1], StoreRow)


def test_conditions_that_were_taken_away_go_from_the_record_too_r67() -> None:
    none = standing(triage.ITEM, triage.POLICE, version=2, revision=Revision(use_conditions=""))
    state, found = follow(AT_TRIAGE, none)
    (stored,) = found
    assert stored == StoreRow(Revised("case", none))
    shown = listed(state, row().revised(none))[triage.ITEM]
    assert (shown.use_conditions, shown.version) == ("", 2)


def test_terms_hold_at_triage_as_they_were_said_last_r67() -> None:
    hidden = standing(triage.ITEM, triage.POLICE, revision=Revision(hidden_from_director=True))
    state, found = follow(AT_TRIAGE, hidden)
    assert listed(state, row())[triage.ITEM].hidden_from_director
    assert found == []
    state, _ = follow(replace(AT_TRIAGE, state=state), standing(triage.ITEM, triage.POLICE, 2))
    assert not listed(state, row())[triage.ITEM].hidden_from_director


@pytest.mark.clause("R66.f", refused="Een eerdere versie gaat niet van de triage naar het RTO.")
def test_the_preparation_takes_along_what_stands_in_the_record_now_or_is_made_again_a22() -> None:
    told = corrected(triage.ITEM, triage.POLICE)
    state, _ = follow(AT_TRIAGE, told)
    given = replace(AT_TRIAGE, state=state)
    items = triage.items_of_the_case()
    assert given.when(triage.prepare(items=items)).refusal is CHANGED_MEANWHILE
    revised = row().revised(told)
    now = {one.item_id: one for one in revised.items}
    events = given.when(triage.prepare(items=tuple(now.get(x.item_id, x) for x in items))).events
    sent = {x.item.item_id: x.item for x in events if isinstance(x, t.ItemPrepared)}
    assert set(sealed_text_ids(sent[triage.ITEM])) == set(NEW)


def test_what_was_decided_before_the_case_came_counts_when_it_comes_a22() -> None:
    """The referral's items leave intake on another topic than what the round table says of them."""
    early = corrected(triage.REFERRED, triage.VENLO)
    state, _ = follow(triage.spec(), early)
    assert set(sealed_text_ids(state.standings)) == set(NEW)
    opening = c.OpenCase(by=triage.BY_SERVICE, taken_up=triage.taken_up())
    events = replace(triage.spec(), state=state).when(opening).events
    (opened,) = events
    after = TRIAGE.evolve(state, opened)
    assert sealed_text_ids(after.standings) == ()
    (given,) = [x.row for x in TRIAGE.effects("case", opened, after) if isinstance(x, StoreRow)]
    assert isinstance(given, Given)
    assert versions_of(given.items) == ((triage.REFERRED, 2),)
    assert set(listed(after, given)) == {triage.REFERRED}
    withdrawn, _ = follow(triage.spec(), gone(triage.REFERRED, triage.VENLO))
    (opened,) = replace(triage.spec(), state=withdrawn).when(opening).events
    assert opened.taken_up.items == ()


@pytest.mark.clause(
    "R66.f", refused="Een uitvraag die op de eerdere versie steunt, leest de bevraagde partij niet meer."
)
@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (corrected(triage.REFERRED, triage.VENLO), True),
        (standing(triage.REFERRED, triage.VENLO, revision=Revision(shareable_in_query=False)), True),
        (standing(triage.REFERRED, triage.VENLO, revision=Revision(hidden_from_director=True)), True),
        (standing(triage.REFERRED, triage.VENLO, revision=Revision(shareable_in_query=True)), False),
        (standing(triage.REFERRED, triage.VENLO), False),
        (corrected(triage.NEW, triage.VENLO), False),
    ],
)
def test_a_query_that_drew_on_an_item_is_kept_back_once_that_is_another_one_r30_a22(
    told: Standing, kept: bool
) -> None:
    given = triage.spec().given(triage.OPENED, triage.asked_drawing_on(triage.REFERRED))
    state, _ = follow(given, told)
    assert keeps_back(state, state.queries[0]) is kept


def test_a_query_that_drew_on_an_item_is_special_once_that_is_r49() -> None:
    given = triage.spec().given(triage.OPENED, triage.asked_drawing_on(triage.REFERRED))
    told = standing(triage.REFERRED, triage.VENLO, revision=Revision(category=Category.SPECIAL))
    for heard, special in ((told, True), (standing(triage.REFERRED, triage.VENLO), False)):
        state, _ = follow(given, heard)
        assert is_special(state, state.queries[0]) is special


# --- retention ---------------------------------------------------------------------------------------

FILE = retention.spec(now=NOW).given(*retention.STEP_1)
DIRECTOR = Viewer(Role.PROCESS_DIRECTOR, retention.DIRECTOR, on_behalf_of=retention.CARE)
LEADER = retention.worker(retention.CARE)


def in_file(state: Any, viewer: Viewer = DIRECTOR) -> set[str]:
    context = looking(retention.PARTIES)
    return {x.item_id for x in state.items if isinstance(may_view_file(viewer, x, state, context), Allowed)}


@pytest.mark.clause("R66.f", refused="Van een verbeterd gegeven blijft in het dossier geen eerdere tekst.")
def test_a_file_has_the_corrected_item_in_the_place_of_the_earlier_one_a22() -> None:
    state, found = follow(FILE, corrected(retention.POLICES, retention.POLICE))
    (item,) = [x for x in state.items if x.item_id == retention.POLICES]
    assert set(sealed_text_ids(item)) == set(NEW)
    number = retention.POLICES[-2:]
    assert found == [DropPieces((f"piece-necessity-{number}", f"piece-content-{number}"))]
    assert in_file(state) == in_file(FILE.state)
    assert in_file(state, LEADER) == in_file(FILE.state, LEADER)


@pytest.mark.clause("R66.g", refused="Een definitief ingetrokken gegeven staat niet meer in het dossier.")
def test_a_file_has_no_trace_of_a_withdrawn_item_nor_why_it_stayed_r66() -> None:
    cleaned = d.CleanFile(by=retention.by_director(), kept=retention.kept(retention.POLICES))
    kept = FILE.given(*FILE.when(cleaned).events)
    (reason,) = sealed_text_ids(kept.state.kept)
    state, found = follow(kept, gone(retention.POLICES, retention.POLICE))
    assert (state.items, state.kept) == ((), ())
    assert reason in found[0].pieces
    archived, _ = replace(kept, state=state, now=retention.ARCHIVE_ON).when(retention.ARCHIVE).events
    assert archived.kept_items == ()


@pytest.mark.clause("R67.d", refused="In fase 4 ziet niemand door een verruiming meer dan daarvoor.")
def test_looser_terms_show_nobody_more_of_a_file_than_phase_3_did_r87() -> None:
    revision = Revision(hidden_from_director=False, category=Category.ORDINARY, shareable_at_rto=True)
    state = FILE.state
    for item in FILE.state.items:
        told = standing(item.item_id, item.contributor, shown_again_to=item.withheld_from, revision=revision)
        state, _ = follow(replace(FILE, state=state), told)
    assert in_file(state) == in_file(FILE.state)
    assert in_file(state, LEADER) == in_file(FILE.state, LEADER)


@pytest.mark.clause("R67.d", allowed="In fase 4 gelden strengere voorwaarden meteen.")
@pytest.mark.parametrize(
    "revision",
    [
        Revision(hidden_from_director=True),
        Revision(category=Category.SPECIAL),
        Revision(shareable_at_rto=False),
    ],
)
def test_stricter_terms_hold_in_a_file_at_once_r67(revision: Revision) -> None:
    state, _ = follow(FILE, standing(retention.POLICES, retention.POLICE, revision=revision))
    assert in_file(state) == in_file(FILE.state) - {retention.POLICES}


def test_every_service_that_keeps_items_follows_the_register() -> None:
    for process in (INTAKE, TRIAGE, RETENTION):
        assert FollowStanding in process.permissions
