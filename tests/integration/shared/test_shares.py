"""What a batch of one party's records took of the processor is that party's, whatever came of them."""

from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from services.intake.main import SERVICE
from shared.contract.topics import Topics
from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.codec import SignedAndSealed
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.messaging.shares import BURST, Shares
from tests.conftest import FreshDatabase
from tests.support.leaving import current, gate_of
from tests.support.receiving import SOURCE, House, OneKey
from tests.support.records import consumer_record
from tests.support.samples import intake as s
from tests.support.transactions import house_records, transaction_on

TOPIC, OTHER = (Topics().from_party("intake", party) for party in (s.VENLO, "ggd-limburg-noord"))
SHARE, MANY = 0.001, 50


def garbage(offset: int) -> ConsumerRecord[bytes, bytes]:
    return consumer_record(TOPIC, offset, value=b"x", timestamp=1_700_000_000_000)


async def test_records_that_cannot_be_read_cost_their_party_its_share(
    tmp_path: Path, fresh_database: FreshDatabase
) -> None:
    house, engine, producer = House(tmp_path), await fresh_database(SERVICE), AIOKafkaProducer()
    transaction = transaction_on(engine, SERVICE)
    keys, codec = CaseKeyClient(OneKey(), "noord-limburg"), SignedAndSealed(house.keys)
    shares = Shares(Topics().from_prefix("intake"), SHARE)
    consumer = Consumer(
        engine=engine,
        receiver=house.receiver(),
        transaction=transaction,
        parties=transaction.parties,
        house_records=house_records(transaction),
        relay=Relay(engine, producer, transaction.parties, keys, codec, SOURCE, gate_of(transaction), ()),
        topics=Topics(),
        batch_size=MANY,
        shares=shares,
        currency=current(),
    )
    assert shares.room(TOPIC) > 0
    await consumer.take([garbage(n) for n in range(MANY)])
    assert shares._time.left(TOPIC) < SHARE * BURST
    assert (shares.room(TOPIC), shares.room(OTHER)) == (0, 1)
    await producer.stop()
