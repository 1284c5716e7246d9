"""Take batches of records from Kafka into the transaction, and acknowledge after the commit.

FastStream subscribes, rewinds and acknowledges.
"""

import asyncio
import copy
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import structlog
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import SASLScram512
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contract.limits import MAX_FETCH, in_parts
from shared.contract.parties import Parties
from shared.contract.record import Record, from_kafka
from shared.contract.topics import Topics
from shared.core.outcome import Outcome
from shared.core.process import HasPhase
from shared.crypto.case_key_client import KeyAuthorityUnreachable
from shared.handling.delivery import DeadLetter, Delivery
from shared.handling.transaction import Transaction
from shared.kafka.aiokafka_patch import accept_any_header_name
from shared.kafka.connection import Connection
from shared.messaging.consumer_supervisor import ConsumerSupervisor
from shared.messaging.currency import Currency, NotCurrent
from shared.messaging.house_records import HouseRecords
from shared.messaging.receiver import Receiver
from shared.messaging.relay import Relay
from shared.messaging.shares import FairBroker, Shares
from shared.storage.database import DATABASE_ERRORS, is_data_error, sqlstate
from shared.storage.held_messages import HeldMessage
from shared.storage.party_replica import PartyReplica
from shared.telemetry.logs import log_bug
from shared.telemetry.metrics import HELD_BACK
from shared.telemetry.turns import Turns

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)
Message: TypeAlias = tuple[Record, HeldMessage | None]
PAUSES = (0.1, 0.2, 0.5, 1, 2, *[5] * 50)  # seconds; together below max_poll_interval_ms
MAX_POLL_INTERVAL = 300_000  # milliseconds
SESSION, HEARTBEAT = 6_000, 2_000  # milliseconds; a killed service is back in its groups after a session
TRANSACTIONS = 2  # in one batch
FROM_PARTIES, FROM_SERVICES = "from-parties", "from-services"  # the two loops that read


class BatchFailed(Exception):
    """Say that a batch was not committed after all pauses; what failed last stands in the log."""


@dataclass(frozen=True, slots=True)
class Consumer(Generic[S]):
    """Take batches of records through one service; returning means: committed, so acknowledge.

    `batch_size`: how many records go into one transaction at most.
    """

    engine: AsyncEngine
    receiver: Receiver[S]
    transaction: Transaction[S]
    parties: PartyReplica
    house_records: HouseRecords
    relay: Relay
    topics: Topics
    batch_size: int
    shares: Shares
    currency: Currency
    turns: Turns = field(default_factory=Turns)

    async def take(self, records: Sequence[Any]) -> None:
        """Take one batch of aiokafka records; whatever fails is tried again with growing pauses.

        Raises `BatchFailed` in the end, so that FastStream rewinds and reads the batch again.
        """
        batch = [from_kafka(record) for record in records]
        for pause in PAUSES:
            self.turns.turned(self._loop_of(batch))
            began = time.process_time()
            try:
                self._check_currency(batch)
                await self._take(batch)
                self.shares.took((record.topic for record in batch), time.process_time() - began)
                return
            except NotCurrent:
                HELD_BACK.labels("batch").inc()
                log.warning("batch-waits", kind="NotCurrent", pause=pause)
            except (KeyAuthorityUnreachable, *DATABASE_ERRORS) as error:
                if isinstance(error, DBAPIError) and is_data_error(error):  # of no one record that was found
                    log_bug(self.receiver.service.name, "batch-rejected", error)
                log.warning("batch-waits", kind=type(error).__name__, sqlstate=sqlstate(error), pause=pause)
            except Exception as error:  # of ours or of a library: FastStream would read again without a word
                log_bug(self.receiver.service.name, "batch-failed", error)
            await asyncio.sleep(pause)
        raise BatchFailed

    def _check_currency(self, batch: Sequence[Record]) -> None:
        """Take nothing from parties while what forbids it may be unread; raise `NotCurrent`."""
        if self._loop_of(batch) == FROM_PARTIES and not self.currency.is_current():
            raise NotCurrent

    def _loop_of(self, batch: Sequence[Record]) -> str:
        return FROM_SERVICES if self.topics.is_of_the_house(batch[0].topic) else FROM_PARTIES

    async def _take(self, batch: Sequence[Record]) -> None:
        left = await self.house_records.take(batch)
        if len(left) < len(batch):  # a party may have become reachable
            self.relay.wake()
        messages: list[Message] = [(record, None) for record in left]
        if messages:
            async with self.engine.connect() as connection:
                parties = await self.parties.refresh(connection)
                await self.receiver.policies.refresh(connection)
            await self._take_messages(messages, parties)

    async def _take_messages(self, messages: Sequence[Message], parties: Parties) -> None:
        """Run one transaction after the other; while the database writes one, the next is read."""
        first, *others = in_parts(messages, self.batch_size)
        read = await self.receiver.receive(first, parties)
        for following in (*others, ()):
            _, read = await asyncio.gather(self._write(*read), self.receiver.receive(following, parties))

    async def _write(self, deliveries: Sequence[Delivery], dead: Sequence[DeadLetter]) -> None:
        if deliveries or dead:
            outcomes = await self.transaction.run(deliveries, dead)
            _report(outcomes, len(dead))
            self.relay.wake()


def _report(outcomes: Sequence[Outcome], dead: int) -> None:
    counts = Counter(str(outcome.status) for outcome in outcomes)
    log.info("batch", **counts, dead=dead)


# --- FastStream ---------------------------------------------------------------------------------------


async def _untouched(message: Any, original: Callable[[Any], Awaitable[Any]]) -> Any:
    """Hand on the records as they came: FastStream's default parser would decode headers and bodies.

    It needs the first and the last one, to name the batch.
    """
    bare = []
    for record in (message[0], message[-1]):
        twin = copy.copy(record)
        object.__setattr__(twin, "headers", ())
        object.__setattr__(twin, "value", b"")
        bare.append(twin)
    parsed = await original(tuple(bare))
    parsed.raw_message = message
    return parsed


async def _as_records(message: Any, original: Callable[[Any], Awaitable[Any]]) -> list[Any]:
    return list(message.raw_message)


def make_broker(login: Connection, shares: Shares) -> KafkaBroker:
    """Make a connection that is fair to parties, decodes nothing, logs no values and makes no topics."""
    accept_any_header_name()
    return FairBroker(
        login.bootstrap,
        shares=shares,
        security=SASLScram512(username=login.user, password=login.password, ssl_context=login.ssl_context()),
        parser=_untouched,
        decoder=_as_records,
        apply_types=False,
        logger=None,
        allow_auto_create_topics=False,
        metadata_max_age_ms=3000,
    )


def subscribe(
    broker: KafkaBroker, consumer: Consumer[Any], service: str
) -> tuple[ConsumerSupervisor, ConsumerSupervisor]:
    """Subscribe in two groups: to what parties send, and to what the other services publish."""
    topics = consumer.topics
    common: dict[str, Any] = {
        "batch": True,
        "max_records": TRANSACTIONS * consumer.batch_size,
        "ack_policy": AckPolicy.NACK_ON_ERROR,
        "no_reply": True,
        "auto_offset_reset": "earliest",
        "fetch_max_wait_ms": 500,
        "max_partition_fetch_bytes": MAX_FETCH,
        "batch_timeout_ms": 500,
        "max_poll_interval_ms": MAX_POLL_INTERVAL,
        "session_timeout_ms": SESSION,
        "heartbeat_interval_ms": HEARTBEAT,
    }
    from_parties = broker.subscriber(
        pattern=topics.from_pattern(service), group_id=topics.group(service, "from"), **common
    )
    from_services = broker.subscriber(
        *topics.subscribed(service), group_id=topics.group(service, "events"), **common
    )
    from_parties(consumer.take)
    from_services(consumer.take)
    return (
        ConsumerSupervisor(from_parties, consumer.turns, FROM_PARTIES),
        ConsumerSupervisor(from_services, consumer.turns, FROM_SERVICES),
    )
