"""The house's public keys, as its services publish them; fetched again every ten minutes."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from joserfc.jwk import ECKey

from shared.jose import load_key

FRESH_FOR = 600.0  # seconds


@dataclass(slots=True)
class HouseJwks:
    """Public keys per service."""

    client: httpx.AsyncClient
    urls: Mapping[str, str]
    _keys: dict[str, list[tuple[str, ECKey]]] = field(default_factory=dict)
    _fetched: dict[str, float] = field(default_factory=dict)

    async def to_seal_to(self, service: str) -> ECKey:
        """The key to seal to now."""
        await self.refresh(service)
        return next(key for use, key in self._keys[service] if use == "enc")

    def signer(self, service: str, kid: str) -> ECKey | None:
        """The service's signing key with this kid, as last fetched; None if it has none such."""
        return next((k for use, k in self._keys[service] if use == "sig" and k.kid == kid), None)

    def forget(self, service: str) -> None:
        """Its keys have changed: ask again."""
        self._fetched.pop(service, None)

    async def refresh(self, service: str) -> None:
        """Fetch the service's keys unless they are fresh."""
        if time.monotonic() - self._fetched.get(service, -FRESH_FOR) < FRESH_FOR:
            return
        response = await self.client.get(self.urls[service])
        response.raise_for_status()
        self._keys[service] = [(jwk["use"], load_key(jwk)) for jwk in response.json()["keys"]]
        self._fetched[service] = time.monotonic()
