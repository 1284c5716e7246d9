"""Measure for operators which yearly documents are overdue (R127)."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client.metrics_core import Metric
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.governance.decisions import yearly_documents
from services.governance.state import State
from services.governance.store import documents
from shared.core.calendar_terms import local_day
from shared.runtime.gauges import gauge
from shared.storage.cases import CaseTable

_TABLE = CaseTable(State(), TypeAdapter(State))


async def gauges(connection: AsyncConnection, now: datetime) -> Sequence[Metric]:
    """Return whether each document is overdue, on that day (covenant time)."""
    today = local_day(now)
    overdue = gauge("zvh_yearly_document_overdue", "1: not renewed within a year", ["document"])
    for one in yearly_documents(await documents(connection, _TABLE, today), today):
        overdue.add_metric([one.kind.value], float(one.overdue))
    return (overdue,)
