"""Name the parties and people of the histories, with their records as they stand at the beginning."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from services.governance import events as e
from services.governance.accession import AccessionForm
from services.governance.main import PROCESS as GOVERNANCE
from shared.contract.parties import Authorisation, PartyKind, PartyRecord, Scope
from shared.core.actor import Role
from shared.core.viewing import Viewer
from tests.unit.opinion.house import OF_CASES, SERVICES, House, Place
from tests.unit.opinion.model.facts import Fact
from tests.unit.opinion.model.story import Story, tell
from tests.unit.opinion.told import facts_of

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VENLO, POLICE, CARE, HOUSING = "gemeente-venlo", "politie-limburg", "vincent-van-gogh", "woonwenz"
SCHOOL, PROBATION = "school-a", "reclassering-nederland"
PARTIES = (VENLO, POLICE, CARE, HOUSING, SCHOOL, PROBATION)
LEADERS = (VENLO, POLICE, CARE, HOUSING)  # which have authorised the house
BODIES = {VENLO: ("college", "burgemeester")}
BODY = "bestuur"
DIRECTORS, SUPPORTERS = ("director-1", "director-2"), ("support-1", "support-2")
MANAGERS, SECRETARY, PRIVACY = ("manager-1", "manager-2"), "secretary", "privacy"
# What is authorised together, so that it is revoked apart.
MANDATES = ((Scope.SCREENING, Scope.QUERY), (Scope.RTO,), (Scope.MONITORING,), (Scope.PHASE_4,))


def number(kind: int, n: int) -> str:
    """An opaque number; those of one kind differ from those of another."""
    return f"00000000-0000-7000-8000-{kind:04d}{n:08d}"


PERSONS = (number(1, 1), number(1, 2))


def bodies(party: str) -> tuple[str, ...]:
    return BODIES.get(party, (BODY,))


def workers(party: str) -> tuple[str, str]:
    return f"first-{party}", f"second-{party}"


def record(party: str) -> PartyRecord:
    kinds = {VENLO: PartyKind.MUNICIPALITY}
    kinds |= dict.fromkeys((POLICE, PROBATION), PartyKind.NATIONAL_CHAIN_PARTNER)
    return PartyRecord(
        party=party,
        name=party,
        kind=kinds.get(party, PartyKind.OTHER),
        acting_bodies=bodies(party),
        may_use_bsn=party in (VENLO, POLICE, PROBATION),
        checked_for_special=party == CARE,
        member_from=START - timedelta(days=100),
    )


FORM = AccessionForm(
    name="x", office="x", officer_function="x", place="x", organisation_signed_on=date(2026, 1, 1)
)


def _events(party: str) -> list[Any]:
    """What made it a party that has authorised the house, by its first body alone."""
    found: list[Any] = [e.SignatoryRecorded(record(party), FORM, START - timedelta(days=100))]
    for n, scopes in enumerate(MANDATES) if party in LEADERS else ():
        mandate = Authorisation(
            authorisation_id=number(2, n),
            acting_body=bodies(party)[0],
            scopes=scopes,
            valid_from=START - timedelta(days=10),
        )
        found.append(e.AuthorisationGranted(mandate, START - timedelta(days=10)))
        found.append(e.AuthorisationAccepted(number(2, n), DIRECTORS[0], START - timedelta(days=9)))
    return found


@cache
def _members() -> tuple[dict[str, Any], tuple[Fact, ...]]:
    members: dict[str, Any] = {}
    told: list[Fact] = []
    for party in PARTIES:
        state = GOVERNANCE.empty
        for event in _events(party):
            state = GOVERNANCE.evolve(state, event)
            told += facts_of(event, state, ())
        members[party] = state
    return members, tuple(told)


def founded() -> House:
    """A house with its parties, and no case yet."""
    members, told = _members()
    records = {party: state.record for party, state in members.items()}
    places = {name: Place(SERVICES[name], SERVICES[name].process.empty, dict(records)) for name in OF_CASES}
    house = House(START, places, dict(members), Story())
    for fact in told:
        tell(house.story, fact)
    return house


def viewers() -> list[Viewer]:
    """Everybody who could look: also on behalf of who does not lead, and of nobody."""
    of_parties = [Viewer(Role.PARTY_WORKER, who, party) for party in PARTIES for who in workers(party)]
    behalf = (*LEADERS, None)
    directors = [Viewer(Role.PROCESS_DIRECTOR, who, on_behalf_of=p) for who in DIRECTORS for p in behalf]
    support = [Viewer(Role.SUPPORT_WORKER, who, on_behalf_of=p) for who in SUPPORTERS for p in behalf]
    managers = [Viewer(Role.MANAGER, who, on_behalf_of=p) for who in MANAGERS for p in (None, VENLO)]
    others = [
        Viewer(Role.SECRETARY, SECRETARY),
        Viewer(Role.PRIVACY_OFFICER, PRIVACY),
        Viewer(Role.PARTY_WORKER, "of-nobody", None),
        Viewer(Role.PARTY_WORKER, "of-no-party", "no-party"),
    ]
    return [*of_parties, *directors, *support, *managers, *others]
