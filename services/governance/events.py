"""Name what has happened to a party's membership; organisations are named here, people never."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.governance.accession import AccessionForm
from services.governance.decisions import Decision
from shared.contract.messages.governance import EndReason
from shared.contract.parties import Authorisation, PartyRecord, PublicKey


@dataclass(frozen=True, slots=True)
class SignatoryRecorded:
    """Record that organisation and chair have signed, on this decision: a party from then on (R109)."""

    record: PartyRecord
    form: AccessionForm
    at: datetime
    decision: str = ""


@dataclass(frozen=True, slots=True)
class HouseRecorded:
    """Record another house as it is from then on: no party (R38, R124)."""

    record: PartyRecord
    at: datetime


@dataclass(frozen=True, slots=True)
class DecisionRecorded:
    """Record what an organ decided: under its number for good (R121)."""

    decision: Decision
    at: datetime


@dataclass(frozen=True, slots=True)
class SecrecyAcknowledged:
    """Record that whoever this account is of knows the duty of secrecy (R126); `person` is opaque."""

    person: str
    party: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class KeyAnnounced:
    """Record that this key is the party's from now on."""

    key: PublicKey


@dataclass(frozen=True, slots=True)
class AuthorisationGranted:
    """Record an authorisation, without effect until it is accepted (R122, R123)."""

    authorisation: Authorisation
    at: datetime


@dataclass(frozen=True, slots=True)
class AuthorisationAccepted:
    """Record that this process director (an opaque subject) accepted in writing: in force (R123)."""

    authorisation_id: str
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AuthorisationRevoked:
    """Record that nobody acts on an authorisation any more (R122)."""

    authorisation_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordPublishedAnew:
    """Record that the party's record was published once more, unchanged."""


@dataclass(frozen=True, slots=True)
class EndingProposed:
    """Record who proposed to end the membership and why; it lapses when nobody confirms it in time."""

    reason: EndReason
    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MembershipEnded:
    """Record that all rights of the party end now; its secrecy does not (R115, R126)."""

    reason: EndReason
    at: datetime


@dataclass(frozen=True, slots=True)
class CasePurged:
    """Record that governance holds nothing of the case (R105)."""

    case_id: str
    house_keys: tuple[str, ...] = ()


Event: TypeAlias = (
    SignatoryRecorded
    | HouseRecorded
    | DecisionRecorded
    | SecrecyAcknowledged
    | KeyAnnounced
    | AuthorisationGranted
    | AuthorisationAccepted
    | AuthorisationRevoked
    | RecordPublishedAnew
    | EndingProposed
    | MembershipEnded
    | CasePurged
)
