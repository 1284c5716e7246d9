"""A service's own keys: one to sign with, and one a day that parties seal to; private halves on disk alone.

Each private key is a file wrapped by the service's root key, outside PostgreSQL. A sealing key is replaced
every day and destroyed eight days after that, so that old broker disks open for nobody. Beside them lies
`destroyed`, the list of the sealing keys that are gone: only what is on it is ever said to be gone.

Several processes of a service share the directory: one at a time changes it, and each sees what others did.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
    """What lies there is not whole, or not of this root key: set that right before anything happens in it."""


@dataclass(frozen=True, slots=True)
class HouseKey:
    """One key pair; `made_at` and `replaced_at` are machine time."""

    use: str
    key: ECKey
    made_at: datetime
    replaced_at: datetime | None = None

    @property
    def kid(self) -> str:
        return self.key.thumbprint()


@dataclass(frozen=True, slots=True)
class KeyDirectorySnapshot:
    """What lay in the directory when it last `changed`; 0 where it may have changed once more since."""

    keys: Mapping[str, HouseKey]
    destroyed: Mapping[str, datetime]
    changed: int


class HouseKeys:
    """The key pairs of one service, as they lie in its key directory."""

    def __init__(self, directory: Path, root_key: bytes, now: Callable[[], datetime]) -> None:
        self._directory, self._root, self._now = directory, AESGCM(root_key), now
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._last = self._read_directory()
        self.rotate()

    @property
    def signing(self) -> ECKey:
        """The key this service signs with."""
        return self._newest(SIGNING).key

    def private_key(self, kid: str) -> ECKey | None:
        """The private key a party sealed to, as long as it exists."""
        found = self._snapshot().keys.get(kid)
        return found.key if found is not None and found.use == SEALING else None

    @property
    def available_kids(self) -> tuple[str, ...]:
        """The kids of all private keys that can still open a record."""
        return tuple(sorted(kid for kid, key in self._snapshot().keys.items() if key.use == SEALING))

    @property
    def oldest_made_at(self) -> datetime:
        """When the oldest private key was made that can still open a record."""
        return min(key.made_at for key in self._snapshot().keys.values() if key.use == SEALING)

    @property
    def destroyed_kids(self) -> tuple[str, ...]:
        """The kids of the private keys that are gone from this directory, as far as they are still listed."""
        snapshot = self._snapshot()
        return tuple(sorted(kid for kid in snapshot.destroyed if kid not in snapshot.keys))

    def public(self) -> list[dict[str, str]]:
        """The JWKS: signing keys, and the one key to seal to now."""
        signing = [k for k in self._snapshot().keys.values() if k.use == SIGNING]
        return [public_jwk(k.key, k.use) for k in (*signing, self._newest(SEALING))]

    def rotate(self) -> None:
        """Make today's sealing key, replace yesterday's, destroy what was replaced eight days ago."""
        now = self._now()
        with self._exclusive() as snapshot:
            keys = list(snapshot.keys.values())
            if not any(k.use == SIGNING for k in keys):
                self._write_key(HouseKey(SIGNING, new_key(), now))
            current = [k for k in keys if k.use == SEALING and k.replaced_at is None]
            if not current or all(now - k.made_at >= ROTATE_AFTER for k in current):
                self._write_key(HouseKey(SEALING, new_key(), now))
                for old in current:
                    self._write_key(HouseKey(old.use, old.key, old.made_at, replaced_at=now))
            over = [k for k in keys if k.replaced_at is not None and now - k.replaced_at >= DESTROY_AFTER]
            self._destroy(
                [k.kid for k in over] + [kid for kid in snapshot.keys if kid in snapshot.destroyed], now
            )

    def _newest(self, use: str) -> HouseKey:
        return max((k for k in self._snapshot().keys.values() if k.use == use), key=lambda k: k.made_at)

    # --- the directory ----------------------------------------------------------------------------

    @contextmanager
    def _exclusive(self) -> Iterator[KeyDirectorySnapshot]:
        """One process at a time, on what lies there now."""
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
        """Every file is whole; one that another process unlinks meanwhile is not there."""
        changed = self._directory.stat().st_mtime_ns
        settled = time.time_ns() - changed > CLOCK_RESOLUTION
        keys = [key for path in sorted(self._directory.glob("*.key")) if (key := self._read_key(path))]
        return KeyDirectorySnapshot(
            {key.kid: key for key in keys}, self._read_destroyed(), changed if settled else 0
        )

    def _write_key(self, key: HouseKey) -> None:
        """On disk, fsynced, before anybody can seal to it."""
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
        """Listed first, so that a crash in between only means that the next start unlinks them."""
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
        """The whole file under its name, on disk, or nothing of it."""
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
