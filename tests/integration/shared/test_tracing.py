"""A delivery is a span, its context goes into the letters that follow, and nothing personal into either."""

import dataclasses
import subprocess
import sys

import pytest
from sqlalchemy.exc import DBAPIError

from docs.generate.tree import ROOT
from services.intake import commands as c
from services.intake.main import SERVICE
from shared.clock import machine_now
from shared.ids import new_id
from shared.runtime.tracing import Tracing
from tests.conftest import FreshDatabase
from tests.support.databases import as_owner
from tests.support.otlp import receiver
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
WATCHED = f"00-{TRACE}-{PARENT}-01"
FIRST = new_id()
SUBMIT = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())


async def test_a_delivery_is_a_span_of_the_senders_trace_and_its_letters_go_on_from_it(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    with receiver() as seen:
        tracing = Tracing("intake", "noord-limburg", seen.endpoint)
        transaction = dataclasses.replace(transaction_on(engine, SERVICE), traced=tracing.traced)
        asked = delivery(s.CASE, SUBMIT, at=NOW, message_id=FIRST, traceparent=f"00-{TRACE}-{PARENT}-01")
        other = delivery(s.CASE, SUBMIT, at=NOW, message_id=FIRST, digest=b"other")
        unwatched = delivery(s.CASE, SUBMIT, at=NOW, traceparent=f"00-{TRACE}-{PARENT}-00")
        await transaction.run([asked, other, unwatched])
        await tracing.close()
    accepted, refused = seen.spans
    assert accepted[:3] == ("zvh-intake", "SubmitReferral", TRACE)
    assert accepted.parent == PARENT
    assert (refused.parent, refused.trace != TRACE) == ("", True), "whoever sends no context begins a trace"
    assert "MessageIdReused" in refused.attributes["zvh.refusal"]
    assert "R129" in refused.attributes["zvh.rule"]
    letters = await rows(engine, "outbox", "causation_id = :first", first=FIRST)
    carried = {row.traceparent for row in letters if row.type.split(".")[-2] == "referral-received"}
    assert carried == {f"00-{TRACE}-{accepted.span}-01"}
    sent = b"".join(seen.raw)
    for known in (s.CASE, s.VENLO, s.MAN, FIRST):
        assert known.encode() not in sent


async def test_what_waits_has_its_span_when_it_is_decided(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    with receiver() as seen:
        tracing = Tracing("intake", "noord-limburg", seen.endpoint)
        transaction = dataclasses.replace(transaction_on(engine, SERVICE), traced=tracing.traced)
        waits = delivery(s.CASE, SUBMIT, at=NOW, record=b"kept")
        await transaction.run([waits])
        assert [row.why for row in await rows(engine, "held")] == ["waiting"]
        await tracing.close()
    assert seen.spans == []


async def test_what_could_not_be_committed_is_a_span_that_failed_and_says_no_more(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    async with as_owner(engine) as connection:
        await connection.exec_driver_sql("DROP TABLE journal")
    with receiver() as seen:
        tracing = Tracing("intake", "noord-limburg", seen.endpoint)
        transaction = dataclasses.replace(transaction_on(engine, SERVICE), traced=tracing.traced)
        with pytest.raises(DBAPIError):
            await transaction.run([delivery(s.CASE, SUBMIT, at=NOW)])
        await tracing.close()
    assert [span.name for span in seen.spans] == ["SubmitReferral"]
    assert b"DBAPIError" in seen.raw[0]
    assert b"journal" not in seen.raw[0]


async def test_a_receiver_that_is_away_delays_neither_work_nor_end(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    tracing = Tracing("intake", "noord-limburg", "http://127.0.0.1:1/v1/traces")
    transaction = dataclasses.replace(transaction_on(engine, SERVICE), traced=tracing.traced)
    began = machine_now()
    await transaction.run([delivery(s.CASE, SUBMIT, at=NOW)])
    await tracing.close()
    assert (machine_now() - began).total_seconds() < 5


@pytest.mark.exhaustive
def test_without_an_endpoint_nothing_of_the_sdk_is_imported() -> None:
    program = "import sys, services.intake.main; print([m for m in sys.modules if 'opentelemetry.sdk' in m])"
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "[]\n"
