"""List every refusal of retention, with its rule and article."""

from shared.contract.refusal import Refusal, Remedy

NOT_THE_DIRECTOR = Refusal(
    "NotTheDirectorOfThisCase",
    "R95",
    "B3-F4",
    "There is no case here that you may act in under this number.",
    Remedy.STOP,
    status=404,
)
NOT_ON_BEHALF_OF_THE_LAST_LEADER = Refusal(
    "NotOnBehalfOfTheLastLeadingParty",
    "R100",
    "B3-F4",
    "In phase 4 the process director acts on behalf of the party that led the case at de-escalation.",
)
ALREADY_KNOWN = Refusal(
    "CaseAlreadyKnown",
    "R15",
    "B3-F1",
    "The case is known here and its end is looked after.",
    Remedy.STOP,
    settled=True,
)
DIRECTION_IS_FIXED = Refusal(
    "DirectionIsFixed",
    "R100",
    "B3-F4",
    "After de-escalation the party that led the case at that moment goes on leading it.",
    Remedy.STOP,
    settled=True,
)
FILE_TAKES_NOTHING_MORE = Refusal(
    "FileTakesNothingMore",
    "R95",
    "B3-F4",
    "From de-escalation on a file only grows smaller: nothing is added to it.",
    Remedy.STOP,
    settled=True,
)
ITEM_OF_ANOTHER_CONTRIBUTOR = Refusal(
    "ItemOfAnotherContributor",
    "R66",
    "B3-gen 2",
    "An item keeps its contributor: this one was brought in by another party.",
    Remedy.STOP,
)
ALREADY_DEESCALATED = Refusal(
    "AlreadyDeescalated",
    "R86",
    "B3-F3, F4",
    "The case is in phase 4, or was closed early.",
    Remedy.STOP,
    settled=True,
)
NOT_IN_STEP_1 = Refusal(
    "NotInStepOne",
    "R87",
    "B3-F4",
    "A file is cleaned between the decision to de-escalate and its archiving.",
    may_be_lag=True,
)
NECESSITY_NOT_CONFIRMED = Refusal(
    "NecessityNotConfirmed",
    "R95",
    "B3-F4",
    "Say of each item that stays why it is necessary in case of a relapse; what is not stays out.",
)
NO_SUCH_ITEM = Refusal(
    "NoSuchItem", "R95", "B3-F4", "An item that is to stay does not stand in this file, or stands twice."
)
NOT_ARCHIVED = Refusal(
    "NotArchived",
    "R90",
    "B3-F4",
    "There is no case here that you may act in under this number.",
    Remedy.STOP,
    status=404,
)
REASON_MISSING = Refusal(
    "ReasonMissing",
    "R90",
    "B3-F4",
    "An archived file is made accessible only if necessary: record the reason.",
)
INSPECTION_STILL_OPEN = Refusal(
    "InspectionStillOpen",
    "R90",
    "B3-F4",
    "You decided on an inspection that was not used yet: one decision is one reading.",
)
NO_INSPECTION = Refusal(
    "NoInspectionDecided",
    "R90",
    "B3-F4",
    "The archived file is closed: decide first, with a reason, that it must be read.",
    status=403,
)
NO_TERM_RUNS = Refusal(
    "NoTermRuns", "R91", "B3-F4", "No term of this case ends here: there is nothing to do.", Remedy.STOP
)
TERM_NOT_OVER = Refusal(
    "TermNotOver", "R91", "B3-F4", "The term ends on the date fixed at the decision, and not before it."
)
ALREADY_ENDING = Refusal(
    "AlreadyEnding",
    "R102",
    "B3-F1, F2, F3",
    "The case is closing or in phase 4 already.",
    Remedy.STOP,
    settled=True,
)
ERASURE_NOT_ORDERED = Refusal(
    "ErasureNotOrdered",
    "R105",
    'B3-F4 "geheel"',
    "No service may forget a case before its erasure was ordered.",
    Remedy.STOP,
)
NOT_ALL_CONFIRMED = Refusal(
    "NotAllConfirmed",
    "R105",
    'B3-F4 "geheel"',
    "The key is destroyed, and that is proven, only after every service has confirmed.",
    Remedy.STOP,
)
# Of the key authority, over HTTP.
ONLY_SERVICES_GET_KEYS = Refusal(
    "OnlyServicesGetKeys",
    "R127",
    "art. 15.3; B4",
    "Keys of cases are given to the services of the house and to nobody else.",
    Remedy.STOP,
    status=403,
)
NO_NEED_OF_KEYS = Refusal(
    "NoNeedOfKeys",
    "R127",
    "art. 15.3; B4",
    "This service keeps no text about anybody, so it gets no key: ask for the status alone.",
    Remedy.STOP,
    status=403,
)
ONLY_INTAKE_OPENS_CASES = Refusal(
    "OnlyIntakeOpensCases",
    "R15",
    "B3-F1",
    "A key is made when a case is referred, and only for the service that takes referrals.",
    Remedy.STOP,
    status=403,
)
