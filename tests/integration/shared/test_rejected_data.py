"""What the database rejects as data costs the one message it came with, whatever class of error it is."""

import pytest
import sqlalchemy as sa

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.core.outcome import DeliveryStatus
from tests.conftest import FreshDatabase
from tests.support.databases import as_owner
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, know, rows, transaction_on

OTHER = s.CASE[:-1] + "d"
_REJECT = """
    CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.case_id = '{case}' THEN RAISE EXCEPTION USING ERRCODE = '{state}'; END IF;
        RETURN NEW;
    END $$
"""
_EACH = "CREATE TRIGGER rejects BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION reject()"


# A row twice in one statement, NUL, a number out of range, a check, a view's check, too long, too deep.
@pytest.mark.parametrize("state", ["21000", "22P05", "22003", "23514", "44000", "54000", "54001"])
async def test_one_message_that_the_database_rejects_holds_its_case_alone(
    fresh_database: FreshDatabase, state: str
) -> None:
    engine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    async with as_owner(engine) as connection:
        for statement in (_REJECT.format(case=s.CASE, state=state), _EACH):
            await connection.execute(sa.text(statement))
    referral = s.referral(items=(), referral_id=s.MAN)
    batch = [
        delivery(
            case, c.SubmitReferral(by=s.by_party(), case_id=case, referral=referral), at=NOW, record=b"kept"
        )
        for case in (OTHER, s.CASE, s.MAN)
    ]
    fates = [outcome.status for outcome in await transaction_on(engine, SERVICE).run(batch)]
    assert fates == [DeliveryStatus.ACCEPTED, DeliveryStatus.QUARANTINED, DeliveryStatus.ACCEPTED]
    assert [(row.case_id, row.why) for row in await rows(engine, "held")] == [(s.CASE, "parked")]
