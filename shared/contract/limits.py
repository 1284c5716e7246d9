"""Define the sizes of all that is sent: what a sender may send at most, each of its receivers takes.

Bytes, unless a name says otherwise. A size is derived from the one before it, so that none can be changed
alone; `tests/unit/shared/test_limits.py` holds both sides of each against each other.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
KIB = 1024

# --- what a party says in a message, or a person in a request --------------------------------------

MAX_PAYLOAD = 32 * KIB  # the data of a CloudEvent as compact JSON in UTF-8, and the body of a request
MAX_ATTRIBUTES = 2 * KIB  # the attributes of a CloudEvent around its data, as JSON or as headers

# --- how many of a thing one message holds ---------------------------------------------------------
# What can be more than that over the life of a case goes in parts, see `in_parts`.

MOST_PERSONS = 12  # of a case: they come with its referral and no more are added
MOST_ITEMS = 40
MOST_PARTICIPANTS = 30  # of one round table
MOST_QUERIES_TOLD = 30  # in one request to inform; what came before them was in an earlier one
MOST_SUPPORT_WORKERS = 10  # of one case
MOST_VIEWING_ENTRIES = 400
MOST_ACTIONS = 60
MOST_KEPT_ITEMS = 500
MOST_CONSENTS = 200  # of the data subjects of one case, withdrawn ones too
MOST_HOLDS = 60  # of one case, at one time
MOST_CODES = 20
MOST_ACTING_BODIES = 12
MOST_RESERVATIONS = 200  # parties from which one item is withheld
MOST_AUTHORISATIONS = 60  # of a party, that have not ended
MOST_SHARED = 60  # municipalities that belong to two houses
MOST_CHECKS = 60  # known-checks of one case
MOST_WEIGHINGS = 20  # of one case: of an exchange with another house
MOST_KEYS = 60  # of a party, that have not ended
MOST_PARTIES_DECIDED = 100  # whose accession one decision is about
TAKERS_PER_MESSAGE = 200
MOST_INVALID = 20  # fields that a refusal names
CLAIMS_PER_EVENT = 400
HOUSE_KEYS_PER_EVENT = 200
MOST_READ = 1000  # where a version before this one sent more than this one does: what is read of it

# --- what the house sends to a party ---------------------------------------------------------------

MAX_LETTER = 64 * KIB  # a CloudEvent in JSON before it is signed: the NL GOV profile's size of an event
_JOSE_HEADER = 512  # a protected header of ours, encoded
_SIGNATURE, _IV, _TAG = 86, 16, 22  # encoded
_DOTS = 6


def encoded_size(size: int) -> int:
    """Return how long so many bytes are in base64url, rounded up to whole groups."""
    return -(-size // 3) * 4


def sealed_size(payload: int) -> int:
    """Return how long a compact JWE around a compact JWS is at most, around a payload of so many bytes."""
    signed = _JOSE_HEADER + encoded_size(payload) + _SIGNATURE
    return _JOSE_HEADER + _IV + encoded_size(signed) + _TAG + _DOTS


MAX_SEALED = 64 * KIB  # a compact JWE from a party
MAX_SEALED_LETTER = sealed_size(MAX_LETTER)  # a compact JWE to a party

# --- what Kafka takes ------------------------------------------------------------------------------

MAX_RECORD = 128 * KIB  # `max.message.bytes` of every topic: a record batch as it is stored
MAX_FRAME = 4 * KIB  # of it: headers, key and what Kafka puts around a record
MAX_BODY = MAX_RECORD - MAX_FRAME  # the value of a record: an event of the house, or a sealed letter
MAX_BATCH = 64 * KIB  # records that a producer puts together; a larger one goes alone
MAX_REQUEST = 1024 * KIB  # what a producer sends and a broker takes at once
MAX_FETCH = 1024 * KIB  # what a consumer takes of one partition at once


def in_parts(things: Sequence[T], most: int) -> Iterator[tuple[T, ...]]:
    """Yield the things in their order, at most so many at a time."""
    return (tuple(things[at : at + most]) for at in range(0, len(things), most))
