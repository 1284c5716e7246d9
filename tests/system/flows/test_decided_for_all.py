"""What governance decides for all reaches the five services over Kafka: policy, and who may work."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.house import House
from deploy.machine.secrets import new_password, write_private_json
from shared.contract.registry import SERVICES
from shared.ids import new_id
from tests.story.world import World

PATIENCE = 60.0  # seconds
NEW = "manager-who-begins"


async def becomes_true(holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not await holds():
        assert time.monotonic() < deadline, "not everywhere"
        await asyncio.sleep(0.1)


async def followed(world: World, service: str) -> float:
    """How many decisions on policy a service follows."""
    of = world.house["services"][service]
    headers = {"authorization": f"Bearer {of['metrics_token']}"}
    answer = await world.people.client.get(f"{of['base_url']}/metrics", headers=headers)
    families = text_string_to_metric_families(answer.text)
    (sample,) = [s for family in families for s in family.samples if s.name == "zvh_policies"]
    return sample.value


async def test_a_decision_on_policy_is_followed_by_the_five_services_r121(
    founded: World,
) -> None:
    before = {service: await followed(founded, service) for service in SERVICES}
    today = founded.now.date()
    decision = {
        "number": "VG-2026-1",
        "organ": "preparatory-group",
        "taken_on": today.isoformat(),
        "in_force_from": (today + timedelta(days=3650)).isoformat(),
        "subject": {"kind": "work-process", "parameters": {"closing_days": 21}},
        "votes": {"in_favour": 8},
        "with_manager": True,
    }
    await founded.people("secretary-a").do("governance", "/decisions", decision)

    async def everywhere() -> bool:
        return all([await followed(founded, name) == before[name] + 1 for name in SERVICES])

    await becomes_true(everywhere)


def hire(house: House) -> str:
    """Give somebody an account at the issuer, who has acknowledged nothing; return the password."""
    file, password = house.layout.issuer / "people.json", new_password()
    people = json.loads(file.read_text())
    people[NEW] = {"password": password, "roles": ["manager"], "party": None, "name": "Manager C"}
    write_private_json(file, people)
    return password


async def test_a_new_account_works_nowhere_until_secrecy_is_acknowledged_and_then_everywhere_r126(
    founded: World, house: House
) -> None:
    client = founded.people.client
    form = {"grant_type": "password", "username": NEW, "password": hire(house)}
    token = (await client.post(house.env["issuer"]["token_endpoint"], data=form)).json()["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    page = f"/cases/{new_id()}/access-log"

    async def look(service: str) -> httpx.Response:
        return await client.get(house.env["services"][service]["base_url"] + page, headers=bearer)

    for service in SERVICES:
        refused = await look(service)
        assert (refused.status_code, refused.json()["title"]) == (403, "SecrecyNotAcknowledged"), service
    governance = house.env["services"]["governance"]["base_url"]
    act = bearer | {"idempotency-key": new_id()}
    done = await client.post(f"{governance}/acknowledgements", json={"secrecy": True}, headers=act)
    assert done.status_code == 200

    async def let_in_everywhere() -> bool:
        return [(await look(service)).status_code for service in SERVICES] == [404] * len(SERVICES)

    await becomes_true(let_in_everywhere)
