"""What operators see: counted once a batch after its commit, and read from the tables when asked for."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.machine.certificates import make_certificates
from services.intake import commands as c
from services.intake.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.parties import Parties
from shared.contract.topics import Topics
from shared.crypto.house_keys import HouseKeys
from shared.handling import transaction as transaction_module
from shared.handling.delivery import DeadLetter, Unhandled
from shared.http.app import make_app
from shared.ids import new_id
from shared.kafka.admin import KafkaAdmin
from shared.kafka.connection import Connection
from shared.runtime.gauges import Gauges, metrics_router, one
from shared.storage import outbox
from shared.storage.inbox import InboxEntry
from shared.storage.party_replica import PartyReplica
from shared.telemetry.security import BURST, Refusals
from shared.telemetry.turns import Turns
from tests.conftest import FreshDatabase
from tests.support.databases import as_owner
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, transaction_on

TOKEN = "only-for-this-test"
NOBODY = "127.0.0.1:1"  # asked where topics are, and silent
SUBMIT = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def gauges(engine: AsyncEngine, directory: Path) -> Gauges:
    keys = HouseKeys(directory, b"r" * 32, machine_now)
    certificates = make_certificates(directory / "certificates", "test")
    office = KafkaAdmin(Connection(NOBODY, certificates.ca_file, "nobody", "nothing"))
    parties, turns = PartyReplica(), Turns()
    return Gauges(engine, office, Topics(), SERVICE, keys, Clock(), lambda: True, parties, turns, within=1.0)


async def scraped(gauges: Gauges) -> dict[tuple[str, str], float]:
    """Values by name and label values."""
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for metric in await gauges.read()
        for sample in metric.samples
    }


async def execute(engine: AsyncEngine, statement: str, values: Mapping[str, Any]) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.text(statement), values)


async def test_a_batch_is_counted_once_it_is_committed(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    names = [
        ("zvh_batch_messages_count", {}),
        ("zvh_batch_messages_sum", {}),
        ("zvh_deliveries_total", {"status": "accepted"}),
        ("zvh_deliveries_total", {"status": "repeated"}),
        ("zvh_deliveries_total", {"status": "refused"}),
        ("zvh_refusals_total", {"rule": "R129", "refusal": "MessageIdReused"}),
        ("zvh_dead_letters_total", {"reason": "invalid-json"}),
    ]
    before = [counted(name, **labels) for name, labels in names]
    first = new_id()
    asked_for = delivery(s.CASE, SUBMIT, at=NOW, message_id=first)
    other = delivery(s.CASE, SUBMIT, at=NOW, message_id=first, digest=b"other")
    place = InboxEntry("dead:zvh.intake.from.politie", "0/1/2026-03-02", b"", machine_now(), "none")
    dead = DeadLetter(place, "invalid-json", ())
    await transaction_on(engine, SERVICE).run([asked_for, asked_for, other], [dead])
    after = [counted(name, **labels) for name, labels in names]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 4, 1, 1, 1, 1, 1]


async def test_a_party_that_is_refused_one_message_after_the_other_is_told_of(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction_module, "REFUSALS", Refusals())
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    before = counted("zvh_refusal_bursts_total", whose="party")
    await transaction_on(engine, SERVICE).run(
        [delivery(s.CASE, SUBMIT, at=NOW, record=b"kept") for _ in range(BURST + 1)]
    )
    assert counted("zvh_refusal_bursts_total", whose="party") == before, "the first one was accepted"
    await transaction_on(engine, SERVICE).run([delivery(s.CASE, SUBMIT, at=NOW, record=b"kept")])
    assert counted("zvh_refusal_bursts_total", whose="party") == before + 1


async def test_what_could_not_be_committed_is_not_counted(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    async with as_owner(engine) as connection:
        await connection.execute(sa.text("DROP TABLE journal"))
    before = counted("zvh_batch_messages_count")
    with pytest.raises(sa.exc.DBAPIError):
        await transaction_on(engine, SERVICE).run([delivery(s.CASE, SUBMIT, at=NOW)])
    assert counted("zvh_batch_messages_count") == before


async def test_a_fault_is_counted_and_its_case_shown_as_held(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    before = counted("zvh_faults_total", where="message-quarantined")
    broken = delivery(s.CASE, Unhandled(by=s.by_party()), at=NOW, record=b"kept")
    await transaction_on(engine, SERVICE).run([broken])
    assert counted("zvh_faults_total", where="message-quarantined") == before + 1
    found = await scraped(gauges(engine, tmp_path))
    assert found["zvh_held_cases", ""] == 1
    assert found["zvh_held_messages", "parked"] == 1
    assert found["zvh_held_messages", "waiting"] == 0


async def test_how_far_each_party_is_followed_is_shown(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, Parties({s.VENLO: s.venlo(), s.POLICE: s.venlo(party=s.POLICE)}))
    async with engine.begin() as connection:
        await PartyReplica().suspend(connection, s.POLICE, None)
    found = await scraped(gauges(engine, tmp_path))
    assert (found["zvh_party_sequence", s.VENLO], found["zvh_party_sequence", s.POLICE]) == (1, -1)
    assert 0 < found["zvh_party_digest", s.VENLO] < 2**48
    assert found["zvh_party_digest", s.POLICE] == -1


async def test_what_lies_in_the_tables_is_read_when_it_is_asked_for(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine, now = await fresh_database(SERVICE), machine_now()
    letter = """
        INSERT INTO outbox (event_id, topic, key, type, body, recorded_at, retry_at)
        VALUES ('e', :topic, 'k', 't', '{}', :at, NULL)
        """
    hour = timedelta(hours=1)
    await execute(engine, letter, {"at": now - hour, "topic": "t"})
    await execute(engine, letter, {"at": now, "topic": "u"})
    await execute(engine, letter, {"at": now - 2 * hour, "topic": "away"})
    await execute(engine, letter.replace("NULL", "'infinity'"), {"at": now - 3 * hour, "topic": "t"})
    async with engine.begin() as connection:
        await outbox.defer(connection, ["away"], 0)  # its time is over, and nothing has got through yet
    line = (
        "INSERT INTO due (id, case_id, kind, ref, at, irreversible) VALUES (:id, :case, 'k', '', :at, true)"
    )
    held_case = (
        "INSERT INTO cases (case_id, phase, version, state, held) VALUES ('h', 'received', 1, '{}', true)"
    )
    await execute(engine, held_case, {})
    for number, (case, at) in enumerate((("a", now - hour), ("b", now + hour), ("h", now - 9 * hour))):
        await execute(engine, line, {"id": str(number), "case": case, "at": at})
    found = await scraped(gauges(engine, tmp_path))
    assert [found["zvh_outbox_letters", state] for state in ("ready", "aside", "unreadable")] == [2, 1, 1]
    assert found["zvh_outbox_oldest_seconds", "ready"] == pytest.approx(3600, abs=60)
    assert found["zvh_outbox_oldest_seconds", "aside"] == pytest.approx(7200, abs=60)
    assert found["zvh_deadlines_late", ""] == 1, "one is to come, and a held case's waits for the operator"
    assert found["zvh_deadlines_late_seconds", ""] == pytest.approx(3600, abs=60)
    assert found["zvh_held_cases", ""] == 1
    assert found["zvh_deadlines_held_by_leap", ""] == 1
    assert 0 <= found["zvh_house_key_oldest_seconds", ""] < 60
    assert (found["zvh_scraped", "database"], found["zvh_scraped", "broker"]) == (1, 0)


async def test_without_a_database_what_is_known_without_it_is_still_told(
    fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    engine = await fresh_database(SERVICE)
    async with as_owner(engine) as connection:
        await connection.execute(sa.text("DROP TABLE held"))
    found = await scraped(gauges(engine, tmp_path))
    assert (found["zvh_scraped", "database"], found["zvh_deadlines_held_by_leap", ""]) == (0, 1)
    assert not [name for name, _ in found if name.startswith("zvh_outbox")]


async def asked(router_token: str | None, **headers: str) -> Response:
    class Nothing:
        async def read(self) -> list[Any]:
            return [one("zvh_held_cases", "Of one", 3)]

    app: FastAPI = make_app("test", metrics_router(Nothing(), router_token))  # type: ignore[arg-type]
    async with AsyncClient(transport=ASGITransport(app), base_url="https://house.test") as client:
        return await client.get("/metrics", headers=headers)


async def test_whoever_does_not_show_the_token_finds_no_such_page() -> None:
    nobody, wrong, right, off, empty = await asyncio.gather(
        asked(TOKEN),
        asked(TOKEN, authorization="Bearer something-else"),
        asked(TOKEN, authorization=f"Bearer {TOKEN}"),
        asked(None, authorization="Bearer None"),
        asked(None),
    )
    assert [answer.status_code for answer in (nobody, wrong, right, off, empty)] == [404, 404, 200, 404, 404]
    assert nobody.json()["title"] == "NotFound"
    assert right.headers["content-type"].startswith("text/plain; version=")
    assert "zvh_batch_seconds_bucket" in right.text
    assert "zvh_held_cases 3.0" in right.text
