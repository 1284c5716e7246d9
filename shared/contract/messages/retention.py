"""Define phase 4: cleaning, archiving and destroying, and the proof of it (R86 to R106)."""

from enum import StrEnum

from pydantic import Field

from shared.contract.content import Content
from shared.contract.fields import Count, Id, Instant, PartyId
from shared.contract.limits import MOST_HOLDS, MOST_KEPT_ITEMS, TAKERS_PER_MESSAGE
from shared.contract.messages.rto import Taker
from shared.contract.registry import Direction, Model, message


class Kept(StrEnum):
    """Name what can stay of a file (R89, R97, A8)."""

    CASE_NUMBER = "case-number"
    IDENTIFYING_DATA = "identifying-data"
    REFERRER = "referrer"
    CASE_DIRECTOR = "case-director"
    PLAN_OF_ACTION = "plan-of-action"
    PARTICIPANTS_AND_ROLES = "participants-and-roles"
    LIST_OF_TAKERS = "list-of-takers"
    CONFIRMED_ITEMS = "confirmed-items"


class LastNotice(StrEnum):
    """Name what the notice after the destruction contains (R99)."""

    DESTRUCTION = "file-is-destroyed"
    WHERE_RIGHTS = "where-to-exercise-rights"


@message("file-cleaned", "retention", Direction.TO_PARTY, dutch="dossier opgeschoond")
class FileCleaned(Model):
    """The file is stripped; this stays, until these dates (R97).

    `kept`: what stays of any file besides, until its destruction; `visible`: what of it is still seen after
    archiving (R89).
    """

    own_items_kept: tuple[Id, ...] = Field(max_length=MOST_KEPT_ITEMS, title="eigen gegevens die blijven")
    archived_on: Instant = Field(title="archivering op")
    destroyed_on: Instant = Field(title="vernietiging op")
    kept: tuple[Kept, ...] = Field(default=(), max_length=len(Kept), title="wat verder blijft")
    visible: tuple[Kept, ...] = Field(default=(), max_length=len(Kept), title="wat zichtbaar blijft")


@message("file-archived", "retention", Direction.TO_PARTY, dutch="dossier gearchiveerd")
class FileArchived(Model):
    """Step 2 has begun: the file is closed to all (R88, R97). `kept`, `visible`: as in `file-cleaned`."""

    destroyed_on: Instant = Field(title="vernietiging op")
    kept: tuple[Kept, ...] = Field(default=(), max_length=len(Kept), title="wat verder blijft")
    visible: tuple[Kept, ...] = Field(default=(), max_length=len(Kept), title="wat zichtbaar blijft")


@message("destruction-announced", "retention", Direction.TO_PARTY, dutch="vernietiging aangekondigd")
class DestructionAnnounced(Model):
    """The last letter under the case number: on that day the file goes, and then it is called `reference`.

    The house forgets that number with the case, so it leads to nobody (R106). The party that led is to
    inform the data subject then, of these `contents`, and learns who took what (R99, R104). Takers for whom
    there is no more room follow in letters of the same kind, which ask for nothing.
    """

    reference: Id = Field(title="kenmerk")
    destroyed_on: Instant = Field(title="vernietiging op")
    inform_data_subject: bool = Field(default=False, title="betrokkene informeren")
    contents: tuple[LastNotice, ...] = Field(
        default=(), max_length=len(LastNotice), title="inhoud van de kennisgeving"
    )
    takers: tuple[Taker, ...] = Field(default=(), max_length=TAKERS_PER_MESSAGE, title="lijst van afnemers")


@message("file-destroyed", "retention", Direction.TO_PARTY, dutch="dossier vernietigd")
class FileDestroyed(Model):
    """The file is gone (R97); the party that led it informs the data subject now, of these `contents` (R99).

    It names no case: which file this was, the recipient knows by the `reference` it was told before. A
    version before this one put the list of takers in here.
    """

    reference: Id | None = Field(default=None, title="kenmerk")
    inform_data_subject: bool = Field(default=False, title="betrokkene informeren")
    contents: tuple[LastNotice, ...] = Field(
        default=(), max_length=len(LastNotice), title="inhoud van de kennisgeving"
    )
    takers: tuple[Taker, ...] = Field(default=(), max_length=TAKERS_PER_MESSAGE, title="lijst van afnemers")


class TermKind(StrEnum):
    """Name what begins when a term is due."""

    ARCHIVE = "archive"
    DESTROY = "destroy"
    REMOVE = "remove"


class Term(Model):
    """When a step begins, and the party that led when it was decided (R88, R91, R102).

    It begins at `due`; with `review_on` at that instant already, unless a review sets other terms (R94).
    """

    kind: TermKind
    due: Instant
    decided_by: PartyId
    review_on: Instant | None = None


class HoldKind(StrEnum):
    """Name for what destruction is held (R92, R102)."""

    RIGHTS = "rights"
    DISPUTE = "dispute"


class Hold(Model):
    """What holds destruction, and until when at most; `cause` is the request or dispute."""

    kind: HoldKind
    cause: Id
    until: Instant


@message("terms-set", "retention", Direction.EVENT, dutch="termijnen bepaald")
class TermsSet(Model):
    """From when nothing of the case is read any more: each service judges by these dates (R88, R91, R102).

    They replace those of the same round before. `tell_again`: the file is one that a version before this one
    took in or handed over, so the round table tells again which of its items phase 3 showed to whom (R87).
    """

    round: Count = 0
    terms: tuple[Term, ...] = Field(max_length=len(TermKind))
    holds: tuple[Hold, ...] = Field(default=(), max_length=MOST_HOLDS)
    tell_again: bool = False


@message("dossier-cleaned", "retention", Direction.EVENT, dutch="opschoning")
class DossierCleaned(Model):
    """The other services drop every piece that is not on this list (R95, A8)."""

    kept_items: tuple[Id, ...] = Field(max_length=MOST_KEPT_ITEMS)
    leading_party: PartyId
    cleaned_at: Instant
    round: Count = 0


@message("dossier-archived", "retention", Direction.EVENT, dutch="archivering")
class DossierArchived(Model):
    """Step 2: nothing of the case is shown by any other service from now on (R88).

    They drop every piece that is not on this list; what nobody confirmed as necessary is not (R95, A8).
    """

    archived_at: Instant
    kept_items: tuple[Id, ...] = Field(default=(), max_length=MOST_KEPT_ITEMS)
    round: Count = 0


@message("reactivation-asked", "retention", Direction.FROM_PARTY, dutch="verzoek om reactivering")
class ReactivationAsked(Model):
    """The party that led asks in writing to make the file active again; the house decides (R90, A9)."""

    reason: Content = Field(title="reden")


@message("file-reactivated", "retention", Direction.TO_PARTY, dutch="dossier weer actief")
class FileReactivated(Model):
    """The case is active again: no date that you were told before still counts (R90, A5)."""

    reactivated_at: Instant = Field(title="sinds")


@message("case-reactivated", "retention", Direction.EVENT, dutch="casus weer actief")
class CaseReactivated(Model):
    """The case is back in phase 3, in this round; what an earlier round says moves it no more (R90, A5).

    `kept_items` is what stayed of a file that was `archived`; of one that was still active nothing is said.
    """

    round: Count
    archived: bool
    kept_items: tuple[Id, ...] = Field(default=(), max_length=MOST_KEPT_ITEMS)
    reactivated_at: Instant


@message("erasure-ordered", "retention", Direction.EVENT, dutch="verwijdering gelast")
class ErasureOrdered(Model):
    """Every other service forgets the case and confirms with `case-purged` (R91, R102, R105)."""

    case_id: Id


@message("case-erased", "retention", Direction.EVENT, dutch="casus gewist")
class CaseErased(Model):
    """All have confirmed and the key is destroyed (R105)."""

    case_id: Id
