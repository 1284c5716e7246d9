"""What a party holds under secrecy is released only after it says so (R30)."""

from dataclasses import replace
from typing import Any

import pytest

from services.triage import commands as c
from services.triage import events as e
from services.triage.effects import effects
from services.triage.process import decide
from services.triage.record import Given, Secret
from services.triage.state import State
from services.triage.viewing import may_view
from shared.contract.refusal import Refusal, public_refusal
from shared.core.context import DecisionContext
from shared.core.effects import StoreRow
from shared.core.viewing import Allowed
from tests.support.samples import triage as s
from tests.support.spec import NOW, Spec, looking
from tests.unit.triage.test_process import named
from tests.unit.triage.test_viewing import director, support, worker

ASKED = s.spec().given(s.OPENED, s.ASKED_POLICE, s.ASKED_CARE)
TWO = (s.item(), s.item(s.NEW))
ANSWER = s.said(items=TWO, under_secrecy=(s.ITEM,))
HELD = ASKED.given(e.QueryAnswered(s.POLICE, 1, ANSWER, NOW))
CONSENT = s.TO_PROBATION  # any number
BY_POLICE = s.clear_secrecy(s.ITEM, party=s.POLICE)


def cleared(given: Spec[State], command: c.ClearSecrecy = BY_POLICE) -> Spec[State]:
    return given.given(*given.when(command).events)


def reads(viewer: Any, given: Spec[State], item: str = s.ITEM) -> bool:
    thing = s.contributed(item, s.POLICE)
    return isinstance(may_view(viewer, thing, given.state, looking(s.parties())), Allowed)


def by_the_referrer(state: State, *items: str, contributor: str = s.VENLO) -> Any:
    """What becomes of a clearing by the referrer, where the shell found whose the items are."""
    context = DecisionContext(NOW, s.parties(), contributors=dict.fromkeys(items, contributor))
    return decide(state, s.clear_secrecy(*items), context)


@pytest.mark.clause(
    "R30.h",
    refused="Wat een partij onder geheimhouding geeft, leest niemand anders voordat zij het vrijgeeft.",
)
@pytest.mark.clause(
    "R30.h", allowed="Wat zij heeft vrijgegeven, lezen de leidende partij en de procesregisseur."
)
@pytest.mark.parametrize("viewer", [worker(s.VENLO), director(), support()], ids=lambda v: v.role)
def test_what_is_held_under_secrecy_its_holder_reads_alone_until_it_says_so_r30(viewer: Any) -> None:
    assert not reads(viewer, HELD)
    assert reads(viewer, HELD, s.NEW), "the other item of the answer is not held"
    assert reads(worker(s.POLICE), HELD)
    assert reads(viewer, cleared(HELD))
    assert not reads(worker(s.CARE), cleared(HELD))


def test_item_by_item_with_or_without_consent_r30() -> None:
    both = ASKED.given(e.QueryAnswered(s.POLICE, 1, replaced(under=(s.ITEM, s.NEW)), NOW))
    one = cleared(both)
    assert reads(director(), one)
    assert not reads(director(), one, s.NEW)
    with_consent = cleared(one, s.clear_secrecy(s.NEW, party=s.POLICE, consent=CONSENT))
    assert with_consent.state.secrets == (
        Secret(s.ITEM, s.POLICE, NOW),
        Secret(s.NEW, s.POLICE, NOW, with_consent=True, consent=CONSENT),
    )
    assert with_consent.when(BY_POLICE).events == (), "what is released stays released"
    assert with_consent.when(s.clear_secrecy(s.NEW, s.ITEM, party=s.POLICE)).events == ()


def replaced(under: tuple[str, ...]) -> Any:
    return ANSWER.model_copy(update={"under_secrecy": under})


def test_only_its_holder_releases_it_r30() -> None:
    for party in (s.CARE, s.VENLO):
        refusal = HELD.when(s.clear_secrecy(s.ITEM, party=party)).refusal
        assert named(refusal) == ("NotUnderSecrecy", "R30")
    stranger = HELD.when(s.clear_secrecy(s.ITEM, party=s.HOUSING)).refusal
    assert public_refusal(stranger).name == "UnknownCase"
    assert named(HELD.when(s.clear_secrecy(s.NEW, party=s.POLICE)).refusal) == ("NotUnderSecrecy", "R30")
    some = s.clear_secrecy(s.ITEM, s.NEW, party=s.POLICE)
    assert named(HELD.when(some).refusal) == ("NotUnderSecrecy", "R30"), "all of them or none"


def test_an_answer_marks_its_own_items_alone_r30() -> None:
    of_another = s.answer(under_secrecy=(s.SPECIAL,))
    assert named(ASKED.when(of_another).refusal) == ("SecrecyOfNoItem", "R30")
    assert ASKED.when(s.answer(under_secrecy=(s.ITEM,))).events


@pytest.mark.clause(
    "R30.h",
    refused="Wat onder geheimhouding staat, gaat niet naar het RTO en kan niet op het inzageplan staan.",
)
@pytest.mark.clause("R30.h", allowed="Wat is vrijgegeven voordat het RTO is voorbereid, gaat mee.")
def test_what_is_held_does_not_go_to_the_table_and_what_is_released_does_r30() -> None:
    items = (
        s.contributed(s.REFERRED, s.VENLO),
        s.contributed(s.ITEM, s.POLICE),
        s.contributed(s.NEW, s.POLICE),
    )
    prepare = s.prepare(items=items, viewing_plan=())

    def going(given: Spec[State]) -> list[str]:
        events = given.given(s.CONCLUDED).when(prepare).events
        return [event.item.item_id for event in events if isinstance(event, e.ItemPrepared)]

    assert going(HELD) == [s.REFERRED, s.NEW]
    assert going(cleared(HELD)) == [s.REFERRED, s.ITEM, s.NEW]
    planned = replace(prepare, viewing_plan=(s.viewing(s.ITEM, s.CARE),))
    assert named(HELD.given(s.CONCLUDED).when(planned).refusal) == ("UnknownItem", "R42")
    assert HELD.given(s.CONCLUDED).when(BY_POLICE).events, "after the conclusion too, until it is prepared"
    prepared = HELD.given(s.CONCLUDED, e.RtoPrepared(s.prepared()))
    assert named(prepared.when(BY_POLICE).refusal) == ("TriageNotRunning", "R35")
    assert not reads(director(), prepared)
    assert reads(worker(s.POLICE), prepared)


def test_nobody_reads_in_the_answer_that_something_is_held_r30() -> None:
    state = HELD.state
    found = list(effects(s.CASE, e.QueryAnswered(s.POLICE, 1, ANSWER, NOW), state))
    (given,) = [one.row for one in found if isinstance(one, StoreRow) and isinstance(one.row, Given)]
    assert given.said is not None
    assert given.said == s.said(items=())


@pytest.mark.clause(
    "R30.e", allowed="De aanmeldende partij geeft ook tijdens de triage een gegeven vrij voor uitvragen."
)
@pytest.mark.clause(
    "R30.e", refused="Zonder dat woord van de aanmeldende partij gaat wat zij geheim hield niet mee."
)
def test_the_referrer_lets_a_query_draw_on_an_item_during_triage_r30() -> None:
    kept = s.contributed(s.REFERRED, s.VENLO, shareable_in_query=False)
    drawing = s.issue(drawn_from=(s.REFERRED,), items=(kept,))
    given = s.spec().given(s.OPENED)
    assert named(given.when(drawing).refusal) == ("SecrecyNotReleased", "R30")
    released = given.given(*by_the_referrer(given.state, s.REFERRED))
    assert released.when(drawing).events
    hidden = replace(drawing, items=(kept.model_copy(update={"hidden_from_director": True}),))
    assert named(released.when(hidden).refusal) == ("SecrecyNotReleased", "R30"), "he does not read it (R23)"
    withheld = replace(drawing, items=(kept.model_copy(update={"withheld_from": (s.POLICE,)}),))
    assert named(released.when(withheld).refusal) == ("SecrecyNotReleased", "R30")


def test_the_referrer_releases_what_it_brought_in_and_nothing_of_another_r30() -> None:
    anothers = by_the_referrer(HELD.state, s.NEW, contributor=s.POLICE)
    assert isinstance(anothers, Refusal)
    assert named(anothers) == ("NotUnderSecrecy", "R30")
    unknown = decide(HELD.state, s.clear_secrecy(s.REFERRED), DecisionContext(NOW, s.parties()))
    assert isinstance(unknown, Refusal), "not of this case, as far as anybody knows"
    (released,) = by_the_referrer(HELD.state, s.REFERRED)
    assert not HELD.given(released).state.is_secret(s.REFERRED)
    assert reads(worker(s.VENLO), HELD.given(released), s.NEW)
