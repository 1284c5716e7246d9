"""Derive the keys under which a service seals what belongs to no case: the names of who signed (R110)."""

from collections.abc import Mapping

from shared.crypto.case_key_client import KeySource, KeyStatus
from shared.ids import keyed_hash


class OwnKeys:
    """Derive a key for each id from the root key, which lies outside the database.

    Such a key is never destroyed: what is sealed under it ends when its row is deleted. What has become of
    cases is still asked of the key authority, `remote`.
    """

    def __init__(self, root_key: bytes, remote: KeySource) -> None:
        self._root_key, self._remote = root_key, remote

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        """Return the key of each id; there is always one."""
        return {one: (KeyStatus.READY, keyed_hash(self._root_key, "own", one)) for one in case_ids}

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        """Ask the key authority; raise `KeyAuthorityUnreachable`."""
        return await self._remote.statuses(case_ids)
