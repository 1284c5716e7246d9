"""Telling what was observed, in plain English, and keeping the count for the table at the end."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

TOOK_EFFECT = "took effect"


class StoryFailed(Exception):
    """Something was observed that should not be, or not observed that should; the argument says which."""


@dataclass(slots=True)
class Telling:
    """The story as it happens; nothing is told that was not observed."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    chapter: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def begin(self, chapter: str) -> None:
        """A new chapter."""
        self.chapter = chapter
        self.console.print(f"\n[bold]{chapter}[/bold]")

    def count(self, chapter: str, what: str, became: str) -> None:
        """A message or request went out in that chapter, and this is how it was answered."""
        self.sent.append((chapter, what, became))

    def tell(self, sentence: str) -> None:
        """Something was observed."""
        self._add("seen", sentence)
        self.console.print(f"  [green]+[/green] {sentence}")

    def refused(self, what: str, name: str, rule: str, article: str) -> None:
        """Something was refused, under this rule."""
        self._add("refused", what, name=name, rule=rule, article=article)
        self.console.print(
            f"  [yellow]x[/yellow] {what}: [yellow]refused[/yellow], {name} ({rule}, {article})"
        )

    def check(self, holds: bool, sentence: str) -> None:
        """Tell it if it holds, else stop the story here."""
        if not holds:
            raise StoryFailed(f"{self.chapter}: this should hold and does not: {sentence}")
        self.tell(sentence)

    def table(self) -> Table:
        """What was sent, what took effect, what was refused; one row a chapter."""
        table = Table("chapter", "sent", "took effect", "refused", "under", title="The story")
        for chapter in dict.fromkeys(chapter for chapter, _, _ in self.sent):
            own = [(what, became) for at, what, became in self.sent if at == chapter]
            effect = sum(became == TOOK_EFFECT for _, became in own)
            refusals = [
                line for line in self.lines if line["chapter"] == chapter and line["kind"] == "refused"
            ]
            rules = ", ".join(dict.fromkeys(line["rule"] for line in refusals))
            table.add_row(chapter, str(len(own)), str(effect), str(len(own) - effect), rules)
        return table

    def messages(self) -> dict[str, dict[str, int]]:
        """How often each message or request was sent, and how it was answered."""
        counts: dict[str, dict[str, int]] = {}
        for _, what, became in self.sent:
            own = counts.setdefault(what, {})
            own[became] = own.get(became, 0) + 1
        return counts

    def write(self, file: Path, **more: Any) -> None:
        """The same as JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        told = {"lines": self.lines, "sent": self.messages(), **more}
        file.write_text(json.dumps(told, indent=1, ensure_ascii=False))

    def _add(self, kind: str, sentence: str, **more: Any) -> None:
        seconds = round(time.monotonic() - self.started, 2)
        known = {name: value for name, value in more.items() if value is not None}
        line = {"chapter": self.chapter, "at": seconds, "kind": kind, "sentence": sentence, **known}
        self.lines.append(line)
