"""Bound what each login and each address may take of the broker: bytes, its time, and new connections.

A quota never refuses: the broker answers later, so that who floods it waits, and nobody else. Everybody has
the quota of a party; the services and the administrator have none. Neither client library has this request
(AlterClientQuotas, KIP-546), so its fields stand here, sent by aiokafka.
"""

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from shared.kafka.connection import Connection

TEXT = String("utf-8")
UNLIMITED = float(2**53)
EVERY_OTHER = None  # Kafka's name for who is not named


@dataclass(frozen=True, slots=True)
class Quotas:
    """Hold the quota of one party, and how fast one address may connect.

    `written`, `read`: bytes a second; `time`: percent of one thread of the broker; `connections`: new ones a
    second from one address. Ten seconds' worth may be used at once.
    """

    written: int = 256 * 1024
    read: int = 1024 * 1024
    time: int = 10
    connections: int = 100

    def of_a_login(self) -> dict[str, float]:
        """Return it by Kafka's names."""
        return {
            "producer_byte_rate": self.written,
            "consumer_byte_rate": self.read,
            "request_percentage": self.time,
        }


DEFAULT = Quotas()


def set_quotas(admin: Connection, unlimited: Iterable[str], quotas: Quotas = DEFAULT) -> None:
    """Give every login and every address its quota, and none to the `unlimited` logins; idempotent.

    Raises aiokafka's `KafkaError`.
    """
    no_bounds = dict.fromkeys(quotas.of_a_login(), UNLIMITED)
    wanted: dict[tuple[str, str | None], Mapping[str, float]] = {
        ("user", EVERY_OTHER): quotas.of_a_login(),
        ("ip", EVERY_OTHER): {"connection_creation_rate": quotas.connections},
        **{("user", login): no_bounds for login in unlimited},
    }
    with ThreadPoolExecutor(1) as pool:  # whoever provisions may be running in a loop of its own
        pool.submit(asyncio.run, _alter(admin, wanted)).result()


async def _alter(admin: Connection, wanted: Mapping[tuple[str, str | None], Mapping[str, float]]) -> None:
    client = AIOKafkaAdminClient(**admin.for_aiokafka())
    try:
        await client.start()
        answer = await client._send_to_controller(_AlterQuotas(wanted))
    finally:
        await client.close()
    for code, *_ in answer.entries:
        if code:
            raise for_code(code)


class _AlterQuotasResponse(Response):  # type: ignore[misc]
    API_KEY, API_VERSION = 49, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "entries",
            Array(
                ("error_code", Int16),
                ("error_message", TEXT),
                ("entity", Array(("entity_type", TEXT), ("entity_name", TEXT))),
            ),
        ),
    )


class _AlterQuotasRequest(RequestStruct):  # type: ignore[misc]
    API_KEY, API_VERSION = 49, 0
    RESPONSE_TYPE = _AlterQuotasResponse
    SCHEMA = Schema(
        (
            "entries",
            Array(
                ("entity", Array(("entity_type", TEXT), ("entity_name", TEXT))),
                ("ops", Array(("key", TEXT), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _AlterQuotas(Request[_AlterQuotasRequest]):  # type: ignore[misc]
    API_KEY = 49

    def __init__(self, wanted: Mapping[tuple[str, str | None], Mapping[str, float]]) -> None:
        self._wanted = wanted

    def build(self, request_struct_class: type[_AlterQuotasRequest]) -> Any:
        entries = [
            ([entity], [(key, float(value), False) for key, value in values.items()])
            for entity, values in self._wanted.items()
        ]
        return request_struct_class(entries, False)
