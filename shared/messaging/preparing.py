"""Make the records of outbox rows: decrypt each, encrypt it for its recipient, and measure it.

A row that cannot be sent for a reason of its own is set apart, with what stands behind it of its case.
Nothing else waits for it.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.contract.cloudevent import (
    PLAIN_BODY,
    SEALED_BODY,
    Envelope,
    checked,
    schema_uri,
    to_headers,
    to_json,
)
from shared.contract.content import (
    SEALED_ALLOWED,
    AnyContent,
    SealedText,
    can_hold_content,
    contents,
    transform,
)
from shared.contract.limits import MAX_LETTER, MAX_RECORD
from shared.contract.parties import Parties, PartyRecord
from shared.contract.registry import by_type
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import KeyStatus
from shared.crypto.codec import Codec, KeyUnusable
from shared.storage.outbox import Row
from shared.storage.sequence_numbers import SequenceAllocator

log = structlog.get_logger()
AT_A_TIME = 50  # rows prepared before others have their turn
Keys = Mapping[str, CaseKey | KeyStatus]


class TooLargeToSend(Exception):
    """Report a message that its receiver would not take; the argument is its size in bytes."""


class CaseKeyGone(Exception):
    """Report a message with texts of a case that has no key (any more); the argument is the key's status."""


class Ready(NamedTuple):
    """Hold a row with what will be sent for it."""

    row: Row
    headers: list[tuple[str, bytes]]
    body: bytes

    @property
    def size(self) -> int:
        """Return how large a record batch with this record alone is at most, in bytes."""
        size: int = DefaultRecordBatchBuilder.estimate_size_in_bytes(
            self.row.key.encode(), self.body, self.headers
        )
        return size


class Unsendable(NamedTuple):
    """Hold a row that cannot be sent, for a reason of its own: a bug, or the disk it is stored on."""

    row: Row
    error: Exception


@dataclass(slots=True)
class Prepared:
    """Collect what becomes of the rows of a batch.

    `aside`: topics that wait. `resting`: cases whose key cannot be had now. `held`: cases of `unsendable`.
    """

    ready: list[Ready] = field(default_factory=list)
    aside: set[str] = field(default_factory=set)
    resting: set[str] = field(default_factory=set)
    unsendable: list[Unsendable] = field(default_factory=list)
    held: set[str] = field(default_factory=set)

    def waits(self, row: Row) -> bool:
        """Tell whether something before this row keeps it back."""
        return row.topic in self.aside or row.case_id in self.held or row.case_id in self.resting

    def set_apart(self, row: Row, error: Exception) -> None:
        """Leave this row to an operator, and what stands behind it of its case."""
        self.unsendable.append(Unsendable(row, error))
        if row.case_id is not None:
            self.held.add(row.case_id)


@dataclass(frozen=True, slots=True)
class Preparer:
    """Prepare the rows of one batch; `now` is machine time, for the keys of the parties."""

    source: str
    codec: Codec
    parties: Parties
    numbers: SequenceAllocator
    now: datetime

    async def prepare(self, rows: Sequence[Row], texts: Mapping[int, Any], keys: Keys) -> Prepared:
        """Return what becomes of each row; `texts` as `sealed_messages` gave them, `keys` of their cases."""
        without = self._without_key(row.recipient for row in rows)
        prepared = Prepared(aside={row.topic for row in rows if row.recipient in without})
        for n, row in enumerate(rows, 1):
            if not prepared.waits(row):
                self._add(row, texts.get(row.id), keys, prepared)
            if n % AT_A_TIME == 0:
                await asyncio.sleep(0)
        return prepared

    def _add(self, row: Row, message: Any, keys: Keys, prepared: Prepared) -> None:
        key = keys.get(row.case_id or "")
        if message is not None and key in (KeyStatus.UNAVAILABLE, KeyStatus.WITHHELD):
            self._rest(row, prepared)
            return
        try:
            prepared.ready.append(self._ready(row, _text(row, message, key)))
        except KeyUnusable:
            log.error("party-key-unusable", topic=row.topic)
            self.numbers.take_back(row)
            prepared.aside.add(row.topic)
        except Exception as error:
            self.numbers.take_back(row)
            prepared.set_apart(row, error)

    def _rest(self, row: Row, prepared: Prepared) -> None:
        """Let a case wait for its key; where its recipient may have the message already, let that wait."""
        if row.id in self.numbers.unconfirmed:
            prepared.aside.add(row.topic)
        elif row.case_id is not None:
            prepared.resting.add(row.case_id)

    def _ready(self, row: Row, text: bytes) -> Ready:
        """Make the record of a row; raise `TooLargeToSend` for one that its receiver would not take."""
        party = self.parties.get(row.recipient) if row.recipient else None
        envelope = self._envelope(row, self.numbers.number_for(row))
        if party is None:
            ready = Ready(row, to_headers(envelope, PLAIN_BODY), text)
        else:
            ready = Ready(row, to_headers(envelope, SEALED_BODY), self._sealed(envelope, text, party))
        if ready.size > MAX_RECORD:
            raise TooLargeToSend(ready.size)
        return ready

    def _sealed(self, envelope: Envelope, text: bytes, party: PartyRecord) -> bytes:
        payload = to_json(envelope, text)
        if len(payload) > MAX_LETTER:
            raise TooLargeToSend(len(payload))
        return self.codec.encode(payload, party, self.now) or b""

    def _envelope(self, row: Row, number: int) -> Envelope:
        """Make the envelope of a row; raise `Unreadable` for one that its reader would not take."""
        entry = by_type(row.type)
        extensions = {"sequence": f"{number:020d}"}
        if row.causation_id:
            extensions["causationid"] = row.causation_id
        if row.traceparent:
            extensions["traceparent"] = row.traceparent
        envelope = Envelope(
            id=row.event_id,
            source=self.source,
            type=row.type,
            time=row.recorded_at,
            subject=row.subject,
            dataschema=schema_uri(entry) if entry else None,
            extensions=extensions,
        )
        return checked(envelope)

    def _without_key(self, recipients: Iterable[str | None]) -> set[str]:
        """Return those of them that have no key to encrypt to now."""
        found = {name: self.parties.get(name) for name in recipients if name is not None}
        return {name for name, party in found.items() if party is None or party.sealing_key(self.now) is None}


def sealed_messages(rows: Iterable[Row]) -> dict[int, Any]:
    """Return the messages to parties that hold sealed texts, by row id; or why one cannot be read."""
    found: dict[int, Any] = {}
    for row in rows:
        try:
            message = _sealed_message(row)
        except Exception as error:
            message = error
        if message is not None:
            found[row.id] = message
    return found


def _sealed_message(row: Row) -> Any:
    """Parse the payload of a message to a party that holds sealed texts; None for what is sent as stored."""
    entry = by_type(row.type)
    if row.recipient is None or entry is None or not can_hold_content(entry.model):
        return None
    message = entry.model.model_validate_json(row.body, context=SEALED_ALLOWED)
    return message if any(isinstance(content, SealedText) for content in contents(message)) else None


def _text(row: Row, message: Any, key: CaseKey | KeyStatus | None) -> bytes:
    """Return the payload as its recipient gets it: the disclosure of each text it carries."""
    if message is None:
        return row.body.encode()
    if isinstance(message, Exception):
        raise message
    if not isinstance(key, CaseKey):
        raise CaseKeyGone(key)
    case_key = key

    def opened(content: AnyContent) -> AnyContent:
        return case_key.decrypt(content) if isinstance(content, SealedText) else content

    text: str = transform(message, opened).model_dump_json()
    return text.encode()
