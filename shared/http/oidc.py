"""Identify people and services by OpenID Connect: signature, issuer, audience, expiry, role."""

import time
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, Field, ValidationError

from shared.contract.fields import Line, PartyId, Subject
from shared.contract.registry import ServiceName
from shared.core.actor import Role

MOST_ROLES = 200  # in a token: an issuer may list those of other applications too
# What the library raises on what a stranger can write; it takes some members of a header on trust.
MALFORMED = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
# RFC 9068 names the first two; most issuers write the last or none. No other kind of token signs in.
TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
ALGORITHMS = ["ES256", "RS256", "PS256"]
PEOPLE = frozenset(
    {
        Role.PARTY_WORKER,
        Role.PROCESS_DIRECTOR,
        Role.SUPPORT_WORKER,
        Role.MANAGER,
        Role.SECRETARY,
        Role.PRIVACY_OFFICER,
    }
)


class NotSignedIn(Exception):
    """No valid token; the argument is a reason code for our log, never for the caller."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Name whom a token stands for: an opaque subject, a role, a party for a party's worker."""

    subject: str
    roles: frozenset[Role]
    party: str | None = None
    service: str | None = None
    name: str | None = None


@dataclass(slots=True)
class Issuer:
    """Check tokens of the OpenID Connect issuer, known by its URL; fetch its keys when one is unknown."""

    client: httpx.AsyncClient
    url: str
    audience: str
    _keys: KeySet | None = None
    _metadata: dict[str, Any] = field(default_factory=dict)
    _fetched: float = 0.0

    async def identify(self, token: str) -> Identity:
        """Return whom this token stands for; raises `NotSignedIn`."""
        claims = await self._verified(token)
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self.url},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        try:
            registry.validate(claims)
        except JoseError as error:
            raise NotSignedIn(type(error).__name__) from None
        return _identity(claims)

    async def _verified(self, token: str) -> dict[str, Any]:
        for refresh in (False, True):
            keys = await self._key_set(refresh=refresh)
            try:
                return _claims(token, keys)
            except MALFORMED as error:
                if refresh:
                    raise NotSignedIn(type(error).__name__) from None
        raise NotSignedIn("no-key")

    async def _key_set(self, *, refresh: bool) -> KeySet:
        """Fetch the keys anew, for a stranger's token at most once in ten seconds."""
        recently = time.monotonic() - self._fetched < 10
        if self._keys is None or (refresh and not recently):
            metadata = await self.metadata()
            response = await self.client.get(metadata["jwks_uri"])
            response.raise_for_status()
            self._keys = KeySet.import_key_set(response.json())
            self._fetched = time.monotonic()
        return self._keys

    async def metadata(self) -> dict[str, Any]:
        """Fetch the issuer's OpenID configuration."""
        if not self._metadata:
            response = await self.client.get(f"{self.url}/.well-known/openid-configuration")
            response.raise_for_status()
            self._metadata = dict(response.json())
        return self._metadata


@dataclass(slots=True)
class ServiceToken:
    """Keep this service's own token; fetch it anew a minute before it ends."""

    issuer: Issuer
    client_id: str
    secret: str
    _token: str = ""
    _ends: float = 0.0

    async def get(self) -> str:
        """Return a valid token, by client credentials."""
        if time.monotonic() > self._ends - 60:
            endpoint = (await self.issuer.metadata())["token_endpoint"]
            form = {
                "grant_type": "client_credentials",
                "client_id": self.client_id,
                "client_secret": self.secret,
            }
            response = await self.issuer.client.post(endpoint, data=form)
            response.raise_for_status()
            answer = response.json()
            self._token, self._ends = answer["access_token"], time.monotonic() + answer["expires_in"]
        return self._token


class Claims(BaseModel):
    """Hold the claims of a token that the house goes by, unchanged; one of another form is nobody's."""

    sub: Subject
    roles: Annotated[tuple[Line, ...], Field(max_length=MOST_ROLES)] = ()
    party: PartyId | None = None
    service: ServiceName | None = None
    name: Line | None = None


def _claims(token: str, keys: KeySet) -> dict[str, Any]:
    """Return the claims of a token signed with one of the keys; raise one of `MALFORMED`."""
    found = jwt.decode(token, keys, algorithms=ALGORITHMS)
    if str(found.header.get("typ", "jwt")).lower() not in TYPES:
        raise ValueError("not an access token")
    return dict(found.claims)


def _identity(found: dict[str, Any]) -> Identity:
    """Return whom the claims stand for; raises `NotSignedIn` for any claim of another type or form."""
    try:
        claims = Claims.model_validate(found)
    except ValidationError as error:
        raise NotSignedIn(f"claim-{error.errors()[0]['loc'][0]}") from None
    known = {role.value: role for role in (*PEOPLE, Role.SERVICE)}
    roles = frozenset(known[name] for name in claims.roles if name in known)
    party = claims.party if Role.PARTY_WORKER in roles else None
    service = claims.service if Role.SERVICE in roles else None
    if Role.PARTY_WORKER in roles and party is None:
        raise NotSignedIn("party-worker-without-party")
    return Identity(claims.sub, roles, party, service, claims.name)
