"""Draw the state diagram of each service from its table of transitions, into its README."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from docs.generate.tree import ROOT, load

BEGIN, END = "<!-- state-diagram -->", "<!-- /state-diagram -->"
Transitions = Mapping[tuple[StrEnum, type], StrEnum]


def diagram(transitions: Transitions, first: StrEnum) -> str:
    """Draw a mermaid state diagram; what leads to one phase from every other is drawn once."""
    phases = list(type(first))
    transitions = _in_order(transitions, phases)
    everywhere = _from_every_phase(transitions, phases)
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{p.value}" as {_name(p)}' for p in phases if p is not first and "-" in p.value]
    for (source, event), target in transitions.items():
        if (event, target) not in everywhere and source is not target:
            lines.append(f"    {_start(source, first)} --> {_name(target)} : {event.__name__}")
    if everywhere:
        lines.append('    state "any phase" as any_phase')
        lines += [f"    any_phase --> {_name(target)} : {event.__name__}" for event, target in everywhere]
    leaving = {source for (source, event), target in transitions.items() if source is not target}
    lines += [f"    {_name(p)} --> [*]" for p in phases if p not in leaving and p in transitions.values()]
    return "\n".join(lines)


def _in_order(transitions: Transitions, phases: list[StrEnum]) -> Transitions:
    """Sort transitions by phase: a table may be made from a set, which has no order."""
    places = {phase: place for place, phase in enumerate(phases)}
    ordered = sorted(transitions, key=lambda move: (places[move[0]], places[transitions[move]], str(move[1])))
    return {move: transitions[move] for move in ordered}


def _from_every_phase(transitions: Transitions, phases: list[StrEnum]) -> list[tuple[type, StrEnum]]:
    found: dict[tuple[type, StrEnum], set[StrEnum]] = {}
    for (source, event), target in transitions.items():
        found.setdefault((event, target), set()).add(source)
    return [key for key, sources in found.items() if sources | {key[1]} == set(phases)]


def _start(phase: StrEnum, first: StrEnum) -> str:
    return "[*]" if phase is first else _name(phase)


def _name(phase: StrEnum) -> str:
    return phase.value.replace("-", "_")


def with_diagram(readme: str, drawn: str) -> str:
    """Return the README with its diagram between the markers; raises ValueError when one is missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"has no place for the diagram: put {BEGIN} and {END} into it")
    return f"{before}{BEGIN}\n```mermaid\n{drawn}\n```\n{END}{after}"


def readme_of(service: str) -> Path:
    """Return the path of the service's README."""
    return ROOT / "services" / service / "README.md"


def diagram_of(service: str) -> str:
    """Draw the diagram of a service."""
    process = load(service, "process")
    first: StrEnum = load(service, "main").PROCESS.empty.phase
    return diagram(process.TRANSITIONS, first)
