"""Serve case keys over HTTP: the one thing between services not on Kafka, where keys would be logged."""

import base64
from collections.abc import Mapping
from typing import Annotated

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from services.retention.key_authority import KeyAuthority
from services.retention.key_needs import WITH_TEXTS, may_have
from services.retention.key_store import Answer
from services.retention.refusals import NO_NEED_OF_KEYS, ONLY_INTAKE_OPENS_CASES, ONLY_SERVICES_GET_KEYS
from services.retention.state import Phase
from shared.contract.fields import Id
from shared.contract.refusal import SEALING_IMPOSSIBLE
from shared.core.actor import Role
from shared.crypto.case_key_client import MOST_IDS, KeyAuthorityUnreachable, KeyStatus
from shared.http.app import Commands, signed_in
from shared.http.caller import Refused
from shared.http.oidc import Identity
from shared.storage.database import fetch
from shared.telemetry.metrics import KEYS_GIVEN, KEYS_WITHHELD

log = structlog.get_logger()
_PHASES = sa.text("SELECT case_id, phase FROM cases WHERE case_id = ANY(:ids)")


class Wanted(BaseModel):
    """Whose keys, and whether those that never were are to be made; `keys` false asks for statuses alone."""

    case_ids: list[Id] = Field(max_length=MOST_IDS)
    make: bool = False
    keys: bool = True


class CaseKeyAnswer(BaseModel):
    """`key` (base64url, 32 bytes) only when ready; unavailable waits, erased and unknown do not.

    `withheld`: unavailable to this service, as it has no need of it now.
    """

    status: Annotated[KeyStatus, Field(description="ready, erased, unknown or unavailable")]
    key: str | None = None
    withheld: bool | None = None


class CaseKeyAnswers(BaseModel):
    """One answer per case id."""

    keys: dict[str, CaseKeyAnswer]


async def a_service(identity: Annotated[Identity, Depends(signed_in)]) -> Identity:
    """Return which of the five services asks, by its own token."""
    if Role.SERVICE not in identity.roles or identity.service is None:
        raise Refused(ONLY_SERVICES_GET_KEYS)
    return identity


def key_router(keys: KeyAuthority) -> APIRouter:
    """Make the router of the key authority."""
    router = APIRouter(tags=["keys"])

    @router.post("/case-keys", response_model_exclude_none=True)
    async def case_keys(
        wanted: Wanted, caller: Annotated[Identity, Depends(a_service)], commands: Commands
    ) -> CaseKeyAnswers:
        """Keys in a batch, for services alone; only intake, where cases begin, has them made (R15).

        A service gets the keys of the cases that it has to do with, as long as it has: until a case is taken
        up that is intake, and once its erasure is ordered nobody.
        """
        service = str(caller.service)
        _check(wanted, service)
        try:
            found = await keys.fetch(wanted.case_ids, make=wanted.make)
        except KeyAuthorityUnreachable:
            raise Refused(SEALING_IMPOSSIBLE) from None
        if not wanted.keys:
            return CaseKeyAnswers(
                keys={case: CaseKeyAnswer(status=told) for case, (told, _) in found.items()}
            )
        needed = await _needed(commands.engine, service, wanted.case_ids)
        _note(service, found, needed)
        return CaseKeyAnswers(keys={case: _told(case in needed, answer) for case, answer in found.items()})

    return router


def _check(wanted: Wanted, service: str) -> None:
    if wanted.make and service != "intake":
        raise Refused(ONLY_INTAKE_OPENS_CASES)
    if wanted.keys and wanted.case_ids and service not in WITH_TEXTS:
        KEYS_WITHHELD.labels(service).inc(len(wanted.case_ids))
        log.warning("case-keys-refused", to=service, number=len(wanted.case_ids))
        raise Refused(NO_NEED_OF_KEYS)


async def _needed(engine: AsyncEngine, service: str, case_ids: list[str]) -> set[str]:
    """Return the cases whose key this service needs, by the phases that retention knows."""
    async with engine.connect() as connection:
        phases = {row.case_id: Phase(row.phase) for row in await fetch(connection, _PHASES, ids=case_ids)}
    return {case for case in case_ids if may_have(service, phases.get(case, Phase.NOTHING))}


def _note(service: str, found: Mapping[str, Answer], needed: set[str]) -> None:
    """Count and log what is given to whom; of each case a digest, as of every id in a log line."""
    there = {case for case, (status, _) in found.items() if status is KeyStatus.READY}
    given, withheld = sorted(there & needed), sorted(there - needed)
    KEYS_GIVEN.labels(service).inc(len(given))
    KEYS_WITHHELD.labels(service).inc(len(withheld))
    if given:
        log.info("case-keys-given", to=service, number=len(given), cases=" ".join(given))
    if withheld:
        log.warning("case-keys-withheld", to=service, number=len(withheld), cases=" ".join(withheld))


def _told(needed: bool, answer: Answer) -> CaseKeyAnswer:
    status, key = answer
    if key is not None and not needed:
        return CaseKeyAnswer(status=KeyStatus.UNAVAILABLE, withheld=True)
    encoded = base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii") if key is not None else None
    return CaseKeyAnswer(status=status, key=encoded)
