"""A planted bug: what it changes, which tests must see it, and which clauses it leaves unguarded."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Bug:
    """In `file`, `good` stands once and becomes `bad`; `tests` are the files or tests that must then fail.

    `clauses` are those of docs/rules.toml whose guard it takes away: of each, one of `tests` that bears its
    marker must fail.
    """

    name: str
    file: str
    good: str
    bad: str
    tests: tuple[str, ...]
    clauses: tuple[str, ...] = ()

    def planted(self, copy: Path) -> str:
        """Return the text of its file in a copy of the code with the bug in it.

        Raises `ValueError` when the code has changed and the bug no longer fits.
        """
        code = (copy / self.file).read_text()
        if code.count(self.good) != 1:
            raise ValueError(f"{self.name}: its line stands {code.count(self.good)} times in {self.file}")
        return code.replace(self.good, self.bad)
