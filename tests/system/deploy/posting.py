"""Write to a topic, and read it as far as a test says, with a login's own rights."""

from confluent_kafka import Consumer, Producer, TopicPartition

from shared.kafka.connection import Connection


def post(login: Connection, topic: str, *values: bytes, key: str | None = None) -> None:
    """Produce these records to the topic."""
    producer = Producer({**login.for_librdkafka(), "acks": "all"})
    for value in values:
        producer.produce(topic, value, key)
    assert producer.flush(20) == 0


def read_until(login: Connection, group: str, topic: str, offset: int) -> None:
    """Let this group acknowledge the topic up to here."""
    consumer = Consumer({**login.for_librdkafka(), "group.id": group, "enable.auto.commit": False})
    consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
    consumer.close()
