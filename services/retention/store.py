"""Store what retention has besides its cases: proofs in a chain, counts, what erasures wait for."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from services.retention.proofs import (
    UNKNOWN_KEY,
    AwaitedKeys,
    CaseCounted,
    Cell,
    ChainedProof,
    Ending,
    KeysGone,
    ProofOfDestruction,
    chained,
)
from services.retention.state import State
from shared.contract.fields import Theme
from shared.contract.messages.retention import FileDestroyed
from shared.contract.registry import of_model
from shared.storage.cases import CaseTable
from shared.storage.database import fetch, run
from shared.telemetry.metrics import LETTERS_STOPPED

log = structlog.get_logger()
UNSENT_FOR = timedelta(days=14).total_seconds()  # as long as a letter lies on a party's topic
_CHAIN_LOCK = 7_119  # one proof after the other, whoever writes

_ALONE = sa.text("SELECT pg_advisory_xact_lock(:lock)")
_PROOFS = sa.text("SELECT * FROM proofs WHERE number >= :first ORDER BY number LIMIT :most")
_LAST = sa.text("SELECT * FROM proofs ORDER BY number DESC LIMIT 1")
_PROVE = sa.text(
    """
    INSERT INTO proofs (number, proof_id, month, theme, ending, confirmed_by, backups_lapse_in,
                        previous, digest)
    VALUES (:number, :proof_id, :month, :theme, :ending, CAST(:confirmed_by AS text[]), :backups_lapse_in,
            :previous, :digest)
    """
)
_COUNT = sa.text(
    """
    INSERT INTO figures (year, theme, ending, cases)
    SELECT * FROM unnest(CAST(:years AS int[]), CAST(:themes AS text[]), CAST(:endings AS text[]),
                         CAST(:counts AS int[]))
    ON CONFLICT (year, theme, ending) DO UPDATE SET cases = figures.cases + excluded.cases
    """
)
_FIGURES = sa.text("SELECT year, theme, ending, cases FROM figures")
_AWAIT = sa.text(
    """
    INSERT INTO awaited_keys (proof_id, service, kid)
    SELECT * FROM unnest(CAST(:proofs AS text[]), CAST(:services AS text[]), CAST(:kids AS text[]))
    ON CONFLICT DO NOTHING
    """
)
_GONE = sa.text(
    """
    DELETE FROM awaited_keys WHERE (service, kid)
        IN (SELECT * FROM unnest(CAST(:services AS text[]), CAST(:kids AS text[])))
    """
)
# Each kid is found from the one before by an index, however many proofs wait for it.
_OWN_KIDS = sa.text(
    """
    WITH RECURSIVE kids AS (
        (SELECT kid FROM awaited_keys WHERE service = 'retention' ORDER BY kid LIMIT 1)
        UNION ALL
        SELECT (SELECT later.kid FROM awaited_keys AS later
                WHERE later.service = 'retention' AND later.kid > kids.kid ORDER BY later.kid LIMIT 1)
        FROM kids WHERE kids.kid IS NOT NULL
    )
    SELECT kid FROM kids WHERE kid IS NOT NULL
    """
)
_WAITING = sa.text("SELECT DISTINCT proof_id FROM awaited_keys WHERE proof_id = ANY(:proofs)")
# Of what is sent after an erasure, and so about no case.
_GIVE_UP = sa.text(
    """
    DELETE FROM outbox WHERE case_id IS NULL AND recipient IS NOT NULL AND type = :type
        AND recorded_at < now() - make_interval(secs => :seconds)
    """
)
_ASKED = sa.text(
    """
    SELECT case_id FROM cases WHERE (state ->> 'asked') IS NOT NULL AND case_id > :after AND NOT held
    ORDER BY case_id LIMIT :most
    """
)
# PostgreSQL keeps `erasures` from the phases of the cases, by triggers.
_ERASURES = sa.text(
    """
    SELECT (SELECT count(*) FROM (SELECT FROM erasures ORDER BY number LIMIT :limit) AS counted),
           (SELECT min(ordered_at) FROM erasures)
    """
)
_UNDER_ERASURE = sa.text(
    """
    SELECT number, case_id, phase, version, CAST(state AS text) AS state, CAST(heard AS text) AS heard, held
    FROM erasures JOIN cases USING (case_id) WHERE number > :after ORDER BY number LIMIT :most
    """
)


class Records:
    """Write proofs and counts in the transaction of the erasure they are about.

    `held` says which private keys retention itself has, or nothing as long as it is not told.
    """

    def __init__(self, held: Callable[[], tuple[str, ...]]) -> None:
        self._held = held

    async def save(self, connection: AsyncConnection, rows: Sequence[object]) -> None:
        proofs = [row for row in rows if isinstance(row, ProofOfDestruction)]
        counted = Counter(row for row in rows if isinstance(row, CaseCounted))
        awaited = [row for row in rows if isinstance(row, AwaitedKeys)]
        gone = [key for row in rows if isinstance(row, KeysGone) for key in row.keys]
        taken = (ProofOfDestruction, CaseCounted, AwaitedKeys, KeysGone)
        if not all(isinstance(row, taken) for row in rows):
            raise TypeError("a row that no table of retention takes")
        if proofs:
            await _prove(connection, proofs)
            await _await_keys(connection, awaited)
        if gone:
            services, kids = [key.service for key in gone], [key.kid for key in gone]
            await run(connection, _GONE, services=services, kids=kids)
        if counted:
            await _count(connection, counted)

    async def forget(self, connection: AsyncConnection, case_ids: Sequence[str]) -> None:
        """Do nothing: neither a proof nor a count leads to a case (R106)."""

    async def prune(self, connection: AsyncConnection) -> None:
        """Give up what nobody could be sent of an erasure, and look at retention's own keys.

        A party without a key was told before the erasure, over HTTP too, what it has to do (R99). Retention
        consumes what the other services publish of their keys, and not itself.
        """
        if given_up := await run(connection, _GIVE_UP, type=of_model(FileDestroyed).type, seconds=UNSENT_FOR):
            log.warning("letters-given-up", count=given_up)
            LETTERS_STOPPED.labels("R99").inc(given_up)
        if held := self._held():
            awaited = {row.kid for row in await fetch(connection, _OWN_KIDS)}
            gone = sorted(awaited - {UNKNOWN_KEY, *held})
            await run(connection, _GONE, services=["retention"] * len(gone), kids=gone)


async def _prove(connection: AsyncConnection, proofs: Sequence[ProofOfDestruction]) -> None:
    await run(connection, _ALONE, lock=_CHAIN_LOCK)
    found = await fetch(connection, _LAST)
    last = _chained(found[0]) if found else None
    for proof in proofs:
        last = chained(last, proof)
        await run(
            connection,
            _PROVE,
            number=last.number,
            proof_id=proof.proof_id,
            month=proof.month,
            theme=proof.theme,
            ending=proof.ending,
            confirmed_by=list(proof.confirmed_by),
            backups_lapse_in=proof.backups_lapse_in,
            previous=last.previous,
            digest=last.digest,
        )


async def _await_keys(connection: AsyncConnection, awaited: Sequence[AwaitedKeys]) -> None:
    keys = [(row.proof_id, key) for row in awaited for key in row.keys]
    await run(
        connection,
        _AWAIT,
        proofs=[proof_id for proof_id, _ in keys],
        services=[key.service for _, key in keys],
        kids=[key.kid for _, key in keys],
    )


async def _count(connection: AsyncConnection, counted: Counter[CaseCounted]) -> None:
    ordered = sorted(counted.items(), key=lambda one: (one[0].year, one[0].theme, one[0].ending))
    await run(
        connection,
        _COUNT,
        years=[cell.year for cell, _ in ordered],
        themes=[str(cell.theme) for cell, _ in ordered],
        endings=[str(cell.ending) for cell, _ in ordered],
        counts=[n for _, n in ordered],
    )


async def proofs(connection: AsyncConnection, *, first: int, most: int) -> list[ChainedProof]:
    """Return the chain from this number on, at most so many proofs."""
    return [_chained(row) for row in await fetch(connection, _PROOFS, first=first, most=most)]


async def waiting_for_keys(connection: AsyncConnection, proof_ids: Sequence[str]) -> set[str]:
    """Return those of these proofs that still wait for a house key to go."""
    return {row.proof_id for row in await fetch(connection, _WAITING, proofs=list(proof_ids))}


async def figures(connection: AsyncConnection) -> dict[Cell, int]:
    """Return how many cases ended so, by year, theme and ending; unfit to be shown as they are (A24)."""
    rows = await fetch(connection, _FIGURES)
    return {(row.year, Theme(row.theme), Ending(row.ending)): row.cases for row in rows}


async def asked(connection: AsyncConnection, *, after: str, most: int) -> list[str]:
    """Return the cases whose reactivation was asked for and not decided, from the one after `after`."""
    return [row.case_id for row in await fetch(connection, _ASKED, after=after, most=most)]


async def erasures(connection: AsyncConnection, limit: int) -> tuple[int, datetime | None]:
    """Return how many are ordered and not done, up to `limit`, and when the first was ordered.

    That is covenant time.
    """
    found = (await fetch(connection, _ERASURES, limit=limit))[0]
    return found[0], found[1]


async def under_erasure(
    connection: AsyncConnection, cases: CaseTable[State], *, after: int, most: int
) -> tuple[list[State], int | None]:
    """Return the cases whose erasure was ordered after that number and is not done, and the last number.

    None instead of a number where there are no more.
    """
    found = await fetch(connection, _UNDER_ERASURE, after=after, most=most)
    return [case.state for case in cases.readable(found)], found[-1].number if len(found) == most else None


def _chained(row: Any) -> ChainedProof:
    proof = ProofOfDestruction(
        proof_id=row.proof_id,
        month=row.month,
        theme=Theme(row.theme),
        ending=Ending(row.ending),
        confirmed_by=tuple(row.confirmed_by),
        backups_lapse_in=row.backups_lapse_in,
    )
    return ChainedProof(row.number, proof, bytes(row.previous), bytes(row.digest))
