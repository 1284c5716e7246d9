"""Keep an independent ledger: what partners sent and Kafka acknowledged, against what came of it.

The tape is a client of its own that keeps all records of all topics, also those the house deletes later. It
decrypts nothing: what answers what stands in the headers.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from pydantic_core import from_json

from deploy.local.environment import admin_connection
from shared.contract.messages.house import DeadLetter, MessageAccepted, MessageRefused
from shared.contract.registry import SERVICES, of_model
from tests.system.faults.rig import DidNotHappen, until

REPLY_WITHIN = 10  # seconds; a minute, its own, would be all the time that an answer may take after a fault
ANSWERS = {of_model(MessageAccepted).type: "accepted", of_model(MessageRefused).type: "refused"}


class Taped(NamedTuple):
    """Hold one record as it stood on a topic; `headers` are its raw ones as text."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    raw: tuple[tuple[str, bytes | None], ...]
    headers: Mapping[str, str]

    @property
    def id(self) -> str:
        return self.headers.get("ce_id", "")


class Tape:
    """Keep every record of every topic of the house, from the beginning, as long as it runs."""

    def __init__(self, house: Mapping[str, Any]) -> None:
        settings = admin_connection(house).for_librdkafka()
        self._consumer = Consumer(
            {
                **settings,
                "group.id": "tape",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "socket.timeout.ms": REPLY_WITHIN * 1000,
            }
        )
        prefix = house["topic_prefix"] + "."
        topics = self._consumer.list_topics(timeout=30).topics
        places = [
            TopicPartition(name, number, OFFSET_BEGINNING)
            for name, topic in topics.items()
            if name.startswith(prefix)
            for number in topic.partitions
        ]
        self._consumer.assign(places)
        self.records: list[Taped] = []
        self._running = True
        self._thread = threading.Thread(target=self._turn, name="tape", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._running = False
        self._thread.join()
        self._consumer.close()

    def on(self, topic: str) -> list[Taped]:
        return [record for record in list(self.records) if record.topic == topic]

    def about(self, message_id: str) -> list[Taped]:
        """Return every record that was caused by this message."""
        return [r for r in list(self.records) if r.headers.get("ce_causationid") == message_id]

    def _turn(self) -> None:
        while self._running:
            record = self._consumer.poll(0.1)
            if record is None or record.error():
                continue
            raw: Any = tuple(record.headers() or ())
            headers = {name: (value or b"").decode(errors="replace") for name, value in raw}
            place = record.topic() or "", record.partition() or 0, record.offset() or 0
            self.records.append(Taped(*place, record.key(), record.value(), raw, headers))


class Sent(NamedTuple):
    """Describe a message that Kafka acknowledged; `broken` when nobody can decrypt it."""

    party: str
    message_id: str
    topic: str
    broken: bool = False


class Effect(NamedTuple):
    """Describe what a message caused besides its answer: one message of this type, there, under this key."""

    topic: str
    type: str
    key: bytes | None


@dataclass
class Ledger:
    """Compare what was sent with what came of each."""

    tape: Tape
    house: Mapping[str, Any]
    sent: dict[str, Sent] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _read: int = 0
    _answers: dict[tuple[str, str], set[tuple[str, str]]] = field(default_factory=dict)
    _effects: dict[tuple[str, Effect], set[str]] = field(default_factory=dict)
    _places: dict[str, set[tuple[str, int, int]]] = field(default_factory=dict)

    def forget(self) -> None:
        """Forget everything so far, on the tape too."""
        with self._mutex:
            for kept in (self.sent, self._answers, self._effects, self._places):
                kept.clear()
            self.tape.records, self._read = [], 0

    def note(self, sent: Sent) -> None:
        self.sent[sent.message_id] = sent

    async def balanced(self, within: float = 60.0) -> Counter[str]:
        """Wait until each message has exactly one effect, or one dead letter with its refusal; count each.

        Checks then whether anything was answered, or took effect, more often than it may.
        """
        try:
            await until("an answer to every message", lambda: not self.lost(), within)
        except DidNotHappen as failed:
            lost = self.lost()
            found = await asyncio.to_thread(self._found_again, lost)
            raise DidNotHappen(
                f"{failed}: {list(map(self.place, lost))}; answers on the topics themselves: {found}"
            ) from None
        await asyncio.sleep(1)
        assert self.lost() == []
        doubled = self.doubled()
        assert not doubled, {self.sent[message].topic: letters for message, letters in doubled.items()}
        broken = {message for message, sent in self.sent.items() if sent.broken}
        died = Counter(letter.message_id for service in SERVICES for letter in self.dead(service))
        assert {message: died[message] for message in broken} == dict.fromkeys(broken, 1)
        assert not died.keys() & (self.sent.keys() - broken)
        return Counter(kind for letters in self.answers().values() for kind in {kind for _, kind in letters})

    def _found_again(self, messages: list[str]) -> int:
        """Return how many records answer them when all topics are read again: what the tape has missed."""
        again = Tape(self.house)
        time.sleep(10)
        again.stop()
        return sum(record.headers.get("ce_causationid") in messages for record in again.records)

    def lost(self) -> list[str]:
        """Return what was sent and never answered."""
        answered = self.answers()
        return [message for message in self.sent if message not in answered]

    def place(self, message: str) -> tuple[str, list[int], bool]:
        """Return its topic, its offsets there, and whether it cannot be decrypted."""
        sent = self.sent[message]
        offsets = [record.offset for record in self.tape.on(sent.topic) if record.id == message]
        return sent.topic, offsets, sent.broken

    def doubled(self) -> dict[str, set[tuple[str, str]]]:
        """Return what was answered in two ways or more often than it was sent, or took effect twice.

        Who sends a message again is given its first answer again, under an id of its own: equal answers, as
        many as the message has places on its topic, are no fault.
        """
        wrong = {
            message: letters
            for message, letters in self.answers().items()
            if len({kind for _, kind in letters}) > 1 or len(letters) > max(1, self._sendings(message))
        }
        for (message, effect), ids in list(self._effects.items()):
            if message in self.sent and len(ids) > 1:
                wrong.setdefault(message, set()).update((id_, effect.type) for id_ in ids)
        return wrong

    def answers(self) -> dict[str, set[tuple[str, str]]]:
        """Map each message of ours to those that answer it, by id and kind."""
        with self._mutex:
            self._read_on()
        found = {
            message: self._answers.get((f"{self.house['topic_prefix']}.to.{sent.party}", message))
            for message, sent in list(self.sent.items())
        }
        return {message: letters for message, letters in found.items() if letters}

    def _read_on(self) -> None:
        for record in self.tape.records[self._read :]:
            self._read += 1
            self._places.setdefault(record.id, set()).add((record.topic, record.partition, record.offset))
            type_, cause = record.headers.get("ce_type", ""), record.headers.get("ce_causationid", "")
            if kind := ANSWERS.get(type_):
                self._answers.setdefault((record.topic, cause), set()).add((record.id, kind))
            elif cause:
                effect = Effect(record.topic, type_, record.key)
                self._effects.setdefault((cause, effect), set()).add(record.id)

    def _sendings(self, message: str) -> int:
        """Return at how many places the message stands on its topic."""
        return sum(place[0] == self.sent[message].topic for place in self._places.get(message, ()))

    def dead(self, service: str) -> list[DeadLetter]:
        """Return the dead letters of a service, each once however often it was sent."""
        found = {record.id: record for record in self.tape.on(f"{self.house['topic_prefix']}.{service}.dead")}
        return [DeadLetter.model_validate(from_json(record.value or b"")) for record in found.values()]
