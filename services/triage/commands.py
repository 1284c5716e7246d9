"""Name the commands of triage."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from services.triage.record import Picture
from shared.contract.content import AnyContent, Content, TextRef
from shared.contract.fields import ContributedItem, PartyId
from shared.contract.messages.intake import CaseTakenUp
from shared.contract.messages.triage import (
    CareSubject,
    CitizenInvolvement,
    ParticipantRole,
    QueryAnswered,
    QueryClarificationAsked,
    QueryDeclined,
    QueryExtensionAsked,
    SecrecyCleared,
    TriageOutcome,
    ViewingEntry,
)
from shared.contract.registry import Model
from shared.core.actor import Command
from shared.core.event_commands import FollowArchiving as FollowArchiving
from shared.core.event_commands import FollowAssignment as FollowAssignment
from shared.core.event_commands import FollowCleaning as FollowCleaning
from shared.core.event_commands import FollowClosing as FollowClosing
from shared.core.event_commands import FollowConsent as FollowConsent
from shared.core.event_commands import FollowDeescalation as FollowDeescalation
from shared.core.event_commands import FollowReactivation as FollowReactivation
from shared.core.event_commands import FollowStanding as FollowStanding
from shared.core.event_commands import FollowTerms as FollowTerms
from shared.core.event_commands import MoveDirection as MoveDirection
from shared.core.event_commands import PurgeCase as PurgeCase
from shared.core.leaderless import LookForLeader as LookForLeader
from shared.core.terms import PassTerm as PassTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase(Command):
    """Begin triage of a case that intake took up (R25)."""

    taken_up: CaseTakenUp


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueQuery(Command):
    """Ask one party, on behalf of the leading one (R26 to R30); several recipients are refused (R26, R28).

    `reason` says why this party is asked, `referrer_estimate` what the referrer expects of it (R28),
    `persons` whom it must know of to answer, and `address_reason` why it needs their addresses (R30).
    `items` are those of the case as they stand in the record, of which the question draws on `drawn_from`.
    `needs_consent`: the leading party may ask this of its persons with their consent alone (R20).
    """

    query_id: str
    recipient: str | tuple[str, ...]
    task: str
    purpose: AnyContent
    necessity: AnyContent
    question: AnyContent
    reason: AnyContent
    referrer_estimate: AnyContent
    reply_before: datetime
    persons: tuple[str, ...] = ()
    include_bsn: bool = False
    include_address: bool = False
    address_reason: AnyContent | None = None
    drawn_from: tuple[str, ...] = ()
    items: tuple[ContributedItem, ...] = ()
    contains_special: bool = False
    passed_processing_test: bool = False
    needs_consent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerQuery(Command):
    """Give what the queried party weighs that it may give (R31, R32)."""

    answer: QueryAnswered

    @property
    def query_id(self) -> str:
        return self.answer.query_id

    def new_items(self) -> tuple[str, ...]:
        return tuple(item.item_id for item in self.answer.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineQuery(Command):
    """Give nothing, on a ground (R31)."""

    decline: QueryDeclined

    @property
    def query_id(self) -> str:
        return self.decline.query_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AskClarification(Command):
    """Ask what is meant with a query, as the party that it is to (R31)."""

    asked: QueryClarificationAsked

    @property
    def query_id(self) -> str:
        return self.asked.query_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ClarifyQuery(Command):
    """Say what is meant, on behalf of the leading party, drawing on what a query may draw on (R26, R30)."""

    query_id: str
    clarification: AnyContent
    drawn_from: tuple[str, ...] = ()
    items: tuple[ContributedItem, ...] = ()
    contains_special: bool = False
    passed_processing_test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExtension(Command):
    """Ask for more time to reply, as the queried party (R31)."""

    asked: QueryExtensionAsked

    @property
    def query_id(self) -> str:
        return self.asked.query_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideExtension(Command):
    """Give the time that was asked for or refuse it, on behalf of the leading party (R31)."""

    query_id: str
    granted: bool
    reason: AnyContent


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearSecrecy(Command):
    """Release what one holds under secrecy: of an answer to be read, of the referral for queries (R30)."""

    cleared: SecrecyCleared

    def named_items(self) -> tuple[str, ...]:
        return self.cleared.items


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveEstimate(Command):
    """Say whether to ask a party is useful, and why, as the referrer (R28)."""

    party: str
    useful: bool
    estimate: AnyContent


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindQuery(Command):
    """Remind the queried party once its term has come (R31)."""

    query_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LapseQuery(Command):
    """End a query: the time after the reminder is over too (R31)."""

    query_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcludeTriage(Command):
    """Conclude triage with its outcome (R50); doubt needs a reason of its own (R51).

    An RTO needs the `picture` of the case, and where nobody was asked a reason for that (R37).
    """

    outcome: TriageOutcome
    advice: TextRef | None = None
    reason: TextRef | None = None
    picture: Picture | None = None
    without_queries: TextRef | None = None


class Invitee(Model):
    """A party the director wants at the table, as filled in; what is left out is refused under its rule."""

    party: PartyId = Field(title="partij")
    role: ParticipantRole | None = Field(default=None, title="rol")
    contribution: Content = Field(default="", title="gevraagde bijdrage")
    passed_processing_test: bool | None = Field(default=None, title="verwerkingstoets doorstaan")
    address_reason: Content | None = Field(default=None, title="waarom het adres nodig is")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareRto(Command):
    """Fix everything before any invitation (R42 to R49).

    `items` are all items of the case as they stand in the record; the decision checks that none is missing.
    `care_subjects`: what the agreements on care say something about, as the director states.
    """

    items: tuple[ContributedItem, ...]
    goal: AnyContent
    decision_types: tuple[str, ...]
    themes: tuple[str, ...]
    participants: tuple[Invitee, ...]
    viewing_plan: tuple[ViewingEntry, ...]
    citizen: CitizenInvolvement | None
    care_agreements: AnyContent
    care_subjects: tuple[CareSubject, ...]
    consulted_leading_party: bool
