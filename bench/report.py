"""Report the figures: what was measured, what was wanted, on what machine."""

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from bench.latency import Latency
from bench.measure import Run

TITLES = {"floor": "(a) floor", "ours": "(b) ours", "tutorial": "(c) tutorial"}
# name: (ours against, without cryptography, wanted)
RATIOS = {
    "ratio_to_floor": ("floor", False, 0.6),
    "ratio_to_tutorial": ("tutorial", False, 4.0),
    "ratio_to_floor_without_cryptography": ("floor", True, 0.4),
    "ratio_to_tutorial_without_cryptography": ("tutorial", True, 15.0),
}
WANTED_MS = {"latency_median_ms": 100.0, "latency_p99_ms": 300.0}


@dataclass(frozen=True, slots=True)
class Line:
    """Hold the median of the runs of one program, with or without cryptography."""

    variant: str
    plain: bool
    runs: int
    messages: int
    rate: float
    consumer_cpu: float
    kafka_cpu: float
    postgres_cpu: float


def lines(runs: Sequence[Run]) -> list[Line]:
    """Compute medians per program; processor time in seconds per 1,000 messages."""
    kinds = list(dict.fromkeys((run.variant, run.plain) for run in runs))
    return [
        _line(name, plain, [r for r in runs if (r.variant, r.plain) == (name, plain)])
        for name, plain in kinds
    ]


def _line(name: str, plain: bool, runs: Sequence[Run]) -> Line:
    def per_thousand(values: Iterable[tuple[float, int]]) -> float:
        return statistics.median(1000 * seconds / messages for seconds, messages in values)

    return Line(
        variant=name,
        plain=plain,
        runs=len(runs),
        messages=runs[0].messages,
        rate=statistics.median(run.rate for run in runs),
        consumer_cpu=per_thousand((run.cpu.consumer, run.messages) for run in runs),
        kafka_cpu=per_thousand((run.cpu.kafka, run.messages) for run in runs),
        postgres_cpu=per_thousand((run.cpu.postgres, run.messages) for run in runs),
    )


def ratios(measured: Sequence[Line]) -> dict[str, float]:
    """Compute our rate against the others, where both were measured."""
    rate = {(line.variant, line.plain): line.rate for line in measured}
    return {
        name: rate["ours", plain] / rate[against, plain]
        for name, (against, plain, _) in RATIOS.items()
        if ("ours", plain) in rate and (against, plain) in rate
    }


def processor_ratios(measured: Sequence[Line]) -> dict[str, float]:
    """Divide the floor's processor time by ours: the ratio of rates if nothing else ran here."""
    cpu = {(line.variant, line.plain): line.consumer_cpu for line in measured}
    return {
        f"processor_{name}": cpu[against, plain] / cpu["ours", plain]
        for name, (against, plain, _) in RATIOS.items()
        if ("ours", plain) in cpu and (against, plain) in cpu
    }


def as_json(measured: Sequence[Line], runs: Sequence[Run], latency: Latency | None) -> dict[str, Any]:
    """Return what bench.json holds."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **{name: round(ratio, 3) for name, ratio in ratios(measured).items()},
        **{name: round(value, 1) for name, value in _latencies(latency).items()},
        **{name: round(ratio, 3) for name, ratio in processor_ratios(measured).items()},
        "latency_messages": latency.messages if latency else 0,
        "latency_slowest_ms": round(latency.slowest, 1) if latency else None,
        "programs": [asdict(line) for line in measured],
        "runs": [asdict(run) | {"rate": run.rate} for run in runs],
        "wanted": {name: wanted for name, (_, _, wanted) in RATIOS.items()} | WANTED_MS,
        "machine": {
            "cores": os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 2**30),
            "system": platform.platform(),
            "python": platform.python_version(),
            "load_before_and_after": os.getloadavg(),
        },
    }


def _latencies(latency: Latency | None) -> dict[str, float]:
    if latency is None:
        return {}
    return {"latency_median_ms": latency.median, "latency_p99_ms": latency.p99}


def show(console: Console, measured: Sequence[Line], latency: Latency | None) -> None:
    """Print the figures as tables."""
    console.print(_rates(measured))
    console.print(_judged(measured, latency))
    for name, ratio in processor_ratios(measured).items():
        console.print(f"{name}: {ratio:.2f}")


def _rates(measured: Sequence[Line]) -> Table:
    table = Table(title="Messages a second, and processor seconds per 1,000 messages", title_justify="left")
    table.add_column("program")
    for name in ("bodies", "messages", "runs", "msg/s", "program", "Kafka", "PostgreSQL"):
        table.add_column(name, justify="right")
    for line in sorted(measured, key=lambda line: (line.plain, line.variant)):
        table.add_row(
            TITLES[line.variant],
            "plain" if line.plain else "sealed",
            f"{line.messages:,}",
            str(line.runs),
            f"{line.rate:,.0f}",
            f"{line.consumer_cpu:.3f}",
            f"{line.kafka_cpu:.3f}",
            f"{line.postgres_cpu:.3f}",
        )
    return table


def _judged(measured: Sequence[Line], latency: Latency | None) -> Table:
    table = Table(title="Against what is wanted", title_justify="left")
    table.add_column("figure")
    for name in ("measured", "wanted", ""):
        table.add_column(name, justify="right")
    for name, ratio in ratios(measured).items():
        wanted = RATIOS[name][2]
        table.add_row(name, f"{ratio:.2f}", f"at least {wanted:g}", _verdict(ratio >= wanted))
    for name, value in _latencies(latency).items():
        wanted = WANTED_MS[name]
        table.add_row(name, f"{value:.1f}", f"below {wanted:g}", _verdict(value < wanted))
    return table


def _verdict(met: bool) -> str:
    return "[green]met[/]" if met else "[red]not met[/]"
