"""On a real broker, with a service's own rights: how far it is behind, partition by partition."""

from pathlib import Path

from services.triage.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.topics import Topics
from shared.crypto.house_keys import HouseKeys
from shared.kafka.admin import KafkaAdmin, Partition
from shared.kafka.connection import Connection
from shared.runtime.gauges import Gauges
from shared.storage.party_replica import PartyReplica
from shared.telemetry.turns import Turns
from tests.conftest import FreshDatabase
from tests.system.deploy.posting import post, read_until

POLICE, VENLO = "zvh.triage.from.politie", "zvh.triage.from.gemeente-venlo"


async def test_lag_is_what_is_there_and_not_committed(
    logins: dict[str, Connection], fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    office = KafkaAdmin(logins["service-triage"])
    keys = HouseKeys(tmp_path, b"r" * 32, machine_now)
    engine = await fresh_database(SERVICE)
    parties, turns = PartyReplica(), Turns()
    gauges = Gauges(engine, office, Topics(), SERVICE, keys, Clock(), lambda: False, parties, turns)

    async def lag() -> dict[tuple[str, str, str], float]:
        read = await gauges.read()
        answered = {s.labels["source"]: s.value for m in read if m.name == "zvh_scraped" for s in m.samples}
        assert answered == {"database": 1, "broker": 1}
        samples = [s for metric in read if metric.name == "zvh_consumer_lag" for s in metric.samples]
        return {(s.labels["group"], s.labels["topic"], s.labels["partition"]): s.value for s in samples}

    before = await lag()
    post(logins["politie"], POLICE, b"1", b"2", b"3")
    post(logins["gemeente-venlo"], VENLO, b"1")
    post(logins["service-intake"], "zvh.intake.events", b"1", b"2", key="one case")
    after = await lag()
    rises = {place: behind - before[place] for place, behind in after.items() if behind != before[place]}
    assert rises.pop(("from", POLICE, "0")) == 3
    assert rises.pop(("from", VENLO, "0")) == 1
    ((group, topic, _), behind) = rises.popitem()
    assert (group, topic, behind, rises) == ("events", "zvh.intake.events", 2, {})

    police, venlo = Partition(POLICE, 0), Partition(VENLO, 0)
    ends = await office.end_offsets([police, venlo])
    read_until(logins["service-triage"], "zvh.triage.from", POLICE, ends[police] - 1)
    await office.delete_before({venlo: ends[venlo]})
    now = await lag()
    assert now["from", POLICE, "0"] == 1
    assert now["from", VENLO, "0"] == 0, "what was deleted is waited for by nobody"
    assert {group for group, _, _ in now} == {"from", "events"}
    assert not [topic for _, topic, _ in now if topic == "zvh.triage.events"]
