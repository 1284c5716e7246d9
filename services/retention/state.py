"""Hold what retention knows of a case: the terms that run, what stays, and who confirmed its erasure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.retention.commands import KeptItem
from services.retention.proofs import AwaitedKey, Ending
from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem, Theme
from shared.contract.messages import rto
from shared.contract.messages.triage import Participant
from shared.contract.registry import SERVICES
from shared.core.leaving import Mandate


class Phase(StrEnum):
    """Where a case stands for retention; the steps are those of phase 4 (R87 to R91)."""

    NOTHING = "nothing"
    OPEN = "open"
    COLLECTING = "collecting"
    STEP_1 = "step-1"
    STEP_1_CLEANED = "step-1-cleaned"
    STEP_2 = "step-2"
    CLOSING = "closing"
    ERASING = "erasing"
    DESTROYING = "destroying"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Inspection:
    """Hold the manager's decision that an archived file is read once; `used_at` when it was (R90)."""

    number: int
    person: str
    reason: TextRef
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Hold what retention knows of a case, without any text about anybody.

    `participants` and `takers` came in parts, before `file`; one from an older version has its own inside.
    """

    phase: Phase = Phase.NOTHING
    referrer: str = ""
    leading_party: str = ""
    acting_body: str = ""
    director: str = ""
    support_workers: tuple[str, ...] = ()
    assignment: int = 0
    theme: Theme = Theme.COMPLEX_CASE
    items: tuple[ContributedItem, ...] = ()
    participants: tuple[Participant, ...] = ()
    takers: tuple[rto.Taker, ...] = ()
    file: rto.CaseDeescalated | None = None
    competent: tuple[str, ...] = ()
    archive_on: datetime | None = None
    destroy_on: datetime | None = None
    kept: tuple[KeptItem, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    removal_on: datetime | None = None
    settled_at: datetime | None = None
    ending: Ending | None = None
    ordered_at: datetime | None = None
    confirmed: tuple[str, ...] = ()
    house_keys: tuple[AwaitedKey, ...] = ()

    @property
    def mandate(self) -> Mandate | None:
        """Return in whose name the house acts: who leads, by the body that referred until direction moves."""
        return Mandate(self.leading_party, self.acting_body or None) if self.leading_party else None

    @property
    def all_participants(self) -> tuple[Participant, ...]:
        """Return who was at the table, each party once, as it was told last."""
        if self.file is None:
            return ()
        return tuple({one.party: one for one in (*self.participants, *self.file.participants)}.values())

    @property
    def all_takers(self) -> tuple[rto.Taker, ...]:
        """Return who lawfully took which item for which activity (R104)."""
        return tuple(dict.fromkeys((*self.takers, *self.file.takers))) if self.file else ()

    def missing(self) -> tuple[str, ...]:
        """Return which services have not confirmed that they hold nothing any more (R105)."""
        return tuple(service for service in MUST_CONFIRM if service not in self.confirmed)

    def open_inspection(self, person: str | None) -> Inspection | None:
        """Return the inspection that this manager decided on and did not use yet."""
        return next((i for i in self.inspections if i.person == person and i.used_at is None), None)

    def last_reading(self, person: str) -> int:
        """Return the number of the inspection that this manager used last, 0 if none."""
        used = [i for i in self.inspections if i.person == person and i.used_at is not None]
        return used[-1].number if used else 0


MUST_CONFIRM = tuple(sorted(service for service in SERVICES if service != "retention"))
