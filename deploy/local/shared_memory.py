"""Remove what a killed PostgreSQL server leaves in the kernel: one segment of System V shared memory."""

import ctypes
from contextlib import suppress
from pathlib import Path

IPC_RMID = 0
LINE = 6  # of postmaster.pid, counted from 0: the key and the number of the segment


def remove_shared_memory(data: Path) -> None:
    """Remove the segment that a dead server's `postmaster.pid` names, if it is still that one."""
    with suppress(OSError, IndexError, ValueError):
        key, number = map(int, (data / "postmaster.pid").read_text().splitlines()[LINE].split())
        kernel = ctypes.CDLL(None)
        if kernel.shmget(ctypes.c_int(key), ctypes.c_size_t(0), 0) == number:
            kernel.shmctl(number, IPC_RMID, None)
