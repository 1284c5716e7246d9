"""Describe what parties and sixth say to each other: a part of the published contract."""

from pydantic import Field

from shared.contract.fields import Code, Id
from shared.contract.registry import Direction, Model, message


@message("sixth-submitted", "sixth", Direction.FROM_PARTY, dutch="sixth ingediend")
class SixthSubmitted(Model):
    """A party submits something, under a number of its own."""

    submission_id: Id = Field(title="nummer bij sixth")
    subject: Code = Field(title="onderwerp bij sixth")


@message("sixth-registered", "sixth", Direction.TO_PARTY, dutch="sixth geregistreerd")
class SixthRegistered(Model):
    """What the party submitted under this number is on record."""

    submission_id: Id = Field(title="nummer bij sixth")
