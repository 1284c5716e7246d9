"""Define phase 4: cleaning, archiving and destroying, and the proof of it (R86 to R106)."""

from pydantic import Field

from shared.contract.fields import Id, Instant, PartyId
from shared.contract.limits import MOST_KEPT_ITEMS, TAKERS_PER_MESSAGE
from shared.contract.messages.rto import Taker
from shared.contract.registry import Direction, Model, message


@message("file-cleaned", "retention", Direction.TO_PARTY, dutch="dossier opgeschoond")
class FileCleaned(Model):
    """The file is stripped; this stays, until these dates (R97)."""

    own_items_kept: tuple[Id, ...] = Field(max_length=MOST_KEPT_ITEMS, title="eigen gegevens die blijven")
    archived_on: Instant = Field(title="archivering op")
    destroyed_on: Instant = Field(title="vernietiging op")


@message("file-archived", "retention", Direction.TO_PARTY, dutch="dossier gearchiveerd")
class FileArchived(Model):
    """Step 2 has begun: the file is closed to everybody (R88, R97)."""

    destroyed_on: Instant = Field(title="vernietiging op")


@message("file-destroyed", "retention", Direction.TO_PARTY, dutch="dossier vernietigd")
class FileDestroyed(Model):
    """The file is gone (R97); the party that led it informs the data subject and knows the takers (R99).

    Takers for whom there is no more room follow in messages of the same kind, which ask for nothing.
    """

    inform_data_subject: bool = Field(default=False, title="betrokkene informeren")
    takers: tuple[Taker, ...] = Field(default=(), max_length=TAKERS_PER_MESSAGE, title="lijst van afnemers")


@message("dossier-cleaned", "retention", Direction.EVENT, dutch="opschoning")
class DossierCleaned(Model):
    """The other services drop every piece that is not on this list (R95, A8)."""

    kept_items: tuple[Id, ...] = Field(max_length=MOST_KEPT_ITEMS)
    leading_party: PartyId
    cleaned_at: Instant


@message("dossier-archived", "retention", Direction.EVENT, dutch="archivering")
class DossierArchived(Model):
    """Step 2: nothing of the case is shown by any other service from now on (R88)."""

    archived_at: Instant


@message("erasure-ordered", "retention", Direction.EVENT, dutch="verwijdering gelast")
class ErasureOrdered(Model):
    """Every other service forgets the case and confirms with `case-purged` (R91, R102, R105)."""

    case_id: Id


@message("case-erased", "retention", Direction.EVENT, dutch="casus gewist")
class CaseErased(Model):
    """All have confirmed and the key is destroyed (R105)."""

    case_id: Id
