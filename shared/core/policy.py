"""Define the terms and numbers that the covenant leaves to the house, day by day (R121, R130).

Without a decision the policy is the built-in one. Each decision changes some of it from a day on, which is
never the day on which it was recorded: so what counts on a day is known before it begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

from shared.contract.fields import Step, Theme
from shared.contract.messages.governance import PolicyDecided, StepTerm
from shared.core.calendar_terms import local_day


@dataclass(frozen=True, slots=True)
class Term:
    """Hold the terms of one step of a case, each counted from the one before.

    `remind`: from its start until the director is reminded; `tell`: until the leading party and the manager
    are; `again`: from then on, each time anew. `end`: from telling them until the case ends; None: never.
    """

    remind: timedelta
    tell: timedelta
    again: timedelta
    end: timedelta | None = None


def _days(remind: int, tell: int, again: int, end: int | None = None) -> Term:
    last = None if end is None else timedelta(days=end)
    return Term(timedelta(days=remind), timedelta(days=tell), timedelta(days=again), last)


TERMS: Mapping[Step, Term] = MappingProxyType(
    {
        Step.CONSULTATION: _days(7, 7, 7, end=28),  # R11 [P]: the referrer confirms it
        Step.SCREENING: _days(7, 7, 7, end=28),  # R12 [P]
        Step.INFORMING: _days(7, 7, 14),  # R16 [P]: from the decision until the data subject has been told
        Step.TRIAGE: _days(28, 14, 14, end=56),  # R50 [P]; longer as long as an answer is waited for (R31)
        Step.PREPARATION: _days(14, 14, 14),  # R42 [P]: that a round table follows was decided
        Step.CONVENING: _days(14, 14, 14),  # R59 [P]
        Step.ROUND_TABLE: _days(7, 14, 14),  # R69, R83 [P]: from the day of the meeting
        Step.MONITORING: _days(182, 28, 28),  # R81, R82 [P]: never ends by silence
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Hold the parameters [P] that the covenant leaves open, as one versioned set (R121)."""

    profile: str = "convenant-2021"
    closing_term: timedelta = timedelta(days=14)  # R102
    longest_postponement: timedelta = timedelta(days=366)  # R19: what is put off longer is not planned
    query_reminder: timedelta = timedelta(days=3)  # R31: from the end of the term to "no answer"
    query_extension: timedelta = timedelta(days=28)  # R31: of a query, from its first term to its last
    archive_after_months: int = 6  # R88
    destroy_after_months: int = 12  # R91
    smallest_cell: int = 5  # A24
    confirmation_within: timedelta = timedelta(days=14)  # R115: of what cannot be undone, by a second person
    leader_looked_for: timedelta = timedelta(days=1)  # R115: whether who leads is a party still
    direction_accepted_within: timedelta = timedelta(days=14)  # R115: once who leads has left
    without_table_after: timedelta = timedelta(days=30)  # R86: from telling the manager to de-escalation
    known_check_term: timedelta = timedelta(days=7)  # R39: until another house is answered, whatever it is
    strangers_logged_for: timedelta = timedelta(days=365)  # R129: logs about numbers that are no case
    terms: Mapping[Step, Term] = field(default_factory=lambda: TERMS)
    themes: frozenset[Theme] = frozenset(Theme)  # R130: of which a case may be referred

    def changed_by(self, decided: PolicyDecided) -> "Policy":
        """Return the policy with what this decision says; what it does not say stays."""
        themes = frozenset(decided.themes) or self.themes
        said = decided.parameters
        if said is None:
            return replace(self, themes=themes)
        return replace(
            self,
            closing_term=_or(said.closing_days, self.closing_term),
            longest_postponement=_or(said.longest_postponement_days, self.longest_postponement),
            query_reminder=_or(said.query_reminder_days, self.query_reminder),
            query_extension=_or(said.query_extension_days, self.query_extension),
            archive_after_months=said.archive_after_months or self.archive_after_months,
            destroy_after_months=said.destroy_after_months or self.destroy_after_months,
            smallest_cell=said.smallest_cell or self.smallest_cell,
            confirmation_within=_or(said.confirmation_days, self.confirmation_within),
            strangers_logged_for=_or(said.strangers_logged_days, self.strangers_logged_for),
            known_check_term=_or(said.known_check_days, self.known_check_term),
            leader_looked_for=_or(said.leader_looked_for_days, self.leader_looked_for),
            direction_accepted_within=_or(said.direction_accepted_days, self.direction_accepted_within),
            without_table_after=_or(said.without_table_days, self.without_table_after),
            terms=MappingProxyType({**self.terms, **{one.step: _term(one) for one in said.terms}}),
            themes=themes,
        )


def _or(days: int | None, so_far: timedelta) -> timedelta:
    return so_far if days is None else timedelta(days=days)


def _term(said: StepTerm) -> Term:
    return _days(said.remind, said.tell, said.again, said.end)


BUILT_IN = Policy()


@dataclass(frozen=True, slots=True)
class Policies:
    """Hold every decision on policy, and give the policy of a day; without any it is the built-in one."""

    decided: tuple[PolicyDecided, ...] = ()
    _of_days: dict[date, Policy] = field(default_factory=dict, repr=False, compare=False)

    def at(self, moment: datetime) -> Policy:
        """Return the policy of the day, in the Netherlands, on which something was received (R121)."""
        return self.of_day(local_day(moment)) if self.decided else BUILT_IN

    def of_day(self, day: date) -> Policy:
        """Return the policy of that day: the decisions in force, one after the other.

        Nothing is archived later than it is destroyed, whichever of the two was decided on (R88, R91).
        """
        if day not in self._of_days:
            policy = BUILT_IN
            for one in self.in_force_on(day):
                policy = policy.changed_by(one)
            archive = min(policy.archive_after_months, policy.destroy_after_months)
            self._of_days[day] = replace(policy, archive_after_months=archive)
        return self._of_days[day]

    def in_force_on(self, day: date) -> list[PolicyDecided]:
        """List the decisions of which the policy of that day consists, the oldest first.

        Of two that begin on one day the one that was recorded last has the last word.
        """
        begun = [one for one in self.decided if one.in_force_from <= day]
        replaced = {one.replaces for one in begun}
        return sorted(
            (one for one in begun if one.number not in replaced),
            key=lambda one: (one.in_force_from, one.recorded_at, one.number),
        )
