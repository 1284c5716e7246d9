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
from shared.contract.fields import ItemStatus
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


def things(state: State) -> dict[str, Any]:
    """All that lies in the file, by a word."""
    assert state.file is not None
    return {
        "case": None,
        "person": state.file.persons[0],
        "plan": JointRecord(state.file.agreements, state.file.actions, state.file.participants),
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


WHOLE = {"case", "person", "plan", "referrer", "case-director"}
STUB = {"case", "person", "referrer", "case-director"}


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


def test_in_step_1_the_leading_party_reads_less_what_is_withheld_or_special_r62_r49() -> None:
    assert seen(LEADER, STEP_1) == WHOLE | {s.OURS, s.POLICES, s.HIDDEN}
    competent = replace(STEP_1, competent=(s.CARE,))
    assert seen(LEADER, competent, parties=CHECKED) == WHOLE | {s.OURS, s.POLICES, s.HIDDEN, s.SPECIAL}


def test_in_step_1_the_leading_party_reads_nothing_that_phase_3_did_not_show_it_r87() -> None:
    """Of an item that an older version handed over nobody knows, so it is not shown either."""
    unseen = replace(STEP_1, shown=tuple(replace(one, parties=(s.POLICE,)) for one in STEP_1.shown))
    assert seen(LEADER, unseen) == WHOLE
    assert seen(LEADER, replace(STEP_1, shown=())) == WHOLE
    assert seen(DIRECTOR, unseen) == seen(DIRECTOR, STEP_1)


def test_what_its_contributor_takes_back_in_phase_4_nobody_else_reads_a12() -> None:
    back = PROCESS.evolve(STEP_1, StandingFollowed(Standing(s.POLICES, s.POLICE, 1, ItemStatus.WITHDRAWN)))
    for viewer in (DIRECTOR, SUPPORT, LEADER):
        assert seen(viewer, back) == seen(viewer, STEP_1) - {s.POLICES}
    assert seen(POLICE, back) == seen(POLICE, STEP_1)


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


def test_in_step_1_a_participant_without_items_the_manager_and_strangers_see_nothing_r87() -> None:
    for viewer in (MANAGER, *STRANGERS):
        assert seen(viewer, STEP_1) == set(), viewer


def test_in_step_2_the_director_his_support_and_the_manager_see_four_things_r89() -> None:
    """R89: the case itself (its number), identity, referrer, case director; R88 closes the rest."""
    for viewer in (DIRECTOR, SUPPORT, MANAGER):
        assert seen(viewer, STEP_2) == STUB


def test_the_file_closes_with_the_boundary_day_though_its_timer_waits_r88_a4() -> None:
    """R88: the broker may be away for days; the covenant's date is not."""
    day_before = s.ARCHIVE_ON - s.MOMENT
    assert seen(DIRECTOR, STEP_1, day_before) > WHOLE
    assert seen(LEADER, STEP_1, day_before) > WHOLE
    for viewer in (DIRECTOR, SUPPORT, MANAGER):
        assert seen(viewer, STEP_1, s.ARCHIVE_ON) == STUB
    for viewer in (LEADER, REFERRER, POLICE, *STRANGERS):
        assert seen(viewer, STEP_1, s.ARCHIVE_ON) == set(), viewer


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


def test_in_step_2_parties_and_strangers_see_nothing_r88() -> None:
    """R103: an archived file serves a quick restart and protection, so nobody else has any use for it."""
    for viewer in (LEADER, REFERRER, POLICE, *STRANGERS):
        assert seen(viewer, STEP_2) == set(), viewer


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


def test_closing_is_known_to_director_and_leading_party_without_content_r102() -> None:
    """R102."""
    state = s.state(s.OPENED, s.CLOSING)
    for viewer in (replace(DIRECTOR, on_behalf_of=s.VENLO), REFERRER):
        assert may_view(viewer, None, state, looking()) == Allowed("R102", s.VENLO)
        assert isinstance(may_view(viewer, STEP_1.items[0], state, looking()), Denied)
    for viewer in (MANAGER, SUPPORT, LEADER, POLICE, DIRECTOR, s.worker(s.HOUSING)):
        assert isinstance(may_view(viewer, None, state, looking()), Denied), viewer


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


def test_figures_are_the_managers_and_proofs_also_who_watches_the_logs_r91() -> None:
    def readers(register: Register) -> set[Role]:
        return {v.role for v in EVERYBODY if isinstance(may_view_register(v, register), Allowed)}

    assert readers(Register.FIGURES) == {Role.MANAGER}
    assert readers(Register.PROOFS) == readers(Register.ERASURES) == {Role.MANAGER, Role.PRIVACY_OFFICER}
