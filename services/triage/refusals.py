"""List every refusal of triage, with its rule and article."""

from shared.contract.refusal import Refusal, Remedy

# --- opening -------------------------------------------------------------------------------------

ALREADY_OPEN = Refusal(
    "AlreadyInTriage", "R25", "B3-F1, F2", "Triage of this case has begun.", Remedy.STOP, settled=True
)
SCREENED_OUT = Refusal(
    "NotTakenUpAtScreening",
    "R25",
    "B3-F1, F2",
    "Triage starts only for a case that the screening took up.",
    Remedy.STOP,
)

# --- who may not know of the case ------------------------------------------------------------------

NOT_THE_DIRECTOR = Refusal(
    "NotTheDirectorOfThisCase",
    "R33",
    "B3-F2 access",
    "There is no case here that you may act in under this number.",
    Remedy.STOP,
    status=404,
)
NOT_THE_QUERIED_PARTY = Refusal(
    "NotTheQueriedParty",
    "R26",
    "B3-F2",
    "There is no case here that you may act in under this number.",
    Remedy.STOP,
    status=404,
)

# --- asking --------------------------------------------------------------------------------------

TRIAGE_NOT_RUNNING = Refusal(
    "TriageNotRunning",
    "R35",
    "B3-F2",
    "Triage of this case is over: nothing is asked or answered in it any more.",
    Remedy.STOP,
)
QUERY_TO_EVERYBODY = Refusal(
    "QueryToEverybody",
    "R28",
    "B3-F2",
    "All parties are never asked: choose per case, with a reason per party.",
)
ONE_PARTY_PER_QUERY = Refusal(
    "OnePartyPerQuery",
    "R26",
    "B3-F2",
    "A query goes from one party to one party: send each party a query of its own.",
)
QUERY_TO_ITSELF = Refusal(
    "QueryToTheLeadingParty", "R26", "B3-F2", "The leading party asks; it cannot be the one that is asked."
)
RECIPIENT_NOT_A_PARTY = Refusal(
    "RecipientNotAParty",
    "R43",
    "art. 9.2e; B3-F2",
    "The recipient is not a party to the covenant now.",
    may_be_lag=True,
)
QUERY_INCOMPLETE = Refusal(
    "QueryIncomplete",
    "R27",
    "B3-F2 secrecy",
    "A query states for which task, with which purpose, why the data are necessary, and what is asked.",
)
CHOICE_WITHOUT_REASON = Refusal(
    "ChoiceWithoutReason", "R28", "B3-F2", "Say why this party is asked in this case."
)
QUERY_ISSUED_BEFORE = Refusal(
    "QueryIssuedBefore",
    "R26",
    "B3-F2",
    "A query under this number was sent before.",
    Remedy.STOP,
)
UNKNOWN_PERSON = Refusal(
    "UnknownPerson", "R30", "art. 1.6; B3-F2", "That person does not stand in this case."
)
TERM_IN_THE_PAST = Refusal(
    "TermInThePast", "R31", "art. 13.1; B3-F2", "The term for an answer lies in the future."
)
QUERIED_PARTY_NOT_TESTED = Refusal(
    "QueriedPartyNotTested",
    "R49",
    "B3-F3; B3-F2",
    "It was not tested whether this party may see special-category data: test it first, or leave them out.",
)
BSN_NOT_ALLOWED = Refusal(
    "BsnNotAllowed",
    "R22",
    "B3-F1, F2",
    "The citizen service number goes along only if both parties may use it: leave it out.",
)

# --- replying ------------------------------------------------------------------------------------

REPLY_TOO_LATE = Refusal(
    "ReplyTooLate",
    "R31",
    "art. 13.1; B3-F2",
    "The query lapsed without an answer before this came in.",
    Remedy.STOP,
)
ALREADY_REPLIED = Refusal(
    "AlreadyReplied",
    "R31",
    "art. 13.1; B3-F2",
    "This query has its reply; an answer that was given cannot be declined.",
    Remedy.STOP,
)
BASIS_MISSING = Refusal(
    "BasisMissing", "R57", "B3-F2 legal basis", "Each item names the legal basis of the party that gives it."
)
ACTING_BODY_UNKNOWN = Refusal(
    "ActingBodyUnknown",
    "R57",
    "B3-F2 legal basis; preamble",
    "Name the body of your organisation that gives the item, as it was recorded at accession.",
)
NECESSITY_MISSING = Refusal(
    "NecessityMissing", "R8", "B3-F2 necessity", "Each item must say why it is necessary for the triage."
)
SPECIAL_NOT_CHECKED = Refusal(
    "SpecialCategoryNotChecked",
    "R21",
    "B3-F1",
    "It was not checked that your organisation may process special-category or criminal data.",
)
ITEM_GIVEN_BEFORE = Refusal(
    "ItemGivenBefore",
    "R35",
    "B3-F2",
    "An item under this number was given before: give this one a number of its own.",
)

# --- concluding ----------------------------------------------------------------------------------

ALREADY_CONCLUDED = Refusal(
    "AlreadyConcluded", "R50", "B3-F2", "Triage of this case has its outcome.", Remedy.STOP
)
DOUBT_WITHOUT_REASON = Refusal(
    "DoubtWithoutReason",
    "R51",
    "B3-F2",
    "A round table out of doubt is no standard procedure: record the reason for this case.",
)

# --- preparing -----------------------------------------------------------------------------------

NOT_IN_PREPARATION = Refusal(
    "NotInPreparation",
    "R58",
    "art. 6.1; B3-F2",
    "A round table is prepared once, after triage has decided on it.",
)
GOAL_MISSING = Refusal(
    "GoalMissing", "R42", "art. 9.2c; B3-F2", "Fix a goal for the round table, as concrete as possible."
)
THEMES_MISSING = Refusal(
    "ThemesMissing",
    "R42",
    "art. 9.2c; B3-F2",
    "Fix the type of decisions and the themes of the round table.",
)
PARTICIPANTS_MISSING = Refusal(
    "ParticipantsMissing", "R42", "art. 9.2e; B3-F2", "Name each participant of the round table, once."
)
PARTICIPANT_NOT_A_PARTY = Refusal(
    "ParticipantNotAParty",
    "R43",
    "art. 9.2e; B3-F2",
    "Only parties that may lawfully be present are invited, and one of these is not a party now.",
    may_be_lag=True,
)
ROLE_MISSING = Refusal(
    "RoleMissing",
    "R60",
    "B3-gen 3; B3-F2",
    "Each participant has a role: expert, informant or executor.",
)
CONTRIBUTION_MISSING = Refusal(
    "ContributionMissing", "R42", "art. 9.2c; B3-F2", "Say what is asked of each participant."
)
UNKNOWN_ITEM = Refusal(
    "UnknownItem", "R42", "art. 9.2e; B3-F2", "The viewing plan names an item that is not in this case."
)
NOT_A_PARTICIPANT = Refusal(
    "NotAParticipant",
    "R42",
    "art. 9.2e; B3-F2",
    "The viewing plan names a party that is not on the list of participants.",
)
VIEWING_TWICE = Refusal(
    "ViewingTwice",
    "R42",
    "art. 9.2e; B3-F2",
    "The viewing plan names the same item for the same participant twice: give it one reason.",
)
VIEWING_WITHOUT_REASON = Refusal(
    "ViewingWithoutReason",
    "R42",
    "art. 9.2c; B3-F2, F3",
    "Say of each item, for each participant, why it needs to see it.",
)
PARTICIPANT_NOT_TESTED = Refusal(
    "ParticipantNotTested",
    "R49",
    "B3-F3; B3-F2",
    "Record for this participant whether it may see special-category data, before planning that it does.",
)
LEADING_PARTY_NOT_CONSULTED = Refusal(
    "LeadingPartyNotConsulted",
    "R44",
    "art. 9.2f; B3-F2",
    "What may be viewed is decided in consultation with the leading party, and that is not on record.",
)
CITIZEN_UNDECIDED = Refusal(
    "CitizenUndecided",
    "R46",
    "B3-F2",
    "Decide how the citizen is involved: invited, informed beforehand, or informed afterwards.",
)
CARE_AGREEMENTS_MISSING = Refusal(
    "CareAgreementsMissing",
    "R47",
    "B3-F2",
    "Record the care agreements: use, keeping and destroying, and that nobody takes another's data.",
)

# --- what other services decide --------------------------------------------------------------------

NOT_PREPARED = Refusal(
    "NotPrepared", "R58", "art. 6.1", "No round table was prepared for this case.", may_be_lag=True
)
NOT_DEESCALATED = Refusal(
    "NotDeescalated", "R87", "B3-F4", "The case has not been de-escalated.", may_be_lag=True
)
NOT_TO_BE_CLOSED = Refusal(
    "NotToBeClosed", "R102", "B3-F1, F2, F3", "The case is not open any more.", Remedy.STOP, settled=True
)
