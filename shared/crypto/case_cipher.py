"""Pieces at rest: AES-256-GCM under the case's key, bound to house, case, piece and the service that sealed.

A ciphertext moved to another row, case or service does not open, because its place is part of the seal.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.contract.content import SealedText, TextRef

_NONCE_BYTES = 12  # bytes


class CannotDecrypt(Exception):
    """The piece was not sealed under this key for this place."""


class CaseKey:
    """One case's key, with its cipher at hand."""

    __slots__ = ("_cipher", "_house", "case_id")

    def __init__(self, key: bytes, *, house: str, case_id: str) -> None:
        self._cipher, self._house, self.case_id = AESGCM(key), house, case_id

    def encrypt(self, text: str, *, piece: str, by: str) -> SealedText:
        """The text as a sealed piece of this case."""
        nonce = os.urandom(_NONCE_BYTES)
        box = nonce + self._cipher.encrypt(nonce, text.encode(), self._associated_data(piece, by))
        return SealedText(piece, by, box)

    def decrypt(self, piece: SealedText) -> str:
        """The text of a piece sealed for exactly this place; raises `CannotDecrypt`."""
        nonce, ciphertext = piece.box[:_NONCE_BYTES], piece.box[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(
                nonce, ciphertext, self._associated_data(piece.piece, piece.by)
            ).decode()
        except (InvalidTag, ValueError):
            raise CannotDecrypt(piece.by) from None

    def _associated_data(self, piece: str, by: str) -> bytes:
        return "\x1f".join((self._house, self.case_id, piece, by)).encode()


def reference(piece: SealedText) -> TextRef:
    """Where a sealed piece lies."""
    return TextRef(piece.piece, piece.by)
