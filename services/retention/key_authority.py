"""Adapt the key store to code that awaits: retention's own source of keys, which also destroys them."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.retention.key_store import Answer, KeyStore
from shared.clock import Clock, machine_now
from shared.crypto.case_key_client import KeyAuthorityUnreachable, KeyStatus
from shared.crypto.house_keys import HouseKeys
from shared.runtime.settings import Settings


class KeySettings(BaseSettings):
    """Hold what only the key authority is told."""

    model_config = SettingsConfigDict(env_prefix="ZVH_", frozen=True, hide_input_in_errors=True)

    key_backup_days: int = Field(
        default=30, ge=0, description="How long a backup of the key directory lives; proofs name the month"
    )


class KeyAuthority:
    """Make, give out and destroy case keys; `open` comes before anything else."""

    def __init__(self) -> None:
        self._store: KeyStore | None = None
        self._clock = Clock()
        self.backups_live = timedelta()
        self._house_keys: HouseKeys | None = None

    def open(self, settings: Settings, house_keys: HouseKeys) -> "KeyAuthority":
        """Take the key directory into use; raises `KeyStoreDamaged`."""
        self._house_keys = house_keys
        store = KeyStore(settings.key_directory / "cases", settings.root_key, settings.house)
        return self.use(store, Clock(settings.clock_file), timedelta(days=KeySettings().key_backup_days))

    def use(
        self, store: KeyStore, clock: Clock, backups_live: timedelta, house_keys: HouseKeys | None = None
    ) -> "KeyAuthority":
        """Work on this store; `backups_live` is how long a backup of it lives."""
        self._house_keys = house_keys or self._house_keys
        self._store, self._clock, self.backups_live = store, clock, backups_live
        return self

    def house_keys(self) -> tuple[str, ...]:
        """Return the kids of retention's own private keys, to which parties seal; empty when not told."""
        return self._house_keys.available_kids if self._house_keys is not None else ()

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, Answer]:
        """Return one answer per case id; raises `KeyAuthorityUnreachable` when the directory fails."""
        try:
            return await asyncio.to_thread(self._opened.get_many, case_ids, make=make)
        except OSError as error:
            raise KeyAuthorityUnreachable(type(error).__name__) from None

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        """Return one status per case id, and no key; raises `KeyAuthorityUnreachable`."""
        return {case: status for case, (status, _) in (await self.fetch(case_ids, make=False)).items()}

    async def counted(self) -> tuple[int, int]:
        """Return how many keys were ever handed out, and how many destroyed; raises `OSError`."""
        return await asyncio.to_thread(self._opened.counted)

    async def destroy(self, case_id: str) -> datetime:
        """Destroy a key and return covenant time; it is gone by then. The ledger keeps machine time."""
        await asyncio.to_thread(self._opened.destroy, case_id, machine_now())
        return self._clock.now()

    @property
    def _opened(self) -> KeyStore:
        if self._store is None:
            raise KeyAuthorityUnreachable("not-open")
        return self._store
