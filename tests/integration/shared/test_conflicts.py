"""A conflict that the database reports is tried again with pauses, and not for ever."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.contract.content import SealedText
from shared.core.outcome import DeliveryStatus
from shared.handling import transaction as module
from shared.storage.database import sqlstate
from tests.conftest import FreshDatabase
from tests.support.databases import as_owner
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on

SUBMIT = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
# A sequence is not rolled back, so it counts the tries.
_TRIES = "CREATE SEQUENCE tries"
_DEADLOCKS = """
    CREATE FUNCTION deadlock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('tries') <= {times} THEN RAISE EXCEPTION USING ERRCODE = '40P01'; END IF;
        RETURN NEW;
    END $$
"""
_EACH = "CREATE TRIGGER deadlocks BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION deadlock()"


async def deadlocks(engine: AsyncEngine, times: int) -> None:
    async with as_owner(engine) as connection:
        for statement in (_TRIES, _DEADLOCKS.format(times=times), _EACH):
            await connection.execute(sa.text(statement))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CONFLICT_PAUSES", (0.0,) * len(module.CONFLICT_PAUSES))


async def test_a_conflict_that_passes_is_tried_again(fresh_database: FreshDatabase) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    await deadlocks(engine, len(module.CONFLICT_PAUSES))
    (outcome,) = await transaction_on(engine, SERVICE).run([delivery(s.CASE, SUBMIT, at=NOW)])
    assert outcome.status is DeliveryStatus.ACCEPTED


async def test_a_conflict_that_stays_is_the_callers_and_nothing_is_written(
    fresh_database: FreshDatabase,
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    await deadlocks(engine, 1000)
    with pytest.raises(DBAPIError) as raised:
        await transaction_on(engine, SERVICE).run([delivery(s.CASE, SUBMIT, at=NOW)])
    assert sqlstate(raised.value) == "40P01"
    assert await rows(engine, "cases") == await rows(engine, "inbox") == []
    async with engine.connect() as connection:
        tries = await connection.scalar(sa.text("SELECT last_value FROM tries"))
    assert tries == len(module.CONFLICT_PAUSES) + 1


async def test_a_text_is_stored_for_a_reference_and_not_because_its_id_stands_somewhere(
    fresh_database: FreshDatabase,
) -> None:
    """The event names the party as well; a text of that name is referred to by nothing."""
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    named_like_a_party = SealedText(s.VENLO, "intake", b"of nobody")
    submit = delivery(s.CASE, SUBMIT, at=NOW)
    submit = submit._replace(texts=(*submit.texts, named_like_a_party))
    await transaction_on(engine, SERVICE).run([submit])
    stored = {row.piece for row in await rows(engine, "pieces")}
    assert stored
    assert s.VENLO not in stored
    assert f'"{s.VENLO}"' in "".join([str(row.detail) for row in await rows(engine, "journal")]).replace(
        "'", '"'
    )
