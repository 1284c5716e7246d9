"""Ids lead nowhere, and a derived one only for who holds the key."""

import re
import time
import uuid

from hypothesis import given
from hypothesis import strategies as st

from shared.contract.fields import ID
from shared.ids import keyed_hash, keyed_id, new_id

PARTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4)


def test_new_ids_are_uuids_of_version_7_that_sort_by_time() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_id() for _ in range(1000)]
    after = time.time_ns() // 1_000_000
    assert len(set(made)) == len(made)
    for one in made:
        parsed = uuid.UUID(one)
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
        assert before <= parsed.int >> 80 <= after
        assert ID.match(one)


@given(st.binary(min_size=1), PARTS)
def test_the_same_parts_give_the_same_id(key: bytes, parts: list[str]) -> None:
    one = keyed_id(key, *parts)
    assert one == keyed_id(key, *parts)
    assert uuid.UUID(one).version == 8
    assert re.fullmatch(r"[0-9a-f-]{36}", one)


@given(PARTS, PARTS)
def test_no_two_lists_of_parts_collide(one: list[str], other: list[str]) -> None:
    assert (keyed_hash(b"k", *one) == keyed_hash(b"k", *other)) is (one == other)


@given(PARTS)
def test_another_key_gives_another_id(parts: list[str]) -> None:
    assert keyed_id(b"one", *parts) != keyed_id(b"two", *parts)


def test_an_id_is_nothing_but_an_id() -> None:
    """A line end after an id would make two ids of one case."""
    assert ID.fullmatch(new_id() + "\n") is None
