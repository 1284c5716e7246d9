"""Looking at a running house from outside: raw records, dead letters, what a party's topic says."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer
from pydantic_core import from_json
from rich.console import Console

from shared.contract.messages.house import DeadLetter


def quiet_console() -> Console:
    """A console nobody sees."""
    return Console(file=io.StringIO())


def client_settings(house: dict[str, Any], user: str, password: str) -> dict[str, Any]:
    """librdkafka settings: an independent client, to be sure that it is not ours that works."""
    return {
        "bootstrap.servers": house["kafka"]["bootstrap"],
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": password,
        "ssl.ca.location": house["ca_file"],
        "log_level": 0,
    }


def party_producer(house: dict[str, Any], party: str, **more: Any) -> Producer:
    """A producer with a party's credentials."""
    own = house["parties"][party]
    return Producer({**client_settings(house, own["user"], own["password"]), **more})


def produce(
    producer: Producer,
    topic: str,
    value: bytes | None,
    headers: list[tuple[str, bytes | None]],
    key: str = "test",
) -> int:
    """Put one record on a topic and return its offset; raises `KafkaException` when the broker refuses it."""
    results: list[Any] = []
    producer.produce(
        topic,
        value=value,
        key=key.encode(),
        headers=headers,  # type: ignore[arg-type]
        on_delivery=lambda error, message: results.append(error or message),
    )
    producer.flush(15)
    if not results or not hasattr(results[0], "offset"):
        raise KafkaException(results[0] if results else "not delivered")
    offset: int = results[0].offset()
    return offset


class DeadLetters:
    """The operators' view of one service's dead letters."""

    def __init__(self, house: dict[str, Any], service: str) -> None:
        operator = house["operator"]
        settings = client_settings(house, operator["user"], operator["password"])
        group = f"{operator['group_prefix']}tests-{service}"
        self._consumer = Consumer({**settings, "group.id": group, "auto.offset.reset": "earliest"})
        self._consumer.subscribe([topic for topic in operator["topics"] if f".{service}." in topic])
        self.seen: list[DeadLetter] = []

    async def of(self, topic: str, offset: int, within: float = 60.0) -> DeadLetter:
        """The dead letter about this record."""

        def about(letter: DeadLetter) -> bool:
            return (letter.position.topic, letter.position.offset) == (topic, offset)

        return await self._until(about, within)

    async def _until(self, about: Callable[[DeadLetter], bool], within: float) -> DeadLetter:
        deadline = asyncio.get_running_loop().time() + within
        while True:
            for letter in self.seen:
                if about(letter):
                    return letter
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"no such dead letter; seen: {self.seen}")
            record = await asyncio.to_thread(self._consumer.poll, 0.2)
            if record is not None and not record.error():
                self.seen.append(DeadLetter.model_validate(from_json(record.value() or b"")))

    def close(self) -> None:
        self._consumer.close()
