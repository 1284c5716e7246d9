"""What a contributor decided on its item, as every service judges it (R62, R66, R67, A22)."""

from datetime import date
from typing import Any

from shared.contract.content import TextRef, sealed_text_ids
from shared.contract.fields import Category, ContributedItem, ItemStatus, Revision
from shared.contract.messages.rto import DrawnFrom
from shared.core.item_standing import (
    Standing,
    as_decided,
    bound,
    follow,
    followed,
    in_use,
    is_outdated,
    items_by,
    replaced_texts,
    restricted,
    taken_back,
)

ITEM, POLICE, CARE, HOUSING = "0192aaaa-0000-7000-8000-0000000000b1", "police", "care", "housing"


def text(name: str) -> TextRef:
    return TextRef(name, "rto")


def item(**changes: Any) -> ContributedItem:
    given: dict[str, Any] = {
        "item_id": ITEM,
        "contributor": POLICE,
        "acting_body": "board",
        "basis": "law",
        "valid_on": date(2026, 2, 1),
        "necessity": text("necessity"),
        "content": text("content"),
        "use_conditions": text("conditions"),
        "withheld_from": (CARE,),
    }
    return ContributedItem(**(given | changes))


def standing(number: int = 1, **changes: Any) -> Standing:
    return Standing(ITEM, POLICE, number, ItemStatus.LIVE, **changes)


CORRECTED = standing(version=2, revision=Revision(content=text("new"), necessity=text("new-necessity")))


def test_a_correction_replaces_all_texts_and_is_idempotent_a22() -> None:
    once = as_decided(item(), (CORRECTED,))
    assert (once.content, once.necessity, once.use_conditions) == (text("new"), text("new-necessity"), None)
    assert once.version == 2
    assert as_decided(once, (CORRECTED,)) is once
    assert as_decided(once, (CORRECTED.without_texts(),)) is once
    assert replaced_texts(item(), CORRECTED) == ("necessity", "content", "conditions")
    assert replaced_texts(once, CORRECTED) == ()


def test_new_conditions_replace_those_alone_r67() -> None:
    told = standing(version=2, revision=Revision(use_conditions=text("other")))
    now = as_decided(item(), (told,))
    assert (now.content, now.use_conditions, now.version) == (text("content"), text("other"), 2)
    assert replaced_texts(item(), told) == ("conditions",)


def test_an_earlier_version_is_denied_to_all_but_its_contributor_a22() -> None:
    """Where its new texts were never heard of, nothing is shown rather than the earlier ones."""
    standings = (CORRECTED.without_texts(),)
    assert is_outdated(item(), standings)
    assert taken_back(item(), standings) is not None
    assert not is_outdated(as_decided(item(), (CORRECTED,)), standings)
    assert taken_back(as_decided(item(), (CORRECTED,)), standings) is None


def test_texts_are_taken_in_only_where_the_item_lies_and_once() -> None:
    assert sealed_text_ids(follow(CORRECTED, (), ())) == ()
    here = follow(CORRECTED, (item(),), ())
    assert sealed_text_ids(here) == ("new", "new-necessity")
    assert here.dropped == ("necessity", "content", "conditions")
    later = (standing(2).without_texts(),)
    assert sealed_text_ids(follow(CORRECTED, (item(),), later)) == ()
    assert follow(CORRECTED, (item(),), later).dropped == ()


def test_an_item_that_was_withdrawn_for_good_goes_with_its_texts_r66() -> None:
    gone = Standing(ITEM, POLICE, 1, ItemStatus.WITHDRAWN, is_gone=True)
    assert items_by(gone, (item(),)) == ()
    assert follow(gone, (item(),), ()).dropped == ("necessity", "content", "conditions")
    assert in_use((item(),), (gone,)) == ()
    assert items_by(standing(), (item(),)) == (item(),)


def test_reservations_are_added_and_taken_off_by_the_last_word_r62() -> None:
    assert as_decided(item(), (standing(withheld_from=(HOUSING,)),)).withheld_from == (CARE, HOUSING)
    assert as_decided(item(), (standing(shown_again_to=(CARE,)),)).withheld_from == ()


def test_terms_are_as_said_last_and_else_as_given_r67() -> None:
    revision = Revision(category=Category.SPECIAL, hidden_from_director=True, shareable_in_query=True)
    now = as_decided(item(), (standing(revision=revision),))
    assert (now.category, now.hidden_from_director, now.shareable_in_query) == (Category.SPECIAL, True, True)
    assert (now.shareable_at_rto, now.version) == (False, 1)


def test_of_two_words_the_later_counts_whichever_comes_first() -> None:
    later = standing(2)
    assert followed((later,), standing(1)) == (later,)
    assert followed((standing(1),), later) == (later,)


def test_a_file_of_phase_4_takes_in_what_is_stricter_and_not_what_is_looser_r87() -> None:
    before = item(category=Category.SPECIAL, hidden_from_director=True)
    looser = item(withheld_from=(), hidden_from_director=False, content=text("new"))
    kept = restricted(before, looser)
    assert (kept.category, kept.hidden_from_director, kept.withheld_from) == (Category.SPECIAL, True, (CARE,))
    assert kept.content == text("new")
    stricter = restricted(looser, before)
    assert (stricter.category, stricter.hidden_from_director) == (Category.SPECIAL, True)
    assert restricted(item(), item(category=Category.CRIMINAL)).category is Category.CRIMINAL


def test_agreements_stay_bound_to_what_a_contributor_restricts_a19() -> None:
    source = DrawnFrom(item_id=ITEM, contributor=POLICE, category=Category.ORDINARY, released=True)
    revision = Revision(category=Category.SPECIAL, hidden_from_director=True)
    now = bound(source, (standing(withheld_from=(CARE,), revision=revision),))
    assert (now.category, now.hidden_from_director, now.withheld_from) == (Category.SPECIAL, True, (CARE,))
    looser = standing(revision=Revision(category=Category.ORDINARY, hidden_from_director=False))
    assert bound(now, (looser,)) == now
    assert bound(source, ()) is source
