"""Take the texts out of a message where it is read, and seal them once their case's key is at hand."""

from collections.abc import Callable
from typing import NamedTuple

from shared.contract.content import SealedText, TextRef, is_blank, replace_texts_with_refs
from shared.contract.registry import Model
from shared.crypto.case_cipher import CaseKey


class ExtractedTexts(NamedTuple):
    """Hold the texts of a message, each with the id of its sealed form; those in `sealed` came sealed."""

    written: tuple[tuple[str, str], ...] = ()
    sealed: tuple[SealedText, ...] = ()

    def pieces(self, key: CaseKey | None, by: str) -> tuple[SealedText, ...]:
        """Return all of them, sealed by this service under the key; without a key those that came sealed."""
        if key is None:
            return self.sealed
        return (*self.sealed, *(key.encrypt(text, piece=piece, by=by) for piece, text in self.written))


NOTHING_KEPT = TextRef("", "")


def drop_texts(fresh: Model) -> ExtractedTexts:
    """Take the texts out of a message that was just read, and keep none of them."""
    replace_texts_with_refs(fresh, lambda content: NOTHING_KEPT)
    return ExtractedTexts()


def extract_texts(fresh: Model, by: str, anchor: Callable[[], str]) -> ExtractedTexts:
    """Take the texts out of a message that was just read; it keeps references to their pieces.

    `anchor` begins the numbers of the pieces and is asked for once, if there is any text. Blank text stays
    where it is, so that a decision sees that nothing was given.
    """
    written: list[tuple[str, str]] = []
    sealed: list[SealedText] = []
    start = ""

    def ref_of(content: str | SealedText) -> TextRef | None:
        nonlocal start
        if isinstance(content, SealedText):
            sealed.append(content)
            return TextRef(content.piece, content.by)
        if is_blank(content):
            return None
        start = start or anchor()
        piece = f"{start}.{len(written) + 1}"
        written.append((piece, content))
        return TextRef(piece, by)

    replace_texts_with_refs(fresh, ref_of)
    return ExtractedTexts(tuple(written), tuple(sealed))
