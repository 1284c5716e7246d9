"""People over HTTP: each with a token of their own, and nothing else."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.story.telling import TOOK_EFFECT, StoryFailed, Telling
from shared.ids import new_id

PATIENCE = 30.0  # seconds a person goes on trying


@dataclass(slots=True)
class Person:
    """Somebody with a name and password at the issuer, who calls the services' HTTPS side."""

    username: str
    house: dict[str, Any]
    client: httpx.AsyncClient
    telling: Telling | None = None
    on_behalf_of: str | None = None
    _token: str = ""

    def for_party(self, party: str) -> "Person":
        """The same person, acting on behalf of that party."""
        return Person(self.username, self.house, self.client, self.telling, party, self._token)

    async def token(self) -> str:
        """A token from the issuer."""
        if not self._token:
            form = {
                "grant_type": "password",
                "username": self.username,
                "password": self.house["people"][self.username]["password"],
            }
            response = await self.client.post(self.house["issuer"]["token_endpoint"], data=form)
            response.raise_for_status()
            self._token = response.json()["access_token"]
        return self._token

    async def get(self, service: str, path: str) -> httpx.Response:
        """Look at something."""
        return await self._request("GET", service, path, headers=await self._headers())

    async def post(
        self, service: str, path: str, body: dict[str, Any], *, key: str | None = None
    ) -> httpx.Response:
        """Do something, under an Idempotency-Key."""
        headers = {**await self._headers(), "idempotency-key": key or new_id()}
        answer = await self._request("POST", service, path, headers=headers, json=body)
        if self.telling is not None:
            act = f"POST {service} {path.rstrip('/').rpartition('/')[2]}"
            self.telling.count(
                self.telling.chapter, act, TOOK_EFFECT if answer.is_success else answer.json()["title"]
            )
        return answer

    async def _request(self, method: str, service: str, path: str, **more: Any) -> httpx.Response:
        """Try again, under the same key, while nobody answers: a service may be on its way back."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                return await self.client.request(method, self._url(service, path), **more)
            except httpx.TransportError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.2)

    async def see(self, service: str, path: str) -> Any:
        """Look at something that must be there to see."""
        response = await self.get(service, path)
        if response.status_code != 200:
            raise StoryFailed(f"{self.username} GET {service}{path}: {response.status_code} {response.text}")
        return response.json()

    async def do(self, service: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do something that must be accepted."""
        response = await self.post(service, path, body)
        if response.status_code not in (200, 201):
            raise StoryFailed(f"{self.username} POST {service}{path}: {response.status_code} {response.text}")
        done: dict[str, Any] = response.json()
        return done

    async def see_until(
        self, service: str, path: str, holds: Callable[[dict[str, Any]], bool], within: float = 20.0
    ) -> dict[str, Any]:
        """Look again until it holds: what one service decides, another hears a moment later."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            response = await self.get(service, path)
            if response.status_code == 200 and holds(response.json()):
                found: dict[str, Any] = response.json()
                return found
            if asyncio.get_running_loop().time() > deadline:
                raise StoryFailed(f"{self.username} waited for {service}{path}: {response.text[:300]}")
            await asyncio.sleep(0.05)

    async def do_when_possible(
        self, service: str, path: str, body: dict[str, Any], within: float = 20.0
    ) -> dict[str, Any]:
        """Do something that another service's event makes possible a moment from now."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            response = await self.post(service, path, body)
            if response.status_code in (200, 201):
                done: dict[str, Any] = response.json()
                return done
            if asyncio.get_running_loop().time() > deadline:
                raise StoryFailed(
                    f"{self.username} POST {service}{path}: {response.status_code} {response.text}"
                )
            await asyncio.sleep(0.1)

    async def _headers(self) -> dict[str, str]:
        headers = {"authorization": f"Bearer {await self.token()}"}
        return headers | ({"on-behalf-of": self.on_behalf_of} if self.on_behalf_of else {})

    def _url(self, service: str, path: str) -> str:
        return f"{self.house['services'][service]['base_url']}{path}"


@dataclass(slots=True)
class People:
    """Everybody who can sign in."""

    house: dict[str, Any]
    client: httpx.AsyncClient
    telling: Telling | None = None
    _known: dict[str, Person] = field(default_factory=dict)

    def __call__(self, username: str, on_behalf_of: str | None = None) -> Person:
        person = self._known.setdefault(username, Person(username, self.house, self.client, self.telling))
        return person.for_party(on_behalf_of) if on_behalf_of else person
