"""One service as a running process: what is connected to what, and in which order it starts and stops."""

import asyncio
import contextlib
import gc
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import structlog
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import APIRouter, FastAPI
from faststream.kafka import KafkaBroker
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, machine_now
from shared.contract.topics import Topics
from shared.core.policy import Policy
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, KeySource, MakeCaseKey, RemoteKeys
from shared.crypto.codec import Codec, SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.handling.decide import Decider
from shared.handling.erasure_check import ErasureCheck
from shared.handling.outgoing import OutgoingMessages
from shared.handling.service import Service
from shared.handling.transaction import Transaction
from shared.http.app import make_app
from shared.http.commands import Desk
from shared.http.oidc import Issuer, ServiceToken
from shared.http.startup_gate import StartupGate
from shared.ids import keyed_hash
from shared.kafka.admin import KafkaAdmin
from shared.kafka.watermark import Watermark
from shared.messaging.consumer import Consumer, make_broker, subscribe
from shared.messaging.receiver import Receiver
from shared.messaging.relay import Relay
from shared.runtime import migrate
from shared.runtime.gauges import Gauges, metrics_router
from shared.runtime.health import health_router
from shared.runtime.key_rotation import KeyRotation
from shared.runtime.scheduler import Scheduler
from shared.runtime.settings import Settings, read_secret
from shared.runtime.topic_cleanup import TopicCleanup
from shared.storage.cases import CaseTable
from shared.storage.database import connect
from shared.storage.party_replica import PartyReplica
from shared.telemetry.logs import log_bug

if TYPE_CHECKING:
    from shared.runtime.tracing import Tracing

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a running service consists of."""

    settings: Settings
    service: Service[Any]
    engine: AsyncEngine
    house_keys: HouseKeys
    case_keys: CaseKeyClient
    clock: Clock
    transaction: Transaction[Any]
    receiver: Receiver[Any]
    consumer: Consumer[Any]
    relay: Relay
    timekeeper: Scheduler[Any]
    rotation: KeyRotation
    tidying: TopicCleanup
    desk: Desk[Any]
    gauges: Gauges
    forgetting: ErasureCheck
    broker: KafkaBroker
    producer: AIOKafkaProducer
    issuer: Issuer
    client: httpx.AsyncClient
    tracing: "Tracing | None"
    begun: asyncio.Event = field(default_factory=asyncio.Event)


# Seconds, together below the ten that a supervisor gives between asking and killing. Closing TLS waits up to
# half a minute for the other side to say that it closes too, and an idle client never does.
REQUESTS_END_WITHIN = 3
CONSUMERS_END_WITHIN = 3.0
PRODUCER_ENDS_WITHIN = 1.0

MakeKeySource = Callable[[Settings, HouseKeys], KeySource]
MakeCodec = Callable[[HouseKeys], Codec]


def assemble(
    settings: Settings,
    service: Service[Any],
    *,
    key_source: MakeKeySource | None = None,
    make_codec: MakeCodec = SignedAndSealed,
    make_case_key: MakeCaseKey = CaseKey,
) -> Parts:
    """Wire a service; connects nothing yet. `key_source` is given by the key authority itself.

    Another codec and another case key are what the bench measures without cryptography.
    """
    context = ssl.create_default_context(cafile=str(settings.ca_file))
    client = httpx.AsyncClient(verify=context, timeout=10)
    issuer = Issuer(client, settings.oidc_issuer, settings.oidc_audience)
    token = ServiceToken(issuer, settings.client_id, read_secret(settings.client_secret_file))
    remote = RemoteKeys(client, settings.key_authority_url, token.get)
    house_keys = HouseKeys(settings.key_directory / "house", settings.root_key, machine_now)
    source = key_source(settings, house_keys) if key_source else remote
    case_keys = CaseKeyClient(source, settings.house, make_case_key)

    login = settings.kafka_login
    engine = connect(settings.database_url)
    topics, clock, policy = Topics(settings.topic_prefix), Clock(settings.clock_file), Policy()
    parties, post, codec = PartyReplica(), OutgoingMessages(service.name, topics), make_codec(house_keys)
    digest_key = keyed_hash(settings.root_key, "digest")
    tracing = _tracing(settings, service.name)
    cases = CaseTable(service.process.empty, TypeAdapter(service.process.state))
    forgetting = ErasureCheck(engine, service, case_keys, marker_key(settings))
    transaction = Transaction(
        engine,
        Decider(service.process, post, policy, timedelta(seconds=settings.patience)),
        cases,
        parties,
        marker_key(settings),
        service.own_rows,
        case_keys.drop,
        tracing.traced if tracing else None,
        forgetting,
    )
    receiver = Receiver(
        service, topics, codec, case_keys, clock, post, digest_key, lambda: house_keys.available_kids
    )
    producer = AIOKafkaProducer(
        **login.for_aiokafka(),
        acks="all",  # not idempotent: after one refusal such a producer never gets through again
        linger_ms=2,
        max_batch_size=65_536,
        max_request_size=1_048_576,
        metadata_max_age_ms=10_000,
    )
    relay = Relay(engine, producer, parties, case_keys, codec, settings.source)
    consumer = Consumer(engine, receiver, transaction, parties, relay, topics, settings.batch)
    rotation = KeyRotation(engine, post, house_keys, relay)
    office = KafkaAdmin(login)
    arrivals = Watermark(office, clock, topics.from_pattern(service.name), topics.group(service.name, "from"))
    heard = Watermark(
        office, clock, topics.subscribed_pattern(service.name), topics.group(service.name, "events")
    )
    tidying = TopicCleanup(office, topics, service.name, service.keeps_inboxes, settings.tidy_every)
    timekeeper = Scheduler(engine, service, transaction, receiver, parties, relay, clock, arrivals, heard)
    desk = Desk(engine, service, transaction, cases, parties, case_keys, relay, clock, policy, digest_key)
    gauges = Gauges(engine, office, topics, service, house_keys, clock, lambda: timekeeper.holding)
    broker = make_broker(login)
    subscribe(broker, consumer, service.name)
    return Parts(
        settings,
        service,
        engine,
        house_keys,
        case_keys,
        clock,
        transaction,
        receiver,
        consumer,
        relay,
        timekeeper,
        rotation,
        tidying,
        desk,
        gauges,
        forgetting,
        broker,
        producer,
        issuer,
        client,
        tracing,
    )


def _tracing(settings: Settings, service: str) -> "Tracing | None":
    """The SDK is imported by whoever wants it alone."""
    if settings.otlp_endpoint is None:
        return None
    from shared.runtime.tracing import Tracing

    return Tracing(service, settings.house, settings.otlp_endpoint, str(settings.ca_file))


def marker_key(settings: Settings) -> bytes:
    """What the markers and log digests of erased cases are keyed with; it lies outside the database."""
    return keyed_hash(settings.root_key, "marker")


@contextlib.asynccontextmanager
async def running(parts: Parts, fall: Callable[[], None]) -> AsyncIterator[None]:
    """Started in an order in which nothing is lost, stopped in the reverse one.

    `fall` is called when one of the tasks that never end has ended: the service must not go on without it.
    """
    await parts.producer.start()
    start = asyncio.create_task(_begin(parts), name="start")
    start.add_done_callback(lambda ended: _report_end(ended, parts.service.name, fall, may_end=True))
    tasks = [
        asyncio.create_task(_once_begun(parts, parts.relay.run), name="relay"),
        asyncio.create_task(_once_begun(parts, parts.timekeeper.run), name="timekeeper"),
        asyncio.create_task(parts.rotation.run(), name="house-keys"),
        asyncio.create_task(_once_begun(parts, parts.tidying.run), name="tidying"),
    ]
    for task in tasks:
        task.add_done_callback(lambda ended: _report_end(ended, parts.service.name, fall))
    try:
        yield
    finally:
        await _cancel(start)
        await _ended("consumers", parts.broker.stop(), CONSUMERS_END_WITHIN)
        await _cancel(*tasks)
        await _ended("producer", parts.producer.stop(), PRODUCER_ENDS_WITHIN)
        if parts.tracing:
            await parts.tracing.close()
        await parts.client.aclose()
        await parts.engine.dispose()


async def _begin(parts: Parts) -> None:
    """What was erased is forgotten here before anything is taken, sent or shown."""
    await parts.forgetting.run()
    await parts.broker.start()
    parts.begun.set()


async def _once_begun(parts: Parts, work: Callable[[], Awaitable[None]]) -> None:
    await parts.begun.wait()
    await work()


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _ended(what: str, ending: Awaitable[None], within: float) -> None:
    """In time, or not: what is then still open closes with the process, and was not acknowledged.

    While a broker is away aiokafka's consumer raises the cancellation of its own fetch, half-way.
    """
    try:
        (ended,) = await asyncio.wait_for(asyncio.gather(ending, return_exceptions=True), within)
    except TimeoutError:
        ended = asyncio.CancelledError()
    if isinstance(ended, asyncio.CancelledError):
        log.warning("ends-by-force", what=what)
    elif ended is not None:
        raise ended


def _report_end(
    task: asyncio.Task[None], service: str, fall: Callable[[], None], *, may_end: bool = False
) -> None:
    """Being cancelled is how such a task ends when the service stops; everything else is a fault of ours."""
    if task.cancelled():
        return
    error = task.exception()
    if error is None and may_end:
        return
    event = f"{task.get_name()}-ended"
    if isinstance(error, Exception):
        log_bug(service, event, error)
    else:
        log.error(event, service=service)
    fall()


def make_http(parts: Parts, routers: Sequence[APIRouter], fall: Callable[[], None]) -> FastAPI:
    """The HTTP side; it starts and stops everything else with it."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.parts, app.state.desk, app.state.issuer = parts, parts.desk, parts.issuer
        async with running(parts, fall):
            yield

    health = health_router(
        parts.service,
        engine=parts.engine,
        producer=parts.producer,
        own_topic=parts.consumer.topics.events(parts.service.name),
        house_keys=parts.house_keys,
        case_keys=parts.case_keys,
        begun=parts.begun,
    )
    token_file = parts.settings.metrics_token_file
    metrics = metrics_router(parts.gauges, read_secret(token_file) if token_file else None)
    app = make_app(f"zvh-{parts.service.name}", health, metrics, *routers, lifespan=lifespan)
    app.add_middleware(StartupGate, ready=parts.begun)
    return app


async def serve(parts: Parts, routers: Sequence[APIRouter]) -> None:
    """Until SIGTERM: stop polling, finish the batch, acknowledge, leave the group.

    When a background task ends the whole process does, with exit code 1, and whoever supervises it starts
    it anew: restarting the task alone would keep whatever in memory made it fail.
    """
    migrate.check(parts.service, await migrate.current(parts.engine))
    settings = parts.settings
    _collect_seldom()
    fallen = asyncio.Event()

    def fall() -> None:
        fallen.set()
        server.should_exit = True

    server = uvicorn.Server(
        uvicorn.Config(
            make_http(parts, routers, fall),
            host=settings.http_host,
            port=settings.http_port,
            ssl_certfile=str(settings.tls_certificate_file),
            ssl_keyfile=str(settings.tls_key_file),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=REQUESTS_END_WITHIN,
            lifespan="on",
        )
    )
    await server.serve()
    if fallen.is_set():
        raise SystemExit(1)


def _collect_seldom() -> None:
    """What start-up made stays, and batches make few cycles; collecting every 700 objects costs a fifth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)
