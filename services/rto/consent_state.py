"""Hold what the register knows of consents, and of the case itself before its table is prepared."""

from dataclasses import dataclass
from datetime import datetime

from shared.contract.fields import Mandate, Team
from shared.contract.messages.rto import Capacity, ConsentGiver, ConsentPurpose, Secrecy, Use
from shared.core.consent import Consent

PURPOSES = {Use.RTO: ConsentPurpose.RTO, Use.PLAN_ACTIVITY: ConsentPurpose.PLAN_ACTIVITY}


@dataclass(frozen=True, slots=True)
class Register:
    """Hold of a case that was taken up who referred it, in whose name, who works on it, and about whom it is.

    `persons` are opaque ids; their identity is not here before the table is prepared (R58).
    """

    referrer: str
    persons: tuple[str, ...]
    mandate: Mandate
    team: Team


@dataclass(frozen=True, slots=True)
class RecordedConsent:
    """Hold a consent as it was recorded: who gave it, when, and which party asked for it (R20)."""

    consent: Consent
    given_by: ConsentGiver
    capacity: Capacity | None
    given_at: datetime
    asked_by: str
    recorded_at: datetime
    withdrawn_at: datetime | None = None

    def is_known_to(self, party: str | None) -> bool:
        """Tell whether this party recorded the consent, or has its secrecy lifted by it."""
        return party in (self.asked_by, self.consent.contributor)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Hold the working agreement by which a party asks for the consent that it needs itself (R20)."""

    party: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Weighing:
    """Hold how a contributor weighed its secrecy for one use: by which consents, if it named any (R76)."""

    secrecy: Secrecy
    consents: tuple[str, ...] = ()
