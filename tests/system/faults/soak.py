"""Run `python -m tests.system.faults.soak [--rounds N] [--hours H]`: each commit's figures, repeatedly.

Each round is a seeded history of kills in a load of cases, malformed messages, erasures that die at each
step, a backup put back, and a search of all files. It ends at the first round in which something is wrong,
with its seed, which belongs into a regression test. A page shows what it was like.
"""

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.postgres import RefusedByPostgres
from deploy.local.servers import EMBEDDED
from tests.story.left import rows_of
from tests.system.faults import figures
from tests.system.faults.load import Scene
from tests.system.faults.page import Sample, page
from tests.system.faults.sizes import CASES, MALFORMED, ROUNDS, SEED
from tests.system.faults.stage import house_to_break, on_stage
from tests.system.faults.trouble import Trouble

ROOT = Path(__file__).parents[3]
EVERY = 2.0  # seconds between two samples


@dataclass
class Diary:
    """Record a soak, from its beginning."""

    scene: Scene
    began: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)
    parts: list[tuple[float, str]] = field(default_factory=list)
    histories: list[Trouble] = field(default_factory=list)
    settled: int = 0  # messages of the rounds that are over

    async def keep(self) -> None:
        """Sample until cancelled."""
        while True:
            self.samples.append(await asyncio.to_thread(self._look))
            await asyncio.sleep(EVERY)

    @property
    def kills(self) -> int:
        return sum(len(victims) for trouble in self.histories for victims in trouble.killed)

    @property
    def messages(self) -> int:
        return self.settled + len(self.scene.ledger.sent)

    def round_is_over(self) -> None:
        """Forget its messages, which came out right."""
        self.settled = self.messages
        self.scene.forget()

    def _look(self) -> Sample:
        ledger = self.scene.ledger
        unanswered = len(ledger.lost())
        try:
            unsent: int | None = sum(rows_of(self.scene.env, "outbox").values())
        except RefusedByPostgres:
            unsent = None
        at = time.monotonic() - self.began
        return Sample(at, self.messages - unanswered, unanswered, unsent, self.kills)

    def begins(self, part: str) -> None:
        """Note that from now on this is going on."""
        self.parts.append((time.monotonic() - self.began, part))

    def page(self, verdict: str) -> str:
        histories = [(trouble.seed, trouble.killed) for trouble in self.histories]
        return page(verdict, self.samples, self.parts, histories, messages=self.messages, kills=self.kills)


async def soak(scene: Scene, diary: Diary, rounds: int, hours: float) -> str:
    """Run it and return the verdict; raises what a round found."""
    number = 0
    while number < rounds and time.monotonic() - diary.began < hours * 3600:
        trouble = Trouble(scene.rig, SEED + number, ROUNDS)
        diary.histories.append(trouble)
        print(f"round {number + 1}, seed {trouble.seed}", flush=True)
        diary.begins("random kills")
        await figures.random_kills(scene, trouble, CASES)
        diary.begins("malformed messages")
        await figures.malformed(scene, MALFORMED, trouble.seed)
        diary.begins("erasures")
        await figures.erasures(scene, CASES)
        diary.begins("a backup put back")
        with tempfile.TemporaryDirectory() as directory:
            await figures.backup_put_back(scene, Path(directory), CASES // 3)
        diary.begins("all files searched")
        with tempfile.TemporaryDirectory() as directory:
            await figures.silence(scene, Path(directory))
        diary.round_is_over()
        number += 1
    rounds_of = "1 round" if number == 1 else f"{number:,} rounds"
    return (
        f"{rounds_of} of {CASES} cases and {MALFORMED:,} malformed messages: nothing lost, nothing doubled."
    )


async def main(rounds: int, hours: float, report: Path) -> None:
    with tempfile.TemporaryDirectory() as directory, house_to_break(Path(directory), EMBEDDED) as rig:
        async with on_stage(rig) as scene:
            diary, verdict = Diary(scene), "Failed: see the last history."
            keeping = asyncio.create_task(diary.keep())
            try:
                verdict = await soak(scene, diary, rounds, hours)
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)
                await asyncio.to_thread(write, report, diary.page(verdict))
                print(f"{verdict}\n{report}")


def write(report: Path, page: str) -> None:
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.system.faults.soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000_000)
    parser.add_argument("--hours", type=float, default=24.0)
    asked = parser.parse_args()
    asyncio.run(main(asked.rounds, asked.hours, ROOT / ".local" / "soak" / "report.html"))
