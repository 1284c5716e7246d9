"""Make the scheduler of a service, intake if none is named, on a real database, without a broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.main import SERVICE
from shared.clock import Clock
from shared.handling.service import Service
from shared.runtime.scheduler import ReadUntil, Scheduler
from tests.support.broker import relay_without_broker
from tests.support.receiving import House
from tests.support.transactions import transaction_on


@asynccontextmanager
async def scheduler_on(
    engine: AsyncEngine,
    clock: Clock,
    directory: Path,
    *,
    service: Service[Any] = SERVICE,
    messages_read_until: ReadUntil | None = None,
    events_read_until: ReadUntil | None = None,
) -> AsyncIterator[Scheduler[Any]]:
    """Yield a scheduler that has not begun; everything was read until now, unless it is told otherwise."""

    async def everything_is_read() -> datetime:
        return clock.now()

    transaction, house = transaction_on(engine, service), House(directory, service.name)
    relay = relay_without_broker(engine, house, transaction.parties)
    try:
        yield Scheduler(
            engine=engine,
            service=service,
            transaction=transaction,
            receiver=house.receiver(service),
            parties=transaction.parties,
            relay=relay,
            clock=clock,
            messages_read_until=messages_read_until or everything_is_read,
            events_read_until=events_read_until or everything_is_read,
        )
    finally:
        await relay.producer.stop()
