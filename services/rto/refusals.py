"""List every refusal of the round table, with its rule and article."""

from shared.contract.refusal import Refusal, Remedy

NO_CASE = "There is no case here that you may act in under this number."

# --- who has nothing to do with it: nobody learns whether a case exists -----------------------------

NOT_INVOLVED = Refusal("NotInvolvedInThisCase", "R60", "B3-gen 3", NO_CASE, Remedy.STOP, status=404)
NOT_THE_DIRECTOR = Refusal(
    "NotTheDirectorOfThisCase", "R72", "B3-gen; art. 9.3", NO_CASE, Remedy.STOP, status=404
)
NOT_INVITED = Refusal("NotInvited", "R61", "B3-F3; B3-gen 3", NO_CASE, Remedy.STOP, status=404)
NOT_THE_CONTRIBUTOR = Refusal("NotTheContributor", "R66", "B3-gen 2", NO_CASE, Remedy.STOP, status=404)

# --- the phases ------------------------------------------------------------------------------------

NOT_PREPARED = Refusal(
    "NotPrepared",
    "R58",
    "art. 6.1",
    "A round table takes place only after a decision on the basis of triage, and none is on record.",
    may_be_lag=True,
    status=404,
)
ALREADY_PREPARED = Refusal(
    "AlreadyPrepared",
    "R58",
    "art. 6.1",
    "The round table of this case is prepared, or the case has ended.",
    Remedy.STOP,
    settled=True,
)
CANNOT_CONVENE_NOW = Refusal(
    "CannotConveneNow",
    "R58",
    "art. 6.1",
    "A round table is convened after its preparation or while monitoring, and this is neither.",
)
NO_RTO_IS_OPEN = Refusal("NoRtoIsOpen", "R61", "B3-F3", "No round table of this case is open now.")
NOT_IN_PHASE_3 = Refusal(
    "NotInPhase3", "R64", "B3-F3", "The case is not, or no longer, in the phase of the round table."
)
NOT_DEESCALATED = Refusal(
    "NotDeescalated", "R86", "B3-F4", "The case has not been de-escalated.", may_be_lag=True
)
CASE_ENDED = Refusal(
    "CaseEnded", "R86", "B3-F3, F4", "The case has left the round table.", Remedy.STOP, settled=True
)

# --- the meeting -----------------------------------------------------------------------------------

RTO_KNOWN = Refusal(
    "RtoKnown", "R58", "art. 6.1", "This number stands for an earlier round table: use a new one."
)
PLACE_MISSING = Refusal("PlaceMissing", "R59", "art. 9.2e", "An invitation says where the RTO meets.")
PREPARATION_IS_FIXED = Refusal(
    "PreparationIsFixed",
    "R42",
    "art. 9.2c, 9.2e; B3-F2",
    "Participants and viewing plan of a first round table are those of its preparation.",
)
CONTRIBUTION_MISSING = Refusal(
    "ContributionMissing",
    "R42",
    "art. 9.2e; B3-F2",
    "Each participant is told which contribution is asked of it.",
)
PARTICIPANT_TWICE = Refusal(
    "ParticipantTwice", "R42", "art. 9.2e; B3-F2", "A party has one seat at the table."
)
NOT_LAWFULLY_PRESENT = Refusal(
    "NotLawfullyPresent",
    "R43",
    "art. 9.2e",
    "Only parties that may lawfully be present are invited, and one of these is no party now.",
    may_be_lag=True,
)
VIEWING_REASON_MISSING = Refusal(
    "ViewingReasonMissing",
    "R42",
    "art. 9.2f; B3-F2",
    "Each item on the viewing plan carries the reason why this participant needs to see it.",
)
NOT_A_PARTICIPANT = Refusal(
    "NotAParticipant", "R61", "B3-F3; B3-gen 3", "That party is not a participant of this round table."
)
UNKNOWN_ITEM = Refusal(
    "UnknownItem", "R42", "art. 9.2c; B3-F2", "There is no such item on the table of this case."
)
NO_MANDATE = Refusal(
    "NoMandate",
    "R59",
    "art. 6.2, 6.3",
    "A delegate comes with a mandate for operational decisions on the case.",
)
DELEGATE_IS_NAMED = Refusal(
    "DelegateIsNamed",
    "R59",
    "art. 6.2, 6.3",
    "Your party has named another delegate: the delegate, your party by message, or the director ends that "
    "mandate first.",
)
NO_DELEGATE_NAMED = Refusal(
    "NoDelegateNamed", "R59", "art. 6.2, 6.3", "That party has no delegate whose mandate could end."
)
MANDATE_REASON_MISSING = Refusal(
    "MandateReasonMissing", "R59", "art. 6.2, 6.3", "Say why the delegate of another party is to be replaced."
)
RTO_CONCLUDED = Refusal(
    "RtoConcluded",
    "R61",
    "B3-F3",
    "That round table has its outcome, and its window has closed.",
    Remedy.STOP,
)
NOT_AT_THE_TABLE = Refusal(
    "NotAtTheTable", "R59", "art. 6.2, 6.3", "Accept the invitation and name your delegate first."
)
NOBODY_AT_THE_TABLE = Refusal(
    "NobodyAtTheTable",
    "R70",
    "art. 6.2, 7.1",
    "Participants decide together, and no party has accepted the invitation to this round table.",
)

# --- items brought in ------------------------------------------------------------------------------

NECESSITY_MISSING = Refusal(
    "NecessityMissing", "R42", "B3-F2, F3", "Say why this item is necessary for this use."
)
BASIS_MISSING = Refusal("BasisMissing", "R57", "B3-F2 legal basis", "Name the legal basis of each item.")
ACTING_BODY_UNKNOWN = Refusal(
    "ActingBodyUnknown",
    "R3",
    "B3-F1 legal basis; preamble",
    "Name the body of your organisation that acts, as it was recorded at accession.",
)
UNKNOWN_PERSON = Refusal(
    "UnknownPerson", "R16", "art. 1.6; B3-F1", "That person does not stand in this case."
)
SPECIAL_NOT_CHECKED = Refusal(
    "SpecialCategoryNotChecked",
    "R21",
    "B3-F1",
    "It was not checked that your organisation may process special-category or criminal data.",
)
ITEM_KNOWN = Refusal(
    "ItemKnown", "R35", "B3-F2", "An item under this number lies here already: give it a new one."
)

# --- the say of the contributor --------------------------------------------------------------------

RELEASE_NOT_EXACT = Refusal(
    "ReleaseNotExact",
    "R65",
    "B3-gen 1; B3-F3",
    "For a plan activity one recipient and one of its actions are named, for the round table neither.",
)
NO_SUCH_ACTION = Refusal(
    "NoSuchAction", "R73", "B3-F3", "The plan holds no such action, or another party carries it out."
)
ALREADY_RELEASED = Refusal(
    "AlreadyReleased",
    "R65",
    "B3-gen 1; B3-F3",
    "This use is released: nothing needs to be asked.",
    Remedy.STOP,
)
WITHDRAW_INSTEAD = Refusal(
    "WithdrawInstead",
    "R66",
    "B3-gen 2",
    "You have released this use: withdraw the release of the item instead.",
)
NOTHING_TO_WITHDRAW = Refusal(
    "NothingToWithdraw", "R66", "B3-gen 2", "No use of this item is released.", Remedy.STOP
)

# --- what may be taken away ------------------------------------------------------------------------

NO_ROLE_IN_THE_PLAN = Refusal(
    "NoRoleInThePlan",
    "R74",
    "B3-F3",
    "A participant without a role in carrying out the plan takes no data to its own organisation.",
)
NOT_RELEASED = Refusal(
    "NotReleased",
    "R65",
    "B3-gen 1; B3-F3",
    "Its contributor has not released this item for exactly this use.",
)
RELEASE_REFUSED = Refusal(
    "ReleaseRefused", "R75", "B3-F3", "Its contributor refuses to provide this item for this activity."
)
PROCESSING_TEST_MISSING = Refusal(
    "ProcessingTestMissing",
    "R49",
    "B3-F3; B3-F2",
    "It was not tested that this party may process special-category or criminal data.",
)
NOT_KEPT_FOR_MONITORING = Refusal(
    "NotKeptForMonitoring", "R79", "B3-F3", "It was not agreed that this item stays for the monitoring."
)

# --- the plan, its direction and its end -----------------------------------------------------------

AVE_LEVEL_UNKNOWN = Refusal("AveLevelUnknown", "R69", "art. 6.4", "The AVE level is 1, 2, 3 or 4.")
AGREEMENTS_MISSING = Refusal(
    "AgreementsMissing", "R69", "art. 6.4", "A plan holds the agreements, and what each action is."
)
ACTION_TWICE = Refusal("ActionTwice", "R69", "art. 6.4", "Each action of the plan has a number of its own.")
EXECUTOR_NOT_AT_THE_TABLE = Refusal(
    "ExecutorNotAtTheTable",
    "R70",
    "art. 7.1, 14.1",
    "An action is carried out by a party that was at the table and agreed to it.",
)
NOT_THE_EXECUTOR = Refusal(
    "NotTheExecutor",
    "R85",
    "art. 6.5, 14.1",
    "Your organisation does not carry out that action.",
    Remedy.STOP,
    status=403,
)
ALREADY_LEADING = Refusal(
    "AlreadyLeading", "R72", "B3-gen; art. 9.3", "That party leads the case already.", Remedy.STOP
)
MONITORING_NOT_AUTHORISED = Refusal(
    "MonitoringNotAuthorised",
    "R122",
    "B3-F3; B5",
    "The authorisation of the party that would lead does not cover monitoring.",
    may_be_lag=True,
    status=403,
)
NOT_OFFERED_TO_YOU = Refusal(
    "DirectionNotOffered",
    "R71",
    "art. 1.9, 10.1",
    "No case direction is offered to your organisation.",
    Remedy.STOP,
)
CASE_DIRECTOR_MISSING = Refusal(
    "CaseDirectorMissing", "R71", "art. 1.9, 10.1", "Name the professional who will be case director."
)
PLAN_MISSING = Refusal(
    "PlanMissing", "R69", "art. 6.4", "There is no plan of action to carry out or to follow."
)
MONITORING_PURPOSE_MISSING = Refusal(
    "MonitoringPurposeMissing", "R79", "B3-F3", "The purpose of the monitoring is made explicit."
)
