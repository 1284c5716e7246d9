"""On a real broker, with a service's own rights: has everything been taken that had arrived?"""

import pytest

from deploy.local.kafka import Kafka
from deploy.provisioning.provision import provision_parties
from shared.clock import Clock
from shared.contract.topics import Topics
from shared.kafka.admin import KafkaAdmin, KafkaUnreachable, Partition
from shared.kafka.connection import Connection
from shared.kafka.watermark import Watermark
from tests.system.deploy.conftest import PREFIX
from tests.system.deploy.posting import post, read_until

GROUP = "zvh.rto.from"


def arrivals_of(login: Connection) -> Watermark:
    return Watermark(KafkaAdmin(login), Clock(), Topics().from_pattern("rto"), GROUP)


async def test_a_deadline_waits_for_what_lay_there_and_not_for_what_comes_later(
    logins: dict[str, Connection],
) -> None:
    login, topic, party = logins["service-rto"], "zvh.rto.from.politie", logins["politie"]
    arrivals = arrivals_of(login)
    before = Clock().now()
    nothing = await arrivals.position()
    assert nothing is not None
    assert before <= nothing <= Clock().now()
    post(party, topic, b"1", b"2")
    assert await arrivals.position() is None
    looked = Clock().now()
    post(party, topic, b"3")
    read_until(login, GROUP, topic, 1)
    assert await arrivals.position() is None
    read_until(login, GROUP, topic, 2)
    taken = await arrivals.position()
    assert taken is not None
    assert taken <= looked, "of what came after the look nothing is said"
    assert await arrivals.position() is None
    read_until(login, GROUP, topic, 3)
    assert await arrivals.position() is not None


async def test_what_was_deleted_unread_is_waited_for_no_longer(logins: dict[str, Connection]) -> None:
    """Nobody will ever commit what the retention of a topic took away."""
    login, topic = logins["service-rto"], "zvh.rto.from.gemeente-venlo"
    arrivals = arrivals_of(login)
    post(logins["gemeente-venlo"], topic, b"1", b"2")
    assert await arrivals.position() is None
    await arrivals.admin.delete_before({Partition(topic, 0): 2})
    assert await arrivals.position() is not None


async def test_a_party_that_came_later_is_looked_at_too(kafka: Kafka, logins: dict[str, Connection]) -> None:
    arrivals = arrivals_of(logins["service-rto"])
    assert await arrivals.position() is not None
    password = provision_parties(kafka.connection, ["latecomer"], prefix=PREFIX)["latecomer"]
    post(kafka.connection.as_user("latecomer", password), "zvh.rto.from.latecomer", b"1")
    assert await arrivals.position() is None


async def test_without_a_broker_nothing_is_said(logins: dict[str, Connection]) -> None:
    login = logins["service-rto"]
    nowhere = Connection("127.0.0.1:1", login.ca_file, login.user, login.password)
    with pytest.raises(KafkaUnreachable):
        await arrivals_of(nowhere).position()
