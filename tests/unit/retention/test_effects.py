"""What follows from what happened: terms, letters to exactly whom, orders, and the proof."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from services.retention import events as e
from services.retention.effects import effects
from services.retention.proofs import (
    UNKNOWN_KEY,
    AwaitedKey,
    AwaitedKeys,
    CaseCounted,
    Ending,
    KeysGone,
    ProofOfDestruction,
)
from services.retention.state import MUST_CONFIRM
from shared.contract.fields import Theme
from shared.contract.limits import TAKERS_PER_MESSAGE, in_parts
from shared.contract.messages import retention as m
from shared.contract.registry import SERVICES
from shared.core.effects import (
    Announce,
    CancelTimer,
    DropPieces,
    ForgetCase,
    KeepOnly,
    SetTimer,
    StoreRow,
    ToParty,
)
from tests.support.samples import retention as s
from tests.support.spec import NOW

C = TypeVar("C")


def follows(*events: Any) -> list[Any]:
    """What follows from the last of these."""
    return list(effects(s.CASE, events[-1], s.state(*events)))


def of(kind: type[C], steps: list[Any]) -> list[C]:
    return [step for step in steps if isinstance(step, kind)]


def announced(steps: list[Any]) -> list[Any]:
    return [step.message for step in of(Announce, steps)]


def letters(steps: list[Any]) -> dict[str, Any]:
    return {step.recipient: step.message for step in of(ToParty, steps)}


def test_an_item_that_is_handed_over_tells_nobody_anything_new() -> None:
    assert follows(s.OPENED, s.RECEIVED[0]) == []


def test_de_escalation_sets_both_terms_and_destroying_cannot_be_undone_r86() -> None:
    assert follows(*s.STEP_1) == [
        SetTimer("archive", "", s.ARCHIVE_ON),
        SetTimer("destroy", "", s.DESTROY_ON, irreversible=True),
        Announce(m.TermsSet(terms=s.state(*s.STEP_1).terms)),
    ]


def test_the_other_services_hear_from_when_nothing_is_read_any_more_r88_r91() -> None:
    told: Any
    (told,) = of(Announce, follows(*s.STEP_1))
    due = {term.kind: (term.due, term.decided_by) for term in told.message.terms}
    assert due == {
        m.TermKind.ARCHIVE: (s.ARCHIVE_ON, s.CARE),
        m.TermKind.DESTROY: (s.DESTROY_ON, s.CARE),
    }
    (told,) = of(Announce, follows(s.CLOSING))
    assert [(t.kind, t.due) for t in told.message.terms] == [(m.TermKind.REMOVE, NOW + s.TERM)]


@pytest.mark.clause(
    "R97.a",
    allowed="Na het opschonen krijgt elke deelnemer, en de partij die de leiding had, bericht welke "
    "gegevens blijven en tot wanneer.",
)
@pytest.mark.clause("R97.a", refused="Wie niet aan de casus deelnam, krijgt geen bericht.")
@pytest.mark.clause("R97.c", allowed="In dat bericht staan de eigen gegevens van de ontvanger die blijven.")
@pytest.mark.clause(
    "R97.c",
    refused="In dat bericht staat geen gegeven van een andere partij, en ook niet of een ander nog "
    "gegevens heeft.",
)
def test_cleaning_tells_each_participant_what_of_its_own_stays_and_until_when_r97() -> None:
    """R97, and R34: not whether anybody else has any."""
    steps = follows(*s.STEP_1, s.CLEANED)
    told = letters(steps)
    assert set(told) == {s.VENLO, s.POLICE, s.CARE}
    assert {party: letter.own_items_kept for party, letter in told.items()} == {
        s.VENLO: (),
        s.POLICE: (s.WITHHELD,),
        s.CARE: (),
    }
    assert all((x.archived_on, x.destroyed_on) == (s.ARCHIVE_ON, s.DESTROY_ON) for x in told.values())
    nothing = letters(follows(*s.STEP_1, replace(s.CLEANED, kept=())))
    for party, letter in told.items():
        assert m.Kept.PLAN_OF_ACTION in letter.kept
        assert letter.visible == letter.kept[:4]
        assert (letter.kept, letter.visible) == (nothing[party].kept, nothing[party].visible)


@pytest.mark.clause(
    "R95.a",
    refused="Wat bij het opschonen niet is bevestigd, moet ook uit de andere onderdelen van het systeem weg.",
)
def test_cleaning_drops_the_pieces_here_and_tells_the_other_services_r95() -> None:
    steps = follows(*s.STEP_1, s.CLEANED)
    assert of(DropPieces, steps) == [DropPieces(("piece-content-11",))]
    announced = m.DossierCleaned(kept_items=(s.WITHHELD,), leading_party=s.CARE, cleaned_at=NOW)
    assert of(Announce, steps) == [Announce(announced)]


@pytest.mark.clause(
    "R97.b",
    allowed="Bij het archiveren horen de deelnemers wat blijft, wat daarvan zichtbaar is en tot wanneer.",
)
@pytest.mark.clause("R97.b", refused="Een partij die niet deelnam, hoort niets van het archiveren.")
def test_archiving_closes_the_file_everywhere_and_the_participants_are_told_r88_r97() -> None:
    """R88, R97."""
    steps = follows(*s.STEP_1, e.FileArchived((s.POLICES,), ("piece-content-11",), s.ARCHIVE_ON))
    told = m.DossierArchived(archived_at=s.ARCHIVE_ON, kept_items=(s.POLICES,))
    assert of(Announce, steps) == [Announce(told)], "with what stays, for whoever never heard of a cleaning"
    assert of(DropPieces, steps) == [DropPieces(("piece-content-11",))]
    four = (m.Kept.CASE_NUMBER, m.Kept.IDENTIFYING_DATA, m.Kept.REFERRER, m.Kept.CASE_DIRECTOR)
    letter = m.FileArchived(destroyed_on=s.DESTROY_ON, kept=tuple(m.Kept), visible=four)
    assert letters(steps) == dict.fromkeys((s.VENLO, s.POLICE, s.CARE), letter)


@pytest.mark.clause(
    "R90.e",
    refused="Bij een reactivering vervallen het archiveren en het vernietigen die al gepland stonden.",
)
def test_a_reactivation_voids_both_terms_lets_go_of_the_file_and_tells_all_who_heard_of_its_end_a5() -> None:
    """R90, A5: and each of these, so that no date they were told still counts."""
    steps = follows(*s.STEP_1, s.REACTIVATED)
    assert of(CancelTimer, steps) == [CancelTimer("archive", ""), CancelTimer("destroy", "")]
    assert of(KeepOnly, steps) == [KeepOnly(("piece-relapse",))], "the decision stays, with its reason"
    told = m.CaseReactivated(round=1, archived=False, reactivated_at=NOW)
    assert of(Announce, steps) == [Announce(told)]
    letter = m.FileReactivated(reactivated_at=NOW)
    assert letters(steps) == dict.fromkeys((s.CARE, s.POLICE, s.VENLO), letter)


def test_what_moves_a_case_says_of_which_round_it_is_a5() -> None:
    again = (*s.STEP_1, s.REACTIVATED, *s.RECEIVED, s.DEESCALATED)
    for history in ((), (s.CLEANED,), (e.FileArchived((), (), s.ARCHIVE_ON),)):
        (told,) = announced(follows(*again, *history))
        assert told.round == 1, type(told).__name__


def test_an_early_end_sets_the_closing_term_r102() -> None:
    timer, announced = follows(s.CLOSING)
    assert timer == SetTimer("closing-term", "", NOW + s.TERM, irreversible=True)
    assert isinstance(announced.message, m.TermsSet)


def test_the_order_to_forget_goes_to_the_other_services_r105() -> None:
    assert follows(*s.ERASING) == [Announce(m.ErasureOrdered(case_id=s.CASE))]


def test_the_key_is_due_at_once_when_all_have_confirmed_r105() -> None:
    assert follows(*s.DESTROYING) == [SetTimer("destroy-key", "", s.DESTROY_ON, irreversible=True)]
    assert follows(*s.ERASING, s.CONFIRMED[0]) == []


NOTICE = tuple(m.LastNotice)


@pytest.mark.clause(
    "R99.a",
    allowed="De partij die bij de afschaling de leiding had, wordt gevraagd de betrokkenen over de "
    "vernietiging te informeren.",
)
@pytest.mark.clause("R99.a", refused="Aan geen andere partij wordt dat gevraagd, ook niet aan de aanmelder.")
@pytest.mark.clause(
    "R99.b",
    allowed="Deze partij krijgt die laatste taak en de lijst van afnemers voordat het dossier weg is.",
)
@pytest.mark.clause(
    "R99.c",
    allowed="In dat verzoek staat dat de kennisgeving zegt dat het dossier is vernietigd en waar de "
    "betrokkene zijn rechten kan uitoefenen.",
)
@pytest.mark.clause("R99.c", refused="Wie niet hoeft te informeren, krijgt geen inhoud van een kennisgeving.")
@pytest.mark.clause(
    "R104.c", allowed="De partij die de leiding had, krijgt de lijst van wie welk gegeven rechtmatig meenam."
)
def test_the_last_letter_under_the_case_number_says_what_the_leader_has_to_do_r99_r104() -> None:
    """R99, R104: half a year before, so that a party that cannot be written to now can be reached."""
    steps = follows(*s.STEP_1, s.CLEANED, s.ARCHIVED, s.ANNOUNCED)
    told = letters(steps)
    assert set(told) == {s.VENLO, s.POLICE, s.CARE}
    assert {x.destroyed_on for x in told.values()} == {s.DESTROY_ON}
    assert {party: (x.inform_data_subject, x.takers) for party, x in told.items()} == {
        s.CARE: (True, (s.TAKER,)),
        s.VENLO: (False, ()),
        s.POLICE: (False, ()),
    }
    assert {party for party, x in told.items() if x.contents} == {s.CARE}
    assert told[s.CARE].contents == NOTICE
    assert {x.reference for x in told.values()} == {s.REFERENCE}
    assert not any(step.after_erasure for step in of(ToParty, steps))


@pytest.mark.clause("R97.b", allowed="Na de vernietiging horen de deelnemers dat het dossier weg is.")
@pytest.mark.clause(
    "R99.a",
    allowed="Na de vernietiging hoort de partij die de leiding had dat zij de betrokkenen daarover moet "
    "informeren.",
)
@pytest.mark.clause("R104.a", refused="Na de vernietiging is er geen lijst van afnemers meer.")
@pytest.mark.clause(
    "R104.c",
    refused="De brief na de vernietiging noemt alleen het dossier en zegt niets over wat een deelnemer "
    "rechtmatig meenam.",
)
@pytest.mark.clause(
    "R106.c",
    allowed="Na de vernietiging herkent de ontvanger het dossier aan het willekeurige nummer dat hij "
    "eerder kreeg.",
)
@pytest.mark.clause("R106.c", refused="Wat na de vernietiging wordt verstuurd, draagt geen casusnummer.")
def test_after_the_erasure_each_party_hears_of_it_under_the_announced_number_alone_r99_r106() -> None:
    """R106: what still lies somewhere leads nobody but its recipient to the case, and lists no taker."""
    steps = follows(*s.DESTROYING, s.ERASED)
    assert letters(steps) == {
        s.CARE: m.FileDestroyed(reference=s.REFERENCE, inform_data_subject=True, contents=NOTICE),
        s.VENLO: m.FileDestroyed(reference=s.REFERENCE),
        s.POLICE: m.FileDestroyed(reference=s.REFERENCE),
    }
    assert all(step.after_erasure for step in of(ToParty, steps))
    assert of(Announce, steps) == [Announce(m.CaseErased(case_id=s.CASE), after_erasure=True)]
    assert steps[-1] == ForgetCase()


def test_a_case_whose_erasure_an_earlier_version_started_is_told_all_at_its_end_r99() -> None:
    old = [one for one in (*s.DESTROYING, s.ERASED) if one != s.ANNOUNCED]
    assert letters(follows(*old)) == {
        s.CARE: m.FileDestroyed(inform_data_subject=True, contents=NOTICE, takers=(s.TAKER,)),
        s.VENLO: m.FileDestroyed(),
        s.POLICE: m.FileDestroyed(),
    }


def test_a_long_list_of_takers_is_told_in_parts_and_only_the_first_asks_for_something_r104() -> None:
    many = tuple(s.TAKER.model_copy(update={"action_id": s.number(1000 + n)}) for n in range(450))
    parts = [e.FilePartReceived((), some) for some in in_parts(many, TAKERS_PER_MESSAGE)]
    steps = follows(s.OPENED, *parts, s.DEESCALATED, s.ANNOUNCED)
    told: list[Any] = [step.message for step in of(ToParty, steps) if step.recipient == s.CARE]
    assert [(len(x.takers), x.inform_data_subject) for x in told] == [(200, True), (200, False), (51, False)]
    assert [x.contents for x in told] == [NOTICE, (), ()]
    assert [taker for x in told for taker in x.takers] == [*many, s.TAKER]
    assert len({x.reference for x in told}) == 1


@pytest.mark.clause(
    "R52.b",
    allowed="Van een casus die niet in behandeling is genomen, blijven het thema en de manier van "
    "eindigen in de cijfers.",
)
@pytest.mark.clause(
    "R78.a", allowed="Van een gesloten casus blijft alleen een telling naar thema en soort einde achter."
)
def test_of_an_early_end_only_the_leading_party_hears_that_it_is_gone_r102() -> None:
    (announced,) = letters(follows(s.CLOSING, s.ANNOUNCED)).values()
    assert (announced.destroyed_on, announced.inform_data_subject) == (NOW + s.TERM, False)
    after_all = (e.ErasureStarted(NOW + s.TERM), *s.CONFIRMED, e.AllPurged(NOW + s.TERM))
    steps = follows(s.CLOSING, s.ANNOUNCED, *after_all, s.ERASED)
    assert letters(steps) == {s.VENLO: m.FileDestroyed(reference=announced.reference)}
    counted = [step.row for step in of(StoreRow, steps) if isinstance(step.row, CaseCounted)]
    assert [(row.theme, row.ending) for row in counted] == [(Theme.YOUTH_AT_RISK, Ending.NOT_TAKEN_UP)]


@pytest.mark.clause(
    "R52.b", refused="Wat van de casus achterblijft, noemt geen casusnummer, persoon, partij of dag."
)
@pytest.mark.clause(
    "R106.a", allowed="Het bewijs van vernietiging noemt de maand, het thema, de afloop en wie bevestigde."
)
@pytest.mark.clause(
    "R106.a", refused="Het bewijs van vernietiging noemt geen casusnummer, persoon, partij of dag."
)
@pytest.mark.clause("R91.b", refused="Wat als bewijs overblijft, leidt niet naar een persoon.")
def test_the_proof_holds_nothing_that_leads_to_anybody_r106() -> None:
    """R106: no case, person, party or day."""
    steps = follows(*s.DESTROYING, s.ERASED)
    (proof,) = (step.row for step in of(StoreRow, steps) if isinstance(step.row, ProofOfDestruction))
    assert proof == ProofOfDestruction(
        proof_id=s.PROOF,
        month="2027-03",
        theme=Theme.COMPLEX_CASE,
        ending=Ending.DEESCALATED,
        confirmed_by=("governance", "intake", "rto", "triage"),
        backups_lapse_in="2027-04",
    )
    said = repr(proof)
    for leads in (s.CASE, s.RTO, s.MAN, s.VENLO, s.POLICE, s.CARE, s.DIRECTOR):
        assert leads not in said


def test_a_proof_waits_for_every_key_that_any_service_had_when_it_forgot_r105() -> None:
    """R105: the broker's disks are copies too, and open for whoever has one of these."""
    (awaited,) = (
        x.row for x in of(StoreRow, follows(*s.DESTROYING, s.ERASED)) if isinstance(x.row, AwaitedKeys)
    )
    assert awaited.proof_id == s.PROOF
    expected = {(name, f"kid-of-{name}") for name in SERVICES}
    assert {(key.service, key.kid) for key in awaited.keys} == expected


def test_a_service_that_does_not_say_which_keys_it_had_is_waited_for_r105() -> None:
    """R105: what is not known to be gone is not gone."""
    silent = tuple(replace(confirmed, house_keys=()) for confirmed in s.CONFIRMED)
    steps = follows(*s.ERASING, *silent, e.AllPurged(s.DESTROY_ON), s.ERASED)
    (awaited,) = (x.row for x in of(StoreRow, steps) if isinstance(x.row, AwaitedKeys))
    assert {key.service for key in awaited.keys if key.kid == UNKNOWN_KEY} == set(MUST_CONFIRM)


def test_keys_that_are_gone_are_those_of_the_service_that_says_so_r105() -> None:
    """R105: nobody speaks for another."""
    (step,) = follows(e.HouseKeysDestroyed("triage", ("a", "b")))
    assert step == StoreRow(KeysGone((AwaitedKey("triage", "a"), AwaitedKey("triage", "b"))))


def test_a_case_counts_in_the_year_in_which_it_was_destroyed_a24() -> None:
    new_year = s.DESTROY_ON.replace(month=12, day=31, hour=23, minute=30)
    late = e.CaseErased(s.PROOF, new_year, new_year + timedelta(days=30))
    counted = [x.row for x in of(StoreRow, follows(*s.DESTROYING, late)) if isinstance(x.row, CaseCounted)]
    assert counted == [CaseCounted(2028, Theme.COMPLEX_CASE, Ending.DEESCALATED)]
