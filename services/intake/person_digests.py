"""Find a person by a keyed hash of name and full date of birth, made where these are read (R13, A23).

Exact, once accents, case, hyphens and a surname in front do not count: what is guessed beyond that could say
of somebody that he is in treatment who is not. An incomplete date finds nobody.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date

from services.intake.identity import UNFINDABLE
from shared.contract.content import AnyContent
from shared.contract.messages.intake import ReferralSubmitted
from shared.contract.messages.known_check import KnownCheckAsked
from shared.ids import keyed_hash

# What Unicode does not take apart into a letter and its accent.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
_APOSTROPHES = re.compile(r"['’‘`´]")
_NOT_IN_A_NAME = re.compile(r"[^\w]+|_")
_SHORTENED = re.compile(r"\b(v d|vd)\b")  # "v.d.", "v/d"
_PREFIXES = frozenset(
    """
    a aan af al am auf aus bij bin d da dal de degli dei del della den der des di do dos du el
    en het im in l la las le les lo los of onder op over s t te ten ter thoe tho to toe tot
    uit uijt van ver vom von voor vor zu zum zur
    """.split()  # noqa: SIM905 - a list of words, read as one
)
_NO_NAME = frozenset({"", "nn", "n n", "nb", "n b", "onbekend", "unknown"})

_MONTHS = """
    januari februari maart april mei juni juli augustus september oktober november december
    """.split()  # noqa: SIM905 - a list of words, read as one
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_ISO_CLOSED = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DUTCH = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})")
_IN_WORDS = re.compile(r"(\d{1,2})[- ]([a-z]+)[- ](\d{4})")


def digests_of_referral(referral: ReferralSubmitted, key: bytes) -> tuple[str, ...]:
    """Return by what each person of a referral is found, in their order; nothing after this reads a name."""
    return tuple(digest_of(person.name, person.date_of_birth, key) for person in referral.persons)


def digests_of_check(asked: KnownCheckAsked, key: bytes) -> tuple[str, ...]:
    """Return by what the person is found whom another house asks about."""
    return (digest_of(asked.name, asked.date_of_birth, key),)


def digest_of(name: AnyContent, born: AnyContent, key: bytes) -> str:
    """Compute the keyed hash (hexadecimal) of a person; `UNFINDABLE` where name or date are incomplete."""
    if not isinstance(name, str) or not isinstance(born, str):
        return UNFINDABLE
    told, day = normalised(name), full_date(born)
    if told in _NO_NAME or day is None:
        return UNFINDABLE
    return keyed_hash(key, "person", told, day.isoformat()).hex()


def normalised(name: str) -> str:
    """Return a name in the form in which names are compared: "Berg, Jan van der" is "jan van der berg"."""
    surname, *rest = [_words(part) for part in name.split(",")]
    if not rest:
        return " ".join(surname)
    given = [word for part in rest for word in part if not _PREFIXES.issuperset(part)]
    alone = [word for part in rest for word in part if _PREFIXES.issuperset(part)]
    first, behind = _split(given)
    own, moved = _split(surname)
    return " ".join([*first, *behind, *alone, *moved, *own])


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the words, and apart from them the prefixes that stand at their end."""
    end = len(words)
    while end > 1 and words[end - 1] in _PREFIXES:
        end -= 1
    return list(words[:end]), list(words[end:])


def _words(text: str) -> list[str]:
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(_LETTERS)
    plain = _NOT_IN_A_NAME.sub(" ", _APOSTROPHES.sub(" ", bare)).strip()
    return _SHORTENED.sub("van der", plain).split()


def full_date(said: str) -> date | None:
    """Return a date of birth that names day, month and year; None for what is incomplete, or no date."""
    text = " ".join(said.casefold().split())
    if found := _ISO.fullmatch(text) or _ISO_CLOSED.fullmatch(text):
        return _date(*map(int, found.groups()))
    if found := _DUTCH.fullmatch(text):
        day, month, year = map(int, found.groups())
        return _date(year, month, day)
    if (found := _IN_WORDS.fullmatch(text)) and found[2] in _MONTHS:
        return _date(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]))
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1880 <= year <= 2200 else None
    except ValueError:
        return None
