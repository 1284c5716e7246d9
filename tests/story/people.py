"""Call the services over HTTP as people: each with a token of their own, and nothing else."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.ids import new_id
from tests.story.telling import SEEN, TOOK_EFFECT, WITHIN, Refusal, StoryFailed, Telling

NUMBER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/parties/)[^/]+")


@dataclass(slots=True)
class Person:
    """Hold somebody's name and password at the issuer, and call the services as them."""

    username: str
    house: dict[str, Any]
    client: httpx.AsyncClient
    telling: Telling
    on_behalf_of: str | None = None
    patience: float = WITHIN
    sworn: set[str] = field(default_factory=set)
    _token: str = ""
    _until: float = 0.0

    async def token(self) -> str:
        """Return a token from the issuer; a new one when half the lifetime of the last is over.

        With the first one somebody acknowledges the duty of secrecy, as nobody works before (R126); `sworn`
        holds who has.
        """
        if time.monotonic() > self._until:
            form = {
                "grant_type": "password",
                "username": self.username,
                "password": self.house["people"][self.username]["password"],
            }
            response = await self.client.post(self.house["issuer"]["token_endpoint"], data=form)
            response.raise_for_status()
            answer = response.json()
            self._token = answer["access_token"]
            self._until = time.monotonic() + answer["expires_in"] / 2
        if self.username not in self.sworn:
            self.sworn.add(self.username)
            await self._acknowledge()
        return self._token

    async def _acknowledge(self) -> None:
        headers = {"authorization": f"Bearer {self._token}", "idempotency-key": new_id()}
        said = {"secrecy": True}
        response = await self._request("POST", "governance", "/acknowledgements", headers=headers, json=said)
        if response.status_code != 200:
            raise StoryFailed(f"{self.username} did not acknowledge secrecy: {response.status_code}")

    # --- requests as they are ---------------------------------------------------------------------

    async def get(self, service: str, path: str) -> httpx.Response:
        """Look at something."""
        return await self._request("GET", service, path, headers=await self._headers())

    async def post(
        self,
        service: str,
        path: str,
        body: dict[str, Any],
        *,
        key: str | None = None,
        version: str | None = None,
    ) -> httpx.Response:
        """Do something, under an Idempotency-Key; `version`: of what it replaces, as it was read."""
        headers = {**await self._headers(), "idempotency-key": key or new_id()}
        headers |= {"if-match": f'"{version}"'} if version else {}
        return await self._request("POST", service, path, headers=headers, json=body)

    async def _request(self, method: str, service: str, path: str, **more: Any) -> httpx.Response:
        """Send it again under the same key while a service is unreachable, answers 503 or has yet to hear."""
        deadline = asyncio.get_running_loop().time() + self.patience
        while True:
            late = asyncio.get_running_loop().time() > deadline
            try:
                response = await self.client.request(method, self._url(service, path), **more)
                if late or not (response.is_server_error or _not_heard_of(response)):
                    return response
            except httpx.TransportError:
                if late:
                    raise
            await asyncio.sleep(0.2)

    # --- what must succeed ------------------------------------------------------------------------

    async def see(self, service: str, path: str) -> Any:
        """Look at something that must be there to see."""
        response = await self.get(service, path)
        if response.status_code != 200:
            raise StoryFailed(f"{self.username} GET {service}{path}: {response.status_code} {response.text}")
        self.telling.count(_kind("GET", service, path), SEEN)
        return response.json()

    async def see_until(
        self,
        service: str,
        path: str,
        holds: Callable[[Any], bool] = lambda found: True,
        within: float = WITHIN,
    ) -> Any:
        """Look again until it holds: what one service decides, another handles shortly afterwards."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            response = await self.get(service, path)
            if response.status_code == 200 and holds(response.json()):
                self.telling.count(_kind("GET", service, path), SEEN)
                return response.json()
            if asyncio.get_running_loop().time() > deadline:
                raise StoryFailed(f"{self.username} waited for {service}{path}: {response.text[:300]}")
            await asyncio.sleep(0.05)

    async def do(
        self, service: str, path: str, body: dict[str, Any], version: str | None = None
    ) -> dict[str, Any]:
        """Do something that must be accepted."""
        return await self.do_when_possible(service, path, body, within=0, version=version)

    async def do_when_possible(
        self,
        service: str,
        path: str,
        body: dict[str, Any],
        within: float = WITHIN,
        version: str | None = None,
    ) -> dict[str, Any]:
        """Do something that another service's event makes possible shortly afterwards."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            response = await self.post(service, path, body, version=version)
            if response.is_success:
                self.telling.count(_kind("POST", service, path), TOOK_EFFECT)
                done: dict[str, Any] = response.json()
                return done
            if asyncio.get_running_loop().time() > deadline:
                raise StoryFailed(
                    f"{self.username} POST {service}{path}: {response.status_code} {response.text}"
                )
            await asyncio.sleep(0.1)

    # --- what must be refused ---------------------------------------------------------------------

    async def try_to_see(self, service: str, path: str, within: float = 0) -> Refusal:
        """Look at what must not be shown, or, where another service decides, soon not any more."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            response = await self.get(service, path)
            if not response.is_success or asyncio.get_running_loop().time() > deadline:
                return _refusal(_kind("GET", service, path), response)
            await asyncio.sleep(0.05)

    async def try_to_do(
        self, service: str, path: str, body: dict[str, Any], version: str | None = None
    ) -> Refusal:
        """Do something that must be refused."""
        return _refusal(_kind("POST", service, path), await self.post(service, path, body, version=version))

    async def _headers(self) -> dict[str, str]:
        headers = {"authorization": f"Bearer {await self.token()}"}
        return headers | ({"on-behalf-of": self.on_behalf_of} if self.on_behalf_of else {})

    def _url(self, service: str, path: str) -> str:
        return f"{self.house['services'][service]['base_url']}{path}"


def _not_heard_of(response: httpx.Response) -> bool:
    """Tell whether a service does not know yet that somebody has acknowledged secrecy (R126)."""
    return response.status_code == 403 and response.json().get("title") == "SecrecyNotAcknowledged"


def _kind(method: str, service: str, path: str) -> str:
    """Return the request without its numbers."""
    return f"{method} {service}{NUMBER.sub('*', path.partition('?')[0])}"


def _refusal(of: str, response: httpx.Response) -> Refusal:
    if response.status_code < 400 or "problem+json" not in response.headers["content-type"]:
        raise StoryFailed(f"{of} was not refused: {response.status_code} {response.text[:200]}")
    problem = response.json()
    return Refusal(of, problem["title"], problem["rule"], problem["article"])


@dataclass(slots=True)
class People:
    """Hold everybody who can sign in."""

    house: dict[str, Any]
    client: httpx.AsyncClient
    telling: Telling
    _known: dict[tuple[str, str | None], Person] = field(default_factory=dict)
    _sworn: set[str] = field(default_factory=set)

    def __call__(self, username: str, on_behalf_of: str | None = None) -> Person:
        known = (username, on_behalf_of)
        if known not in self._known:
            self._known[known] = Person(
                username, self.house, self.client, self.telling, on_behalf_of, sworn=self._sworn
            )
        return self._known[known]
