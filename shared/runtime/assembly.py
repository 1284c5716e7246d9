"""Assemble one service, start it in order, serve it, and stop it in the reverse order."""

import asyncio
import contextlib
import gc
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType
from typing import TYPE_CHECKING, Any

import httpx
import structlog
import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import APIRouter, FastAPI
from faststream.kafka import KafkaBroker
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.middleware import Middleware

from shared.clock import Clock, machine_now
from shared.contract.limits import MAX_BATCH, MAX_REQUEST
from shared.contract.topics import Topics
from shared.core.context import House
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import (
    CaseKeyClient,
    KeySource,
    MakeCaseKey,
    QuestionRefused,
    RemoteKeys,
)
from shared.crypto.codec import Codec, SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.crypto.own_keys import OwnKeys
from shared.handling.decide import Decider
from shared.handling.erasure_check import ErasureCheck
from shared.handling.outgoing import OutgoingMessages
from shared.handling.service import Service
from shared.handling.transaction import Transaction
from shared.http.accounts import Accounts
from shared.http.app import make_app
from shared.http.commands import CommandHandler
from shared.http.entrance import Entrance
from shared.http.limits import Limits
from shared.http.oidc import Issuer, ServiceToken
from shared.http.overload import RequestLimit
from shared.http.reading import CaseReader
from shared.http.server import MAX_HEAD, BoundedProtocol, BoundedServer
from shared.http.startup_gate import StartupGate
from shared.https_client import make_client
from shared.ids import keyed_hash
from shared.kafka.admin import KafkaAdmin
from shared.kafka.client_tasks import ended_task_of_producer
from shared.kafka.connection import Connection
from shared.kafka.watermark import Watermark
from shared.messaging import currency as currency_module
from shared.messaging import relay as relay_module
from shared.messaging.consumer import Consumer, make_broker, subscribe
from shared.messaging.currency import Currency
from shared.messaging.gate import Gate
from shared.messaging.house_records import HouseRecords
from shared.messaging.receiver import Receiver
from shared.messaging.relay import Relay
from shared.messaging.shares import Shares
from shared.runtime import log_chaining, migrate
from shared.runtime import scheduler as scheduler_module
from shared.runtime.gauges import Gauges, metrics_router
from shared.runtime.health import health_router
from shared.runtime.key_rotation import KeyRotation
from shared.runtime.log_chaining import LogChaining
from shared.runtime.log_pruning import LogPruning
from shared.runtime.scheduler import Scheduler
from shared.runtime.settings import Settings, read_secret
from shared.runtime.shutdown import FAULT, Deadline
from shared.runtime.topic_cleanup import TopicCleanup
from shared.runtime.watchdog import Watchdog
from shared.storage.cases import CaseTable
from shared.storage.database import connect
from shared.storage.party_replica import PartyReplica
from shared.storage.policy_replica import PolicyReplica
from shared.telemetry.logs import digest_ids_with, log_bug
from shared.telemetry.turns import Turns

if TYPE_CHECKING:
    from shared.runtime.tracing import Tracing

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Hold everything a running service consists of; `started` is set when it takes and shows things."""

    settings: Settings
    service: Service[Any]
    engine: AsyncEngine
    house_keys: HouseKeys
    case_keys: CaseKeyClient
    transaction: Transaction[Any]
    receiver: Receiver[Any]
    consumer: Consumer[Any]
    relay: Relay
    currency: Currency
    scheduler: Scheduler[Any]
    rotation: KeyRotation
    cleanup: TopicCleanup
    chaining: LogChaining
    commands: CommandHandler[Any]
    reader: CaseReader[Any]
    gauges: Gauges
    erasure_check: ErasureCheck
    broker: KafkaBroker
    producer: AIOKafkaProducer
    issuer: Issuer
    clients: Sequence[httpx.AsyncClient]
    watchdog: Watchdog
    tracing: "Tracing | None"
    started: asyncio.Event = field(default_factory=asyncio.Event)

    async def close_unstarted(self) -> None:
        """Close what connected although nothing was started: for commands that use parts of a service."""
        await self.producer.stop()  # never started, and yet it complains of being open
        await self.close_outward()

    async def close_outward(self) -> None:
        """Close the connections to the receiver of traces, the issuer, the key authority and the database."""
        if self.tracing:
            await self.tracing.close()
        for client in self.clients:
            await client.aclose()
        await self.engine.dispose()


# Seconds, together below `shutdown.WITHIN`, at which the process ends by force. Each part may also use what
# those before it left. Closing TLS waits up to half a minute for the other side to say that it closes, and
# an idle client never does.
REQUESTS_END_WITHIN = 2
CONSUMERS_END_WITHIN = 2.5
TASKS_END_WITHIN = 1.0
PRODUCER_ENDS_WITHIN = 1.0
CLOSED_WITHIN = 1.0

# Seconds that an idle connection of a client stays: many clients let theirs go after five, and a request that
# meets a closing connection is lost.
KEPT_OPEN = 9

ISSUER_CONNECTIONS, KEY_CONNECTIONS = 4, 8  # of one process: neither server can use up what the other needs

MakeKeySource = Callable[[Settings, HouseKeys], KeySource]
MakeCodec = Callable[[HouseKeys], Codec]


def assemble(
    settings: Settings,
    service: Service[Any],
    *,
    key_source: MakeKeySource | None = None,
    make_codec: MakeCodec = SignedAndSealed,
    make_case_key: MakeCaseKey = CaseKey,
) -> Assembly:
    """Wire a service; connects nothing yet. `key_source` is given by the key authority itself.

    Another codec and another case key are what the bench measures without cryptography. Raises `ValueError`
    for a setting that only shows here to be wrong, and `KeyDirectoryDamaged`.
    """
    context = ssl.create_default_context(cafile=str(settings.ca_file))
    to_issuer = make_client(context, most=ISSUER_CONNECTIONS)
    to_key_authority = make_client(context, most=KEY_CONNECTIONS)
    issuer = Issuer(to_issuer, settings.oidc_issuer, settings.oidc_audience)
    token = ServiceToken(issuer, settings.client_id, read_secret(settings.client_secret_file))
    remote = RemoteKeys(to_key_authority, settings.key_authority_url, token, _report_to(service.name))
    house_keys = HouseKeys(settings.key_directory / "house", settings.root_key, machine_now)
    source = key_source(settings, house_keys) if key_source else remote
    if not service.holds_texts:
        source = OwnKeys(settings.root_key, remote)
    case_keys = CaseKeyClient(source, settings.house, make_case_key)

    login, name = settings.kafka_login, service.name
    engine, admin, producer = connect(settings.database_url), KafkaAdmin(login), _producer(login)
    topics, clock, policies = Topics(settings.topic_prefix), Clock(settings.clock_file), PolicyReplica()
    parties, outgoing, codec = PartyReplica(), OutgoingMessages(name, topics), make_codec(house_keys)
    turns = Turns()
    digest_key = keyed_hash(settings.root_key, "digest")
    digest_ids_with(log_key(settings))
    tracing = _tracing(settings, name)
    cases = CaseTable(service.process.empty, TypeAdapter(service.process.state))
    erasure_check = ErasureCheck(engine, service, case_keys, marker_key(settings))
    transaction = Transaction(
        engine=engine,
        decider=Decider(
            service.process,
            outgoing,
            policies,
            digest_key,
            timedelta(seconds=settings.patience),
            House(settings.house, settings.source.removesuffix(f"-{name}")),
        ),
        cases=cases,
        parties=parties,
        marker_key=marker_key(settings),
        own_rows=service.own_rows,
        on_erased=case_keys.drop,
        traced=tracing.traced if tracing else None,
        erasure_check=erasure_check,
        find_matching=service.find_matching,
    )
    receiver = Receiver(
        service=service,
        topics=topics,
        codec=codec,
        keys=case_keys,
        clock=clock,
        outgoing=outgoing,
        digest_key=digest_key,
        house_keys=lambda: house_keys.available_kids,
        policies=policies,
    )
    messages = Watermark(admin, clock, topics.from_pattern(name), topics.group(name, "from"))
    heard = topics.subscribed(name)
    of_services = topics.subscribed_pattern(name), topics.group(name, "events")
    events, followed = (Watermark(admin, clock, *of_services, heard) for _ in range(2))
    currency = Currency(followed.position, turns)
    gate = Gate(service.process, cases, clock, currency, marker_key(settings))
    announces = topics.events(name), *topics.registers
    relay = Relay(engine, producer, parties, case_keys, codec, settings.source, gate, announces, turns=turns)
    shares = Shares(topics.from_prefix(name), settings.party_share / 100)
    consumer = Consumer(
        engine=engine,
        receiver=receiver,
        transaction=transaction,
        parties=parties,
        house_records=HouseRecords(
            engine, parties, policies, topics, transaction.marker_key, service.takes_items
        ),
        relay=relay,
        topics=topics,
        batch_size=settings.batch,
        shares=shares,
        currency=currency,
        turns=turns,
    )
    scheduler = Scheduler(
        engine=engine,
        service=service,
        transaction=transaction,
        receiver=receiver,
        parties=parties,
        relay=relay,
        clock=clock,
        messages_read_until=messages.position,
        events_read_until=events.position,
        turns=turns,
    )
    broker = make_broker(login, shares)
    supervisors = subscribe(broker, consumer, name)
    return Assembly(
        settings=settings,
        service=service,
        engine=engine,
        house_keys=house_keys,
        case_keys=case_keys,
        transaction=transaction,
        receiver=receiver,
        consumer=consumer,
        relay=relay,
        scheduler=scheduler,
        rotation=KeyRotation(engine, outgoing, house_keys, relay, clock),
        cleanup=TopicCleanup(admin, topics, name, service.keeps_inboxes, settings.tidy_every),
        chaining=LogChaining(
            engine,
            outgoing,
            case_keys if service.holds_texts else None,
            house_keys,
            relay.wake,
            marker_key(settings),
            LogPruning(engine, case_keys, marker_key(settings), policies, clock),
            turns,
        ),
        commands=CommandHandler(
            engine=engine,
            service=service,
            transaction=transaction,
            parties=parties,
            keys=case_keys,
            relay=relay,
            clock=clock,
            policies=policies,
            digest_key=digest_key,
        ),
        reader=CaseReader(
            engine=engine,
            service=service,
            cases=cases,
            parties=parties,
            keys=case_keys,
            clock=clock,
            policies=policies,
            currency=currency,
            log_key=marker_key(settings),
            version_key=digest_key,
        ),
        currency=currency,
        gauges=Gauges(
            engine, admin, topics, service, house_keys, clock, lambda: scheduler.holding, parties, turns
        ),
        erasure_check=erasure_check,
        broker=broker,
        producer=producer,
        issuer=issuer,
        clients=(to_issuer, to_key_authority),
        watchdog=Watchdog(
            turns,
            supervisors,
            (relay_module.LOOP, scheduler_module.LOOP, currency_module.LOOP, log_chaining.LOOP),
            lambda: ended_task_of_producer(producer),
        ),
        tracing=tracing,
    )


def _report_to(service: str) -> Callable[[QuestionRefused], None]:
    def report(error: QuestionRefused) -> None:
        log_bug(service, "key-request-refused", error, status=error.status, ids=error.ids)

    return report


def _producer(login: Connection) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **login.for_aiokafka(),
        acks="all",  # not idempotent: after one refusal such a producer never gets through again
        linger_ms=2,
        max_batch_size=MAX_BATCH,
        max_request_size=MAX_REQUEST,
        metadata_max_age_ms=10_000,
    )


def _tracing(settings: Settings, service: str) -> "Tracing | None":
    """Make the tracing, if there is an endpoint; the SDK is imported only then."""
    if settings.otlp_endpoint is None:
        return None
    from shared.runtime.tracing import Tracing

    return Tracing(service, settings.house, settings.otlp_endpoint, str(settings.ca_file))


def log_key(settings: Settings) -> bytes:
    """Return the key of the digests that stand for ids in log lines; it lies outside the database."""
    return keyed_hash(settings.root_key, "log")


def marker_key(settings: Settings) -> bytes:
    """Return the key of what erased cases leave, and of the seals of logs; it lies outside the database."""
    return keyed_hash(settings.root_key, "marker")


@contextlib.asynccontextmanager
async def running(parts: Assembly, shut_down: Callable[[], None]) -> AsyncIterator[None]:
    """Start in an order in which nothing is lost; stop in the reverse order.

    `shut_down` is called when one of the tasks that never end has ended: the service must not go on
    without it.
    """
    await parts.producer.start()
    start = asyncio.create_task(_begin(parts), name="start")
    start.add_done_callback(lambda ended: _report_end(ended, parts.service.name, shut_down, may_end=True))
    tasks = [
        asyncio.create_task(_once_started(parts, parts.relay.run), name="relay"),
        asyncio.create_task(_once_started(parts, parts.scheduler.run), name="scheduler"),
        asyncio.create_task(_once_started(parts, parts.currency.run), name="currency"),
        asyncio.create_task(parts.rotation.run(), name="house-keys"),
        asyncio.create_task(_once_started(parts, parts.cleanup.run), name="topic-cleanup"),
        asyncio.create_task(_once_started(parts, parts.chaining.run), name="log-chain"),
        asyncio.create_task(_once_started(parts, parts.watchdog.run), name="watchdog"),
    ]
    for task in tasks:
        task.add_done_callback(lambda ended: _report_end(ended, parts.service.name, shut_down))
    try:
        yield
    finally:
        *working, watching = tasks
        await _end_in_turn(
            ("start", lambda: _cancel(start, watching), TASKS_END_WITHIN),
            ("consumers", parts.broker.stop, CONSUMERS_END_WITHIN),
            ("tasks", lambda: _cancel(*working), TASKS_END_WITHIN),
            ("producer", parts.producer.stop, PRODUCER_ENDS_WITHIN),
            ("connections", parts.close_outward, CLOSED_WITHIN),
        )


async def _begin(parts: Assembly) -> None:
    """Erase what was erased elsewhere before anything is taken, sent or shown."""
    await parts.erasure_check.run()
    await parts.broker.start()
    parts.watchdog.watch()
    parts.started.set()


async def _once_started(parts: Assembly, work: Callable[[], Awaitable[None]]) -> None:
    await parts.started.wait()
    await work()


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _end_in_turn(*ends: tuple[str, Callable[[], Awaitable[None]], float]) -> None:
    """End the parts in this order, each within its seconds and what those before it left of theirs."""
    now = asyncio.get_running_loop().time
    until = now()
    for what, end, seconds in ends:
        until += seconds
        await _ended(what, end(), max(0.0, until - now()))


async def _ended(what: str, ending: Awaitable[None], within: float) -> None:
    """Wait at most `within` seconds for a part to end; what is then still open closes with the process.

    Not even its cancellation is waited for: what waits for a frozen server may not hear it. While a broker is
    away aiokafka's consumer raises the cancellation of its own fetch, half-way.
    """
    task = asyncio.ensure_future(ending)
    done, _ = await asyncio.wait({task}, timeout=within)
    if not done or task.cancelled():
        task.cancel()
        log.warning("shutdown-forced", what=what)
    elif (error := task.exception()) is not None:
        log.warning("shutdown-forced", what=what, kind=type(error).__name__)


def _report_end(
    task: asyncio.Task[None], service: str, shut_down: Callable[[], None], *, may_end: bool = False
) -> None:
    """Log how a task ended, and shut down; being cancelled is how it ends when the service stops."""
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
    shut_down()


def make_http(parts: Assembly, routers: Sequence[APIRouter], shut_down: Callable[[], None]) -> FastAPI:
    """Make the HTTP application; its lifespan starts and stops everything else."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.commands, app.state.reader, app.state.issuer = parts.commands, parts.reader, parts.issuer
        app.state.accounts = Accounts(parts.engine, parts.currency)
        async with running(parts, shut_down):
            yield

    health = health_router(
        parts.service,
        engine=parts.engine,
        producer=parts.producer,
        own_topic=parts.consumer.topics.events(parts.service.name),
        house_keys=parts.house_keys,
        case_keys=parts.case_keys,
        started=parts.started,
        loops=parts.watchdog.ready,
    )
    token_file = parts.settings.metrics_token_file
    metrics = metrics_router(parts.gauges, read_secret(token_file) if token_file else None)
    inner = [Middleware(Entrance, limits=parts.settings.limits), Middleware(RequestLimit)]
    app = make_app(
        f"zvh-{parts.service.name}", health, metrics, *routers, lifespan=lifespan, middleware=inner
    )
    app.add_middleware(StartupGate, ready=parts.started)
    return app


async def serve(parts: Assembly, routers: Sequence[APIRouter]) -> None:
    """Serve until SIGTERM; then stop polling, finish the batch, acknowledge, leave the group: in time.

    When a background task ends the whole process does, with exit code 1, and whoever supervises it starts
    it anew: restarting the task alone would keep whatever in memory made it fail.
    """
    deadline = Deadline()
    migrate.check(parts.service, await migrate.current(parts.engine))
    settings = parts.settings
    _collect_seldom()
    failed = asyncio.Event()

    def shut_down() -> None:
        failed.set()
        server.should_exit = True
        deadline.start(FAULT)

    server = Server(
        deadline,
        uvicorn.Config(
            make_http(parts, routers, shut_down),
            http=BoundedProtocol,
            ws="none",
            host=settings.http_host,
            port=settings.http_port,
            ssl_certfile=str(settings.tls_certificate_file),
            ssl_keyfile=str(settings.tls_key_file),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=REQUESTS_END_WITHIN,
            timeout_keep_alive=KEPT_OPEN,
            h11_max_incomplete_event_size=MAX_HEAD,
            proxy_headers=bool(settings.limits.trusted_proxies),
            forwarded_allow_ips=list(settings.limits.trusted_proxies),
            server_header=False,
            lifespan="on",
        ),
        settings.limits,
    )
    await server.serve()
    if failed.is_set():
        raise SystemExit(FAULT)
    if not server.asked:
        log.error("server-ended", service=parts.service.name)
        raise SystemExit(FAULT)


class Server(BoundedServer):
    """Serve HTTPS until a signal; `asked` says that one came. The process then ends with code 0, in time."""

    def __init__(self, deadline: Deadline, config: uvicorn.Config, limits: Limits) -> None:
        super().__init__(config, limits)
        self.asked, self._deadline = False, deadline

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; uvicorn's own would raise the signal again, and end with what is still open."""
        self.asked = self.should_exit = True
        self._deadline.start()


def _collect_seldom() -> None:
    """Let the garbage collector run seldom: batches make few cycles, and its default costs a fifth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)
