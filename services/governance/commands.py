"""Name the commands of governance."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.governance.accession import OtherHouse, Signatory
from services.governance.decisions import Decision, RecordedDecision
from shared.contract.messages.governance import AuthorisationGranted, EndReason, PublicKeyAnnounced
from shared.core.actor import Command
from shared.core.event_commands import PurgeCase as PurgeCase


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSignatory(Command):
    """Record a signatory of the covenant as a party (R109); `received_at` is machine time.

    `decision`: what stands under the number that it names; None where nothing does.
    """

    signatory: Signatory
    received_at: datetime
    decision: RecordedDecision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHouse(Command):
    """Record another house, or what of it is new (R38, R41); `received_at` is machine time."""

    house: OtherHouse
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDecision(Command):
    """Record a decision of an organ; `replaced`: what stands under the number that it replaces, if any."""

    decision: Decision
    replaced: RecordedDecision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeSecrecy(Command):
    """Acknowledge the duty of secrecy for one's own account, at one's party or at the house (R126)."""

    secrecy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyCommand(Command):
    """Ask what only the party itself may; `party` is the one whose membership this is."""

    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceKey(PartyCommand):
    """Announce a key, signed with one that is already known; `received_at` is machine time."""

    announcement: PublicKeyAnnounced
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantAuthorisation(PartyCommand):
    """Authorise the process directors, for one of the bodies of the party (R122)."""

    grant: AuthorisationGranted


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptAuthorisation(Command):
    """Accept in writing, as a director, with the processor agreement concluded beside it (R123)."""

    authorisation_id: str
    processor_agreement: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAuthorisation(PartyCommand):
    """Take an authorisation back, as the party (R122)."""

    takes_back: ClassVar[bool] = True
    authorisation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishAnew(Command):
    """Publish the party's record once more, for a service that could not read it (R115)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeEnding(Command):
    """Propose that a withdrawal or exclusion takes effect; another person has to confirm it (R111, R114)."""

    reason: EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMembership(Command):
    """Confirm what another person proposed: all rights of the party end now (R111, R113, R114)."""

    takes_back: ClassVar[bool] = True
    reason: EndReason
