"""Define phase 2: bilateral queries, their answers, and the preparation of the round table (R25 to R57)."""

from enum import StrEnum

from pydantic import Field

from shared.contract.content import Content
from shared.contract.fields import (
    Code,
    ContributedItem,
    Count,
    FirstGoal,
    Id,
    Instant,
    Item,
    LegalReference,
    Mandate,
    PartyId,
    Person,
    Team,
    Theme,
)
from shared.contract.limits import (
    MOST_ITEMS,
    MOST_PARTICIPANTS,
    MOST_PERSONS,
    MOST_READ,
)
from shared.contract.messages.intake import ClosingReason
from shared.contract.registry import Direction, Model, message


class DeclineGround(StrEnum):
    """A refusal to answer states its ground (R31)."""

    LAW = "law"
    SECRECY = "secrecy"
    NOT_NECESSARY = "not-necessary"
    UNKNOWN_HERE = "unknown-here"


class Willingness(StrEnum):
    """Whether what the party holds may come to the table (R37)."""

    WILLING = "willing"
    UNDER_CONDITIONS = "under-conditions"
    NOT_WILLING = "not-willing"


@message("query-answered", "triage", Direction.FROM_PARTY, dutch="antwoord op de uitvraag")
class QueryAnswered(Model):
    """The queried party gives what it weighs that it may give (R31, R32, R37); more answers may follow."""

    query_id: Id = Field(title="uitvraag")
    involved: bool = Field(title="betrokken")
    plan_contribution: Content | None = Field(default=None, title="bijdrage aan het plan")
    execution_contribution: Content | None = Field(default=None, title="bijdrage aan de uitvoering")
    willingness: Willingness = Field(default=Willingness.WILLING, title="bereidheid in te brengen")
    items: tuple[Item, ...] = Field(default=(), max_length=MOST_ITEMS, title="gegevens")
    under_secrecy: tuple[Id, ...] = Field(
        default=(),
        max_length=MOST_ITEMS,
        title="onder geheimhouding",
        description="Those of the items that nobody else reads until the party clears them (R30).",
    )


@message("query-clarification-asked", "triage", Direction.FROM_PARTY, dutch="verduidelijking gevraagd")
class QueryClarificationAsked(Model):
    """Ask what is meant, as the queried party, as long as its reply counts; the term runs on (R31)."""

    query_id: Id = Field(title="uitvraag")
    question: Content = Field(title="wat onduidelijk is")


@message("query-extension-asked", "triage", Direction.FROM_PARTY, dutch="uitstel voor het antwoord gevraagd")
class QueryExtensionAsked(Model):
    """Ask for more time, as the queried party, before its query ends; else its term stands (R31)."""

    query_id: Id = Field(title="uitvraag")
    reply_before: Instant = Field(title="gevraagde termijn")
    reason: Content = Field(title="reden van het uitstel")


@message("secrecy-cleared", "triage", Direction.FROM_PARTY, dutch="geheimhouding opgeheven")
class SecrecyCleared(Model):
    """Release items that one holds under secrecy (R30).

    Those of an answer can then be read, and a query may draw on those of the referral.
    """

    items: tuple[Id, ...] = Field(min_length=1, max_length=MOST_ITEMS, title="vrijgegeven gegevens")
    with_consent: bool = Field(default=False, title="met toestemming van de betrokkene")
    consent: Id | None = Field(default=None, title="vastgelegde toestemming")


@message("query-declined", "triage", Direction.FROM_PARTY, dutch="uitvraag geweigerd")
class QueryDeclined(Model):
    """The queried party gives nothing, on this ground (R31)."""

    query_id: Id = Field(title="uitvraag")
    ground: DeclineGround = Field(title="grond")
    explanation: Content | None = Field(default=None, title="toelichting")


@message("query-issued", "triage", Direction.TO_PARTY, dutch="uitvraag")
class QueryIssued(Model):
    """One question of one party to one party, with the four things it must state (R26, R27, R30)."""

    query_id: Id = Field(title="uitvraag")
    on_behalf_of: PartyId = Field(title="namens")
    acting_body: Code = Field(title="bestuursorgaan")
    task: LegalReference = Field(title="wettelijke taak")
    purpose: Content = Field(title="doel")
    necessity: Content = Field(title="noodzaak")
    question: Content = Field(title="vraag")
    persons: tuple[Person, ...] = Field(max_length=MOST_PERSONS, title="betrokkenen")
    reply_before: Instant = Field(title="termijn")


@message("query-reminded", "triage", Direction.TO_PARTY, dutch="herinnering")
class QueryReminded(Model):
    """The term has passed without an answer; what comes before the new one still counts (R31)."""

    query_id: Id = Field(title="uitvraag")
    reply_before: Instant = Field(title="nieuwe termijn")


@message("query-lapsed", "triage", Direction.TO_PARTY, dutch="uitvraag vervallen")
class QueryLapsed(Model):
    """No answer came; nothing is expected any more (R31)."""

    query_id: Id = Field(title="uitvraag")


@message("query-clarified", "triage", Direction.TO_PARTY, dutch="uitvraag verduidelijkt")
class QueryClarified(Model):
    """Say what was meant, in the name of the party that asks, like the query itself (R26, R27)."""

    query_id: Id = Field(title="uitvraag")
    number: Count = Field(title="nummer van de verduidelijking")
    on_behalf_of: PartyId = Field(title="namens")
    acting_body: Code = Field(title="bestuursorgaan")
    clarification: Content = Field(title="verduidelijking")


@message("query-extended", "triage", Direction.TO_PARTY, dutch="uitstel voor het antwoord gegeven")
class QueryExtended(Model):
    """Give the queried party until then; a query that had ended without an answer waits again (R31)."""

    query_id: Id = Field(title="uitvraag")
    reply_before: Instant = Field(title="nieuwe termijn")


@message("query-extension-refused", "triage", Direction.TO_PARTY, dutch="uitstel voor het antwoord geweigerd")
class QueryExtensionRefused(Model):
    """Let the term stand, for this reason (R31)."""

    query_id: Id = Field(title="uitvraag")
    reply_before: Instant = Field(title="termijn")
    reason: Content = Field(title="reden")


class TriageOutcome(StrEnum):
    """The outcomes of triage (R50)."""

    NOT_TAKEN_UP = "not-taken-up"
    RTO_NEEDED = "rto-needed"
    DOUBT = "doubt"
    OTHER_TABLE = "other-table"


@message("triage-concluded", "triage", Direction.TO_PARTY, dutch="triage afgerond")
class TriageConcluded(Model):
    """The outcome, for the leading party alone."""

    outcome: TriageOutcome = Field(title="uitkomst")
    advice: Content | None = Field(default=None, title="advies")


@message("triage-outcome-recorded", "triage", Direction.EVENT, dutch="uitkomst van de triage")
class TriageOutcomeRecorded(Model):
    """An RTO follows; what it must decide first, if triage left that open (R50 ii and iii, R51)."""

    outcome: TriageOutcome
    recorded_at: Instant
    first_goal: FirstGoal | None = None


@message("triage-closed", "triage", Direction.EVENT, dutch="casus na triage gesloten")
class TriageClosed(Model):
    """The case ends at triage: closing at once (R52, R102)."""

    leading_party: PartyId
    theme: Theme
    reason: ClosingReason
    closed_at: Instant
    lapsed: bool = Field(default=False, description="Nobody acted: it ended by its terms alone.")
    round: Count = 0


class ParticipantRole(StrEnum):
    """The role of a participant at the round table (R42, R60)."""

    EXPERT = "expert"
    INFORMANT = "informant"
    EXECUTOR = "executor"


class CitizenInvolvement(StrEnum):
    """How the citizen takes part: one of the three is mandatory (R46)."""

    INVITED = "invited"
    INFORMED_BEFOREHAND = "informed-beforehand"
    INFORMED_AFTERWARDS = "informed-afterwards"


class Participant(Model):
    """A party at the table: its role and what it is asked to bring (R42).

    `address_reason`: why it needs to know where the persons live; without one it does not see that (R61).
    """

    party: PartyId
    role: ParticipantRole
    contribution: Content
    passed_processing_test: bool = False
    address_reason: Content | None = None


class ViewingEntry(Model):
    """This item for this participant, with this reason (R42, R44, R61)."""

    item_id: Id
    participant: PartyId
    reason: Content


@message("item-prepared", "triage", Direction.EVENT, dutch="gegeven voorbereid")
class ItemPrepared(Model):
    """One item of the case goes to the round table's service, one event each, before `rto-prepared`.

    `viewing`: who is to see it, and why (R42).
    """

    item: ContributedItem
    viewing: tuple[ViewingEntry, ...] = Field(default=(), max_length=MOST_PARTICIPANTS)


@message("query-recorded", "triage", Direction.EVENT, dutch="uitvraag vastgelegd")
class QueryRecorded(Model):
    """A party is asked something about these persons, by their ids: they are told whom, and why (R18)."""

    query_id: Id
    recipient: PartyId
    persons: tuple[Id, ...] = Field(max_length=MOST_PERSONS)
    purpose: Content
    recorded_at: Instant


class CareSubject(StrEnum):
    """Name what the agreements on care say something about, each of the three (R47)."""

    PURPOSE_AND_USE = "purpose-and-use"
    KEEPING_AND_DESTROYING = "keeping-and-destroying"
    TAKING_ALONG = "taking-along-with-consent-only"


@message("rto-prepared", "triage", Direction.EVENT, dutch="RTO voorbereid")
class RtoPrepared(Team):
    """Everything the preparation fixed before any invitation (R42 to R49).

    Who sees which item went before it with that item; a version before this one put it in here.
    """

    leading_party: PartyId
    acting_body: Code
    theme: Theme
    goal: Content
    decision_types: tuple[Code, ...] = Field(max_length=MOST_READ)
    themes: tuple[Code, ...] = Field(max_length=MOST_READ)
    participants: tuple[Participant, ...] = Field(max_length=MOST_READ)
    viewing_plan: tuple[ViewingEntry, ...] = Field(max_length=MOST_READ)
    citizen: CitizenInvolvement
    care_agreements: Content | None = None
    care_subjects: tuple[CareSubject, ...] = Field(default=(), max_length=MOST_READ)
    persons: tuple[Person, ...] = Field(max_length=MOST_PERSONS)
    prepared_at: Instant
    mandate: Mandate | None = None
    outcome: TriageOutcome | None = None
    first_goal: FirstGoal | None = None
