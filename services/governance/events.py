"""What has happened to a party's membership; organisations are named here, people never."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.governance.accession import AccessionForm
from shared.contract.messages.governance import EndReason
from shared.contract.parties import Authorisation, PartyRecord, PublicKey


@dataclass(frozen=True, slots=True)
class SignatoryRecorded:
    """The organisation and the chair have signed: it is a party from the recorded moment (R109)."""

    record: PartyRecord
    form: AccessionForm
    at: datetime


@dataclass(frozen=True, slots=True)
class KeyAnnounced:
    """From now on this key is the party's."""

    key: PublicKey


@dataclass(frozen=True, slots=True)
class AuthorisationGranted:
    """On record, and without effect until it is accepted (R122, R123)."""

    authorisation: Authorisation


@dataclass(frozen=True, slots=True)
class AuthorisationAccepted:
    """Accepted in writing by this process director (an opaque subject): in force (R123)."""

    authorisation_id: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AuthorisationRevoked:
    """Nobody acts on it any more (R122)."""

    authorisation_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MembershipEnded:
    """All rights of the party end at this moment; its secrecy does not (R115, R126)."""

    reason: EndReason
    at: datetime


@dataclass(frozen=True, slots=True)
class CasePurged:
    """Governance holds nothing of the case (R105)."""

    case_id: str
    house_keys: tuple[str, ...] = ()


Event: TypeAlias = (
    SignatoryRecorded
    | KeyAnnounced
    | AuthorisationGranted
    | AuthorisationAccepted
    | AuthorisationRevoked
    | MembershipEnded
    | CasePurged
)
