"""Measure the key authority for operators: keys made and destroyed, erasures under way."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy.ext.asyncio import AsyncConnection

from services.retention import store
from services.retention.key_authority import KeyAuthority
from shared.handling.service import Gauges
from shared.runtime.gauges import MOST, one, seconds_since


def gauges(keys: KeyAuthority) -> Gauges:
    """Make the gauges of this key authority; erasures are as old as the order for them (covenant time)."""

    async def read(connection: AsyncConnection, now: datetime) -> Sequence[Metric]:
        made, destroyed = await keys.counted()
        erasures, first_ordered = await store.erasures(connection, MOST)
        age = seconds_since(first_ordered, now)
        return (
            CounterMetricFamily("zvh_case_keys_made", "Case keys ever handed out", made),
            CounterMetricFamily("zvh_case_keys_destroyed", "Case keys in the erasure ledger", destroyed),
            one("zvh_erasures", "Cases whose erasure was ordered and is not proven", erasures),
            one("zvh_erasures_oldest_seconds", "How long ago the first of them was ordered", age),
        )

    return read
