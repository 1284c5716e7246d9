"""Run `python -m bench`: measure triage against a floor and a tutorial, on the same servers."""

import asyncio
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bench import report
from bench.latency import Latency, measure_latency
from bench.load import OutboxMessage, Query, make_letters, make_queries
from bench.measure import FLOOR, OURS, TUTORIAL, Run, Variant, WentWrong, measure, serving
from bench.place import TestBed
from deploy.local.house import House, StepFailed
from deploy.machine.process import clean_up_on_sigterm
from deploy.machine.terminal import shown_on

console = Console(highlight=False)
shown = shown_on(console)
QUERIES = 5_000


@dataclass(frozen=True, slots=True)
class Plan:
    """Set how much is measured; runs without cryptography are short and vary more, so there are more."""

    messages: int
    tutorial_messages: int
    rounds: int
    plain_rounds: int
    latency_messages: int


FULL = Plan(messages=30_000, tutorial_messages=2_000, rounds=2, plain_rounds=4, latency_messages=1_200)
QUICK = Plan(messages=6_000, tutorial_messages=500, rounds=1, plain_rounds=1, latency_messages=200)


def main(
    quick: Annotated[bool, typer.Option(help="Small counts, for development; no figures to quote.")] = False,
    rounds: Annotated[int, typer.Option(help="Runs of each program; the median counts.")] = 0,
    latency: Annotated[bool, typer.Option(help="Measure the latency too.")] = True,
    directory: Annotated[Path, typer.Option(help="Where the servers' data lie meanwhile.")] = Path(
        ".local/bench"
    ),
    result: Annotated[Path, typer.Option(help="Where the figures go.")] = Path(".local/bench.json"),
) -> None:
    """Measure, print two tables, and write the figures down."""
    clean_up_on_sigterm()
    plan = QUICK if quick else FULL
    if rounds:
        plan = replace(plan, rounds=rounds, plain_rounds=rounds)
    if directory.exists():
        House(directory).reset()
    try:
        place = TestBed(directory, shown)
    except StepFailed as failed:
        console.print(f"[red]failed[/] {escape(str(failed))}")
        raise typer.Exit(1) from None
    try:
        runs, found = _measure_all(place, plan, with_latency=latency)
    except WentWrong as wrong:
        console.print(f"[red]failed[/] {escape(str(wrong))}")
        raise typer.Exit(1) from None
    finally:
        place.close()
    measured = report.lines(runs)
    report.show(console, measured, found)
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(report.as_json(measured, runs, found), indent=2) + "\n")
    console.print(f"written to {result}")


def _measure_all(place: TestBed, plan: Plan, *, with_latency: bool) -> tuple[list[Run], Latency | None]:
    queries = make_queries(QUERIES, place.parties)
    with shown(f"{plan.messages:,} answers signed and sealed"):
        letters = make_letters(plan.messages, queries, place.env, place.sealing_jwk)
    runs = []
    for round_ in range(max(plan.rounds, plan.plain_rounds)):
        for plain in (False, True):
            if round_ >= (plan.plain_rounds if plain else plan.rounds):
                continue
            for variant in _order(round_):
                mine = letters[: plan.tutorial_messages] if variant is TUTORIAL else letters
                runs.append(_run(place, variant, queries, mine, plain=plain))
    if not with_latency:
        return runs, None
    with (
        shown(f"latency of {plan.latency_messages:,} messages, 20 a second"),
        serving(place, queries),
    ):
        return runs, asyncio.run(measure_latency(place, queries, plan.latency_messages))


def _order(round_: int) -> tuple[Variant, ...]:
    """Order the programs forwards and backwards in turn, so that none always comes first."""
    order = (FLOOR, OURS, TUTORIAL)
    return order if round_ % 2 == 0 else order[::-1]


def _run(
    place: TestBed,
    variant: Variant,
    queries: list[Query],
    letters: list[OutboxMessage],
    *,
    plain: bool,
) -> Run:
    bodies = "plain" if plain else "sealed"
    with console.status(f"{variant.name}, {bodies}"):
        run = measure(place, variant, queries, letters, plain=plain)
    console.print(f"[green]done[/] {variant.name}, {bodies}: {run.rate:,.0f} messages/s")
    return run


if __name__ == "__main__":
    typer.run(main)
