"""Connect a party to the house: send and receive typed messages, signed and encrypted.

    async with Connector(settings, handler) as connector:
        answer = await connector.ask(ReferralSubmitted(...))

`handler` is awaited for each message before that is acknowledged; when it raises, it gets the message again.
A message that cannot be opened is reported, and neither it nor what stands behind it is acknowledged: what
can be opened is handled, and after a restart all of it is read again, for as long as the house keeps it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from joserfc.jwk import ECKey
from pydantic_core import from_json

from shared.clock import machine_now
from shared.connector.house import HouseJwks
from shared.connector.settings import ConnectorSettings
from shared.contract.cloudevent import (
    SEALED_BODY,
    Envelope,
    Unreadable,
    from_signed,
    read_headers,
    schema_uri,
    signed_differs,
    to_headers,
    to_json,
)
from shared.contract.limits import MAX_PAYLOAD, MAX_SEALED_LETTER
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.registry import SERVICES, Model, by_type, of_model
from shared.crypto.jose import CannotDecode, decrypt_and_verify, sign_and_encrypt
from shared.https_client import make_client
from shared.ids import new_id
from shared.kafka.aiokafka_patch import accept_any_header_name
from shared.kafka.client_tasks import close

log = structlog.get_logger()
KEY_TIMEOUT = 30.0  # seconds a message waits for the key it is sealed to
CONSUMER_ENDS_WITHIN = 3.0  # seconds
HOUSE_CONNECTIONS = 5
RESEAL = "not-sealed-to-a-key-of-this-service"  # the reason to ask for keys anew


class TooLarge(Exception):
    """Report that a message is larger than the house takes: its data are at most 32 KiB; send less."""


class NotAnswered(Exception):
    """Report that no answer came in the given time; the same message can be sent again under the same id."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """Hold one decrypted message from the house.

    `case` is its case number, `about` the id of the message of ours that it answers."""

    message: Model
    service: str
    case: str | None
    about: str | None
    id: str
    sequence: int
    traceparent: str | None = None


Answer = MessageAccepted | MessageRefused
Handler = Callable[[ReceivedMessage], Awaitable[None]]


async def _ignore(received: ReceivedMessage) -> None:
    """Ignore every message, for a connector that only sends."""


class Connector:
    """Send and receive for one party."""

    def __init__(self, settings: ConnectorSettings, handler: Handler = _ignore) -> None:
        self._settings, self._handler = settings, handler
        self._answers: dict[str, asyncio.Future[Answer]] = {}
        self._sequences: dict[str, int] = {}
        self._unopened: set[TopicPartition] = set()  # where a message waits that cannot be opened

    async def __aenter__(self) -> Self:
        """Connect to the broker.

        When none answers or takes the login, raise `KafkaConnectionError` with nothing left open.
        """
        settings = self._settings
        accept_any_header_name()
        login = settings.login.for_aiokafka()
        self._client = make_client(settings.login.ssl_context(), most=HOUSE_CONNECTIONS)
        self._house = HouseJwks(self._client, settings.jwks_urls)
        # Not idempotent: aiokafka then fails for good once the broker has refused a record, and a message
        # that is sent twice has one effect here anyway.
        self._producer = AIOKafkaProducer(acks="all", linger_ms=2, **login)
        self._consumer = self._new_consumer()
        try:
            await self._producer.start()
            await self._consumer.start()
        except BaseException:
            await self._close()
            raise
        self._reading = asyncio.create_task(self._read(), name=f"connector-{settings.party}")
        return self

    def _new_consumer(self) -> AIOKafkaConsumer:
        settings = self._settings
        return AIOKafkaConsumer(
            settings.topics.to_party(settings.party),
            group_id=settings.group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=500,
            metadata_max_age_ms=10_000,  # an inbox that was made anew is read after so long
            **settings.login.for_aiokafka(),
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._close()

    async def _close(self) -> None:
        await close(self._consumer, CONSUMER_ENDS_WITHIN)
        await self._producer.stop()
        await self._client.aclose()

    # --- sending ----------------------------------------------------------------------------------

    async def send(
        self,
        message: Model,
        *,
        case: str | None = None,
        message_id: str | None = None,
        traceparent: str | None = None,
    ) -> str:
        """Send, and return the message's id once every in-sync replica has it; keep it until the answer.

        Sending again under the same id has one effect. The house goes on from `traceparent`, a W3C trace
        context. Raises `TooLarge`, and `HouseUnreachable` when the service told no key to seal to for half
        a minute.
        """
        envelope, body, topic = await self.seal(message, case=case, message_id=message_id)
        if traceparent:
            envelope = envelope._replace(extensions={"traceparent": traceparent})
        await self.send_raw(topic, case or envelope.id, body, to_headers(envelope, SEALED_BODY))
        return envelope.id

    async def ask(
        self,
        message: Model,
        *,
        case: str | None = None,
        message_id: str | None = None,
        within: float = 30.0,
    ) -> Answer:
        """Send and wait (seconds) for the house's answer; raises `NotAnswered`."""
        message_id = message_id or new_id()
        self._answers.setdefault(message_id, asyncio.get_running_loop().create_future())
        await self.send(message, case=case, message_id=message_id)
        return await self.answer(message_id, within=within)

    async def answer(self, message_id: str, *, within: float = 30.0) -> Answer:
        """Return the answer to a message sent by this connector.

        Raise `NotAnswered` after `within` seconds.
        """
        future = self._answers.setdefault(message_id, asyncio.get_running_loop().create_future())
        try:
            return await asyncio.wait_for(asyncio.shield(future), within)
        except TimeoutError:
            raise NotAnswered(message_id) from None
        finally:
            if future.done():
                self._answers.pop(message_id, None)

    async def seal(
        self, message: Model, *, case: str | None = None, message_id: str | None = None
    ) -> tuple[Envelope, bytes, str]:
        """Return the envelope, the body signed and encrypted for its service, and the topic it belongs on.

        Raises `ValueError` for a message that no party sends, `TooLarge`, and `HouseUnreachable`.
        """
        entry = of_model(type(message))
        if not entry.comes_in:
            raise ValueError(f"{entry.name} is not a message that a party sends")
        envelope = Envelope(
            id=message_id or new_id(),
            source=self._settings.source,
            type=entry.type,
            time=machine_now(),
            subject=case,
            dataschema=schema_uri(entry),
        )
        data = message.model_dump_json(exclude_none=True).encode()
        if len(data) > MAX_PAYLOAD:
            raise TooLarge(f"The data are {len(data)} bytes; a message holds at most {MAX_PAYLOAD}.")
        payload = to_json(envelope, data)
        key = await self._house.sealing_key(entry.service, within=KEY_TIMEOUT)
        body = sign_and_encrypt(payload, signing=self._settings.signing_key, sealing=key)
        return envelope, body, self._settings.topics.from_party(entry.service, self._settings.party)

    async def send_raw(
        self, topic: str, key: str, body: bytes | None, headers: list[tuple[str, bytes]]
    ) -> None:
        """Send one record as it is, for callers that encrypt themselves; raise `TooLarge`."""
        try:
            await self._producer.send_and_wait(topic, body, key.encode(), headers=headers)
        except MessageSizeTooLargeError:
            raise TooLarge("The broker refuses records above 128 KiB; a payload is at most 32 KiB.") from None

    # --- receiving --------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Read for ever; whatever goes wrong, begin anew with another consumer where the last one committed.

        A consumer of aiokafka that has lost its group once does not recover, and its iterator never says so.
        """
        while True:
            try:
                while True:
                    record = await self._consumer.getone()
                    await self._process(record)
                    await self._acknowledge(record)
            except Exception as error:
                log.warning("connector-pauses", party=self._settings.party, kind=type(error).__name__)
            await self._begin_anew()

    async def _begin_anew(self) -> None:
        """Replace the consumer, and try until the broker lets it read."""
        while True:
            await close(self._consumer, CONSUMER_ENDS_WITHIN)
            await asyncio.sleep(1)
            self._consumer = self._new_consumer()
            try:
                await self._consumer.start()
                return
            except KafkaError as error:
                log.warning("connector-waits", party=self._settings.party, kind=type(error).__name__)

    async def _acknowledge(self, record: Any) -> None:
        """Commit up to this record, unless one that could not be opened stands before it in its partition."""
        partition = TopicPartition(record.topic, record.partition)
        if partition not in self._unopened:
            await self._consumer.commit({partition: record.offset + 1})

    async def _process(self, record: Any) -> None:
        try:
            received = await self._parse(record)
        except (Unreadable, CannotDecode) as reason:
            self._report(record, str(reason))
            return
        if received is None or received.sequence <= self._sequences.get(received.service, 0):
            return
        if isinstance(received.message, MessageAccepted | MessageRefused) and received.about:
            self._resolve(received.about, received.message)
        await self._handle(received)
        self._sequences[received.service] = received.sequence

    def _report(self, record: Any, reason: str) -> None:
        """Say which message cannot be opened and why, and keep the place, so that it is not lost."""
        self._unopened.add(TopicPartition(record.topic, record.partition))
        log.error(
            "message-unopened",
            party=self._settings.party,
            reason=reason,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )

    def _resolve(self, message_id: str, answer: Answer) -> None:
        future = self._answers.setdefault(message_id, asyncio.get_running_loop().create_future())
        if not future.done():
            future.set_result(answer)
        if isinstance(answer, MessageRefused) and answer.reason == RESEAL:
            for service in SERVICES:
                self._house.forget(service)

    async def _handle(self, received: ReceivedMessage) -> None:
        pause = 0.1
        while True:
            try:
                return await self._handler(received)
            except Exception as error:  # the partner's own code: it gets the message again
                log.warning("handler-failed", kind=type(error).__name__, pause=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30)

    async def _parse(self, record: Any) -> ReceivedMessage | None:
        headers = read_headers(record.headers, SEALED_BODY)
        service = headers.get("source", "").rpartition("zvh-")[2]
        if service not in SERVICES:
            raise Unreadable("source-not-of-the-house")
        signed = await self._verified(record.value or b"", service)
        if signed_differs(headers, signed):
            raise Unreadable("header-differs-from-signature")
        envelope = from_signed(signed, headers)
        entry = by_type(envelope.type)
        if entry is None:
            return None
        try:
            message, sequence = (
                entry.model.model_validate(signed["data"]),
                int(envelope.extensions["sequence"]),
            )
        except (ValueError, KeyError):  # pydantic's ValidationError is a ValueError
            raise Unreadable("does-not-fit-the-schema") from None
        return ReceivedMessage(
            message=message,
            service=service,
            case=envelope.subject,
            about=envelope.extensions.get("causationid"),
            id=envelope.id,
            sequence=sequence,
            traceparent=envelope.extensions.get("traceparent"),
        )

    async def _verified(self, body: bytes, service: str) -> dict[str, Any]:
        """Return the signed CloudEvent.

        Fetch the keys again when none fits, as the service may have a new one.
        """
        await self._house.refresh(service)
        try:
            payload = self._decrypt(body, service)
        except CannotDecode:
            self._house.forget(service)
            await self._house.refresh(service)
            payload = self._decrypt(body, service)
        try:
            found = from_json(payload)
        except ValueError:
            raise Unreadable("invalid-json") from None
        if not isinstance(found, dict):
            raise Unreadable("not-a-cloudevent")
        return found

    def _decrypt(self, body: bytes, service: str) -> bytes:
        own = self._settings.sealing_key

        def signed_by(kid: str) -> ECKey | None:
            return self._house.signer(service, kid)

        payload, _ = decrypt_and_verify(
            body,
            sealed_to=lambda kid: own if kid == own.thumbprint() else None,
            signed_by=signed_by,
            most=MAX_SEALED_LETTER,
        )
        return payload
