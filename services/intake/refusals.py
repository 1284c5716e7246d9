"""List every refusal of intake, with its rule and article."""

from shared.contract.refusal import Refusal, Remedy

NO_AUTHORISATION_ON_RECORD = Refusal(
    "PartyHasNoAuthorisation",
    "R2",
    "B3-F1; B3-gen",
    "No accepted authorisation of your organisation to the process directors is in force.",
    may_be_lag=True,
    status=403,
)
ITEM_TWICE = Refusal(
    "ItemTwice", "R35", "B3-F2", "Each item of a referral has a number of its own: these share one."
)
ALREADY_REFERRED = Refusal(
    "AlreadyReferred",
    "R15",
    "B3-F1",
    "A referral under this referral number was received before.",
    Remedy.STOP,
)
TASK_MISSING = Refusal(
    "TaskMissing", "R3", "B3-F1 legal basis", "Name the statutory task under which you refer."
)
ACTING_BODY_UNKNOWN = Refusal(
    "ActingBodyUnknown",
    "R3",
    "B3-F1 legal basis; preamble",
    "Name the body of your organisation that acts, as it was recorded at accession.",
)
BASIS_MISSING = Refusal("BasisMissing", "R4", "B3-F1", "Name the legal basis of the processing.")
NECESSITY_MISSING = Refusal(
    "NecessityMissing",
    "R8",
    "B3-F1 necessity",
    "Each item must say why it is necessary for the screening.",
)
WEIGHING_MISSING = Refusal(
    "WeighingMissing",
    "R10",
    "B3-F1",
    "Give the substantive weighing: what other partners could contribute.",
)
SPECIAL_NOT_CHECKED = Refusal(
    "SpecialCategoryNotChecked",
    "R21",
    "B3-F1",
    "It was not checked that your organisation may process special-category or criminal data.",
)
BSN_NOT_ALLOWED = Refusal(
    "BsnNotAllowed",
    "R22",
    "B3-F1",
    "Your organisation may not use the citizen service number: leave it out.",
)
UNKNOWN_PERSON = Refusal(
    "UnknownPerson", "R16", "art. 1.6; B3-F1", "That person does not stand in this case."
)
CONSULTATION_MISSING = Refusal(
    "ConsultationMissing",
    "R11",
    "art. 9.2a",
    "The screening is decided in consultation with the referring party, and that is not on record.",
    may_be_lag=True,
)
ALREADY_CONSULTED = Refusal(
    "AlreadyConsulted", "R11", "art. 9.2a", "The consultation on this referral is on record.", Remedy.STOP
)
REASON_MISSING = Refusal(
    "ReasonMissing",
    "R10",
    "B3-F1",
    "The outcome departs from the formal criteria: record the reason.",
)
POSTPONEMENT_INCOMPLETE = Refusal(
    "PostponementIncomplete",
    "R19",
    "B3-F1, F2, F3",
    "Informing is postponed only with a substantive reason and a planned moment, ahead and within a year.",
)
NO_SUCH_DUTY = Refusal(
    "NoSuchDuty",
    "R16",
    "B3-F1 informing",
    "No duty to inform this person at this moment is open.",
    may_be_lag=True,
)
NOT_THE_REFERRER = Refusal(
    "NotTheReferrer",
    "R5",
    "B3-F1; art. 1.1",
    "There is no case here that you may act in under this number.",
    Remedy.STOP,
    status=404,
)
NOT_THE_DIRECTOR = Refusal(
    "NotTheDirectorOfThisCase",
    "R6",
    "B3-F1 access",
    "There is no case here that you may act in under this number.",
    Remedy.STOP,
    status=404,
)
ASSIGNMENT_WITHOUT_REASON = Refusal(
    "AssignmentWithoutReason", "R6", "B3-F1 access", "Say why the case is assigned to somebody else."
)
ALREADY_ASSIGNED = Refusal(
    "AlreadyAssigned", "R6", "B3-F1 access", "This person works on the case already.", Remedy.STOP
)
NOT_ASSIGNED = Refusal(
    "NotAssigned",
    "R6",
    "B3-F1 access",
    "Name a support worker who is to work on the case, or one who does and no longer is to.",
)
SUPPORT_IS_FULL = Refusal(
    "SupportIsFull",
    "R6",
    "B3-F1 access",
    "The case has its full number of support workers: replace one.",
)
NOT_BEFORE_SCREENING = Refusal(
    "NotBeforeScreening",
    "R12",
    "B3-F1 outcomes",
    "The referral was not yet taken up.",
    may_be_lag=True,
)
ALREADY_SCREENED = Refusal(
    "AlreadyScreened", "R12", "B3-F1 outcomes", "The referral has its outcome.", Remedy.STOP
)
