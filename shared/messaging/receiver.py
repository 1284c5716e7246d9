"""Turn records into deliveries: read each, decrypt it once and check it by itself, before any transaction.

What a party sends and nobody can read is a dead letter, which the party hears of. What another service
publishes and this one cannot read is a decision that was taken: it is quarantined with its case.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

import structlog
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from shared.clock import Clock, machine_now
from shared.contract.cloudevent import (
    PLAIN_BODY,
    SEALED_BODY,
    Envelope,
    Unreadable,
    from_attributes,
    from_signed,
    header,
    read_headers,
    sequence_of,
    signed_differs,
)
from shared.contract.content import SEALED_ALLOWED, SealedText
from shared.contract.fields import ID
from shared.contract.limits import MAX_PAYLOAD, MAX_SEALED
from shared.contract.messages.house import ItemsClaimed, LogCheckpointed
from shared.contract.parties import Parties
from shared.contract.pointers import names_in, pointers
from shared.contract.record import Record
from shared.contract.refusal import (
    MESSAGE_TOO_OLD,
    NOT_A_PARTY,
    NOT_FOR_THIS_SERVICE,
    SIGNER_UNKNOWN,
    Refusal,
    unreadable,
)
from shared.contract.registry import Direction, MessageType, Model, by_type
from shared.contract.topics import Topics
from shared.core.actor import Actor, Command, Role
from shared.core.context import DecisionContext
from shared.core.process import HasPhase
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus, refusal_for
from shared.crypto.codec import Codec
from shared.crypto.jose import CannotDecode, UnknownSigner
from shared.handling.delivery import DeadLetter, Delivery, FromParty, FromService, Origin, Unhandled
from shared.handling.outgoing import OutgoingMessages
from shared.handling.service import MessageContext, Service
from shared.handling.text_extraction import ExtractedTexts, drop_texts, extract_texts
from shared.ids import keyed_id
from shared.storage import inbox
from shared.storage.held_messages import HeldMessage
from shared.storage.inbox import InboxEntry
from shared.storage.policy_replica import PolicyReplica
from shared.telemetry.logs import log_bug
from shared.telemetry.metrics import EVENTS_UNREADABLE

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)
AT_A_TIME = 20  # records read before others have their turn


class UnreadableEvent(Model):
    """Stand for the payload of an event of the house that cannot be read."""


class ParsedMessage(NamedTuple):
    """Hold a record whose message was read: who says what, about which case."""

    record: Record
    envelope: Envelope
    message: Model
    sender: str
    by: Actor
    case_id: str
    digest: bytes
    texts: ExtractedTexts = ExtractedTexts()
    digests: tuple[str, ...] = ()
    refusal: Refusal | None = None
    held: HeldMessage | None = None


@dataclass(frozen=True, slots=True)
class Receiver(Generic[S]):
    """Read records for one service; nothing else decrypts what parties seal.

    `house_keys` returns the kids of this service's private keys that exist now. `policies` as they were read
    last: what a message is refused for before its key is made is judged by the policy of its day too.
    """

    service: Service[S]
    topics: Topics
    codec: Codec
    keys: CaseKeyClient
    clock: Clock
    outgoing: OutgoingMessages
    digest_key: bytes
    house_keys: Callable[[], tuple[str, ...]] = tuple
    policies: PolicyReplica = field(default_factory=PolicyReplica)

    async def receive(
        self, records: Sequence[tuple[Record, HeldMessage | None]], parties: Parties
    ) -> tuple[list[Delivery], list[DeadLetter]]:
        """Return deliveries in the order of the records, and dead letters for those that are no message.

        A party's record is a dead letter then; an event of the house becomes a delivery that is quarantined.
        A record comes with its stored message if it is tried again. Raises `KeyAuthorityUnreachable` when the
        key authority does not answer; nothing is lost then.
        """
        read: list[ParsedMessage] = []
        dead: list[DeadLetter] = []
        for n, (record, held) in enumerate(records, 1):
            if n % AT_A_TIME == 0:
                await asyncio.sleep(0)
            one = self._read(record, held, parties)
            if isinstance(one, DeadLetter):
                dead.append(one)
            elif one is not None:
                read.append(one)
        keys, offset = await self._keys_for(read), self.clock.offset
        return [self._delivery(one, keys, one.record.received_at + offset) for one in read], dead

    # --- reading a record -------------------------------------------------------------------------

    def _read(
        self, record: Record, held: HeldMessage | None, parties: Parties
    ) -> ParsedMessage | DeadLetter | None:
        """Read one record; a bug in reading must not stop the partition."""
        is_from_the_house = self.topics.is_of_the_house(record.topic)
        try:
            if is_from_the_house:
                return self._read_event(record, held)
            return self._read_party_message(record, held, parties)
        except (Unreadable, CannotDecode) as error:
            reason = str(error)
            invalid = error.invalid if isinstance(error, Unreadable) else ()
        except Exception as error:
            log_bug(self.service.name, "record-unreadable", error)
            reason = "cannot-be-read"
            invalid = ()
        if is_from_the_house:
            return self._unreadable_event(record, reason, held)
        return self._dead(record, reason, held, invalid)

    def _read_party_message(
        self, record: Record, held: HeldMessage | None, parties: Parties
    ) -> ParsedMessage:
        party = self.topics.party_of(self.service.name, record.topic)
        headers = read_headers(record.headers, SEALED_BODY)
        if record.value is None:
            raise Unreadable("no-body")
        if len(record.value) > MAX_SEALED:
            raise Unreadable("too-large")
        sender = parties.get(party)
        if sender is None or not sender.may_sign(record.received_at):
            return self._not_yet_known(record, held, headers, party, NOT_A_PARTY)
        try:
            payload = self.codec.decode(record.value, sender, record.received_at)
        except UnknownSigner:
            if held is not None and not held.waits_at(machine_now()):
                raise
            return self._not_yet_known(record, held, headers, party, SIGNER_UNKNOWN)
        signed = _json(payload)
        if signed_differs(headers, signed):
            raise Unreadable("header-differs-from-signature")
        envelope = from_signed(signed, headers)
        if envelope.source != sender.source:
            raise Unreadable("source-not-of-the-sender")
        age = record.received_at - envelope.time
        if age < -inbox.AHEAD:
            raise Unreadable("time-in-the-future")
        if len(payload) > MAX_PAYLOAD and len(to_json(signed.get("data"))) > MAX_PAYLOAD:
            raise Unreadable("too-large")
        message = self._validated(envelope, signed.get("data"))
        digest = inbox.digest(self.digest_key, envelope.type, envelope.subject, message)
        digests = self._digests(message)
        too_old = age > inbox.HORIZON
        refusal = MESSAGE_TOO_OLD if too_old else self._precheck(message, party, record, held, parties)
        return ParsedMessage(
            record=record,
            envelope=envelope,
            message=message,
            sender=party,
            by=_as_party(party),
            case_id=self._case_of(envelope, message, party),
            digest=digest,
            texts=self._texts(message, party, envelope.id),
            digests=digests,
            refusal=refusal,
            held=held,
        )

    def _precheck(
        self, message: Model, party: str, record: Record, held: HeldMessage | None, parties: Parties
    ) -> Refusal | None:
        """Return why no case key is made for this message; one that waited is judged as it stands now."""
        precheck = self.service.creates_case_key.get(type(message))
        if precheck is None:
            return None
        now = self.clock.covenant(record.received_at)
        again = self.clock.now() if held else None
        try:
            context = DecisionContext(now, parties, self.policies.known.at(now), tried_again_at=again)
            return precheck(message, _as_party(party), context)
        except Exception as error:  # the decision meets the same bug, and parks the message
            log_bug(self.service.name, "precheck-failed", error)
            return None

    def _read_event(self, record: Record, held: HeldMessage | None) -> ParsedMessage | None:
        if record.topic in self.topics.registers:  # what is readable there never comes here
            raise Unreadable("does-not-fit-the-schema")
        sender = self.topics.service_of(record.topic)
        entry = by_type(header(record.headers, "ce_type") or "")
        if entry is not None and not self._concerns(entry):
            return _settled(record, held, sender) if held else None
        envelope = from_attributes(read_headers(record.headers, PLAIN_BODY))
        if (
            entry is None
            or entry.service not in (sender, "house")
            or entry.model not in self.service.handlers
        ):
            raise Unreadable("unknown-type")
        try:
            message = entry.model.model_validate_json(record.value or b"", context=SEALED_ALLOWED)
        except ValidationError:
            raise Unreadable("does-not-fit-the-schema") from None
        return ParsedMessage(
            record=record,
            envelope=envelope,
            message=message,
            sender=f"service:{sender}",
            by=Actor(Role.SERVICE, service=sender),
            case_id=self._case_of(envelope, message, sender),
            digest=b"",
            texts=self._texts(message, f"service:{sender}", envelope.id),
            held=held,
        )

    def _concerns(self, entry: MessageType) -> bool:
        """Tell whether an event of this type asks something here.

        Whose the items are is learnt before the receiver, and how far logs are chained is kept: what comes
        here of it could not be read.
        """
        learns = entry.model is LogCheckpointed or (self.service.takes_items and entry.model is ItemsClaimed)
        return learns or entry.direction is not Direction.EVENT or entry.model in self.service.handlers

    def _unreadable_event(self, record: Record, reason: str, held: HeldMessage | None) -> ParsedMessage:
        """Stand in for an event that cannot be read, so that it is quarantined and its case held."""
        sender = self.topics.service_of(record.topic)
        case_id = held.case_id if held else _case_named_by(record) or sender
        log.error(
            "event-unreadable",
            reason=reason,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            case=case_id,
        )
        if held is None:
            EVENTS_UNREADABLE.labels(sender).inc()
        return _stand_in(record, held, sender, case_id, UnreadableEvent())

    def _validated(self, envelope: Envelope, data: Any) -> Model:
        entry = by_type(envelope.type)
        if entry is None or not entry.comes_in or entry.service != self.service.name:
            raise Unreadable("unknown-type")
        try:
            return entry.model.model_validate(data)
        except ValidationError as error:
            places = (found["loc"] for found in error.errors(include_url=False, include_input=False))
            invalid = pointers(places, data, names_in(entry.model))
            raise Unreadable("does-not-fit-the-schema", invalid) from None

    def _case_of(self, envelope: Envelope, message: Model, sender: str) -> str:
        derive = self.service.case_of.get(type(message))
        if derive is not None:
            return derive(message, sender, self.digest_key)
        if envelope.subject is None or not ID.fullmatch(envelope.subject):
            raise Unreadable("no-case-number")
        return envelope.subject

    def _not_yet_known(
        self,
        record: Record,
        held: HeldMessage | None,
        headers: Mapping[str, str],
        party: str,
        refusal: Refusal,
    ) -> ParsedMessage:
        """Let the record of an unknown sender or key wait, unread: its announcement may be on its way."""
        envelope = from_attributes(headers)
        case_id = envelope.subject if envelope.subject and ID.fullmatch(envelope.subject) else party
        by = Actor(Role.PARTY, party=party)
        return ParsedMessage(record, envelope, Model(), party, by, case_id, b"", refusal=refusal, held=held)

    def _digests(self, message: Model) -> tuple[str, ...]:
        """Return by what the persons in a message are found, made of its texts while they are here."""
        made = self.service.digests_of.get(type(message))
        return made(message, self.digest_key) if made else ()

    def _texts(self, message: Model, sender: str, message_id: str) -> ExtractedTexts:
        """Take its texts out of the message; nothing after this sees one."""
        if type(message) in self.service.keeps_no_texts_of:
            return drop_texts(message)
        return extract_texts(
            message, self.service.name, lambda: keyed_id(self.digest_key, "piece", sender, message_id)
        )

    # --- sealing what it says ---------------------------------------------------------------------

    async def _keys_for(self, read: Sequence[ParsedMessage]) -> dict[str, CaseKey | KeyStatus]:
        """Fetch the keys of all cases that get text; make them only for messages that open a case."""
        opening = {
            r.case_id for r in read if type(r.message) in self.service.creates_case_key and not r.refusal
        }
        wanted = {r.case_id for r in read if not r.refusal and r.texts.written} - opening
        made = await self.keys.get(opening, make=True) if opening else {}
        return made | (await self.keys.get(wanted) if wanted else {})

    def _delivery(
        self, read: ParsedMessage, keys: Mapping[str, CaseKey | KeyStatus], received: datetime
    ) -> Delivery:
        command, texts, asks = self._command(read, keys, received)
        place = _place(read.record) if read.by.party is not None else None
        received_at = read.record.received_at
        entry = InboxEntry(read.sender, read.envelope.id, read.digest, received_at, read.case_id, place)
        return Delivery(
            entry=entry,
            by=read.by,
            command=command,
            received_at=received,
            origin=_origin(read),
            texts=texts,
            traceparent=read.envelope.extensions.get("traceparent"),
            asks=asks,
        )

    def _command(
        self, read: ParsedMessage, keys: Mapping[str, CaseKey | KeyStatus], received: datetime
    ) -> tuple[Command | Refusal, tuple[SealedText, ...], type[Command] | None]:
        """Return the command or refusal, its sealed texts, and the kind of command a refusal stands for."""
        if read.refusal is not None:
            return read.refusal, (), None
        if isinstance(read.message, UnreadableEvent):
            return Unhandled(by=read.by), (), None
        message, status = read.message, keys.get(read.case_id)
        key = status if isinstance(status, CaseKey) else None
        pieces = read.texts.pieces(key, self.service.name)
        opened = self.house_keys() if read.by.role is Role.SERVICE else ()
        inbound = MessageContext(
            read.case_id, read.by, received, read.envelope.id, read.record.received_at, opened, read.digests
        )
        try:
            command = self.service.handlers[type(message)](message, inbound)
        except Exception as error:  # a bug in a handler parks its message (design, section 6)
            log_bug(self.service.name, "handler-failed", error)
            return Unhandled(by=read.by), (), None
        if isinstance(status, KeyStatus):
            return refusal_for(status), (), type(command)
        return command, pieces, None

    def _dead(
        self, record: Record, reason: str, held: HeldMessage | None, invalid: tuple[str, ...]
    ) -> DeadLetter:
        party = self.topics.party_of(self.service.name, record.topic)
        message_id = _readable_id(record)
        refusal = unreadable(reason)
        messages = self.outgoing.unreadable(party, record.position, refusal, message_id, invalid)
        entry = InboxEntry(f"dead:{record.topic}", _place(record), b"", record.received_at, None)
        return DeadLetter(entry, reason, messages, held)


def _origin(read: ParsedMessage) -> Origin:
    record = read.held.record if read.held else read.record
    if read.by.party is not None:
        return FromParty(read.by.party, record, read.held)
    return FromService(
        str(read.by.service), record, read.held, sequence_of(read.envelope.extensions.get("sequence"))
    )


def _settled(record: Record, held: HeldMessage, sender: str) -> ParsedMessage:
    """Let go of an event that was kept because it could not be read, and does not concern this service."""
    return _stand_in(record, held, sender, held.case_id, UnreadableEvent(), NOT_FOR_THIS_SERVICE)


def _stand_in(
    record: Record,
    held: HeldMessage | None,
    sender: str,
    case_id: str,
    message: Model,
    refusal: Refusal | None = None,
) -> ParsedMessage:
    """Make a message of a record of which only its place is certain, and its id where it can be read.

    Its sequence number counts only within the case that the record names.
    """
    number = header(record.headers, "ce_sequence") if case_id == _case_named_by(record) else None
    envelope = Envelope(
        id=_readable_id(record) or f"{record.topic}/{_place(record)}",
        source="",
        type="",
        time=record.received_at,
        extensions={} if number is None or sequence_of(number) is None else {"sequence": number},
    )
    by = Actor(Role.SERVICE, service=sender)
    return ParsedMessage(
        record, envelope, message, f"service:{sender}", by, case_id, b"", refusal=refusal, held=held
    )


def _place(record: Record) -> str:
    """Name a record by where it stands; a topic that was made anew has other times."""
    return f"{record.partition}/{record.offset}/{record.received_at.isoformat()}"


def _case_named_by(record: Record) -> str | None:
    """Return the case that a record is about by its subject, or else by its key; None without either."""
    key = (record.key or b"").decode("ascii", "replace")
    return next(
        (id_ for id_ in (header(record.headers, "ce_subject"), key) if id_ and ID.fullmatch(id_)), None
    )


@cache
def _as_party(party: str) -> Actor:
    return Actor(Role.PARTY, party=party)


def _json(payload: bytes) -> dict[str, Any]:
    """Parse a JSON object; raises `Unreadable` for anything else, however deep."""
    try:
        found = from_json(payload, allow_inf_nan=False)
    except ValueError:
        raise Unreadable("invalid-json") from None
    if not isinstance(found, dict):
        raise Unreadable("not-a-cloudevent")
    return found


def _readable_id(record: Record) -> str | None:
    """Return the message id a dead letter can name, if the header holds a plausible one."""
    found = header(record.headers, "ce_id")
    return found if found and ID.fullmatch(found) else None
