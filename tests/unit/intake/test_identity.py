"""By what a person is found: the exact name once accents, case and order do not count, and the full date."""

import pytest

from services.intake.identity import UNFINDABLE, identities
from services.intake.person_digests import digest_of, digests_of_referral, full_date, normalised
from shared.contract.content import contents
from shared.contract.fields import PersonRole
from shared.contract.messages.known_check import KnownCheckAsked
from shared.handling.text_extraction import drop_texts
from tests.support.samples import intake as s

KEY, BORN = b"k" * 32, "1990-04-17"


def digest(name: str, born: str = BORN) -> str:
    return digest_of(name, born, KEY)


@pytest.mark.parametrize(
    "written",
    [
        "Jan van der Berg",
        "JAN VAN DER BERG",
        "  Jan   van der  Berg ",
        "Van der Berg, Jan",
        "Berg, Jan van der",
        "Berg, van der, Jan",
        "Berg van der, Jan",
        "Jan v.d. Berg",
        "v/d Berg, Jan",
        "Ján van dèr Bërg",
        "Jan van-der-Berg",
    ],
)
@pytest.mark.clause(
    "R13.e",
    allowed="Een naam wordt gevonden, hoe voorvoegsels, accenten en volgorde ook zijn geschreven.",
)
def test_one_name_has_one_form_however_it_is_written(written: str) -> None:
    assert normalised(written) == "jan van der berg"
    assert digest(written) == digest("Jan van der Berg") != UNFINDABLE


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Jan-Peter Müller", "jan peter muller"),
        ("’t Hart, Piet", "Piet 't Hart"),
        ("D'Hondt, Éloïse", "eloise d hondt"),
        ("Łukasz Đorđe", "lukasz dorde"),
        ("Søren Straße", "soren strasse"),
        ("İbrahim Yılmaz", "ibrahim yilmaz"),
        ("Anne Ĳssel", "anne ijssel"),
    ],
)
def test_accents_ligatures_and_signs_do_not_count(name: str, same: str) -> None:
    assert digest(name) == digest(same)


@pytest.mark.parametrize(
    "other",
    [
        "Piet van der Berg",  # a twin
        "Jan Jansen",  # a changed name
        "Jan van den Berg",
        "Jan Berg",
        "J. van der Berg",
        "Jan Pieter van der Berg",
        "Jan van der Berg-Smit",
    ],
)
@pytest.mark.clause(
    "R13.e",
    refused="Een tweelingbroer, een andere naam of alleen een initiaal is geen treffer.",
)
def test_another_name_is_another_person(other: str) -> None:
    assert digest(other) != digest("Jan van der Berg")


@pytest.mark.parametrize(
    "born", ["17-04-1990", "17-4-1990", "17/04/1990", "19900417", "17 april 1990", "1990/4/17"]
)
def test_one_date_has_one_form_however_it_is_written(born: str) -> None:
    assert full_date(born) is not None
    assert digest("Persoon A", born) == digest("Persoon A")


@pytest.mark.parametrize(
    "born",
    ["", "1990", "04-1990", "00-04-1990", "1990-00-00", "17-04-90", "31-02-1990", "onbekend", "ca. 1990"],
)
@pytest.mark.clause("R13.e", refused="Een onvolledige geboortedatum vindt niemand.")
def test_an_incomplete_date_finds_nobody(born: str) -> None:
    assert digest("Persoon A", born) == UNFINDABLE


@pytest.mark.parametrize("name", ["", "   ", ",", "NN", "N.N.", "Onbekend"])
def test_who_has_no_name_on_record_is_found_by_nobody(name: str) -> None:
    assert digest(name) == UNFINDABLE


def test_the_hash_needs_the_key_of_the_house() -> None:
    assert digest_of("Persoon A", BORN, b"another key") != digest("Persoon A")
    assert "persoon" not in digest("Persoon A")


def test_the_citizen_service_number_is_no_part_of_it() -> None:
    man = s.person(s.MAN, name="Persoon A", date_of_birth=BORN)
    with_number = man.model_copy(update={"bsn": "999990019"})
    found = {digests_of_referral(s.referral(persons=(one,)), KEY) for one in (man, with_number)}
    assert found == {(digest("Persoon A"),)}


def test_of_each_person_of_a_referral_it_is_kept_whether_the_case_is_about_it() -> None:
    mother = s.person(s.MOTHER, name="Persoon B", date_of_birth="1960", role=PersonRole.PARENT)
    referral = s.referral(persons=(s.person(s.MAN, name="Persoon A", date_of_birth=BORN), mother))
    man, parent = identities(referral, digests_of_referral(referral, KEY))
    assert (man.person_id, man.subject, man.digest) == (s.MAN, True, digest("Persoon A"))
    assert (parent.person_id, parent.subject, parent.digest) == (s.MOTHER, False, UNFINDABLE)


def test_of_what_another_house_asks_no_text_is_kept() -> None:
    asked = KnownCheckAsked(check_id=s.CHECK, case_id=s.THEIR_CASE, name="Persoon A", date_of_birth=BORN)
    texts = drop_texts(asked)
    assert (texts.written, texts.sealed) == ((), ())
    assert "Persoon A" not in map(str, contents(asked))
