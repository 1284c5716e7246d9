"""Each size is compared with its counterpart: what is sent is never more than its receiver takes."""

import inspect
import typing
from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from deploy.machine.certificates import make_certificates
from deploy.provisioning.broker import broker_properties
from deploy.provisioning.topics import Topic, party_topics, service_topics
from services.governance.api import router as governance
from services.intake.api import router as intake
from services.retention.api import router as retention
from services.retention.key_api import Wanted, key_router
from services.retention.key_authority import KeyAuthority
from services.rto.api import routers as rto
from services.triage.api import NewPreparation
from services.triage.api import router as triage
from shared.clock import machine_now
from shared.connector import Connector, ConnectorSettings, TooLarge
from shared.contract import limits
from shared.contract.cloudevent import Envelope, attributes, to_headers, to_json
from shared.contract.content import MAX_CONTENT
from shared.contract.messages.intake import ReferralWithdrawn
from shared.contract.parties import PublicKey
from shared.contract.registry import Model, all_messages
from shared.crypto import jose
from shared.crypto.jose import CannotDecode, decrypt_and_verify, new_key, sign_and_encrypt
from shared.http.entrance import Entrance
from shared.kafka.connection import Connection
from shared.runtime.assembly import _producer
from tests.support.largest import with_long_texts

OURS, THEIRS = new_key(), new_key()
TOPICS = [*party_topics("zvh", "p" * 60), *service_topics("zvh")]


def opened(body: bytes, most: int) -> bytes:
    payload, _ = decrypt_and_verify(body, sealed_to=lambda kid: OURS, signed_by=lambda kid: THEIRS, most=most)
    return payload


def sealed(size: int) -> bytes:
    return sign_and_encrypt(b"x" * size, signing=THEIRS, sealing=OURS)


# --- between a party and the house -----------------------------------------------------------------


def test_the_largest_message_of_a_party_is_opened_by_the_house() -> None:
    body = sealed(limits.MAX_PAYLOAD + limits.MAX_ATTRIBUTES)
    assert len(body) <= limits.sealed_size(limits.MAX_PAYLOAD + limits.MAX_ATTRIBUTES) <= limits.MAX_SEALED
    assert opened(body, limits.MAX_SEALED)
    assert limits.MAX_SEALED <= limits.MAX_BODY


def test_the_largest_letter_of_the_house_is_opened_by_its_party_and_a_larger_one_is_not() -> None:
    body = sealed(limits.MAX_LETTER)
    assert len(body) <= limits.MAX_SEALED_LETTER <= limits.MAX_BODY
    assert len(opened(body, limits.MAX_SEALED_LETTER)) == limits.MAX_LETTER
    with pytest.raises(CannotDecode, match="too-large"):
        opened(sealed(limits.MAX_LETTER + 1024), limits.MAX_SEALED_LETTER)


def test_the_jose_library_refuses_nothing_that_the_house_allows() -> None:
    assert jose._seal_registry.max_ciphertext_length >= limits.MAX_SEALED_LETTER
    assert jose._sign_registry.max_payload_length >= limits.encoded_size(limits.MAX_LETTER)
    assert limits.MAX_SEALED_LETTER > limits.MAX_SEALED, "one registry serves both"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1000, 40_000, limits.MAX_LETTER])
def test_a_sealed_message_is_never_longer_than_was_reckoned(size: int) -> None:
    reckoned = limits.sealed_size(size)
    assert reckoned - 1024 < len(sealed(size)) <= reckoned


async def test_a_connector_says_of_too_much_that_it_is_too_large_before_it_is_sent() -> None:
    signing, sealing = new_key(), new_key()
    connector = Connector(ConnectorSettings("p", "urn:x", "h:1", "u", "p", "", signing, sealing, {}))
    data = len(ReferralWithdrawn(reason="").model_dump_json())
    with pytest.raises(TooLarge):
        await connector.seal(ReferralWithdrawn(reason="é" * ((limits.MAX_PAYLOAD - data) // 2 + 1)))


def test_the_attributes_around_the_data_are_as_small_as_was_reckoned() -> None:
    """Every attribute as long as anybody can make it; the frame holds them as headers, with a key."""
    envelope = Envelope(
        id="i" * 36,
        source="urn:nld:oin:" + "0" * 108,
        type="nl.veiligheidscasussen." + "t" * 60 + ".v1",
        time=machine_now(),
        subject="s" * 60,
        dataschema="urn:nld:zvh:schema:" + "t" * 60 + ":v1",
        extensions={"sequence": "0" * 20, "causationid": "c" * 64, "traceparent": "t" * 55},
    )
    assert len(to_json(envelope, b"")) <= limits.MAX_ATTRIBUTES
    headers = to_headers(envelope, "application/jose")
    assert sum(len(name) + len(value) + 10 for name, value in headers) + 200 <= limits.MAX_FRAME
    assert set(attributes(envelope)) >= {"sequence", "causationid", "traceparent", "subject", "dataschema"}


def test_two_things_of_different_senders_fit_into_one_letter() -> None:
    """A query: a question, and persons of a referral; an invitation: a place, and a contribution."""
    persons = sum(len(person.model_dump_json().encode()) + 1 for person in with_long_texts())
    assert limits.MAX_PAYLOAD + persons + limits.MAX_ATTRIBUTES <= limits.MAX_LETTER
    assert limits.MAX_PAYLOAD + 4 * 500 + 400 + limits.MAX_ATTRIBUTES <= limits.MAX_LETTER


def test_a_person_may_say_as_much_as_a_partys_connector() -> None:
    assert inspect.signature(Entrance).parameters["max_body"].default == limits.MAX_PAYLOAD
    assert MAX_CONTENT <= limits.MAX_PAYLOAD


# --- Kafka -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name[:40])
def test_each_topic_takes_what_is_sent_to_it(topic: Topic) -> None:
    takes = int(topic.config["max.message.bytes"])
    assert takes == limits.MAX_RECORD == limits.MAX_BODY + limits.MAX_FRAME
    assert max(limits.MAX_SEALED, limits.MAX_SEALED_LETTER) <= limits.MAX_BODY
    assert takes >= limits.MAX_BATCH, "a batch of several records is stored as one"


def test_the_broker_takes_and_the_consumers_fetch_what_a_topic_holds() -> None:
    properties = broker_properties(
        listeners={"L": ("a:1", "a:1")},
        controller="a:2",
        data=PurePath("d"),
        keystore=PurePath("k"),
        truststore=PurePath("t"),
        password="p",
    )
    assert f"message.max.bytes={limits.MAX_REQUEST}\n" in properties
    assert limits.MAX_RECORD <= limits.MAX_REQUEST
    assert limits.MAX_RECORD <= limits.MAX_FETCH
    assert default(AIOKafkaConsumer, "max_partition_fetch_bytes") >= limits.MAX_RECORD, "the connector's"
    assert default(AIOKafkaProducer, "max_request_size") >= limits.MAX_RECORD, "the connector's"


def default(client: type, parameter: str) -> int:
    value: int = inspect.signature(client).parameters[parameter].default
    return value


async def test_the_producer_of_a_service_sends_what_a_topic_takes(tmp_path: Any) -> None:
    producer = _producer(Connection("h:1", make_certificates(tmp_path, "test").ca_file, "u", "p"))
    assert producer._max_request_size == limits.MAX_REQUEST >= limits.MAX_RECORD
    assert producer._message_accumulator._batch_size == limits.MAX_BATCH
    await producer.stop()


# --- lists -----------------------------------------------------------------------------------------

ROUTERS = (governance, intake, retention, key_router(KeyAuthority()), triage, *rto())
MANY = (tuple, list, set, frozenset, dict)


def requests() -> Iterator[type[BaseModel]]:
    """Yield the body of each request to any service."""
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        hints = typing.get_type_hints(route.endpoint)
        for name, kind in hints.items():
            if name != "return" and isinstance(kind, type) and issubclass(kind, BaseModel):
                yield kind


def models_below(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    if model in seen:
        return
    seen.add(model)
    yield model
    for field in model.model_fields.values():
        for inner in inside(field.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from models_below(inner, seen)


def inside(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in typing.get_args(annotation):
        yield from inside(argument)


def unbounded(field: FieldInfo) -> bool:
    """Tell whether a list without a length can stand in this field, however deep."""
    outer = typing.get_origin(field.annotation) in MANY
    if outer and not _has_length(field.metadata):
        return True
    return any(_bare(inner) for inner in typing.get_args(field.annotation))


def _has_length(told: Iterable[Any]) -> bool:
    every = [one for found in told for one in (found, *getattr(found, "metadata", ()))]
    return any(getattr(one, "max_length", None) is not None for one in every)


def _bare(annotation: Any) -> bool:
    """Tell whether a list stands here that no annotation around it gives a length."""
    if typing.get_origin(annotation) is typing.Annotated:
        inner, *told = typing.get_args(annotation)
        return any(map(_bare, typing.get_args(inner))) if _has_length(told) else _bare(inner)
    if typing.get_origin(annotation) in MANY:
        return True
    return any(_bare(argument) for argument in typing.get_args(annotation))


def test_every_list_in_a_message_and_in_a_request_has_a_length() -> None:
    """A list that grows for years is one day larger than what its receiver takes: it goes in parts."""
    seen: set[type[BaseModel]] = set()
    roots: list[type[BaseModel]] = [*(entry.model for entry in all_messages()), *requests()]
    bare = [
        f"{model.__name__}.{name}"
        for root in roots
        for model in models_below(root, seen)
        for name, field in model.model_fields.items()
        if unbounded(field)
    ]
    assert bare == []
    assert {PublicKey, NewPreparation, Wanted} < seen, "models within models, and requests"


def test_a_list_without_a_length_is_found() -> None:
    class Bad(Model):
        names: tuple[str, ...]
        deep: tuple[tuple[str, ...], ...] | None = None
        by_name: dict[str, str]

    class Good(Model):
        names: typing.Annotated[tuple[str, ...], Field(max_length=3)]
        several: str | typing.Annotated[list[str], Field(max_length=3)] = ""

    assert [name for name, field in Bad.model_fields.items() if unbounded(field)] == list(Bad.model_fields)
    assert not any(unbounded(field) for field in Good.model_fields.values())


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_parts_hold_everything_once_and_in_order(count: int) -> None:
    parts = list(limits.in_parts(range(count), 3))
    assert [thing for part in parts for thing in part] == list(range(count))
    assert all(0 < len(part) <= 3 for part in parts)
