"""Is it alive, is it ready, and which key to seal to: what operators and partners ask without signing in."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.house_keys import HouseKeys
from shared.handling.service import Service
from shared.kafka.admin import fetch_partitions
from shared.runtime import migrate


def health_router(
    service: Service[Any],
    *,
    engine: AsyncEngine,
    producer: AIOKafkaProducer,
    own_topic: str,
    house_keys: HouseKeys,
    case_keys: CaseKeyClient,
    begun: asyncio.Event,
) -> APIRouter:
    """`/livez`, `/readyz` with each dependency by name, and the JWKS.

    `begun`: what was erased is forgotten here too, so that the work has begun.
    """
    router = APIRouter(tags=["operating"])

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @router.get("/readyz", responses={503: {"model": dict[str, bool], "description": "Not ready"}})
    async def readyz(response: Response) -> dict[str, bool]:
        """Ready only when everything it depends on is; each dependency is named."""
        database, broker, keys = await asyncio.gather(
            _database(engine), fetch_partitions(producer, own_topic), case_keys.reachable()
        )
        migrated = database and migrate.may_run_at(service, await migrate.current(engine))
        checks = {
            "database": database,
            "broker": bool(broker),
            "migrations": migrated,
            "key_authority": keys,
            "begun": begun.is_set(),
        }
        if not all(checks.values()):
            response.status_code = 503
        return checks

    @router.get("/.well-known/jwks.json")
    async def jwks() -> dict[str, Any]:
        """The keys this service signs with, and the one to seal to now."""
        return {"keys": house_keys.public()}

    return router


async def _database(engine: AsyncEngine) -> bool:
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (DBAPIError, OSError):
        return False
    return True
