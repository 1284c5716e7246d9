"""On a real broker, with each service's own rights: what was read goes, what was not read stays."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from deploy.local.kafka import Kafka
from deploy.provisioning.provision import provision_parties
from shared.contract.topics import Topics
from shared.kafka.admin import KafkaAdmin, KafkaUnreachable, Partition
from shared.kafka.connection import Connection
from shared.runtime.topic_cleanup import TOO_LONG, TopicCleanup
from tests.system.deploy.conftest import PREFIX
from tests.system.deploy.posting import post, read_until

READER, OTHER = "a-reader", "a-reader-too"  # the one's name begins as the other's does


@pytest.fixture(scope="module")
def parties(kafka: Kafka, logins: dict[str, Connection]) -> dict[str, Connection]:
    passwords = provision_parties(kafka.connection, [READER, OTHER], prefix=PREFIX)
    return {party: kafka.connection.as_user(party, password) for party, password in passwords.items()}


def tidying(login: Connection, service: str, too_long: timedelta = TOO_LONG) -> TopicCleanup:
    keeps_inboxes = service == "governance"
    return TopicCleanup(KafkaAdmin(login), Topics(), service, keeps_inboxes, 60, too_long)


async def kept(login: Connection, topic: str) -> tuple[int, int]:
    """Return the first offset that still exists, and the next one."""
    office, place = KafkaAdmin(login), Partition(topic, 0)
    return (await office.start_offsets([place]))[place], (await office.end_offsets([place]))[place]


async def test_a_service_deletes_what_it_has_committed_and_nothing_else(
    logins: dict[str, Connection], parties: dict[str, Connection]
) -> None:
    intake = logins["service-intake"]
    for party, login in parties.items():
        post(login, f"zvh.intake.from.{party}", b"1", b"2", b"3")
    read_until(intake, "zvh.intake.from", f"zvh.intake.from.{READER}", 2)
    post(parties[READER], f"zvh.triage.from.{READER}", b"1")
    await tidying(intake, "intake").once()
    assert await kept(intake, f"zvh.intake.from.{READER}") == (2, 3)
    assert await kept(intake, f"zvh.intake.from.{OTHER}") == (0, 3)
    assert await kept(logins["service-triage"], f"zvh.triage.from.{READER}") == (0, 1)
    await tidying(intake, "intake").once()
    assert await kept(intake, f"zvh.intake.from.{READER}") == (2, 3)


async def test_an_inbox_is_emptied_up_to_what_all_groups_of_its_party_have_read(
    logins: dict[str, Connection], parties: dict[str, Connection]
) -> None:
    governance = tidying(logins["service-governance"], "governance")
    login = parties[READER]
    inbox, other = f"zvh.to.{READER}", f"zvh.to.{OTHER}"
    post(logins["service-rto"], inbox, b"1", b"2", b"3", b"4")
    post(logins["service-rto"], other, b"1")
    await governance.once()
    assert await kept(login, inbox) == (0, 4), "nobody has read anything"
    read_until(login, f"zvh.{READER}.connector", inbox, 3)
    await governance.once()
    assert await kept(login, inbox) == (3, 4)
    post(logins["service-rto"], inbox, b"5", b"6")
    read_until(login, f"zvh.{READER}.connector", inbox, 6)
    read_until(login, f"zvh.{READER}.archive", inbox, 4)
    await governance.once()
    assert await kept(login, inbox) == (4, 6), "a second program of the party has read less"
    assert await kept(parties[OTHER], other) == (0, 1)


async def test_only_governance_touches_the_inboxes(
    logins: dict[str, Connection], parties: dict[str, Connection]
) -> None:
    topic, login = f"zvh.to.{OTHER}", parties[OTHER]
    post(logins["service-rto"], topic, b"1")
    oldest, end = await kept(login, topic)
    read_until(login, f"zvh.{OTHER}.connector", topic, end)
    rto = tidying(logins["service-rto"], "rto")
    await rto.once()
    assert await kept(login, topic) == (oldest, end)
    with pytest.raises(KafkaUnreachable):
        await rto.admin.delete_before({Partition(topic, 0): end})
    await tidying(logins["service-governance"], "governance").once()
    assert await kept(login, topic) == (end, end)


async def unread(login: Connection, too_long: timedelta) -> set[Any]:
    with capture_logs() as logs:
        await tidying(login, "triage", too_long).once()
    assert {line["log_level"] for line in logs} <= {"error"}
    return {line["topic"] for line in logs if line["event"] == "unread-too-long"}


async def test_what_stays_unread_too_long_is_an_alarm_and_what_came_just_now_is_none(
    logins: dict[str, Connection], parties: dict[str, Connection]
) -> None:
    topic, triage = f"zvh.triage.from.{OTHER}", logins["service-triage"]
    post(parties[OTHER], topic, b"1", b"2")
    assert topic not in await unread(triage, TOO_LONG)
    assert topic in await unread(triage, timedelta())
    read_until(triage, "zvh.triage.from", topic, 1)
    assert topic in await unread(triage, timedelta())
    read_until(triage, "zvh.triage.from", topic, 2)
    assert topic not in await unread(triage, timedelta())
