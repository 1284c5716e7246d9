"""Answer without signing in whether a service is alive and ready, and which key to seal to."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.house_keys import HouseKeys
from shared.handling.service import Service
from shared.kafka.admin import fetch_partitions
from shared.runtime import migrate

log = structlog.get_logger()
WITHIN = 5.0  # seconds that each check may take


def health_router(
    service: Service[Any],
    *,
    engine: AsyncEngine,
    producer: AIOKafkaProducer,
    own_topic: str,
    house_keys: HouseKeys,
    case_keys: CaseKeyClient,
    started: asyncio.Event,
    loops: Callable[[], dict[str, bool]],
) -> APIRouter:
    """Serve `/livez`, `/readyz` with each dependency by name, and the JWKS.

    `started` is set when what was erased elsewhere is erased here too, so that the work has begun. `loops`
    tells of each loop that must never end whether it turns.
    """
    router = APIRouter(tags=["operating"])

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @router.get("/readyz", responses={503: {"model": dict[str, bool], "description": "Not ready"}})
    async def readyz(response: Response) -> dict[str, bool]:
        """Ready only when everything it depends on is; each dependency is named."""
        checks = {
            **await _passing(
                database=_answers(engine),
                broker=_has_topic(producer, own_topic),
                migrations=_is_migrated(service, engine),
                key_authority=case_keys.reachable(),
            ),
            "begun": started.is_set(),
            **loops(),
        }
        if not all(checks.values()):
            response.status_code = 503
        return checks

    @router.get("/.well-known/jwks.json")
    async def jwks() -> dict[str, Any]:
        """The keys this service signs with, and the one to seal to now."""
        return {"keys": house_keys.public()}

    return router


async def _passing(**checks: Awaitable[Any]) -> dict[str, bool]:
    """Run the checks beside each other; one that raises or takes too long has not passed, and is logged."""
    bounded = (asyncio.wait_for(check, WITHIN) for check in checks.values())
    answers = await asyncio.gather(*bounded, return_exceptions=True)
    for name, answer in zip(checks, answers, strict=True):
        if isinstance(answer, BaseException):
            log.warning("not-ready", check=name, kind=type(answer).__name__)
    return {name: answer is True for name, answer in zip(checks, answers, strict=True)}


async def _answers(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return True


async def _has_topic(producer: AIOKafkaProducer, topic: str) -> bool:
    return bool(await fetch_partitions(producer, topic))


async def _is_migrated(service: Service[Any], engine: AsyncEngine) -> bool:
    return migrate.may_run_at(service, await migrate.current(engine))
