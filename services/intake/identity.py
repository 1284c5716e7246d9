"""Hold by what a person of a case is found: a keyed hash, made where the name is read (R13, A23)."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contract.fields import PersonRole
from shared.contract.messages.intake import ReferralSubmitted

UNFINDABLE = ""  # the digest of whom no complete name and date are on record


@dataclass(frozen=True, slots=True)
class Identity:
    """Hold by what a person of a case is found; `subject`: the case is about this person (A18)."""

    person_id: str
    subject: bool
    digest: str


def identities(referral: ReferralSubmitted, digests: Sequence[str]) -> tuple[Identity, ...]:
    """Return the persons of a referral with their digests."""
    return tuple(
        Identity(person.person_id, person.role is PersonRole.SUBJECT, digest)
        for person, digest in zip(referral.persons, digests, strict=True)
    )
