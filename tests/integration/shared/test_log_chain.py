"""Whoever rewrites a log, with all rights in its database, is found; the house's own erasing is not."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.topics import Topics
from shared.core.actor import Role
from shared.core.viewing import Allowed, Viewer
from shared.crypto.case_key_client import CaseKeyClient, KeyAuthorityUnreachable, KeyStatus
from shared.crypto.house_keys import HouseKeys
from shared.handling.outgoing import OutgoingMessages
from shared.ids import new_id
from shared.runtime import log_chaining, quarantine
from shared.runtime.log_chaining import LogChaining
from shared.runtime.log_pruning import LogPruning
from shared.runtime.log_verification import LogVerification
from shared.storage import (
    access_log,
    erasure,
    journal,
    log_chain,
    log_checkpoints,
    log_digests,
    log_walk,
    ticks,
)
from shared.storage.access_log import Decided
from tests.conftest import FreshDatabase
from tests.support.databases import Databases, as_owner, engine_of
from tests.support.events import event
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import MARKER_KEY, delivery, house_records, know, rows, transaction_on

OTHER_CASE = new_id()
TERM = timedelta(days=365)
VIEWER = Viewer(Role.PROCESS_DIRECTOR, "person-1")
SHOWN = Allowed("R68")


class Keys:
    """A key per case, but of those that are erased or away."""

    def __init__(self) -> None:
        self.status: dict[str, KeyStatus] = {}
        self.reachable = True

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        if not self.reachable:
            raise KeyAuthorityUnreachable("away")
        return {case: self._of(case) for case in case_ids}

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        return {case: told for case, (told, _) in (await self.fetch(case_ids, make=False)).items()}

    def _of(self, case: str) -> tuple[KeyStatus, bytes | None]:
        status = self.status.get(case, KeyStatus.READY)
        return status, case.encode()[:32].ljust(32) if status is KeyStatus.READY else None


class Logs:
    """The logs of one service with who chains them and who checks them."""

    def __init__(self, engine: AsyncEngine, owner: AsyncEngine, directory: Path) -> None:
        self.engine, self.owner, self.keys = engine, owner, Keys()
        self.house_keys = HouseKeys(directory, b"r" * 32, machine_now)
        self.found: list[str] = []
        self.chaining = self._chaining()

    def _chaining(self) -> LogChaining:
        client = CaseKeyClient(self.keys, "house")
        outgoing = OutgoingMessages("intake", Topics())
        pruning = LogPruning(self.engine, client, MARKER_KEY, TERM, Clock())
        return LogChaining(self.engine, outgoing, client, self.house_keys, lambda: None, MARKER_KEY, pruning)

    async def chain(self) -> int:
        async with self.engine.connect() as session:
            chained = await self.chaining.turn(session)
            await self.chaining.settle(session)
            return chained

    async def verify(self, *others: str) -> list[str]:
        """All that is found, by a process that has nothing in its memory."""
        self.found = []
        client = CaseKeyClient(self.keys, "house")
        find = self.house_keys.signing_key
        await LogVerification(
            self.engine, "intake", MARKER_KEY, client, find, self.found.append, within=0
        ).run(others)
        return self.found

    async def checkpoint(self) -> str:
        """What the others keep of the chain as it is now."""
        await self.chaining.say()
        async with self.engine.connect() as connection:
            return [one async for one in log_checkpoints.kept(connection, "intake")][-1]

    async def look(self, case_id: str | None, times: int = 1) -> None:
        async with self.engine.begin() as connection:
            for n in range(times):
                await access_log.write(
                    connection, MARKER_KEY, VIEWER, [Decided(case_id, f"item/{n}", None, SHOWN)]
                )

    async def rewrite(self, *statements: str) -> None:
        """Do with all rights, and without the triggers, what nobody may."""
        async with self.owner.begin() as connection:
            await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                await connection.execute(sa.text(statement))


@pytest.fixture
async def logs(fresh_database: FreshDatabase, databases: Databases, tmp_path: Path) -> AsyncIterator[Logs]:
    """A case with entries in its journal and ten looks, all chained, of another one look, and of none one."""
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    submit = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
    await transaction_on(engine, SERVICE).run([delivery(s.CASE, submit, at=NOW)])
    superuser = engine_of(replace(databases.postgres.administration, name=str(engine.url.database)))
    made = Logs(engine, superuser, tmp_path / "house")
    await made.look(s.CASE, 10)
    await made.look(OTHER_CASE)
    await made.look(None)
    assert await made.chain() == 13
    assert await made.verify() == []
    yield made
    await superuser.dispose()


PUT_IN = (
    "INSERT INTO access_log (at, case_id, role, person, thing, allowed, rule) "
    "VALUES (now(), 'nowhere', 'manager', 'somebody', 'case', true, 'R7')"
)
COPIED = (
    "INSERT INTO access_log (at, case_id, role, person, thing, allowed, rule, seal) "
    "SELECT at - interval '1 day', case_id, role, person, thing, allowed, rule, seal "
    "FROM access_log WHERE entry = 3"
)
RECORD_MADE = (
    "INSERT INTO erased_logs (number, month, entries, entries_digest, looks, looks_digest, seal) "
    r"VALUES (7, '2026-11', 0, '\x00', 1, '\x00', '\x00')"
)
REWRITTEN: dict[str, tuple[tuple[str, ...], str]] = {
    "an entry of the access log is changed": (
        ("UPDATE access_log SET person = 'person-2' WHERE entry = 3",),
        "access_log entry 3 (chain 4): changed",
    ),
    "an entry of the journal is changed": (
        ("UPDATE journal SET what = 'ReferralWithdrawn'",),
        "journal entry 1 (chain 1): changed",
    ),
    "on whose behalf somebody looked is changed": (
        ("UPDATE access_log SET viewed_on_behalf_of = 'gemeente-venlo' WHERE entry = 3",),
        "access_log entry 3 (chain 4): changed",
    ),
    "an entry is backdated": (
        ("UPDATE access_log SET at = at - interval '1 year' WHERE entry = 3",),
        "access_log entry 3 (chain 4): changed",
    ),
    "an entry without a case is changed": (
        ("UPDATE access_log SET thing = 'item/9' WHERE case_id = 'nowhere'",),
        "access_log entry 12 (chain 13): changed",
    ),
    "an entry is deleted": (
        ("DELETE FROM access_log WHERE entry = 3",),
        "access_log entry 3 (chain 4): removed",
    ),
    "an entry is deleted with its leaf": (
        (
            "DELETE FROM access_log WHERE entry = 3",
            "DELETE FROM log_leaves WHERE number = 4",
        ),
        "chain: cut out, 4 to 4",
    ),
    "an entry is deleted, its leaf too, and the rest moved up": (
        (
            "DELETE FROM access_log WHERE entry = 3",
            "DELETE FROM log_leaves WHERE number = 4",
            "UPDATE log_leaves SET number = number - 1 WHERE number > 4",
        ),
        "chain: broken at 4",
    ),
    "the moment of a leaf is taken away": (
        ("UPDATE log_leaves SET chained_at = NULL WHERE number = 4",),
        "access_log entry 3 (chain 4): changed",
    ),
    "two entries change places": (
        (
            "UPDATE access_log SET entry = 100 WHERE entry = 3",
            "UPDATE access_log SET entry = 3 WHERE entry = 4",
            "UPDATE access_log SET entry = 4 WHERE entry = 100",
        ),
        "access_log entry 4 (chain 5): changed",
    ),
    "two leaves change places": (
        (
            "UPDATE log_leaves SET number = -4 WHERE number = 4",
            "UPDATE log_leaves SET number = 4 WHERE number = 5",
            "UPDATE log_leaves SET number = 5 WHERE number = -4",
        ),
        "chain: broken at 4",
    ),
    "an entry is put in": (
        (PUT_IN,),
        "access_log entry 13: put in, not by the service",
    ),
    "the seal of another entry is put on one": (
        (COPIED,),
        "access_log entry 13: put in, not by the service",
    ),
    "the whole access log is cut off": (
        ("TRUNCATE access_log",),
        "access_log entry 12 (chain 13): removed",
    ),
    "an entry is said to be erased": (
        (
            "DELETE FROM access_log WHERE entry = 3",
            "UPDATE log_leaves SET removal = 7 WHERE number = 4",
        ),
        "access_log entry 3 (chain 4): removed, and there is no record 7",
    ),
    "a log is said to be erased with a record made for it": (
        (
            "DELETE FROM access_log WHERE entry = 3",
            "UPDATE log_leaves SET removal = 7 WHERE number = 4",
            RECORD_MADE,
        ),
        "erased_logs 7: does not agree with the leaves of what it removed",
    ),
}


@pytest.mark.parametrize("what", REWRITTEN)
async def test_a_log_that_was_rewritten_is_found(logs: Logs, what: str) -> None:
    statements, expected = REWRITTEN[what]
    await logs.rewrite(*statements)
    assert expected in await logs.verify()


async def test_what_was_put_in_and_chained_since_is_found(logs: Logs) -> None:
    """Also as if now, while the service runs, and as a copy of what it wrote itself."""
    logs_of = "at, case_id, role, person, party, thing, allowed, rule, given_on_behalf_of, seal"
    await logs.rewrite(
        f"INSERT INTO access_log ({logs_of}) SELECT {logs_of} FROM access_log WHERE entry = 3",  # noqa: S608
        "INSERT INTO access_log (at, case_id, role, person, thing, allowed, rule, seal) "
        r"VALUES (now(), 'nowhere', 'manager', 'somebody', 'case', true, 'R7', '\x0102030405060708090a')",
    )
    assert await logs.chain() == 2
    assert await logs.verify() == [
        "access_log entry 14 (chain 15): put in, not by the service",
        "access_log entry 13: put in, a copy of an older one",
    ]


async def test_what_has_no_seal_is_found_unless_it_was_there_when_the_chain_began(logs: Logs) -> None:
    await logs.rewrite(PUT_IN)
    await logs.chain()
    assert await logs.verify() == [], "a version without seals may have written it while it was replaced"
    await logs.rewrite(PUT_IN)
    async with logs.engine.begin() as connection:
        entries = await log_chain.unchained(connection, {"journal": 0, "access_log": 0}, 10)
        late = machine_now() + timedelta(days=2)
        await log_chain.append(connection, entries, MARKER_KEY, {}, late)
    assert await logs.verify() == ["access_log entry 14 (chain 15): put in, not by the service"]


async def test_a_chain_that_was_cut_is_found_by_what_the_other_services_keep(
    logs: Logs,
) -> None:
    signed = await logs.checkpoint()
    await logs.rewrite(
        "DELETE FROM access_log WHERE entry > 5",
        "DELETE FROM log_leaves WHERE number > 6",
        "DELETE FROM log_checkpoints",
    )
    assert await logs.verify() == [], "in this database alone nothing is left of it"
    (found,) = await logs.verify(signed)
    assert found.startswith("chain: cut off, 6 long and was 13 at ")
    await logs.look(s.CASE, 20)
    await logs.chain()
    (found,) = await logs.verify(signed)
    assert found.startswith("chain: rewritten, its first 13 are not those of ")


async def test_a_chain_that_was_cut_is_found_by_its_own_checkpoints_too(logs: Logs) -> None:
    await logs.checkpoint()
    await logs.rewrite("DELETE FROM access_log WHERE entry > 5", "DELETE FROM log_leaves WHERE number > 6")
    assert [one.partition(" at ")[0] for one in await logs.verify()] == ["chain: cut off, 6 long and was 13"]


async def test_nobody_hides_a_change_behind_a_key_that_is_not_to_be_had(logs: Logs) -> None:
    """An entry without a seal, and one of which only the leaf says on whose behalf it was."""
    logs.keys.status[OTHER_CASE] = KeyStatus.UNKNOWN
    logs.chaining = logs._chaining()
    await logs.look(OTHER_CASE)
    await logs.rewrite(PUT_IN.replace("'nowhere'", f"'{s.CASE}'"))
    assert await logs.chain() == 2
    assert await logs.verify() == []
    nobody = new_id()
    logs.keys.status[nobody] = KeyStatus.UNKNOWN
    await logs.rewrite(
        "UPDATE log_leaves SET of_case = true WHERE number = 14",
        "UPDATE access_log SET viewed_on_behalf_of = 'gemeente-venlo' WHERE entry = 13",
        f"UPDATE access_log SET rule = 'R8', case_id = '{nobody}' WHERE entry = 14",  # noqa: S608 - ours
    )
    assert await logs.verify() == [
        "chain: broken at 14",
        "access_log entry 14 (chain 15): changed",
    ]


async def test_a_checkpoint_of_somebody_else_is_found(logs: Logs, tmp_path: Path) -> None:
    forger = HouseKeys(tmp_path / "forger", b"f" * 32, machine_now)
    forged = log_checkpoints.make("intake", 1, bytes(32), machine_now(), forger.signing)
    assert await logs.verify(forged.signed) == ["checkpoints: 1 not signed by this service"]


async def test_erasing_a_case_is_not_found_and_leaves_its_leaves(logs: Logs) -> None:
    signed = await logs.checkpoint()
    await logs.look(s.CASE)  # not chained yet
    async with logs.engine.begin() as connection:
        await erasure.erase(connection, MARKER_KEY, [s.CASE, new_id()], machine_now())
    logs.keys.status[s.CASE] = KeyStatus.ERASED
    assert await rows(logs.engine, "access_log", "case_id = :case", case=s.CASE) == []
    left = await rows(logs.engine, "log_leaves", "removal IS NOT NULL")
    assert [leaf.chained_at for leaf in left] == [None] * 11, "no day of an erased case (R106)"
    assert await logs.verify(signed) == []
    await logs.look(OTHER_CASE)
    assert await logs.chain() == 1
    assert await logs.verify(signed, await logs.checkpoint()) == []


async def test_an_entry_that_an_erasing_did_not_remove_cannot_be_hidden_behind_it(logs: Logs) -> None:
    async with logs.engine.begin() as connection:
        await erasure.erase(connection, MARKER_KEY, [s.CASE], machine_now())
    await logs.rewrite(
        "DELETE FROM access_log WHERE entry = 11",
        "UPDATE log_leaves SET removal = 1 WHERE removal IS NULL AND log = 'access_log' AND entry = 11",
    )
    assert await logs.verify() == ["erased_logs 1: does not agree with the leaves of what it removed"]


async def test_the_leaf_of_an_erased_case_tells_nothing_to_who_has_the_service_key(logs: Logs) -> None:
    """R105: with all but the case key, and the very entry, a leaf cannot be recognised."""
    async with logs.engine.connect() as connection:
        (page,) = [page async for page in log_walk.leaves(connection)]
        leaf = next(leaf for leaf in page if (leaf.log, leaf.entry) == ("access_log", 3))
        entry = (await log_walk.entries(connection, "access_log", [3]))[3]
    one = log_chain.Unchained("access_log", 3, s.CASE, bytes(entry.seal), entry.line)
    assert leaf.of_case
    assert bytes(leaf.leaf) != log_chain.leaf_of(MARKER_KEY, leaf.number, leaf.chained_at, one)


async def test_an_entry_whose_case_key_cannot_be_had_is_chained_under_a_key_of_the_service(
    logs: Logs,
) -> None:
    missing = new_id()
    logs.keys.status[missing] = KeyStatus.UNAVAILABLE
    await logs.look(missing)
    assert await logs.chain() == 1
    (leaf,) = await rows(logs.engine, "log_leaves", "number = 14")
    assert not leaf.of_case
    assert await logs.verify() == []


async def test_while_the_key_authority_is_away_entries_wait_and_are_chained_in_their_order(
    logs: Logs,
) -> None:
    logs.keys.reachable = False
    logs.chaining = logs._chaining()  # with no key in its memory
    await logs.look(OTHER_CASE, 3)
    with pytest.raises(KeyAuthorityUnreachable):
        await logs.chain()
    logs.keys.reachable = True
    assert await logs.chain() == 3
    assert await logs.verify() == []


async def settled(logs: Logs, *, access_log: int) -> dict[str, int]:
    """Return up to where each log is settled, once that is so far: any writer on this server puts it off."""
    until = time.monotonic() + 30
    while True:
        assert await logs.chain() == 0
        found = {row.log: row.entry for row in await rows(logs.engine, "log_settled")}
        if found.get("access_log", 0) >= access_log or time.monotonic() > until:
            return found
        await asyncio.sleep(0.02)


async def test_an_entry_that_commits_after_later_ones_is_chained_too(logs: Logs, monkeypatch: Any) -> None:
    """Ids say nothing about order; one that was rolled back leaves a gap that nobody misses."""
    monkeypatch.setattr(log_chaining, "SETTLES_AFTER", 0.0)
    monkeypatch.setattr(log_chaining, "SWEPT_EVERY", 0.0)
    async with logs.engine.connect() as slow:
        await access_log.write(slow, MARKER_KEY, VIEWER, [Decided(OTHER_CASE, "item/1", None, SHOWN)])
        await logs.look(OTHER_CASE, 2)
        assert await logs.chain() == 2
        for _ in range(3):
            assert await logs.chain() == 0
        await slow.commit()
    async with logs.engine.connect() as never:
        await access_log.write(never, MARKER_KEY, VIEWER, [Decided(OTHER_CASE, "item/1", None, SHOWN)])
    assert await logs.chain() == 1
    assert await settled(logs, access_log=16) == {"journal": 1, "access_log": 16}
    await logs.look(OTHER_CASE)
    assert await logs.chain() == 1
    assert await logs.verify() == []


async def test_without_an_end_of_new_entries_what_is_chained_is_settled_all_the_same(
    logs: Logs, monkeypatch: Any
) -> None:
    monkeypatch.setattr(log_chaining, "SETTLES_AFTER", 0.0)
    for _ in range(3):
        await logs.look(OTHER_CASE)
        assert await logs.chain() == 1
    assert (await settled(logs, access_log=12))["access_log"] >= 12


async def test_an_entry_erased_while_it_is_being_chained_is_in_neither(logs: Logs) -> None:
    case = new_id()
    await logs.look(case)
    async with logs.engine.connect() as connection:
        read = await log_chain.unchained(connection, {"journal": 0, "access_log": 0}, 10)
    async with logs.engine.begin() as connection:
        await erasure.erase(connection, MARKER_KEY, [case], machine_now())
    async with logs.engine.begin() as connection:
        assert await log_chain.append(connection, read, MARKER_KEY, {}, machine_now()) == 0
    assert await logs.verify() == []


async def test_an_entry_is_chained_soon_by_one_of_two_processes(logs: Logs) -> None:
    both = [asyncio.create_task(logs._chaining().run()) for _ in range(2)]
    try:
        await logs.look(OTHER_CASE, 5)
        until = time.monotonic() + 30  # five on a machine that does nothing else
        while len(await rows(logs.engine, "log_leaves")) < 18:
            assert time.monotonic() < until
            await asyncio.sleep(0.1)
    finally:
        for one in both:
            one.cancel()
        await asyncio.gather(*both, return_exceptions=True)
    assert await logs.verify() == []
    assert len(await rows(logs.engine, "log_checkpoints")) == 1


async def test_a_restored_database_says_so_and_is_not_taken_for_one_that_was_cut(logs: Logs) -> None:
    signed = await logs.checkpoint()
    await logs.rewrite("DELETE FROM access_log WHERE entry > 5", "DELETE FROM log_leaves WHERE number > 6")
    async with logs.engine.begin() as connection:
        length, head = await log_chain.end(connection)
        said = log_checkpoints.make(
            "intake", length, head, machine_now(), logs.house_keys.signing, restored=True
        )
        await log_checkpoints.keep(connection, said)
    assert await logs.verify(signed) == []
    await logs.look(OTHER_CASE, 9)
    await logs.chain()
    after = await logs.checkpoint()
    assert await logs.verify(signed, after) == []


async def test_the_first_checkpoint_of_each_day_is_kept_for_good(logs: Logs) -> None:
    now, key = machine_now(), logs.house_keys.signing
    async with logs.engine.begin() as connection:
        for hours in range(0, 96, 6):
            one = log_checkpoints.make("intake", 0, bytes(32), now - timedelta(hours=hours), key)
            await log_checkpoints.keep(connection, one)
        await log_checkpoints.prune(connection, now)
    kept = [row.at for row in await rows(logs.engine, "log_checkpoints")]
    assert len([at for at in kept if at >= now - timedelta(days=1)]) == 5
    old = [at.date() for at in kept if at < now - timedelta(days=1)]
    assert sorted(set(old)) == sorted(old), "one a day"
    assert 3 <= len(old) <= 4


async def test_the_service_itself_has_no_right_to_rewrite_its_logs(logs: Logs) -> None:
    for statement in (
        "DELETE FROM access_log",
        "DELETE FROM journal",
        "UPDATE access_log SET rule = 'R1'",
        "UPDATE log_leaves SET removal = 1",
        "DELETE FROM log_leaves",
        "TRUNCATE access_log",
        "UPDATE erased_logs SET looks = 0",
        "INSERT INTO erased_logs (month, entries) VALUES ('2026-11', 0)",
        "ALTER TABLE journal DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        "UPDATE alembic_version SET version_num = '0003'",
    ):
        with pytest.raises(DBAPIError) as refused:
            async with logs.engine.begin() as connection:
                await connection.execute(sa.text("SET LOCAL zvh.erasing = 'on'"))
                await connection.execute(sa.text(statement))
        assert getattr(refused.value.orig, "sqlstate", None) == "42501", statement
    assert await logs.verify() == []


async def test_the_owner_of_the_tables_meets_the_triggers_all_the_same(logs: Logs) -> None:
    for statement in ("DELETE FROM access_log", "UPDATE journal SET rule = 'R1'", "DELETE FROM log_leaves"):
        with pytest.raises(DBAPIError) as refused:
            async with as_owner(logs.engine) as connection:
                await connection.execute(sa.text(statement))
        assert getattr(refused.value.orig, "sqlstate", None) == "ZV001", statement


async def test_the_setting_by_which_a_version_before_erased_gives_nobody_a_right(logs: Logs) -> None:
    """Given back the right to delete, as an old grant would."""
    async with as_owner(logs.engine) as connection:
        await connection.execute(sa.text(f'GRANT DELETE ON journal TO "{logs.engine.url.username}"'))
    with pytest.raises(DBAPIError) as refused:
        async with logs.engine.begin() as connection:
            await connection.execute(sa.text("SET LOCAL zvh.erasing = 'on'"))
            await connection.execute(sa.text("DELETE FROM journal"))
    assert getattr(refused.value.orig, "sqlstate", None) == "ZV001"
    async with as_owner(logs.engine) as connection:
        await connection.execute(sa.text(f'REVOKE DELETE ON journal FROM "{logs.engine.url.username}"'))


async def test_what_another_service_says_of_its_logs_is_kept_as_it_was_signed(logs: Logs) -> None:
    made = log_checkpoints.make("rto", 7, b"h" * 32, machine_now(), logs.house_keys.signing)
    said = event(made.message(), None, service="rto")
    unreadable = said._replace(value=b"{}")
    records = house_records(transaction_on(logs.engine, SERVICE))
    assert await records.take([said, unreadable, said]) == [unreadable], (
        "for the receiver, who quarantines it"
    )
    async with logs.engine.connect() as connection:
        kept = [one async for one in log_checkpoints.kept(connection, "rto")]
    assert kept == [made.signed]
    read = log_checkpoints.read(kept[0], logs.house_keys.signing_key)
    assert read == made


async def test_the_log_of_a_case_that_is_here_cannot_be_removed(logs: Logs) -> None:
    with pytest.raises(DBAPIError):
        async with logs.engine.begin() as connection:
            await log_chain.hold_still(connection)
            await log_digests.remove(connection, MARKER_KEY, [s.CASE], machine_now())


async def test_a_log_that_grew_since_it_was_measured_is_not_removed(logs: Logs) -> None:
    statement = sa.text("SELECT remove_log(:case, NULL, '2026-11', 0, '', 0, '', '')")
    with pytest.raises(DBAPIError) as refused:
        async with logs.engine.begin() as connection:
            await connection.execute(statement, {"case": OTHER_CASE})
    assert getattr(refused.value.orig, "sqlstate", None) == "40001"


async def test_an_operators_act_stands_in_the_journal_sealed_and_is_chained(logs: Logs) -> None:
    async with logs.engine.begin() as connection:
        await quarantine.note_act(connection, MARKER_KEY, "TimeConfirmed")
    assert await logs.chain() == 1
    (entry,) = await rows(logs.engine, "journal", "what = 'TimeConfirmed'")
    assert (entry.case_id, entry.role) == ("nowhere", "operator")
    assert await logs.verify() == []


# --- numbers that are no case -------------------------------------------------------------------------


async def pruned(logs: Logs, *strangers: str) -> None:
    """Prune all, as the key authority knows these numbers not at all."""
    logs.keys.status |= dict.fromkeys(strangers, KeyStatus.UNKNOWN)
    while await logs.chaining.pruning.turn():
        pass


async def aged(logs: Logs, case_id: str | None, age: timedelta) -> None:
    """Log a look as one that was chained so long ago."""
    await logs.look(case_id)
    await chained(logs, age)


async def chained(logs: Logs, age: timedelta) -> None:
    async with logs.engine.begin() as connection:
        entries = await log_chain.unchained(connection, {"journal": 0, "access_log": 0}, 10)
        await log_chain.append(connection, entries, MARKER_KEY, {}, machine_now() - age)


async def looked_at(logs: Logs) -> list[str]:
    return sorted({row.case_id for row in await rows(logs.engine, "access_log")} - {s.CASE, OTHER_CASE})


async def test_the_log_of_a_number_that_never_was_a_case_goes_after_the_term(logs: Logs) -> None:
    old, young = new_id(), new_id()
    await aged(logs, old, TERM + timedelta(days=1))
    await aged(logs, young, TERM - timedelta(days=1))
    signed = await logs.checkpoint()
    await pruned(logs, old, young)
    assert await looked_at(logs) == sorted([young, "nowhere"])
    assert await logs.verify(signed) == []


async def test_what_was_logged_while_a_case_was_being_erased_goes_after_the_term_too(logs: Logs) -> None:
    number = new_id()
    await aged(logs, number, TERM + timedelta(days=1))
    logs.keys.status[number] = KeyStatus.ERASED
    await pruned(logs)
    assert number not in await looked_at(logs)


async def test_of_a_number_that_was_asked_for_lately_nothing_goes(logs: Logs) -> None:
    number = new_id()
    await aged(logs, number, TERM + timedelta(days=1))
    await aged(logs, number, timedelta(days=1))
    await pruned(logs, number)
    assert number in await looked_at(logs)


@pytest.mark.parametrize("status", [KeyStatus.READY, KeyStatus.UNAVAILABLE])
async def test_the_log_of_a_number_that_is_or_was_a_case_somewhere_stays(
    logs: Logs, status: KeyStatus
) -> None:
    number = new_id()
    await aged(logs, number, TERM + timedelta(days=1))
    logs.keys.status[number] = status
    await pruned(logs)
    assert number in await looked_at(logs)


async def test_while_time_has_leapt_no_log_is_pruned_f13(logs: Logs) -> None:
    number = new_id()
    await aged(logs, number, TERM + timedelta(days=1))
    async with logs.engine.begin() as connection:
        await ticks.save(connection, machine_now() - timedelta(days=396))
    await pruned(logs, number)
    assert number in await looked_at(logs)
    async with logs.engine.begin() as connection:
        await ticks.confirm(connection)
    await pruned(logs, number)
    assert number not in await looked_at(logs)


async def test_what_is_logged_without_a_case_goes_day_by_day_after_the_term(logs: Logs) -> None:
    """As refusals are of messages about erased cases."""
    for days in (900, 500, 366, 364):
        refused = journal.entry(NOW, journal.ERASED, "UnknownCase", s.by_party(), new_id())
        async with logs.engine.begin() as connection:
            await journal.write(connection, MARKER_KEY, [refused])
        await chained(logs, timedelta(days=days))
    signed = await logs.checkpoint()
    await pruned(logs)
    assert len(await rows(logs.engine, "journal", "case_id = 'erased'")) == 1
    assert await logs.verify(signed) == []


async def test_the_database_prunes_nothing_young_and_nothing_of_a_case(logs: Logs) -> None:
    prune = sa.text("SELECT remove_log(:case, :before, '2026-11', 0, '', 1, '', '')")
    await aged(logs, s.CASE, timedelta(days=400))
    for case, days in ((s.CASE, 365), ("nowhere", 29)):
        with pytest.raises(DBAPIError) as refused:
            async with logs.engine.begin() as connection:
                await connection.execute(
                    prune, {"case": case, "before": machine_now() - timedelta(days=days)}
                )
        assert getattr(refused.value.orig, "sqlstate", None) == "ZV001"
