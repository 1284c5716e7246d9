"""List every refusal of retention, with its rule and article."""

from shared.contract.refusal import Remedy, refusals_of

define = refusals_of("retention")

NOT_THE_DIRECTOR = define("NotTheDirectorOfThisCase", "R95", "B3-F4", Remedy.STOP, status=404)
NOT_ON_BEHALF_OF_THE_LAST_LEADER = define("NotOnBehalfOfTheLastLeadingParty", "R100", "B3-F4")
ALREADY_KNOWN = define("CaseAlreadyKnown", "R15", "B3-F1", Remedy.STOP, settled=True)
DIRECTION_IS_FIXED = define("DirectionIsFixed", "R100", "B3-F4", Remedy.STOP, settled=True)
FILE_TAKES_NOTHING_MORE = define("FileTakesNothingMore", "R95", "B3-F4", Remedy.STOP, settled=True)
ITEM_OF_ANOTHER_CONTRIBUTOR = define("ItemOfAnotherContributor", "R66", "B3-gen 2", Remedy.STOP)
ALREADY_DEESCALATED = define("AlreadyDeescalated", "R86", "B3-F3, F4", Remedy.STOP, settled=True)
NOT_IN_STEP_1 = define("NotInStepOne", "R87", "B3-F4", may_be_lag=True)
NECESSITY_NOT_CONFIRMED = define("NecessityNotConfirmed", "R95", "B3-F4")
ITEM_TAKEN_BACK = define("ItemTakenBack", "R66", "B3-gen 2")
NO_SUCH_ITEM = define("NoSuchItem", "R95", "B3-F4")
NOT_ARCHIVED = define("NotArchived", "R90", "B3-F4", Remedy.STOP, status=404)
REASON_MISSING = define("ReasonMissing", "R90", "B3-F4")
INSPECTION_STILL_OPEN = define("InspectionStillOpen", "R90", "B3-F4")
NO_INSPECTION = define("NoInspectionDecided", "R90", "B3-F4", status=403)
NOTHING_TO_REACTIVATE = define("NothingToReactivate", "R90", "B3-F4", Remedy.STOP, status=404)
NOT_THE_LAST_LEADER = define("NotTheLastLeadingParty", "R90", "B3-F4", Remedy.STOP, status=404)
ALREADY_ASKED = define("ReactivationAlreadyAsked", "R90", "B3-F4")
ONLY_WHILE_ACTIVE = define("OnlyWhileActive", "R90", "B3-F4", Remedy.STOP)
NO_TERM_RUNS = define("NoTermRuns", "R91", "B3-F4", Remedy.STOP)
TERM_NOT_OVER = define("TermNotOver", "R91", "B3-F4")
ALREADY_ENDING = define("AlreadyEnding", "R102", "B3-F1, F2, F3", Remedy.STOP, settled=True)
ERASURE_NOT_ORDERED = define("ErasureNotOrdered", "R105", 'B3-F4 "geheel"', Remedy.STOP)
NOT_ALL_CONFIRMED = define("NotAllConfirmed", "R105", 'B3-F4 "geheel"', Remedy.STOP)
# Of the key authority, over HTTP.
ONLY_SERVICES_GET_KEYS = define("OnlyServicesGetKeys", "R127", "art. 15.3; B4", Remedy.STOP, status=403)
NO_NEED_OF_KEYS = define("NoNeedOfKeys", "R127", "art. 15.3; B4", Remedy.STOP, status=403)
ONLY_INTAKE_OPENS_CASES = define("OnlyIntakeOpensCases", "R15", "B3-F1", Remedy.STOP, status=403)
