"""Define refusals: each "no" is a value that names its rule, to be journalled, answered and checked."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Remedy(StrEnum):
    """What the refused sender can do about it."""

    CORRECT = "correct"
    STOP = "stop"
    RETRY_LATER = "retry-later"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Describe a refusal under a rule of the covenant.

    `rule` is a number of the list of rules ("R26"), `article` the place in the covenant it comes
    from, `sentence` one plain sentence without any personal data. `may_be_lag` says that the refusal
    rests only on the absence of a fact that another service will publish, so the message waits first.
    `settled` says of an event of another service that nothing is lost by not following it: what it tells
    is so already, or the case has ended here. Any other refusal of an event is a fault (decision 0019).
    """

    name: str
    rule: str
    article: str
    sentence: str
    remedy: Remedy = Remedy.CORRECT
    may_be_lag: bool = False
    status: int = 409
    settled: bool = False


# Unknown and erased are one refusal, and over HTTP nobody learns whether a case exists (R34, R105).
UNKNOWN_CASE = Refusal(
    "UnknownCase",
    "R34",
    "B3-F2",
    "There is no case here that you may act in under this number.",
    Remedy.STOP,
    may_be_lag=True,
    status=404,
)

NOT_YOURS = Refusal(
    "NotForThisRole",
    "R6",
    "B3-F1 access",
    "This act is not open to your role.",
    Remedy.STOP,
    status=403,
)

NO_ON_BEHALF_OF = Refusal(
    "NotOnBehalfOfAnyone",
    "R7",
    "B3-gen; art. 9.3",
    "Say on behalf of which party this is done: the house has no basis of its own.",
)

NOT_ON_BEHALF_OF_THE_LEADING_PARTY = Refusal(
    "NotOnBehalfOfTheLeadingParty",
    "R72",
    "B3-gen; art. 9.3",
    "The process director acts on behalf of the party that leads the case, and that is another one.",
    may_be_lag=True,
)

NOT_A_PARTY = Refusal(
    "NotAParty",
    "R1",
    "art. 1.1; B3-F1",
    "Only a party that has signed the covenant may do this.",
    Remedy.STOP,
    may_be_lag=True,
    status=403,
)

NO_AUTHORISATION = Refusal(
    "NoAuthorisation",
    "R122",
    "B3-gen; B5",
    "No accepted authorisation of this party for this act is in force.",
    may_be_lag=True,
    status=403,
)

# What waits may wait for ever with a flood behind it, so each party has its share.
TOO_MANY_WAIT = Refusal(
    "TooManyMessagesWait",
    "R127",
    "art. 15.3; B4",
    "Many of your messages wait for a fact that has not come: send this one again later, under a new id.",
    Remedy.RETRY_LATER,
    status=429,
)

ITEM_OF_ANOTHER_CASE = Refusal(
    "ItemOfAnotherCase",
    "R35",
    "B3-F2",
    "An item is bound to the case it was given for: give it anew, under a new number.",
)

ENDED_HERE = Refusal(
    "CaseHasEndedHere",
    "R86",
    "B3-F1, F2, F3, F4",
    "The case has ended here: this changes nothing in it any more.",
    Remedy.STOP,
    settled=True,
)

NOT_FOR_THIS_SERVICE = Refusal(
    "NotForThisService",
    "R127",
    "art. 15.3; B4",
    "This event could not be read before, and does not concern this service: nothing follows from it.",
    Remedy.STOP,
    settled=True,
)

CASE_HELD = Refusal(
    "CaseHeld",
    "R127",
    "art. 15.3; B4",
    "This case is held until a fault of the house has been looked at; your message is kept.",
    Remedy.RETRY_LATER,
    status=503,
)

NOT_CURRENT = Refusal(
    "NotCurrent",
    "R115",
    "art. 21.2; B3-gen 1",
    "What the other services decided last is not all known here yet: ask again in a few seconds.",
    Remedy.RETRY_LATER,
    status=503,
)

CHANGED_MEANWHILE = Refusal(
    "ChangedMeanwhile",
    "R7",
    "B3-gen; art. 9.3",
    "The case has changed since you read it: read it again and decide anew.",
    status=412,
)

MESSAGE_ID_REUSED = Refusal(
    "MessageIdReused",
    "R129",
    "art. 13.1",
    "This message id was used before for another content: an id stands for one message.",
)

MESSAGE_TOO_OLD = Refusal(
    "MessageTooOld",
    "R129",
    "art. 13.1",
    "The message was signed longer ago than messages are remembered here: send it anew.",
)

SEALING_IMPOSSIBLE = Refusal(
    "KeyUnavailable",
    "R127",
    "art. 15.3; B4",
    "The key of this case cannot be reached now.",
    Remedy.RETRY_LATER,
    may_be_lag=True,
    status=503,
)


# Why a record could not be used at all: codes of the contract, which a partner's programmer looks up there.
REASONS = {
    "attribute-missing": "one of the headers ce_id, ce_source, ce_type and ce_time is not there",
    "attribute-name-not-allowed": "a ce_ header whose name is not of lower-case letters and digits",
    "cannot-be-read": "a fault of the house: send it anew later",
    "control-character": "an attribute holds one",
    "does-not-fit-the-schema": "the data do not fit the schema of their type",
    "does-not-open": "the body is no JWE, or was changed",
    "extension-not-understood": "a JOSE header has crit",
    "header-differs-from-signature": "a ce_ header says something else than the signed CloudEvent",
    "header-not-utf-8": "any header, its name or its value",
    "header-repeated": "a ce_ header, or content-type, stands there twice",
    "id-not-a-uuid": "ce_id, ce_correlationid, ce_causationid: lower-case hexadecimal digits with hyphens",
    "invalid-json": "the signed payload, also when it is nested too deep or holds half a character",
    "no-body": "the record has no value",
    "no-case-number": "ce_subject is no case number, where the message is about a case",
    "not-a-cloudevent": "ce_specversion is missing or another, or the signed payload is no JSON object",
    "not-sealed-to-a-key-of-this-service": "ask the service's jwks_url for its key and seal it anew",
    "null-header": "any header",
    "sequence-not-a-number": "ce_sequence, in digits and below 2^63",
    "signature-not-of-the-sender": "not signed, or with a key that is not in force for this party",
    "source-not-of-the-sender": "ce_source is not the one the party was registered with",
    "time-in-the-future": "ce_time is too far ahead of the broker's time",
    "time-not-rfc-3339": "ce_time, between the years 2000 and 2200",
    "too-large": "the sealed body or the data",
    "unknown-type": "ce_type, on the topic of this service",
    "wrong-content-type": "content-type",
}


def unreadable(reason: str) -> Refusal:
    """Make the refusal of a record that cannot be read; the reason is a code of the contract."""
    sentence = f"The record could not be used ({reason}): see the contract, and send it anew."
    return Refusal("Unreadable", "R127", "art. 15.3; B4", sentence, status=400)


# The party may have announced the key a moment ago; until then nobody knows who sent it.
SIGNER_UNKNOWN = replace(unreadable("signature-not-of-the-sender"), may_be_lag=True, status=403)


def public_refusal(refusal: Refusal) -> Refusal:
    """Return the refusal that its recipient sees: one answer for all that would tell of a case (status 404).

    The journal keeps the true name and rule.
    """
    return UNKNOWN_CASE if refusal.status == 404 else refusal
