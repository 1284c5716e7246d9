"""Name the commands of retention."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from shared.contract.content import Content, TextRef
from shared.contract.fields import ContributedItem, Id, Team, Theme
from shared.contract.messages.intake import CaseTakenUp, ClosingReason
from shared.contract.messages.rto import Action, CaseDeescalated, DrawnFrom, RestsOn, Taker
from shared.contract.messages.triage import Participant
from shared.contract.registry import Model
from shared.core.actor import Command
from shared.core.event_commands import FollowAssignment as FollowAssignment
from shared.core.event_commands import FollowConsent as FollowConsent
from shared.core.event_commands import FollowStanding as FollowStanding
from shared.core.event_commands import MoveDirection as MoveDirection
from shared.core.rounds import OfRound


class KeptItem(Model):
    """An item that stays after cleaning, with why it is necessary in case of a relapse (R95, A8)."""

    item_id: Id = Field(title="gegeven")
    reason: Content = Field(title="noodzaak bij terugval")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase(Command):
    """Look after the end of a case from now on: intake took it up (R15)."""

    case: CaseTakenUp


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHandedOverItem(OfRound):
    """Take in one contributed item of the file, before the de-escalation itself (R86).

    `shown_to`: the parties to which phase 3 showed it (R87); a version before this one does not say.
    `rests_on`: on whose consent that rested (R76).
    """

    item: ContributedItem
    shown_to: tuple[str, ...] | None = None
    rests_on: RestsOn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilePart(OfRound):
    """Take in participants, takers and actions of the file, before the de-escalation itself (R86, R104).

    `drawn_from`: the items to which its agreements stay bound (A19).
    """

    participants: tuple[Participant, ...] = ()
    takers: tuple[Taker, ...] = ()
    actions: tuple[Action, ...] = ()
    drawn_from: tuple[DrawnFrom, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deescalate(OfRound):
    """Start the terms of phase 4: the round table decided to de-escalate (R86)."""

    file: CaseDeescalated


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanFile(Command):
    """Clean the file, as the director: only these items stay, each with its reason (R95, A8)."""

    kept: tuple[KeptItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFile(Command):
    """Archive the file: six months have passed (R88). `reference` is random, made for this case."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp(Command):
    """Tell of a case that the version before stored what this one would have told by now (R87, R91, R106).

    `reference` is random, for a case that was not told any.
    """

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectFile(Command):
    """Decide, as the manager, that the archived file must be read once (R90)."""

    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseInspection(Command):
    """Use the inspection up, as the manager who reads, whatever becomes of the reading (R90)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEarly(OfRound):
    """Start the closing term: another service ended the case before it could be de-escalated (R102).

    `reference` is random, made for this case.
    """

    leading_party: str
    theme: Theme
    reason: ClosingReason
    closed_at: datetime
    reference: str
    team: Team | None = None
    lapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReactivation(Command):
    """Ask in writing, as the party that led, that the file becomes active again (R90, A9)."""

    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactivateFile(Command):
    """Bring the case back to phase 3 (A5): the director for a new round table, later the manager (R90)."""

    reason: TextRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowSettling(OfRound):
    """Follow that nobody is left to be informed: an early end then waits no longer (R102)."""

    settled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StartErasure(Command):
    """Start the erasure: a year after de-escalation, or at the end of the closing term (R91, R102).

    `reference` is random, for a case that was not told any before.
    """

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmPurge(Command):
    """Confirm that a service holds nothing of the case any more; which one, says the actor (R105).

    `house_keys` are those of its private keys that may still decrypt an old record about the case.
    """

    house_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKeyDestroyed(Command):
    """Record that the case's key exists no more; `proof_id` is random, made for this proof alone (R106).

    `house_keys` are retention's own private keys that may still decrypt an old record about the case.
    """

    proof_id: str
    destroyed_at: datetime
    backups_lapse_at: datetime
    house_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHouseKeysDestroyed(Command):
    """Record that private keys of a service, the actor, are gone. This is about no case (R105)."""

    house_keys: tuple[str, ...]
