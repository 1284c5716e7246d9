"""Text, sealed piece, reference: the one walk finds each of them, and a party hands us text only."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import make_dataclass
from datetime import date
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, create_model

from shared.contract.content import (
    MAX_CONTENT,
    SEALED_ALLOWED,
    AnyContent,
    Content,
    SealedText,
    TextRef,
    check_walkable,
    contents,
    is_blank,
    replace_texts_with_refs,
    text,
    transform,
)
from shared.contract.fields import Item, Person, PersonRole
from shared.contract.messages.intake import ReferralReceived, ReferralWithdrawn
from shared.contract.messages.triage import QueryAnswered
from shared.contract.registry import Direction, Model, all_messages, by_type, message

ID = "0192aaaa-0000-7000-8000-00000000000a"
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r"), max_size=40)
SEALED = st.builds(SealedText, st.text(max_size=9), st.just("intake"), st.binary(max_size=40))
REFS = st.builds(TextRef, st.text(max_size=9), st.just("intake"))
ANY = TEXTS | SEALED | REFS


def item(content: AnyContent, necessity: AnyContent, conditions: AnyContent | None) -> Item:
    return Item(
        item_id=ID,
        acting_body="college",
        basis="Wmo",
        valid_on=date(2026, 3, 2),
        content=content,
        necessity=necessity,
        use_conditions=conditions,
    )


ITEMS = st.builds(item, ANY, ANY, st.none() | ANY)
ANSWERS = st.builds(
    lambda items, plan: QueryAnswered(query_id=ID, involved=True, items=items, plan_contribution=plan),
    st.lists(ITEMS, max_size=3).map(tuple),
    st.none() | ANY,
)


def written(answer: QueryAnswered) -> list[AnyContent]:
    """What the walk must find, said without it."""
    found = [answer.plan_contribution]
    for one in answer.items:
        found += [one.necessity, one.content, one.use_conditions]
    return [content for content in found if content is not None]


@given(ANSWERS)
def test_the_walk_finds_each_content_once_and_nothing_else(answer: QueryAnswered) -> None:
    assert sorted(map(repr, contents(answer))) == sorted(map(repr, written(answer)))


@given(ANSWERS)
def test_a_walk_that_changes_nothing_gives_the_same(answer: QueryAnswered) -> None:
    assert transform(answer, lambda content: content) == answer


@given(ANSWERS)
def test_what_is_laid_away_leaves_references_and_nothing_else_changes(answer: QueryAnswered) -> None:
    fresh = answer.model_copy(deep=True)
    met: list[AnyContent] = []

    def ref_of(content: str | SealedText) -> TextRef | None:
        met.append(content)
        return TextRef(content.piece, content.by) if isinstance(content, SealedText) else None

    replace_texts_with_refs(fresh, ref_of)
    assert met == [c for c in contents(answer) if not isinstance(c, TextRef)]
    assert fresh == transform(answer, lambda c: TextRef(c.piece, c.by) if isinstance(c, SealedText) else c)


@given(ANSWERS)
def test_inside_the_house_a_message_is_written_and_read_as_it_was(answer: QueryAnswered) -> None:
    again = QueryAnswered.model_validate_json(answer.model_dump_json(), context=SEALED_ALLOWED)
    assert list(contents(again)) == list(contents(answer))


@pytest.mark.parametrize("context", [None, {}])
@pytest.mark.parametrize(
    "smuggled",
    [
        {"piece": "p", "by": "intake"},
        {"piece": "p", "by": "intake", "box": base64.b64encode(b"x").decode()},
        None,
        7,
        ["text"],
    ],
)
def test_a_party_can_hand_in_text_only(smuggled: Any, context: dict[str, Any] | None) -> None:
    with pytest.raises(ValidationError):
        ReferralWithdrawn.model_validate({"reason": smuggled}, context=context)


def test_a_text_is_as_long_as_the_limit_and_no_longer() -> None:
    assert ReferralWithdrawn(reason="x" * MAX_CONTENT).reason
    with pytest.raises(ValidationError):
        ReferralWithdrawn(reason="x" * (MAX_CONTENT + 1))


def test_codes_and_ids_are_no_content() -> None:
    letter = ReferralReceived(referral_id=ID, case_id=ID)
    assert list(contents(letter)) == []
    person = Person(person_id=ID, role=PersonRole.SUBJECT, name="A", date_of_birth="B")
    assert list(contents(person)) == ["A", "B"]


@pytest.mark.parametrize("blank", [None, "", "  ", "\n\t"])
def test_blank_is_what_says_nothing(blank: str | None) -> None:
    assert is_blank(blank)


def test_a_sealed_piece_or_a_word_is_not_blank() -> None:
    assert not is_blank("x")
    assert not is_blank(SealedText("p", "intake", b""))


def test_only_a_text_that_lies_somewhere_is_one() -> None:
    one = TextRef("p", "intake")
    assert text(one) is one
    assert text("") is None
    assert text(None) is None


@pytest.mark.parametrize("text_", ["\ud800", "a\udfffb", "\ude00\ud83d"])
def test_half_a_character_is_no_text(text_: str) -> None:
    """JSON can say it and no byte can: sealing it would fail, as a fault of ours."""
    with pytest.raises(ValidationError):
        ReferralWithdrawn(reason=text_)
    assert ReferralWithdrawn(reason="\U0001f600 \u00e9").reason == "\U0001f600 \u00e9"


CONTROLS = [chr(n) for n in (*range(32), *range(0x7F, 0xA0)) if chr(n) not in "\t\n\r"]


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_a_text_holds_no_control_character_but_layout(control: str) -> None:
    """NUL above all, which PostgreSQL does not take."""
    for text_ in (control, f"a{control}b", f"\u00e9{control}"):
        with pytest.raises(ValidationError):
            ReferralWithdrawn(reason=text_)
    assert ReferralWithdrawn(reason="Eerst.\r\n\tDan.").reason == "Eerst.\r\n\tDan."


@given(st.text())
def test_the_published_pattern_of_a_text_says_what_is_taken(text_: str) -> None:
    schema = ReferralWithdrawn.model_json_schema()["properties"]["reason"]
    try:
        taken = bool(ReferralWithdrawn(reason=text_))
    except ValidationError:
        taken = False
    assert taken is (re.fullmatch(schema["pattern"], text_) is not None)


class Named(NamedTuple):
    content: TextRef


WALKED = (
    Content,
    Content | None,
    tuple[Content, ...],
    tuple[Item, ...] | None,
    Annotated[tuple[Person, ...], Field(min_length=1)],
    list[str],
    dict[str, int],
    set[PersonRole],
)
NOT_WALKED = (
    list,
    tuple,
    Named,
    list[Content],
    list[Item],
    set[Content],
    frozenset[Content],
    dict[str, Content],
    Mapping[str, Person],
    Sequence[Item],
    list[Item] | None,
    tuple[list[Content], ...],
    Annotated[list[Content], Field(max_length=3)],
)


@pytest.mark.parametrize("annotation", WALKED, ids=str)
def test_content_may_stand_where_the_walk_enters(annotation: Any) -> None:
    check_walkable(create_model("Message", __base__=Model, held=(annotation, ...)))
    check_walkable(make_dataclass("State", [("held", annotation)]))


@pytest.mark.parametrize("annotation", NOT_WALKED, ids=str)
def test_content_where_the_walk_does_not_enter_is_refused_at_registration(annotation: Any) -> None:
    """A text there would never be sealed, and would lie in the database as it was written."""
    model = create_model("Message", __base__=Model, held=(annotation, ...))
    outer = create_model("Outer", __base__=Model, inner=(model | None, None))
    for kind in (model, outer):
        with pytest.raises(TypeError, match=r"^Message\.held: content in .* is never sealed; use a tuple$"):
            message("not-walked", "intake", Direction.FROM_PARTY, dutch="n")(kind)
    assert by_type("nl.veiligheidscasussen.not-walked.v1") is None, "nothing of it is registered"
    with pytest.raises(TypeError):
        check_walkable(make_dataclass("State", [("held", annotation)]))


def test_the_walk_enters_every_message_of_the_contract() -> None:
    assert all_messages()
    for entry in all_messages():
        check_walkable(entry.model)
