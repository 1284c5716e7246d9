"""List every refusal of triage, with its rule and article."""

from shared.contract.refusal import Remedy, refusals_of

define = refusals_of("triage")

# --- opening -------------------------------------------------------------------------------------

ALREADY_OPEN = define("AlreadyInTriage", "R25", "B3-F1, F2", Remedy.STOP, settled=True)
SCREENED_OUT = define("NotTakenUpAtScreening", "R25", "B3-F1, F2", Remedy.STOP)

# --- who may not know of the case ------------------------------------------------------------------

NOT_THE_DIRECTOR = define("NotTheDirectorOfThisCase", "R33", "B3-F2 access", Remedy.STOP, status=404)
NOT_THE_QUERIED_PARTY = define("NotTheQueriedParty", "R26", "B3-F2", Remedy.STOP, status=404)

# --- asking --------------------------------------------------------------------------------------

TRIAGE_NOT_RUNNING = define("TriageNotRunning", "R35", "B3-F2", Remedy.STOP)
QUERY_TO_EVERYBODY = define("QueryToEverybody", "R28", "B3-F2")
ONE_PARTY_PER_QUERY = define("OnePartyPerQuery", "R26", "B3-F2")
QUERY_TO_ITSELF = define("QueryToTheLeadingParty", "R26", "B3-F2")
RECIPIENT_NOT_A_PARTY = define("RecipientNotAParty", "R43", "art. 9.2e; B3-F2", may_be_lag=True)
QUERY_INCOMPLETE = define("QueryIncomplete", "R27", "B3-F2 secrecy")
CHOICE_WITHOUT_REASON = define("ChoiceWithoutReason", "R28", "B3-F2")
ESTIMATE_MISSING = define("ReferrersEstimateMissing", "R28", "B3-F2")
ADDRESS_WITHOUT_REASON = define("AddressWithoutReason", "R30", "B3-F2")
QUERY_DRAWS_ON_ANOTHERS = define("QueryDrawsOnAnothersItem", "R34", "B3-F2")
SECRECY_NOT_RELEASED = define("SecrecyNotReleased", "R30", "B3-F2 secrecy")
CONSENT_NOT_IN_FORCE = define("ConsentNotInForce", "R20", "B3-F1, F2", may_be_lag=True)
QUERY_ISSUED_BEFORE = define("QueryIssuedBefore", "R26", "B3-F2", Remedy.STOP)
UNKNOWN_PERSON = define("UnknownPerson", "R30", "art. 1.6; B3-F2")
TERM_IN_THE_PAST = define("TermInThePast", "R31", "art. 13.1; B3-F2")
QUERIED_PARTY_NOT_TESTED = define("QueriedPartyNotTested", "R49", "B3-F3; B3-F2")
BSN_NOT_ALLOWED = define("BsnNotAllowed", "R22", "B3-F1, F2")
REFERRER_AGAINST_IT = define("ReferrerAgainstIt", "R28", "B3-F2")
NOT_THE_REFERRER = define("NotTheReferrer", "R28", "B3-F2", Remedy.STOP, status=404)
UNKNOWN_QUERY = define("UnknownQuery", "R26", "B3-F2")
CLARIFICATION_MISSING = define("ClarificationMissing", "R31", "art. 13.1; B3-F2")
NOTHING_TO_CLARIFY = define("NothingToClarify", "R31", "art. 13.1; B3-F2")
NO_EXTENSION_ASKED = define("NoExtensionAsked", "R31", "art. 13.1; B3-F2")
EXTENSION_REFUSED_WITHOUT_REASON = define("ExtensionRefusedWithoutReason", "R31", "art. 13.1; B3-F2")

# --- replying ------------------------------------------------------------------------------------

REPLY_TOO_LATE = define("ReplyTooLate", "R31", "art. 13.1; B3-F2", Remedy.STOP)
ALREADY_REPLIED = define("AlreadyReplied", "R31", "art. 13.1; B3-F2", Remedy.STOP)
UNCLEAR_WITHOUT_QUESTION = define("UnclearWithoutQuestion", "R31", "art. 13.1; B3-F2")
CLARIFICATION_ASKED_BEFORE = define("ClarificationAskedBefore", "R31", "art. 13.1; B3-F2", Remedy.STOP)
HAS_ITS_REPLY = define("QueryHasItsReply", "R31", "art. 13.1; B3-F2", Remedy.STOP)
EXTENSION_WITHOUT_REASON = define("ExtensionWithoutReason", "R31", "art. 13.1; B3-F2")
EXTENSION_ASKED_BEFORE = define("ExtensionAskedBefore", "R31", "art. 13.1; B3-F2", Remedy.STOP)
EXTENSION_NOT_LATER = define("ExtensionNotLater", "R31", "art. 13.1; B3-F2")
EXTENSION_TOO_LONG = define("ExtensionTooLong", "R31", "art. 13.1; B3-F2")
SECRECY_OF_NO_ITEM = define("SecrecyOfNoItem", "R30", "B3-F2 secrecy")
NOT_UNDER_SECRECY = define("NotUnderSecrecy", "R30", "B3-F2 secrecy")
BASIS_MISSING = define("BasisMissing", "R57", "B3-F2 legal basis")
ACTING_BODY_UNKNOWN = define("ActingBodyUnknown", "R57", "B3-F2 legal basis; preamble")
NECESSITY_MISSING = define("NecessityMissing", "R8", "B3-F2 necessity")
SPECIAL_NOT_CHECKED = define("SpecialCategoryNotChecked", "R21", "B3-F1")
RESERVATION_UNKNOWN = define("ReservationAgainstUnknownParty", "R62", "B3-F2", may_be_lag=True)

# --- concluding ----------------------------------------------------------------------------------

ALREADY_CONCLUDED = define("AlreadyConcluded", "R50", "B3-F2", Remedy.STOP)
DOUBT_WITHOUT_REASON = define("DoubtWithoutReason", "R51", "B3-F2")
PICTURE_INCOMPLETE = define("PictureIncomplete", "R37", "B3-F2 purpose 1")
UNKNOWN_PARTY_IN_PICTURE = define("UnknownPartyInPicture", "R37", "B3-F2 purpose 1", may_be_lag=True)
NOBODY_ASKED_WITHOUT_REASON = define("NobodyAskedWithoutReason", "R37", "B3-F2 purpose 1")

# --- preparing -----------------------------------------------------------------------------------

NOT_IN_PREPARATION = define("NotInPreparation", "R58", "art. 6.1; B3-F2")
GOAL_MISSING = define("GoalMissing", "R42", "art. 9.2c; B3-F2")
THEMES_MISSING = define("ThemesMissing", "R42", "art. 9.2c; B3-F2")
PARTICIPANTS_MISSING = define("ParticipantsMissing", "R42", "art. 9.2e; B3-F2")
PARTICIPANT_TWICE = define("ParticipantTwice", "R42", "art. 9.2e; B3-F2")
PARTICIPANT_NOT_A_PARTY = define("ParticipantNotAParty", "R43", "art. 9.2e; B3-F2", may_be_lag=True)
ROLE_MISSING = define("RoleMissing", "R60", "B3-gen 3; B3-F2")
CONTRIBUTION_MISSING = define("ContributionMissing", "R42", "art. 9.2c; B3-F2")
UNKNOWN_ITEM = define("UnknownItem", "R42", "art. 9.2e; B3-F2")
NOT_A_PARTICIPANT = define("NotAParticipant", "R42", "art. 9.2e; B3-F2")
VIEWING_TWICE = define("ViewingTwice", "R42", "art. 9.2e; B3-F2")
VIEWING_WITHOUT_REASON = define("ViewingWithoutReason", "R42", "art. 9.2c; B3-F2, F3")
PARTICIPANT_NOT_TESTED = define("ParticipantNotTested", "R49", "B3-F3; B3-F2")
LEADING_PARTY_NOT_CONSULTED = define("LeadingPartyNotConsulted", "R44", "art. 9.2f; B3-F2")
CITIZEN_UNDECIDED = define("CitizenUndecided", "R46", "B3-F2")
CARE_AGREEMENTS_MISSING = define("CareAgreementsMissing", "R47", "B3-F2")
CARE_SUBJECT_MISSING = define("CareSubjectMissing", "R47", "B3-F2")

# --- what other services decide --------------------------------------------------------------------

NOT_PREPARED = define("NotPrepared", "R58", "art. 6.1", may_be_lag=True)
NOT_DEESCALATED = define("NotDeescalated", "R87", "B3-F4", may_be_lag=True)
NOT_TO_BE_CLOSED = define("NotToBeClosed", "R102", "B3-F1, F2, F3", Remedy.STOP, settled=True)
