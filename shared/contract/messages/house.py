"""Define the messages that each of the five services sends in the same form."""

from typing import Literal

from pydantic import Field

from shared.contract.fields import (
    Code,
    CompactJws,
    Count,
    Id,
    Instant,
    KeyId,
    Line,
    Offset,
    PartyId,
    Step,
    Topic,
)
from shared.contract.limits import CLAIMS_PER_EVENT, HOUSE_KEYS_PER_EVENT
from shared.contract.refusal import RefusalTold
from shared.contract.registry import Direction, Model, message


@message("message-accepted", "house", Direction.TO_PARTY, dutch="bericht aanvaard")
class MessageAccepted(Model):
    """The message took effect: its transaction has committed."""

    message_id: Id = Field(title="bericht")


class Position(Model):
    """Where a record stood that could not be read."""

    topic: Topic = Field(title="topic")
    partition: Count = Field(title="partitie")
    offset: Offset = Field(title="positie")


@message("message-refused", "house", Direction.TO_PARTY, dutch="bericht geweigerd")
class MessageRefused(RefusalTold):
    """The message had no effect, under this rule, and this is what to do; never the content."""

    sentence: Line = Field(title="toelichting")
    sentence_nl: Line = Field(default="", title="toelichting in het Nederlands")
    message_id: Id | None = Field(default=None, title="bericht")
    position: Position | None = Field(default=None, title="plaats")


@message("term-passed", "house", Direction.TO_PARTY, dutch="termijn verstreken")
class TermPassed(Model):
    """A case that your organisation leads waits for this longer than its term; nothing else is said of it."""

    step: Step = Field(title="wacht op")
    since: Instant = Field(title="over de termijn sinds")
    ends_on: Instant | None = Field(default=None, title="eindigt vanzelf op")


@message("case-lapsed", "house", Direction.TO_PARTY, dutch="casus vervallen")
class CaseLapsed(Model):
    """Nobody did this within its terms, as was announced: the case closes, and is removed (R102)."""

    step: Step = Field(title="wachtte op")
    lapsed_at: Instant = Field(title="vervallen op")


@message("dead-letter-recorded", "house", Direction.EVENT, dutch="onbestelbaar bericht")
class DeadLetter(Model):
    """For the operators: which record could not be used and why; ids and reasons only."""

    position: Position
    reason: Code
    message_id: Id | None = None


class ItemClaim(Model):
    """This item id belongs to this case; `contributor`: whose item it is, from this version on."""

    item_id: Id
    case_id: Id
    contributor: PartyId | Literal[""] = ""


@message("items-claimed", "house", Direction.EVENT, dutch="gegevens aan hun casus gebonden")
class ItemsClaimed(Model):
    """The service that publishes this has accepted these items; no other case may use their ids (R35)."""

    claims: tuple[ItemClaim, ...] = Field(max_length=CLAIMS_PER_EVENT)


@message("case-purged", "house", Direction.EVENT, dutch="casus verwijderd")
class CasePurged(Model):
    """The service that publishes this holds nothing of the case any more (R105).

    `house_keys`: the kids of its private keys that exist now, and so may open an old record about the case.
    """

    case_id: Id
    house_keys: tuple[KeyId, ...] = Field(default=(), max_length=HOUSE_KEYS_PER_EVENT)


@message("house-keys-destroyed", "house", Direction.EVENT, dutch="sleutels van het huis vernietigd")
class HouseKeysDestroyed(Model):
    """These private keys of the service that publishes this are gone; said again every day for a while."""

    house_keys: tuple[KeyId, ...] = Field(max_length=HOUSE_KEYS_PER_EVENT)


@message("log-checkpointed", "house", Direction.EVENT, dutch="stand van de logboeken")
class LogCheckpointed(Model):
    """The chained logs of the service that publishes this were so long at this moment; the others keep it.

    `signed` is a compact JWS (RFC 7515) under a signing key of that service, of `service`, `length`, `head`
    (hexadecimal, SHA-256) and `at`.
    """

    length: Offset
    at: Instant
    signed: CompactJws
