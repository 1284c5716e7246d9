"""Measure one program alone, from its first record in hand to its last answer on the broker."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import floor, ours, tutorial
from bench.load import OutboxMessage, Query
from bench.place import Cpu, TestBed
from deploy.machine.process import Process, is_running, last_lines
from shared.runtime.settings import Settings

STARTS_WITHIN, ENDS_WITHIN = 60.0, 600.0  # seconds


@dataclass(frozen=True, slots=True)
class Variant:
    """Describe one of the programs; `handled` counts in its database what had its effect."""

    name: str
    module: str
    prepare: Callable[[Settings, Path, Sequence[Query]], Coroutine[Any, Any, None]]
    handled: Callable[[Settings], Coroutine[Any, Any, int]]


FLOOR = Variant("floor", "bench.floor", floor.prepare, floor.handled)
OURS = Variant("ours", "bench.ours", ours.prepare, ours.handled)
TUTORIAL = Variant("tutorial", "bench.tutorial", tutorial.prepare, tutorial.handled)


@dataclass(frozen=True, slots=True)
class Run:
    """Hold what one run took."""

    variant: str
    plain: bool
    messages: int
    seconds: float
    cpu: Cpu

    @property
    def rate(self) -> float:
        return self.messages / self.seconds


class WentWrong(Exception):
    """Report that the program ended, stood still, or did something else than was measured."""


def measure(
    place: TestBed,
    variant: Variant,
    queries: Sequence[Query],
    letters: Sequence[OutboxMessage],
    *,
    plain: bool,
    more: Sequence[str | Path] = (),
) -> Run:
    """Run the program once and time it; raises `WentWrong`."""
    with place.database(plain=plain) as settings:
        asyncio.run(variant.prepare(settings, place.parties_file, queries))
        place.fill(letters, plain=plain)
        before = place.answers(plain=plain)
        note = place.layout.directory / "began.json"
        note.unlink(missing_ok=True)
        arguments = ["--parties", place.parties_file, "--began", note, *(["--plain"] if plain else []), *more]
        log = place.layout.log(variant.module)
        with place.program(variant.module, settings, arguments) as program:
            _wait(note.exists, program, log, STARTS_WITHIN, every=0.01)
            cpu_before = place.cpu(program)
            began = json.loads(note.read_text())
            goal = before + len(letters)
            _wait(
                lambda: place.answers(plain=plain) >= goal,
                program,
                log,
                ENDS_WITHIN,
                every=0.1,
            )
            cpu = place.cpu(program).since(cpu_before)
            seconds = place.last_answer_at(plain=plain) - began["at"]
        handled = asyncio.run(variant.handled(settings))
    if handled != len(letters):
        raise WentWrong(f"{variant.name}: {handled} of {len(letters)} had their effect")
    return Run(variant.name, plain, len(letters), seconds, cpu)


@contextmanager
def serving(place: TestBed, queries: Sequence[Query]) -> Iterator[None]:
    """Start triage with its cryptography, ready to be written to."""
    with place.database(plain=False) as settings:
        asyncio.run(ours.prepare(settings, place.parties_file, queries))
        place.fill([], plain=False)
        note, log = place.layout.directory / "began.json", place.layout.log(OURS.module)
        arguments: list[str | Path] = ["--parties", place.parties_file, "--began", note]
        with place.program(OURS.module, settings, arguments) as program:
            _wait(place.service_is_ready, program, log, STARTS_WITHIN, every=0.1)
            yield


def _wait(done: Callable[[], bool], program: Process, log: Path, seconds: float, *, every: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if not is_running(program):
            raise WentWrong(f"the program ended:\n{last_lines(log)}")
        if time.monotonic() > deadline:
            raise WentWrong(f"no end after {seconds:.0f} s:\n{last_lines(log)}")
        time.sleep(every)
