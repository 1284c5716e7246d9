"""Define refusals: each "no" is a value that names its rule, to be journalled, answered and checked.

What is said stands in `sentences.toml`, in English and Dutch; what a refused sender gets is `RefusalTold`, on
Kafka as over HTTP.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from shared.contract.fields import Code, Line, Pointer
from shared.contract.limits import MOST_INVALID
from shared.contract.registry import Model


class Remedy(StrEnum):
    """What to do: `correct` it, `stop`, or `retry-later` as it is.

    An id that was decided on keeps its answer. So what is corrected goes under a new id (over HTTP a new
    Idempotency-Key), and on Kafka what is tried again later does too; over HTTP that keeps its key. What
    could not be read, or did not fit the schema, was not decided on: corrected, it may keep its id.
    """

    CORRECT = "correct"
    STOP = "stop"
    RETRY_LATER = "retry-later"


class Sentences(NamedTuple):
    """Hold what a refusal says, without any personal data."""

    en: str
    nl: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Describe a refusal under a rule of the covenant.

    `rule` is a number of the list of rules ("R26"), `article` the place in the covenant it comes
    from. `may_be_lag` says that the refusal rests only on the absence of a fact that another service will
    publish, so the message waits first.
    `settled` says of an event of another service that nothing is lost by not following it: what it tells
    is so already, or the case has ended here. Any other refusal of an event is a fault (decision 0019).
    `code` is the reason code where the name in lower case is none.
    """

    name: str
    rule: str
    article: str
    said: Sentences
    remedy: Remedy = Remedy.CORRECT
    may_be_lag: bool = False
    status: int = 409
    settled: bool = False
    code: str = ""

    @property
    def sentence(self) -> str:
        return self.said.en

    @property
    def reason(self) -> str:
        return self.code or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", self.name).lower()


class RefusalTold(Model):
    """What the sender of what was refused is told, on Kafka as over HTTP; never a value that it gave."""

    name: Line = Field(title="weigering")
    rule: Line = Field(title="regel")
    article: Line = Field(title="artikel")
    remedy: Remedy = Field(title="wat te doen")
    reason: Code | None = Field(default=None, title="reden")
    invalid: tuple[Pointer, ...] = Field(
        default=(),
        max_length=MOST_INVALID,
        title="velden die niet passen",
        description="JSON pointers (RFC 6901) into the data; a name that is not of the contract is a star.",
    )


def members_told(refusal: Refusal) -> dict[str, Any]:
    """Return the members of `RefusalTold` that follow from the refusal itself."""
    return {
        "name": refusal.name,
        "rule": refusal.rule,
        "article": refusal.article,
        "remedy": refusal.remedy,
        "reason": refusal.reason,
    }


# --- what is said ----------------------------------------------------------------------------------

RECORD = "record"  # the part of the table that says why a record could not be read, by reason code


def _table() -> dict[str, dict[str, Sentences]]:
    parts = tomllib.loads((Path(__file__).parent / "sentences.toml").read_text(encoding="utf-8"))
    return {
        owner: {name: Sentences(**said) for name, said in refusals.items()}
        for owner, refusals in parts.items()
    }


SENTENCES: Mapping[str, Mapping[str, Sentences]] = _table()


@dataclass(frozen=True, slots=True)
class Refusals:
    """Define the refusals of one part of the table of sentences; a name that is not in it is a `KeyError`."""

    owner: str

    def __call__(
        self,
        name: str,
        rule: str,
        article: str,
        remedy: Remedy = Remedy.CORRECT,
        *,
        may_be_lag: bool = False,
        status: int = 409,
        settled: bool = False,
    ) -> Refusal:
        said = SENTENCES[self.owner][name]
        return Refusal(name, rule, article, said, remedy, may_be_lag, status, settled)


def refusals_of(owner: str) -> Refusals:
    """Return what defines the refusals of a service, of the `house` in every service, or of `http`."""
    return Refusals(owner)


define = refusals_of("house")

# --- the refusals of every service -----------------------------------------------------------------

# Unknown and erased are one refusal, and over HTTP nobody learns whether a case exists (R34, R105).
UNKNOWN_CASE = define("UnknownCase", "R34", "B3-F2", Remedy.STOP, may_be_lag=True, status=404)

# An event of a case that was reactivated, before that was heard of here.
REACTIVATION_NOT_HEARD = define("ReactivationNotHeard", "R90", "B3-F4", may_be_lag=True)

NOT_YOURS = define("NotForThisRole", "R6", "B3-F1 access", Remedy.STOP, status=403)

NO_ON_BEHALF_OF = define("NotOnBehalfOfAnyone", "R7", "B3-gen; art. 9.3")

NOT_ON_BEHALF_OF_THE_LEADING_PARTY = define(
    "NotOnBehalfOfTheLeadingParty", "R72", "B3-gen; art. 9.3", may_be_lag=True
)

NOT_A_PARTY = define("NotAParty", "R1", "art. 1.1; B3-F1", Remedy.STOP, may_be_lag=True, status=403)

NO_AUTHORISATION = define("NoAuthorisation", "R122", "B3-gen; B5", may_be_lag=True, status=403)

# What waits may wait for ever with a flood behind it, so each party has its share.
TOO_MANY_WAIT = define("TooManyMessagesWait", "R127", "art. 15.3; B4", Remedy.RETRY_LATER, status=429)

# Given before in this case or another, by whomever: who gave it is told one thing (R34, decision 0039).
ITEM_NUMBER_NOT_USABLE = define("ItemNumberNotUsable", "R35", "B3-F2")

ITEM_TWICE = define("ItemTwice", "R35", "B3-F2")

# Of a party that has left: shown and provided to nobody until the leading party decides (A11).
ITEM_FROZEN = define("ItemFrozen", "R115", "art. 21.2, 21.3")

ENDED_HERE = define("CaseHasEndedHere", "R86", "B3-F1, F2, F3, F4", Remedy.STOP, settled=True)

NOT_FOR_THIS_SERVICE = define("NotForThisService", "R127", "art. 15.3; B4", Remedy.STOP, settled=True)

CASE_HELD = define("CaseHeld", "R127", "art. 15.3; B4", Remedy.RETRY_LATER, status=503)

NOT_CURRENT = define("NotCurrent", "R115", "art. 21.2; B3-gen 1", Remedy.RETRY_LATER, status=503)

CHANGED_MEANWHILE = define("ChangedMeanwhile", "R7", "B3-gen; art. 9.3", status=412)

VERSION_REQUIRED = define("VersionRequired", "R7", "B3-gen; art. 9.3", status=428)

VERSION_NOT_TAKEN = define("VersionNotTaken", "R7", "B3-gen; art. 9.3", status=400)

MESSAGE_ID_REUSED = define("MessageIdReused", "R129", "art. 13.1")

MESSAGE_TOO_OLD = define("MessageTooOld", "R129", "art. 13.1")

SEALING_IMPOSSIBLE = define(
    "KeyUnavailable", "R127", "art. 15.3; B4", Remedy.RETRY_LATER, may_be_lag=True, status=503
)

# --- what could not be read ------------------------------------------------------------------------

REASONS: Mapping[str, str] = {code: said.en for code, said in SENTENCES[RECORD].items()}


def unreadable(reason: str) -> Refusal:
    """Make the refusal of what cannot be read; the reason is a code of the contract.

    Only a fault of the house may be repaired by sending the same again.
    """
    name = "".join(word.capitalize() for word in reason.split("-"))
    remedy = Remedy.RETRY_LATER if reason == "cannot-be-read" else Remedy.CORRECT
    said = SENTENCES[RECORD][reason]
    return Refusal(name, "R127", "art. 15.3; B4", said, remedy, status=400, code=reason)


# The party may have announced the key a moment ago; until then nobody knows who sent it.
SIGNER_UNKNOWN = replace(unreadable("signature-not-of-the-sender"), may_be_lag=True, status=403)


# --- what others hear of a refusal -----------------------------------------------------------------


def public_refusal(refusal: Refusal) -> Refusal:
    """Return the refusal that its recipient sees: one answer for all that would tell of a case (status 404).

    The journal keeps the true name and rule.
    """
    return UNKNOWN_CASE if refusal.status == 404 else refusal


def to_stored(refusal: Refusal) -> dict[str, Any]:
    """Return what the inbox keeps of a refusal, so that a repeated message gets it again."""
    return {
        "name": refusal.name,
        "rule": refusal.rule,
        "article": refusal.article,
        "sentence": refusal.sentence,
        "remedy": refusal.remedy,
        "may_be_lag": refusal.may_be_lag,
        "status": refusal.status,
        "settled": refusal.settled,
    }


def from_stored(stored: Mapping[str, Any], service: str) -> Refusal:
    """Return a refusal of this service as it was given; one that is no longer defined speaks English only."""
    members = {name: value for name, value in stored.items() if name != "sentence"}
    tables = (SENTENCES.get(owner, {}) for owner in (service, "house", "http"))
    said = next((table[stored["name"]] for table in tables if stored["name"] in table), None)
    return Refusal(
        **{**members, "remedy": Remedy(stored["remedy"])},
        said=said or Sentences(stored["sentence"], stored["sentence"]),
    )
