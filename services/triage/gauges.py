"""Measure for operators what waits for directors: what queried parties ask, and left unanswered (R31)."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from prometheus_client.metrics_core import Metric
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.runtime.gauges import gauge
from shared.storage.database import fetch

MOST = 1000  # cases of which the states are read: more than that is no number to act on
_WAITING = sa.text(
    """
    SELECT coalesce(sum(CAST(state->'overdue'->>'unanswered' AS integer)), 0) AS unanswered,
           coalesce(sum(CAST(state->'overdue'->>'to_decide' AS integer)), 0) AS to_decide
    FROM (SELECT case_id FROM overdue ORDER BY case_id LIMIT :limit) AS listed JOIN cases USING (case_id)
    """
)


async def gauges(connection: AsyncConnection, now: datetime) -> Sequence[Metric]:
    """Return how many queries without an answer, and asks of queried parties, wait for a director."""
    (found,) = await fetch(connection, _WAITING, limit=MOST)
    waiting = gauge("zvh_queries_waiting", "Queries that wait for a director", ["for"])
    waiting.add_metric(["no-answer-seen"], float(found.unanswered))
    waiting.add_metric(["asked"], float(found.to_decide))
    return (waiting,)
