"""Define the messages on parties, their keys and authorisations, and on decisions (R107 to R130)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.contract.fields import Code, Day, Id, Instant, Jwk, KeyId, PartyId, Step, Subject, Theme
from shared.contract.parties import KeyUse, Scope
from shared.contract.registry import Direction, Model, message


class EndReason(StrEnum):
    """Why a membership ends (R111, R113, R114)."""

    WITHDRAWAL = "withdrawal"
    SPECIAL_WITHDRAWAL = "special-withdrawal"
    EXCLUSION = "exclusion"


# As the secretary numbers it: the organ, the year, and which of that year ("SG-2026-14").
DecisionNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,8}-2[01][0-9]{2}-[0-9]{1,4}$")]


class Organ(StrEnum):
    """Name the organs that decide (art. 3, 4, 5 and 8)."""

    STEERING_GROUP = "steering-group"
    SOUNDING_BOARD_GROUP = "sounding-board-group"
    PREPARATORY_GROUP = "preparatory-group"
    MANAGER = "manager"


@message("authorisation-granted", "governance", Direction.FROM_PARTY, dutch="bevoegdheid verleend")
class AuthorisationGranted(Model):
    """The party authorises the process directors for these acts, for one of its bodies (R122)."""

    authorisation_id: Id = Field(title="bevoegdheidsverlening")
    acting_body: Code = Field(title="bestuursorgaan")
    scopes: tuple[Scope, ...] = Field(min_length=1, max_length=len(Scope), title="reikwijdte")
    valid_from: Instant | None = Field(default=None, title="geldig vanaf")
    valid_until: Instant | None = Field(default=None, title="geldig tot")


@message("authorisation-revoked", "governance", Direction.FROM_PARTY, dutch="bevoegdheid ingetrokken")
class AuthorisationRevoked(Model):
    """The party takes the authorisation back; from then on nobody acts on it (R122)."""

    authorisation_id: Id = Field(title="bevoegdheidsverlening")


@message("public-key-announced", "governance", Direction.FROM_PARTY, dutch="publieke sleutel")
class PublicKeyAnnounced(Model):
    """A new P-256 key of the party, in a message signed with a key that is already known."""

    kid: KeyId = Field(title="sleutelnummer")
    use: KeyUse = Field(title="gebruik")
    jwk: Jwk = Field(title="sleutel (JWK)")


@message("membership-changed", "governance", Direction.TO_PARTY, dutch="deelname gewijzigd")
class MembershipChanged(Model):
    """From this moment the party is, or is no longer, a party to the covenant (R109, R115)."""

    party: PartyId = Field(title="partij")
    member_from: Instant | None = Field(default=None, title="partij vanaf")
    member_until: Instant | None = Field(default=None, title="partij tot")
    reason: EndReason | None = Field(default=None, title="reden van het einde")


Days = Annotated[int, Field(ge=1, le=400)]


class StepTerm(Model):
    """The terms of one step of a case, in days, each counted from the one before (R102)."""

    step: Step = Field(title="stap")
    remind: Days = Field(title="herinnering na")
    tell: Days = Field(title="melding na")
    again: Days = Field(title="opnieuw na")
    end: Days | None = Field(default=None, title="einde na")


class Parameters(Model):
    """What the covenant leaves to the house, as far as a decision changes it (R121).

    The months of phase 4 can only be made shorter: longer than six and twelve the covenant does not keep
    anything (R88, R91). The last three are about a case whose leading party has left (R115, R86).
    """

    closing_days: Days | None = Field(default=None, title="sluiten na dagen")
    longest_postponement_days: Days | None = Field(default=None, title="langste uitstel in dagen")
    query_reminder_days: Days | None = Field(default=None, title="wachten op antwoord in dagen")
    query_extension_days: Days | None = Field(default=None, title="langste uitstel van een antwoord in dagen")
    confirmation_days: Days | None = Field(default=None, title="bevestigen binnen dagen")
    terms: tuple[StepTerm, ...] = Field(default=(), max_length=len(Step), title="termijnen")
    archive_after_months: Annotated[int, Field(ge=1, le=6)] | None = Field(
        default=None, title="archiveren na maanden"
    )
    destroy_after_months: Annotated[int, Field(ge=1, le=12)] | None = Field(
        default=None, title="vernietigen na maanden"
    )
    smallest_cell: Annotated[int, Field(ge=2, le=100)] | None = Field(
        default=None, title="kleinste getal in cijfers"
    )
    strangers_logged_days: Annotated[int, Field(ge=30, le=400)] | None = Field(
        default=None, title="logregels zonder casus in dagen"
    )
    known_check_days: Days | None = Field(default=None, title="ander huis antwoorden na dagen")
    leader_looked_for_days: Annotated[int, Field(ge=1, le=7)] | None = Field(
        default=None, title="leidende partij nagaan om de dagen"
    )
    direction_accepted_days: Days | None = Field(default=None, title="regie overnemen binnen dagen")
    without_table_days: Days | None = Field(default=None, title="zonder RTO afschalen na dagen")

    @property
    def given(self) -> frozenset[str]:
        """Return the names of what it says something about."""
        return frozenset(name for name, value in self if value not in (None, ()))


@message("policy-decided", "governance", Direction.EVENT, dutch="beleid vastgesteld")
class PolicyDecided(Model):
    """From this day on this is the policy, on this decision (R121, R130); a record on a compacted topic.

    `recorded_at` is covenant time. What it does not say stays as it was. From the day on which one that
    replaces it takes force, it counts no more.
    """

    number: DecisionNumber
    organ: Organ
    in_force_from: Day
    recorded_at: Instant
    replaces: DecisionNumber | None = None
    parameters: Parameters | None = None
    themes: tuple[Theme, ...] = Field(default=(), max_length=len(Theme))


@message("secrecy-acknowledged", "governance", Direction.EVENT, dutch="geheimhouding bevestigd")
class SecrecyAcknowledged(Model):
    """Whoever this account is of knows the duty of secrecy; a record on a compacted topic (R126).

    `person` is the opaque subject of its tokens; `party` is None for somebody of the house.
    """

    person: Subject
    party: PartyId | None = None
    acknowledged_at: Instant
