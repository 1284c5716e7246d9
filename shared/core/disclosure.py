"""Say of a letter to a party what it discloses: who gave it, on which basis, by which body (R24, R129).

The shell writes it in the access log in the transaction in which the letter is written, so nothing leaves
that the log does not name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.contract.fields import ContributedItem
from shared.contract.messages.rto import ItemsProvided
from shared.contract.registry import Model
from shared.core.mandate import Mandate


@dataclass(frozen=True, slots=True)
class Disclosed:
    """Name one thing that a letter discloses: `label` is a word and an id, `rule` allows it.

    `given_by` is the party whose information it is, never the house (R24); `basis` and `body` are that
    party's, None where it stated none.
    """

    label: str
    given_by: str
    rule: str
    basis: str | None = None
    body: str | None = None


def of_items(items: Iterable[ContributedItem], rule: str) -> tuple[Disclosed, ...]:
    """Name these items, each given by its contributor on the basis that it stated with it (R57, R68)."""
    return tuple(
        Disclosed(f"item/{item.item_id}", item.contributor, rule, item.basis, item.acting_body)
        for item in items
    )


def of_leader(label: str, mandate: Mandate | None, rule: str) -> tuple[Disclosed, ...]:
    """Name what is said in the name of who leads, on the basis recorded for that party (R4, R26)."""
    if mandate is None:
        return ()
    return (Disclosed(label, mandate.party, rule, mandate.basis or None, mandate.acting_body),)


def disclosed_in(message: Model, besides: Sequence[Disclosed]) -> tuple[Disclosed, ...]:
    """Return what a letter discloses: the items in it, and what its core says besides."""
    items = message.items if isinstance(message, ItemsProvided) else ()
    return (*besides, *of_items(items, "R73"))
