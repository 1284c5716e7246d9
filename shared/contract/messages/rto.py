"""Define phase 3: the round table, who may take what away, the plan and its direction (R58 to R85)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.contract.content import Content
from shared.contract.fields import (
    Category,
    Code,
    Conditions,
    ContributedItem,
    Count,
    Day,
    Id,
    Instant,
    Item,
    ItemStatus,
    LegalReference,
    Mandate,
    PartyId,
    Person,
    Place,
    Revision,
    Subject,
    Team,
    Theme,
)
from shared.contract.limits import (
    MOST_ACTIONS,
    MOST_CONSENTS,
    MOST_ITEMS,
    MOST_PERSONS,
    MOST_READ,
    MOST_RESERVATIONS,
    TAKERS_PER_MESSAGE,
)
from shared.contract.messages.intake import ClosingReason
from shared.contract.messages.triage import Participant, ParticipantRole
from shared.contract.registry import Direction, Model, message


class Use(StrEnum):
    """For what a contributor releases an item; one release covers one use only (R65)."""

    RTO = "rto"
    PLAN_ACTIVITY = "plan-activity"


class ActionProgress(StrEnum):
    """How far an action of the plan is (R81)."""

    STARTED = "started"
    STAGNATED = "stagnated"
    DONE = "done"


class Secrecy(StrEnum):
    """What a contributor that is bound to secrecy weighed: it is broken with or without consent (R76)."""

    NOT_BOUND = "not-bound"
    WITH_CONSENT = "with-consent"
    WITHOUT_CONSENT = "without-consent"


class ConsentPurpose(StrEnum):
    """Name what a data subject consents to; one consent is for one purpose (R20, R65, R76)."""

    QUERY = "query"
    RTO = "rto"
    PLAN_ACTIVITY = "plan-activity"


class ConsentGiver(StrEnum):
    """Name who gave a consent: the data subject, or who represents it (R20)."""

    PERSON = "person"
    REPRESENTATIVE = "representative"


class Capacity(StrEnum):
    """Name in which capacity somebody represents a data subject, a minor or another (R20)."""

    PARENT = "parent"
    GUARDIAN = "guardian"
    CURATOR = "curator"
    MENTOR = "mentor"
    AUTHORISED = "authorised"


class RtoOutcome(StrEnum):
    """What a round table can end in; to escalate is to go on at a higher AVE level (R69, R78, R79, R86)."""

    APPROACH_AND_MONITORING = "approach-and-monitoring"
    ESCALATE = "escalate"
    DEESCALATE = "deescalate"
    DOES_NOT_BELONG = "does-not-belong"
    OTHER_TABLE = "other-table"


class AnnouncedOutcome(StrEnum):
    """What the other services are told of an outcome: a case that is escalated goes on to them (R83)."""

    APPROACH_AND_MONITORING = "approach-and-monitoring"
    DEESCALATE = "deescalate"
    DOES_NOT_BELONG = "does-not-belong"
    OTHER_TABLE = "other-table"


@message("invitation-accepted", "rto", Direction.FROM_PARTY, dutch="uitnodiging aanvaard")
class InvitationAccepted(Model):
    """The party comes; its delegate (an opaque token subject) has a mandate to decide (R59)."""

    rto_id: Id = Field(title="RTO")
    delegate: Subject = Field(title="afgevaardigde")
    mandate: bool = Field(title="mandaat")


@message("invitation-declined", "rto", Direction.FROM_PARTY, dutch="uitnodiging afgewezen")
class InvitationDeclined(Model):
    """The party does not come."""

    rto_id: Id = Field(title="RTO")
    reason: Content | None = Field(default=None, title="reden")


class MandateEndedBy(StrEnum):
    """Who ended the mandate of a delegate (R59)."""

    PARTY = "party"
    DIRECTOR = "director"


@message("mandate-ended", "rto", Direction.TO_PARTY, dutch="mandaat beëindigd")
class MandateEnded(Model):
    """The party's delegate comes no longer, and it may name another; the leading party is told too."""

    rto_id: Id = Field(title="RTO")
    party: PartyId = Field(title="partij")
    by: MandateEndedBy = Field(title="beëindigd door")


@message("item-contributed", "rto", Direction.FROM_PARTY, dutch="gegeven ingebracht")
class ItemContributed(Model):
    """A participant brings in items of its own at the table."""

    rto_id: Id = Field(title="RTO")
    items: tuple[Item, ...] = Field(min_length=1, max_length=MOST_ITEMS, title="gegevens")


@message("release-given", "rto", Direction.FROM_PARTY, dutch="akkoord gegeven")
class ReleaseGiven(Model):
    """The contributor agrees to one use of one item, for a plan activity by one named party (R63 to R66).

    `secrecy`: how it weighed its duty of secrecy for this use; needed for a plan activity (R76).
    `consents`: on which recorded consents `with-consent` rests, one of each person whom the item concerns.
    Without them that is the contributor's own word. Either way the release stops when a person withdraws.
    """

    item_id: Id = Field(title="gegeven")
    use: Use = Field(title="gebruik")
    recipient: PartyId | None = Field(default=None, title="ontvanger")
    action_id: Id | None = Field(default=None, title="activiteit")
    secrecy: Secrecy | None = Field(default=None, title="geheimhouding")
    consents: tuple[Id, ...] = Field(default=(), max_length=MOST_CONSENTS, title="toestemmingen")


@message("release-refused", "rto", Direction.FROM_PARTY, dutch="akkoord geweigerd")
class ReleaseRefused(Model):
    """The contributor does not agree to this use (R75)."""

    item_id: Id = Field(title="gegeven")
    use: Use = Field(title="gebruik")
    recipient: PartyId | None = Field(default=None, title="ontvanger")
    action_id: Id | None = Field(default=None, title="activiteit")
    reason: Content | None = Field(default=None, title="reden")


@message("release-withdrawn", "rto", Direction.FROM_PARTY, dutch="akkoord ingetrokken")
class ReleaseWithdrawn(Model):
    """The contributor takes every release of the item back, in any phase: viewing stops at once (A12)."""

    item_id: Id = Field(title="gegeven")


@message("item-limited", "rto", Direction.FROM_PARTY, dutch="voorbehoud gemaakt")
class ItemLimited(Model):
    """The contributor withholds its item from these parties too, in whatever phase (R32, R62).

    What it released to them before that ends; what it releases to them later counts.
    """

    item_id: Id = Field(title="gegeven")
    withheld_from: tuple[PartyId, ...] = Field(min_length=1, max_length=MOST_RESERVATIONS, title="voorbehoud")


class Terms(Model):
    """Say what changes of the terms of an item; what is left out stays (R62, R67)."""

    acting_body: Code | None = Field(default=None, title="bestuursorgaan")
    use_conditions: Conditions | None = Field(default=None, title="gebruiksvoorwaarden")
    category: Category | None = Field(default=None, title="categorie")
    withheld_from: tuple[PartyId, ...] = Field(
        default=(), max_length=MOST_RESERVATIONS, title="voorbehoud voor meer partijen"
    )
    shown_again_to: tuple[PartyId, ...] = Field(
        default=(), max_length=MOST_RESERVATIONS, title="voorbehoud opgeheven voor"
    )
    shareable_at_rto: bool | None = Field(default=None, title="deelbaar in het RTO")
    shareable_in_query: bool | None = Field(default=None, title="deelbaar bij een uitvraag")
    hidden_from_director: bool | None = Field(default=None, title="niet voor de procesregisseur")


@message("item-terms-changed", "rto", Direction.FROM_PARTY, dutch="voorwaarden van een gegeven gewijzigd")
class ItemTermsChanged(Terms):
    """Change the terms of an item, as its contributor, in whatever phase; what is left out stays (R62, R67).

    What is stricter holds at once. What is looser is given as a release is: it lets nobody see what the
    viewing plan does not name, and in phase 4 it counts from the next round table on (R87).
    """

    item_id: Id = Field(title="gegeven")


class Correction(Model):
    """Say what an item says from now on, its texts whole; what else is left out stays (A22)."""

    acting_body: Code | None = Field(default=None, title="bestuursorgaan")
    content: Content = Field(title="inhoud")
    necessity: Content = Field(title="noodzaak")
    use_conditions: Content | None = Field(default=None, title="gebruiksvoorwaarden")
    category: Category | None = Field(default=None, title="categorie")
    basis: LegalReference | None = Field(default=None, title="grondslag")
    valid_on: Day | None = Field(default=None, title="peildatum")


@message("item-corrected", "rto", Direction.FROM_PARTY, dutch="gegeven verbeterd")
class ItemCorrected(Correction):
    """Replace what an item says, as its contributor, in whatever phase; nobody sees the version before (A22).

    The texts are stated whole: without `use_conditions` the new version has none. What else is left out
    stays. Releases for activities end, as they were for the earlier version; takers are told (R65, R66).
    """

    item_id: Id = Field(title="gegeven")


@message("item-withdrawn", "rto", Direction.FROM_PARTY, dutch="gegeven ingetrokken")
class ItemWithdrawn(Model):
    """Withdraw an item from the case for good, as its contributor, in whatever phase (R66, A12).

    Its content is removed everywhere in the house, and no release brings it back; takers are told.
    """

    item_id: Id = Field(title="gegeven")
    acting_body: Code | None = Field(default=None, title="bestuursorgaan")


@message("subject-consent-recorded", "rto", Direction.FROM_PARTY, dutch="toestemming vastgelegd")
class SubjectConsentRecorded(Model):
    """Record that a data subject consents that a party breaks its secrecy, for one purpose (R20, R76).

    The referring or the leading party asks it, or by a recorded agreement the party that needs it; once a
    table was convened each party for its own. `contributor`: whose secrecy it lifts, else its sender's.
    `recipient`: for a plan activity, for whose, and else left out. `capacity`: of a representative. What is
    needed and left out is refused under its rule.
    """

    consent_id: Id = Field(title="toestemming")
    person_id: Id = Field(title="betrokkene")
    contributor: PartyId | None = Field(default=None, title="wiens geheimhouding")
    purpose: ConsentPurpose | None = Field(default=None, title="doel")
    recipient: PartyId | None = Field(default=None, title="ontvanger")
    given_by: ConsentGiver | None = Field(default=None, title="gegeven door")
    capacity: Capacity | None = Field(default=None, title="hoedanigheid")
    given_at: Instant = Field(title="gegeven op")


@message("subject-consent-withdrawn", "rto", Direction.FROM_PARTY, dutch="toestemming ingetrokken")
class SubjectConsentWithdrawn(Model):
    """Pass on that a data subject takes its consent back, in any phase: what rests on it stops (R20)."""

    consent_id: Id = Field(title="toestemming")


@message("direction-accepted", "rto", Direction.FROM_PARTY, dutch="casusregie aanvaard")
class DirectionAccepted(Model):
    """The offered party takes case direction; it names its case director (R71, R72).

    `acting_body` says which of its bodies leads from now on; it may be left out where there is only one.
    `task` and `basis` are needed: for what it leads, and on which legal basis (R57). `account`: with which
    account the case director follows the approach, also where another person is the party's delegate (R82).
    """

    case_director: Content = Field(title="casusregisseur")
    account: Subject | None = Field(default=None, title="account van de casusregisseur")
    acting_body: Code | None = Field(default=None, title="bestuursorgaan")
    task: LegalReference = Field(default="", title="wettelijke taak")
    basis: LegalReference = Field(default="", title="grondslag")


@message("case-director-named", "rto", Direction.FROM_PARTY, dutch="casusregisseur aangewezen")
class CaseDirectorNamed(Model):
    """The party that leads names its case director, or another one; it goes on leading (R69, R71).

    `account`: with which account that person follows the approach (an opaque token subject, R82).
    """

    case_director: Content = Field(title="casusregisseur")
    account: Subject | None = Field(default=None, title="account van de casusregisseur")


@message("direction-declined", "rto", Direction.FROM_PARTY, dutch="casusregie afgewezen")
class DirectionDeclined(Model):
    """The offered party does not take case direction (A3)."""

    reason: Content | None = Field(default=None, title="reden")


@message("action-progressed", "rto", Direction.FROM_PARTY, dutch="voortgang van een actie")
class ActionProgressed(Model):
    """The party that carries out an action says how far it is; what it said before stays (R81, R85)."""

    action_id: Id = Field(title="actie")
    progress: ActionProgress = Field(title="voortgang")
    remark: Content | None = Field(default=None, title="opmerking")
    goals_reached: Content | None = Field(default=None, title="bereikte doelen")
    developments: Content | None = Field(default=None, title="ontwikkelingen")


@message("rto-convened", "rto", Direction.TO_PARTY, dutch="uitnodiging RTO")
class RtoConvened(Model):
    """An invitation: role and contribution asked, and nothing of the case itself (R45)."""

    rto_id: Id = Field(title="RTO")
    on: Instant = Field(title="datum")
    place: Place = Field(title="plaats")
    role: ParticipantRole = Field(title="rol")
    contribution: Content = Field(title="gevraagde bijdrage")


@message("release-asked", "rto", Direction.TO_PARTY, dutch="akkoord gevraagd")
class ReleaseAsked(Model):
    """May this item be used so, by this party, for this activity? (R65, R73)"""

    item_id: Id = Field(title="gegeven")
    use: Use = Field(title="gebruik")
    recipient: PartyId | None = Field(default=None, title="ontvanger")
    action_id: Id | None = Field(default=None, title="activiteit")
    necessity: Content = Field(title="noodzaak")


@message("items-provided", "rto", Direction.TO_PARTY, dutch="gegevens verstrekt")
class ItemsProvided(Model):
    """What the recipient may take away, for this activity only, on behalf of its contributor (R68, R73)."""

    action_id: Id = Field(title="activiteit")
    items: tuple[ContributedItem, ...] = Field(max_length=1, title="gegevens")


class Action(Model):
    """One activity of the plan, carried out by one party within its own task (R85).

    It never changes: it ends, and another may succeed it. `succeeds`: the one that ended for it (R65, R81).
    """

    action_id: Id = Field(title="actie")
    party: PartyId = Field(title="uitvoerder")
    description: Content = Field(title="omschrijving")
    due_on: Instant | None = Field(default=None, title="gereed op")
    succeeds: Id | None = Field(default=None, title="volgt op")


@message("actions-assigned", "rto", Direction.TO_PARTY, dutch="acties toegewezen")
class ActionsAssigned(Model):
    """New actions of the recipient's own, and nobody else's: the round table has decided on them (A19)."""

    actions: tuple[Action, ...] = Field(max_length=MOST_ACTIONS, title="acties")


@message("actions-ended", "rto", Direction.TO_PARTY, dutch="acties beëindigd")
class ActionsEnded(Model):
    """Actions of the recipient's own have ended: nothing is taken away for them any more (R65, R81)."""

    action_ids: tuple[Id, ...] = Field(max_length=MOST_ACTIONS, title="acties")


class TakersCause(StrEnum):
    """Say why a taker is told of an item that it took away (R66, R67, A12, A22)."""

    RELEASE_WITHDRAWN = "release-withdrawn"
    WITHHELD = "withheld"
    ITEM_WITHDRAWN = "item-withdrawn"
    ITEM_CORRECTED = "item-corrected"
    TERMS_CHANGED = "terms-changed"


class TakersDuty(StrEnum):
    """Say what a taker does then with what it took, under its own terms (R104)."""

    USE_NO_LONGER = "use-no-longer"
    CORRECT_OWN_RECORD = "correct-own-record"
    KEEP_TO_NEW_TERMS = "keep-to-new-terms"


@message("takers-told", "rto", Direction.TO_PARTY, dutch="afnemers ingelicht")
class TakersTold(Model):
    """The contributor decided anew on an item the recipient took away, or consent to it ended (A12, A22).

    `cause`: why; none for a consent. `version`: the one that counts now, which the recipient has only once it
    is provided anew. `must`: what to do with what it took. `use_conditions`: the new ones, where these were
    changed.
    """

    item_id: Id = Field(title="gegeven")
    cause: TakersCause | None = Field(default=None, title="aanleiding")
    must: tuple[TakersDuty, ...] = Field(default=(), max_length=len(TakersDuty), title="wat de afnemer doet")
    version: Count | None = Field(default=None, title="versie")
    category: Category | None = Field(default=None, title="categorie")
    use_conditions: Content | None = Field(default=None, title="gebruiksvoorwaarden")


@message("subject-consent-ended", "rto", Direction.TO_PARTY, dutch="toestemming beëindigd")
class SubjectConsentEnded(Model):
    """Tell that a consent was withdrawn that lifted the recipient's secrecy; another party said so (R20)."""

    consent_id: Id = Field(title="toestemming")


@message("direction-offered", "rto", Direction.TO_PARTY, dutch="casusregie aangeboden")
class DirectionOffered(Model):
    """Will your organisation take case direction? (R69, R71)"""

    offered_on_behalf_of: PartyId = Field(title="namens")


@message("direction-vacant", "rto", Direction.TO_PARTY, dutch="casusregie vacant")
class DirectionVacant(Model):
    """Will your organisation take case direction? Who led has left: nobody asks it in its own name (R71)."""

    left_on: Instant = Field(title="vertrokken op")


@message("direction-transferred", "rto", Direction.TO_PARTY, dutch="casusregie overgedragen")
class DirectionTransferred(Model):
    """From this moment that party leads (R72)."""

    leading_party: PartyId = Field(title="leidende partij")
    since: Instant = Field(title="sinds")


@message("item-standing", "rto", Direction.EVENT, dutch="stand van een gegeven")
class ItemStanding(Model):
    """What its contributor decided last on one item, whole: whoever shows it follows (R66, A12).

    Of two, the higher `number` is the later. `withheld_from`: the reservations made since it was given, and
    `shown_again_to` those taken off. `version`: how often its texts were changed, counted from one; the event
    of a change brings them in `revision`. `is_gone`: withdrawn for good, whoever holds it removes it.
    """

    item_id: Id
    contributor: PartyId
    number: Count
    status: ItemStatus
    withheld_from: tuple[PartyId, ...] = Field(default=(), max_length=MOST_RESERVATIONS)
    version: Count = 1
    is_gone: bool = False
    shown_again_to: tuple[PartyId, ...] = Field(default=(), max_length=2 * MOST_RESERVATIONS)
    revision: Revision = Revision()


@message("consent-standing", "rto", Direction.EVENT, dutch="stand van een toestemming")
class ConsentStanding(Model):
    """Tell one consent of a data subject, whole: whoever shows or sends what rests on it follows (R20)."""

    consent_id: Id
    person_id: Id
    contributor: PartyId
    purpose: ConsentPurpose
    recipient: PartyId | None = None
    withdrawn: bool = False


class RestsOn(Model):
    """Name whose consent lets something be used that is under secrecy (R20, R76).

    `consents`: by these alone, where they were named. `own_word`: its contributor said that they consent.
    """

    persons: tuple[Id, ...] = Field(max_length=MOST_PERSONS)
    consents: tuple[Id, ...] = Field(default=(), max_length=MOST_CONSENTS)
    own_word: bool = False


@message("direction-moved", "rto", Direction.EVENT, dutch="casusregie verplaatst")
class DirectionMoved(Model):
    """For the other services: another party leads, with the moment, and by which body of it (R72)."""

    leading_party: PartyId
    since: Instant
    acting_body: Code | None = None
    task: LegalReference = ""
    basis: LegalReference = ""


@message("rto-outcome-recorded", "rto", Direction.EVENT, dutch="uitkomst van het RTO")
class RtoOutcomeRecorded(Model):
    """For the register of duties to inform (R83); with the AVE level that was decided (R69)."""

    outcome: AnnouncedOutcome
    leading_party: PartyId
    recorded_at: Instant
    ave_level: Count | None = None


@message("rto-closed", "rto", Direction.EVENT, dutch="casus na RTO gesloten")
class RtoClosed(Model):
    """The case ends at the round table: closing at once (R78, R102)."""

    leading_party: PartyId
    theme: Theme
    reason: ClosingReason
    closed_at: Instant
    lapsed: bool = Field(default=False, description="Who led has left, and nobody could take over.")
    round: Count = 0


class Taker(Model):
    """Who lawfully took which version of which item for which activity (R104)."""

    party: PartyId = Field(title="afnemer")
    item_id: Id = Field(title="gegeven")
    action_id: Id = Field(title="activiteit")
    version: Count = Field(default=1, title="versie")


@message("item-handed-over", "rto", Direction.EVENT, dutch="gegeven overgedragen")
class ItemHandedOver(Model):
    """One contributed item of the file goes to retention, one event each, before `case-deescalated`.

    `shown_to`: the parties that could see it in phase 3; phase 4 shows it to nobody else (R87). A version
    before this one said nothing of that, and handed over what was never released too.
    """

    item: ContributedItem
    shown_to: Annotated[tuple[PartyId, ...], Field(max_length=MOST_READ)] | None = None
    rests_on: RestsOn | None = Field(default=None, description="Whose consent let the table see it (R76).")
    round: Count = 0


class DrawnFrom(Model):
    """An item of which content stands in the agreements: they stay bound to it in phase 4 too (R70, A19).

    `released`: whether its contributor lets the round table see it; `withheld_from`: its reservations so far.
    """

    item_id: Id
    contributor: PartyId | None = None
    category: Category
    released: bool
    hidden_from_director: bool = False
    withheld_from: tuple[PartyId, ...] = Field(default=(), max_length=2 * MOST_RESERVATIONS)
    rests_on: RestsOn | None = None


@message("file-part-handed-over", "rto", Direction.EVENT, dutch="deel van het dossier overgedragen")
class FilePartHandedOver(Model):
    """What grew over the life of the case goes to retention in parts, before `case-deescalated`."""

    participants: tuple[Participant, ...] = Field(default=(), max_length=1)
    takers: tuple[Taker, ...] = Field(default=(), max_length=TAKERS_PER_MESSAGE)
    actions: tuple[Action, ...] = Field(default=(), max_length=1)
    drawn_from: tuple[DrawnFrom, ...] = Field(default=(), max_length=1)
    round: Count = 0


@message("case-deescalated", "rto", Direction.EVENT, dutch="casus afgeschaald")
class CaseDeescalated(Team):
    """Phase 4 begins: who decided when, who leads, and the file that stays for relapse (R86, A8).

    Participants, takers and actions went before it in parts; a version before this one put them in here.
    """

    rto_id: Id
    decided_at: Instant
    leading_party: PartyId
    referrer: PartyId
    case_director: Content | None
    theme: Theme
    participants: tuple[Participant, ...] = Field(max_length=MOST_READ)
    persons: tuple[Person, ...] = Field(max_length=MOST_PERSONS)
    agreements: Content | None
    actions: tuple[Action, ...] = Field(max_length=MOST_ACTIONS)
    takers: tuple[Taker, ...] = Field(max_length=MOST_READ)
    mandate: Mandate | None = None
    without_table: bool = Field(default=False, description="Who led has left, and nobody took over.")
    round: Count = 0
