"""Tell whether an aiokafka client still works, and close one whatever state it is in.

Its background tasks can end for good while everything that calls it goes on: after its group was forbidden to
it once, a consumer never joins again. Nothing in its public interface says so, hence the private names here.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


def ended_task_of_consumer(consumer: AIOKafkaConsumer) -> str | None:
    """Return the name of a background task of the consumer that has ended for good, or None."""
    coordinator, fetcher = consumer._coordinator, consumer._fetcher
    if coordinator is None or fetcher is None or consumer._closed:
        return "consumer-closed"
    for_ever = {
        "coordination": coordinator._coordination_task,
        "fetching": fetcher._fetch_task,
        "metadata": consumer._client._sync_task,
    }
    for_a_while = {"heartbeat": coordinator._heartbeat_task, "committed": coordinator._commit_refresh_task}
    return _ended(for_ever) or next((name for name, task in for_a_while.items() if _failed(task)), None)


def ended_task_of_producer(producer: AIOKafkaProducer) -> str | None:
    """Return the name of a background task of the producer that has ended for good, or None."""
    return _ended({"sending": producer._sender.sender_task, "metadata": producer.client._sync_task})


def _ended(tasks: dict[str, "asyncio.Task[Any] | None"]) -> str | None:
    return next((name for name, task in tasks.items() if task is not None and task.done()), None)


def _failed(task: "asyncio.Task[Any] | None") -> bool:
    return task is not None and task.done() and not task.cancelled() and task.exception() is not None


async def close(consumer: AIOKafkaConsumer, within: float) -> None:
    """Stop the consumer, for at most `within` seconds; then end what is left of it.

    While a broker is away, and after a task of its own has failed, aiokafka's `stop` raises half-way.
    """
    await asyncio.wait({asyncio.ensure_future(_settled(consumer.stop()))}, timeout=within)
    for task in _tasks(consumer):
        task.cancel()
    await asyncio.wait({asyncio.ensure_future(_settled(consumer._client.close()))}, timeout=1)


async def _settled(ending: Any) -> None:
    """Await it, and take no notice of how it ended."""
    await asyncio.gather(ending, return_exceptions=True)


def _tasks(consumer: AIOKafkaConsumer) -> Iterator["asyncio.Task[Any]"]:
    coordinator, fetcher = consumer._coordinator, consumer._fetcher
    names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task")
    found = [getattr(coordinator, name, None) for name in names] + [getattr(fetcher, "_fetch_task", None)]
    yield from (task for task in found if task is not None and not task.done())
