"""Generate the list of rules in Dutch, for who reads law and no code: per clause what the tests show."""

from collections.abc import Iterator
from pathlib import Path

from docs.generate.clauses import ALLOWED, REFUSED, Clause, Shown, Status, guards_of, shown, status_of
from docs.generate.rules import Rule, all_rules, counted, owned

HEAD = Path(__file__).parent / "convenant-head.md"
WORDS = {
    Status.KEPT: "gehouden",
    Status.BUILT: "gebouwd, nog niet bewezen",
    Status.NOT_BUILT: "niet gebouwd",
    Status.NOT_FOR_A_PROGRAM: "niet voor een programma",
}
TITLES = {
    "intake": "Aanmelding en screening",
    "triage": "Triage en voorbereiding",
    "rto": "Het rondetafeloverleg",
    "retention": "Bewaren en vernietigen",
    "governance": "Bestuur en beheer",
}
SAID = {ALLOWED: "Wel", REFUSED: "Niet"}


def document() -> str:
    """Return the text of docs/convenant.md."""
    return HEAD.read_text() + _summary() + "\n" + "\n".join(_sections()).rstrip("\n") + "\n"


def _summary() -> str:
    counts = ", ".join(f"{count} {WORDS[status]}" for status, count in counted().items())
    return f"{len(all_rules())} regels, {sum(counted().values())} zinnen: {counts}.\n"


def _sections() -> Iterator[str]:
    for service, rules in owned():
        yield f"## {TITLES[service]}\n"
        for rule in rules:
            yield from _section(rule)


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.name}\n"
    for clause in rule.clauses:
        yield f"**{clause.name}** {clause.nl} ({clause.article})\n"
        yield from _lines(clause)
        yield ""


def _lines(clause: Clause) -> Iterator[str]:
    yield f"- *{WORDS[status_of(clause)]}*{f': {clause.reason_nl}' if clause.reason_nl else ''}"
    for side in (ALLOWED, REFUSED):
        yield from (_line(one) for one in shown().get(clause.name, ()) if one.side == side)
    if bugs := guards_of(clause.name):
        yield f"- <sub>Bewaakt. Geprobeerd met: {', '.join(bugs)}</sub>"


def _line(one: Shown) -> str:
    return f"- {SAID[one.side]}: {one.sentence} <sub>[{one.test}](../{one.file})</sub>"
