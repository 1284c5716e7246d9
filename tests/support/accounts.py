"""Make accounts that have acknowledged the duty of secrecy, as every account that works has (R126)."""

from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import machine_now
from shared.contract.messages.governance import SecrecyAcknowledged
from shared.http.app import somebody, sworn
from shared.http.oidc import Identity
from shared.storage import acknowledgements


async def _made_before(identity: Annotated[Identity, Depends(somebody)]) -> Identity:
    return identity


def all_acknowledged(app: FastAPI) -> None:
    """Let whoever signs in be somebody who acknowledged it before."""
    app.dependency_overrides[sworn] = _made_before


async def acknowledged(engine: AsyncEngine, person: str, party: str | None = None) -> None:
    """Put an account into the copy of a service, as governance's topic would."""
    said = SecrecyAcknowledged(person=person, party=party, acknowledged_at=machine_now())
    async with engine.begin() as connection:
        await acknowledgements.save(connection, [said])
