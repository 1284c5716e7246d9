"""Name what may be asked of sixth."""

from dataclasses import dataclass

from shared.contract.messages.sixth import SixthSubmitted
from shared.core.actor import Command
from shared.core.event_commands import PurgeCase as PurgeCase


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit(Command):
    """Put a submission of this party on record."""

    party: str
    submission: SixthSubmitted
