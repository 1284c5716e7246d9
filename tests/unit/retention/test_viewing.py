"""Cross-table F for phase 4: who sees what, and under which rule everybody else is denied."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.retention import commands as c
from services.retention import events as e
from services.retention.main import PROCESS
from services.retention.state import Phase, State
from services.retention.viewing import (
    ONE_READING,
    Agreements,
    Announcement,
    Asked,
    CaseDirector,
    JointRecord,
    OnInspection,
    Referrer,
    Register,
    may_view,
    may_view_announcement,
    may_view_register,
    may_view_request,
)
from shared.contract.fields import Category, ItemStatus
from shared.contract.messages.rto import DrawnFrom
from shared.contract.parties import Parties
from shared.core.actor import CLOCK, Role
from shared.core.item_standing import Standing, StandingFollowed
from shared.core.viewing import Allowed, Denied, Viewer
from tests.support.samples import retention as s
from tests.support.spec import NOW, looking

DIRECTOR = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, on_behalf_of=s.CARE)
SUPPORT = Viewer(Role.SUPPORT_WORKER, "support-a", on_behalf_of=s.CARE)
MANAGER = Viewer(Role.MANAGER, s.MANAGER)
LEADER, REFERRER, POLICE = s.worker(s.CARE), s.worker(s.VENLO), s.worker(s.POLICE)
STRANGERS = (
    s.worker(s.HOUSING),
    Viewer(Role.SECRETARY, "secretary-a"),
    Viewer(Role.PRIVACY_OFFICER, "officer-a"),
    Viewer(Role.PROCESS_DIRECTOR, s.OTHER_DIRECTOR, on_behalf_of=s.CARE),
    replace(DIRECTOR, on_behalf_of=s.VENLO),
    replace(DIRECTOR, on_behalf_of=None),
    replace(SUPPORT, on_behalf_of=None),
)
EVERYBODY = (DIRECTOR, SUPPORT, MANAGER, LEADER, REFERRER, POLICE, *STRANGERS)
STEP_1, STEP_2 = s.state(*s.STEP_1), s.state(*s.STEP_2)
(DECIDED,) = s.state(*s.STEP_2, s.INSPECTION).inspections


def things(state: State) -> dict[str, Any]:
    """All that lies in the file, by a word."""
    assert state.file is not None
    return {
        "case": None,
        "person": state.file.persons[0],
        "agreements": Agreements(s.text("agreements"), state.drawn_from),
        "plan": JointRecord(state.file.actions, state.file.participants),
        "taker": state.all_takers[0],
        "referrer": Referrer(state.referrer_name, state.referrer),
        "case-director": CaseDirector(state.file.case_director, state.leading_party),
        **{item.item_id: item for item in state.items},
        **{f"reason-{kept.item_id}": kept for kept in state.kept},
    }


CHECKED = Parties({**s.PARTIES.records, s.CARE: s.record(s.CARE, checked_for_special=True)})


def seen(viewer: Viewer, state: State, now: datetime = NOW, parties: Parties = s.PARTIES) -> set[str]:
    """What this viewer sees of it."""
    verdicts = {
        word: may_view(viewer, thing, state, looking(parties, now)) for word, thing in things(state).items()
    }
    assert all(v.rule and v.article for v in verdicts.values() if isinstance(v, Denied))
    return {word for word, verdict in verdicts.items() if isinstance(verdict, Allowed)}


WHOLE = {"case", "person", "agreements", "plan", "taker", "referrer", "case-director"}
STUB = {"case", "person", "referrer", "case-director"}


@pytest.mark.clause(
    "R87.a",
    allowed="In de eerste zes maanden na de afschaling leest de procesregisseur het dossier namens de "
    "partij die de leiding had.",
)
@pytest.mark.clause(
    "R100.a",
    allowed="In fase 4 leest de procesregisseur het dossier namens de partij die bij de afschaling de "
    "leiding had.",
)
def test_in_step_1_the_director_and_his_support_read_the_file_less_what_is_hidden_r87_r23() -> None:
    expected = WHOLE | {s.OURS, s.POLICES, s.WITHHELD}
    assert seen(DIRECTOR, STEP_1) == seen(SUPPORT, STEP_1) == expected


@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT, LEADER])
def test_special_data_are_seen_for_who_led_if_it_might_process_them_then_and_may_now_r21_r49_r87(
    viewer: Viewer,
) -> None:
    then = replace(STEP_1, competent=(s.CARE,))
    assert s.SPECIAL in seen(viewer, then, parties=CHECKED)
    assert s.SPECIAL not in seen(viewer, STEP_1, parties=CHECKED), (
        "phase 4 shows nothing that phase 3 did not"
    )
    assert s.SPECIAL not in seen(viewer, then), "the check was taken back"
    assert STEP_1.file is not None
    tested = s.file(participants=(s.participant(s.CARE, passed_processing_test=True),))
    assert s.SPECIAL in seen(viewer, replace(then, file=tested))


@pytest.mark.clause(
    "R87.a",
    allowed="In de eerste zes maanden na de afschaling leest de partij die de leiding had het dossier.",
)
@pytest.mark.clause(
    "R87.b", allowed="Wat zij in fase 3 te zien kreeg, leest de partij die de leiding had daarna nog steeds."
)
@pytest.mark.clause(
    "R62.b", allowed="In fase 4 leest de leidende partij gegevens zonder voorbehoud tegen haar."
)
@pytest.mark.clause(
    "R62.b", refused="In fase 4 leest de leidende partij een gegeven met een voorbehoud tegen haar niet."
)
def test_in_step_1_the_leading_party_reads_less_what_is_withheld_or_special_r62_r49() -> None:
    assert seen(LEADER, STEP_1) == WHOLE | {s.OURS, s.POLICES, s.HIDDEN}
    competent = replace(STEP_1, competent=(s.CARE,))
    assert seen(LEADER, competent, parties=CHECKED) == WHOLE | {s.OURS, s.POLICES, s.HIDDEN, s.SPECIAL}


@pytest.mark.clause(
    "R87.b",
    refused="Wat fase 3 haar niet liet zien, krijgt de partij die de leiding had ook in fase 4 niet te zien.",
)
def test_in_step_1_the_leading_party_reads_nothing_that_phase_3_did_not_show_it_r87() -> None:
    """Of an item that an older version handed over nobody knows, so it is not shown either."""
    unseen = replace(STEP_1, shown=tuple(replace(one, parties=(s.POLICE,)) for one in STEP_1.shown))
    assert seen(LEADER, unseen) == WHOLE
    assert seen(LEADER, replace(STEP_1, shown=())) == WHOLE
    assert seen(DIRECTOR, unseen) == seen(DIRECTOR, STEP_1)


@pytest.mark.clause("R66.c", allowed="In fase 4 leest de inbrenger zijn ingetrokken gegeven zelf nog.")
@pytest.mark.clause("R66.c", refused="In fase 4 leest niemand anders het ingetrokken gegeven.")
def test_what_its_contributor_takes_back_in_phase_4_nobody_else_reads_a12() -> None:
    back = PROCESS.evolve(STEP_1, StandingFollowed(Standing(s.POLICES, s.POLICE, 1, ItemStatus.WITHDRAWN)))
    for viewer in (DIRECTOR, SUPPORT, LEADER):
        assert seen(viewer, back) == seen(viewer, STEP_1) - {s.POLICES}
    assert seen(POLICE, back) == seen(POLICE, STEP_1)


def drawn(item_id: str, contributor: str | None = s.POLICE, **changes: Any) -> DrawnFrom:
    given = {"contributor": contributor, "category": Category.ORDINARY, "released": True}
    return DrawnFrom(**({"item_id": item_id} | given | changes))


def agreements_read_by(
    viewer: Viewer, source: DrawnFrom, *since: e.Event, parties: Parties = s.PARTIES
) -> bool:
    """Whether the agreements are read that drew on this item; everything else in the file always is."""
    state = replace(STEP_1, drawn_from=(drawn(s.OURS, s.CARE, withheld_from=(s.HOUSING,)), source))
    for event in since:
        state = PROCESS.evolve(state, event)
    found = seen(viewer, state, parties=parties)
    assert WHOLE - found <= {"agreements"}
    return "agreements" in found


def standing(status: ItemStatus, *withheld_from: str) -> StandingFollowed:
    return StandingFollowed(Standing(s.POLICES, s.POLICE, 1, status, withheld_from))


@pytest.mark.clause(
    "R70.e",
    refused="Een voorbehoud tegen de leidende partij houdt de afspraken ook in fase 4 voor haar gesloten.",
)
def test_the_agreements_stay_bound_to_what_they_drew_on_for_who_led_r70_r62_a19() -> None:
    """Whether or not the item itself is in the file: it may not have gone on, or been cleaned away."""
    assert agreements_read_by(LEADER, drawn(s.POLICES))
    assert not agreements_read_by(LEADER, drawn(s.POLICES, withheld_from=(s.VENLO, s.CARE)))
    assert agreements_read_by(LEADER, drawn(s.POLICES, s.CARE, withheld_from=(s.CARE,))), "its own"
    assert not agreements_read_by(LEADER, drawn(s.POLICES, released=False))
    assert not agreements_read_by(LEADER, drawn(s.POLICES), standing(ItemStatus.WITHDRAWN))
    assert not agreements_read_by(LEADER, drawn(s.POLICES), standing(ItemStatus.LIVE, s.CARE))
    assert agreements_read_by(LEADER, drawn(s.POLICES), standing(ItemStatus.LIVE, s.VENLO))
    assert agreements_read_by(LEADER, drawn(s.POLICES, hidden_from_director=True))
    assert not agreements_read_by(LEADER, drawn(s.POLICES, None, released=False))


@pytest.mark.clause(
    "R70.e", allowed="In fase 4 lezen de medewerkers van het huis afspraken waarvoor het akkoord nog geldt."
)
@pytest.mark.clause(
    "R70.e", refused="Is het akkoord op de bron ingetrokken, dan lezen zij die afspraken ook in fase 4 niet."
)
@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT])
def test_the_agreements_stay_bound_for_the_house_too_r70_a19(viewer: Viewer) -> None:
    assert agreements_read_by(viewer, drawn(s.POLICES, withheld_from=(s.VENLO, s.CARE)))
    assert not agreements_read_by(viewer, drawn(s.POLICES, released=False))
    assert not agreements_read_by(viewer, drawn(s.POLICES), standing(ItemStatus.WITHDRAWN))
    assert not agreements_read_by(viewer, drawn(s.POLICES, hidden_from_director=True))


@pytest.mark.parametrize("viewer", [DIRECTOR, SUPPORT, LEADER])
def test_agreements_drawn_from_special_data_are_for_who_might_and_may_process_them_r49_r21(
    viewer: Viewer,
) -> None:
    of_special = drawn(s.SPECIAL, category=Category.SPECIAL)
    assert not agreements_read_by(viewer, of_special)
    assert not agreements_read_by(viewer, of_special, parties=CHECKED), "it might not when it led"
    state = replace(STEP_1, drawn_from=(of_special,), competent=(s.CARE,))
    assert "agreements" in seen(viewer, state, parties=CHECKED)
    assert "agreements" not in seen(viewer, state), "the check was taken back"
    assert agreements_read_by(viewer, drawn(s.SPECIAL, s.CARE, category=Category.SPECIAL)), "its own"


def test_who_led_reads_who_took_what_as_it_informs_the_data_subject_and_no_other_party_does_r83() -> None:
    for viewer, sees in (
        (LEADER, True),
        (DIRECTOR, True),
        (POLICE, False),
        (REFERRER, False),
        (MANAGER, False),
    ):
        assert ("taker" in seen(viewer, STEP_1)) is sees
    for viewer in EVERYBODY:
        assert "taker" not in seen(viewer, STEP_2, s.ARCHIVE_ON)
    inspected = s.state(*s.STEP_2, s.INSPECTION, e.InspectionUsed(1, s.ARCHIVE_ON))
    thing = OnInspection(1, inspected.all_takers[0])
    assert isinstance(may_view(MANAGER, thing, inspected, looking(s.PARTIES, s.ARCHIVE_ON)), Denied)


def test_the_manager_inspects_no_agreements_drawn_from_what_was_taken_back_a12_a19() -> None:
    read = e.InspectionUsed(1, s.ARCHIVE_ON)
    opened = s.state(*s.STEP_2, s.INSPECTION, read)
    for source, sees in ((drawn(s.POLICES), True), (drawn(s.POLICES, released=False), False)):
        thing = OnInspection(1, Agreements(s.text("agreements"), (source,)))
        verdict = may_view(MANAGER, thing, opened, looking(s.PARTIES, s.ARCHIVE_ON))
        assert isinstance(verdict, Allowed) is sees


def test_an_archived_file_is_read_also_if_a_confirmed_item_was_taken_back_before_a12() -> None:
    """A12: the item goes with the archiving, and so does why it was to stay."""
    back = StandingFollowed(Standing(s.WITHHELD, s.POLICE, 1, ItemStatus.WITHDRAWN))
    given = s.spec().given(*s.STEP_1, s.CLEANED, back)
    archived, *_ = replace(given, now=s.ARCHIVE_ON).when(c.ArchiveFile(by=CLOCK, reference=s.PROOF)).events
    file = given.given(archived).state
    assert (file.items, file.kept) == ((), ())
    assert "piece-reason-13" in archived.dropped
    assert seen(MANAGER, file, s.ARCHIVE_ON) == STUB


def test_of_what_is_taken_back_after_archiving_the_reason_to_keep_it_is_read_no_more_a12() -> None:
    read = given_reading()
    back = PROCESS.evolve(read, StandingFollowed(Standing(s.WITHHELD, s.POLICE, 1, ItemStatus.WITHDRAWN)))
    kept = read.kept[0]
    for state, shown in ((read, True), (back, False)):
        verdict = may_view(MANAGER, OnInspection(1, kept), state, looking(s.PARTIES, s.ARCHIVE_ON))
        assert isinstance(verdict, Allowed) is shown


def given_reading() -> State:
    """An archived file that the manager reads just now."""
    decided = PROCESS.evolve(STEP_2, s.INSPECTION)
    return PROCESS.evolve(decided, e.InspectionUsed(1, s.ARCHIVE_ON))


@pytest.mark.clause(
    "R87.b", allowed="Een andere deelnemer leest in fase 4 de gegevens die hij zelf inbracht."
)
@pytest.mark.clause("R87.b", refused="Een andere deelnemer leest in fase 4 geen gegeven van een ander.")
def test_in_step_1_a_contributor_sees_its_own_items_and_no_others_r34() -> None:
    assert seen(POLICE, STEP_1) == {"case", s.POLICES, s.WITHHELD, s.SPECIAL}
    assert seen(REFERRER, STEP_1) == {"case", s.OURS, s.HIDDEN}


def test_a_contributor_of_whom_nothing_stays_sees_nothing_any_more_r87() -> None:
    cleaned = s.state(*s.STEP_1, s.CLEANED)
    assert seen(REFERRER, cleaned) == set()
    assert seen(POLICE, cleaned) == {"case", s.WITHHELD, f"reason-{s.WITHHELD}"}


def test_why_an_item_stays_is_for_who_may_see_the_item_r62() -> None:
    cleaned = s.state(*s.STEP_1, s.CLEANED)
    assert f"reason-{s.WITHHELD}" in seen(DIRECTOR, cleaned)
    assert f"reason-{s.WITHHELD}" not in seen(LEADER, cleaned)


@pytest.mark.clause(
    "R87.a",
    refused="De manager, een andere procesregisseur en een partij die niets inbracht, lezen het dossier "
    "in deze stap niet.",
)
@pytest.mark.clause(
    "R100.a",
    refused="Namens de aanmelder, die niet meer de leiding had, of namens niemand leest de "
    "procesregisseur in fase 4 niets.",
)
def test_in_step_1_a_participant_without_items_the_manager_and_strangers_see_nothing_r87() -> None:
    for viewer in (MANAGER, *STRANGERS):
        assert seen(viewer, STEP_1) == set(), viewer


@pytest.mark.clause(
    "R89.a",
    allowed="Van een gearchiveerd dossier zijn vier dingen te zien: casusnummer, wie het betreft, de "
    "aanmelder en de casusregisseur.",
)
@pytest.mark.clause(
    "R89.a",
    refused="Een gegeven, het plan van aanpak of de afspraken uit een gearchiveerd dossier zijn niet te "
    "zien.",
)
@pytest.mark.clause(
    "R89.b", allowed="De procesregisseur, zijn ondersteunende medewerker en de manager zien deze vier dingen."
)
@pytest.mark.clause(
    "R103.a",
    refused="Zonder besluit leest ook de manager of de procesregisseur niets van de inhoud van een "
    "gearchiveerd dossier.",
)
def test_in_step_2_the_director_his_support_and_the_manager_see_four_things_r89() -> None:
    """R89: the case itself (its number), identity, referrer, case director; R88 closes the rest."""
    for viewer in (DIRECTOR, SUPPORT, MANAGER):
        assert seen(viewer, STEP_2) == STUB


@pytest.mark.clause(
    "R88.a", allowed="Tot het laatste moment voor de dag waarop zes maanden om zijn, is het dossier te lezen."
)
@pytest.mark.clause(
    "R88.a",
    refused="Vanaf het eerste moment van die dag is de inhoud voor iedereen dicht, ook als het "
    "archiveren nog niet is uitgevoerd.",
)
@pytest.mark.clause(
    "R87.a", refused="Na zes maanden leest de partij die de leiding had het dossier niet meer."
)
def test_the_file_closes_with_the_boundary_day_though_its_timer_waits_r88_a4() -> None:
    """R88: the broker may be away for days; the covenant's date is not."""
    day_before = s.ARCHIVE_ON - s.MOMENT
    assert seen(DIRECTOR, STEP_1, day_before) > WHOLE
    assert seen(LEADER, STEP_1, day_before) > WHOLE
    for viewer in (DIRECTOR, SUPPORT, MANAGER):
        assert seen(viewer, STEP_1, s.ARCHIVE_ON) == STUB
    for viewer in (LEADER, REFERRER, POLICE, *STRANGERS):
        assert seen(viewer, STEP_1, s.ARCHIVE_ON) == set(), viewer


@pytest.mark.clause(
    "R91.a",
    allowed="Tot het laatste moment voor de dag waarop een jaar om is, zijn de vier zichtbare dingen er nog.",
)
@pytest.mark.clause(
    "R91.a",
    refused="Vanaf het eerste moment van die dag ziet niemand nog iets, ook als de verwijdering nog niet "
    "is uitgevoerd.",
)
@pytest.mark.parametrize("phase", [Phase.STEP_1, Phase.STEP_1_CLEANED, Phase.STEP_2])
def test_on_the_day_of_destruction_nobody_sees_anything_though_its_timer_waits_r91(phase: Phase) -> None:
    state = s.state(*s.HISTORIES[phase])
    assert seen(DIRECTOR, state, s.DESTROY_ON - s.MOMENT) == STUB
    for viewer in EVERYBODY:
        assert seen(viewer, state, s.DESTROY_ON) == set(), viewer


def test_a_case_that_the_version_before_brought_to_its_step_is_judged_by_its_dates_r88() -> None:
    old = replace(STEP_1, set_terms=())
    assert seen(LEADER, old, s.ARCHIVE_ON - s.MOMENT) > WHOLE
    assert seen(LEADER, old, s.ARCHIVE_ON) == set()
    assert {term.kind: term.due for term in old.terms} == {t.kind: t.due for t in STEP_1.terms}


@pytest.mark.clause(
    "R95.b",
    allowed="Plan, afspraken en deelnemers met hun rol blijven na het opschonen staan, ook als niemand "
    "ze bevestigt.",
)
@pytest.mark.clause("R95.b", refused="Een ingebracht gegeven dat niemand bevestigt, blijft niet staan.")
def test_plan_agreements_and_participants_stay_though_nobody_confirms_them_r95_a8() -> None:
    cleaned = s.state(*s.STEP_1, replace(s.CLEANED, kept=()))
    assert cleaned.file == STEP_1.file
    assert seen(DIRECTOR, cleaned) == seen(LEADER, cleaned) == WHOLE, "and no item, as none was confirmed"
    assert cleaned.all_participants == STEP_1.all_participants


@pytest.mark.clause(
    "R89.b",
    refused="Geen enkele partij ziet iets van een gearchiveerd dossier, ook niet de partij die de "
    "leiding had.",
)
@pytest.mark.clause("R103.a", refused="Een partij leest niets uit een gearchiveerd dossier.")
def test_in_step_2_parties_and_strangers_see_nothing_r88() -> None:
    """R103: an archived file serves a quick restart and protection, so nobody else has any use for it."""
    for viewer in (LEADER, REFERRER, POLICE, *STRANGERS):
        assert seen(viewer, STEP_2) == set(), viewer


@pytest.mark.clause("R90.d", allowed="De manager die tot inzage besloot, leest het gearchiveerde dossier.")
@pytest.mark.clause(
    "R90.d",
    refused="Een andere manager, de procesregisseur en de partij die de leiding had, lezen op dat "
    "besluit niets, en na die ene keer ook de manager zelf niet meer.",
)
@pytest.mark.clause(
    "R103.a", allowed="De inhoud van een gearchiveerd dossier is te lezen op een besluit tot inzage."
)
def test_an_inspection_opens_the_file_to_the_manager_who_decided_for_one_reading_r90() -> None:
    used_at = s.ARCHIVE_ON
    decided = s.state(*s.STEP_2, s.INSPECTION)
    used = s.state(*s.STEP_2, s.INSPECTION, e.InspectionUsed(1, used_at))
    thing = OnInspection(1, STEP_2.items[0])
    assert may_view(MANAGER, thing, used, looking(at=used_at)) == Allowed("R90", s.POLICE)
    denied = [
        may_view(
            MANAGER, thing, decided, looking(at=used_at)
        ),  # not used: nothing is shown without using it up
        may_view(replace(MANAGER, person=s.OTHER_MANAGER), thing, used, looking(at=used_at)),
        may_view(DIRECTOR, thing, used, looking(at=used_at)),
        may_view(LEADER, thing, used, looking(at=used_at)),
        may_view(MANAGER, replace(thing, inspection=2), used, looking(at=used_at)),
        may_view(MANAGER, thing, used, looking(at=used_at + ONE_READING)),
        may_view(MANAGER, thing, used, looking(at=used_at - timedelta(seconds=1))),
    ]
    assert all(isinstance(verdict, Denied) for verdict in denied)
    assert seen(MANAGER, used) == STUB


INSPECTED = WHOLE - {"taker"}


def inspected(state: State, parties: Parties = s.PARTIES) -> set[str]:
    """What the manager sees of the file in the one reading of an inspection."""
    used = replace(state, inspections=(replace(DECIDED, used_at=s.ARCHIVE_ON),))
    return {
        word
        for word, thing in things(used).items()
        if isinstance(
            may_view(MANAGER, OnInspection(1, thing), used, looking(parties, s.ARCHIVE_ON)), Allowed
        )
    }


@pytest.mark.clause(
    "R90.f", allowed="Bij een inzage leest de manager de gegevens die ook de procesregisseur mocht zien."
)
@pytest.mark.clause(
    "R90.f",
    refused="Een gegeven dat de inbrenger onder zijn geheimhouding voor de mensen van het Zorg- en "
    "Veiligheidshuis afschermde, ziet de manager bij een inzage niet.",
)
def test_an_inspection_shows_no_more_than_the_house_might_see_before_r90_r23_r21_a12() -> None:
    """Nor why such an item stays."""
    ids = (s.OURS, s.SPECIAL, s.HIDDEN)
    items = tuple(item for item in STEP_1.items if item.item_id in ids)
    archived = replace(STEP_2, items=items, kept=s.kept(*ids))
    assert inspected(archived) == INSPECTED | {s.OURS, f"reason-{s.OURS}"}
    might = replace(archived, competent=(s.CARE,))
    assert inspected(might, CHECKED) == INSPECTED | {
        *(s.OURS, f"reason-{s.OURS}"),
        *(s.SPECIAL, f"reason-{s.SPECIAL}"),
    }
    taken_back = (Standing(s.OURS, s.CARE, 1, ItemStatus.WITHDRAWN),)
    assert inspected(replace(archived, standings=taken_back)) == INSPECTED


def test_an_inspection_shows_neither_an_item_that_was_taken_back_nor_why_it_was_kept_a12() -> None:
    back = StandingFollowed(Standing(s.WITHHELD, s.POLICE, 1, ItemStatus.WITHDRAWN))
    inspected = (*s.STEP_2, s.INSPECTION, e.InspectionUsed(1, s.ARCHIVE_ON))
    for state, shown in ((s.state(*inspected), True), (s.state(*inspected, back), False)):
        for thing in (*state.items, *state.kept):
            verdict = may_view(MANAGER, OnInspection(1, thing), state, looking(at=s.ARCHIVE_ON))
            assert isinstance(verdict, Allowed) is shown


@pytest.mark.clause(
    "R102.a",
    allowed="Van een casus die vroegtijdig eindigt, ziet de leidende partij nog dat hij wordt afgesloten.",
)
@pytest.mark.clause("R102.a", refused="Een andere partij ziet van zo'n casus niets meer.")
@pytest.mark.clause("R102.b", allowed="Van het huis leest de procesregisseur van de casus hem dan nog.")
def test_closing_is_known_to_director_and_leading_party_without_content_r102() -> None:
    """R102."""
    state = s.state(s.OPENED, s.CLOSING)
    for viewer in (replace(DIRECTOR, on_behalf_of=s.VENLO), REFERRER):
        assert may_view(viewer, None, state, looking()) == Allowed("R102", s.VENLO)
        assert isinstance(may_view(viewer, STEP_1.items[0], state, looking()), Denied)
    for viewer in (MANAGER, SUPPORT, LEADER, POLICE, DIRECTOR, s.worker(s.HOUSING)):
        assert isinstance(may_view(viewer, None, state, looking()), Denied), viewer


@pytest.mark.clause(
    "R102.b",
    allowed="Ook tijdens het afsluiten ziet de procesregisseur zijn casus, namens de leidende partij.",
)
@pytest.mark.clause(
    "R102.b",
    refused="De ondersteunende medewerker die aan de casus werkte, en de manager, zien een casus die "
    "wordt afgesloten niet.",
)
def test_of_the_house_only_the_director_still_reads_a_closing_case_r102() -> None:
    state = s.state(s.OPENED, s.CLOSING)
    worked_on_it = replace(SUPPORT, on_behalf_of=s.VENLO)
    assert worked_on_it.person in state.support_workers
    assert isinstance(may_view(replace(DIRECTOR, on_behalf_of=s.VENLO), None, state, looking()), Allowed)
    for viewer in (worked_on_it, MANAGER, replace(MANAGER, on_behalf_of=s.VENLO)):
        assert isinstance(may_view(viewer, None, state, looking()), Denied), viewer


@pytest.mark.clause(
    "R102.c", allowed="Tot het einde van de afsluittermijn is te zien dat de casus wordt afgesloten."
)
@pytest.mark.clause(
    "R102.c",
    refused="Vanaf het moment waarop de afsluittermijn eindigt, is niets van de casus meer te lezen.",
)
def test_a_closing_case_is_known_until_the_day_it_goes_r102() -> None:
    closing = s.state(s.OPENED, s.CLOSING)
    assert isinstance(may_view(REFERRER, None, closing, looking(at=NOW + s.TERM - s.MOMENT)), Allowed)
    assert isinstance(may_view(REFERRER, None, closing, looking(at=NOW + s.TERM)), Denied)


def test_a_case_that_was_never_taken_up_is_known_here_without_its_director_r102() -> None:
    viewer = Viewer(Role.PROCESS_DIRECTOR, s.OTHER_DIRECTOR, on_behalf_of=s.VENLO)
    assert isinstance(may_view(viewer, None, s.state(s.CLOSING), looking()), Allowed)
    assert isinstance(may_view(viewer, None, s.state(s.OPENED, s.CLOSING), looking()), Denied)


def test_what_the_leading_party_asks_is_for_who_decides_a9() -> None:
    """A9: the director while the file is active, and then the manager, apart from the four things (R89)."""
    thing = Asked(s.text("relapse"))
    asked = s.state(*s.STEP_1, s.ASKED)
    seen_by = {v for v in EVERYBODY if isinstance(may_view(v, thing, asked, looking()), Allowed)}
    assert seen_by == {DIRECTOR, SUPPORT, LEADER}
    archived = s.state(*s.STEP_2, s.ASKED)
    for viewer in EVERYBODY:
        assert isinstance(may_view(viewer, thing, archived, looking()), Denied)
        assert isinstance(may_view_request(viewer, thing, asked, looking()), Denied)
        expected = Allowed if viewer is MANAGER else Denied
        assert isinstance(may_view_request(viewer, thing, archived, looking()), expected)
        assert isinstance(may_view_request(viewer, None, STEP_2, looking()), Denied), "nobody asked"


def test_what_a_party_is_told_of_the_destruction_its_worker_reads_until_the_day_r99() -> None:
    """R99: a party without a connector has no other way to hear what it has to do."""
    for state, told, until in (
        (STEP_2, {LEADER, REFERRER, POLICE}, s.DESTROY_ON),
        (s.state(s.OPENED, s.CLOSING, s.ANNOUNCED), {REFERRER}, NOW + s.TERM),
    ):
        for viewer in EVERYBODY:
            thing = Announcement(viewer.party or "")
            verdicts = {type(may_view_announcement(viewer, x, state, looking())) for x in (None, thing)}
            assert verdicts == {Allowed if viewer in told else Denied}, viewer
            assert isinstance(may_view_announcement(viewer, thing, state, looking(at=until)), Denied)
    assert isinstance(may_view_announcement(LEADER, None, STEP_1, looking()), Denied), (
        "nothing is announced yet"
    )


@pytest.mark.parametrize(
    "phase",
    [Phase.NOTHING, Phase.OPEN, Phase.COLLECTING, Phase.ERASING, Phase.DESTROYING, Phase.ERASED],
)
def test_in_any_other_phase_nobody_sees_anything_here(phase: Phase) -> None:
    """R86: what runs on elsewhere is read there; R91: what is being erased is read nowhere."""
    state = s.state(*s.HISTORIES[phase])
    for viewer in EVERYBODY:
        for thing in things(STEP_1).values():
            assert isinstance(may_view(viewer, thing, state, looking()), Denied)


@pytest.mark.clause("R91.b", allowed="De manager leest de cijfers die na de verwijdering overblijven.")
@pytest.mark.clause(
    "R91.b",
    refused="Een partij, een procesregisseur of de functionaris gegevensbescherming leest deze cijfers niet.",
)
def test_figures_are_the_managers_and_proofs_also_who_watches_the_logs_r91() -> None:
    def readers(register: Register) -> set[Role]:
        return {v.role for v in EVERYBODY if isinstance(may_view_register(v, register), Allowed)}

    assert readers(Register.FIGURES) == {Role.MANAGER}
    assert readers(Register.PROOFS) == readers(Register.ERASURES) == {Role.MANAGER, Role.PRIVACY_OFFICER}
