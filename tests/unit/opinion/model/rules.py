"""Say who sees what of a case, from the covenant and the story alone: a second opinion beside the product's.

It imports nothing of the services and nothing that is shared. `seen` answers for one place where a case is
looked at: what of it this person is shown there, each under the rule that opens it; None where the person is
told that there is no such case.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from tests.unit.opinion.model.phase_1_and_2 import intake, triage
from tests.unit.opinion.model.phase_3 import table
from tests.unit.opinion.model.phase_4 import retention
from tests.unit.opinion.model.story import Story
from tests.unit.opinion.model.who import Shown, Who

Seen: TypeAlias = dict[str, str]  # thing -> the rule under which it is shown
PLACES: dict[str, Callable[[Story, Who, datetime], Shown | None]] = {
    "intake": intake,
    "triage": triage,
    "rto": table,
    "retention": retention,
}


def seen(s: Story, place: str, who: Who, now: datetime) -> Seen | None:
    """Return what this person is shown at this place, and under which rule; None for nothing at all."""
    if s.is_over(now):
        return None  # R91, R102
    shown = PLACES[place](s, who, now)
    return shown if shown is None else dict(shown)
