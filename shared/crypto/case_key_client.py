"""Fetch case keys from the key authority, in batches, and cache them in memory for at most a minute."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import httpx

from shared.contract.refusal import SEALING_IMPOSSIBLE, UNKNOWN_CASE, Refusal
from shared.crypto.case_cipher import CaseKey

KEPT_FOR = 60.0  # seconds


class KeyStatus(StrEnum):
    """What the key authority says of a case's key: unavailable waits, erased and unknown refuse."""

    READY = "ready"
    ERASED = "erased"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"


def refusal_for(status: KeyStatus | None) -> Refusal:
    """Return the refusal for a key that is not there: unavailable waits, erased and unknown refuse.

    A key is never reported erased because it is missing.
    """
    return SEALING_IMPOSSIBLE if status is KeyStatus.UNAVAILABLE else UNKNOWN_CASE


class KeyAuthorityUnreachable(Exception):
    """Report that the key authority does not answer: what needs a key waits, nothing is reported erased."""


class KeySource(Protocol):
    """Define a source of case keys: the key authority over HTTP, or retention's own."""

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        """Fetch status and key (32 bytes) per case id; raise `KeyAuthorityUnreachable`."""


class MakeCaseKey(Protocol):
    """Define the constructor of a case key from its bytes; `CaseKey` in every deployment."""

    def __call__(self, key: bytes, *, house: str, case_id: str) -> CaseKey: ...


class CaseKeyClient:
    """Cache case keys by case id for `KEPT_FOR` seconds; `drop` removes one at its erasure."""

    def __init__(self, source: KeySource, house: str, key_of: MakeCaseKey = CaseKey) -> None:
        self._source, self._house, self._key_of = source, house, key_of
        self._kept: dict[str, tuple[float, CaseKey]] = {}

    async def get(self, case_ids: Iterable[str], *, make: bool = False) -> dict[str, CaseKey | KeyStatus]:
        """Return the key per case, or the status that says why there is none.

        Sends one request for all keys that are not cached. Raises `KeyAuthorityUnreachable`.
        """
        now = time.monotonic()
        self._kept = {case: kept for case, kept in self._kept.items() if now - kept[0] < KEPT_FOR}
        unique = set(case_ids)
        missing = sorted(unique - self._kept.keys())
        answers: dict[str, CaseKey | KeyStatus] = {
            case: self._kept[case][1] for case in unique - set(missing)
        }
        if missing:
            for case, (status, key) in (await self._source.fetch(missing, make=make)).items():
                if key is None:
                    answers[case] = status
                else:
                    case_key = self._key_of(key, house=self._house, case_id=case)
                    self._kept[case] = (now, case_key)
                    answers[case] = case_key
        return answers

    async def reachable(self) -> bool:
        """Tell whether the key authority answers within two seconds."""
        try:
            await asyncio.wait_for(self._source.fetch([], make=False), 2)
        except (KeyAuthorityUnreachable, TimeoutError):
            return False
        return True

    async def statuses(self, case_ids: Sequence[str]) -> dict[str, KeyStatus]:
        """Fetch the status per case and cache no key; raise `KeyAuthorityUnreachable`."""
        answers = await self._source.fetch(list(case_ids), make=False)
        return {case: status for case, (status, _) in answers.items()}

    def drop(self, case_id: str) -> None:
        """Remove a case's key from the cache because the case is being erased."""
        self._kept.pop(case_id, None)


class RemoteKeys:
    """Fetch keys from the key authority over HTTP, with the service's own access token."""

    def __init__(self, client: httpx.AsyncClient, url: str, token: Callable[[], Awaitable[str]]) -> None:
        self._client, self._url, self._token = client, url, token

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        try:
            response = await self._client.post(
                f"{self._url}/case-keys",
                json={"case_ids": case_ids, "make": make},
                headers={"authorization": f"Bearer {await self._token()}"},
            )
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise KeyAuthorityUnreachable(type(error).__name__) from None
        return {case: _answer(answer) for case, answer in response.json()["keys"].items()}


def _answer(answer: Mapping[str, str]) -> tuple[KeyStatus, bytes | None]:
    status = KeyStatus(answer["status"])
    key = base64.urlsafe_b64decode(answer["key"] + "==") if status is KeyStatus.READY else None
    return status, key
