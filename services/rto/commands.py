"""Name the commands of the round table."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from services.rto.consent_state import Register
from shared.contract.content import Content, TextRef
from shared.contract.fields import (
    Code,
    ContributedItem,
    Count,
    Id,
    Instant,
    Item,
    PartyId,
    Place,
    Revision,
)
from shared.contract.limits import (
    MOST_ACTIONS,
    MOST_CODES,
    MOST_PARTICIPANTS,
    MOST_VIEWING_ENTRIES,
)
from shared.contract.messages import rto as m
from shared.contract.messages.triage import CitizenInvolvement, Participant, RtoPrepared, ViewingEntry
from shared.contract.registry import Model
from shared.core.actor import Command
from shared.core.event_commands import FollowArchiving as FollowArchiving
from shared.core.event_commands import FollowAssignment as FollowAssignment
from shared.core.event_commands import FollowCleaning as FollowCleaning
from shared.core.event_commands import FollowClosing as FollowClosing
from shared.core.event_commands import FollowReactivation as FollowReactivation
from shared.core.event_commands import FollowTerms as FollowTerms
from shared.core.event_commands import PurgeCase as PurgeCase
from shared.core.leaderless import LookForLeader as LookForLeader
from shared.core.terms import PassTerm as PassTerm


class Preparation(Model):
    """What is fixed before any invitation, besides who comes and who sees what (R42, R44, R46, R47)."""

    goal: Content = Field(default="", title="doel")
    decision_types: tuple[Code, ...] = Field(default=(), max_length=MOST_CODES, title="soort beslissingen")
    themes: tuple[Code, ...] = Field(default=(), max_length=MOST_CODES, title="gespreksthema's")
    citizen: CitizenInvolvement | None = Field(default=None, title="betrekken van de burger")
    care_agreements: Content | None = Field(default=None, title="zorgvuldigheidsafspraken")
    consulted_leading_party: bool = Field(default=False, title="overlegd met de leidende partij")


class Meeting(Model):
    """When and where an RTO meets.

    A follow-up RTO is prepared here, and may name participants; its viewing plan holds what is decided for it
    anew, and nothing of an earlier RTO's. The first one is prepared in triage (R42, R59, R81).
    """

    rto_id: Id = Field(title="RTO")
    on: Instant = Field(title="datum")
    place: Place = Field(title="plaats")
    participants: tuple[Participant, ...] = Field(
        default=(), max_length=MOST_PARTICIPANTS, title="deelnemers"
    )
    viewing_plan: tuple[ViewingEntry, ...] = Field(
        default=(), max_length=MOST_VIEWING_ENTRIES, title="inzageplan"
    )
    preparation: Preparation | None = Field(default=None, title="voorbereiding")


class Part(Model):
    """The part of one party in the plan: its role, and which information it needs for it (R69)."""

    party: PartyId = Field(title="partij")
    role: Content = Field(title="rol")
    information_need: Content = Field(title="informatiebehoefte")


class Plan(Model):
    """The plan of action: a joint record of the participants (R69, R70, A19).

    `actions` are new ones: what runs already goes on, unless `ends` or a successor names it (R65, R81).
    `drawn_from` names the items whose content stands in it: it stays bound to their release (A19).
    """

    agreements: Content = Field(title="afspraken")
    ave_level: Count = Field(title="AVE-niveau")
    actions: tuple[m.Action, ...] = Field(default=(), max_length=MOST_ACTIONS, title="nieuwe acties")
    ends: tuple[Id, ...] = Field(default=(), max_length=MOST_ACTIONS, title="beëindigde acties")
    parts: tuple[Part, ...] = Field(
        default=(), max_length=MOST_PARTICIPANTS + MOST_ACTIONS, title="rol en informatiebehoefte per partij"
    )
    drawn_from: tuple[Id, ...] = Field(default=(), max_length=60, title="ontleend aan")


class TakeAway(Model):
    """One item for one participant, for one action of the plan (R73)."""

    item_id: Id = Field(title="gegeven")
    recipient: PartyId = Field(title="ontvanger")
    action_id: Id = Field(title="activiteit")


class Conclusion(Model):
    """What an RTO ended in (R69, R73, R78, R79, R81).

    Purpose and items only where the approach goes on; `ave_level`: without one it is that of the plan.
    """

    outcome: m.RtoOutcome = Field(title="uitkomst")
    ave_level: Count | None = Field(default=None, title="AVE-niveau")
    monitoring_purpose: Content | None = Field(default=None, title="doel van de monitoring")
    monitoring_items: tuple[Id, ...] = Field(default=(), max_length=400, title="gegevens die blijven")
    take_aways: tuple[TakeAway, ...] = Field(default=(), max_length=400, title="gegevens die meegaan")
    goals_reached: Content | None = Field(default=None, title="bereikte doelen")
    developments: Content | None = Field(default=None, title="ontwikkelingen")


# --- from triage -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordItem(Command):
    """Take in one item of the case from triage, before the preparation itself (R42).

    `viewing`: who is to see it at the first RTO, and why.
    """

    item: ContributedItem
    viewing: tuple[ViewingEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPreparation(Command):
    """Take in the RTO that triage decided on and prepared (R58, R42 to R49)."""

    preparation: RtoPrepared


# --- the meeting -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ConveneRto(Command):
    """Invite the delegates of the parties, as the director (R59)."""

    meeting: Meeting


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendViewingPlan(Command):
    """Show more items to participants, each with its reason, as the director (R42, R61)."""

    entries: tuple[ViewingEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptInvitation(Command):
    """Come to the RTO, and name the one delegate; a named one is replaced only after `EndMandate` (R59)."""

    rto_id: str
    delegate: str
    mandate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineInvitation(Command):
    """Stay away from the RTO; or after all, by which the party withdraws its delegate's mandate (R59)."""

    rto_id: str
    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMandate(Command):
    """Free the seat of a party's delegate, as the director, so that the party may name another (R59)."""

    rto_id: str
    party: str
    reason: TextRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributeItems(Command):
    """Bring in items of its own at the table, as a participant (R61)."""

    rto_id: str
    items: tuple[Item, ...]

    def new_items(self) -> tuple[str, ...]:
        return tuple(item.item_id for item in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcludeRto(Command):
    """Record what the participants decided, as the director (R69, R70, R78, R79, R86)."""

    rto_id: str
    conclusion: Conclusion


# --- the say of the contributor --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRelease(Command):
    """Ask a contributor for one use of one item, as the director (R65)."""

    request: m.ReleaseAsked


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveRelease(Command):
    """Agree to this use, as the contributor (R65, R66)."""

    release: m.ReleaseGiven


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseRelease(Command):
    """Refuse this use, as the contributor (R75)."""

    refusal: m.ReleaseRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawRelease(Command):
    """Take back every release of the item, as the contributor, in whatever phase (A12)."""

    takes_back: ClassVar[bool] = True
    item_id: str

    def named_items(self) -> tuple[str, ...]:
        return (self.item_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitItem(Command):
    """Withhold the item from these parties too, as the contributor, in whatever phase (R62)."""

    takes_back: ClassVar[bool] = True
    item_id: str
    withheld_from: tuple[str, ...]

    def named_items(self) -> tuple[str, ...]:
        return (self.item_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTerms(Command):
    """Change the terms of the item, as the contributor, in whatever phase (R62, R67)."""

    takes_back: ClassVar[bool] = True
    terms: m.ItemTermsChanged

    @property
    def item_id(self) -> str:
        return self.terms.item_id

    @property
    def acting_body(self) -> str | None:
        return self.terms.acting_body

    def named_items(self) -> tuple[str, ...]:
        return (self.item_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectItem(Command):
    """Replace what the item says, as the contributor, in whatever phase (R66, A22)."""

    takes_back: ClassVar[bool] = True
    item_id: str
    revision: Revision
    acting_body: str | None = None

    def named_items(self) -> tuple[str, ...]:
        return (self.item_id,)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawItem(Command):
    """Withdraw the item from the case for good, as the contributor, in whatever phase (R66, A12)."""

    takes_back: ClassVar[bool] = True
    item_id: str
    acting_body: str | None = None

    def named_items(self) -> tuple[str, ...]:
        return (self.item_id,)


# --- consent of data subjects ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRegister(Command):
    """Take in that the case was taken up: from now on consent can be recorded here (R20)."""

    register: Register


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeConsentAsking(Command):
    """Record the working agreement that this party asks for the consent it needs, as the director (R20)."""

    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsent(Command):
    """Record a consent of a data subject, as a party or as the director on behalf of who leads (R20)."""

    consent: m.SubjectConsentRecorded


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawConsent(Command):
    """Pass on that a data subject takes its consent back, in whatever phase (R20)."""

    takes_back: ClassVar[bool] = True
    consent_id: str


# --- the plan and its direction --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlan(Command):
    """Record the plan the participants made; a later one adjusts it (R69, R70, R81)."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvideItem(Command):
    """Provide a released item for an action that was agreed, as the director (R64, R68, R73)."""

    taking: TakeAway


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDirection(Command):
    """Ask a participant to take case direction, as the director (R69, R71)."""

    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptDirection(Command):
    """Lead from now on, with this case director, as the party it was offered to (R71, R72).

    `acting_body`: which body of the party; it may be left out where there is one. `task` and `basis`: for
    what it leads, and on which legal basis; monitoring has this one (R57).
    """

    case_director: TextRef | None = None
    account: str = ""
    acting_body: str | None = None
    task: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCaseDirector(Command):
    """Name who is case director, or another one, as the party that leads already (R69, R71).

    `account`: with which account, if that is said.
    """

    case_director: TextRef | None
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineDirection(Command):
    """Decline case direction: everything stays as it is (A3)."""

    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressAction(Command):
    """Report how far an action is, as who carries it out (R81, R85)."""

    action_id: str
    progress: m.ActionProgress
    remark: TextRef | None = None
    goals_reached: TextRef | None = None
    developments: TextRef | None = None


# --- what other services decided -------------------------------------------------------------------
