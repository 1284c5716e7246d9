"""Getting case keys from the key authority, in batches, and keeping them in memory for a minute at most."""

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
    """Unavailable waits, erased and unknown refuse; a key is never reported erased because it is missing."""
    return SEALING_IMPOSSIBLE if status is KeyStatus.UNAVAILABLE else UNKNOWN_CASE


class KeyAuthorityUnreachable(Exception):
    """The key authority does not answer: everything that needs a key waits, nothing is reported erased."""


class KeySource(Protocol):
    """Where keys come from: over HTTP, or in retention itself."""

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        """One answer per case id; raises `KeyAuthorityUnreachable`."""


class MakeCaseKey(Protocol):
    """What becomes of a key's bytes; `CaseKey` in every deployment."""

    def __call__(self, key: bytes, *, house: str, case_id: str) -> CaseKey: ...


class CaseKeyClient:
    """Keys at hand, by case; `drop` on erasure, and nothing outlives its minute."""

    def __init__(self, source: KeySource, house: str, key_of: MakeCaseKey = CaseKey) -> None:
        self._source, self._house, self._key_of = source, house, key_of
        self._kept: dict[str, tuple[float, CaseKey]] = {}

    async def get(self, case_ids: Iterable[str], *, make: bool = False) -> dict[str, CaseKey | KeyStatus]:
        """The key per case, or why there is none; one request for all that are not at hand."""
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
        """Whether the key authority answers."""
        try:
            await asyncio.wait_for(self._source.fetch([], make=False), 2)
        except (KeyAuthorityUnreachable, TimeoutError):
            return False
        return True

    async def statuses(self, case_ids: Sequence[str]) -> dict[str, KeyStatus]:
        """What became of these keys, which are not kept; raises `KeyAuthorityUnreachable`."""
        answers = await self._source.fetch(list(case_ids), make=False)
        return {case: status for case, (status, _) in answers.items()}

    def drop(self, case_id: str) -> None:
        """The case is being erased: its key is not used from memory any more."""
        self._kept.pop(case_id, None)


class RemoteKeys:
    """The key authority over HTTP, with the service's own credentials."""

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
