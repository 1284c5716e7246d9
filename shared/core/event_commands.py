"""Commands by which a service follows what another one has decided about a case; the same in each."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from shared.contract.fields import Team
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.retention import Hold, Term
from shared.core.actor import Command
from shared.core.consent import Consent
from shared.core.item_standing import Standing
from shared.core.rounds import OfRound


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDirection(Command):
    """Another party leads the case from this moment, by one body of it (R72)."""

    leading_party: str
    since: datetime
    acting_body: str | None = None
    task: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowAssignment(Command):
    """Follow who of the house works on the case from now on (R6)."""

    team: Team


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowStanding(Command):
    """Follow what a contributor decided on its item (R66, A12); this may come before the case itself."""

    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowConsent(Command):
    """Follow a consent of a data subject, given or withdrawn (R20); this may come before the case itself."""

    consent: Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowDeescalation(OfRound):
    """Follow a case into phase 4, by a decision of that moment (R86)."""

    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowCleaning(OfRound):
    """Follow the cleaning of the file: only these items stay (R95)."""

    kept_items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowArchiving(OfRound):
    """Follow the archiving of the file: nothing is shown here, and only these items stay (R88, A8)."""

    kept_items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowTerms(OfRound):
    """Follow the terms after which nothing of the case is shown, whatever was deleted by then (R91).

    `tell_again`: retention asks the round table to tell again what it handed over (R87).
    """

    terms: tuple[Term, ...]
    holds: tuple[Hold, ...] = ()
    tell_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowClosing(OfRound):
    """Follow an early end elsewhere, with its moment and its reason (R102)."""

    reason: ClosingReason | None = None
    closed_at: datetime | None = None
    lapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowReactivation(Command):
    """Follow a case back into phase 3, in this round; `kept_items`: what stays of an archived file (A5)."""

    round: int
    kept_items: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeCase(Command):
    """Retention ordered the erasure (R105)."""

    after_erasure: ClassVar[bool] = True
    case_id: str
    house_keys: tuple[str, ...] = ()
