"""Every "no" is a value that names its rule, so that it can be journalled, answered and checked by a lawyer."""

from dataclasses import dataclass
from enum import StrEnum


class Remedy(StrEnum):
    """What the refused sender can do about it."""

    CORRECT = "correct"
    STOP = "stop"
    RETRY_LATER = "retry-later"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A named refusal under a rule of the covenant.

    `rule` is a number of the list of rules ("R26"), `article` the place in the covenant it comes
    from, `sentence` one plain sentence without any personal data. `may_be_lag` says that the refusal
    rests only on the absence of a fact that another service will publish, so the message waits first.
    """

    name: str
    rule: str
    article: str
    sentence: str
    remedy: Remedy = Remedy.CORRECT
    may_be_lag: bool = False
    status: int = 409


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

ITEM_OF_ANOTHER_CASE = Refusal(
    "ItemOfAnotherCase",
    "R35",
    "B3-F2",
    "An item is bound to the case it was given for: give it anew, under a new number.",
)
