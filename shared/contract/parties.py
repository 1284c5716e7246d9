"""Define who is a party, and what it may do at an instant: one immutable picture for a decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.contract.fields import MAX_PARTY_ID, PARTY_ID, Code, Id, Instant, Jwk, KeyId, Line, PartyId
from shared.contract.limits import MOST_ACTING_BODIES, MOST_AUTHORISATIONS, MOST_KEYS, MOST_SHARED
from shared.contract.registry import Direction, Model, message
from shared.contract.topics import RESERVED, SERVICE_LOGIN

# A party's id becomes part of topics, consumer groups and logins, where these are the house's own.


def is_reserved(party: str) -> bool:
    """Tell whether an id is reserved: it is one of the house's own, or does not begin with a letter."""
    return party in RESERVED or party.startswith(SERVICE_LOGIN) or not party[:1].isalpha()


def is_registrable(party: str) -> bool:
    """Tell whether a party may be registered under this id: of the contract's form, and not reserved."""
    is_in_form = len(party) <= MAX_PARTY_ID and PARTY_ID.fullmatch(party) is not None
    return is_in_form and not is_reserved(party)


class PartyKind(StrEnum):
    """Decides what follows by itself: national chain partners are competent for special categories (R21)."""

    MUNICIPALITY = "municipality"
    NATIONAL_CHAIN_PARTNER = "national-chain-partner"
    OTHER = "other"


class Scope(StrEnum):
    """For which acts the process directors may act on a party's behalf (R122)."""

    SCREENING = "screening"
    QUERY = "query"
    RTO = "rto"
    MONITORING = "monitoring"
    OTHER_TABLE = "other-table"
    PHASE_4 = "phase-4"


class KeyUse(StrEnum):
    """A party signs with one key and has its messages sealed to another."""

    SIGNING = "sig"
    SEALING = "enc"


class PublicKey(Model):
    """A party's announced public key (P-256 JWK); the interval is machine time."""

    kid: KeyId
    use: KeyUse
    jwk: Jwk
    valid_from: Instant
    valid_until: Instant | None = None


class Authorisation(Model):
    """A party's mandate to the process directors; in force only once accepted in writing (R122, R123)."""

    authorisation_id: Id
    acting_body: Code
    scopes: tuple[Scope, ...] = Field(max_length=len(Scope))
    valid_from: Instant
    valid_until: Instant | None = None
    accepted_at: Instant | None = None
    revoked_at: Instant | None = None

    @property
    def ends_at(self) -> datetime | None:
        """Return when it ended or will end, by its term or because it was taken back; None for no end."""
        ends = [end for end in (self.valid_until, self.revoked_at) if end is not None]
        return min(ends, default=None)

    def covers(self, scope: Scope, at: datetime, acting_body: str | None) -> bool:
        """Tell whether this act is covered at that instant, for that body of the party if one is named."""
        return (
            scope in self.scopes
            and self.accepted_at is not None
            and max(self.valid_from, self.accepted_at) <= at
            and (self.valid_until is None or at < self.valid_until)
            and (self.revoked_at is None or at < self.revoked_at)
            and acting_body in (None, self.acting_body)
        )


class SharedMunicipality(Model):
    """Name a party that belongs to the other house too, and since when the separate covenant holds."""

    party: PartyId
    covenant_since: Instant | None = None


class HouseStanding(Model):
    """Connect another house like this one in this interval: no party, whatever a party may (R38, R124).

    `shared_with`: which municipalities belong to both (R41).
    """

    since: Instant
    until: Instant | None = None
    shared_with: tuple[SharedMunicipality, ...] = Field(default=(), max_length=MOST_SHARED)


@message("party-recorded", "governance", Direction.EVENT, dutch="partij vastgelegd")
class PartyRecord(Model):
    """All that other services need to know of a party; the compacted record on the parties topic.

    Another house has one too, with `house` and without a membership: a reader that does not know of houses
    takes it for an organisation that is no party.
    """

    party: PartyId
    name: Line
    kind: PartyKind
    seat: Line = ""
    source: Line = ""
    acting_bodies: tuple[Code, ...] = Field(default=(), max_length=MOST_ACTING_BODIES)
    may_use_bsn: bool = False
    checked_for_special: bool = False
    member_from: Instant | None = None
    member_until: Instant | None = None
    authorisations: tuple[Authorisation, ...] = Field(default=(), max_length=MOST_AUTHORISATIONS)
    keys: tuple[PublicKey, ...] = Field(default=(), max_length=MOST_KEYS)
    house: HouseStanding | None = None

    def is_house(self, at: datetime) -> bool:
        """Tell whether it was another house that is connected to this one, at that instant (R38)."""
        known = self.house
        return known is not None and known.since <= at and (known.until is None or at < known.until)

    def is_member(self, at: datetime) -> bool:
        """Tell whether it was a party at that instant (R1, R109, R115)."""
        return (
            self.member_from is not None
            and self.member_from <= at
            and (self.member_until is None or at < self.member_until)
        )

    @property
    def may_see_special(self) -> bool:
        """Tell whether it may see special data.

        A national chain partner may, anyone else once checked (R21).
        """
        return self.kind is PartyKind.NATIONAL_CHAIN_PARTNER or self.checked_for_special

    def sealing_key(self, at: datetime) -> PublicKey | None:
        """Return the key announced last to encrypt its messages to at that (machine) time, or None."""
        return max(self._in_force(KeyUse.SEALING, at), key=lambda key: key.valid_from, default=None)

    def signing_key(self, kid: str, at: datetime) -> PublicKey | None:
        """Return the key with this kid, if it is in force for signatures at that (machine) time, or None."""
        return next((key for key in self._in_force(KeyUse.SIGNING, at) if key.kid == kid), None)

    def may_sign(self, at: datetime) -> bool:
        """Tell whether any signature of it can be verified at that (machine) time."""
        return bool(self._in_force(KeyUse.SIGNING, at))

    def _in_force(self, use: KeyUse, at: datetime) -> list[PublicKey]:
        """List the keys in force.

        Not cached, as a copy of this record with other keys would keep the cache.
        """
        return [
            key
            for key in self.keys
            if key.use is use and key.valid_from <= at and (key.valid_until is None or at < key.valid_until)
        ]


@dataclass(frozen=True, slots=True)
class Parties:
    """Hold the parties as one decision sees them."""

    records: Mapping[str, PartyRecord]

    def get(self, party: str) -> PartyRecord | None:
        """Return the record of a party, present or past; None for one never heard of."""
        return self.records.get(party)

    def is_member(self, party: str, at: datetime) -> bool:
        """Tell whether it was a party at that instant."""
        record = self.records.get(party)
        return record is not None and record.is_member(at)

    def is_house(self, party: str, at: datetime) -> bool:
        """Tell whether it was another house at that instant."""
        record = self.records.get(party)
        return record is not None and record.is_house(at)

    def members(self, at: datetime) -> frozenset[str]:
        """Return the ids of all parties at that instant."""
        return frozenset(p for p, record in self.records.items() if record.is_member(at))

    def authorised(self, party: str, scope: Scope, at: datetime, acting_body: str | None = None) -> bool:
        """Tell whether the process directors may do this for that party at that instant (R2, R122)."""
        record = self.records.get(party)
        return record is not None and any(a.covers(scope, at, acting_body) for a in record.authorisations)
