"""Encrypt and decrypt the sealed texts of a case: AES-256-GCM under the key of the case.

The associated data are house, case, text id and the service that sealed it, so that a ciphertext moved to
another row, case or service does not decrypt.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.contract.content import SealedText, TextRef
from shared.ids import keyed_hash

_NONCE_BYTES = 12  # bytes


class CannotDecrypt(Exception):
    """Report that a text was not sealed under this key for this house, case, text id and service."""


class CaseKey:
    """Hold one case's key (32 bytes) with its cipher; `log_key` is derived from it, for leaves of logs."""

    __slots__ = ("_cipher", "_house", "case_id", "log_key")

    def __init__(self, key: bytes, *, house: str, case_id: str) -> None:
        self._cipher, self._house, self.case_id = AESGCM(key), house, case_id
        self.log_key = keyed_hash(key, "log-leaves")

    def encrypt(self, text: str, *, piece: str, by: str) -> SealedText:
        """Seal a text of this case under a fresh nonce; `piece` is its text id, `by` the sealing service."""
        nonce = os.urandom(_NONCE_BYTES)
        box = nonce + self._cipher.encrypt(nonce, text.encode(), self._associated_data(piece, by))
        return SealedText(piece, by, box)

    def decrypt(self, piece: SealedText) -> str:
        """Return the text that was sealed for exactly this place; raise `CannotDecrypt` otherwise."""
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
    """Return the reference to a sealed text."""
    return TextRef(piece.piece, piece.by)
