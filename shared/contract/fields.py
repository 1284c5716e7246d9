"""Define the field types of all that comes from outside: a text, a number, a moment, identifiers and codes.

What fits one of these is taken by PostgreSQL, Kafka, a log and every receiver too, so that nothing is refused
behind the edge. Identifiers and codes have shapes that keep people's names out.
"""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints, WithJsonSchema

from shared.contract.characters import CONTROL
from shared.contract.content import AnyContent, Content, content_schema
from shared.contract.limits import MOST_PERSONS, MOST_RESERVATIONS, MOST_SUPPORT_WORKERS
from shared.contract.registry import Model

_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_YY_MM_DD = r"[0-9]{2}-[0-9]{2}-[0-9]{2}"
_INSTANT = (
    rf"^2[01]{_YY_MM_DD}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,9}})?"
    r"(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"
)
_PARTY_ID = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_SUBJECT = r"^[A-Za-z0-9_.:|-]{1,64}$"
_MEMBER = r"^[A-Za-z0-9_#]{1,40}$"  # the name of a member of a key
_MAX_MEMBER, _MAX_MEMBERS = 1000, 16
_LINE = rf"^[^{CONTROL}]*$"
_DATE = rf"^(19|2[01]){_YY_MM_DD}$"

ID = re.compile(_UUID)
INSTANT = re.compile(_INSTANT)  # RFC 3339, in the years 2000 to 2199 and in the zones of this world
DATE = re.compile(_DATE)
PARTY_ID = re.compile(_PARTY_ID)
SUBJECT = re.compile(_SUBJECT)
MAX_PARTY_ID = 60  # characters
MAX_LINE = 200  # characters

Id = Annotated[str, StringConstraints(pattern=_UUID)]
PartyId = Annotated[str, StringConstraints(pattern=_PARTY_ID, max_length=MAX_PARTY_ID)]
KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
CompactJws = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}$", max_length=1000)
]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
# The opaque subject of a person's token: without blanks, so that no name fits.
Subject = Annotated[str, StringConstraints(pattern=_SUBJECT)]
Topic = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
# One line in the clear, of what is not about a person: a name of an organisation, a sentence of the house.
Line = Annotated[str, StringConstraints(pattern=_LINE, max_length=MAX_LINE)]
# A JSON pointer (RFC 6901) to a field of what somebody sent; a name that is not of the contract is a star.
Pointer = Annotated[str, StringConstraints(pattern=r"^(/([A-Za-z0-9_-]+|\*))*$", max_length=MAX_LINE)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Offset = Annotated[int, Field(ge=0, le=2**63 - 1)]  # of a record on Kafka, or a row that a sequence numbers
Source = Annotated[str, StringConstraints(pattern=r"^urn:nld:(oin|kvknr):[A-Za-z0-9.:-]+$", max_length=120)]
# A public key as RFC 7517 writes it, each member a text; which of them a key needs is for its reader to say.
Jwk = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=_MEMBER)],
        Annotated[str, StringConstraints(pattern=_LINE, max_length=_MAX_MEMBER)],
    ],
    Field(max_length=_MAX_MEMBERS),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": _MAX_MEMBERS,
            "propertyNames": {"pattern": _MEMBER},
            "additionalProperties": {"type": "string", "pattern": _LINE, "maxLength": _MAX_MEMBER},
        }
    ),
]


def _formatted_as(pattern: re.Pattern[str]) -> BeforeValidator:
    """Accept text in this form alone; pydantic would take numbers and other texts for an instant as well."""

    def check(value: Any) -> Any:
        if isinstance(value, date) or (isinstance(value, str) and pattern.fullmatch(value)):
            return value
        raise ValueError("not in the form of the schema")

    return BeforeValidator(check)


# Bounded, so that no term that is counted from it can leave the calendar: what is absurd does not fit.
Instant = Annotated[
    AwareDatetime,
    _formatted_as(INSTANT),
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC)),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _INSTANT}),
]
Day = Annotated[
    date,
    _formatted_as(DATE),
    Field(ge=date(1900, 1, 1), lt=date(2200, 1, 1)),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DATE}),
]


def _at_most(characters: int) -> AfterValidator:
    """Accept a text of so many characters; one that is sealed was measured before."""

    def check(content: AnyContent) -> AnyContent:
        if isinstance(content, str) and len(content) > characters:
            raise ValueError(f"at most {characters} characters")
        return content

    return AfterValidator(check)


# Texts that stand in a message beside other texts: short, so that both together fit into one.
PersonName = Annotated[Content, _at_most(200), content_schema(200)]
BirthDate = Annotated[Content, _at_most(40), content_schema(40)]
Address = Annotated[Content, _at_most(300), content_schema(300)]
Bsn = Annotated[Content, _at_most(40), content_schema(40)]
Place = Annotated[Content, _at_most(500), content_schema(500)]
Conditions = Annotated[Content, _at_most(2000), content_schema(2000)]  # of use, where they are changed alone
# A reference to a law ("Wmo 2015, art. 2.1.1"): short, and no place for a story about somebody.
LegalReference = Annotated[str, StringConstraints(pattern=r"^[\w .,:;()/-]*$", max_length=120)]


class Theme(StrEnum):
    """The themes of art. 2.3; the steering group may add or drop them (R130)."""

    REINTEGRATION = "reintegration"
    RADICALISATION = "radicalisation"
    COMPLEX_CASE = "complex-case"
    TRAFFICKING = "trafficking"
    ZSM_RIEC_VT = "zsm-riec-veilig-thuis"
    YOUTH_AT_RISK = "youth-at-risk"


class Category(StrEnum):
    """How the law classes an item: special and criminal data need a competent reader (R21, R49)."""

    ORDINARY = "ordinary"
    SPECIAL = "special"
    CRIMINAL = "criminal"

    @property
    def needs_test(self) -> bool:
        return self is not Category.ORDINARY


class ItemStatus(StrEnum):
    """Say what its contributor decided last on an item as a whole (R66, A12)."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"


class PersonRole(StrEnum):
    """In what role a person stands in the case (R9 speaks of the family system)."""

    SUBJECT = "subject"
    PARENT = "parent"
    PARTNER = "partner"
    CHILD = "child"
    HOUSEHOLD = "household"


class InformMoment(StrEnum):
    """When a data subject must be informed (cross-table "Terms" of the rules)."""

    TAKEN_UP = "taken-up"
    AFTER_TRIAGE = "after-triage"
    AFTER_RTO = "after-rto"
    AT_DEESCALATION = "at-deescalation"
    CASE_REMOVED = "case-removed"


class FirstGoal(StrEnum):
    """Name what must be decided first, where an outcome left that open (R12c, R50 iii)."""

    BELONGS_HERE = "whether-the-case-belongs-here"
    JOINT_APPROACH = "whether-a-joint-approach-is-useful"


class Step(StrEnum):
    """Name what a case waits for; each has a term, after which whoever can do it is reminded."""

    CONSULTATION = "consultation"
    SCREENING = "screening"
    INFORMING = "informing"
    TRIAGE = "triage"
    PREPARATION = "preparation"
    CONVENING = "convening"
    ROUND_TABLE = "round-table"
    MONITORING = "monitoring"


class Person(Model):
    """A data subject of the case (R16): an opaque id and a role in the clear, the identity only sealed."""

    person_id: Id = Field(title="betrokkene")
    role: PersonRole = Field(title="rol")
    name: PersonName = Field(title="naam")
    date_of_birth: BirthDate = Field(title="geboortedatum")
    address: Address | None = Field(default=None, title="adres")
    bsn: Bsn | None = Field(default=None, title="burgerservicenummer")


class Item(Model):
    """One piece of information as its contributor gives it, with the terms it travels under."""

    item_id: Id = Field(title="gegeven")
    category: Category = Field(default=Category.ORDINARY, title="categorie")
    persons: tuple[Id, ...] = Field(default=(), max_length=MOST_PERSONS, title="betrokkenen")
    acting_body: Code = Field(title="bestuursorgaan")
    basis: LegalReference = Field(title="grondslag")
    valid_on: Day = Field(title="peildatum")
    necessity: Content = Field(title="noodzaak")
    content: Content = Field(title="inhoud")
    shareable_at_rto: bool = Field(default=False, title="deelbaar in het RTO")
    withheld_from: tuple[PartyId, ...] = Field(default=(), max_length=MOST_RESERVATIONS, title="voorbehoud")
    use_conditions: Content | None = Field(default=None, title="gebruiksvoorwaarden")
    hidden_from_director: bool = Field(default=False, title="niet voor de procesregisseur")
    shareable_in_query: bool = Field(
        default=False,
        title="deelbaar bij een uitvraag",
        description="The referrer's word that a query to another party may draw on it.",
    )
    needs_consent: bool = Field(
        default=False,
        title="alleen met toestemming",
        description="Its contributor is bound to secrecy that only consent of its persons lifts (R20, R76).",
    )


class Revision(Model):
    """Hold what a contributor changed of its item since it gave it; what is left out is as it was (R66, R67).

    A correction states `content`, `necessity` and conditions anew, so one without conditions has none. Texts
    stand in the event by which they came, and in no later one.
    """

    content: Content | None = None
    necessity: Content | None = None
    use_conditions: Content | None = None
    category: Category | None = None
    basis: LegalReference | None = None
    valid_on: Day | None = None
    shareable_at_rto: bool | None = None
    shareable_in_query: bool | None = None
    hidden_from_director: bool | None = None


class ContributedItem(Item):
    """An item inside the house: from now on it says whose it is (R57, R66)."""

    contributor: PartyId = Field(title="inbrenger")
    version: Count = Field(default=1, title="versie", description="Higher each time its texts were changed.")
    # those it was given under, and those made since
    withheld_from: tuple[PartyId, ...] = Field(
        default=(), max_length=2 * MOST_RESERVATIONS, title="voorbehoud"
    )

    @classmethod
    def of(cls, item: Item, contributor: str, version: int = 1) -> "ContributedItem":
        """Return the item as this party's, in this version."""
        return cls.model_construct(**{**dict(item), "contributor": contributor, "version": version})


class Team(Model):
    """Say who of the house works on a case (R6); of two, the higher `assignment` is the later."""

    director: Subject = Field(title="procesregisseur")
    support_workers: tuple[Subject, ...] = Field(
        default=(), max_length=MOST_SUPPORT_WORKERS, title="ondersteunende medewerkers"
    )
    assignment: Count = Field(default=0, title="nummer van de toewijzing")

    def alone(self) -> "Team":
        """Return the team without what a message says besides."""
        return Team(director=self.director, support_workers=self.support_workers, assignment=self.assignment)


class Mandate(Model):
    """Say in whose name the house acts in a case (R3, R7, R72): which body, for what, since when.

    `acting_body` is None where a version before this one recorded none; task and basis where none was stated.
    """

    party: PartyId = Field(title="leidende partij")
    acting_body: Code | None = Field(default=None, title="bestuursorgaan")
    task: LegalReference = Field(default="", title="wettelijke taak")
    basis: LegalReference = Field(default="", title="grondslag")
    since: Instant | None = Field(default=None, title="sinds")
