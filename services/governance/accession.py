"""Describe what an organisation signs to become a party: the form of Bijlage 1 (R110)."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from pydantic import Field

from shared.contract.content import is_blank
from shared.contract.fields import Code, Day, Instant, Jwk, KeyId, Line, PartyId, PersonName, Source
from shared.contract.limits import MOST_ACTING_BODIES, MOST_SHARED
from shared.contract.messages.governance import DecisionNumber
from shared.contract.parties import PartyKind, SharedMunicipality
from shared.contract.registry import Model

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


class AccessionForm(Model):
    """The form as it was signed on paper; both names lie sealed, and go with the membership."""

    name: Line = Field(default="", title="naam organisatie")
    seat: Line = Field(default="", title="statutaire vestiging")
    office: Line = Field(default="", title="kantoor")
    officer_function: Line = Field(default="", title="functie van de bevoegde functionaris")
    officer_name: PersonName | None = Field(default=None, title="naam van de bevoegde functionaris")
    endorses_goals: bool = Field(default=False, title="onderschrijft de doelstellingen")
    undertakes_to_comply: bool = Field(default=False, title="verplicht zich tot naleving")
    entitled_to_exchange: bool = Field(default=False, title="gerechtigd tot uitwisseling")
    place: Line = Field(default="", title="plaats van ondertekening")
    organisation_signed_on: Day | None = Field(default=None, title="ondertekend door de organisatie op")
    chair_signed_on: Day | None = Field(default=None, title="ondertekend door de voorzitter op")
    chair_name: PersonName | None = Field(default=None, title="naam van wie voor de stuurgroep tekende")

    def signed_on(self, today: date) -> date | None:
        """Return the day from which both signatures stand, or None while one is missing (R109)."""
        if self.organisation_signed_on is None or self.chair_signed_on is None:
            return None
        last = max(self.organisation_signed_on, self.chair_signed_on)
        return last if last <= today else None

    @property
    def is_complete(self) -> bool:
        """Tell whether everything that Bijlage 1 asks for was filled in (R110)."""
        filled_in = (self.name, self.seat, self.office, self.officer_function, self.place)
        declared = (self.endorses_goals, self.undertakes_to_comply, self.entitled_to_exchange)
        named = not is_blank(self.officer_name) and not is_blank(self.chair_name)
        return all(filled_in) and all(declared) and named


class KeyOnPaper(Model):
    """The party's first public signing key, handed over with the signed form."""

    kid: KeyId = Field(title="sleutelnummer")
    jwk: Jwk = Field(title="sleutel (JWK)")


class Signatory(Model):
    """An organisation that signed the covenant, as the secretary registers it.

    `decision`: the number of the steering group's decision on its accession (R109).
    """

    party: PartyId = Field(title="partij")
    decision: DecisionNumber = Field(title="besluit van de stuurgroep")
    form: AccessionForm = Field(title="toetredingsformulier")
    kind: PartyKind = Field(title="soort partij")
    acting_bodies: tuple[Code, ...] = Field(max_length=MOST_ACTING_BODIES, title="bestuursorganen")
    source: Source = Field(title="afzender")
    may_use_bsn: bool = Field(default=False, title="mag het BSN gebruiken")
    checked_for_special: bool = Field(default=False, title="getoetst op bijzondere persoonsgegevens")
    member_from: Instant = Field(title="partij vanaf")
    signing_key: KeyOnPaper | None = Field(default=None, title="eerste publieke sleutel")


class OtherHouse(Model):
    """Describe another house, as the secretary records it: no party (R38, R124).

    Recorded again, all but its keys is new. `shared_with`: which municipalities belong to both, and since
    when the separate covenant of the three holds (R41).
    """

    party: PartyId = Field(title="huis")
    name: Line = Field(title="naam van het huis")
    seat: Line = Field(default="", title="statutaire vestiging")
    source: Source = Field(title="afzender")
    connected_from: Instant = Field(title="verbonden vanaf")
    shared_with: tuple[SharedMunicipality, ...] = Field(
        default=(), max_length=MOST_SHARED, title="gemeenten in beide huizen"
    )
    signing_key: KeyOnPaper | None = Field(default=None, title="eerste publieke sleutel")


# What a house like this one is called, before its region: as an id or in full, with what stands before it.
_HOUSE = re.compile(r"^(.*-)?(zvh|(zorg-en-)?veiligheidshuis)(-|$)")


def is_the_house(said: str, house: str) -> bool:
    """Tell whether a name or an id means the house with this id: "Zorg- en Veiligheidshuis Noord-Limburg".

    A name without a region means this one; another house is an organisation like any other.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")
    region, own = _HOUSE.sub("", slug), _HOUSE.sub("", house)
    if region and own:
        return region == own
    return region != slug or (slug != "" and slug == house)


def day_of(moment: datetime) -> date:
    """Return the calendar day in the covenant's time zone (A4)."""
    return moment.astimezone(AMSTERDAM).date()


def start_of(day: date) -> datetime:
    """Return the first instant of that day."""
    return datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM).astimezone(UTC)
