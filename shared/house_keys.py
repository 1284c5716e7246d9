"""A service's own keys: one to sign with, and one a day that parties seal to; private halves on disk alone.

Each private key is a file wrapped by the service's root key, outside PostgreSQL. A sealing key is replaced
every day and destroyed eight days after that, so that old broker disks open for nobody. Beside them lies
`destroyed`, the list of the sealing keys that are gone: only what is on it is ever said to be gone.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.jwk import ECKey

from shared.jose import load_key, new_key, public_jwk

ROTATE_AFTER = timedelta(days=1)
DESTROY_AFTER = timedelta(days=8)  # after it was replaced
LISTED_FOR = timedelta(days=90)  # how long it goes on being said that a key is gone
SIGNING, SEALING = "sig", "enc"


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


class HouseKeys:
    """The key pairs of one service, as they lie in its key directory."""

    def __init__(self, directory: Path, root_key: bytes, now: Callable[[], datetime]) -> None:
        self._directory, self._root, self._now = directory, AESGCM(root_key), now
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._destroyed = self._read_destroyed()
        self._keys = {key.kid: key for key in self._read_all()}
        self.rotate()

    @property
    def signing(self) -> ECKey:
        """The key this service signs with."""
        return self._newest(SIGNING).key

    def opening(self, kid: str) -> ECKey | None:
        """The private key a party sealed to, as long as it exists."""
        found = self._keys.get(kid)
        return found.key if found is not None and found.use == SEALING else None

    @property
    def held(self) -> tuple[str, ...]:
        """The kids of all private keys that can still open a record."""
        return tuple(sorted(kid for kid, key in list(self._keys.items()) if key.use == SEALING))

    @property
    def destroyed(self) -> tuple[str, ...]:
        """The kids of the private keys that are gone from this directory, as far as they are still listed."""
        return tuple(sorted(kid for kid in list(self._destroyed) if kid not in self._keys))

    def public(self) -> list[dict[str, str]]:
        """The JWKS: signing keys, and the one key to seal to now."""
        signing = [k for k in self._keys.values() if k.use == SIGNING]
        return [public_jwk(k.key, k.use) for k in (*signing, self._newest(SEALING))]

    def rotate(self) -> None:
        """Make today's sealing key, replace yesterday's, destroy what was replaced eight days ago."""
        now = self._now()
        if not any(k.use == SIGNING for k in self._keys.values()):
            self._add(SIGNING, now)
        current = [k for k in self._keys.values() if k.use == SEALING and k.replaced_at is None]
        if not current or all(now - k.made_at >= ROTATE_AFTER for k in current):
            self._add(SEALING, now)
            for old in current:
                self._write(HouseKey(old.use, old.key, old.made_at, replaced_at=now))
        for key in list(self._keys.values()):
            over = key.replaced_at is not None and now - key.replaced_at >= DESTROY_AFTER
            if over or key.kid in self._destroyed:
                self._destroy(key)

    def _newest(self, use: str) -> HouseKey:
        return max((k for k in self._keys.values() if k.use == use), key=lambda k: k.made_at)

    def _add(self, use: str, now: datetime) -> None:
        self._write(HouseKey(use, new_key(), now))

    def _write(self, key: HouseKey) -> None:
        """On disk, fsynced, before anybody can seal to it."""
        text = json.dumps(
            {
                "use": key.use,
                "jwk": key.key.as_dict(private=True),
                "made_at": key.made_at.isoformat(),
                "replaced_at": key.replaced_at.isoformat() if key.replaced_at else None,
            }
        )
        nonce = os.urandom(12)
        box = nonce + self._root.encrypt(nonce, text.encode(), key.kid.encode())
        self._put(f"{key.kid}.key", box)
        self._keys[key.kid] = key

    def _destroy(self, key: HouseKey) -> None:
        """Listed first, so that a crash in between only means that the next start unlinks it."""
        now = self._now()
        listed = {kid: at for kid, at in self._destroyed.items() if now - at < LISTED_FOR} | {key.kid: now}
        self._put("destroyed", json.dumps({kid: at.isoformat() for kid, at in listed.items()}).encode())
        self._destroyed = listed
        (self._directory / f"{key.kid}.key").unlink(missing_ok=True)
        self._sync_directory()
        del self._keys[key.kid]

    def _read_destroyed(self) -> dict[str, datetime]:
        file = self._directory / "destroyed"
        found = json.loads(file.read_bytes()) if file.exists() else {}
        return {kid: datetime.fromisoformat(at).astimezone(UTC) for kid, at in found.items()}

    def _read_all(self) -> list[HouseKey]:
        return [self._read(path) for path in sorted(self._directory.glob("*.key"))]

    def _read(self, path: Path) -> HouseKey:
        box = path.read_bytes()
        found = json.loads(self._root.decrypt(box[:12], box[12:], path.stem.encode()))
        replaced = found["replaced_at"]
        return HouseKey(
            found["use"],
            load_key(found["jwk"]),
            datetime.fromisoformat(found["made_at"]).astimezone(UTC),
            datetime.fromisoformat(replaced).astimezone(UTC) if replaced else None,
        )

    def _put(self, name: str, content: bytes) -> None:
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
