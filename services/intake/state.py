"""Hold what intake knows of a case: its phase, who takes part, and the duties to inform."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem, InformMoment, Person, Theme
from shared.contract.messages.intake import Criteria, ScreeningOutcome
from shared.contract.messages.retention import Hold, Term
from shared.core.item_standing import Standings
from shared.core.mandate import Mandate
from shared.core.terms import Overdue


class Phase(StrEnum):
    """Where a case stands for intake; up to and including CONSULTED its record is provisional (R15)."""

    NOTHING = "nothing"
    RECEIVED = "received"
    CONSULTED = "consulted"
    TAKEN_UP = "taken-up"
    DEESCALATED = "deescalated"
    ARCHIVED = "archived"
    CLOSING = "closing"
    PURGED = "purged"


class DutyStatus(StrEnum):
    """Name what became of a duty to inform."""

    DUE = "due"
    POSTPONED = "postponed"
    FULFILLED = "fulfilled"


@dataclass(frozen=True, slots=True)
class Duty:
    """Hold one duty: one person, one moment (R16); `until` and `reason` only while postponed (R19)."""

    person_id: str
    moment: InformMoment
    status: DutyStatus
    until: datetime | None = None
    reason: TextRef | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Hold what intake knows of a case, without any text about anybody.

    `acting_body`, `task` and `basis` are the referral's; `led` is the mandate of who leads now (R3, R72).
    """

    phase: Phase = Phase.NOTHING
    referrer: str = ""
    leading_party: str = ""
    acting_body: str = ""
    task: str = ""
    basis: str = ""
    theme: Theme = Theme.COMPLEX_CASE
    criteria: Criteria | None = None
    director: str | None = None
    support_workers: tuple[str, ...] = ()
    assignment: int = 0
    persons: tuple[Person, ...] = ()
    items: tuple[ContributedItem, ...] = ()
    standings: Standings = ()
    weighing: TextRef | None = None
    referrer_name: TextRef | None = None
    outcome: ScreeningOutcome | None = None
    duties: tuple[Duty, ...] = ()
    overdue: Overdue | None = None
    terms: tuple[Term, ...] = ()
    holds: tuple[Hold, ...] = ()
    round: int = 0
    last_act: datetime | None = None
    led: Mandate | None = None

    @property
    def mandate(self) -> Mandate | None:
        """Return in whose name the house acts; as a version before this one left it, by what it recorded."""
        if self.led is not None and self.led.party == self.leading_party:
            return self.led
        if not self.leading_party:
            return None
        if self.leading_party != self.referrer:
            return Mandate(party=self.leading_party)
        body = self.acting_body or None
        return Mandate(party=self.referrer, acting_body=body, task=self.task, basis=self.basis)

    def duty(self, person_id: str, moment: InformMoment) -> Duty | None:
        """Return the duty to inform this person at this moment, if it arose."""
        return next((d for d in self.duties if (d.person_id, d.moment) == (person_id, moment)), None)
