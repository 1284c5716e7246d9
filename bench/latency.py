"""Measure the time from a send to the arrival of its `message-accepted`, at the pace of a busy day."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import cycle, islice

from bench.load import Query, answer_to
from bench.place import SERVICE, TestBed
from shared.connector import Connector, ConnectorSettings, from_house_file
from shared.contract.messages.house import MessageAccepted

PER_SECOND = 20
PARTIES = 5  # with a connector each; every one of them consumes its own inbox
WARM_UP = 20  # messages: connections, metadata, keys


@dataclass(frozen=True, slots=True)
class Latency:
    """Hold latencies in milliseconds."""

    messages: int
    median: float
    p99: float
    slowest: float


async def measure_latency(place: TestBed, queries: Sequence[Query], count: int) -> Latency:
    """Send `count` messages to a running service, one every twentieth of a second, and time each."""
    parties = sorted({query.party for query in queries})[:PARTIES]
    asked = [query for query in queries if query.party in parties]
    async with AsyncExitStack() as stack:
        connectors = {
            party: await stack.enter_async_context(Connector(_settings(place, party))) for party in parties
        }
        for query in asked[:WARM_UP]:
            await _ask(connectors[query.party], query)
        began = time.monotonic()
        asking = []
        for n, query in enumerate(islice(cycle(asked[WARM_UP:]), count)):
            await asyncio.sleep(max(0.0, began + n / PER_SECOND - time.monotonic()))
            asking.append(asyncio.create_task(_ask(connectors[query.party], query)))
        took = sorted(await asyncio.gather(*asking))
    return Latency(count, statistics.median(took), took[int(count * 0.99)], took[-1])


def _settings(place: TestBed, party: str) -> ConnectorSettings:
    """Make connector settings: the bench started the service, so env.json does not name it."""
    return replace(from_house_file(place.env, party), jwks_urls={SERVICE: place.jwks_url})


async def _ask(connector: Connector, query: Query) -> float:
    began = time.perf_counter()
    answer = await connector.ask(answer_to(query), case=query.case_id)
    assert isinstance(answer, MessageAccepted), answer
    return (time.perf_counter() - began) * 1000
