"""Show the steps of a command on a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console


def shown_on(console: Console) -> Callable[[str], AbstractContextManager[None]]:
    """Return a step that shows its name while it runs, and its duration in seconds when it is done."""

    @contextmanager
    def shown(name: str) -> Iterator[None]:
        began = time.monotonic()
        with console.status(name):
            yield
        console.print(f"[green]done[/] {name} [dim]{time.monotonic() - began:.1f} s[/]")

    return shown
