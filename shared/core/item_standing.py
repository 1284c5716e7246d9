"""Judge an item by what its contributor decided last: rto keeps the register, and the others follow it.

Whoever may show, send or keep an item asks here first (R65, R66, A12).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from shared.contract.fields import ContributedItem, ItemStatus
from shared.core.viewing import Denied

TAKEN_BACK = Denied("R66", "B3-gen 2")


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold what the contributor decided last on one item; of two, the higher `number` is the later.

    `withheld_from` adds to the reservations with which the item was given.
    """

    item_id: str
    contributor: str
    number: int
    status: ItemStatus
    withheld_from: tuple[str, ...] = ()


Standings: TypeAlias = tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class StandingFollowed:
    """Record what a contributor decided on its item (R66)."""

    standing: Standing


def standing_of(item_id: str, standings: Standings) -> Standing | None:
    """Return the latest decision on an item; None where it stands as it was given."""
    return next((one for one in standings if one.item_id == item_id), None)


def followed(standings: Standings, told: Standing) -> Standings:
    """Return the standings with this one, unless a later one is known."""
    known = standing_of(told.item_id, standings)
    if known is not None and known.number >= told.number:
        return standings
    return (*(one for one in standings if one.item_id != told.item_id), told)


def is_taken_back(item_id: str, standings: Standings) -> bool:
    """Tell whether the contributor has withdrawn the item from every use (A12)."""
    known = standing_of(item_id, standings)
    return known is not None and known.status is ItemStatus.WITHDRAWN


def is_kept_from(party: str, item_id: str, standings: Standings) -> bool:
    """Tell whether the contributor has since taken the item back or withheld it from a party (R62, A12)."""
    known = standing_of(item_id, standings)
    return known is not None and (known.status is ItemStatus.WITHDRAWN or party in known.withheld_from)


def taken_back(item: ContributedItem, standings: Standings) -> Denied | None:
    """Deny everybody but its contributor an item that it took back (R66, A12)."""
    return TAKEN_BACK if is_taken_back(item.item_id, standings) else None


def as_decided(item: ContributedItem, standings: Standings) -> ContributedItem:
    """Return the item under all reservations that its contributor has made since it gave it (R62)."""
    known = standing_of(item.item_id, standings)
    more = known.withheld_from if known is not None else ()
    if set(more) <= set(item.withheld_from):
        return item
    return item.model_copy(update={"withheld_from": tuple(dict.fromkeys((*item.withheld_from, *more)))})


def in_use(items: Iterable[ContributedItem], standings: Standings) -> tuple[ContributedItem, ...]:
    """Return the items that were not taken back, each as its contributor decided last."""
    return tuple(as_decided(i, standings) for i in items if not is_taken_back(i.item_id, standings))
