"""Serve case keys over HTTP: the one thing between services not on Kafka, where keys would be logged."""

import base64
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.retention.key_authority import KeyAuthority
from services.retention.key_store import Answer
from services.retention.refusals import ONLY_INTAKE_OPENS_CASES, ONLY_SERVICES_GET_KEYS
from shared.contract.fields import Id
from shared.contract.refusal import SEALING_IMPOSSIBLE
from shared.core.actor import Role
from shared.crypto.case_key_client import MOST_IDS, KeyAuthorityUnreachable, KeyStatus
from shared.http.app import signed_in
from shared.http.caller import Refused
from shared.http.oidc import Identity


class Wanted(BaseModel):
    """Whose keys, and whether those that never were are to be made."""

    case_ids: list[Id] = Field(max_length=MOST_IDS)
    make: bool = False


class CaseKeyAnswer(BaseModel):
    """`key` (base64url, 32 bytes) only when ready; unavailable waits, erased and unknown do not."""

    status: KeyStatus
    key: str | None = None


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
    async def case_keys(wanted: Wanted, caller: Annotated[Identity, Depends(a_service)]) -> CaseKeyAnswers:
        """Keys in a batch, for services alone; only intake, where cases begin, has them made (R15)."""
        if wanted.make and caller.service != "intake":
            raise Refused(ONLY_INTAKE_OPENS_CASES)
        try:
            found = await keys.fetch(wanted.case_ids, make=wanted.make)
        except KeyAuthorityUnreachable:
            raise Refused(SEALING_IMPOSSIBLE) from None
        return CaseKeyAnswers(keys={case: _told(answer) for case, answer in found.items()})

    return router


def _told(answer: Answer) -> CaseKeyAnswer:
    status, key = answer
    encoded = base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii") if key is not None else None
    return CaseKeyAnswer(status=status, key=encoded)
