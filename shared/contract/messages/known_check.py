"""Define the known-check: is somebody in treatment, yes or no, and at which process director (R13, R38, R39).

What goes between two houses is sealed to the other one, which takes the record as any party's. It holds what
finds a person, and no word about anybody: why the check is necessary is one of a few reasons (R40).
"""

from enum import StrEnum

from pydantic import ConfigDict, Field

from shared.contract.fields import BirthDate, Code, Id, Instant, LegalReference, PartyId, PersonName, Subject
from shared.contract.registry import Direction, Model, message


class CheckNecessity(StrEnum):
    """Say why it is necessary for a good weighing to know whether somebody is in treatment (R13, R38)."""

    DUPLICATE = "whether-this-referral-is-a-duplicate"
    BELONGS_HERE = "whether-the-case-belongs-here"
    COORDINATION = "whether-approaches-must-be-coordinated"


class KnownAnswer(StrEnum):
    """Answer a check; "no answer" is lawful, and looks like silence (R39)."""

    YES = "yes"
    NO = "no"
    NO_ANSWER = "no-answer"


class CheckAddressee(StrEnum):
    """Address a check at another house: it goes through the process director there (R39)."""

    LEADING_PARTY = "leading-party"


@message("known-check-asked", "intake", Direction.BETWEEN_HOUSES, dutch="vraag of iemand bekend is")
class KnownCheckAsked(Model):
    """Ask another house whether this person is in treatment there (R38, R39).

    `on_behalf_of`: the referring party, and with it body and task. `case_id`: the case of the house that
    asks; the answer bears it as its subject.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "check_id": "0190f3c2-7a4b-7c1d-8e2f-000000000001",
                    "case_id": "0190f3c2-7a4b-7c1d-8e2f-000000000002",
                    "on_behalf_of": "gemeente-nijmegen",
                    "acting_body": "college",
                    "task": "Wmo 2015, art. 2.1.1",
                    "addressed_to": "leading-party",
                    "necessity": "whether-approaches-must-be-coordinated",
                    "name": "Persoon A",
                    "date_of_birth": "1990-04-17",
                }
            ]
        }
    )

    check_id: Id = Field(title="nummer van de controle")
    case_id: Id = Field(title="casusnummer van de vrager")
    on_behalf_of: PartyId | None = Field(default=None, title="namens")
    acting_body: Code = Field(default="", title="bestuursorgaan")
    task: LegalReference = Field(default="", title="wettelijke taak")
    addressed_to: CheckAddressee = Field(default=CheckAddressee.LEADING_PARTY, title="gericht aan")
    necessity: CheckNecessity | None = Field(default=None, title="noodzaak")
    name: PersonName = Field(title="naam")
    date_of_birth: BirthDate = Field(title="geboortedatum")


@message("known-check-answered", "intake", Direction.BETWEEN_HOUSES, dutch="antwoord of iemand bekend is")
class KnownCheckAnswered(Model):
    """Answer the other house, at the end of one term: yes or no and, if yes, the director (R38, R39)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "check_id": "0190f3c2-7a4b-7c1d-8e2f-000000000001",
                    "answer": "yes",
                    "director": "director-a",
                }
            ]
        }
    )

    check_id: Id = Field(title="nummer van de controle")
    answer: KnownAnswer = Field(title="antwoord")
    director: Subject | None = Field(default=None, title="procesregisseur")


@message(
    "known-check-consultation-asked",
    "intake",
    Direction.TO_PARTY,
    dutch="raadpleging over een vraag van een ander huis",
)
class KnownCheckConsultationAsked(Model):
    """Ask who leads a case whether another house may be answered about a person of it (R39).

    Its subject is the number of the check, under which the reply is sent; without one there is no answer.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "case_id": "0190f3c2-7a4b-7c1d-8e2f-000000000003",
                    "person_id": "0190f3c2-7a4b-7c1d-8e2f-000000000004",
                    "house": "zvh-gelderland-zuid",
                    "on_behalf_of": "gemeente-nijmegen",
                    "task": "Wmo 2015, art. 2.1.1",
                    "necessity": "whether-approaches-must-be-coordinated",
                    "reply_before": "2026-03-09T09:00:00Z",
                }
            ]
        }
    )

    case_id: Id = Field(title="casusnummer")
    person_id: Id = Field(title="betrokkene")
    house: PartyId = Field(title="huis dat vraagt")
    on_behalf_of: PartyId = Field(title="namens")
    task: LegalReference = Field(default="", title="wettelijke taak")
    necessity: CheckNecessity = Field(title="noodzaak")
    reply_before: Instant = Field(title="termijn")


@message("known-check-consulted", "intake", Direction.FROM_PARTY, dutch="raadpleging beantwoord")
class KnownCheckConsulted(Model):
    """Say, as the leading party, whether the house may answer the check of another house (R39)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"may_be_answered": True}]})

    may_be_answered: bool = Field(title="mag worden beantwoord")
