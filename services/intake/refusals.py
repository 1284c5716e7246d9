"""List every refusal of intake, with its rule and article."""

from shared.contract.refusal import Remedy, refusals_of

define = refusals_of("intake")

NO_AUTHORISATION_ON_RECORD = define(
    "PartyHasNoAuthorisation", "R2", "B3-F1; B3-gen", may_be_lag=True, status=403
)
ALREADY_REFERRED = define("AlreadyReferred", "R15", "B3-F1", Remedy.STOP)
THEME_NOT_IN_FORCE = define("ThemeNotInForce", "R130", "art. 1.4, 2.3")
TASK_MISSING = define("TaskMissing", "R3", "B3-F1 legal basis")
ACTING_BODY_UNKNOWN = define("ActingBodyUnknown", "R3", "B3-F1 legal basis; preamble")
BASIS_MISSING = define("BasisMissing", "R4", "B3-F1")
NECESSITY_MISSING = define("NecessityMissing", "R8", "B3-F1 necessity")
WEIGHING_MISSING = define("WeighingMissing", "R10", "B3-F1")
OWN_WEIGHING_MISSING = define("OwnWeighingMissing", "R10", "B3-F1")
ITEM_OF_UNKNOWN_BODY = define("ItemOfUnknownBody", "R57", "B3-F2 legal basis; preamble")
SPECIAL_NOT_CHECKED = define("SpecialCategoryNotChecked", "R21", "B3-F1")
RESERVATION_UNKNOWN = define("ReservationAgainstUnknownParty", "R62", "B3-F2", may_be_lag=True)
BSN_NOT_ALLOWED = define("BsnNotAllowed", "R22", "B3-F1")
UNKNOWN_PERSON = define("UnknownPerson", "R16", "art. 1.6; B3-F1")
PERSON_TWICE = define("PersonTwice", "R16", "art. 1.6; B3-F1")
CONSULTATION_MISSING = define("ConsultationMissing", "R11", "art. 9.2a", may_be_lag=True)
ALREADY_CONSULTED = define("AlreadyConsulted", "R11", "art. 9.2a", Remedy.STOP)
REASON_MISSING = define("ReasonMissing", "R10", "B3-F1")
POSTPONEMENT_INCOMPLETE = define("PostponementIncomplete", "R19", "B3-F1, F2, F3")
POSTPONED_BEYOND_ERASURE = define("PostponedBeyondErasure", "R19", "B3-F1, F2, F3; B3-F4")
NO_SUCH_DUTY = define("NoSuchDuty", "R16", "B3-F1 informing", may_be_lag=True)
NOT_THE_REFERRER = define("NotTheReferrer", "R5", "B3-F1; art. 1.1", Remedy.STOP, status=404)
NOT_THE_DIRECTOR = define("NotTheDirectorOfThisCase", "R6", "B3-F1 access", Remedy.STOP, status=404)
ASSIGNMENT_WITHOUT_REASON = define("AssignmentWithoutReason", "R6", "B3-F1 access")
ALREADY_ASSIGNED = define("AlreadyAssigned", "R6", "B3-F1 access", Remedy.STOP)
NOT_ASSIGNED = define("NotAssigned", "R6", "B3-F1 access")
SUPPORT_IS_FULL = define("SupportIsFull", "R6", "B3-F1 access")
NOT_BEFORE_SCREENING = define("NotBeforeScreening", "R12", "B3-F1 outcomes", may_be_lag=True)
ALREADY_SCREENED = define("AlreadyScreened", "R12", "B3-F1 outcomes", Remedy.STOP)
REFERRAL_ENDED = define("ReferralEnded", "R102", "B3-F1", Remedy.STOP)
