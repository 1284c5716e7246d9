"""The tables by themselves: no broker is needed to see what they say."""

import pytest

from deploy.local.parties import parties_of
from deploy.provisioning.acls import (
    Kind,
    Operation,
    expected_matrix,
    house_acls,
    operator_acls,
    party_acls,
    permits,
    service_acls,
    service_user,
)
from deploy.provisioning.topics import (
    NotAPartyId,
    check_party_id,
    party_topics,
    service_topics,
)
from shared.contract.registry import SERVICES

TOPIC, GROUP = Kind.TOPIC, Kind.GROUP


@pytest.mark.parametrize("party", ["politie", "politie-limburg", "gemeente-venlo", "a1-2b"])
def test_kebab_case_is_a_party_id(party: str) -> None:
    assert check_party_id(party) == party


@pytest.mark.parametrize(
    "party",
    [
        *("", "Politie", "politie.limburg", "politie_limburg", "-politie", "politie-", "a--b"),
        *("1a", "é", "politie\n", "a" * 61, "to", "operator", "admin", "service-intake", *SERVICES),
    ],
)
def test_nothing_else_is(party: str) -> None:
    with pytest.raises(NotAPartyId):
        check_party_id(party)


def test_a_party_has_five_outboxes_and_one_inbox_of_one_partition() -> None:
    topics = party_topics("zvh", "gemeente-venlo")
    assert {topic.name for topic in topics} == {
        *(f"zvh.{service}.from.gemeente-venlo" for service in SERVICES),
        "zvh.to.gemeente-venlo",
    }
    assert {topic.partitions for topic in topics} == {1}


def test_the_broker_unpacks_dates_and_measures_what_parties_send() -> None:
    for topic in party_topics("zvh", "gemeente-venlo")[:5]:
        assert topic.config["compression.type"] == "uncompressed"
        assert topic.config["message.timestamp.type"] == "LogAppendTime"
        assert topic.config["max.message.bytes"] == "131072"


REGISTERS = tuple(f"zvh.governance.{name}" for name in ("parties", "policy", "acknowledgements"))


def test_events_are_spread_and_the_registers_are_compacted() -> None:
    topics = {topic.name: topic for topic in service_topics("zvh")}
    assert len(topics) == 13
    assert topics["zvh.rto.events"].partitions == 12
    assert topics["zvh.rto.dead"].partitions == 1
    for register in REGISTERS:
        assert topics[register].config["cleanup.policy"] == "compact"
        assert topics[register].partitions == 1


def test_a_party_may_do_exactly_this() -> None:
    resources = [
        *((TOPIC, topic.name) for topic in service_topics("zvh")),
        *((TOPIC, topic.name) for party in ("a", "ab") for topic in party_topics("zvh", party)),
        *((GROUP, f"zvh.{owner}.x") for owner in ("a", "ab", "intake", "operator")),
        (GROUP, "zvh.a"),
        (Kind.CLUSTER, "kafka-cluster"),
        (Kind.TRANSACTIONAL_ID, "zvh.a.x"),
    ]
    acls = [*house_acls("zvh"), *party_acls("zvh", "a"), *party_acls("zvh", "ab")]
    allowed = {
        (cell.name, cell.operation) for cell in expected_matrix(acls, ["a"], resources) if cell.allowed
    }
    outboxes = {f"zvh.{service}.from.a" for service in SERVICES}
    assert allowed == {
        *((name, Operation.WRITE) for name in outboxes),
        *((name, Operation.DESCRIBE) for name in outboxes),
        ("zvh.to.a", Operation.READ),
        ("zvh.to.a", Operation.DESCRIBE),
        ("zvh.a.x", Operation.READ),
        ("zvh.a.x", Operation.DESCRIBE),
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_only_its_own_outboxes(service: str) -> None:
    acls, user = service_acls("zvh", service), service_user(service)
    for other in SERVICES:
        allowed = permits(acls, user, TOPIC, f"zvh.{other}.from.a", Operation.READ)
        assert allowed == (other == service)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("register", REGISTERS)
def test_only_governance_writes_the_registers_and_every_service_reads_them(
    service: str, register: str
) -> None:
    acls, user = service_acls("zvh", service), service_user(service)
    assert permits(acls, user, TOPIC, register, Operation.WRITE) == (service == "governance")
    assert permits(acls, user, TOPIC, register, Operation.READ)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_deletes_on_its_own_outboxes_and_governance_alone_on_inboxes(service: str) -> None:
    acls, user = service_acls("zvh", service), service_user(service)
    assert permits(acls, user, TOPIC, f"zvh.{service}.from.a", Operation.DELETE)
    assert permits(acls, user, TOPIC, "zvh.to.a", Operation.DELETE) == (service == "governance")
    for topic in (f"zvh.{service}.events", f"zvh.{service}.dead", *REGISTERS):
        assert not permits(acls, user, TOPIC, topic, Operation.DELETE)


@pytest.mark.parametrize("service", SERVICES)
def test_only_governance_sees_how_far_a_party_has_read_and_it_joins_no_group(service: str) -> None:
    acls, user = service_acls("zvh", service), service_user(service)
    assert permits(acls, user, GROUP, "zvh.a.connector", Operation.DESCRIBE) == (service == "governance")
    assert not permits(acls, user, GROUP, "zvh.a.connector", Operation.READ)
    assert not permits(acls, user, GROUP, "elsewhere.a", Operation.DESCRIBE)


def test_operators_read_dead_letters_and_nothing_else() -> None:
    read = {acl.name for acl in operator_acls("zvh") if acl.kind is TOPIC}
    assert read == {f"zvh.{service}.dead" for service in SERVICES}


def test_the_covenant_has_thirty_parties_with_invented_numbers() -> None:
    parties = parties_of("noord-limburg")
    assert len({party.id for party in parties}) == len({party.source for party in parties}) == 30
    assert sum(party.kind == "municipality" for party in parties) == 8
    for party in parties:
        invented = ("urn:nld:oin:00000099", "urn:nld:kvknr:99")
        assert party.source.startswith(invented)
        assert party.may_use_bsn == (party.kind != "other")
        assert party.checked_for_special == (party.kind == "municipality")
