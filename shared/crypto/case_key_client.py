"""Fetch case keys from the key authority, in batches, and cache them in memory for at most a minute."""

import asyncio
import base64
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import httpx
from pydantic import BaseModel, model_validator

from shared.contract.fields import ID
from shared.contract.limits import in_parts
from shared.contract.refusal import SEALING_IMPOSSIBLE, UNKNOWN_CASE, Refusal
from shared.crypto.case_cipher import CaseKey
from shared.https_client import Unreachable, ask

KEPT_FOR = 60.0  # seconds
MOST_IDS = 200  # in one request: less than the key authority takes, and made on a busy disk within a second
AT_ONCE = 2  # requests of one service; the key authority answers them one by one
OURS = frozenset({400, 403, 404, 405, 413, 415, 422})  # statuses that say that the question was wrong


class KeyStatus(StrEnum):
    """What the key authority says of a case's key: unavailable waits, erased and unknown refuse.

    Withheld: there is one, and not for this service, or not now. What is to be sent waits; for whoever asks
    the case is not here.
    """

    READY = "ready"
    ERASED = "erased"
    UNKNOWN = "unknown"
    UNAVAILABLE = "unavailable"
    WITHHELD = "withheld"


def refusal_for(status: KeyStatus | None) -> Refusal:
    """Return the refusal for a key that is not there: unavailable waits, all others refuse.

    A key is never reported erased because it is missing.
    """
    return SEALING_IMPOSSIBLE if status is KeyStatus.UNAVAILABLE else UNKNOWN_CASE


class KeyAuthorityUnreachable(Unreachable):
    """Report that the key authority does not answer: what needs a key waits, nothing is reported erased."""


class QuestionRefused(Exception):
    """Report that the key authority refuses what this service asks: a bug of ours, repeated to no avail.

    `status` is the HTTP status, `ids` the number of cases asked about.
    """

    def __init__(self, status: int, ids: int) -> None:
        super().__init__(status)
        self.status, self.ids = status, ids


NOT_ANSWERED = (KeyStatus.UNAVAILABLE, None)


class KeySource(Protocol):
    """Define a source of case keys: the key authority over HTTP, or retention's own."""

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        """Fetch status and key (32 bytes) per case id; raise `KeyAuthorityUnreachable`."""

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        """Fetch the status per case id, and no key; raise `KeyAuthorityUnreachable`."""


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

        A case of which the answer says nothing is unavailable. Raises `KeyAuthorityUnreachable`.
        """
        now = time.monotonic()
        self._kept = {case: kept for case, kept in self._kept.items() if now - kept[0] < KEPT_FOR}
        unique = set(case_ids)
        missing = sorted(unique - self._kept.keys())
        answers: dict[str, CaseKey | KeyStatus] = {
            case: self._kept[case][1] for case in unique - set(missing)
        }
        found = await self._source.fetch(missing, make=make) if missing else {}
        for case in missing:
            status, key = found.get(case, NOT_ANSWERED)
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
        """Fetch the status of every one of these cases, and no key; raise `KeyAuthorityUnreachable`."""
        answers = await self._source.statuses(list(case_ids))
        if any(case not in answers for case in case_ids):
            raise KeyAuthorityUnreachable("incomplete")
        return {case: answers[case] for case in case_ids}

    def drop(self, case_id: str) -> None:
        """Remove a case's key from the cache because the case is being erased."""
        self._kept.pop(case_id, None)


class _Answer(BaseModel):
    """Check what the key authority says of one case: a key, if there is one, has 32 bytes and is ready."""

    status: KeyStatus
    key: str | None = None
    withheld: bool = False

    @model_validator(mode="after")
    def _key_if_ready(self) -> "_Answer":
        if self.key is not None and (self.status is not KeyStatus.READY or len(self.decoded or b"") != 32):
            raise ValueError("a key has 32 bytes, and comes with ready alone")
        return self

    @property
    def told(self) -> KeyStatus:
        """Return the status; what is withheld is unavailable to readers that know no better."""
        return KeyStatus.WITHHELD if self.withheld else self.status

    @property
    def decoded(self) -> bytes | None:
        """Return the key, if there is one."""
        return None if self.key is None else base64.urlsafe_b64decode(self.key + "==")


class _Answers(BaseModel):
    keys: dict[str, _Answer]


class AccessToken(Protocol):
    """Define what gives this service's own access token."""

    async def get(self) -> str:
        """Return a valid token; raise `Unreachable`."""

    def forget(self) -> None:
        """Let the next `get` fetch another: this one was refused."""


class RemoteKeys:
    """Fetch keys from the key authority over HTTP, with the service's own access token.

    `report` is told of each question that the key authority refuses.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        token: AccessToken,
        report: Callable[[QuestionRefused], None],
    ) -> None:
        self._client, self._url, self._token, self._report = client, url, token, report
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        """Ask in parts of `MOST_IDS`; what the key authority refuses to answer is missing in the answer.

        Only what can be a case number is asked about, so that one that is none costs no other its key.
        """
        answers = await self._answers(case_ids, make=make, keys=True)
        ready = {case for case, answer in answers.items() if answer.told is KeyStatus.READY}
        if any(answers[case].key is None for case in ready):
            raise KeyAuthorityUnreachable("no-key")
        return {case: (answer.told, answer.decoded) for case, answer in answers.items()}

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        """Ask in the same parts, and for no key."""
        answers = await self._answers(case_ids, make=False, keys=False)
        return {case: answer.told for case, answer in answers.items()}

    async def _answers(self, case_ids: list[str], **wanted: bool) -> dict[str, _Answer]:
        asked = [case for case in case_ids if ID.fullmatch(case)]
        parts = list(in_parts(asked, MOST_IDS)) or [()]
        answers = await asyncio.gather(*(self._part(part, wanted) for part in parts))
        return {case: found for part in answers for case, found in part.items()}

    async def _part(self, case_ids: Sequence[str], wanted: dict[str, bool]) -> dict[str, _Answer]:
        try:
            async with self._turns:
                answers = await self._asked(case_ids, wanted)
        except QuestionRefused as error:
            self._report(error)
            return {}
        return {case: answers[case] for case in case_ids if case in answers}

    async def _asked(self, case_ids: Sequence[str], wanted: dict[str, bool]) -> Mapping[str, _Answer]:
        """Send one request, with another token if the first is refused; raise `KeyAuthorityUnreachable`."""
        try:
            try:
                return await self._once(case_ids, wanted)
            except Unreachable as error:
                if error.status != httpx.codes.UNAUTHORIZED:
                    raise
                self._token.forget()
                return await self._once(case_ids, wanted)
        except Unreachable as error:
            if error.status in OURS:
                raise QuestionRefused(error.status or 0, len(case_ids)) from None
            raise KeyAuthorityUnreachable(error.kind, error.status) from None

    async def _once(self, case_ids: Sequence[str], wanted: dict[str, bool]) -> Mapping[str, _Answer]:
        answers = await ask(
            self._client,
            "POST",
            f"{self._url}/case-keys",
            _Answers,
            json={"case_ids": list(case_ids), **wanted},
            headers={"authorization": f"Bearer {await self._token.get()}"},
        )
        return answers.keys
