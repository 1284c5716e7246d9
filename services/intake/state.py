"""Hold what intake knows of a case: its phase, who takes part, and the duties to inform."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.intake.checks import Check, IncomingCheck, Weighing
from services.intake.identity import UNFINDABLE, Identity
from shared.contract.content import Content, TextRef
from shared.contract.fields import ContributedItem, FirstGoal, InformMoment, Person, Theme
from shared.contract.messages.intake import Criteria, ScreeningOutcome
from shared.contract.messages.retention import Hold, Term
from shared.contract.messages.triage import TriageOutcome
from shared.core.item_standing import Standings
from shared.core.mandate import Mandate
from shared.core.obligations import Obligation, Obligations, ObligationState, changed
from shared.core.terms import Overdue


class Phase(StrEnum):
    """Where a case stands for intake; up to and including CONSULTED its record is provisional (R15).

    CHECKING is no case: another house asks whether somebody is known (R39).
    """

    NOTHING = "nothing"
    RECEIVED = "received"
    CONSULTED = "consulted"
    TAKEN_UP = "taken-up"
    DEESCALATED = "deescalated"
    ARCHIVED = "archived"
    CLOSING = "closing"
    CHECKING = "checking"
    PURGED = "purged"


# Direction moves in phase 3: the duties of the phases before are the referrer's own (R16, R56).
BEFORE_PHASE_3 = frozenset({InformMoment.TAKEN_UP, InformMoment.AFTER_TRIAGE})
# Of these the duties arise once a round table is prepared.
OF_THE_TABLE = frozenset({InformMoment.AFTER_TRIAGE, InformMoment.AFTER_RTO})


class DutyStatus(StrEnum):
    """Name what became of a duty to inform, as the version before knows it."""

    DUE = "due"
    POSTPONED = "postponed"
    FULFILLED = "fulfilled"


@dataclass(frozen=True, slots=True)
class Duty:
    """Hold a duty as the version before reads and writes it: one for each person and moment."""

    person_id: str
    moment: InformMoment
    status: DutyStatus
    until: datetime | None = None
    reason: TextRef | None = None


@dataclass(frozen=True, slots=True)
class RoundTable:
    """Hold what the preparation fixed and a data subject is told of: why, about what, and with whom (R56)."""

    goal: Content
    themes: tuple[str, ...]
    participants: tuple[str, ...]
    outcome: TriageOutcome | None = None
    first_goal: FirstGoal | None = None


@dataclass(frozen=True, slots=True)
class AskedOf:
    """Hold a query as a data subject is told of it: whom was asked about which persons, and why (R18)."""

    query_id: str
    party: str
    persons: tuple[str, ...]
    purpose: Content


@dataclass(frozen=True, slots=True)
class QueryTold:
    """Name a query of which the notice of a duty says whom was asked and why (R18)."""

    duty: int
    query_id: str
    party: str
    purpose: Content


@dataclass(frozen=True, slots=True)
class ScreeningBasis:
    """Hold what the screening rested on: criteria, both weighings, and why an outcome departs (R9, R10)."""

    criteria: Criteria | None
    weighing: TextRef | None
    own_weighing: TextRef | None = None
    outcome: ScreeningOutcome | None = None
    reason: TextRef | None = None
    advice: TextRef | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Hold what intake knows of a case, without any text about anybody; or of a `check` of another house.

    `identities`: by what its persons are found, as long as their names are on record; empty where a version
    before this one took the referral in.
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
    own_weighing: TextRef | None = None
    outcome: ScreeningOutcome | None = None
    reason: TextRef | None = None
    advice: TextRef | None = None
    duties: tuple[Duty, ...] = ()
    obligations: Obligations = ()
    round_table: RoundTable | None = None
    queries: tuple[QueryTold, ...] = ()
    ended_at: datetime | None = None
    settled: bool = False
    overdue: Overdue | None = None
    terms: tuple[Term, ...] = ()
    holds: tuple[Hold, ...] = ()
    round: int = 0
    last_act: datetime | None = None
    led: Mandate | None = None
    identities: tuple[Identity, ...] = ()
    checks: tuple[Check, ...] = ()
    weighings: tuple[Weighing, ...] = ()
    check: IncomingCheck | None = None

    def digest(self, person_id: str) -> str:
        """Return by what a person of the case is found; `UNFINDABLE` where nothing is on record."""
        found = (one.digest for one in self.identities if one.person_id == person_id)
        return next(found, UNFINDABLE)

    def known_check(self, check_id: str) -> Check | None:
        """Return the known-check with this number."""
        return next((one for one in self.checks if one.check_id == check_id), None)

    @property
    def was_prepared(self) -> bool:
        """Tell whether a round table was prepared, as far as intake hears of it."""
        return self.round > 0 or any(one.kind in OF_THE_TABLE for one in self.owed)

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

    @property
    def screening(self) -> ScreeningBasis:
        """Return what the screening rests on, as far as it is here (R10)."""
        return ScreeningBasis(
            self.criteria, self.weighing, self.own_weighing, self.outcome, self.reason, self.advice
        )

    @property
    def owed(self) -> Obligations:
        """Return the duties to inform, each an obligation; those that the version before wrote as well."""
        return self.obligations or tuple(
            _obligation(number, duty, self.leading_party) for number, duty in enumerate(self.duties, start=1)
        )

    def told_by(self, duty: Obligation) -> tuple[QueryTold, ...]:
        """Return the queries of which the notice of this duty says whom was asked, the oldest first."""
        return tuple(one for one in self.queries if one.duty == duty.id)

    def owing(self, obligations: Obligations) -> "State":
        """Return the state with these duties to inform; the version before finds them where it looks."""
        seen = {(one.addressee, one.kind): _duty(one) for one in obligations}
        return replace(self, obligations=obligations, duties=tuple(seen.values()))

    def with_duty(self, duty: Obligation) -> "State":
        """Return the state with this duty as it is now."""
        return self.owing(changed(self.owed, duty))

    def duty(self, person_id: str, moment: InformMoment) -> Obligation | None:
        """Return the latest duty to inform this person of this moment, if one arose."""
        found = [one for one in self.owed if (one.addressee, one.kind) == (person_id, moment)]
        return found[-1] if found else None


def _obligation(number: int, duty: Duty, debtor: str) -> Obligation:
    return Obligation(
        id=number,
        kind=duty.moment,
        cause="",
        debtor=debtor,
        addressee=duty.person_id,
        due=duty.until,
        state=ObligationState(duty.status.value),
        reason=duty.reason,
    )


def _duty(owed: Obligation) -> Duty:
    postponed = owed.state is ObligationState.POSTPONED
    status = DutyStatus(owed.state.value) if owed.is_open else DutyStatus.FULFILLED
    return Duty(owed.addressee, InformMoment(owed.kind), status, owed.due if postponed else None, owed.reason)
