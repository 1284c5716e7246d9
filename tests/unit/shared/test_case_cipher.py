"""A piece opens under its own key, in its own place, and nowhere else (R105)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.content import TextRef
from shared.crypto.case_cipher import CannotDecrypt, CaseKey, reference

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
PLACES = st.sampled_from(["house", "case", "piece", "by", "key"])


def case_key(key: bytes = KEY, house: str = "house", case: str = "case") -> CaseKey:
    return CaseKey(key, house=house, case_id=case)


@pytest.mark.clause("R127.d", allowed="Een tekst over een casus is te lezen met de sleutel van die casus.")
@given(st.text(), st.text(max_size=20))
def test_a_piece_opens_in_its_own_place(text: str, piece: str) -> None:
    sealed = case_key().encrypt(text, piece=piece, by="intake")
    assert case_key().decrypt(sealed) == text
    assert reference(sealed) == TextRef(piece, "intake")


def test_sealing_the_same_twice_gives_other_bytes() -> None:
    first, second = (case_key().encrypt("text", piece="p", by="intake") for _ in range(2))
    assert first.box != second.box
    assert b"text" not in first.box


@pytest.mark.clause("R127.d", refused="Met de sleutel van een andere casus is die tekst niet te lezen.")
@given(PLACES)
def test_a_piece_moved_anywhere_else_does_not_open(moved: str) -> None:
    sealed = case_key().encrypt("text", piece="p", by="intake")
    key = case_key(
        OTHER_KEY if moved == "key" else KEY,
        house="elsewhere" if moved == "house" else "house",
        case="another" if moved == "case" else "case",
    )
    if moved == "piece":
        sealed = replace(sealed, piece="other")
    if moved == "by":
        sealed = replace(sealed, by="triage")
    with pytest.raises(CannotDecrypt):
        key.decrypt(sealed)


@given(st.binary(max_size=60))
def test_any_other_bytes_do_not_open(box: bytes) -> None:
    with pytest.raises(CannotDecrypt):
        case_key().decrypt(replace(case_key().encrypt("text", piece="p", by="intake"), box=box))


def test_a_place_cannot_be_shifted_between_its_parts() -> None:
    sealed = CaseKey(KEY, house="a", case_id="b").encrypt("text", piece="c", by="intake")
    with pytest.raises(CannotDecrypt):
        CaseKey(KEY, house="a\x1fb", case_id="c").decrypt(replace(sealed, piece="c"))
