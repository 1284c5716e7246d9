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


@dataclass(frozen=True, slots=True)
class Figures:
    """Hold what is shown of the counts: every cell of every year, with a count or withheld (None).

    `total`: of the years that are over; None where it would give away a small number of what is withheld.
    """

    total: int | None
    cells: Mapping[Cell, int | None]


def shown(counts: Mapping[Cell, int], smallest: int, this_year: int) -> Figures:
    """Return the figures in which nothing below `smallest` is shown, nor can be worked out (A24).

    Each proof counts one case in its month, so the number of a year is known. A running year is withheld:
    two looks at it would tell how the case between them ended.
    """
    years = sorted({year for year, _, _ in counts})
    over = {year: {c: n for c, n in counts.items() if c[0] == year} for year in years if year < this_year}
    kept = {cell: n for of_year in over.values() for cell, n in _kept(of_year, smallest).items()}
    cells = [(year, theme, ending) for year in years for theme in Theme for ending in Ending]
    rests = [_rest(of_year, kept) for of_year in over.values()]
    total = sum(sum(of_year.values()) for of_year in over.values())
    return Figures(
        None if any(0 < rest < smallest for rest in rests) else total,
        {cell: kept.get(cell) for cell in cells},
    )


def _kept(of_year: Mapping[Cell, int], smallest: int) -> dict[Cell, int]:
    """Return the cells of a year that are shown, so many that the others add up to none or no small number.

    Empty cells are withheld like small ones.
    """
    kept = {cell: n for cell, n in of_year.items() if n >= smallest}
    while kept and 0 < _rest(of_year, kept) < smallest:
        del kept[min(kept, key=lambda cell: (kept[cell], cell))]
    return kept


def _rest(of_year: Mapping[Cell, int], kept: Mapping[Cell, int]) -> int:
    return sum(n for cell, n in of_year.items() if cell not in kept)
