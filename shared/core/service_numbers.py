"""State once who may use a citizen service number, which serves to see that parties mean one person (R22).

A number is a thing of its own wherever somebody looks: persons, and queries about them, are shown without.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.contract.content import Content
from shared.contract.fields import Person
from shared.contract.parties import Parties
from shared.core.viewing import Denied

MAY_NOT_USE_IT = Denied("R22", "B3-F1, F2")


@dataclass(frozen=True, slots=True)
class PersonNumber:
    """Hold the number of a person of the case, as it stands there or (with `query_id`) in a query."""

    person_id: str
    bsn: Content
    query_id: str = ""


def may_use(party: str, parties: Parties) -> bool:
    """Tell whether a party may use citizen service numbers, by its record as it is now (R22)."""
    record = parties.get(party)
    return record is not None and record.may_use_bsn


def unusable(thing: object, party: str, parties: Parties) -> Denied | None:
    """Deny a number to a party that may not use it, and to who reads in its name (R22)."""
    return MAY_NOT_USE_IT if isinstance(thing, PersonNumber) and not may_use(party, parties) else None


def without_number(person: Person) -> Person:
    """Return the person as somebody may see it who has no use for the number (R22)."""
    return person if person.bsn is None else person.model_copy(update={"bsn": None})


def without_numbers(persons: Iterable[Person]) -> tuple[Person, ...]:
    """Return the persons without their numbers."""
    return tuple(without_number(person) for person in persons)


def numbers_of(persons: Iterable[Person], query_id: str = "") -> Iterator[tuple[str, PersonNumber]]:
    """Yield the number of each person that has one, by a label of ids and words."""
    where = f"{query_id}/" if query_id else ""
    for person in persons:
        if person.bsn is not None:
            yield f"bsn/{where}{person.person_id}", PersonNumber(person.person_id, person.bsn, query_id)


def with_numbers(persons: Iterable[Person], seen: Iterable[object], query_id: str = "") -> tuple[Person, ...]:
    """Return the persons with those of their numbers that stand among the things that were seen."""
    found = [one for one in seen if isinstance(one, PersonNumber) and one.query_id == query_id]
    numbers = {one.person_id: one.bsn for one in found}
    return tuple(one.model_copy(update={"bsn": numbers.get(one.person_id)}) for one in persons)
