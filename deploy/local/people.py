"""Name the people of a demonstration: plainly invented, one or two for every role. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

SECOND_WORKER = ("gemeente-venlo", "politie-limburg", "openbaar-ministerie-limburg")


@dataclass(frozen=True)
class Person:
    """Describe somebody who can sign in; `party` only for those who work for one."""

    username: str
    name: str
    roles: tuple[str, ...]
    party: str | None = None


HOUSE_PEOPLE = (
    Person("process-director-a", "Procesregisseur A", ("process-director",)),
    Person("process-director-b", "Procesregisseur B", ("process-director",)),
    Person("support-worker-a", "Procesondersteuner A", ("support-worker",)),
    Person("manager-a", "Manager A", ("manager",)),
    Person("secretary-a", "Secretaris A", ("secretary",)),
    Person("privacy-officer-a", "Privacyfunctionaris A", ("privacy-officer",)),
)


def demonstration_people(parties: Iterable[tuple[str, str]]) -> list[Person]:
    """Return the house's own people, and a worker or two for each (id, name) of a party."""
    workers = []
    for party, name in parties:
        role = ("party-worker",)
        workers.append(Person(f"worker-{party}", f"Medewerker A, {name}", role, party))
        if party in SECOND_WORKER:
            workers.append(Person(f"worker-{party}-2", f"Medewerker B, {name}", role, party))
    return [*HOUSE_PEOPLE, *workers]
