"""Remember when each loop that never ends last turned: one that waits for work turns, a dead one does not."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Turns:
    """Hold the last turn of each loop of this process, by its name."""

    _at: dict[str, float] = field(default_factory=dict)

    def expect(self, *loops: str) -> None:
        """Begin to watch these loops, which count as having turned just now."""
        for loop in loops:
            self.turned(loop)

    def turned(self, loop: str) -> None:
        """Note that the loop has come round, or is at its next step."""
        self._at[loop] = time.monotonic()

    def seconds_since(self) -> dict[str, float]:
        """Return for each loop how many seconds ago its last turn was."""
        now = time.monotonic()
        return {loop: now - at for loop, at in self._at.items()}
