"""Decide what is recorded of the decisions of the organs: one shape, which never changes (R121, R130).

A correction is a new decision that replaces the other. What replaces takes force the next day at the
earliest, and so does policy: what counts today was therefore known yesterday, and nobody has to be asked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from pydantic import Field

from services.governance import refusals as r
from shared.contract.fields import Count, Day, PartyId, Theme
from shared.contract.limits import MOST_PARTIES_DECIDED
from shared.contract.messages.governance import DecisionNumber, Organ, Parameters
from shared.contract.parties import Parties, PartyKind
from shared.contract.refusal import Refusal
from shared.contract.registry import Model
from shared.core.calendar_terms import add_months, local_day, start_of_day
from shared.core.policy import TERMS

FOUNDING_MUNICIPALITIES = 8  # art. 3.2
AHEAD = timedelta(hours=1)  # what is decided for tomorrow is everywhere well before midnight


class SubjectKind(StrEnum):
    """Name what a decision can be about (R137); each kind is decided by the organ that the covenant names."""

    ACCESSION = "accession"
    THEMES = "themes"
    WORK_PROCESS = "work-process"
    DATA_PROTECTION = "data-protection"
    SECURITY_POLICY = "security-policy"
    SECURITY_PLAN = "security-plan"


class DecisionSubject(Model):
    """What was decided: only the field of its kind is filled in, and none for a document."""

    kind: SubjectKind = Field(title="soort")
    parties: tuple[PartyId, ...] = Field(default=(), max_length=MOST_PARTIES_DECIDED, title="toetreders")
    themes: tuple[Theme, ...] = Field(default=(), max_length=len(Theme), title="thema's")
    parameters: Parameters | None = Field(default=None, title="parameters")


class Votes(Model):
    """How the members with a vote voted; the manager and the chair of the preparatory group have none."""

    in_favour: Count = Field(title="voor")
    against: Count = Field(default=0, title="tegen")
    abstained: Count = Field(default=0, title="onthouden")


class Decision(Model):
    """A decision of an organ, as the secretary or the manager records it from the minutes."""

    number: DecisionNumber = Field(title="besluitnummer")
    organ: Organ = Field(title="orgaan")
    taken_on: Day = Field(title="genomen op")
    in_force_from: Day = Field(title="geldt vanaf")
    subject: DecisionSubject = Field(title="onderwerp")
    votes: Votes | None = Field(default=None, title="stemmen")
    with_manager: bool = Field(default=False, title="samen met de manager")
    replaces: DecisionNumber | None = Field(default=None, title="vervangt besluit")


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """Hold a decision as it stands: from which day another one replaces it, if one does."""

    decision: Decision
    replaced_from: date | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether it is in force that day."""
        replaced = self.replaced_from is not None and self.replaced_from <= day
        return self.decision.in_force_from <= day and not replaced


Competence: TypeAlias = tuple[frozenset[Organ], Refusal]

STEERING, PREPARATORY = frozenset({Organ.STEERING_GROUP}), frozenset({Organ.PREPARATORY_GROUP})
# Which organ decides on what, and the refusal for any other.
COMPETENT: Mapping[SubjectKind, Competence] = {
    SubjectKind.ACCESSION: (STEERING, r.ACCESSION_NOT_BY_THE_STEERING_GROUP),
    SubjectKind.THEMES: (STEERING, r.THEMES_NOT_BY_THE_STEERING_GROUP),
    SubjectKind.WORK_PROCESS: (PREPARATORY, r.POLICY_NOT_BY_THE_PREPARATORY_GROUP),
    SubjectKind.DATA_PROTECTION: (PREPARATORY, r.POLICY_NOT_BY_THE_PREPARATORY_GROUP),
    SubjectKind.SECURITY_POLICY: (STEERING, r.SECURITY_NOT_BY_THIS_ORGAN),
    SubjectKind.SECURITY_PLAN: (STEERING | {Organ.MANAGER}, r.SECURITY_NOT_BY_THIS_ORGAN),
}
POLICY = frozenset({SubjectKind.THEMES, SubjectKind.WORK_PROCESS, SubjectKind.DATA_PROTECTION})
YEARLY = (SubjectKind.SECURITY_POLICY, SubjectKind.SECURITY_PLAN)
OF_DATA_PROTECTION = frozenset(
    {"archive_after_months", "destroy_after_months", "smallest_cell", "strangers_logged_days"}
)


def fault_of(
    decision: Decision, replaced: RecordedDecision | None, parties: Parties, now: datetime
) -> Refusal | None:
    """Return why a decision is not recorded; `replaced`: what stands under the number that it replaces."""
    organs, refusal = COMPETENT[decision.subject.kind]
    if decision.organ not in organs:
        return refusal
    return (
        _fault_of_taking(decision, local_day(now))
        or _fault_of_votes(decision, parties)
        or _fault_of_subject(decision.subject)
        or _fault_of_replacing(decision, replaced)
        or _fault_of_day(decision, now)
    )


def _fault_of_taking(decision: Decision, today: date) -> Refusal | None:
    """Test how it was taken: carried by its organ, together with the manager where art. 5.5 says so."""
    if decision.taken_on > today or decision.in_force_from < decision.taken_on:
        return r.DECISION_OUT_OF_ORDER
    votes = decision.votes
    if decision.organ is Organ.MANAGER:
        return None if votes is None else r.MANAGER_HAS_NO_VOTES
    if votes is None or votes.in_favour <= votes.against:
        return r.NOT_CARRIED
    together = decision.with_manager or decision.subject.kind is not SubjectKind.WORK_PROCESS
    return None if together else r.WITHOUT_THE_MANAGER


def _fault_of_votes(decision: Decision, parties: Parties) -> Refusal | None:
    """Test that each municipality has one vote in a group, the founding eight or more by then (R118, A13)."""
    votes, taken = decision.votes, start_of_day(decision.taken_on + timedelta(days=1))
    if votes is None:
        return None
    members = (parties.records[party] for party in parties.members(taken))
    municipalities = sum(record.kind is PartyKind.MUNICIPALITY for record in members)
    cast = votes.in_favour + votes.against + votes.abstained
    return r.MORE_VOTES_THAN_MUNICIPALITIES if cast > max(municipalities, FOUNDING_MUNICIPALITIES) else None


def _fault_of_subject(subject: DecisionSubject) -> Refusal | None:
    """Test that exactly what its kind asks for was filled in, within what the covenant leaves open."""
    names = subject.parameters.given if subject.parameters is not None else frozenset()
    given = {
        SubjectKind.ACCESSION: bool(subject.parties),
        SubjectKind.THEMES: bool(subject.themes),
        SubjectKind.WORK_PROCESS: bool(names - OF_DATA_PROTECTION),
        SubjectKind.DATA_PROTECTION: bool(names & OF_DATA_PROTECTION),
    }
    filled_in = {kind for kind, is_given in given.items() if is_given}
    if filled_in != {subject.kind} & given.keys():
        return r.SUBJECT_DOES_NOT_FIT
    return _fault_of_terms(subject.parameters) if subject.parameters is not None else None


def _fault_of_terms(parameters: Parameters) -> Refusal | None:
    """Test that silence ends the steps that it ended before: never a round table or a monitoring."""
    steps = [term.step for term in parameters.terms]
    if len(set(steps)) < len(steps):
        return r.SUBJECT_DOES_NOT_FIT
    ends_as_before = ((term.end is None) == (TERMS[term.step].end is None) for term in parameters.terms)
    return None if all(ends_as_before) else r.TERM_ENDS_OTHERWISE


def _fault_of_replacing(decision: Decision, replaced: RecordedDecision | None) -> Refusal | None:
    """Test that it replaces the last decision of the same organ on the same kind of subject."""
    if decision.replaces is None:
        return None
    if replaced is None:
        return r.UNKNOWN_DECISION
    other = replaced.decision
    if (other.organ, other.subject.kind) != (decision.organ, decision.subject.kind):
        return r.REPLACES_ANOTHER_SUBJECT
    return None if replaced.replaced_from is None else r.DECISION_REPLACED


def _fault_of_day(decision: Decision, now: datetime) -> Refusal | None:
    """Test that nothing is changed that may have been judged by already (R121)."""
    if decision.replaces is None and decision.subject.kind not in POLICY:
        return None
    in_time = start_of_day(decision.in_force_from) - now >= AHEAD
    return None if in_time else r.IN_FORCE_TOO_SOON


class YearlyDocument(Model):
    """A document that is renewed every year: overdue a year after the last one, or without any (R127)."""

    kind: SubjectKind = Field(title="stuk")
    decision: DecisionNumber | None = Field(title="besluitnummer")
    in_force_from: Day | None = Field(title="geldt vanaf")
    due_on: Day | None = Field(title="te vernieuwen voor")
    overdue: bool = Field(title="te laat")


def yearly_documents(in_force: Iterable[Decision], today: date) -> list[YearlyDocument]:
    """Return each yearly document by the decision that is in force; `in_force` holds at most one of each."""
    found = {decision.subject.kind: decision for decision in in_force}
    return [_document(kind, found.get(kind), today) for kind in YEARLY]


def _document(kind: SubjectKind, decision: Decision | None, today: date) -> YearlyDocument:
    if decision is None:
        return YearlyDocument(kind=kind, decision=None, in_force_from=None, due_on=None, overdue=True)
    since = decision.in_force_from
    due_on = local_day(add_months(start_of_day(since), 12))
    return YearlyDocument(
        kind=kind, decision=decision.number, in_force_from=since, due_on=due_on, overdue=due_on <= today
    )


def fault_of_accession(
    party: str, member_from: date, decision: RecordedDecision | None, today: date
) -> Refusal | None:
    """Return why nobody becomes a party on this decision, as it stands today (R109)."""
    if decision is None:
        return r.UNKNOWN_DECISION
    subject = decision.decision.subject
    if subject.kind is not SubjectKind.ACCESSION or party not in subject.parties:
        return r.DECISION_NOT_ON_THIS_PARTY
    if not decision.holds_on(today) or member_from < decision.decision.in_force_from:
        return r.DECISION_NOT_IN_FORCE
    return None
