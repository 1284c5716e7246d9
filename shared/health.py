"""Is it alive, is it ready, and which key to seal to: what operators and partners ask without signing in."""

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka.errors import KafkaError
from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import migrate

if TYPE_CHECKING:
    from shared.runtime import Parts


def health_router(parts: "Parts") -> APIRouter:
    """`/livez`, `/readyz` with each dependency by name, and the JWKS."""
    router = APIRouter(tags=["operating"])

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, bool]:
        """Ready only when everything it depends on is; each dependency is named."""
        database, broker = await asyncio.gather(_database(parts), _broker(parts))
        checks = {"database": database, "broker": broker, "migrations": database and await _schema(parts)}
        if not all(checks.values()):
            response.status_code = 503
        return checks

    @router.get("/.well-known/jwks.json")
    async def jwks() -> dict[str, Any]:
        """The keys this service signs with, and the one to seal to now."""
        return {"keys": parts.house_keys.public()}

    return router


async def _database(parts: "Parts") -> bool:
    try:
        async with parts.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (DBAPIError, OSError):
        return False
    return True


async def _schema(parts: "Parts") -> bool:
    return await migrate.current(parts.engine) == migrate.head(parts.service)


async def _broker(parts: "Parts") -> bool:
    topic = parts.consumer.topics.events(parts.service.name)
    try:
        return bool(await asyncio.wait_for(parts.producer.partitions_for(topic), 2))
    except (TimeoutError, KafkaError):
        return False
