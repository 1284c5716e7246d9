"""Hold what retention knows of a case: the terms that run, what stays, and who confirmed its erasure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.retention.commands import KeptItem
from services.retention.proofs import AwaitedKey, Ending
from shared.contract.content import TextRef
from shared.contract.fields import ContributedItem, Theme
from shared.contract.messages import rto
from shared.contract.messages.retention import Hold, Term, TermKind
from shared.contract.messages.triage import Participant
from shared.contract.registry import SERVICES
from shared.core.consent import Consents, Need, holds
from shared.core.ending import begins, gone, has_begun
from shared.core.item_standing import Standings
from shared.core.mandate import Mandate


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


STEP_1 = frozenset({Phase.STEP_1, Phase.STEP_1_CLEANED})
STEP_2 = frozenset({Phase.STEP_2})
READABLE = STEP_1 | STEP_2 | {Phase.CLOSING}


@dataclass(frozen=True, slots=True)
class Inspection:
    """Hold the manager's decision that an archived file is read once; `used_at` when it was (R90)."""

    number: int
    person: str
    reason: TextRef
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Name the parties to which phase 3 showed an item: phase 4 shows it to nobody else (R87).

    `rests_on`: on whose consent that rested, and what phase 4 shows of it rests (R76).
    """

    item_id: str
    parties: tuple[str, ...]
    rests_on: rto.RestsOn | None = None


@dataclass(frozen=True, slots=True)
class Reactivation:
    """Hold who brought the case back to phase 3, when and why (R90)."""

    person: str
    reason: TextRef
    at: datetime


@dataclass(frozen=True, slots=True)
class State:
    """Hold what retention knows of a case, without any text about anybody.

    `participants`, `takers` and `actions` came in parts, before `file`; one from an older version has its own
    inside, and the actions of any stand inside it from then on. `drawn_from`: to which items its agreements
    stay bound, which came so too.
    The version before this one knows the terms as `archive_on`, `destroy_on` and `removal_on` alone; the next
    one reads `set_terms` and drops these. `reference` is random: by it parties hear of the erasure.
    """

    phase: Phase = Phase.NOTHING
    referrer: str = ""
    referrer_name: TextRef | None = None
    leading_party: str = ""
    acting_body: str = ""
    director: str = ""
    support_workers: tuple[str, ...] = ()
    assignment: int = 0
    theme: Theme = Theme.COMPLEX_CASE
    items: tuple[ContributedItem, ...] = ()
    shown: tuple[Shown, ...] = ()
    standings: Standings = ()
    consents: Consents = ()
    participants: tuple[Participant, ...] = ()
    takers: tuple[rto.Taker, ...] = ()
    actions: tuple[rto.Action, ...] = ()
    drawn_from: tuple[rto.DrawnFrom, ...] = ()
    file: rto.CaseDeescalated | None = None
    competent: tuple[str, ...] = ()
    archive_on: datetime | None = None
    destroy_on: datetime | None = None
    kept: tuple[KeptItem, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    removal_on: datetime | None = None
    set_terms: tuple[Term, ...] = ()
    holds: tuple[Hold, ...] = ()
    settled_at: datetime | None = None
    ending: Ending | None = None
    ordered_at: datetime | None = None
    confirmed: tuple[str, ...] = ()
    house_keys: tuple[AwaitedKey, ...] = ()
    led: Mandate | None = None
    reference: str = ""
    round: int = 0
    asked: TextRef | None = None
    reactivations: tuple[Reactivation, ...] = ()

    @property
    def mandate(self) -> Mandate | None:
        """Return in whose name the house acts; as a version before this one left it, by what it recorded."""
        if self.led is not None and self.led.party == self.leading_party:
            return self.led
        if not self.leading_party:
            return None
        return Mandate(party=self.leading_party, acting_body=self.acting_body or None)

    @property
    def told(self) -> tuple[str, ...]:
        """Return whom each step of phase 4 is told: the participants and the party that leads (R97)."""
        return tuple(sorted({p.party for p in self.all_participants} | {self.leading_party}))

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

    def was_shown(self, item_id: str, party: str) -> bool:
        """Tell whether phase 3 showed the item to this party."""
        return any(party in one.parties for one in self.shown if one.item_id == item_id)

    def is_told(self, item_id: str) -> bool:
        """Tell whether the round table said of this item that phase 3 showed it, and to whom (R87).

        A version before this one handed over what was refused or never released too, and said nothing.
        """
        return any(one.item_id == item_id for one in self.shown)

    def is_lifted(self, item: ContributedItem) -> bool:
        """Tell whether no consent is missing on which what phase 3 showed of this item rested (R20, R76)."""
        need = Need(item.contributor, rto.ConsentPurpose.RTO)
        known = (one.rests_on for one in self.shown if one.item_id == item.item_id)
        return all(holds(rests_on, need, self.consents) for rests_on in known)

    @property
    def is_told_whole(self) -> bool:
        """Tell whether that was said of every item of the file."""
        return all(self.is_told(item.item_id) for item in self.items)

    @property
    def terms(self) -> tuple[Term, ...]:
        """Return when each step begins, also of a case that the version before brought here."""
        known = {
            TermKind.ARCHIVE: self.archive_on,
            TermKind.DESTROY: self.destroy_on,
            TermKind.REMOVE: self.removal_on,
        }
        party = self.leading_party
        return self.set_terms or tuple(
            Term(kind=kind, due=due, decided_by=party) for kind, due in known.items() if due is not None
        )

    def begins(self, kind: TermKind) -> datetime | None:
        """Return when this step begins; None where no such term runs."""
        return begins(kind, self.terms, self.holds)

    def at(self, now: datetime) -> Phase:
        """Return the phase by the date, whether or not a timer has fired: the stricter one (R88, R91, A4)."""
        if self.phase in READABLE and gone(self, now):
            return Phase.ERASING
        if self.phase in STEP_1 and has_begun(TermKind.ARCHIVE, self, now):
            return Phase.STEP_2
        return self.phase

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
