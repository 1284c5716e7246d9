"""The running broker gives every login what the table says, and survives being killed."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from deploy.local.kafka import Kafka
from deploy.machine.certificates import Certificates
from deploy.provisioning.__main__ import app
from deploy.provisioning.provision import provision_parties, remove_party_access
from shared.contract.parties import PartyKind, PartyRecord
from shared.contract.registry import SERVICES
from shared.kafka.admin import KafkaAdmin, KafkaUnreachable, Partition
from shared.kafka.connection import Connection
from tests.system.deploy.conftest import PARTIES, PREFIX, SERVERS
from tests.system.deploy.posting import post

Logins = dict[str, Connection]


def visible_topics(login: Connection) -> set[str]:
    return set(AdminClient(login.for_librdkafka()).list_topics(timeout=10).topics)


def write(login: Connection, topic: str, value: bytes = b"x") -> int:
    """Kafka's answer as an error code; 0 is done."""
    producer = Producer({**login.for_librdkafka(), "message.timeout.ms": 10_000, "acks": "all"})
    codes: list[int] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        codes.append(error.code() if error else 0)

    try:
        producer.produce(topic, value, on_delivery=delivered)
    except KafkaException as refused:
        return int(refused.args[0].code())
    producer.flush(15)
    return codes[0]


def read(login: Connection, topic: str, group: str) -> bytes | int:
    """Return the first record, or Kafka's error code."""
    settings = {**login.for_librdkafka(), "group.id": group, "auto.offset.reset": "earliest"}
    consumer = Consumer({**settings, "topic.metadata.refresh.interval.ms": 500})
    consumer.subscribe([topic])
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if (error := message.error()) is None:
                return message.value() or b""
            if not error.retriable():
                return error.code()
        raise TimeoutError(topic)
    finally:
        consumer.close()


@pytest.mark.parametrize("party", PARTIES)
def test_a_party_sees_its_own_six_topics(party: str, logins: Logins) -> None:
    assert visible_topics(logins[party]) == {
        *(f"zvh.{service}.from.{party}" for service in SERVICES),
        f"zvh.to.{party}",
    }


def test_what_a_party_sends_reaches_the_service(logins: Logins) -> None:
    topic = "zvh.intake.from.gemeente-venlo"
    assert write(logins["gemeente-venlo"], topic, b"hello") == 0
    assert read(logins["service-intake"], topic, "zvh.intake.from") == b"hello"


def test_what_a_service_sends_reaches_the_party(logins: Logins) -> None:
    assert write(logins["service-rto"], "zvh.to.politie-limburg", b"hello") == 0
    got = read(logins["politie-limburg"], "zvh.to.politie-limburg", "zvh.politie-limburg.connector")
    assert got == b"hello"


@pytest.mark.parametrize(
    ("login", "topic"),
    [
        ("politie", "zvh.intake.from.politie-limburg"),
        ("politie-limburg", "zvh.intake.from.politie"),
        ("politie", "zvh.to.politie"),
        ("politie", "zvh.governance.parties"),
        ("service-intake", "zvh.triage.events"),
        ("service-intake", "zvh.governance.parties"),
        ("service-intake", "zvh.governance.policy"),
        ("service-intake", "zvh.governance.acknowledgements"),
        ("service-intake", "zvh.intake.from.politie"),
        ("operator", "zvh.intake.dead"),
    ],
)
def test_nobody_writes_where_another_does(login: str, topic: str, logins: Logins) -> None:
    assert write(logins[login], topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize(
    ("login", "topic", "group"),
    [
        ("politie", "zvh.to.politie-limburg", "zvh.politie.x"),
        ("politie", "zvh.intake.from.politie", "zvh.politie.x"),
        ("politie", "zvh.intake.events", "zvh.politie.x"),
        ("service-triage", "zvh.intake.from.politie", "zvh.triage.x"),
        ("service-triage", "zvh.to.politie", "zvh.triage.x"),
        ("operator", "zvh.intake.events", "zvh.operator.x"),
    ],
)
def test_nobody_reads_what_is_for_another(login: str, topic: str, group: str, logins: Logins) -> None:
    assert read(logins[login], topic, group) == KafkaError.TOPIC_AUTHORIZATION_FAILED


@pytest.mark.parametrize(
    ("login", "group"),
    [
        ("politie", "zvh.politie-limburg.connector"),
        ("politie-limburg", "zvh.politie.connector"),
        ("politie", "zvh.politie"),
        ("politie", "zvh.intake.from"),
        ("politie", "anything"),
    ],
)
def test_a_group_whose_name_only_begins_the_same_cannot_be_joined(
    login: str, group: str, logins: Logins
) -> None:
    got = read(logins[login], f"zvh.to.{login}", group)
    assert got == KafkaError.GROUP_AUTHORIZATION_FAILED


def test_a_service_deletes_what_it_has_read(logins: Logins) -> None:
    topic = "zvh.triage.from.gemeente-venlo"
    write(logins["gemeente-venlo"], topic)
    until = [TopicPartition(topic, 0, 1)]
    triage = AdminClient(logins["service-triage"].for_librdkafka())
    for deleted in triage.delete_records(until).values():
        assert deleted.result(20).low_watermark == 1
    intake = AdminClient(logins["service-intake"].for_librdkafka())
    for refused in intake.delete_records(until).values():
        with pytest.raises(KafkaException):
            refused.result(20)


def test_a_record_above_128_kib_is_refused(logins: Logins) -> None:
    code = write(logins["politie"], "zvh.intake.from.politie", b"x" * 140_000)
    assert code == KafkaError.MSG_SIZE_TOO_LARGE


@pytest.mark.parametrize("login", ["nobody", "politie"])
def test_a_wrong_password_opens_nothing(login: str, kafka: Kafka, logins: Logins) -> None:
    with pytest.raises(KafkaException):
        AdminClient(kafka.connection.as_user(login, "wrong").for_librdkafka()).list_topics(timeout=2)


def test_an_excluded_party_loses_its_rights_and_its_login(kafka: Kafka, logins: Logins) -> None:
    passwords = provision_parties(kafka.connection, ["destion"], prefix=PREFIX)
    login = kafka.connection.as_user("destion", passwords["destion"])
    still_open = AdminClient(login.for_librdkafka())
    assert len(still_open.list_topics(timeout=10).topics) == 6
    remove_party_access(kafka.connection, "destion")
    assert still_open.list_topics(timeout=10).topics == {}
    with pytest.raises(KafkaException):
        visible_topics(login)


def test_the_broker_follows_the_register_of_parties(kafka: Kafka, logins: Logins, tmp_path: Path) -> None:
    """R115: whose membership has ended loses its rights; whose has not, or ends later, keeps them."""
    now = datetime.now(UTC)
    ends = {"ended-party": now - timedelta(days=1), "leaving-party": now + timedelta(days=1), "member": None}
    passwords = provision_parties(kafka.connection, ends, prefix=PREFIX)
    register = "zvh.governance.parties"
    for until in (None, "as it is now"):
        for party, end in ends.items():
            record = PartyRecord(
                party=party,
                name=party,
                kind=PartyKind.MUNICIPALITY,
                member_from=now - timedelta(days=9),
                member_until=end if until else None,
            )
            post(logins["service-governance"], register, record.model_dump_json().encode(), key=party)
    secret = tmp_path / "password"
    secret.write_text(kafka.connection.password)

    def said() -> list[str]:
        options = {
            "--bootstrap": kafka.connection.bootstrap,
            "--ca-file": str(kafka.connection.ca_file),
            "--user": kafka.connection.user,
            "--password-file": str(secret),
        }
        arguments = [text for pair in options.items() for text in pair]
        answer = CliRunner().invoke(app, ["remove-ended", *arguments])
        assert answer.exit_code == 0, answer.output
        return answer.output.splitlines()

    assert said() == ["ended-party: rights and login removed"]
    assert said() == ["ended-party: had none"]
    for party in ("leaving-party", "member"):
        assert len(visible_topics(kafka.connection.as_user(party, passwords[party]))) == 6
    with pytest.raises(KafkaException):
        visible_topics(kafka.connection.as_user("ended-party", passwords["ended-party"]))


def test_provisioning_again_changes_nothing(kafka: Kafka, logins: Logins) -> None:
    kept = {party: logins[party].password for party in PARTIES}
    again = provision_parties(kafka.connection, PARTIES, prefix=PREFIX, passwords=kept)
    assert again == kept
    assert len(visible_topics(logins["politie"])) == 6


async def test_after_a_kill_the_same_broker_comes_back(tmp_path: Path, certificates: Certificates) -> None:
    """And answers whoever asked it before, while and after it was away."""
    log = tmp_path / "kafka.log"
    first = SERVERS.start_kafka(tmp_path, certificates, log)
    password = provision_parties(first.connection, ["nester"], prefix=PREFIX)["nester"]
    login = first.connection.as_user("nester", password)
    assert write(login, "zvh.intake.from.nester") == 0
    office, outbox = KafkaAdmin(first.connection), Partition("zvh.intake.from.nester", 0)
    assert await office.end_offsets([outbox]) == {outbox: 1}
    first.kill()
    with pytest.raises(KafkaUnreachable):
        await office.end_offsets([outbox])
    second = await asyncio.to_thread(SERVERS.start_kafka, tmp_path, certificates, log)
    try:
        assert second.connection == first.connection
        assert len(visible_topics(login)) == 6
        assert await _answer(office, outbox) == {outbox: 1}
    finally:
        second.stop()
        SERVERS.remove_kafka(tmp_path)


async def _answer(office: KafkaAdmin, place: Partition) -> dict[Partition, int]:
    """Ask again while a broker that has just started refuses."""
    for _ in range(20):
        try:
            return await office.end_offsets([place])
        except KafkaUnreachable:
            await asyncio.sleep(0.5)
    return await office.end_offsets([place])
