"""Store case keys: one file per key, outside PostgreSQL and its backups; made, given and destroyed here.

A key is 32 random bytes, wrapped (AES-256-GCM) by the root key and bound to house and case. Neither file
names nor registers hold a case id, only a keyed mark of it.

The directory holds:

- `keys/<0..f>/<mark>`: a wrapped key;
- `made`: the mark of every key that was ever handed out. It tells "never was" from "is not there now";
- `erased`: the erasure ledger, mark and time of every key that was destroyed;
- `check`: decrypts only under the root key and for the house that everything here was made under;
- `lock`: taken while anything is looked up or changed, so that two processes see one order of things.

What a crash can leave, and why nothing is lost or comes back:

- A key is handed out only when its content, its name and its mark in `made` are on disk. Content is fsynced
  file by file *before* the file gets its name, so a file that can be seen is whole. The names of one call are
  then made durable by one fsync per directory instead of one per file: that is safe because until it has
  happened no key of the call has left this module, so a crash before it loses only keys that nobody has.
  A file that was named but not yet marked is fsynced and marked by whoever finds it.
- Destroying is unlink, fsync of the directory, line in the ledger. After a crash between the two the mark is
  in `made` and not in `erased`: such a key is *unavailable*, is not made again, and destroying it once more
  ends what was begun. Nothing without a line in the ledger is ever called erased.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.crypto.case_key_client import KeyStatus
from shared.crypto.house_keys import KeyDirectoryDamaged
from shared.ids import keyed_hash

log = structlog.get_logger()
SHARDS = "0123456789abcdef"
DRAFT = ".new"
SYNCS_AT_ONCE = 8
_NONCE = 12  # bytes

Answer = tuple[KeyStatus, bytes | None]


class KeyStoreDamaged(KeyDirectoryDamaged):
    """Report damage of the directory of case keys."""


class KeyStore:
    """Hold the keys of one house. Blocking file work: call it in a thread. Any `OSError` means "not now".

    `at` is called with the name of each step that a crash could follow; tests end their process there.
    """

    def __init__(
        self, directory: Path, root_key: bytes, house: str, *, at: Callable[[str], None] = lambda step: None
    ) -> None:
        self._keys = directory / "keys"
        self._root, self._wrap, self._house, self._at = root_key, AESGCM(root_key), house, at
        self._mutex = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._made = _Register(directory / "made")
        self._erased = _Register(directory / "erased")
        with self._alone(ready=False):
            self._prepare(directory)
            self._refresh()
            self._sweep()

    def get_many(self, case_ids: Iterable[str], *, make: bool) -> dict[str, Answer]:
        """Return the key per case, or why there is none; with `make`, keys that never were are made."""
        with self._alone():
            answers = {case: self._read(case) for case in case_ids}
            if make:
                never = [case for case, (status, _) in answers.items() if status is KeyStatus.UNKNOWN]
                answers |= self._make(never) if never else {}
            self._finish([self._mark(case) for case, (_, key) in answers.items() if key is not None])
            return answers

    def counted(self) -> tuple[int, int]:
        """Return how many keys were ever handed out, and how many of those are in the erasure ledger."""
        with self._alone():
            return len(self._made), len(self._erased)

    def destroy(self, case_id: str, when: datetime) -> None:
        """Make the key of this case gone for good; harmless to repeat, and resumes after a crash."""
        mark = self._mark(case_id)
        with self._alone():
            file = self._file(mark)
            file.unlink(missing_ok=True)
            self._at("unlinked")
            _sync_directory(file.parent)
            self._at("unlink-synced")
            if mark not in self._erased:
                self._erased.append([f"{mark} {when.isoformat()}"])
            self._at("recorded")

    # --- one key ----------------------------------------------------------------------------------

    def _mark(self, case_id: str) -> str:
        return keyed_hash(self._root, "case-key", self._house, case_id).hex()

    def _file(self, mark: str) -> Path:
        return self._keys / mark[0] / mark

    def _read(self, case_id: str) -> Answer:
        mark = self._mark(case_id)
        if mark in self._erased:
            return KeyStatus.ERASED, None
        try:
            return KeyStatus.READY, self._unwrapped(case_id, self._file(mark).read_bytes())
        except FileNotFoundError:
            return (KeyStatus.UNAVAILABLE if mark in self._made else KeyStatus.UNKNOWN), None
        except (OSError, InvalidTag, ValueError) as error:
            log.error("case-key-unavailable", kind=type(error).__name__)
            return KeyStatus.UNAVAILABLE, None

    def _wrapped(self, case_id: str, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._wrap.encrypt(nonce, key, self._place(case_id))

    def _unwrapped(self, case_id: str, box: bytes) -> bytes:
        return self._wrap.decrypt(box[:_NONCE], box[_NONCE:], self._place(case_id))

    def _place(self, case_id: str) -> bytes:
        return "\x1f".join((self._house, case_id)).encode()

    # --- many keys --------------------------------------------------------------------------------

    def _make(self, case_ids: list[str]) -> Mapping[str, Answer]:
        """Write whole files first, then their names; `_finish` makes the names durable."""
        keys = {case: os.urandom(32) for case in case_ids}
        files = {case: self._file(self._mark(case)) for case in keys}
        for case, key in keys.items():
            _write(files[case].with_suffix(DRAFT), self._wrapped(case, key))
        self._at("written")
        _sync_all([file.with_suffix(DRAFT) for file in files.values()])
        self._at("written-synced")
        for file in files.values():
            file.with_suffix(DRAFT).rename(file)
        self._at("named")
        return {case: (KeyStatus.READY, key) for case, key in keys.items()}

    def _finish(self, marks: list[str]) -> None:
        """Make names and marks durable before their keys are handed out."""
        fresh = [mark for mark in dict.fromkeys(marks) if mark not in self._made]
        for directory in sorted({self._file(mark).parent for mark in fresh}):
            _sync_directory(directory)
        self._at("names-synced")
        if fresh:
            self._made.append(fresh)
        self._at("marked")

    # --- the directory ----------------------------------------------------------------------------

    @contextmanager
    def _alone(self, *, ready: bool = True) -> Iterator[None]:
        """Lock out every other thread and process, and read what they added to both registers."""
        with self._mutex:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            try:
                if ready:
                    self._refresh()
                yield
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _refresh(self) -> None:
        self._made.refresh()
        self._erased.refresh()

    def _prepare(self, directory: Path) -> None:
        """Make the parts at first use, `made` last; afterwards a missing part is damage and no first use."""
        parts = [self._keys / shard for shard in SHARDS]
        check = directory / "check"
        if self._made.exists():
            if not (all(part.is_dir() for part in parts) and self._erased.exists() and check.exists()):
                raise KeyStoreDamaged("a part of the key directory is missing")
            self._same_root(check)
            return
        if self._erased.lines() or any(part.is_dir() and any(part.iterdir()) for part in parts):
            raise KeyStoreDamaged("the register of keys is missing")
        for part in (self._keys, *parts):
            part.mkdir(exist_ok=True, mode=0o700)
        _write(check, self._wrapped("", b""))
        _sync(check)
        self._erased.create()
        self._made.create()
        for made in (self._keys, directory, directory.parent):
            _sync_directory(made)

    def _same_root(self, check: Path) -> None:
        """Check root key and house: under others every key would seem never made, and be made anew."""
        try:
            self._unwrapped("", check.read_bytes())
        except (InvalidTag, ValueError):
            raise KeyStoreDamaged("the keys were wrapped by another root key or for another house") from None

    def _sweep(self) -> None:
        """Delete drafts of a call that ended half-way, and keys a restored backup brought back (F23)."""
        for shard in SHARDS:
            for file in (self._keys / shard).iterdir():
                if file.suffix == DRAFT or file.name in self._erased:
                    file.unlink()
            _sync_directory(self._keys / shard)


class _Register:
    """Append lines that begin with a mark to a file; a line that a crash tore off does not count."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._marks: set[str] = set()
        self._read = 0  # bytes of whole lines read so far

    def __contains__(self, mark: str) -> bool:
        return mark in self._marks

    def __len__(self) -> int:
        return len(self._marks)

    def exists(self) -> bool:
        return self._path.exists()

    def lines(self) -> int:
        return len(self._path.read_bytes().splitlines()) if self.exists() else 0

    def create(self) -> None:
        _write(self._path, b"")
        _sync(self._path)

    def refresh(self) -> None:
        """Read what was added since; raises `OSError` when the file is gone or shorter than it was."""
        with self._path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < self._read:
                raise OSError("a register of keys has shrunk")
            file.seek(self._read)
            added = file.read()
        whole = added[: added.rfind(b"\n") + 1]
        self._take(whole)

    def append(self, lines: list[str]) -> None:
        """Write lines to disk before this returns; what was torn off before is overwritten."""
        text = "".join(f"{line}\n" for line in lines).encode()
        with self._path.open("r+b") as file:
            file.truncate(self._read)
            file.seek(self._read)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self._take(text)

    def _take(self, whole: bytes) -> None:
        self._marks.update(line.split()[0].decode("ascii") for line in whole.splitlines())
        self._read += len(whole)


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_all(paths: list[Path]) -> None:
    """Fsync each of them, several at a time: the file system writes its own journal once for many."""
    with ThreadPoolExecutor(SYNCS_AT_ONCE) as pool:
        list(pool.map(_sync, paths))


_sync_directory = _sync
