"""`python -m tests.faults.soak [--rounds N] [--hours H]`: the figures of each commit, again and again.

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
from typing import NamedTuple

import jinja2

from deploy.local.postgres import RefusedByPostgres
from deploy.local.servers import EMBEDDED
from deploy.story.left import rows_of
from tests.faults import figures
from tests.faults.load import Scene
from tests.faults.sizes import CASES, MALFORMED, ROUNDS, SEED
from tests.faults.stage import house_to_break, on_stage
from tests.faults.trouble import Trouble

ROOT = Path(__file__).parents[2]
EVERY = 2.0  # seconds between two samples
WIDTH, HEIGHT = 900, 160

PAGE = jinja2.Template(
    """<!doctype html><html lang="en"><meta charset="utf-8"><title>Soak</title>
<style>body{font:16px sans-serif;max-width:60rem;margin:2rem auto}svg{background:#f4f4f4;width:100%}
polyline{fill:none;stroke:#154273}line{stroke:#c00;opacity:.4}</style>
<h1>Soak</h1><p>{{ verdict }}</p>
<p>{{ kills }} random kills in {{ minutes }} minutes; {{ messages }} messages in order, each with one effect
or one refusal, or not yet answered when this was written. Red lines are random kills.</p>
{% for plot in plots %}<h2>{{ plot.title }}, at most {{ plot.most }}</h2>
<svg viewBox="0 0 {{ width }} {{ height }}" role="img" aria-label="{{ plot.title }}">
{% for x in killed %}<line x1="{{ x }}" x2="{{ x }}" y1="0" y2="{{ height }}"/>{% endfor %}
<polyline points="{{ plot.points }}"/></svg>{% endfor %}
<h2>Histories</h2><ol>{% for history in histories %}<li>{{ history }}</li>{% endfor %}</ol></html>
""",
    autoescape=True,
)


class Sample(NamedTuple):
    """What could be counted at one moment; `unsent` is missing while the database is away."""

    at: float
    answered: int
    unanswered: int
    unsent: int | None
    kills: int


@dataclass
class Diary:
    """What a soak was like, from its beginning."""

    scene: Scene
    began: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)
    histories: list[Trouble] = field(default_factory=list)
    settled: int = 0  # messages of the rounds that are over

    async def keep(self) -> None:
        """Until cancelled."""
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
        """Its messages came out right, and need not be kept."""
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

    def page(self, verdict: str) -> str:
        steps = list(zip(self.samples, self.samples[1:], strict=False))
        last = max((sample.at for sample in self.samples), default=1.0)
        lines = {
            "Throughput, messages answered per second": [
                (b.at, (b.answered - a.answered) / (b.at - a.at)) for a, b in steps
            ],
            "Lag, messages sent and not yet answered": [(s.at, float(s.unanswered)) for s in self.samples],
            "Outbox depth, letters": [(s.at, float(s.unsent)) for s in self.samples if s.unsent is not None],
            "Kills so far": [(s.at, float(s.kills)) for s in self.samples],
        }
        page: str = PAGE.render(
            verdict=verdict,
            kills=self.kills,
            minutes=round(last / 60),
            messages=self.messages,
            plots=[_plot(title, line, last) for title, line in lines.items()],
            killed=[round(b.at / last * WIDTH) for a, b in steps if b.kills > a.kills],
            histories=self.histories,
            width=WIDTH,
            height=HEIGHT,
        )
        return page


def _plot(title: str, line: list[tuple[float, float]], last: float) -> dict[str, str]:
    most = max((value for _, value in line), default=0.0) or 1.0
    points = " ".join(f"{at / last * WIDTH:.1f},{HEIGHT - value / most * HEIGHT:.1f}" for at, value in line)
    return {"title": title, "most": f"{most:.0f}", "points": points}


async def soak(scene: Scene, diary: Diary, rounds: int, hours: float) -> str:
    """The verdict; raises what a round found."""
    number = 0
    while number < rounds and time.monotonic() - diary.began < hours * 3600:
        trouble = Trouble(scene.rig, SEED + number, ROUNDS)
        diary.histories.append(trouble)
        print(f"round {number + 1}, seed {trouble.seed}", flush=True)
        await figures.random_kills(scene, trouble, CASES)
        await figures.malformed(scene, MALFORMED, trouble.seed)
        await figures.erasures(scene, CASES)
        with tempfile.TemporaryDirectory() as directory:
            await figures.backup_put_back(scene, Path(directory), CASES // 3)
        with tempfile.TemporaryDirectory() as directory:
            await figures.silence(scene, Path(directory))
        diary.round_is_over()
        number += 1
    return (
        f"{number} rounds of {CASES} cases and {MALFORMED} malformed messages: nothing lost, nothing doubled."
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
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1_000_000)
    parser.add_argument("--hours", type=float, default=24.0)
    asked = parser.parse_args()
    asyncio.run(main(asked.rounds, asked.hours, ROOT / ".local" / "soak" / "report.html"))
