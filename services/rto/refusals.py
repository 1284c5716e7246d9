"""List every refusal of the round table, with its rule and article."""

from shared.contract.refusal import Remedy, refusals_of

define = refusals_of("rto")

# --- who has nothing to do with it: nobody learns whether a case exists -----------------------------

NOT_INVOLVED = define("NotInvolvedInThisCase", "R60", "B3-gen 3", Remedy.STOP, status=404)
NOT_THE_DIRECTOR = define("NotTheDirectorOfThisCase", "R72", "B3-gen; art. 9.3", Remedy.STOP, status=404)
NOT_INVITED = define("NotInvited", "R61", "B3-F3; B3-gen 3", Remedy.STOP, status=404)
NOT_THE_CONTRIBUTOR = define("NotTheContributor", "R66", "B3-gen 2", Remedy.STOP, status=404)

# --- the phases ------------------------------------------------------------------------------------

NOT_PREPARED = define("NotPrepared", "R58", "art. 6.1", may_be_lag=True, status=404)
ALREADY_PREPARED = define("AlreadyPrepared", "R58", "art. 6.1", Remedy.STOP, settled=True)
CANNOT_CONVENE_NOW = define("CannotConveneNow", "R58", "art. 6.1")
NO_RTO_IS_OPEN = define("NoRtoIsOpen", "R61", "B3-F3")
NOT_IN_PHASE_3 = define("NotInPhase3", "R64", "B3-F3")
NOT_DEESCALATED = define("NotDeescalated", "R86", "B3-F4", may_be_lag=True)
CASE_ENDED = define("CaseEnded", "R86", "B3-F3, F4", Remedy.STOP, settled=True)

# --- the meeting -----------------------------------------------------------------------------------

RTO_KNOWN = define("RtoKnown", "R58", "art. 6.1")
PLACE_MISSING = define("PlaceMissing", "R59", "art. 9.2e")
PREPARATION_IS_FIXED = define("PreparationIsFixed", "R42", "art. 9.2c, 9.2e; B3-F2")
GOAL_MISSING = define("GoalMissing", "R42", "art. 9.2c; B3-F2")
THEMES_MISSING = define("ThemesMissing", "R42", "art. 9.2c; B3-F2")
LEADING_PARTY_NOT_CONSULTED = define("LeadingPartyNotConsulted", "R44", "art. 9.2f; B3-F2")
CITIZEN_UNDECIDED = define("CitizenUndecided", "R46", "B3-F2")
CARE_AGREEMENTS_MISSING = define("CareAgreementsMissing", "R47", "B3-F2")
CONTRIBUTION_MISSING = define("ContributionMissing", "R42", "art. 9.2e; B3-F2")
PARTICIPANT_TWICE = define("ParticipantTwice", "R42", "art. 9.2e; B3-F2")
NOT_LAWFULLY_PRESENT = define("NotLawfullyPresent", "R43", "art. 9.2e", may_be_lag=True)
VIEWING_REASON_MISSING = define("ViewingReasonMissing", "R42", "art. 9.2f; B3-F2")
NOT_A_PARTICIPANT = define("NotAParticipant", "R61", "B3-F3; B3-gen 3")
UNKNOWN_ITEM = define("UnknownItem", "R42", "art. 9.2c; B3-F2")
NO_MANDATE = define("NoMandate", "R59", "art. 6.2, 6.3")
DELEGATE_IS_NAMED = define("DelegateIsNamed", "R59", "art. 6.2, 6.3")
NO_DELEGATE_NAMED = define("NoDelegateNamed", "R59", "art. 6.2, 6.3")
MANDATE_REASON_MISSING = define("MandateReasonMissing", "R59", "art. 6.2, 6.3")
RTO_CONCLUDED = define("RtoConcluded", "R61", "B3-F3", Remedy.STOP)
NOT_AT_THE_TABLE = define("NotAtTheTable", "R59", "art. 6.2, 6.3")
NOBODY_AT_THE_TABLE = define("NobodyAtTheTable", "R70", "art. 6.2, 7.1")
ONLY_ONE_AT_THE_TABLE = define("OnlyOneAtTheTable", "R70", "art. 6.2, 7.1")

# --- items brought in ------------------------------------------------------------------------------

NECESSITY_MISSING = define("NecessityMissing", "R42", "B3-F2, F3")
BASIS_MISSING = define("BasisMissing", "R57", "B3-F2 legal basis")
ACTING_BODY_UNKNOWN = define("ActingBodyUnknown", "R3", "B3-F1 legal basis; preamble")
UNKNOWN_PERSON = define("UnknownPerson", "R16", "art. 1.6; B3-F1")
SPECIAL_NOT_CHECKED = define("SpecialCategoryNotChecked", "R21", "B3-F1")
RESERVATION_UNKNOWN = define("ReservationAgainstUnknownParty", "R62", "B3-F2", may_be_lag=True)
ITEM_KNOWN = define("ItemKnown", "R35", "B3-F2")

# --- the say of the contributor --------------------------------------------------------------------

RELEASE_NOT_EXACT = define("ReleaseNotExact", "R65", "B3-gen 1; B3-F3")
SECRECY_NOT_WEIGHED = define("SecrecyNotWeighed", "R76", "B3-F3 secrecy")
NO_SUCH_ACTION = define("NoSuchAction", "R73", "B3-F3")
ALREADY_RELEASED = define("AlreadyReleased", "R65", "B3-gen 1; B3-F3", Remedy.STOP)
WITHDRAW_INSTEAD = define("WithdrawInstead", "R66", "B3-gen 2")
TOO_MANY_RESERVATIONS = define("TooManyReservations", "R62", "B3-F2")
ITEM_IS_WITHDRAWN = define("ItemIsWithdrawn", "R66", "B3-gen 2", Remedy.STOP, settled=True)
NOT_THE_CONTRIBUTING_BODY = define("NotTheContributingBody", "R57", "B3-gen 2; B3-F2 legal basis")
CONTENT_MISSING = define("ContentMissing", "R66", "B3-gen 2")
TERMS_NOT_SAID = define("TermsNotSaid", "R67", "art. 14.2; B3-F3")
TERMS_CONTRADICT = define("TermsContradict", "R62", "B3-F2")
NOTHING_TO_WITHDRAW = define("NothingToWithdraw", "R66", "B3-gen 2", Remedy.STOP)

# --- consent of data subjects ----------------------------------------------------------------------

NOT_YOUR_CONSENT = define("NotYourConsent", "R20", "B3-F1, F2", Remedy.STOP, status=404)
NO_CONSENT_NOW = define("NoConsentNow", "R20", "B3-F1, F2", Remedy.STOP)
CONSENT_NOT_YOURS_TO_ASK = define("ConsentNotYoursToAsk", "R20", "B3-F1, F2", status=403)
AGREED_BEFORE = define("AgreedBefore", "R20", "B3-F1, F2", Remedy.STOP)
CONSENT_WITHOUT_PURPOSE = define("ConsentWithoutPurpose", "R20", "B3-F1, F2")
CONSENT_NOT_EXACT = define("ConsentNotExact", "R76", "B3-F3 secrecy")
CONSENT_OF_NOBODY = define("ConsentOfNobody", "R20", "B3-F1, F2")
CAPACITY_UNCLEAR = define("CapacityUnclear", "R20", "B3-F1, F2")
CONSENT_FOR_NO_PARTY = define("ConsentForNoParty", "R20", "B3-F1, F2", may_be_lag=True)
CONSENT_NOT_GIVEN_YET = define("ConsentNotGivenYet", "R20", "B3-F1, F2")
CONSENT_KNOWN = define("ConsentKnown", "R20", "B3-F1, F2")
TOO_MANY_CONSENTS = define("TooManyConsents", "R20", "B3-F1, F2")
CONSENT_WITHDRAWN_BEFORE = define("ConsentWithdrawnBefore", "R20", "B3-F1, F2", Remedy.STOP)
CONSENT_NOT_WEIGHED = define("ConsentNotWeighed", "R76", "B3-F3 secrecy")
CONSENT_NOT_IN_FORCE = define("ConsentNotInForce", "R76", "B3-F3 secrecy")

# --- what may be taken away ------------------------------------------------------------------------

NO_ROLE_IN_THE_PLAN = define("NoRoleInThePlan", "R74", "B3-F3")
TABLE_HAS_NOT_DECIDED = define("TableHasNotDecided", "R64", "B3-F3")
NOTHING_GOES_ALONG = define("NothingGoesAlong", "R78", "B3-F3")
NOT_RELEASED = define("NotReleased", "R65", "B3-gen 1; B3-F3")
RELEASE_REFUSED = define("ReleaseRefused", "R75", "B3-F3")
PROCESSING_TEST_MISSING = define("ProcessingTestMissing", "R49", "B3-F3; B3-F2")
NOT_KEPT_FOR_MONITORING = define("NotKeptForMonitoring", "R79", "B3-F3")

# --- the plan, its direction and its end -----------------------------------------------------------

AVE_LEVEL_UNKNOWN = define("AveLevelUnknown", "R69", "art. 6.4")
AGREEMENTS_MISSING = define("AgreementsMissing", "R69", "art. 6.4")
AVE_LEVEL_DOES_NOT_FIT = define("AveLevelDoesNotFit", "R69", "art. 1.2, 6.4")
ACTION_TWICE = define("ActionTwice", "R69", "art. 6.4")
ACTION_NEVER_CHANGES = define("ActionNeverChanges", "R65", "B3-gen 1; B3-F3")
NO_ACTION_RUNS = define("NoActionRuns", "R81", "B3-F3")
ACTION_ENDED = define("ActionEnded", "R81", "B3-F3", Remedy.STOP)
TOO_MANY_ACTIONS = define("TooManyActions", "R69", "art. 6.4")
INFORMATION_NEED_MISSING = define("InformationNeedMissing", "R69", "art. 6.4c")
PART_OF_NOBODY = define("PartOfNobody", "R69", "art. 6.4c")
EXECUTOR_NOT_AT_THE_TABLE = define("ExecutorNotAtTheTable", "R70", "art. 7.1, 14.1")
NOT_THE_EXECUTOR = define("NotTheExecutor", "R85", "art. 6.5, 14.1", Remedy.STOP, status=403)
ALREADY_LEADING = define("AlreadyLeading", "R72", "B3-gen; art. 9.3", Remedy.STOP)
MONITORING_NOT_AUTHORISED = define(
    "MonitoringNotAuthorised", "R122", "B3-F3; B5", may_be_lag=True, status=403
)
RTO_NOT_AUTHORISED = define("RtoNotAuthorised", "R122", "B3-F3; B5", may_be_lag=True, status=403)
ACTING_BODY_MISSING = define("ActingBodyMissing", "R72", "B3-gen; B5")
NOT_OFFERED_TO_YOU = define("DirectionNotOffered", "R71", "art. 1.9, 10.1", Remedy.STOP)
NOT_THE_LEADING_PARTY = define("NotTheLeadingParty", "R71", "art. 1.9, 6.4a, 10.1", Remedy.STOP, status=403)
CASE_DIRECTOR_MISSING = define("CaseDirectorMissing", "R71", "art. 1.9, 10.1")
TASK_OR_BASIS_MISSING = define("TaskOrBasisMissing", "R57", "B3-F2, F3 legal basis")
PLAN_MISSING = define("PlanMissing", "R69", "art. 6.4")
MONITORING_PURPOSE_MISSING = define("MonitoringPurposeMissing", "R79", "B3-F3")
