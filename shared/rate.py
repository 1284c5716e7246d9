"""Bound how often something may happen, by key: token buckets in memory of bounded size."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

ROUNDING = 1e-6  # tokens


@dataclass(slots=True)
class Rate:
    """Let each key spend `per_second` tokens a second on average, and at most `burst` of them at once.

    At most `most` keys are remembered; the one that spent longest ago is forgotten first, and has a full
    bucket again.
    """

    per_second: float
    burst: float
    most: int = 10_000
    now: Callable[[], float] = time.monotonic
    _full_at: dict[str, float] = field(default_factory=dict)

    def left(self, key: str) -> float:
        """Return how many tokens the key may spend now; below zero after it spent more than there were."""
        return self.burst - max(0.0, self._full_at.get(key, 0.0) - self.now()) * self.per_second

    def wait(self, key: str, tokens: float = 1) -> float:
        """Return in how many seconds the key may spend so many tokens; 0 is now."""
        lacking = tokens - self.left(key)
        return lacking / self.per_second if lacking > ROUNDING else 0.0

    def spend(self, key: str, tokens: float = 1) -> None:
        """Spend tokens, also those that are not there yet."""
        full_at = max(self._full_at.pop(key, 0.0), self.now())
        self._full_at[key] = full_at + tokens / self.per_second
        if len(self._full_at) > self.most:
            del self._full_at[next(iter(self._full_at))]

    def take(self, key: str, tokens: float = 1) -> float:
        """Spend the tokens if they are there and return 0; else return the wait in seconds."""
        wait = self.wait(key, tokens)
        if not wait:
            self.spend(key, tokens)
        return wait


@dataclass(slots=True)
class AtOnce:
    """Count how many of each key are under way; never more than `most`."""

    most: int
    _under_way: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def one(self, key: str) -> Iterator[bool]:
        """Count one more of the key while the block runs; yield whether there was room for it."""
        if self._under_way[key] >= self.most:
            yield False
            return
        self._under_way[key] += 1
        try:
            yield True
        finally:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
