"""Define how much of each long test is done: what a commit can bear, or the environment's (`make soak`)."""

import os


def size(name: str, each_commit: int) -> int:
    """Return a whole number from the environment, else this default."""
    return int(os.environ.get(f"ZVH_FAULTS_{name}", each_commit))


ROUNDS = size("ROUNDS", 10)  # of three kills each
CASES = size("CASES", 50)
SEED = size("SEED", 20261125)
REPLAYS = size("REPLAYS", 10)
REPLAYED = size("REPLAYED", 300)  # the last so many records
MALFORMED = size("MALFORMED", 5_000)
