"""Store what intake has besides its cases: who is found, who is still to be informed, how triage ended.

PostgreSQL keeps the first two from the states, by triggers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from prometheus_client.metrics_core import Metric
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.figures import TriageCounted
from shared.contract.messages.triage import TriageOutcome
from shared.runtime.gauges import MOST, one
from shared.storage.database import fetch, run

_OF_DIRECTOR = sa.text(
    """
    SELECT DISTINCT case_id FROM open_duties WHERE director = :person AND case_id > :after
      AND NOT EXISTS (SELECT FROM cases WHERE cases.case_id = open_duties.case_id AND held)
    ORDER BY case_id LIMIT :most
    """
)
_OF_PARTY = sa.text(
    """
    SELECT case_id FROM open_duties WHERE party = :party AND case_id > :after
      AND NOT EXISTS (SELECT FROM cases WHERE cases.case_id = open_duties.case_id AND held)
    ORDER BY case_id LIMIT :most
    """
)

_COUNT = sa.text(
    """
    INSERT INTO triage_outcomes (year, outcome, cases)
    SELECT * FROM unnest(CAST(:years AS int[]), CAST(:outcomes AS text[]), CAST(:counts AS int[]))
    ON CONFLICT (year, outcome) DO UPDATE SET cases = triage_outcomes.cases + excluded.cases
    """
)
_COUNTED = sa.text("SELECT year, outcome, cases FROM triage_outcomes")


# Locked, so that no case that is found ends before it is answered that it is there.
_KNOWN = sa.text(
    """
    SELECT digest, case_id FROM known_persons WHERE digest = ANY(:digests)
    ORDER BY digest, case_id FOR SHARE
    """
)
_NOT_FOUND = sa.text("SELECT case_id FROM known_persons WHERE digest = '' LIMIT 1")
_CHECKS_OF_DIRECTOR = sa.text(
    """
    SELECT asked.case_id FROM cases AS asked
    LEFT JOIN cases AS found ON found.case_id = asked.state #>> '{check,found}'
    WHERE asked.phase = 'checking' AND NOT asked.held AND asked.case_id > :after
      AND (found.case_id IS NULL OR coalesce(found.state ->> 'director', :person) = :person)
    ORDER BY asked.case_id LIMIT :most
    """
)
_CHECKS_OF_PARTY = sa.text(
    """
    SELECT case_id FROM cases
    WHERE phase = 'checking' AND NOT held AND case_id > :after AND state #>> '{check,asked_of}' = :party
    ORDER BY case_id LIMIT :most
    """
)
_CHECKS_WAITING = sa.text(
    "SELECT count(*) AS n FROM (SELECT FROM cases WHERE phase = 'checking' LIMIT :limit) AS counted"
)


class Figures:
    """Count how triage ended, in the transaction in which it was heard; a count leads to no case (R106)."""

    async def save(self, connection: AsyncConnection, rows: Sequence[object]) -> None:
        counted = Counter(row for row in rows if isinstance(row, TriageCounted))
        if counted.total() != len(rows):
            raise TypeError("a row that no table of intake takes")
        if counted:
            ordered = sorted(counted.items(), key=lambda one: (one[0].year, one[0].outcome))
            await run(
                connection,
                _COUNT,
                years=[one.year for one, _ in ordered],
                outcomes=[str(one.outcome) for one, _ in ordered],
                counts=[n for _, n in ordered],
            )

    async def forget(self, connection: AsyncConnection, case_ids: Sequence[str]) -> None:
        """Do nothing: no count leads to a case."""

    async def prune(self, connection: AsyncConnection) -> None:
        """Do nothing: there is one row for each year and outcome."""


async def triage_outcomes(connection: AsyncConnection) -> dict[TriageCounted, int]:
    """Return how often triage ended so, by year and outcome; unfit to be shown as it is (A24)."""
    rows = await fetch(connection, _COUNTED)
    return {TriageCounted(row.year, TriageOutcome(row.outcome)): row.cases for row in rows}


async def _page(connection: AsyncConnection, statement: sa.TextClause, **wanted: str | int) -> list[str]:
    return [row.case_id for row in await fetch(connection, statement, **wanted)]


async def open_of_director(connection: AsyncConnection, person: str, *, after: str, most: int) -> list[str]:
    """Return the cases of this director with somebody to inform, without those that are held."""
    return await _page(connection, _OF_DIRECTOR, person=person, after=after, most=most)


async def open_of_party(connection: AsyncConnection, party: str, *, after: str, most: int) -> list[str]:
    """Return the cases that this party leads, or is still to inform of, without those that are held."""
    return await _page(connection, _OF_PARTY, party=party, after=after, most=most)


async def find_known(
    connection: AsyncConnection, digests: Sequence[str]
) -> tuple[Mapping[str, Sequence[str]], bool]:
    """Return the cases under each digest, locked; and whether every active case stands under some."""
    found: dict[str, list[str]] = {}
    for row in await fetch(connection, _KNOWN, digests=list(digests)):
        found.setdefault(row.digest, []).append(row.case_id)
    return found, not await fetch(connection, _NOT_FOUND)


async def checks_of_director(connection: AsyncConnection, person: str, *, after: str, most: int) -> list[str]:
    """Return the checks of other houses that wait for this director: of his cases, and of none."""
    return await _page(connection, _CHECKS_OF_DIRECTOR, person=person, after=after, most=most)


async def checks_of_party(connection: AsyncConnection, party: str, *, after: str, most: int) -> list[str]:
    """Return the checks of other houses on which this party is consulted."""
    return await _page(connection, _CHECKS_OF_PARTY, party=party, after=after, most=most)


async def gauges(connection: AsyncConnection, now: datetime) -> Sequence[Metric]:
    """Return how many checks of other houses wait for their term."""
    waiting = (await fetch(connection, _CHECKS_WAITING, limit=MOST))[0].n
    return [one("zvh_known_checks_waiting", "Known-checks of other houses that wait for their term", waiting)]
