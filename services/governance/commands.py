"""What may be asked of governance."""

from dataclasses import dataclass
from datetime import datetime

from services.governance.accession import Signatory
from shared.contract.messages.governance import AuthorisationGranted, EndReason, PublicKeyAnnounced
from shared.core.actor import Command
from shared.core.event_commands import PurgeCase as PurgeCase


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSignatory(Command):
    """An original signatory of the covenant becomes a party (R109); `received_at` is machine time."""

    signatory: Signatory
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyCommand(Command):
    """What only the party itself may ask; `party` is the one whose membership this is."""

    party: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceKey(PartyCommand):
    """A party announces a key, signed with one that is already known; `received_at` is machine time."""

    announcement: PublicKeyAnnounced
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantAuthorisation(PartyCommand):
    """A party authorises the process directors, for one of its bodies (R122)."""

    grant: AuthorisationGranted


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptAuthorisation(Command):
    """A process director accepts in writing, with the processor agreement concluded beside it (R123)."""

    authorisation_id: str
    processor_agreement: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAuthorisation(PartyCommand):
    """The party takes an authorisation back (R122)."""

    authorisation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMembership(Command):
    """A withdrawal or exclusion takes effect now (R111, R113, R114)."""

    reason: EndReason
