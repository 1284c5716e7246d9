"""State the rules of an item once, for every service that takes items in, shares them or shows them.

A service passes its own refusal, which names the rule and the article of its phase, and calls the rules in
the order of its phase. Each `must_` function returns that refusal, or None where the items are in order.
"""

from collections.abc import Collection, Sequence

from shared.contract.content import is_blank
from shared.contract.fields import ContributedItem, Item
from shared.contract.messages.rto import DrawnFrom
from shared.contract.parties import Parties, PartyRecord
from shared.contract.refusal import Refusal
from shared.core.viewing import Denied

KEPT_SECRET = Denied("R23", "B3-F1 secrecy")
WITHHELD = Denied("R62", "B3-F2")
NOT_COMPETENT = Denied("R49", "B3-F3; B3-F2")
NOT_CHECKED = Denied("R21", "B3-F1")

# --- what is brought in ----------------------------------------------------------------------------


def must_name_basis(items: Sequence[Item], refusal: Refusal) -> Refusal | None:
    """Refuse items without the legal basis of who gives them (R4, R57)."""
    return None if all(item.basis for item in items) else refusal


def must_name_body(items: Sequence[Item], giver: PartyRecord, refusal: Refusal) -> Refusal | None:
    """Refuse items given by a body that was not recorded at the giver's accession (R3, R57)."""
    return None if all(item.acting_body in giver.acting_bodies for item in items) else refusal


def must_be_necessary(items: Sequence[Item], refusal: Refusal) -> Refusal | None:
    """Refuse items that do not say why they are necessary (R8, R42)."""
    return refusal if any(is_blank(item.necessity) for item in items) else None


def must_be_about(items: Sequence[Item], persons: Collection[str], refusal: Refusal) -> Refusal | None:
    """Refuse items about a person who does not stand in the case; `persons` are its person ids (R16, R30)."""
    known = frozenset(persons)
    return None if all(known.issuperset(item.persons) for item in items) else refusal


def must_be_checked(items: Sequence[Item], giver: PartyRecord, refusal: Refusal) -> Refusal | None:
    """Refuse special-category and criminal data of a party that was not checked for them (R21)."""
    special = not giver.may_see_special and any(item.category.needs_test for item in items)
    return refusal if special else None


def must_differ(items: Sequence[Item], refusal: Refusal) -> Refusal | None:
    """Refuse items that share a number among themselves (R35)."""
    return None if len({item.item_id for item in items}) == len(items) else refusal


def must_reserve_against_parties(items: Sequence[Item], parties: Parties, refusal: Refusal) -> Refusal | None:
    """Refuse a reservation against a name that no party has, or had: it protects from nobody (R62)."""
    named = {party for item in items for party in item.withheld_from}
    return None if all(parties.get(party) is not None for party in named) else refusal


# --- what is shared and shown ----------------------------------------------------------------------


def is_competent(party: str, parties: Parties, *, passed_test: bool = False) -> bool:
    """Tell whether a party may see special-category and criminal data (R49).

    It may by its kind or its check at governance (R21), or because it passed the processing test.
    """
    record = parties.get(party)
    return passed_test or (record is not None and record.may_see_special)


def unchecked(
    thing: object, leading_party: str, parties: Parties, *, passed_test: bool = False
) -> Denied | None:
    """Deny who leads special-category and criminal data of others that it may not process now (R21).

    And with it the people of the house, who read in its name; its own it holds already.
    """
    if not isinstance(thing, ContributedItem | DrawnFrom) or thing.contributor == leading_party:
        return None
    competent = is_competent(leading_party, parties, passed_test=passed_test)
    return NOT_CHECKED if thing.category.needs_test and not competent else None


def kept_secret(thing: object) -> Denied | None:
    """Deny the people of the house an item, and content of it, that its contributor keeps secret (R23)."""
    is_kept = isinstance(thing, ContributedItem | DrawnFrom) and thing.hidden_from_director
    return KEPT_SECRET if is_kept else None


def withheld(item: ContributedItem, party: str) -> Denied | None:
    """Deny an item to exactly the parties that its contributor's reservation names (R62)."""
    return WITHHELD if party in item.withheld_from else None


def shown_to(item: ContributedItem, party: str | None) -> ContributedItem:
    """Return the item as a party gets it: from whom it is withheld its contributor alone reads (R62).

    None stands for the people of the house, who must keep to the reservations.
    """
    if party in (None, item.contributor):
        return item
    return item.model_copy(update={"withheld_from": (), "hidden_from_director": False})


def untested(item: ContributedItem, *, competent: bool) -> Denied | None:
    """Deny special-category and criminal data to who is not competent for them (R49)."""
    return NOT_COMPETENT if item.category.needs_test and not competent else None
