"""Fetch the house's public keys, as its services publish them, again every ten minutes."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
import structlog
from joserfc.jwk import ECKey
from pydantic import BaseModel, Field

from shared.crypto.jose import load_key
from shared.https_client import Unreachable, ask

log = structlog.get_logger()
MAX_AGE = 600.0  # seconds
RETRY_DELAYS = (0.1, 0.2, 0.5, 1, 2, 5)  # seconds; the last one again and again


class PublishedKey(BaseModel, extra="allow"):
    """Hold one published key: what it is for, and whatever else a JWK has."""

    use: str


class PublishedKeys(BaseModel):
    """Hold the keys of one service, as its JWKS has them."""

    keys: list[PublishedKey] = Field(max_length=100)


class HouseUnreachable(Exception):
    """Report that the service does not answer, so that there is no key to encrypt to: send again later."""


@dataclass(slots=True)
class HouseJwks:
    """Cache the public keys of each service."""

    client: httpx.AsyncClient
    urls: Mapping[str, str]
    _keys: dict[str, list[tuple[str, ECKey]]] = field(default_factory=dict)
    _fetched: dict[str, float] = field(default_factory=dict)

    async def sealing_key(self, service: str, *, within: float) -> ECKey:
        """Return the key to encrypt to now.

        Raise `HouseUnreachable` when there is none after `within` seconds.
        """
        try:
            await asyncio.wait_for(self.refresh(service), within)
        except TimeoutError:
            raise HouseUnreachable(service) from None
        return next(key for use, key in self._keys[service] if use == "enc")  # each fetched set has one

    def signer(self, service: str, kid: str) -> ECKey | None:
        """Return the service's signing key with this kid, as last fetched, or None."""
        return next((k for use, k in self._keys[service] if use == "sig" and k.kid == kid), None)

    def forget(self, service: str) -> None:
        """Let the service's keys be fetched again at the next use, as they have changed."""
        self._fetched.pop(service, None)

    async def refresh(self, service: str) -> None:
        """Fetch the service's keys unless they are fresh; as long as it does not answer, try again.

        Keys that are at hand go on serving while it is away: it may be on its way back.
        """
        tried = 0
        while time.monotonic() - self._fetched.get(service, -MAX_AGE) >= MAX_AGE:
            try:
                await self._fetch(service)
            except Unreachable as error:
                log.warning("house-keys-wait", service=service, kind=error.kind)
                if service in self._keys:
                    return
                await asyncio.sleep(RETRY_DELAYS[min(tried, len(RETRY_DELAYS) - 1)])
                tried += 1

    async def _fetch(self, service: str) -> None:
        published = await ask(self.client, "GET", self.urls[service], PublishedKeys)
        self._keys[service] = _loaded(published)
        self._fetched[service] = time.monotonic()


def _loaded(published: PublishedKeys) -> list[tuple[str, ECKey]]:
    """Load the keys that can be read; raises `Unreachable` without one to sign and one to encrypt with."""
    keys = []
    for jwk in published.keys:
        try:
            keys.append((jwk.use, load_key(jwk.model_dump())))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("house-key-unreadable", kind=type(error).__name__)
    if not {"sig", "enc"} <= {use for use, _ in keys}:
        raise Unreachable("no-keys")
    return keys
