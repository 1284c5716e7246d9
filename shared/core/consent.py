"""Judge whether the consent of data subjects lifts secrecy: rto keeps the register, and the others follow it.

Consent lifts secrecy where that is needed and is no general legal basis: it takes the place of nobody's
release, mandate or authorisation, and none of these takes its place (R20, R76). It holds for one person, one
contributor and one purpose; once withdrawn it never holds again.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from shared.contract.fields import ContributedItem, Item
from shared.contract.messages.rto import ConsentPurpose, RestsOn
from shared.core.viewing import Denied

NO_CONSENT = Denied("R20", "B3-F1, F2")


@dataclass(frozen=True, slots=True)
class Consent:
    """Hold what others than the register need of a consent: whose it is, for whom, and for what."""

    consent_id: str
    person_id: str
    contributor: str
    purpose: ConsentPurpose
    recipient: str | None = None
    withdrawn: bool = False


Consents: TypeAlias = tuple[Consent, ...]


@dataclass(frozen=True, slots=True)
class ConsentFollowed:
    """Record that a data subject has given a consent, or withdrawn it (R20)."""

    consent: Consent


class Need(NamedTuple):
    """Name the secrecy that is to be lifted: whose, for what, and for whose activities in the plan (R76)."""

    contributor: str
    purpose: ConsentPurpose
    recipient: str | None = None


def followed(consents: Consents, told: Consent) -> Consents:
    """Return the consents with this one; what was withdrawn stays so, whatever is heard later."""
    known = next((one for one in consents if one.consent_id == told.consent_id), None)
    if known is not None and known.withdrawn:
        return consents
    return (*(one for one in consents if one.consent_id != told.consent_id), told)


def of_item(item: Item, everybody: tuple[str, ...]) -> RestsOn | None:
    """Return on whose consent an item rests that its contributor may give with consent alone; else None.

    An item that names nobody is about `everybody`, the persons of the case.
    """
    return RestsOn(persons=item.persons or everybody) if item.needs_consent else None


def holds(rests_on: RestsOn | None, need: Need, consents: Consents) -> bool:
    """Tell whether secrecy is lifted for this need: by the consent of every person concerned (R20, R76).

    Where a contributor gave its own word that these consented, it holds until one is known to have withdrawn.
    """
    if rests_on is None:
        return True
    given = [one for one in consents if Need(one.contributor, one.purpose, one.recipient) == need]
    if rests_on.consents:
        given = [one for one in given if one.consent_id in rests_on.consents]
    in_force = {one.person_id for one in given if not one.withdrawn}
    missing = [person for person in rests_on.persons if person not in in_force]
    if rests_on.own_word:
        return not {one.person_id for one in given}.intersection(missing)
    return bool(rests_on.persons) and not missing


def kept_again(item: ContributedItem, everybody: tuple[str, ...], consents: Consents) -> Denied | None:
    """Deny others an item that was given in triage and that only consent lets them see, without it (R20)."""
    need = Need(item.contributor, ConsentPurpose.QUERY)
    return None if holds(of_item(item, everybody), need, consents) else NO_CONSENT
