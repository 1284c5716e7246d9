"""Telling what was observed, in plain English, and keeping the count for the table at the end."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


class StoryFailed(Exception):
    """Something was observed that should not be, or not observed that should; the argument says which."""


@dataclass(slots=True)
class Telling:
    """The story as it happens; nothing is told that was not observed."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    chapter: str = ""
    lines: list[dict[str, Any]] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def begin(self, chapter: str) -> None:
        """A new chapter."""
        self.chapter = chapter
        self.console.print(f"\n[bold]{chapter}[/bold]")

    def tell(self, sentence: str, *, sent: str | None = None) -> None:
        """Something happened; `sent` names the message or request that had this effect."""
        self._add("effect" if sent else "seen", sentence, sent=sent)
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
        """What was sent, what had which effect, what was refused."""
        table = Table("chapter", "messages and requests with an effect", "seen", "refused", title="The story")
        for chapter in dict.fromkeys(line["chapter"] for line in self.lines):
            own = [line for line in self.lines if line["chapter"] == chapter]
            sent = sorted({line["sent"] for line in own if line.get("sent")})
            refusals = [f"{line['name']} ({line['rule']})" for line in own if line["kind"] == "refused"]
            seen = sum(line["kind"] == "seen" for line in own)
            table.add_row(chapter, ", ".join(sent), str(seen), ", ".join(dict.fromkeys(refusals)))
        return table

    def write(self, file: Path, **more: Any) -> None:
        """The same as JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"lines": self.lines, **more}, indent=1, ensure_ascii=False))

    def _add(self, kind: str, sentence: str, **more: Any) -> None:
        seconds = round(time.monotonic() - self.started, 2)
        known = {name: value for name, value in more.items() if value is not None}
        line = {"chapter": self.chapter, "at": seconds, "kind": kind, "sentence": sentence, **known}
        self.lines.append(line)
