"""Name what can happen in and around a case, in the covenant's words; nothing here knows how it is built.

A party is named by its id, a person of the house or a party by an opaque name, everything else by its number.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Joined:
    """An organisation is a party from this moment (R109)."""

    party: str
    national: bool
    checked: bool
    may_use_number: bool
    bodies: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class MandateGiven:
    """A party authorises the directors, for one of its bodies; it counts once accepted (R122, R123)."""

    party: str
    number: str
    body: str
    scopes: tuple[str, ...]
    begins: datetime
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class MandateAccepted:
    """A director accepts it in writing (R123)."""

    party: str
    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MandateRevoked:
    """The party takes it back (R122)."""

    party: str
    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EndProposed:
    """Somebody proposes that all rights of the party end (R115)."""

    party: str


@dataclass(frozen=True, slots=True)
class PartyLeft:
    """All rights of the party end now (R115)."""

    party: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of information, as its contributor gave it (R23, R30, R32, R49, R57)."""

    number: str
    giver: str
    special: bool
    hidden: bool
    shareable: bool
    withheld: tuple[str, ...]
    in_query: bool
    version: int = 1


@dataclass(frozen=True, slots=True)
class Referred:
    """A party refers a case about these persons; `numbered`: whose citizen service number it gave (R22).

    `informed`: whom it has informed before (R16).
    """

    party: str
    body: str
    persons: tuple[str, ...]
    numbered: tuple[str, ...]
    items: tuple[Item, ...]
    informed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TakenUp:
    """The director screened the case, and it goes on with these items (R12)."""

    director: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotTakenUp:
    """The director screened the case, and it ends here (R14)."""

    director: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Assigned:
    """The manager says who of the house works on the case (R6)."""

    director: str | None
    support: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseEnds:
    """The case ends early, wherever it is: closing at once (R14, R52, R78, R102, A21).

    `concluded`: by a conclusion of triage, which is on record.
    """

    at: datetime
    concluded: bool = False


@dataclass(frozen=True, slots=True)
class ToInform:
    """A person is to be informed by then: of the going on, of what follows, or of the end (R16, R56, R83)."""

    duty: int
    person: str
    kind: str
    by: datetime


@dataclass(frozen=True, slots=True)
class Informed:
    """A person was informed (R16)."""

    duty: int
    at: datetime


@dataclass(frozen=True, slots=True)
class InformedLater:
    """Informing waits until a planned moment, for a reason (R19)."""

    duty: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ToInformNow:
    """That moment has come: the person is to be informed by then (R19)."""

    duty: int
    by: datetime


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The file goes: whoever still is to inform does so by itself (A20)."""

    duty: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One party is asked; the query may hold special data and numbers, and draw on items (R22, R30, R49)."""

    query: str
    party: str
    numbered: tuple[str, ...]
    special: bool
    tested: bool
    drawn_from: tuple[tuple[str, int], ...]  # (item, version)
    ends: datetime


@dataclass(frozen=True, slots=True)
class Replied:
    """The queried party gives what it gives, or declines: for the n-th time (R31).

    `secret`: those of the items that it holds under secrecy (R30).
    """

    query: str
    n: int
    items: tuple[Item, ...]
    declined: bool
    secret: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NothingExpected:
    """Of a query no answer is expected any more; `silent`: the director is to see that (R31)."""

    query: str
    silent: bool


@dataclass(frozen=True, slots=True)
class MeaningAsked:
    """The queried party asks what is meant, for the n-th time (R31)."""

    query: str
    n: int


@dataclass(frozen=True, slots=True)
class MeaningTold:
    """It is told; that may hold special data, and draw on items, as a query (R30, R49)."""

    query: str
    n: int
    special: bool
    tested: bool
    drawn_from: tuple[tuple[str, int], ...]  # (item, version)


@dataclass(frozen=True, slots=True)
class TimeAsked:
    """The queried party asks for more time, for the n-th time (R31)."""

    query: str
    n: int


@dataclass(frozen=True, slots=True)
class TimeDecided:
    """It has until then, or (None) the term stands (R31)."""

    query: str
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class SecrecyLifted:
    """Their holder releases these items (R30)."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartyEstimated:
    """The referrer itself says what it expects of a party (R28)."""

    party: str


@dataclass(frozen=True, slots=True)
class EstimateUsed:
    """A query rests on that: it goes with the query now (R28)."""

    party: str


@dataclass(frozen=True, slots=True)
class RtoNeeded:
    """Triage ends in a round table (R50)."""


@dataclass(frozen=True, slots=True)
class TablePrepared:
    """It is fixed who is to come, each with its test (R42, R49)."""

    participants: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class AtTheTable:
    """An item of triage lies ready for the table, for these participants to see (R35, R42)."""

    item: str
    parties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableConvened:
    """The parties are invited; `plan`: who is to see what besides (R59, A17).

    `at_home`: of whom it was said why they need to know where the persons live (R61).
    """

    rto: str
    participants: tuple[tuple[str, bool], ...]
    plan: tuple[tuple[str, str], ...]
    at_home: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MoreToSee:
    """More items for participants (R42)."""

    plan: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DelegateNamed:
    """This person comes for the party (R59)."""

    party: str
    person: str


@dataclass(frozen=True, slots=True)
class DelegateGone:
    """The named person comes no longer; the party may name another, unless it `declined` (R59)."""

    party: str
    declined: bool


@dataclass(frozen=True, slots=True)
class BroughtIn:
    """A participant brings in items at the table (R61)."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """What is said of one use of one item: `asked`, `given` or `refused` (R65).

    A use is the round table, or one action of one recipient.
    """

    item: str
    recipient: str | None
    action: str | None
    said: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The contributor takes its item back from every use (A12)."""

    item: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """The contributor withholds its item from these parties too (R62)."""

    item: str
    parties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corrected:
    """The contributor puts another version in the place of its item (A22)."""

    item: str
    special: bool | None


@dataclass(frozen=True, slots=True)
class WithdrawnForGood:
    """The contributor withdraws its item from the case: there is none any more (R66)."""

    item: str


@dataclass(frozen=True, slots=True)
class TermsChanged:
    """The contributor changes the terms of its item; None is as it was (R23, R30, R32, R49, R62, R67)."""

    item: str
    special: bool | None
    hidden: bool | None
    shareable: bool | None
    in_query: bool | None
    withheld: tuple[str, ...]
    shown_again: tuple[str, ...]
    conditions: bool


@dataclass(frozen=True, slots=True)
class PlanMade:
    """The participants agree on new actions, on which end, and draw on these items (R69, R81, A19)."""

    actions: tuple[tuple[str, str], ...]  # (action, party)
    ends: tuple[str, ...]
    drawn_from: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progressed:
    """An executor says how far its action is (R81)."""

    action: str


@dataclass(frozen=True, slots=True)
class Provided:
    """A participant may take an item away for its action (R73)."""

    item: str
    party: str
    action: str
    version: int


@dataclass(frozen=True, slots=True)
class DirectionMoved:
    """Another party leads, by one body of it (R72); `case_director`: who follows the case for it (R71)."""

    party: str
    body: str | None
    case_director: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseDirectorNamed:
    """The party that leads says who directs the case for it (R69, R71)."""

    person: str | None


@dataclass(frozen=True, slots=True)
class MonitoringAgreed:
    """The approach is followed, with these items (R79)."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """A case that ended early goes on that day, because nothing is left to be settled (R102)."""

    goes_on: datetime


@dataclass(frozen=True, slots=True)
class Deescalated:
    """Phase 4 begins (R86)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The director strips the file: these stay (R95, A8)."""

    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Archived:
    """The file was archived: what nobody confirmed as necessary is gone (R88, A8)."""


@dataclass(frozen=True, slots=True)
class FileRead:
    """The manager uses the one reading that it decided on (R90)."""

    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReactivationAsked:
    """The party that led asks for it in writing (A9)."""


@dataclass(frozen=True, slots=True)
class Reactivated:
    """The case goes back to phase 3 (R90, A5)."""


@dataclass(frozen=True, slots=True)
class TakesLong:
    """A step takes longer than its term; the manager was told, or the director alone (R82).

    `leader_left`: what it waits for is who leads (R115); `informing`: that somebody is informed (R16).
    """

    place: str
    manager: bool
    leader_left: bool
    informing: bool


@dataclass(frozen=True, slots=True)
class TakesLongNoMore:
    """The case went on to its next step there, or who leads is a party again."""

    place: str


Fact: TypeAlias = (
    Joined
    | MandateGiven
    | MandateAccepted
    | MandateRevoked
    | EndProposed
    | PartyLeft
    | Referred
    | TakenUp
    | NotTakenUp
    | Assigned
    | CaseEnds
    | ToInform
    | Informed
    | InformedLater
    | ToInformNow
    | HandedOver
    | Asked
    | Replied
    | NothingExpected
    | MeaningAsked
    | MeaningTold
    | TimeAsked
    | TimeDecided
    | SecrecyLifted
    | PartyEstimated
    | EstimateUsed
    | RtoNeeded
    | TablePrepared
    | AtTheTable
    | TableConvened
    | MoreToSee
    | DelegateNamed
    | DelegateGone
    | BroughtIn
    | Word
    | TakenBack
    | Reserved
    | Corrected
    | WithdrawnForGood
    | TermsChanged
    | PlanMade
    | Progressed
    | Provided
    | DirectionMoved
    | CaseDirectorNamed
    | MonitoringAgreed
    | Settled
    | Deescalated
    | Cleaned
    | Archived
    | FileRead
    | ReactivationAsked
    | Reactivated
    | TakesLong
    | TakesLongNoMore
)
