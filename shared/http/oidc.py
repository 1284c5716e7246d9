"""Identify people and services by OpenID Connect: signature, issuer, audience, expiry, role."""

import asyncio
import math
import time
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, Field, StringConstraints, ValidationError
from pydantic_core import from_json

from shared.contract.fields import Line, PartyId, Subject
from shared.contract.registry import ServiceName
from shared.core.actor import Role
from shared.http.issuer_keys import ALGORITHMS, MALFORMED, PublishedKeys, of_type, usable
from shared.https_client import Unreachable, ask

log = structlog.get_logger()
PAUSE, FIRST_PAUSE = 10.0, 1.0  # seconds between two requests: with keys at hand, and without any
FIRST_KEYS_WITHIN, OTHER_KEYS_WITHIN = 5.0, 1.0  # seconds a request waits for keys
KEYS_SERVE, KEYS_LAPSE = 300.0, 900.0  # seconds: then keys are fetched anew; then nobody is judged by them
CLOCKS_DIFFER = 60  # seconds at most, between the issuer and this machine
RENEWED_BEFORE, STILL_VALID = 60.0, 5.0  # seconds before the end of this service's own token
MOST_ROLES = 200  # in a token: an issuer may list those of other applications too
# RFC 9068 names the first two; most issuers write the last or none. No other kind of token signs in.
TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
# Claims of an ID token (OpenID Connect Core 2, 3.1.3.6 and 3.3.2.11), of a logout or security event token,
# and of an access token that is worth nothing without a proof of possession (RFC 7800): none is asked for.
OF_OTHER_TOKENS = frozenset({"at_hash", "c_hash", "s_hash", "nonce", "events", "cnf"})
# What some issuers (Keycloak, Cognito) write into the claims, and its one value in an access token.
KINDS = {"typ": "Bearer", "token_use": "access"}
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


class IssuerUnreachable(Unreachable):
    """Report that a token cannot be judged now, as the issuer does not answer: neither valid nor invalid."""


class Metadata(BaseModel):
    """Hold what the house goes by of the issuer's OpenID configuration."""

    issuer: Line | None = None
    jwks_uri: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2048)]
    token_endpoint: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2048)]


class GivenToken(BaseModel):
    """Hold what the token endpoint answers; `expires_in` in seconds."""

    access_token: Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=16_384)]
    expires_in: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] = 300.0


@dataclass(slots=True)
class Issuer:
    """Check tokens of the OpenID Connect issuer, known by its URL; fetch its keys when one is unknown.

    At most one request for keys is under way, and at most one in ten seconds is made; whoever comes
    meanwhile is judged by the keys at hand. Keys are fetched anew after `KEYS_SERVE`, so that one that is
    withdrawn goes, and after `KEYS_LAPSE` nobody is judged by them, also when the issuer is away.
    """

    client: httpx.AsyncClient
    url: str
    audience: str
    _keys: KeySet | None = None
    _metadata: Metadata | None = None
    _fetched_at: float = -math.inf
    _asked_at: float = -math.inf
    _found_at: float = -math.inf
    _refreshing: "asyncio.Task[None] | None" = None

    async def identify(self, token: str) -> Identity:
        """Return whom this token stands for; raises `NotSignedIn`, and `IssuerUnreachable`."""
        claims = await self._verified(token)
        registry = jwt.JWTClaimsRegistry(
            leeway=CLOCKS_DIFFER,
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
        keys = await self._key_set(_kid(token))
        try:
            return _claims(token, keys)
        except MALFORMED as error:
            raise NotSignedIn(type(error).__name__) from None

    async def _key_set(self, kid: str | None) -> KeySet:
        """Return the issuer's keys; fetch them first if this one is not among them."""
        now = time.monotonic()
        if now - self._fetched_at > KEYS_LAPSE:
            self._keys = None
        if self._keys is None:
            await self._refreshed(FIRST_KEYS_WITHIN)
        elif _holds(self._keys, kid):
            if now - self._fetched_at > KEYS_SERVE:
                self._refresh()
        else:
            await self._refreshed(OTHER_KEYS_WITHIN)
        if self._keys is None or (not _holds(self._keys, kid) and self._asked_at > self._fetched_at):
            raise IssuerUnreachable("no-key-to-judge-by")
        return self._keys

    async def _refreshed(self, within: float) -> None:
        """Wait for the keys, at most `within` seconds, if they are fetched now."""
        if (refreshing := self._refresh()) is not None:
            await asyncio.wait({refreshing}, timeout=within)

    def _refresh(self) -> "asyncio.Task[None] | None":
        """Fetch the keys beside everything else; None if that was done within the last ten seconds."""
        if self._refreshing is not None and not self._refreshing.done():
            return self._refreshing
        pause = PAUSE if self._keys is not None else FIRST_PAUSE
        if time.monotonic() - self._asked_at < pause:
            return None
        self._asked_at = time.monotonic()
        self._refreshing = asyncio.create_task(self._fetch(), name="issuer-keys")
        return self._refreshing

    async def _fetch(self) -> None:
        try:
            where = (await self.metadata()).jwks_uri
            published = await ask(self.client, "GET", where, PublishedKeys)
            self._keys = usable(published)
        except Unreachable as error:
            log.warning("issuer-unreachable", kind=error.kind)
        else:
            self._fetched_at = time.monotonic()

    async def metadata(self) -> Metadata:
        """Fetch the issuer's OpenID configuration, anew after `KEYS_SERVE`; raises `Unreachable`."""
        if self._metadata is None or time.monotonic() - self._found_at > KEYS_SERVE:
            where = f"{self.url}/.well-known/openid-configuration"
            found = await ask(self.client, "GET", where, Metadata)
            if found.issuer not in (None, self.url):
                raise Unreachable("another-issuer")
            self._metadata, self._found_at = found, time.monotonic()
        return self._metadata


def _kid(token: str) -> str | None:
    """Return the id of the key that a token says it is signed with; raises `NotSignedIn`."""
    try:
        kid = from_json(urlsafe_b64decode(token.partition(".")[0] + "=="))["kid"]
    except KeyError:
        return None
    except (ValueError, TypeError):
        raise NotSignedIn("not-a-token") from None
    return kid if isinstance(kid, str) else None


def _holds(keys: KeySet, kid: str | None) -> bool:
    return kid is None or any(key.kid == kid for key in keys.keys)


@dataclass(slots=True)
class ServiceToken:
    """Keep this service's own token; fetch it anew, beside everything else, a minute before it ends."""

    issuer: Issuer
    client_id: str
    secret: str
    _token: str = ""
    _ends: float = 0.0
    _fetching: "asyncio.Task[None] | None" = None
    _failed: str = ""
    _failed_at: float = -math.inf
    _forgotten_at: float = -math.inf

    async def get(self) -> str:
        """Return a valid token, by client credentials; raises `IssuerUnreachable`.

        Nobody waits for the issuer as long as there is a token that is valid.
        """
        now = time.monotonic()
        if now > self._ends - RENEWED_BEFORE:
            fetching = self._fetch_one()
            if now > self._ends - STILL_VALID and fetching is not None:
                await asyncio.wait({fetching}, timeout=FIRST_KEYS_WITHIN)
        if time.monotonic() > self._ends - STILL_VALID:
            raise IssuerUnreachable(self._failed or "no-token")
        return self._token

    def forget(self) -> None:
        """Let the next `get` fetch another token, as this one was refused before its end.

        Once in ten seconds: whoever was refused with it meanwhile gets the new one, and a service that
        refuses every token makes nobody ask the issuer for one at each request.
        """
        if time.monotonic() - self._forgotten_at > PAUSE:
            self._ends, self._forgotten_at = 0.0, time.monotonic()

    def _fetch_one(self) -> "asyncio.Task[None] | None":
        if self._fetching is None or self._fetching.done():
            if time.monotonic() - self._failed_at < FIRST_PAUSE:
                return None
            self._fetching = asyncio.create_task(self._fetch(), name="service-token")
        return self._fetching

    async def _fetch(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.secret,
        }
        try:
            endpoint = (await self.issuer.metadata()).token_endpoint
            given = await ask(self.issuer.client, "POST", endpoint, GivenToken, data=form)
        except Unreachable as error:
            self._failed, self._failed_at = f"issuer-{error.kind}", time.monotonic()
            log.warning("service-token-waits", kind=error.kind)
        else:
            self._token, self._ends = given.access_token, time.monotonic() + given.expires_in


class Claims(BaseModel):
    """Hold the claims of a token that the house goes by, unchanged; one of another form is nobody's."""

    sub: Subject
    roles: Annotated[tuple[Line, ...], Field(max_length=MOST_ROLES)] = ()
    party: PartyId | None = None
    service: ServiceName | None = None
    name: Line | None = None


def _claims(token: str, keys: KeySet) -> dict[str, Any]:
    """Return the claims of a token signed with one of the keys; raise one of `MALFORMED`."""
    found = jwt.decode(token, lambda signed: of_type(keys, signed.headers()["alg"]), algorithms=ALGORITHMS)
    if str(found.header.get("typ", "jwt")).lower() not in TYPES or _of_another_kind(found.claims):
        raise ValueError("not an access token")
    return dict(found.claims)


def _of_another_kind(claims: dict[str, Any]) -> bool:
    """Tell whether a token, well signed and for this audience, was given for something else.

    An ID token names as its audience the client that asked for it; an access token the house, which is no
    client. Where an issuer is set up with one name for both, neither signs in.
    """
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return (
        not OF_OTHER_TOKENS.isdisjoint(claims)
        or any(claims.get(name, right) != right for name, right in KINDS.items())
        or any(claims.get(name) in audiences for name in ("azp", "client_id") if name in claims)
    )


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
