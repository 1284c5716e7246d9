"""Print what was observed, in plain English, and count it for the tables at the end."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

TOOK_EFFECT = "took effect"
SEEN = "seen"
WITHIN = 70.0  # seconds; what must come has come by then, also when a server was away for half of them


class StoryFailed(Exception):
    """Raised with what was observed and should not be, or was not observed and should."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Hold the name of a refusal, its rule and article; `of` names what was refused."""

    of: str
    name: str
    rule: str
    article: str


@dataclass(slots=True)
class Telling:
    """Record the story as it happens; nothing is told that was not observed."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    chapter: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def begin(self, chapter: str) -> None:
        """Begin a new chapter."""
        self.chapter = chapter
        self.console.print(f"\n[bold]{chapter}[/bold]")

    def count(self, what: str, became: str) -> None:
        """Count a message, a request or a look, and how it was answered."""
        self.sent.append((self.chapter, what, became))

    def tell(self, sentence: str, **counted: dict[str, int]) -> None:
        """Tell that something was observed, with what was counted."""
        self._add("seen", sentence, **counted)
        self.console.print(f"  [green]+[/green] {sentence}", *counted.values())

    def check(self, holds: bool, sentence: str, **counted: dict[str, int]) -> None:
        """Tell it if it holds, else stop the story here."""
        self.must(holds, f"{sentence} {counted or ''}".rstrip())
        self.tell(sentence, **counted)

    def must(self, hold: bool, sentence: str) -> None:
        """Stop the story here if this, a part of what is told next, does not hold."""
        if not hold:
            raise StoryFailed(f"this should hold and does not: {sentence}")

    def refused(self, what: str, refusal: Refusal, rule: str) -> None:
        """Tell a refusal, which must rest on exactly this rule."""
        if refusal.rule != rule:
            raise StoryFailed(f"{what}: refused under {refusal.rule} ({refusal.name}) instead of {rule}")
        self.count(refusal.of, refusal.name)
        self._add("refused", what, name=refusal.name, rule=rule, article=refusal.article)
        because = f"{refusal.name} ({rule}, {refusal.article})"
        self.console.print(f"  [yellow]x[/yellow] {what}: [yellow]refused[/yellow], {because}")

    # --- at the end -------------------------------------------------------------------------------

    def table_of_chapters(self) -> Table:
        """Return per chapter what was sent and seen, what took effect, and which rules refused."""
        table = Table("chapter", TOOK_EFFECT, SEEN, "refused", "under", title="The story")
        for chapter in dict.fromkeys(line["chapter"] for line in self.lines):
            own = Counter(became for at, _, became in self.sent if at == chapter)
            refusals = [line["rule"] for line in self.lines if line["chapter"] == chapter and "rule" in line]
            under = ", ".join(dict.fromkeys(refusals))
            table.add_row(chapter, str(own[TOOK_EFFECT]), str(own[SEEN]), str(len(refusals)), under)
        return table

    def table_of_messages(self) -> Table:
        """Return per kind of message, request and look how often it took effect, and how not."""
        whole = (Column(name, overflow="fold") for name in ("what was sent", TOOK_EFFECT, SEEN, "refused"))
        table = Table(*whole, title="What was sent, and what came of it")
        for what, became in sorted(self.messages().items()):
            refused = {name: n for name, n in became.items() if name not in (TOOK_EFFECT, SEEN)}
            names = ", ".join(f"{n} {name}" for name, n in refused.items())
            table.add_row(what, _shown(became.get(TOOK_EFFECT)), _shown(became.get(SEEN)), names)
        return table

    def messages(self) -> dict[str, dict[str, int]]:
        """Return how often each message, request or look was sent, and how it was answered."""
        counts: dict[str, dict[str, int]] = {}
        for _, what, became in self.sent:
            own = counts.setdefault(what, {})
            own[became] = own.get(became, 0) + 1
        return counts

    def write(self, file: Path, **more: Any) -> None:
        """Write the same as JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        told = {"lines": self.lines, "sent": self.messages(), **more}
        file.write_text(json.dumps(told, indent=1, ensure_ascii=False))

    def _add(self, kind: str, sentence: str, **more: Any) -> None:
        seconds = round(time.monotonic() - self.started, 2)
        self.lines.append(
            {"chapter": self.chapter, "at": seconds, "kind": kind, "sentence": sentence, **more}
        )


def _shown(count: int | None) -> str:
    return str(count) if count else ""
