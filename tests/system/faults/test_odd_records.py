"""Records that no ordinary client makes (F22): refused by the broker or taken as they are; all goes on."""

import asyncio
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.record._crecords.cutil import crc32c_cython

from shared.connector import from_house_file
from shared.contract.cloudevent import SEALED_BODY, Envelope, to_headers
from shared.contract.messages.governance import AuthorisationGranted
from shared.contract.messages.house import MessageAccepted
from shared.contract.parties import Scope
from shared.ids import new_id
from tests.story import cast
from tests.support.batches import CRC_AT, SUMMED_FROM
from tests.support.running import party_producer
from tests.system.faults.ledger import Sent
from tests.system.faults.load import BODY, Scene

PARTY = cast.POLICE
TO_GOVERNANCE = f"zvh.governance.from.{PARTY}"
NO_CODEC = 7  # of the three bits for it; Kafka knows 0 to 4
LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)


def grant() -> AuthorisationGranted:
    return AuthorisationGranted(authorisation_id=new_id(), acting_body=BODY[PARTY], scopes=(Scope.SCREENING,))


async def sealed(scene: Scene) -> tuple[Envelope, bytes, str]:
    return await scene.partner(PARTY).connector.seal(grant())


async def unknown_codec_is_refused(house: Mapping[str, Any]) -> None:
    own = from_house_file(house, PARTY)
    async with AIOKafkaProducer(**own.login.for_aiokafka(), request_timeout_ms=3_000) as producer:
        batch = producer.create_batch()
        batch.append(timestamp=None, key=b"x", value=b"x", headers=[])
        built = batch._build()
        struct.pack_into(">h", built, SUMMED_FROM, NO_CODEC)
        struct.pack_into(">I", built, CRC_AT, crc32c_cython(bytes(built[SUMMED_FROM:])))
        with pytest.raises(KafkaError):
            await (await producer.send_batch(batch, TO_GOVERNANCE, partition=0))


async def dated_1999_is_accepted(scene: Scene, codec: str) -> None:
    envelope, body, topic = await sealed(scene)
    producer = party_producer(scene.env, PARTY, **{"compression.type": codec})
    then = int(LONG_AGO.timestamp() * 1000)
    producer.produce(
        topic, value=body, key=b"x", headers=[*to_headers(envelope, SEALED_BODY)], timestamp=then
    )
    assert await asyncio.to_thread(producer.flush, 30) == 0
    scene.ledger.note(Sent(PARTY, envelope.id, topic))
    assert isinstance(await scene.partner(PARTY).connector.answer(envelope.id), MessageAccepted)


async def test_a_batch_of_an_unknown_codec_is_refused_by_the_broker_and_the_partition_goes_on_f22(
    scene: Scene,
) -> None:
    await unknown_codec_is_refused(scene.env)
    assert isinstance(await scene.partner(PARTY).ask(grant()), MessageAccepted)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_a_compressed_record_dated_1999_is_dated_and_unpacked_by_the_broker_f22(
    scene: Scene, codec: str
) -> None:
    """What a sender says of when it sent counts for nothing (A4: what the broker had in time is in time)."""
    await dated_1999_is_accepted(scene, codec)
