"""Prove that a case was destroyed, and count it: neither leads to the case (R91, R106).

Each proof holds the digest of the one before, so that leaving one out or changing the order shows.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.contract.fields import Theme

FIRST = bytes(32)  # what stands for the digest before the first proof


class Ending(StrEnum):
    """How a case ended."""

    DEESCALATED = "deescalated"
    NOT_TAKEN_UP = "not-taken-up"
    WITHDRAWN = "withdrawn"
    DOES_NOT_BELONG = "does-not-belong"
    OTHER_TABLE = "other-table"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOfDestruction:
    """Hold the proof of one destroyed case: no number, no person, no party, and no day (R106)."""

    proof_id: str
    month: str
    theme: Theme
    ending: Ending
    confirmed_by: tuple[str, ...]
    backups_lapse_in: str


@dataclass(frozen=True, slots=True)
class AwaitedKey:
    """Name a private key of a service, by its kid, that may decrypt a record still on a broker's disk."""

    service: str
    kid: str


UNKNOWN_KEY = "unknown"  # of a service that did not say which keys it has; never gone


@dataclass(frozen=True, slots=True)
class AwaitedKeys:
    """Name what a proof waits for: while any is left the case is erased in the services, then complete.

    Stored beside the proof and not in it: the kid of a day's key would tell the day (R106).
    """

    proof_id: str
    keys: tuple[AwaitedKey, ...]


@dataclass(frozen=True, slots=True)
class KeysGone:
    """Name keys that no proof waits for any more."""

    keys: tuple[AwaitedKey, ...]


@dataclass(frozen=True, slots=True)
class CaseCounted:
    """Count one more case for the management figures (R91)."""

    year: int
    theme: Theme
    ending: Ending


@dataclass(frozen=True, slots=True)
class ChainedProof:
    """Hold a proof in its place: its number, the digest of the one before, and its own."""

    number: int
    proof: ProofOfDestruction
    previous: bytes
    digest: bytes


def chained(last: ChainedProof | None, proof: ProofOfDestruction) -> ChainedProof:
    """Return the proof as the next in the chain, behind the last one."""
    number = last.number + 1 if last else 1
    previous = last.digest if last else FIRST
    return ChainedProof(number, proof, previous, digest_of(number, proof, previous))


def digest_of(number: int, proof: ProofOfDestruction, previous: bytes) -> bytes:
    """Return SHA-256 over the digest before and all that the proof says, in one fixed form."""
    said = [
        number,
        proof.proof_id,
        proof.month,
        proof.theme,
        proof.ending,
        list(proof.confirmed_by),
        proof.backups_lapse_in,
    ]
    return hashlib.sha256(previous + json.dumps(said, separators=(",", ":")).encode()).digest()


def first_break(chain: Sequence[ChainedProof], after: ChainedProof | None = None) -> int | None:
    """Return the first number at which the chain is not what was written: missing, moved or changed.

    `after` is the proof before the first of these; without one they begin at the beginning.
    """
    previous, first = (after.digest, after.number + 1) if after else (FIRST, 1)
    for expected, link in enumerate(chain, start=first):
        sound = digest_of(expected, link.proof, previous)
        if (link.number, link.previous, link.digest) != (expected, previous, sound):
            return expected
        previous = link.digest
    return None


Cell = tuple[int, Theme, Ending]


def shown(counts: Mapping[Cell, int], smallest: int) -> dict[Cell, int | None]:
    """Return every cell of every year that has a case, without counts below `smallest` (A24).

    Empty cells are withheld like small ones: else the total less what is shown would give a small cell away.
    """
    years = sorted({year for year, _, _ in counts})
    cells = [(year, theme, ending) for year in years for theme in Theme for ending in Ending]
    return {cell: n if (n := counts.get(cell, 0)) >= smallest else None for cell in cells}
