"""Judge an item by what its contributor decided last: rto keeps the register, and the others follow it.

Whoever may show, send or keep an item asks here first (R65, R66, A12).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from shared.contract.content import sealed_text_ids
from shared.contract.fields import ContributedItem, ItemStatus, Revision
from shared.contract.messages.rto import DrawnFrom
from shared.core.viewing import Denied

TAKEN_BACK = Denied("R66", "B3-gen 2")
NOT_REVISED = Revision()
NO_TEXTS: dict[str, None] = dict.fromkeys(("content", "necessity", "use_conditions"))


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold what the contributor decided last on one item; of two, the higher `number` is the later.

    `withheld_from` adds to the reservations with which the item was given, `shown_again_to` takes some off.
    `version` counts how often its texts were changed. `is_gone`: it was withdrawn from the case for good.
    """

    item_id: str
    contributor: str
    number: int
    status: ItemStatus
    withheld_from: tuple[str, ...] = ()
    version: int = 1
    is_gone: bool = False
    shown_again_to: tuple[str, ...] = ()
    revision: Revision = NOT_REVISED

    @property
    def brings_texts(self) -> bool:
        """Tell whether texts come with it; one that was taken away is blank and sealed nowhere."""
        return any(getattr(self.revision, name) is not None for name in NO_TEXTS)

    def without_texts(self) -> "Standing":
        """Return the standing as it is kept where its texts stand in the item, or are not needed."""
        bare = self.revision.model_copy(update=NO_TEXTS)
        return self if bare == self.revision else replace(self, revision=bare)


Standings: TypeAlias = tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class StandingFollowed:
    """Record what a contributor decided on its item (R66); `dropped`: the sealed texts that go with it."""

    standing: Standing
    dropped: tuple[str, ...] = ()


def standing_of(item_id: str, standings: Standings) -> Standing | None:
    """Return the latest decision on an item; None where it stands as it was given."""
    return next((one for one in standings if one.item_id == item_id), None)


def followed(standings: Standings, told: Standing) -> Standings:
    """Return the standings with this one, unless a later one is known."""
    if not is_news(told, standings):
        return standings
    return (*(one for one in standings if one.item_id != told.item_id), told)


def is_news(told: Standing, standings: Standings) -> bool:
    """Tell whether no later decision on the item is known."""
    known = standing_of(told.item_id, standings)
    return known is None or known.number < told.number


def follow(told: Standing, items: Iterable[ContributedItem], standings: Standings) -> StandingFollowed:
    """Follow a standing where these items lie: its texts are taken in only in the place of an item's own.

    The earlier texts go at once, and of an item that was withdrawn for good all of them (R66, A22).
    """
    item = next((one for one in items if one.item_id == told.item_id), None)
    if item is None or not is_news(told, standings):
        return StandingFollowed(told.without_texts())
    return StandingFollowed(told, replaced_texts(item, told))


def replaced_texts(item: ContributedItem, told: Standing) -> tuple[str, ...]:
    """Return the sealed texts of an item that stand in it no more by this standing."""
    after = set() if told.is_gone else set(sealed_text_ids(as_decided(item, (told,))))
    return tuple(piece for piece in sealed_text_ids(item) if piece not in after)


def items_by(told: Standing, items: tuple[ContributedItem, ...]) -> tuple[ContributedItem, ...]:
    """Return the items under this standing, without one that was withdrawn for good."""
    if told.is_gone:
        return tuple(item for item in items if item.item_id != told.item_id)
    return tuple(as_decided(item, (told,)) if item.item_id == told.item_id else item for item in items)


def is_taken_back(item_id: str, standings: Standings) -> bool:
    """Tell whether the contributor has withdrawn the item from every use (A12)."""
    known = standing_of(item_id, standings)
    return known is not None and known.status is ItemStatus.WITHDRAWN


def is_gone(item_id: str, standings: Standings) -> bool:
    """Tell whether the contributor has withdrawn the item from the case for good (R66)."""
    known = standing_of(item_id, standings)
    return known is not None and known.is_gone


def is_off_the_table(item_id: str, standings: Standings) -> bool:
    """Tell whether its contributor has since said that the item is not for the round table (R32, R65)."""
    known = standing_of(item_id, standings)
    return known is not None and known.revision.shareable_at_rto is False


def is_kept_from(party: str, item_id: str, standings: Standings) -> bool:
    """Tell whether the contributor has since taken the item back or withheld it from a party (R62, A12)."""
    known = standing_of(item_id, standings)
    return known is not None and (known.status is ItemStatus.WITHDRAWN or party in known.withheld_from)


def is_outdated(item: ContributedItem, standings: Standings) -> bool:
    """Tell whether this is an earlier version of an item, which nobody is shown again (A22)."""
    known = standing_of(item.item_id, standings)
    return known is not None and item.version < known.version


def taken_back(item: ContributedItem, standings: Standings) -> Denied | None:
    """Deny all but its contributor an item that it took back, and an earlier version (R66, A12, A22)."""
    back = is_taken_back(item.item_id, standings) or is_outdated(item, standings)
    return TAKEN_BACK if back else None


def as_decided(item: ContributedItem, standings: Standings) -> ContributedItem:
    """Return the item as its contributor decided last: its reservations, terms and texts (R62, R66, R67)."""
    known = standing_of(item.item_id, standings)
    if known is None:
        return item
    changes = _withheld(item, known) | _terms(known.revision) | _texts(item, known)
    changes = {name: value for name, value in changes.items() if getattr(item, name) != value}
    return item.model_copy(update=changes) if changes else item


def _withheld(item: ContributedItem, known: Standing) -> dict[str, Any]:
    named = dict.fromkeys((*item.withheld_from, *known.withheld_from))
    return {"withheld_from": tuple(party for party in named if party not in known.shown_again_to)}


def _terms(revision: Revision) -> dict[str, Any]:
    said = {name: getattr(revision, name) for name in Revision.model_fields if name not in NO_TEXTS}
    return {name: value for name, value in said.items() if value is not None}


def _texts(item: ContributedItem, known: Standing) -> dict[str, Any]:
    """Return the texts that this standing brings, with the version that they make of the item."""
    revision = known.revision
    if revision.content is not None:
        texts = {name: getattr(revision, name) for name in NO_TEXTS}
        return {**texts, "version": known.version}
    if revision.use_conditions is not None:
        return {"use_conditions": revision.use_conditions, "version": known.version}
    return {}


def restricted(before: ContributedItem, after: ContributedItem) -> ContributedItem:
    """Return the later one under the stricter terms of both: phase 4 shows no more than phase 3 did (R87)."""
    special = before.category.needs_test and not after.category.needs_test
    return after.model_copy(
        update={
            "withheld_from": tuple(dict.fromkeys((*before.withheld_from, *after.withheld_from))),
            "hidden_from_director": before.hidden_from_director or after.hidden_from_director,
            "category": before.category if special else after.category,
        }
    )


def bound(source: DrawnFrom, standings: Standings, *, stricter: bool = True) -> DrawnFrom:
    """Return to what the agreements stay bound of an item, as its contributor decided last (A19).

    `stricter`: in phase 4, where looser terms show nobody more than phase 3 did (R87).
    """
    known = standing_of(source.item_id, standings)
    if known is None:
        return source
    category, hidden = known.revision.category, known.revision.hidden_from_director
    counts = category is not None and (category.needs_test or not stricter)
    hides = hidden is True or (hidden is False and not stricter)
    return source.model_copy(
        update={
            "withheld_from": tuple(dict.fromkeys((*source.withheld_from, *known.withheld_from))),
            "hidden_from_director": hidden if hides else source.hidden_from_director,
            "category": category if counts else source.category,
        }
    )


def in_use(items: Iterable[ContributedItem], standings: Standings) -> tuple[ContributedItem, ...]:
    """Return the items that were not taken back, each as its contributor decided last."""
    return tuple(as_decided(i, standings) for i in items if not is_taken_back(i.item_id, standings))
