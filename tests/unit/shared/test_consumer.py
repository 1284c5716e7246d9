"""A batch that cannot be committed is read again by the broker's client, and says what it is."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer

from services.intake import commands as c
from services.intake.main import SERVICE
from services.intake.state import State
from shared.contract.topics import Topics
from shared.core.effects import StoreRow
from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.codec import SignedAndSealed
from shared.handling.unit_of_work import UnitOfWork
from shared.messaging import consumer as module
from shared.messaging.consumer import BatchFailed, Consumer
from shared.messaging.relay import Relay
from shared.messaging.shares import Shares
from shared.storage.database import connect
from tests.support.leaving import current, gate_of
from tests.support.receiving import House, OneKey
from tests.support.records import consumer_record
from tests.support.samples import intake as s
from tests.support.transactions import delivery, house_records, transaction_on

SOURCE = "urn:nld:oin:00000099:systeem:zvh-intake"
NOBODY_LISTENS = sa.URL.create("postgresql+asyncpg", "nobody", "nothing", "127.0.0.1", 1, "nowhere")


async def test_a_batch_that_failed_says_so_and_not_that_the_keys_are_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.0, 0.0))
    house, engine, producer = House(tmp_path), connect(NOBODY_LISTENS), AIOKafkaProducer()
    transaction = transaction_on(engine, SERVICE)
    keys, codec = CaseKeyClient(OneKey(), "noord-limburg"), SignedAndSealed(house.keys)
    source, gate = "urn:nld:oin:00000099:systeem:zvh-intake", gate_of(transaction)
    relay = Relay(engine, producer, transaction.parties, keys, codec, source, gate, ())
    consumer = Consumer(
        engine=engine,
        receiver=house.receiver(),
        transaction=transaction,
        parties=transaction.parties,
        house_records=house_records(transaction),
        relay=relay,
        topics=Topics(),
        batch_size=10,
        shares=Shares(Topics().from_prefix("intake"), 0.1),
        currency=current(),
    )
    record = consumer_record(Topics().from_party("intake", s.VENLO))
    with pytest.raises(BatchFailed):
        await consumer.take([record])
    await producer.stop()
    await engine.dispose()


def test_an_effect_that_nobody_knows_is_no_effect_passed_over() -> None:
    submit = c.SubmitReferral(by=s.by_party(), case_id=s.CASE, referral=s.referral())
    work: UnitOfWork[State] = UnitOfWork()
    sent = delivery(s.CASE, submit)
    work.collect(sent, s.CASE, StoreRow("a row"), {})
    assert work.rows == ["a row"]
    with pytest.raises(AssertionError):
        work.collect(sent, s.CASE, object(), {})  # type: ignore[arg-type]
