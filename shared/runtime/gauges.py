"""Serve `/metrics`: what was counted, and what is in the tables and on Kafka at the time of asking.

One statement a table with an index behind it, and counts stop at `MOST`: asking is cheap, also when something
is wrong. Whoever asks shows the token of the settings; without one there is no such page.
"""

import asyncio
import hmac
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, machine_now
from shared.contract.topics import Topics
from shared.core.terms import Told
from shared.crypto.house_keys import HouseKeys
from shared.handling.service import Service
from shared.http.app import NOT_FOUND
from shared.http.problem import Problem
from shared.kafka.admin import KafkaAdmin, KafkaUnreachable
from shared.storage import cases, deadlines, held_messages, outbox, overdue
from shared.storage.database import DATABASE_ERRORS, sqlstate
from shared.storage.held_messages import HoldReason
from shared.storage.party_replica import Followed, PartyReplica
from shared.storage.policy_replica import PolicyReplica
from shared.telemetry.turns import Turns

log = structlog.get_logger()
WITHIN = 5.0  # seconds; Prometheus itself waits ten
MOST = 10_000  # rows counted: more than that is no number to act on
MOST_OF_A_TOPIC = 1000


@dataclass(frozen=True, slots=True)
class Gauges:
    """Read the state of one service; `holding` tells whether a leap of time holds what cannot be undone.

    `within`: seconds after which what has not answered counts as unread.
    """

    engine: AsyncEngine
    admin: KafkaAdmin
    topics: Topics
    service: Service[Any]
    house_keys: HouseKeys
    clock: Clock
    holding: Callable[[], bool]
    parties: PartyReplica
    turns: Turns
    within: float = WITHIN
    policies: PolicyReplica = field(default_factory=PolicyReplica)

    async def read(self) -> list[Metric]:
        """Read all gauges; a source that does not answer is reported as unread, and its gauges are absent."""
        answered = gauge("zvh_scraped", "Whether it answered when this was asked for", ["source"])
        found = [answered, *self._own()]
        parts = {"database": self._database(), "broker": self._broker()}
        for source, read in zip(parts, await asyncio.gather(*map(self._in_time, parts.items())), strict=True):
            answered.add_metric([source], float(read is not None))
            found += read or []
        return found

    def _own(self) -> list[Metric]:
        """Read what is known without asking anybody."""
        age = (machine_now() - self.house_keys.oldest_made_at).total_seconds()
        turned = gauge("zvh_last_turn_seconds", "Since a loop that must never end last turned", ["loop"])
        for loop, seconds in self.turns.seconds_since().items():
            turned.add_metric([loop], seconds)
        return [
            one("zvh_house_key_oldest_seconds", "Age of the oldest private key that still opens", age),
            one("zvh_deadlines_held_by_leap", "1: time leapt, what cannot be undone waits", self.holding()),
            turned,
        ]

    async def _database(self) -> list[Metric]:
        now = self.clock.now()
        async with self.engine.connect() as connection:
            found = [
                *_outbox(await outbox.backlog(connection, MOST_OF_A_TOPIC), machine_now()),
                *_due(await deadlines.overdue(connection, now, MOST), now),
                *_held(await held_messages.count(connection, MOST), await cases.count_held(connection, MOST)),
            ]
            found.append(_waiting_too_long(await overdue.count(connection, MOST)))
            await self.parties.refresh(connection)
            found += _parties(self.parties.followed)
            decided = (await self.policies.refresh(connection)).decided
            found.append(one("zvh_policies", "Decisions on policy that are followed", len(decided)))
            return found + list(await self.service.gauges(connection, now))

    async def _broker(self) -> list[Metric]:
        lag = gauge("zvh_consumer_lag", "Records that are not committed yet", ["group", "topic", "partition"])
        await self._add_lag(lag, "from", self.topics.from_pattern(self.service.name))
        await self._add_lag(lag, "events", self.topics.subscribed_pattern(self.service.name))
        return [lag]

    async def _add_lag(self, lag: GaugeMetricFamily, what: str, pattern: str) -> None:
        """Add the consumer lag per partition; deleted records count as read, as nobody ever commits them."""
        partitions = await self.admin.partitions(pattern)
        group = self.topics.group(self.service.name, what)
        read, oldest, ends = await asyncio.gather(
            self.admin.committed_offsets(group),
            self.admin.start_offsets(partitions),
            self.admin.end_offsets(partitions),
        )
        for partition in partitions:
            behind = ends[partition] - max(read.get(partition, 0), oldest[partition])
            lag.add_metric([what, partition.topic, str(partition.partition)], max(0, behind))

    async def _in_time(self, part: tuple[str, Coroutine[Any, Any, list[Metric]]]) -> list[Metric] | None:
        source, reading = part
        try:
            return await asyncio.wait_for(reading, self.within)
        except (KafkaUnreachable, *DATABASE_ERRORS) as error:
            log.warning("not-scraped", source=source, kind=type(error).__name__, sqlstate=sqlstate(error))
            return None


def gauge(name: str, what: str, labels: Sequence[str]) -> GaugeMetricFamily:
    """Make a gauge whose samples are still to be added."""
    return GaugeMetricFamily(name, what, labels=labels)


def one(name: str, what: str, value: float) -> Metric:
    """Make a gauge of one number."""
    return GaugeMetricFamily(name, what, value=value)


def seconds_since(since: datetime | None, now: datetime) -> float:
    """Return the seconds since a time; 0 where there is none, or a later one."""
    return max(0.0, (now - since).total_seconds()) if since is not None else 0.0


def _outbox(backlog: outbox.Backlog, now: datetime) -> list[Metric]:
    depth = gauge("zvh_outbox_letters", "Outbox messages that are not sent yet", ["state"])
    age = gauge("zvh_outbox_oldest_seconds", "Age of the oldest of them", ["state"])
    for state, messages, oldest in (
        ("ready", backlog.ready, backlog.oldest_ready),
        ("aside", backlog.deferred, backlog.oldest_deferred),
        ("unreadable", backlog.unreadable, None),
    ):
        depth.add_metric([state], messages)
        if state != "unreadable":
            age.add_metric([state], seconds_since(oldest, now))
    return [depth, age]


def _due(late: deadlines.Overdue, now: datetime) -> list[Metric]:
    return [
        one("zvh_deadlines_late", "Deadlines that have come and have not acted yet", late.deadlines),
        one(
            "zvh_deadlines_late_seconds",
            "How late the first of them is",
            seconds_since(late.oldest_due_at, now),
        ),
    ]


def _waiting_too_long(counted: Mapping[str, int]) -> Metric:
    late = gauge("zvh_overdue_cases", "Cases of which a step takes longer than its term", ["told"])
    for told in Told:
        late.add_metric([told.value], counted.get(told.value, 0))
    return late


def _held(messages: dict[str, int], held_cases: int) -> list[Metric]:
    kept = gauge("zvh_held_messages", "Messages kept: for a fact, behind a fault, in a queue", ["why"])
    for why in HoldReason:
        kept.add_metric([why.value], messages.get(why.value, 0))
    return [kept, one("zvh_held_cases", "Cases that rest until an operator has looked", held_cases)]


def _parties(followed: Mapping[str, Followed]) -> list[Metric]:
    """Show how far each party's record is followed; the five services must agree on both numbers."""
    sequence = gauge(
        "zvh_party_sequence", "Sequence of a party's record; -1: suspended, unreadable", ["party"]
    )
    digest = gauge("zvh_party_digest", "First 48 bits of the SHA-256 of what it says", ["party"])
    for party, copy in sorted(followed.items()):
        sequence.add_metric([party], copy.sequence)
        digest.add_metric([party], copy.digest)
    return [sequence, digest]


class _Read:
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def metrics_router(gauges: Gauges, token: str | None) -> APIRouter:
    """Route `/metrics` in Prometheus' text format; without the right token it answers 404."""
    router = APIRouter(tags=["operating"])

    @router.get("/metrics")
    async def metrics(authorization: Annotated[str, Header()] = "") -> Response:
        if token is None or not hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode()):
            return Problem(NOT_FOUND)
        read = CollectorRegistry(auto_describe=False)
        read.register(_Read(await gauges.read()))
        text = generate_latest(REGISTRY) + generate_latest(read)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router
