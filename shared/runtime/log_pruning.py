"""Prune the logs of numbers that are no case, and of what is logged without one, after a term."""

from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, machine_now
from shared.contract.fields import ID
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus
from shared.storage import log_strangers, ticks
from shared.storage.policy_replica import PolicyReplica

log = structlog.get_logger()
NO_CASE = (KeyStatus.UNKNOWN, KeyStatus.ERASED)


@dataclass(slots=True)
class LogPruning:
    """Prune the logs of one service, some numbers a turn, as long after as the policy of the day says.

    Only the key authority knows whether a number is a case somewhere: one that has a key, or whose key cannot
    be had now, stays, and is erased with its case. What was written while that was going on goes here.
    """

    engine: AsyncEngine
    case_keys: CaseKeyClient
    log_key: bytes
    policies: PolicyReplica
    clock: Clock
    _after: str = ""

    async def turn(self) -> bool:
        """Prune some; return whether there is more to look at.

        Nothing goes while time has leapt: by a wrong clock a year may be over. Raises `DBAPIError`, and
        `KeyAuthorityUnreachable`, before anything of this turn is gone.
        """
        now = machine_now()
        async with self.engine.connect() as connection:
            policy = (await self.policies.refresh(connection)).at(self.clock.now())
            before = now - policy.strangers_logged_for
            if self.clock.file is None and await ticks.leapt(connection, self.clock.now()):
                return False
            found, last = await log_strangers.strangers(connection, self._after, before)
        gone = await self._no_case_anywhere(found)
        async with self.engine.begin() as connection:
            if gone:
                await log_strangers.remove(connection, self.log_key, gone, before, now)
                log.info("strangers-pruned", numbers=len(gone))
            more = [
                await log_strangers.remove_caseless(connection, self.log_key, word, before, now)
                for word in log_strangers.WITHOUT_A_CASE
            ]
        self._after = last or ""
        return last is not None or any(more)

    async def _no_case_anywhere(self, numbers: list[str]) -> list[str]:
        asked = [one for one in numbers if ID.fullmatch(one)]
        statuses = await self.case_keys.statuses(asked) if asked else {}
        return [one for one in numbers if statuses.get(one, KeyStatus.UNKNOWN) in NO_CASE]
