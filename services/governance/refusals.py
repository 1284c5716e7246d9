"""List every refusal of governance, with its rule and article."""

from shared.contract.refusal import Refusal, Remedy

UNKNOWN_PARTY = Refusal(
    "UnknownParty",
    "R109",
    "art. 18.4; B1",
    "No organisation under this name has signed the covenant.",
)
ALREADY_SIGNED = Refusal(
    "AlreadySigned",
    "R109",
    "art. 18.4; B1",
    "This organisation has signed before; a new accession is decided by the steering group.",
    Remedy.STOP,
)
NAME_RESERVED = Refusal(
    "NameReserved",
    "R124",
    "art. 11.1; B3-gen",
    "This name is one of the house itself, or does not begin with a letter, and the house is never a party.",
)
SIGNATURE_MISSING = Refusal(
    "SignatureMissing",
    "R109",
    "art. 3.4, 18.4; B1",
    "Accession takes effect only when the organisation and the chair of the steering group have both signed.",
)
FORM_INCOMPLETE = Refusal(
    "FormIncomplete",
    "R110",
    "B1",
    "The form states name, seat, office, the officer's function and place, and holds the three declarations.",
)
PARTY_BEFORE_SIGNATURE = Refusal(
    "PartyBeforeSignature",
    "R109",
    "art. 18.4; B1",
    "An organisation is a party at the earliest from the day of the last signature.",
)
ACTING_BODY_MISSING = Refusal(
    "ActingBodyMissing",
    "R122",
    "preamble; B3-gen",
    "Name the body or bodies of the organisation that act for it.",
)
PRIVATE_KEY_SENT = Refusal(
    "PrivateKeySent",
    "R127",
    "art. 15.3; B4",
    "This holds the private half of a key: destroy that key, make a new one and send its public half.",
)
KEY_UNFIT = Refusal(
    "KeyUnfit",
    "R127",
    "art. 15.3; B4",
    "Announce a public key on the curve P-256 as a JWK.",
)
KEY_NUMBER_WRONG = Refusal(
    "KeyNumberWrong",
    "R127",
    "art. 15.3; B4",
    "The number of a key is its thumbprint (RFC 7638), and this is another one.",
)
KEY_KNOWN = Refusal(
    "KeyKnown",
    "R127",
    "art. 15.3; B4",
    "This key was announced before: a new one is announced under its own number, for one use.",
    Remedy.STOP,
)
TOO_MANY_KEYS = Refusal(
    "TooManyKeys",
    "R127",
    "art. 15.3; B4",
    "More keys were announced within a month than are kept: use the last one.",
    Remedy.RETRY_LATER,
)
NOT_YET_IN_FORCE = Refusal(
    "NotYetInForce",
    "R109",
    "art. 18.4; B1",
    "The organisation has signed, and is a party only from a later moment.",
    status=403,
)
MEMBERSHIP_ENDED = Refusal(
    "MembershipEnded",
    "R115",
    "art. 21.2, 21.3",
    "All rights of this party have ended; its duty of secrecy has not.",
    Remedy.STOP,
    status=403,
)
NOT_YOUR_PARTY = Refusal(
    "NotYourParty",
    "R122",
    "B3-gen; B5",
    "A party announces its own keys, and grants and revokes its own authorisations, only.",
    Remedy.STOP,
    status=404,
)
ACTING_BODY_UNKNOWN = Refusal(
    "ActingBodyUnknown",
    "R122",
    "preamble; B3-gen",
    "An authorisation is given by a body of your organisation, as it was recorded at accession.",
)
PERIOD_EMPTY = Refusal(
    "PeriodEmpty",
    "R122",
    "B3-gen; B5",
    "The authorisation would end before it begins, or has ended already.",
)
AUTHORISATION_KNOWN = Refusal(
    "AuthorisationKnown",
    "R122",
    "B3-gen; B5",
    "An authorisation under this number is on record: give another one a number of its own.",
    Remedy.STOP,
)
TOO_MANY_AUTHORISATIONS = Refusal(
    "TooManyAuthorisations",
    "R122",
    "B3-gen; B5",
    "As many as can be on record are in force, or ended within the last month: revoke what is not needed.",
    Remedy.RETRY_LATER,
)
UNKNOWN_AUTHORISATION = Refusal(
    "UnknownAuthorisation",
    "R122",
    "B3-gen; B5",
    "No authorisation of this party is on record under this number.",
    Remedy.STOP,
)
AUTHORISATION_REVOKED = Refusal(
    "AuthorisationRevoked",
    "R122",
    "B3-gen; B5",
    "The party has taken this authorisation back.",
    Remedy.STOP,
)
AUTHORISATION_LAPSED = Refusal(
    "AuthorisationLapsed",
    "R122",
    "B3-gen; B5",
    "The period of this authorisation is over.",
    Remedy.STOP,
)
ALREADY_ACCEPTED = Refusal(
    "AlreadyAccepted",
    "R123",
    "B5",
    "This authorisation was accepted before.",
    Remedy.STOP,
)
PROCESSOR_AGREEMENT_MISSING = Refusal(
    "ProcessorAgreementMissing",
    "R123",
    "B5",
    "Controllership cannot be mandated: a mandate is accepted only beside a separate processor agreement.",
)
NO_CASE = Refusal(
    "NoCase",
    "R105",
    "B3-F4",
    "This number is a party's membership and no case: it is not erased with one.",
    Remedy.STOP,
)
