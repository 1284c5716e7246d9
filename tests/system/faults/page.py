"""Describe a soak as one page with plots that needs no other file."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import jinja2

WIDTH, HEIGHT = 900, 150  # of a plot's field; what is written stands around it
LETTER = 5.5  # about as wide as one of a label
STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 240)  # minutes between two marks of the time
MARKS = 10  # at most

PAGE = jinja2.Template(
    """<!doctype html><html lang="en"><meta charset="utf-8"><title>Soak</title>
<style>body{font:16px/1.4 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}h2{font-size:1.1rem}
svg{width:100%}text{font:11px sans-serif;fill:#555}.other{fill:#eee}.part{fill:#f7f7f7}
polyline{fill:none;stroke:#154273;stroke-width:1.5}.kill{stroke:#c00;opacity:.4}.axis{stroke:#999}</style>
<h1>Soak</h1><p>{{ verdict }}</p>
<p>{{ kills }} random kills in {{ minutes }} minutes; {{ messages }} messages in order, each with one effect
or one refusal, or not yet answered when this was written. Red lines are random kills; malformed messages
and what they are answered are not counted as messages.</p>
{% for plot in plots %}<h2>{{ plot.title }}</h2>
<svg viewBox="-50 -14 {{ width + 70 }} {{ height + 34 }}" role="img" aria-label="{{ plot.title }}">
{% for part in parts %}<rect class="{{ loop.cycle('part', 'other') }}" x="{{ part.x }}" y="0"
width="{{ part.width }}" height="{{ height }}"/><text x="{{ part.x + 2 }}" y="-3">{{ part.label }}</text>
{% endfor %}{% for x in killed %}<line class="kill" x1="{{ x }}" x2="{{ x }}" y1="0" y2="{{ height }}"/>
{% endfor %}<line class="axis" x1="0" x2="{{ width }}" y1="{{ height }}" y2="{{ height }}"/>
<text x="-6" y="9" text-anchor="end">{{ plot.most }}</text>
<text x="-6" y="{{ height }}" text-anchor="end">0</text>
{% for mark in marks %}<text x="{{ mark.x }}" y="{{ height + 15 }}" text-anchor="middle">{{ mark.label
}}</text>
{% endfor %}<polyline points="{{ plot.points }}"/></svg>{% endfor %}
<h2>Histories</h2><p>The seed of each round, and what was killed at once, time after time.</p>
<ol>{% for seed, killed in histories %}<li>{{ seed }}: {% for victims in killed %}{{ victims | join(" + ")
}}{{ ", " if not loop.last }}{% endfor %}</li>{% endfor %}</ol></html>
""",
    autoescape=True,
)


class Sample(NamedTuple):
    """Hold what could be counted at one time (seconds); `unsent` is None while the database is away."""

    at: float
    answered: int
    unanswered: int
    unsent: int | None
    kills: int


def page(
    verdict: str,
    samples: Sequence[Sample],
    parts: Sequence[tuple[float, str]],
    histories: Sequence[tuple[int, Sequence[Sequence[str]]]],
    *,
    messages: int,
    kills: int,
) -> str:
    """Return the HTML. `parts`: when each began and its name. `histories`: seed and victims of each round."""
    steps = list(pairwise(samples))
    last = max((sample.at for sample in samples), default=1.0)
    lines = {
        "Throughput: messages answered per second": [
            (b.at, (b.answered - a.answered) / (b.at - a.at)) for a, b in steps
        ],
        "Lag: messages sent and not yet answered": [(s.at, float(s.unanswered)) for s in samples],
        "Outbox: letters not yet sent": [(s.at, float(s.unsent)) for s in samples if s.unsent is not None],
        "Kills so far": [(s.at, float(s.kills)) for s in samples],
    }

    def across(at: float) -> float:
        return round(at / last * WIDTH, 1)

    shown: str = PAGE.render(
        verdict=verdict,
        kills=kills,
        minutes=round(last / 60),
        messages=f"{messages:,}",
        plots=[_plot(title, line, across) for title, line in lines.items()],
        parts=_bands(parts, last, across),
        killed=[across(b.at) for a, b in steps if b.kills > a.kills],
        marks=[{"x": across(60.0 * minute), "label": f"{minute} min"} for minute in _minutes(last)],
        histories=histories,
        width=WIDTH,
        height=HEIGHT,
    )
    return shown


def _plot(
    title: str, line: Sequence[tuple[float, float]], across: Callable[[float], float]
) -> dict[str, str]:
    most = max((value for _, value in line), default=0.0) or 1.0
    points = " ".join(f"{across(at)},{HEIGHT - value / most * HEIGHT:.1f}" for at, value in line)
    return {"title": title, "most": f"{most:,.0f}", "points": points}


def _bands(
    parts: Sequence[tuple[float, str]], last: float, across: Callable[[float], float]
) -> list[dict[str, float | str]]:
    """Draw one band for each part; its name only where there is room for it."""
    bands: list[dict[str, float | str]] = []
    for (began, name), (ended, _) in pairwise([*parts, (last, "")]):
        x, width = across(began), round(across(ended) - across(began), 1)
        bands.append({"x": x, "width": width, "label": name if width > LETTER * len(name) else ""})
    return bands


def _minutes(last: float) -> list[int]:
    """Return whole minutes for the time axis, few enough to be read."""
    every = next((step for step in STEPS if last / 60 / step <= MARKS), STEPS[-1])
    return list(range(0, int(last / 60) + 1, every))
