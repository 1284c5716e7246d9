"""Looking for words in a database in every form in which a column may hold them."""

from collections.abc import Iterable

from shared.contract.fields import ID


def in_any_form(words: Iterable[str]) -> str:
    """Return a pattern of these words as text, as the bytes of it, and, where they are ids, as their bytes.

    For PostgreSQL, without regard to case: so it shows the bytes of a column in hexadecimal digits.
    """
    plain = sorted(words)
    digits = [word.encode().hex() for word in plain] + [word.upper().encode().hex() for word in plain]
    bare = [word.replace("-", "") for word in plain if ID.fullmatch(word)]
    return "|".join([*plain, *digits, *bare])
