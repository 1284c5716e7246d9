"""Check a house after generated load: ready, nothing held, the parties known alike, no event is dead."""

from collections.abc import Mapping

from deploy.local.postgres import Database, run_sql
from deploy.machine.process import Running
from shared.contract.registry import SERVICES
from tests.system.faults.broker import Broker
from tests.system.faults.load import Scene
from tests.system.faults.rig import until

PARTIES = "SELECT md5(string_agg(party || sequence || record::text, ';' ORDER BY party)) FROM parties"
HELD_CASES = "SELECT count(*) FROM cases WHERE held"


async def check_sound(scene: Scene, before: Mapping[str, Running]) -> None:
    """Wait until everything was read and nothing waits for a fact; then check each service.

    What is left in an outbox is for a party that was only recorded: it has neither a topic nor a key.
    """
    await Broker(scene.env).all_read()
    await until("nothing to be kept for another try", lambda: not kept(scene), within=90)
    assert scene.rig.house.running() == before, "a process ended"
    assert {service: await ready(scene, service) for service in SERVICES} == dict.fromkeys(SERVICES, 200)
    assert asked(scene, HELD_CASES) == dict.fromkeys(SERVICES, "0")
    assert len(set(asked(scene, PARTIES).values())) == 1, "the copies of the parties differ"
    letters = [letter for service in SERVICES for letter in scene.ledger.dead(service)]
    assert [letter for letter in letters if ".from." not in letter.position.topic] == []


async def ready(scene: Scene, service: str) -> int:
    """Return the status of `/readyz`."""
    url = f"{scene.env['services'][service]['base_url']}/readyz"
    return (await scene.people.client.get(url)).status_code


def kept(scene: Scene) -> dict[str, int]:
    """Return how many messages are held, by service."""
    return {name: count for name, count in scene.rig.left().items() if name.startswith("held")}


def asked(scene: Scene, statement: str) -> dict[str, str]:
    """Return what each service's database answers."""
    databases = scene.env["admin"]["databases"]
    return {service: run_sql(Database(**databases[service]), statement) for service in SERVICES}
