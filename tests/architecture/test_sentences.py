"""Every refusal speaks English and Dutch from one table, which says nothing else."""

import re
from collections.abc import Iterator

import pytest

from docs.generate.rules import house_refusals, http_refusals, service_refusals
from docs.generate.tree import services
from shared.contract.fields import MAX_LINE
from shared.contract.refusal import REASONS, RECORD, SENTENCES, Refusal, unreadable

ALL = [(owner, name, said) for owner, table in SENTENCES.items() for name, said in table.items()]
MOST_WORDS = 24  # of a sentence at B1, counted up to a colon
ENGLISH = {"the", "this", "query", "case", "party", "item", "release", "send", "again", "and", "person"}
# What the glossary calls otherwise.
NOT_OF_THE_COVENANT = {"zaak", "vraagstelling", "goedkeuring", "deelnemende partij", "regisseur", "dataset"}


def told_by(owner: str) -> Iterator[Refusal]:
    if owner == "house":
        yield from house_refusals().values()
    elif owner == "http":
        yield from http_refusals().values()
    else:
        yield from service_refusals(owner).values()


@pytest.mark.parametrize("owner", ["house", "http", *services()])
def test_each_refusal_has_its_sentences_in_the_table_and_each_sentence_a_refusal(owner: str) -> None:
    told = {one.name: one.said for one in told_by(owner) if one.reason not in REASONS}
    assert told == dict(SENTENCES[owner])


def test_what_could_not_be_read_has_its_sentences_in_the_table() -> None:
    assert {reason: unreadable(reason).said for reason in REASONS} == dict(SENTENCES[RECORD])


def test_a_sentence_is_one_line_in_each_language() -> None:
    for owner, name, said in ALL:
        for sentence in said:
            assert re.fullmatch(r"[A-Z][^{}%<>]*\.", sentence), f"{owner}.{name}"
            assert len(sentence) <= MAX_LINE, f"{owner}.{name}"
        assert said.en != said.nl, f"{owner}.{name}"


def test_a_dutch_sentence_is_short_and_in_the_words_of_the_covenant() -> None:
    for owner, name, said in ALL:
        longest = max(len(part.split()) for part in re.split(r"[:;]", said.nl))
        assert longest <= MOST_WORDS, f"{owner}.{name}"
        words = set(re.findall(r"[a-z]+", said.nl.lower()))
        assert not words & (ENGLISH | NOT_OF_THE_COVENANT), f"{owner}.{name}"


def test_no_two_refusals_of_one_owner_share_a_reason() -> None:
    for owner in ("house", "http", *services()):
        reasons = [one.reason for one in told_by(owner)]
        assert len(reasons) == len(set(reasons)), owner
