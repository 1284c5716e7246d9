"""Who sees what of a case at triage, and what nobody but its giver sees (R23, R33, R34)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.triage import events as e
from services.triage.record import Asked, Choice, Given, Record
from services.triage.state import Conclusion, Phase, State
from services.triage.viewing import may_view
from services.triage.views import CaseView, case_view, things_of
from shared.contract.content import TextRef, contents
from shared.contract.fields import Category, ItemStatus
from shared.contract.messages import triage as m
from shared.contract.parties import PartyKind
from shared.core.actor import Role
from shared.core.item_standing import Standing
from shared.core.service_numbers import PersonNumber
from shared.core.viewing import Allowed, Denied, Viewer
from shared.http.reading import Seen
from shared.storage.cases import Case
from tests.support.samples import triage as s
from tests.support.spec import NOW, looking

CASE = None
THINGS: dict[str, Any] = {
    "the case": CASE,
    "query": s.ASKED_POLICE.query,
    "choice": Choice(s.TO_POLICE, TextRef("piece", "triage"), False, False),
    "answer": s.GIVEN,
    "item": s.contributed(s.ITEM, s.POLICE),
    "referred item": s.contributed(s.REFERRED, s.VENLO),
    "person": s.person(s.MAN),
    "number": PersonNumber(s.MAN, TextRef("piece", "intake")),
    "conclusion": Conclusion(m.TriageOutcome.RTO_NEEDED, s.DIRECTOR, NOW),
    "preparation": s.prepared(),
}
OPEN = [Phase.TRIAGE, Phase.PREPARING, Phase.PREPARED]


def worker(party: str) -> Viewer:
    return Viewer(Role.PARTY_WORKER, f"worker-{party}", party)


def director(on_behalf_of: str | None = s.VENLO, person: str = s.DIRECTOR) -> Viewer:
    return Viewer(Role.PROCESS_DIRECTOR, person, None, on_behalf_of)


def support(on_behalf_of: str | None = s.VENLO) -> Viewer:
    return Viewer(Role.SUPPORT_WORKER, s.SUPPORT, None, on_behalf_of)


def state(phase: Phase) -> State:
    found = s.spec().given(*s.HISTORIES[phase]).state
    assert isinstance(found, State)
    return found


def sees(viewer: Viewer, phase: Phase | State) -> set[str]:
    """The names of the things this viewer sees."""
    case = state(phase) if isinstance(phase, Phase) else phase
    return {
        name
        for name, thing in THINGS.items()
        if isinstance(may_view(viewer, thing, case, looking(s.parties())), Allowed)
    }


def denied(viewer: Viewer, thing: Any, phase: Phase) -> str:
    verdict = may_view(viewer, thing, state(phase), looking(s.parties()))
    assert isinstance(verdict, Denied)
    return verdict.rule


@pytest.mark.clause(
    "R33.a",
    allowed="De procesregisseur, de betrokken ondersteuner en de leidende partij lezen de antwoorden.",
)
@pytest.mark.clause(
    "R36.a", allowed="De aanmeldende partij bekijkt de antwoorden in het systeem van het huis."
)
@pytest.mark.clause("R18.b", allowed="De aanmelder leest welke partijen worden bevraagd en waarom.")
@pytest.mark.clause(
    "R23.b", allowed="De procesregisseur ziet de gegevens van de aanmelding die niet zijn afgeschermd."
)
@pytest.mark.parametrize("phase", OPEN)
@pytest.mark.parametrize("viewer", [worker(s.VENLO), director(), support()], ids=lambda v: v.role)
def test_the_leading_party_and_who_acts_for_it_read_all_r33(viewer: Viewer, phase: Phase) -> None:
    """Until the table is prepared: from then on items are read there, one by one (R61, R65)."""
    gone: set[str] = set()
    if phase is Phase.PREPARED:
        gone = {"item", "answer"} if viewer.role is Role.PARTY_WORKER else {"item", "referred item"}
    assert sees(viewer, phase) == set(THINGS) - gone


@pytest.mark.clause("R66.c", refused="In de triage leest niemand anders een gegeven dat is ingetrokken.")
@pytest.mark.parametrize("viewer", [worker(s.VENLO), director(), support()], ids=lambda v: v.role)
def test_what_its_contributor_took_back_nobody_else_reads_a12(viewer: Viewer) -> None:
    item = THINGS["item"]
    standing = Standing(item.item_id, item.contributor, 1, ItemStatus.WITHDRAWN)
    back = replace(state(Phase.TRIAGE), standings=(standing,))
    assert sees(viewer, back) == set(THINGS) - {"item"}
    assert "item" in sees(worker(s.POLICE), back)


@pytest.mark.clause(
    "R32.b", allowed="Ook na het antwoord kan een partij een gegeven nog aan de aanmeldende partij onthouden."
)
@pytest.mark.clause(
    "R32.c", refused="Een gegeven dat later aan de aanmeldende partij is onthouden, ziet zij niet meer."
)
def test_a_reservation_made_since_hides_the_item_from_the_referrer_r32() -> None:
    item = THINGS["item"]
    standing = Standing(item.item_id, item.contributor, 1, ItemStatus.LIVE, (s.VENLO,))
    limited = replace(state(Phase.TRIAGE), standings=(standing,))
    assert sees(worker(s.VENLO), limited) == set(THINGS) - {"item"}
    assert sees(director(), limited) == set(THINGS)


@pytest.mark.clause("R27.b", allowed="De bevraagde partij leest de uitvraag zoals die is verstuurd.")
@pytest.mark.clause("R29.a", allowed="Een bevraagde partij leest haar eigen uitvraag en haar eigen antwoord.")
@pytest.mark.clause("R34.a", allowed="Een bevraagde partij leest haar eigen antwoord.")
@pytest.mark.clause(
    "R34.a", refused="Een bevraagde partij leest geen gegeven van een andere bevraagde partij."
)
@pytest.mark.parametrize("phase", OPEN)
def test_a_queried_party_reads_what_it_was_asked_and_gave_and_nothing_else_r34(phase: Phase) -> None:
    assert sees(worker(s.POLICE), phase) == {"the case", "query", "answer", "item"}
    assert denied(worker(s.POLICE), s.contributed(s.NEW, s.CARE), phase) == "R34"


@pytest.mark.clause("R27.b", refused="Een uitvraag aan een ander leest een bevraagde partij niet.")
@pytest.mark.clause(
    "R29.a", refused="Wat een ander is gevraagd en wat die gaf, ziet een bevraagde partij niet."
)
@pytest.mark.clause("R34.a", refused="Het antwoord van een ander leest een bevraagde partij niet.")
@pytest.mark.clause("R18.b", refused="Een bevraagde partij leest niet wat aan een andere partij is gevraagd.")
@pytest.mark.parametrize("phase", OPEN)
def test_a_queried_party_learns_nothing_of_the_query_to_another_r34(phase: Phase) -> None:
    assert sees(worker(s.CARE), phase) == {"the case"}
    assert denied(worker(s.CARE), s.ASKED_POLICE.query, phase) == "R34"


@pytest.mark.clause("R33.a", refused="Een andere procesregisseur leest de antwoorden niet.")
@pytest.mark.clause(
    "R33.b",
    refused="De manager, een andere procesregisseur en een partij die niets met de casus te maken heeft, "
    "lezen in de triage niets.",
)
@pytest.mark.parametrize(
    "viewer",
    [
        worker(s.PROBATION),
        director(person="another-director"),
        director(s.POLICE),
        director(None),
        support(s.POLICE),
        support(None),
        Viewer(Role.MANAGER, "manager"),
        Viewer(Role.PRIVACY_OFFICER, "privacy-officer"),
        Viewer(Role.SECRETARY, "secretary"),
    ],
    ids=lambda v: f"{v.role}-{v.party}-{v.on_behalf_of}",
)
@pytest.mark.parametrize("phase", list(Phase))
def test_nobody_else_sees_that_there_is_a_case_r33(viewer: Viewer, phase: Phase) -> None:
    assert sees(viewer, phase) == set()


@pytest.mark.clause(
    "R33.b", allowed="Een ondersteuner die wel bij de casus is betrokken, leest de antwoorden."
)
@pytest.mark.clause(
    "R33.b", refused="Een ondersteuner die niet bij de casus is betrokken, leest in de triage niets."
)
@pytest.mark.parametrize("phase", OPEN)
def test_a_support_worker_who_is_not_involved_reads_nothing_r33(phase: Phase) -> None:
    assert "answer" in sees(support(), phase)
    assert sees(replace(support(), person="another-support-worker"), phase) == set()


def view_of(party: str, *history: Any) -> CaseView:
    """What a worker of this party is shown of the case, from all that is on record of it."""
    case = s.spec().given(*history).state
    asked = tuple(
        Asked(s.CASE, one.recipient, NOW, one.query, one.choice)
        for one in history
        if isinstance(one, e.QueryIssued)
    )
    given = tuple(
        Given(s.CASE, one.answer.query_id, one.number, NOW, one.answer, one.party, one.answer.items)
        for one in history
        if isinstance(one, e.QueryAnswered)
    )
    viewer, context = worker(party), looking(s.parties())
    shown = {
        label: thing
        for label, thing in things_of(Record(asked, given))(case)
        if isinstance(may_view(viewer, thing, case, context), Allowed)
    }
    return case_view(s.CASE, party, Seen(Case(s.CASE, case), shown), Record(asked, given))


@pytest.mark.clause("R34.b", allowed="Een bevraagde partij ziet haar eigen uitvraag, antwoord en gegevens.")
@pytest.mark.clause(
    "R34.b",
    refused="Wat anderen is gevraagd en wat zij gaven, verandert niets aan wat een bevraagde partij ziet.",
)
def test_what_others_were_asked_and_gave_changes_nothing_in_what_a_queried_party_is_shown_r34() -> None:
    """Not even a count, a number or how far triage is."""
    alone = view_of(s.POLICE, s.OPENED, s.ASKED_POLICE, s.ANSWERED)
    assert [query.query_id for query in alone.queries] == [s.TO_POLICE]
    assert [item.item_id for item in alone.items] == [s.ITEM, s.SPECIAL]
    theirs = e.QueryAnswered(s.CARE, 1, s.said(s.TO_CARE, items=(s.item(s.NEW),)), NOW)
    others = (s.ASKED_CARE, s.ASKED_HOUSING, theirs, s.CONCLUDED)
    assert view_of(s.POLICE, s.OPENED, s.ASKED_POLICE, s.ANSWERED, *others) == alone
    assert view_of(s.VENLO, s.OPENED, s.ASKED_POLICE, s.ANSWERED, *others).phase is Phase.PREPARING


def test_an_act_of_reading_names_whose_information_it_is_r129() -> None:
    case = state(Phase.TRIAGE)
    givers = {
        name: verdict.on_behalf_of
        for name, thing in THINGS.items()
        if isinstance(verdict := may_view(director(), thing, case, looking(s.parties())), Allowed)
    }
    assert (givers["item"], givers["answer"]) == (s.POLICE, s.POLICE)
    assert (givers["referred item"], givers["person"], givers["query"]) == (s.VENLO, s.VENLO, s.VENLO)


@pytest.mark.clause(
    "R23.a",
    refused="Ook in de triage ziet de procesregisseur een gegeven niet dat onder geheimhouding is "
    "afgeschermd.",
)
@pytest.mark.clause("R23.b", refused="Alleen een gegeven dat is afgeschermd, ziet de procesregisseur niet.")
def test_what_is_hidden_from_the_director_is_not_hidden_from_the_leading_party_r23() -> None:
    secret = s.contributed(s.ITEM, s.POLICE, hidden_from_director=True)
    assert denied(director(), secret, Phase.TRIAGE) == "R23"
    assert denied(support(), secret, Phase.TRIAGE) == "R23"
    for viewer in (worker(s.VENLO), worker(s.POLICE)):
        assert isinstance(may_view(viewer, secret, state(Phase.TRIAGE), looking(s.parties())), Allowed)


def test_a_closing_case_is_read_by_director_and_leading_party_only_r102() -> None:
    assert sees(director(), Phase.CLOSING) == set(THINGS)
    assert sees(worker(s.VENLO), Phase.CLOSING) == set(THINGS)
    assert sees(worker(s.POLICE), Phase.CLOSING) == set()
    assert denied(worker(s.POLICE), CASE, Phase.CLOSING) == "R102"
    assert denied(support(), CASE, Phase.CLOSING) == "R102"


@pytest.mark.parametrize("phase", [Phase.NOTHING, Phase.DEESCALATED, Phase.ARCHIVED, Phase.PURGED])
@pytest.mark.parametrize("viewer", [worker(s.VENLO), worker(s.POLICE), director()], ids=lambda v: v.role)
def test_in_phase_4_nothing_is_read_here_r88(viewer: Viewer, phase: Phase) -> None:
    assert sees(viewer, phase) == set()
    assert denied(viewer, CASE, phase) == "R88"


@pytest.mark.parametrize("cleaned", [False, True])
@pytest.mark.parametrize("viewer", [worker(s.VENLO), director(), support()])
def test_of_a_case_that_came_back_no_item_of_others_is_read_here_also_if_it_was_cleaned_r61(
    viewer: Viewer, cleaned: bool
) -> None:
    """What the table was for is gone with the cleaning; that there was a table is not."""
    cleaning = (e.FileCleaned((s.ITEM,), ()),) if cleaned else ()
    back = s.spec().given(*s.HISTORIES[Phase.DEESCALATED], *cleaning, e.CaseReactivated(1)).state
    for case in (back, replace(back, phase=Phase.CLOSING)):
        assert rule(viewer, THINGS["item"], case) in ("Denied R61", "Denied R102")
    assert isinstance(may_view(worker(s.POLICE), THINGS["item"], back, looking(s.parties())), Allowed)


def test_once_another_party_leads_parties_read_only_their_own_here_r35_r65() -> None:
    moved = s.spec().given(*s.PREPARED, s.MOVED).state
    assert sees(worker(s.VENLO), moved) == {"the case", "referred item"}
    assert sees(worker(s.CARE), moved) == {"the case"}


def test_once_another_party_leads_the_director_reads_on_its_behalf_r72_r22() -> None:
    moved = s.spec().given(*s.PREPARED, s.MOVED).state
    assert sees(director(), moved) == set()
    assert sees(director(s.CARE), moved) == set(THINGS) - {"number", "item", "referred item"}


@pytest.mark.clause(
    "R32.c", allowed="Een gegeven dat aan een andere partij is onthouden, ziet de aanmeldende partij gewoon."
)
@pytest.mark.clause("R32.c", refused="Een gegeven dat aan de aanmeldende partij is onthouden, ziet zij niet.")
def test_what_was_withheld_from_the_leading_party_its_workers_do_not_see_r32() -> None:
    case = state(Phase.TRIAGE)
    for party, expected in ((s.VENLO, Denied), (s.CARE, Allowed)):
        kept_back = s.contributed(s.ITEM, s.POLICE, withheld_from=(party,))
        assert isinstance(may_view(worker(s.VENLO), kept_back, case, looking(s.parties())), expected)
        assert isinstance(may_view(director(), kept_back, case, looking(s.parties())), Allowed)


# --- what the leading party may not process (R21, R49) ---------------------------------------------

SPECIAL = [Category.SPECIAL, Category.CRIMINAL]


def rule(viewer: Viewer, thing: Any, case: State, **changes: Any) -> str:
    """The rule of the verdict, by the parties as they are at this look."""
    verdict = may_view(viewer, thing, case, looking(s.parties(**changes)))
    return f"{type(verdict).__name__} {verdict.rule}"


@pytest.mark.clause(
    "R21.c",
    allowed="Een leidende partij die is getoetst of landelijke ketenpartner is, ziet bijzondere gegevens "
    "van anderen.",
)
@pytest.mark.clause(
    "R21.c", refused="Een leidende partij die dat niet is, en wie namens haar werkt, ziet die gegevens niet."
)
@pytest.mark.clause("R21.d", allowed="Zodra de toets is vastgelegd, telt zij bij het eerstvolgende lezen.")
@pytest.mark.clause(
    "R21.d",
    refused="Is de toets er niet of ingetrokken, dan is vanaf het eerstvolgende lezen niets meer te zien.",
)
@pytest.mark.parametrize("category", SPECIAL)
@pytest.mark.parametrize("phase", [Phase.TRIAGE, Phase.PREPARING, Phase.CLOSING])
@pytest.mark.parametrize("viewer", [worker(s.VENLO), director()], ids=lambda v: v.role)
def test_special_data_of_others_are_read_by_and_for_a_leading_party_that_was_checked_alone_r21(
    viewer: Viewer, phase: Phase, category: Category
) -> None:
    """Judged by its record at the look: a check that is taken back counts at once."""
    special, case = s.contributed(s.SPECIAL, s.POLICE, category=category), state(phase)
    checked = s.parties().records[s.VENLO].model_copy(update={"checked_for_special": True})
    partner = checked.model_copy(
        update={"kind": PartyKind.NATIONAL_CHAIN_PARTNER, "checked_for_special": False}
    )
    assert rule(viewer, special, case) == "Denied R21"
    assert rule(viewer, special, case, venlo=None) == "Denied R21", "of whom nothing is known here"
    for may in (checked, partner):
        assert rule(viewer, special, case, venlo=may) == "Allowed R33"
    assert rule(viewer, s.contributed(s.ITEM, s.POLICE), case) == "Allowed R33"


@pytest.mark.parametrize("category", SPECIAL)
def test_the_support_worker_reads_no_more_than_who_leads_r21(category: Category) -> None:
    special = s.contributed(s.SPECIAL, s.POLICE, category=category)
    assert rule(support(), special, state(Phase.TRIAGE)) == "Denied R21"


@pytest.mark.parametrize("category", SPECIAL)
def test_who_gave_special_data_goes_on_reading_its_own_r34(category: Category) -> None:
    own = s.contributed(s.SPECIAL, s.POLICE, category=category)
    unchecked = s.record(s.POLICE, PartyKind.OTHER)
    assert rule(worker(s.POLICE), own, state(Phase.TRIAGE), police=unchecked) == "Allowed R34"
    referred = s.contributed(s.REFERRED, s.VENLO, category=category)
    assert rule(worker(s.VENLO), referred, state(Phase.TRIAGE)) == "Allowed R34"
    assert rule(director(), referred, state(Phase.TRIAGE)) == "Allowed R33"


def test_once_another_party_leads_its_own_check_counts_r21_r72() -> None:
    special = s.contributed(s.SPECIAL, s.POLICE, category=Category.SPECIAL)
    moved = replace(state(Phase.TRIAGE), leading_party=s.CARE)
    assert rule(director(s.CARE), special, moved) == "Allowed R33"
    assert rule(director(s.CARE), special, moved, care=s.record(s.CARE, PartyKind.OTHER)) == "Denied R21"


@pytest.mark.parametrize(("passed", "expected"), [(False, "Denied R49"), (True, "Allowed R34")])
def test_a_query_with_special_data_is_read_by_a_recipient_that_may_process_them_now_r49(
    passed: bool, expected: str
) -> None:
    asked = s.asked_special(passed)
    case = s.spec().given(s.OPENED, asked).state
    unchecked = s.record(s.POLICE, PartyKind.OTHER)
    assert rule(worker(s.POLICE), asked.query, case) == "Allowed R34"
    assert rule(worker(s.POLICE), asked.query, case, police=unchecked) == expected
    answered = s.spec().given(s.OPENED, asked, s.ANSWERED).state
    assert rule(worker(s.POLICE), asked.query, answered, police=unchecked) == expected


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(s.REFERRED, s.VENLO, 1, ItemStatus.WITHDRAWN), "Denied R30"),
        (Standing(s.REFERRED, s.VENLO, 1, ItemStatus.LIVE, (s.POLICE,)), "Denied R30"),
        (Standing(s.REFERRED, s.VENLO, 1, ItemStatus.LIVE, (s.CARE,)), "Allowed R34"),
    ],
)
def test_a_query_is_not_read_by_its_recipient_once_the_referrer_keeps_what_it_draws_on_r30(
    standing: Standing, expected: str
) -> None:
    """It may not have left yet; who asked it reads it as before."""
    case = s.spec().given(s.OPENED, s.asked_drawing_on(s.REFERRED), e.StandingFollowed(standing)).state
    assert rule(worker(s.POLICE), s.ASKED_POLICE.query, case) == expected
    assert rule(worker(s.CARE), s.ASKED_POLICE.query, case) == "Denied R34"
    for viewer in (worker(s.VENLO), director()):
        assert rule(viewer, s.ASKED_POLICE.query, case) == "Allowed R33"


# --- citizen service numbers (R22) -----------------------------------------------------------------

NUMBER = PersonNumber(s.MAN, TextRef("piece", "intake"))
ASKED_ABOUT = PersonNumber(s.MAN, TextRef("piece", "intake"), s.TO_POLICE)


def without(party: str) -> dict[str, Any]:
    """The parties, of whom this one may not use citizen service numbers any more."""
    names = {s.VENLO: "venlo", s.POLICE: "police", s.CARE: "care"}
    return {names[party]: s.parties().records[party].model_copy(update={"may_use_bsn": False})}


@pytest.mark.parametrize("number", [NUMBER, ASKED_ABOUT], ids=["of the case", "in a query"])
@pytest.mark.parametrize("viewer", [worker(s.VENLO), director(), support()], ids=lambda v: v.role)
def test_a_number_is_read_by_and_for_a_leading_party_that_may_use_it_now_r22(
    viewer: Viewer, number: PersonNumber
) -> None:
    case = state(Phase.TRIAGE)
    assert rule(viewer, number, case) == "Allowed R33"
    assert rule(viewer, number, case, **without(s.VENLO)) == "Denied R22"
    assert rule(viewer, number, case, **without(s.POLICE)) == "Allowed R33"


def test_a_number_in_a_query_is_read_by_its_recipient_if_that_may_use_it_now_r22_r34() -> None:
    case = state(Phase.TRIAGE)
    assert rule(worker(s.POLICE), ASKED_ABOUT, case) == "Allowed R34"
    assert rule(worker(s.POLICE), ASKED_ABOUT, case, **without(s.POLICE)) == "Denied R22"
    assert rule(worker(s.POLICE), NUMBER, case) == "Denied R34"
    assert rule(worker(s.CARE), ASKED_ABOUT, case) == "Denied R34"


@pytest.mark.clause("R22.d", allowed="Zolang haar reactie telt, ziet een partij het BSN in haar uitvraag.")
@pytest.mark.clause(
    "R22.d", refused="Wordt er geen reactie meer verwacht, dan ziet zij het BSN in de uitvraag niet meer."
)
def test_a_number_does_not_outlive_the_reply_that_it_served_r22() -> None:
    asked, last = s.spec().given(s.OPENED, s.ASKED_POLICE), s.LAPSES - timedelta(microseconds=1)

    def read(given: Any, at: datetime) -> str:
        verdict = may_view(worker(s.POLICE), ASKED_ABOUT, given.state, looking(s.parties(), at))
        return f"{type(verdict).__name__} {verdict.rule}"

    declined = asked.given(e.QueryDeclined(s.POLICE, 1, s.declined(s.TO_POLICE), NOW))
    for given in (asked, declined):
        assert read(given, last) == "Allowed R34"
        assert read(given, s.LAPSES) == "Denied R22"
    assert read(asked.given(e.QueryLapsed(s.TO_POLICE)), NOW) == "Denied R22"
    assert read(asked.given(s.ANSWERED), s.LAPSES) == "Allowed R34"


def test_a_number_goes_with_its_query_once_that_is_kept_from_who_was_asked_r30() -> None:
    drawn = s.contributed(s.NEW, s.VENLO, shareable_in_query=True)
    asked = s.issued(s.TO_POLICE, s.POLICE)
    asked = replace(asked, choice=replace(asked.choice, drawn_from=(drawn.item_id,)))
    case = s.spec().given(s.OPENED, asked).state
    assert isinstance(case, State)
    assert rule(worker(s.POLICE), ASKED_ABOUT, case) == "Allowed R34"
    for standing in (
        Standing(drawn.item_id, s.VENLO, 1, ItemStatus.WITHDRAWN),
        Standing(drawn.item_id, s.VENLO, 1, ItemStatus.LIVE, (s.POLICE,)),
    ):
        kept = replace(case, standings=(standing,))
        for thing in (asked.query, ASKED_ABOUT):
            assert rule(worker(s.POLICE), thing, kept) == "Denied R30"
            assert rule(worker(s.VENLO), thing, kept) == "Allowed R33"
    elsewhere = replace(case, standings=(Standing(drawn.item_id, s.VENLO, 1, ItemStatus.LIVE, (s.CARE,)),))
    assert rule(worker(s.POLICE), ASKED_ABOUT, elsewhere) == "Allowed R34"


def test_a_number_in_a_query_is_the_referrers_whoever_reads_it_r129() -> None:
    """So it is shown to the queried party in the name of who leads, and not when that ended (R122)."""
    number = PersonNumber(s.MAN, TextRef("piece", "intake"), s.TO_POLICE)
    assert may_view(worker(s.POLICE), number, state(Phase.TRIAGE), looking(s.parties())) == Allowed(
        "R34", s.VENLO
    )


def test_once_another_party_leads_a_number_in_a_query_is_its_recipients_alone_r22() -> None:
    moved = s.spec().given(*s.PREPARED, s.MOVED).state
    for number in (NUMBER, ASKED_ABOUT):
        assert rule(director(s.CARE), number, moved) == "Denied R22"
        assert isinstance(may_view(worker(s.VENLO), number, moved, looking(s.parties())), Denied)
        assert isinstance(may_view(worker(s.CARE), number, moved, looking(s.parties())), Denied)
    assert rule(worker(s.POLICE), ASKED_ABOUT, moved) == "Allowed R34"


def test_who_looks_at_a_person_or_a_query_gets_no_number_with_it_r22() -> None:
    """Every number is a thing of its own, on which the policy decides."""
    asked = s.issued(s.TO_POLICE, s.POLICE, persons=(s.person(s.MAN, bsn=s.text("bsn-1", "intake")),))
    found = s.spec().given(s.OPENED, asked).state
    row = Asked(s.CASE, s.POLICE, NOW, asked.query, asked.choice)
    things = dict(things_of(Record((row,), ()))(found))
    held = {label for label, thing in things.items() if s.text("bsn-1", "intake") in contents(thing)}
    assert held == {f"bsn/{s.MAN}", f"bsn/{s.TO_POLICE}/{s.MAN}"}
