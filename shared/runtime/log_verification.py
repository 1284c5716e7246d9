"""Check journal and access log against their chain, and the chain against what was signed about it.

Finds what somebody with all rights in the database changed, removed, put in, put in another order or cut off;
not what the service itself, with its keys, would write.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.contract.fields import ID
from shared.contract.limits import in_parts
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient
from shared.storage import log_checkpoints, log_digests, log_seals, log_walk
from shared.storage.log_chain import FIRST_HEAD, Unchained, head_after, leaf_of
from shared.storage.log_checkpoints import Checkpoint
from shared.storage.log_digests import LogDigest
from shared.storage.log_seals import LOGS

CHAINED_WITHIN = 15.0  # seconds; the chain is at most five behind
UNSEALED_FOR = timedelta(days=1)  # after the first leaf: what a version without seals wrote meanwhile
_SEALED = {log_seals.JOURNAL: 11, log_seals.ACCESS_LOG: 12}  # columns

Report = Callable[[str], None]
FindKey = Callable[[str], ECKey | None]


@dataclass(slots=True)
class LogVerification:
    """Verify the logs of one service; `report` is told of each finding in a line of ids and words.

    `log_key` as in `LogChaining`. `signing_key` finds a signing key of this service by its kid.
    """

    engine: AsyncEngine
    service: str
    log_key: bytes
    case_keys: CaseKeyClient | None
    signing_key: FindKey
    report: Report
    within: float = CHAINED_WITHIN
    findings: int = 0
    leaves: int = 0
    unverified: int = 0
    _head: bytes = FIRST_HEAD
    _began: datetime | None = None
    _restores: list[Checkpoint] = field(default_factory=list)

    async def run(self, others: Sequence[str] = ()) -> int:
        """Check all, and return how many things are wrong.

        `others`: checkpoints of this service as other services keep them. Raises `DBAPIError`, and
        `KeyAuthorityUnreachable`: nothing is known then.
        """
        async with self.engine.connect() as connection:
            own = [signed async for signed in log_checkpoints.kept(connection, self.service)]
            self._began = min((one.at for one in self._signed([*own, *others])), default=None)
            async for page in log_walk.leaves(connection):
                await self._check_leaves(connection, page)
            async for page in log_walk.removals(connection):
                for record in page:
                    self._check_removal(record)
            await self._check_unchained(connection)
            await self._check_checkpoints(connection, own, others)
        return self.findings

    def _found(self, what: str) -> None:
        self.findings += 1
        self.report(what)

    # --- leaves and entries -----------------------------------------------------------------------

    async def _check_leaves(self, connection: AsyncConnection, page: Sequence[Any]) -> None:
        asked = {log: [leaf.entry for leaf in page if leaf.log == log] for log in LOGS}
        found = {log: await log_walk.entries(connection, log, asked[log]) for log in LOGS}
        cases = sorted(
            {e.case_id for some in found.values() for e in some.values() if ID.fullmatch(e.case_id)}
        )
        keys = await self.case_keys.get(cases) if cases and self.case_keys else {}
        for leaf in page:
            self._check_link(leaf)
            self._check_leaf(leaf, found[leaf.log].get(leaf.entry), keys)
        for log in LOGS:
            for entry in await log_walk.copies(connection, log, asked[log]):
                self._found(f"{log} entry {entry}: put in, a copy of an older one")

    def _check_link(self, leaf: Any) -> None:
        """Check that a leaf follows on the one before; go on from what it says, to find the next fault."""
        if leaf.number != self.leaves + 1:
            self._found(f"chain: cut out, {self.leaves + 1} to {leaf.number - 1}")
        elif bytes(leaf.head) != head_after(self._head, leaf.number, bytes(leaf.leaf), of_case=leaf.of_case):
            self._found(f"chain: broken at {leaf.number}")
        self.leaves, self._head = leaf.number, bytes(leaf.head)
        if leaf.chained_at is not None:
            self._began = min(self._began or leaf.chained_at, leaf.chained_at)

    def _check_leaf(self, leaf: Any, entry: Any, keys: Any) -> None:
        where = f"{leaf.log} entry {leaf.entry} (chain {leaf.number})"
        if leaf.removal is not None:
            if entry is not None:
                self._found(f"{where}: is here, and was removed by record {leaf.removal}")
            elif not leaf.recorded:
                self._found(f"{where}: removed, and there is no record {leaf.removal}")
            return
        if entry is None:
            self._found(f"{where}: removed")
            return
        if not self._is_as_chained(leaf, entry, keys):
            self._found(f"{where}: changed")
        elif not self._is_ours(leaf, entry):
            self._found(f"{where}: put in, not by the service")

    def _is_as_chained(self, leaf: Any, entry: Any, keys: Any) -> bool:
        """Tell whether entry and leaf agree; without the key that is counted, and left to the seal."""
        key = self.log_key
        if leaf.chained_at is None:
            return False
        if leaf.of_case:
            case_key = keys.get(entry.case_id)
            if not isinstance(case_key, CaseKey):
                self.unverified += 1
                return entry.seal is not None
            key = case_key.log_key
        seal = None if entry.seal is None else bytes(entry.seal)
        one = Unchained(leaf.log, entry.entry, entry.case_id, seal, entry.line)
        return leaf_of(key, leaf.number, leaf.chained_at, one) == bytes(leaf.leaf)

    def _is_ours(self, leaf: Any, entry: Any) -> bool:
        """Tell whether the service wrote it; unsealed entries are from before the chain, or soon after."""
        if entry.seal is None:
            return self._began is not None and leaf.chained_at <= self._began + UNSEALED_FOR
        return self._is_sealed(leaf.log, entry)

    def _is_sealed(self, log: str, entry: Any) -> bool:
        said = tuple(entry)[: _SEALED[log]]
        return entry.seal is not None and log_seals.is_sealed(self.log_key, log, said, bytes(entry.seal))

    # --- what was removed, and what has no leaf ---------------------------------------------------

    def _check_removal(self, record: Any) -> None:
        """Check that the leaves of removed entries are those that the record was sealed with."""
        if record.seal is None and not record.leaves and not record.look_leaves:
            return  # of a version without chains
        log = LogDigest(
            record.month,
            record.entries,
            bytes(record.entries_digest),
            record.looks,
            bytes(record.looks_digest),
        )
        sealed = log_digests.removal_seal(self.log_key, log, bytes(record.leaves_digest))
        if record.seal is None or bytes(record.seal) != sealed:
            self._found(f"erased_logs {record.number}: does not agree with the leaves of what it removed")
        elif record.leaves > record.entries or record.look_leaves > record.looks:
            self._found(f"erased_logs {record.number}: removed more than it says")

    async def _check_unchained(self, connection: AsyncConnection) -> None:
        """Find entries that have no leaf, also after the time in which each gets one."""
        waited = False
        for log in LOGS:
            async for entries in log_walk.unchained(connection, log):
                if not waited:
                    await asyncio.sleep(self.within)
                    waited = True
                left = await log_walk.still_unchained(connection, log, entries)
                found = await log_walk.entries(connection, log, left)
                for entry in left:
                    ours = entry in found and self._is_sealed(log, found[entry])
                    what = (
                        "not chained, though the service wrote it" if ours else "put in, not by the service"
                    )
                    self._found(f"{log} entry {entry}: {what}")

    # --- checkpoints ------------------------------------------------------------------------------

    async def _check_checkpoints(
        self, connection: AsyncConnection, own: Sequence[str], others: Sequence[str]
    ) -> None:
        self._restores = [one for one in self._signed(own) if one.restored]
        for some in in_parts([*own, *others], log_walk.PAGE):
            checkpoints = self._signed(some, tell=True)
            heads = await log_walk.heads(connection, [one.length for one in checkpoints])
            for one in checkpoints:
                self._check_checkpoint(one, heads.get(one.length))

    def _signed(self, some: Iterable[str], *, tell: bool = False) -> list[Checkpoint]:
        read = [log_checkpoints.read(signed, self.signing_key) for signed in some]
        right = [one for one in read if one is not None and one.service == self.service]
        if tell and len(right) < len(read):
            self._found(f"checkpoints: {len(read) - len(right)} not signed by this service")
        return right

    def _check_checkpoint(self, one: Checkpoint, head: bytes | None) -> None:
        at = one.at.isoformat(timespec="seconds")
        if any(restore.at > one.at and restore.length < one.length for restore in self._restores):
            return  # what was chained after the backup was made
        if one.length > self.leaves:
            self._found(f"chain: cut off, {self.leaves} long and was {one.length} at {at}")
        elif one.head != (FIRST_HEAD if one.length == 0 else head):
            self._found(f"chain: rewritten, its first {one.length} are not those of {at}")
