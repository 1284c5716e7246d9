"""On the running house: a message that makes a service raise is parked, and an operator lets it go again.

The fault is real, and needs nothing in the service for it: the row of one case no longer loads.
"""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ConsultationConfirmed
from shared.ids import new_id
from tests.story import cast
from tests.story.world import World
from tests.system.flows.cases import referred


async def test_a_message_that_makes_a_service_raise_is_parked_its_case_held_and_released(
    founded: World, house: House
) -> None:
    referrer, worker = founded.party(cast.REFERRER), founded.worker(cast.REFERRER)
    case = await referred(founded)
    damage(house, case, "json_build_object('was', state)")
    first, second = new_id(), new_id()
    for message_id in (first, second):
        await referrer.connector.send(ConsultationConfirmed(), case=case, message_id=message_id)
    other = await referred(founded)
    assert await held(house) == [f"{case}: held, 2 messages"], (
        "what came after it was handled, on one partition"
    )
    about = {first, second}
    assert not [one for one in referrer.received if one.about in about]

    path, acting = f"/cases/{case}", f"/cases/{case}/withdrawal"
    assert (await worker.get("intake", path)).status_code == 404
    assert (await worker.post("intake", acting, {"reason": "Niet meer nodig."})).status_code == 404
    assert (await worker.get("intake", f"/cases/{other}")).status_code == 200
    again = await held(house, "--retry", case)
    assert again == ["handled 0; still held", f"{case}: held, 2 messages"]

    damage(house, case, "state -> 'was'")
    assert (await replace(worker, patience=0).get("intake", path)).json()["title"] == "CaseHeld"
    assert await held(house, "--retry", case) == ["handled 2; free again"]
    assert isinstance(await referrer.connector.answer(first), MessageAccepted)
    assert (await worker.get("intake", path)).json()["phase"] == "consulted"


def damage(house: House, case: str, state: str) -> None:
    """Put another state in the row of this case, or the one that was there back."""
    database = Database(**house.env["admin"]["databases"]["intake"])
    run_sql(database, f"UPDATE cases SET state = {state} WHERE case_id = '{case}'")  # noqa: S608 - our own


async def held(house: House, *arguments: str) -> list[str]:
    """Run the operator's command, and return what it prints."""
    settings = json.loads(house.layout.settings_file("intake").read_text())
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.intake", "held", *arguments],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert all("administrative-act" in line for line in ran.stderr.splitlines())
    return [line for line in ran.stdout.splitlines() if not line.startswith("{") and "[" not in line]
