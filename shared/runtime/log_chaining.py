"""Chain what the logs have gained, at most some seconds behind, and say each minute how far the chain is.

One process of a service at a time does so, in the background: no look and no act waits for it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import machine_now
from shared.contract.fields import ID
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, KeyAuthorityUnreachable
from shared.crypto.house_keys import HouseKeys
from shared.handling.outgoing import OutgoingMessages
from shared.runtime.log_pruning import LogPruning
from shared.storage import log_chain, log_checkpoints, outbox
from shared.storage.database import DATABASE_ERRORS, sqlstate
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from shared.storage.log_chain import GivenOut, Unchained
from shared.storage.log_seals import ACCESS_LOG, JOURNAL
from shared.telemetry.metrics import LOG_CHAIN_BEHIND
from shared.telemetry.turns import Turns

log = structlog.get_logger()
LOOP = "log-chain"  # its name among the loops of the process
PERIOD = 1.0  # seconds between two looks
AT_ONCE = 1000  # entries of each log
SWEPT_EVERY = 2.0  # seconds between two looks for what committed after entries with higher ids
SETTLES_AFTER = 10.0  # seconds; by then whoever was given an id has begun to write its entry
CHECKPOINT_EVERY = 60.0  # seconds
PRUNE_EVERY = 6 * 3600.0  # seconds


@dataclass(slots=True)
class LogChaining:
    """Chain the logs of one service as long as it runs.

    `log_key` is the key of leaves that no case key is for. An entry whose case has no key, or whose key
    cannot be had because its file is missing, is hashed under that. While the key authority does not answer
    all entries wait: none would lie under the right key.
    """

    engine: AsyncEngine
    outgoing: OutgoingMessages
    case_keys: CaseKeyClient | None
    house_keys: HouseKeys
    wake: Callable[[], None]  # the relay
    log_key: bytes
    pruning: LogPruning
    turns: Turns = field(default_factory=Turns)
    _settled: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)
    _swept_at: float | None = None
    _asked: tuple[float, GivenOut] | None = None
    _said_at: float | None = None
    _pruned_at: float | None = None
    _behind_since: float | None = None

    async def run(self) -> None:
        """Become the one that chains in this database, then look again and again what is new."""
        while True:
            self.turns.turned(LOOP)
            self._tell_behind()
            try:
                async with acquire_leadership(self.engine, LeaderLock.LOG_CHAIN) as session:
                    if session is not None:
                        await self._lead(session)
                    self._behind_since = None
            except (KeyAuthorityUnreachable, *DATABASE_ERRORS) as error:
                log.warning("log-chain-pauses", kind=type(error).__name__, sqlstate=sqlstate(error))
            await asyncio.sleep(PERIOD)

    async def _lead(self, session: AsyncConnection) -> None:
        """Look as long as this session leads: what it is asked in fails when the lead is lost."""
        self._settled, self._seen, self._swept_at, self._asked = {}, {}, None, None
        self._behind_since = self._behind_since or time.monotonic()
        while True:
            self.turns.turned(LOOP)
            self._tell_behind()
            chained = await self.turn(session)
            await self.settle(session)
            if chained < AT_ONCE:
                self._behind_since = time.monotonic()
            if self._said_at is None or time.monotonic() - self._said_at >= CHECKPOINT_EVERY:
                await self.say()
            await self._prune()
            await asyncio.sleep(0 if chained >= AT_ONCE else PERIOD)

    def _tell_behind(self) -> None:
        """Set the gauge: how long ago all was chained, as far as this process is the one that chains."""
        since = self._behind_since
        LOG_CHAIN_BEHIND.set(0.0 if since is None else time.monotonic() - since)

    async def turn(self, session: AsyncConnection) -> int:
        """Chain what is there now, some of it, and return how many entries; raise `DBAPIError`.

        Raises `KeyAuthorityUnreachable` too. The keys are fetched before anything is locked.
        """
        async with session.begin():
            self._settled = self._settled or await log_chain.settled(session)
            entries = await log_chain.unchained(session, self._from(), AT_ONCE)
        if not entries:
            return 0
        keys = await self._keys_of(entries)
        self.turns.turned(LOOP)
        async with self.engine.begin() as connection:
            chained = await log_chain.append(connection, entries, self.log_key, keys, machine_now())
        for one in entries:
            self._seen[one.log] = max(one.entry, self._seen.get(one.log, 0))
        return chained

    def _from(self) -> dict[str, int]:
        """Return behind which ids to look: those seen last, or now and then all that may still come."""
        if self._swept_at is None or time.monotonic() - self._swept_at >= SWEPT_EVERY:
            self._swept_at = time.monotonic()
            return self._settled
        return {log: max(entry, self._seen.get(log, 0)) for log, entry in self._settled.items()}

    async def settle(self, session: AsyncConnection) -> None:
        """Note up to which ids all is chained, so that nobody looks there again; raise `DBAPIError`.

        An id was given out before `next_to_run`; when all transactions of then are over, and a while after,
        its entry is there and chained, or never comes.
        """
        if self._asked is not None and time.monotonic() - self._asked[0] < SETTLES_AFTER:
            return
        async with session.begin():
            found = await log_chain.given_out(session)
            if self._asked is None:
                self._asked = (time.monotonic(), found)
                return
            _, then = self._asked
            if found.oldest_running < then.next_to_run:
                return
            up_to = {JOURNAL: then.journal, ACCESS_LOG: then.access_log}
            for left in await log_chain.unchained(session, self._settled, 1):
                up_to[left.log] = min(up_to[left.log], left.entry - 1)
            await log_chain.settle(session, up_to)
        self._settled, self._asked = up_to, None

    async def say(self) -> None:
        """Sign how far the chain is, keep that, and publish it for the other services to keep.

        Also when nothing has changed: a chain that was cut says less than its last checkpoint.
        """
        now = machine_now()
        async with self.engine.begin() as connection:
            length, head = await log_chain.end(connection)
            made = log_checkpoints.make(self.outgoing.service, length, head, now, self.house_keys.signing)
            await log_checkpoints.keep(connection, made)
            await log_checkpoints.prune(connection, now)
            await outbox.write(connection, [self.outgoing.event(made.message())])
        self._said_at = time.monotonic()
        self.wake()

    async def _prune(self) -> None:
        """Prune some of what is due, each `PRUNE_EVERY` seconds all of it."""
        if self._pruned_at is not None and time.monotonic() - self._pruned_at < PRUNE_EVERY:
            return
        if not await self.pruning.turn():
            self._pruned_at = time.monotonic()

    async def _keys_of(self, entries: Sequence[Unchained]) -> dict[str, bytes]:
        cases = {one.case_id for one in entries if ID.fullmatch(one.case_id)}
        found = await self.case_keys.get(cases) if cases and self.case_keys else {}
        return {case: key.log_key for case, key in found.items() if isinstance(key, CaseKey)}
