"""Two processes of one service: the first is stopped in mid-batch, and the other takes over (F6, F19)."""

import asyncio

import pytest

from deploy.local.postgres import Database, run_sql
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.triage import QueryAnswered, QueryIssued
from shared.messaging.relay import LEASE
from shared.storage.leader_lock import LeaderLock
from tests.story import cast
from tests.system.faults.load import BODY, TEXT, Case, Scene, ask, taken_up
from tests.system.faults.rig import until

FROM_POLICE = f"zvh.triage.from.{cast.POLICE}"
TO_POLICE = f"zvh.to.{cast.POLICE}"


def of_triage(scene: Scene, statement: str) -> str:
    return run_sql(Database(**scene.env["admin"]["databases"]["triage"]), statement)


def its_lead_is_taken(scene: Scene) -> None:
    """As when its machine is cut off: the database ends the session that holds the lead."""
    lock = int(LeaderLock.RELAY)
    holder = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = {lock}"  # noqa: S608
    here = "SELECT oid FROM pg_database WHERE datname = current_database()"
    ended = of_triage(
        scene,
        f"SELECT count(pg_terminate_backend(pid)) FROM ({holder} AND database IN ({here})) h",  # noqa: S608
    )
    assert ended == "1"


async def asked(scene: Scene) -> tuple[Case, QueryAnswered]:
    """Return a case of which the police was asked something, and what it will answer."""
    case = await taken_up(scene)
    await ask(scene, case, cast.POLICE)
    query = await scene.partner(cast.POLICE).gets(QueryIssued, case.id)
    await scene.rig.drained()
    item = cast.item(TEXT, BODY[cast.POLICE])
    return case, QueryAnswered(query_id=query.query_id, involved=True, items=(item,))


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "frozen"])
async def test_what_a_process_had_read_is_done_once_when_its_partitions_move_in_mid_batch_f6(
    scene: Scene, kill: bool
) -> None:
    """The frozen one wakes when all is done, and writes nothing."""
    (case, message), police = await asked(scene), scene.partner(cast.POLICE)
    scene.rig.arm("triage", "read", of=FROM_POLICE, kill=kill)
    message_id = await police.send(message, case=case.id)
    await scene.rig.reached("triage")
    done = f"SELECT version FROM cases WHERE case_id = '{case.id}'"  # noqa: S608
    before = int(of_triage(scene, done))
    async with scene.rig.beside("triage"):
        await until("the other one to decide", lambda: int(of_triage(scene, done)) == before + 1)
        if kill:
            await scene.rig.start("triage")
        else:
            scene.rig.house.thaw("triage")
        assert isinstance(await police.connector.answer(message_id, within=60), MessageAccepted)
        await asyncio.sleep(2)
        assert int(of_triage(scene, done)) == before + 1
    seen = await scene.director().see("triage", f"/cases/{case.id}")
    assert [len(query["replies"]) for query in seen["queries"]] == [1]


async def test_a_frozen_relay_that_wakes_after_another_took_over_sends_nothing_old_f19(
    scene: Scene,
) -> None:
    """R104; what was taken back meanwhile is not sent, and what the other sent stays the last word."""
    case, police = await taken_up(scene), scene.partner(cast.POLICE)
    await scene.rig.drained()
    scene.rig.arm("triage", "prepared", of=TO_POLICE, kill=False)
    await ask(scene, case, cast.POLICE)
    await scene.rig.reached("triage")
    its_lead_is_taken(scene)
    taken_back = f"DELETE FROM outbox WHERE case_id = '{case.id}' AND topic = '{TO_POLICE}' RETURNING 1"  # noqa: S608
    assert of_triage(scene, taken_back) == "1", "as withdrawing what it carried does"
    async with scene.rig.beside("triage"):
        await asyncio.sleep(LEASE)
        scene.rig.house.thaw("triage")
        await ask(scene, case, cast.MENTAL_HEALTH)
        await scene.partner(cast.MENTAL_HEALTH).gets(QueryIssued, case.id)
        await asyncio.sleep(2)
        assert not police.of(QueryIssued, case.id)
    await scene.rig.drained()
    assert not police.of(QueryIssued, case.id)
