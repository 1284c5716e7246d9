"""Define the messages on parties, their keys and their authorisations (R107 to R122)."""

from enum import StrEnum

from pydantic import Field

from shared.contract.fields import Code, Id, Instant, Jwk, KeyId, PartyId
from shared.contract.parties import KeyUse, Scope
from shared.contract.registry import Direction, Model, message


class EndReason(StrEnum):
    """Why a membership ends (R111, R113, R114)."""

    WITHDRAWAL = "withdrawal"
    SPECIAL_WITHDRAWAL = "special-withdrawal"
    EXCLUSION = "exclusion"


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
