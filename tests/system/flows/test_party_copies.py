"""On the running house: what a service cannot read of the house's own topics is seen, and costs itself."""

import asyncio
import json
import os
import subprocess
import sys

from confluent_kafka import Producer

from deploy.local.house import House
from shared.clock import machine_now
from shared.contract.cloudevent import PLAIN_BODY, Envelope, to_headers
from shared.contract.messages.intake import ConsultationConfirmed, ReferralScreened
from shared.contract.parties import PartyRecord
from shared.contract.registry import SERVICES, of_model
from shared.ids import new_id
from tests.story import cast
from tests.story.world import World
from tests.support.running import client_settings, produce
from tests.system.flows.cases import referred

TAB = {"causationid": "a\tb"}
LOOKS = 100  # of a fifth of a second and a little more


def headers(type_: str, subject: str) -> list[tuple[str, bytes | None]]:
    """Make headers as a service publishes, with a control character that its reader refuses."""
    source = "urn:nld:oin:00000099:systeem:zvh-governance"
    envelope = Envelope(new_id(), source, type_, machine_now(), subject, None, TAB)
    return [*to_headers(envelope, PLAIN_BODY)]


def producer(house: House) -> Producer:
    admin = house.env["admin"]["kafka"]
    return Producer(client_settings(house.env, admin["user"], admin["password"]))


async def run(house: House, service: str, *arguments: str) -> tuple[int, str]:
    """Run a command with a service's environment; its exit code and output, without the note of the act."""
    file = house.layout.directory / "services" / service / "environment.json"
    result = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", *arguments],
        env=os.environ | json.loads(file.read_text()),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (result.stdout + result.stderr).splitlines(keepends=True)
    return result.returncode, "".join(line for line in lines if "administrative-act" not in line)


async def compared(house: House, within: float) -> tuple[int, str]:
    file = str(house.layout.environment_file)
    return await run(house, "governance", "deploy.parties", "--house", file, "--within", str(within))


async def test_a_party_whose_record_cannot_be_read_is_none_and_is_seen_and_comes_back(
    founded: World, house: House
) -> None:
    assert (await compared(house, 10))[0] == 0
    case, party, message_id = await referred(founded), founded.party(cast.REFERRER), new_id()
    topic = f"{house.env['topic_prefix']}.governance.parties"
    what = headers(of_model(PartyRecord).type, cast.REFERRER)
    await asyncio.to_thread(produce, producer(house), topic, b"{}", what, cast.REFERRER)
    everywhere = f"{cast.REFERRER}: " + ", ".join(f"{name} suspended" for name in sorted(SERVICES))
    for _ in range(LOOKS):
        code, found = await compared(house, 0)
        if everywhere in found:
            break
        await asyncio.sleep(0.2)
    assert code == 1
    assert everywhere in found
    assert "python -m services.governance republish" in found
    await party.connector.send(ConsultationConfirmed(), case=case, message_id=message_id)
    code, said = await run(house, "governance", "services.governance", "republish", "--party", cast.REFERRER)
    assert (code, said.strip()) == (0, f"{cast.REFERRER}: accepted")
    assert await party.connector.answer(message_id), "kept meanwhile: refused after its patience, or accepted"
    await referred(founded)
    assert await compared(house, 10) == (0, f"the 5 copies agree: {len(house.env['parties'])} parties\n")


async def test_an_event_that_cannot_be_read_holds_its_case_in_every_service_it_concerns(
    founded: World, house: House
) -> None:
    case = new_id()
    what = headers(of_model(ReferralScreened).type.replace("screened", "later"), case)
    topic = f"{house.env['topic_prefix']}.governance.events"
    await asyncio.to_thread(produce, producer(house), topic, b"{}", what, case)
    readers = [service for service in SERVICES if service != "governance"]
    for service in readers:
        await holds(house, service, case)
    await referred(founded)
    for service in readers:
        code, said = await run(house, service, f"services.{service}", "held", "--discard", case)
        assert (code, said.splitlines()) == (0, ["discarded", "handled 0; free again"])


async def holds(house: House, service: str, case: str) -> None:
    """Wait until the service lists the case as held."""
    for _ in range(LOOKS):
        _, said = await run(house, service, f"services.{service}", "held")
        if f"{case}: held, 1 messages" in said:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"{service} does not hold it: {said}")
