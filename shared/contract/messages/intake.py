"""Define phase 1: referral, screening and the one register of duties to inform (R1 to R24, A20)."""

from enum import StrEnum

from pydantic import Field

from shared.contract.content import Content
from shared.contract.fields import (
    Code,
    ContributedItem,
    Count,
    FirstGoal,
    Id,
    InformMoment,
    Instant,
    Item,
    LegalReference,
    Mandate,
    PartyId,
    Person,
    PersonName,
    Team,
    Theme,
)
from shared.contract.limits import MOST_CODES, MOST_ITEMS, MOST_PARTICIPANTS, MOST_PERSONS, MOST_QUERIES_TOLD
from shared.contract.registry import Direction, Model, message


class Criteria(Model):
    """The formal criteria (R9): the first three together, or the fourth (A2)."""

    multi_problem: bool = Field(title="multiproblematiek op meer dan een leefgebied")
    several_chains: bool = Field(title="samenwerking van meerdere ketens nodig")
    impact_on_system: bool = Field(title="invloed op het gezinssysteem of de leefomgeving")
    serious_local_safety: bool = Field(title="ernstige lokale veiligheidsproblematiek")

    @property
    def met(self) -> bool:
        together = self.multi_problem and self.several_chains and self.impact_on_system
        return together or self.serious_local_safety


class ScreeningOutcome(StrEnum):
    """Exactly three outcomes (R12)."""

    NOT_TAKEN_UP = "not-taken-up"
    TAKEN_UP = "taken-up"
    INFORMATION_NEEDED = "information-needed"


@message("referral-submitted", "intake", Direction.FROM_PARTY, dutch="aanmelding")
class ReferralSubmitted(Model):
    """A party refers a case about one or more persons."""

    referral_id: Id = Field(title="aanmelding")
    task: LegalReference = Field(title="wettelijke taak")
    acting_body: Code = Field(title="bestuursorgaan")
    theme: Theme = Field(title="thema")
    basis: LegalReference = Field(title="grondslag")
    criteria: Criteria = Field(title="formele criteria")
    weighing: Content = Field(title="inhoudelijke afweging")
    persons: tuple[Person, ...] = Field(min_length=1, max_length=MOST_PERSONS, title="betrokkenen")
    items: tuple[Item, ...] = Field(default=(), max_length=MOST_ITEMS, title="gegevens")
    informed_beforehand: tuple[Id, ...] = Field(
        default=(), max_length=MOST_PERSONS, title="vooraf geinformeerd"
    )
    referrer_name: PersonName | None = Field(default=None, title="naam aanmelder")


@message("referral-withdrawn", "intake", Direction.FROM_PARTY, dutch="intrekking van de aanmelding")
class ReferralWithdrawn(Model):
    """The party that leads stops the case: the referrer, until another one takes case direction (A21)."""

    reason: Content = Field(title="reden")


@message("consultation-confirmed", "intake", Direction.FROM_PARTY, dutch="overleg bevestigd")
class ConsultationConfirmed(Model):
    """The referrer confirms that the director consulted it on suitability (R11)."""

    remark: Content | None = Field(default=None, title="opmerking")


@message("person-informed", "intake", Direction.FROM_PARTY, dutch="betrokkene geinformeerd")
class PersonInformed(Model):
    """A data subject has been informed (R16 to R18); without `duty`, of what was asked for first."""

    person_id: Id = Field(title="betrokkene")
    moment: InformMoment = Field(title="moment")
    duty: Count | None = Field(default=None, title="nummer van de plicht")


@message("informing-postponed", "intake", Direction.FROM_PARTY, dutch="informeren uitgesteld")
class InformingPostponed(Model):
    """Informing waits, for this reason and until this moment (R19); `duty` as in `person-informed`."""

    person_id: Id = Field(title="betrokkene")
    moment: InformMoment = Field(title="moment")
    duty: Count | None = Field(default=None, title="nummer van de plicht")
    reason: Content = Field(title="reden")
    until: Instant | None = Field(default=None, title="voorgenomen moment")


@message("referral-received", "intake", Direction.TO_PARTY, dutch="aanmelding ontvangen")
class ReferralReceived(Model):
    """The referral is on record, provisionally (R15), under this case number."""

    referral_id: Id = Field(title="aanmelding")
    case_id: Id = Field(title="casusnummer")


@message("referral-screened", "intake", Direction.TO_PARTY, dutch="aanmelding gescreend")
class ReferralScreened(Model):
    """The outcome of the screening, with advice if there is any (R12)."""

    outcome: ScreeningOutcome = Field(title="uitkomst")
    advice: Content | None = Field(default=None, title="advies")


class WhatToSay(StrEnum):
    """What of the three things of R18 the notice must contain; `contents` says all of it."""

    STEPS_TAKEN = "steps-taken"
    INFORMATION_ASKED = "information-asked-from-whom-and-why"
    RIGHTS = "rights"


class NoticePart(StrEnum):
    """What a notice must contain; which of it depends on the moment (R18, R56, R78, R83, R98)."""

    STEPS_TAKEN = "steps-taken"
    INFORMATION_ASKED = "information-asked-from-whom-and-why"
    RIGHTS = "rights"
    OUTCOME_OF_TRIAGE = "outcome-of-the-triage"
    GOAL = "goal-of-the-round-table"
    THEMES = "themes-of-the-round-table"
    PARTICIPANTS = "participants-of-the-round-table"
    OUTCOME_OF_RTO = "outcome-of-the-round-table"
    RECIPIENTS = "to-whom-which-data-and-why"
    DEESCALATION = "de-escalation"
    CLEANING = "cleaning-of-the-file"
    WHAT_STAYS = "what-stays-and-for-how-long"
    AFTER_DESTRUCTION = "where-to-go-after-destruction"
    REMOVAL = "data-are-removed"


class QueryToTell(Model):
    """A party that was asked something about a person; who informs reads in triage what and why."""

    query_id: Id = Field(title="uitvraag")
    party: PartyId = Field(title="bevraagde partij")


@message("informing-requested", "intake", Direction.TO_PARTY, dutch="verzoek te informeren")
class InformingRequested(Model):
    """This person is to be informed now, on behalf of this party (R16, R17).

    Each decision asks anew, under a number of its own. What was fixed for the round table goes along where
    the notice must say it (R56), and in `queries` whom was asked since, the last one for this `purpose`
    (R18): then it may be asked anew under the same number. `reminder`: it was asked before, and has not been
    done in time.
    """

    person_id: Id = Field(title="betrokkene")
    moment: InformMoment = Field(title="moment")
    on_behalf_of: PartyId = Field(title="namens")
    what_to_say: tuple[WhatToSay, ...] = Field(
        default=tuple(WhatToSay), max_length=len(WhatToSay), title="inhoud"
    )
    duty: Count | None = Field(default=None, title="nummer van de plicht")
    contents: tuple[NoticePart, ...] = Field(
        default=(), max_length=len(NoticePart), title="inhoud van de kennisgeving"
    )
    due: Instant | None = Field(default=None, title="uiterlijk op")
    reminder: bool = Field(default=False, title="herinnering aan het informeren")
    outcome: Code | None = Field(default=None, title="uitkomst")
    goal: Content | None = Field(default=None, title="doel van het RTO")
    first_goal: FirstGoal | None = Field(default=None, title="eerste doel van het RTO")
    themes: tuple[Code, ...] = Field(default=(), max_length=MOST_CODES, title="gespreksthema's")
    participants: tuple[PartyId, ...] = Field(
        default=(), max_length=MOST_PARTICIPANTS, title="deelnemers aan het RTO"
    )
    queries: tuple[QueryToTell, ...] = Field(
        default=(), max_length=MOST_QUERIES_TOLD, title="uitvragen om te melden"
    )
    purpose: Content | None = Field(default=None, title="doel van de laatste uitvraag")


@message("informing-handed-over", "intake", Direction.TO_PARTY, dutch="informatieplicht overgedragen")
class InformingHandedOver(Model):
    """The file goes, and this person is not informed yet: from now on that is your organisation's alone.

    The house keeps nothing of it (A20). `planned_on`: until when informing was postponed (R19). `asked`: who
    was asked something about this person, of which it was not told yet (R18).
    """

    person_id: Id = Field(title="betrokkene")
    moment: InformMoment = Field(title="moment")
    on_behalf_of: PartyId = Field(title="namens")
    contents: tuple[NoticePart, ...] = Field(
        default=(), max_length=len(NoticePart), title="inhoud van de kennisgeving"
    )
    planned_on: Instant | None = Field(default=None, title="voorgenomen moment")
    asked: tuple[PartyId, ...] = Field(default=(), max_length=MOST_QUERIES_TOLD, title="bevraagde partijen")


@message("case-taken-up", "intake", Direction.EVENT, dutch="casus in behandeling")
class CaseTakenUp(Team):
    """The case goes on to triage: from now on its file is lasting (R15, R25)."""

    referrer: PartyId
    acting_body: Code
    task: LegalReference
    basis: LegalReference
    theme: Theme
    outcome: ScreeningOutcome
    persons: tuple[Person, ...] = Field(max_length=MOST_PERSONS)
    items: tuple[ContributedItem, ...] = Field(max_length=MOST_ITEMS)
    taken_up_at: Instant
    mandate: Mandate | None = None
    referrer_name: PersonName | None = None
    first_goal: FirstGoal | None = None


@message("case-assigned", "intake", Direction.EVENT, dutch="casus toegewezen")
class CaseAssigned(Team):
    """The manager assigned the case to other people of the house: these work on it now, and nobody else."""

    assigned_at: Instant


class ClosingReason(StrEnum):
    """Why a case ends early (R14, R52, R78, A21)."""

    NOT_TAKEN_UP = "not-taken-up"
    WITHDRAWN = "withdrawn"
    DOES_NOT_BELONG = "does-not-belong"
    OTHER_TABLE = "other-table"


@message("referral-closed", "intake", Direction.EVENT, dutch="aanmelding gesloten")
class ReferralClosed(Model):
    """The case ends at the screening: closing at once, removed after the closing term (R102)."""

    leading_party: PartyId
    theme: Theme
    reason: ClosingReason
    closed_at: Instant
    team: Team | None = None
    lapsed: bool = Field(default=False, description="Nobody acted: it ended by its terms alone.")
    round: Count = 0


@message("duties-settled", "intake", Direction.EVENT, dutch="informatieplichten afgerond")
class DutiesSettled(Model):
    """Nobody is left to be informed of a case that ends early: for intake it may be removed now (R102)."""

    settled_at: Instant
    round: Count = 0
