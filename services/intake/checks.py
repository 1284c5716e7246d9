"""Hold what a known-check asks and what came of it: of this house, and of another one (R13, R38 to R40)."""

from dataclasses import dataclass
from datetime import datetime

from shared.contract.content import TextRef
from shared.contract.messages.known_check import CheckNecessity, KnownAnswer


@dataclass(frozen=True, slots=True)
class Check:
    """Hold a known-check of a person of this case; `house`: the other house that was asked, if not this one.

    `answer_by`: from then on no answer of another house counts. `director`: whom to contact, after a yes.
    """

    check_id: str
    person_id: str
    necessity: CheckNecessity
    reason: TextRef
    asked_at: datetime
    house: str | None = None
    answer_by: datetime | None = None
    answer: KnownAnswer | None = None
    director: str | None = None

    def waits(self, at: datetime) -> bool:
        """Tell whether an answer of another house still counts, by the date alone (R39)."""
        return self.answer is None and self.answer_by is not None and at < self.answer_by


@dataclass(frozen=True, slots=True)
class IncomingCheck:
    """Hold what another house asks: a record of its own, without a text, until its term ends (R39).

    `check_id` and `case_id` are the numbers of that house. `digest`: by what the person is found here.
    `found`: the case that was found when it came in or last consulted on, "" for none; `asked_of`: who led
    that case then, and `agreed` what it said. `decision`: what the director wants to be answered.
    """

    house: str
    check_id: str
    case_id: str
    on_behalf_of: str
    necessity: CheckNecessity | None
    digest: str
    asked_at: datetime
    answer_at: datetime
    task: str = ""
    found: str = ""
    asked_of: str = ""
    agreed: bool | None = None
    decision: KnownAnswer | None = None


@dataclass(frozen=True, slots=True)
class Weighing:
    """Hold a weighing of an exchange with another house, and who of this case took part in it (R40)."""

    weighing_id: str
    house: str
    involved: tuple[str, ...]
    exchange: bool
    weighing: TextRef
    director: str
    at: datetime
