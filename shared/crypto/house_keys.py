"""Keep a service's own keys: one to sign with, and each day a new one that parties encrypt to.

Each private key is a file wrapped by the service's root key, outside PostgreSQL. An encryption key is
replaced every day and destroyed eight days after that, so that old broker disks can be decrypted by nobody.
Beside the keys lies `destroyed`, the list of the encryption keys that are gone: only a key on it is reported
destroyed.

Several processes of a service share the directory: one at a time changes it, and each sees the others'
changes.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey

from shared.crypto.jose import load_key, new_key, public_jwk

ROTATE_AFTER = timedelta(days=1)
DESTROY_AFTER = timedelta(days=8)  # after it was replaced
LIST_FOR = timedelta(days=90)  # how long it goes on being said that a key is gone
SIGNING, SEALING = "sig", "enc"
CLOCK_RESOLUTION = 100_000_000  # nanoseconds; two changes within one may leave a directory the same time


class KeyDirectoryDamaged(Exception):
    """Report that the key directory is incomplete, or not of this root key.

    An operator must set it right first.
    """


@dataclass(frozen=True, slots=True)
class HouseKey:
    """Hold one key pair; `made_at` and `replaced_at` are machine time."""

    use: str
    key: ECKey
    made_at: datetime
    replaced_at: datetime | None = None

    @property
    def kid(self) -> str:
        return self.key.thumbprint()


@dataclass(frozen=True, slots=True)
class KeyDirectorySnapshot:
    """Hold the directory as it was read: key pairs by kid, and when each destroyed key was destroyed.

    `changed` is the directory's mtime in nanoseconds, 0 where it may have changed within the clock's
    resolution.
    """

    keys: Mapping[str, HouseKey]
    destroyed: Mapping[str, datetime]
    changed: int


class HouseKeys:
    """Manage the key pairs of one service in its key directory."""

    def __init__(self, directory: Path, root_key: bytes, now: Callable[[], datetime]) -> None:
        self._directory, self._root, self._now = directory, AESGCM(root_key), now
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._last = self._read_directory()
        self._begin()

    @property
    def signing(self) -> ECKey:
        """Return the private key this service signs with."""
        return self._newest(SIGNING).key

    def signing_key(self, kid: str) -> ECKey | None:
        """Return the key this service signs or has signed with; None when there is none of that kid."""
        found = self._snapshot().keys.get(kid)
        return found.key if found is not None and found.use == SIGNING else None

    def private_key(self, kid: str) -> ECKey | None:
        """Return the private key that a party encrypted to, or None when it does not exist (any more)."""
        found = self._snapshot().keys.get(kid)
        return found.key if found is not None and found.use == SEALING else None

    @property
    def available_kids(self) -> tuple[str, ...]:
        """List the kids of all private keys that can still decrypt a record, sorted."""
        return tuple(sorted(kid for kid, key in self._snapshot().keys.items() if key.use == SEALING))

    @property
    def oldest_made_at(self) -> datetime:
        """Return when the oldest private key was made that can still decrypt a record (machine time)."""
        return min(key.made_at for key in self._snapshot().keys.values() if key.use == SEALING)

    @property
    def destroyed_kids(self) -> tuple[str, ...]:
        """List the kids of the destroyed private keys, sorted; each is listed for `LIST_FOR`."""
        snapshot = self._snapshot()
        return tuple(sorted(kid for kid in snapshot.destroyed if kid not in snapshot.keys))

    def public(self) -> list[dict[str, str]]:
        """Return the JWKS: the signing keys, and the one key to encrypt to now."""
        signing = [k for k in self._snapshot().keys.values() if k.use == SIGNING]
        return [public_jwk(k.key, k.use) for k in (*signing, self._newest(SEALING))]

    def _begin(self) -> None:
        """Make the first keys, and unlink those that are listed as destroyed; replace and destroy none.

        The clock may be wrong, and nothing but the directory is known yet.
        """
        now = self._now()
        with self._exclusive() as snapshot:
            for use in {SIGNING, SEALING} - {k.use for k in snapshot.keys.values()}:
                self._write_key(HouseKey(use, new_key(), now))
            self._destroy([kid for kid in snapshot.keys if kid in snapshot.destroyed], now)

    def rotate(self) -> None:
        """Make today's encryption key, replace yesterday's, destroy what was replaced eight days ago.

        Call it while the machine's time is taken for right: what a clock that was ahead has dated counts from
        now.
        """
        now = self._now()
        with self._exclusive() as snapshot:
            keys = [self._not_ahead(key, now) for key in snapshot.keys.values()]
            current = [k for k in keys if k.use == SEALING and k.replaced_at is None]
            if not current or all(now - k.made_at >= ROTATE_AFTER for k in current):
                self._write_key(HouseKey(SEALING, new_key(), now))
                for old in current:
                    self._write_key(HouseKey(old.use, old.key, old.made_at, replaced_at=now))
            over = [k for k in keys if k.replaced_at is not None and now - k.replaced_at >= DESTROY_AFTER]
            self._destroy(
                [k.kid for k in over] + [kid for kid in snapshot.keys if kid in snapshot.destroyed], now
            )

    def _not_ahead(self, key: HouseKey, now: datetime) -> HouseKey:
        """Return the key with no date that is to come, and write it so; else it would lie there till then."""
        replaced = key.replaced_at and min(key.replaced_at, now)
        dated = replace(key, made_at=min(key.made_at, now), replaced_at=replaced)
        if dated != key:
            self._write_key(dated)
        return dated

    def _newest(self, use: str) -> HouseKey:
        return max((k for k in self._snapshot().keys.values() if k.use == use), key=lambda k: k.made_at)

    # --- the directory ----------------------------------------------------------------------------

    @contextmanager
    def _exclusive(self) -> Iterator[KeyDirectorySnapshot]:
        """Lock the directory for one process and read it again."""
        handle = os.open(self._directory, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield self._read_directory()
        finally:
            os.close(handle)
        self._last = self._read_directory()

    def _snapshot(self) -> KeyDirectorySnapshot:
        if self._last.changed != self._directory.stat().st_mtime_ns:
            self._last = self._read_directory()
        return self._last

    def _read_directory(self) -> KeyDirectorySnapshot:
        """Read all key files; skip one that another process unlinks meanwhile."""
        changed = self._directory.stat().st_mtime_ns
        settled = time.time_ns() - changed > CLOCK_RESOLUTION
        keys = [key for path in sorted(self._directory.glob("*.key")) if (key := self._read_key(path))]
        return KeyDirectorySnapshot(
            {key.kid: key for key in keys}, self._read_destroyed(), changed if settled else 0
        )

    def _write_key(self, key: HouseKey) -> None:
        """Write and fsync a key before anybody can encrypt to it."""
        plaintext = json.dumps(
            {
                "use": key.use,
                "jwk": key.key.as_dict(private=True),
                "made_at": key.made_at.isoformat(),
                "replaced_at": key.replaced_at.isoformat() if key.replaced_at else None,
            }
        )
        nonce = os.urandom(12)
        box = nonce + self._root.encrypt(nonce, plaintext.encode(), key.kid.encode())
        self._write_file(f"{key.kid}.key", box)

    def _destroy(self, kids: Sequence[str], now: datetime) -> None:
        """List the keys as destroyed, then unlink them.

        After a crash in between the next start unlinks them.
        """
        if not kids:
            return
        listed = {kid: at for kid, at in self._read_destroyed().items() if now - at < LIST_FOR}
        listed |= dict.fromkeys(kids, now)
        self._write_file(
            "destroyed", json.dumps({kid: at.isoformat() for kid, at in listed.items()}).encode()
        )
        for kid in kids:
            (self._directory / f"{kid}.key").unlink(missing_ok=True)
        self._sync_directory()

    def _read_destroyed(self) -> dict[str, datetime]:
        file = self._directory / "destroyed"
        found = json.loads(file.read_bytes()) if file.exists() else {}
        return {kid: datetime.fromisoformat(at).astimezone(UTC) for kid, at in found.items()}

    def _read_key(self, path: Path) -> HouseKey | None:
        try:
            box = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            found = json.loads(self._root.decrypt(box[:12], box[12:], path.stem.encode()))
        except InvalidTag:
            raise KeyDirectoryDamaged("its house keys do not open under ZVH_ROOT_KEY_FILE") from None
        replaced = found["replaced_at"]
        return HouseKey(
            found["use"],
            load_key(found["jwk"]),
            datetime.fromisoformat(found["made_at"]).astimezone(UTC),
            datetime.fromisoformat(replaced).astimezone(UTC) if replaced else None,
        )

    def _write_file(self, name: str, content: bytes) -> None:
        """Write and fsync a file under its name, whole or not at all."""
        draft = self._directory / f"{name}.new"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o600)
        draft.replace(self._directory / name)
        self._sync_directory()

    def _sync_directory(self) -> None:
        handle = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
