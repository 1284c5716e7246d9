"""Cases as the version before this one stored them, one in every phase, to go on with through the cores.

The file holds, per case and service, the state as its row has it and the deadlines that ran; memberships of
governance; and what the round table had announced of a de-escalation that nobody had read yet. It was written
with that version's own cores.
"""

import itertools
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from shared.contract.content import SEALED_ALLOWED, SealedText, TextRef
from shared.contract.parties import Authorisation, Parties, PartyKind, PartyRecord, Scope
from shared.contract.registry import Model, by_type
from shared.core.actor import Actor, Role
from shared.core.context import DecisionContext
from shared.core.viewing import Viewer
from tests.support.largest import SERVICES, Core, by_service, number
from tests.support.spec import NOW

STORED: dict[str, Any] = json.loads((Path(__file__).parent / "samples/stored_before.json").read_text())
CASES: dict[str, dict[str, Any]] = STORED["cases"]

VENLO, POLICE, CARE, HOUSING = "gemeente-venlo", "politie-limburg", "vincent-van-gogh", "woonwenz"
AT_THE_TABLE = (VENLO, POLICE, CARE, HOUSING)
BODIES = {VENLO: "college", POLICE: "eenheidsleiding"}
DIRECTOR = "director-a"
MAN, MOTHER = number(1), number(2)
# What the police gave: two with a release for the table (the second withheld from the corporation), one
# special, one never released, one refused, one released and taken back; and what the corporation gave.
REPORT, FREE, WITHHELD, SPECIAL, SILENT, REFUSED, BACK, RENT = (number(n) for n in range(11, 19))
OF_THE_POLICE = (FREE, WITHHELD, SPECIAL, SILENT, REFUSED, BACK)
TO_POLICE, TO_CARE, TO_HOUSING = (number(n) for n in (50, 51, 52))
RTO, TREAT, ARRANGE = (number(n) for n in (60, 71, 72))


class _Texts(dict[TextRef, SealedText]):
    """Stand for the sealed texts of a case, which no core opens."""

    def __missing__(self, reference: TextRef) -> SealedText:
        return SealedText(reference.piece, reference.by, b"sealed")


def load(service: str, stored: dict[str, Any]) -> Any:
    """Read a state as the service's store reads its row."""
    adapter = TypeAdapter[Any](SERVICES[service].process.state)
    return adapter.validate_json(json.dumps(stored), context=SEALED_ALLOWED)


def unread() -> list[Model]:
    """Return what the round table had announced and nobody had read, as this version reads it."""
    found = []
    for event in STORED["unread"]:
        entry = by_type(event["type"])
        assert entry is not None
        found.append(entry.model.model_validate_json(json.dumps(event["body"]), context=SEALED_ALLOWED))
    return found


def parties(**changes: Any) -> Parties:
    """Everybody; `changes` by party with underscores, as `parties(woonwenz={...})`."""
    by_name = {name.replace("_", "-"): change for name, change in changes.items()}
    everybody = (*AT_THE_TABLE, "reclassering-nederland", "met-ggz")
    return Parties({party: _record(party, **by_name.get(party, {})) for party in everybody})


def _record(party: str, **changes: Any) -> PartyRecord:
    body = BODIES.get(party, "bestuur")
    granted = Authorisation(
        authorisation_id=number(900),
        acting_body=body,
        scopes=tuple(Scope),
        valid_from=NOW - timedelta(days=9),
        accepted_at=NOW - timedelta(days=9),
    )
    kinds = {VENLO: PartyKind.MUNICIPALITY, POLICE: PartyKind.NATIONAL_CHAIN_PARTNER}
    given: dict[str, Any] = {
        "party": party,
        "name": party,
        "kind": kinds.get(party, PartyKind.OTHER),
        "acting_bodies": (body,),
        "may_use_bsn": party == VENLO,
        "checked_for_special": party == CARE,
        "member_from": NOW - timedelta(days=100),
        "authorisations": (granted,),
    }
    return PartyRecord(**(given | changes))


def by_director(leading: str = VENLO) -> Actor:
    return Actor(Role.PROCESS_DIRECTOR, person=DIRECTOR, on_behalf_of=leading)


def director(leading: str = VENLO) -> Viewer:
    return Viewer(Role.PROCESS_DIRECTOR, DIRECTOR, on_behalf_of=leading)


def worker(party: str) -> Viewer:
    return Viewer(Role.PARTY_WORKER, f"worker-{party}", party)


class Stored:
    """Hold one case of the version before in the five cores of this one."""

    def __init__(self, case: str) -> None:
        stored = {name: load(name, found["state"]) for name, found in CASES[case].items()}
        self.cores = {
            name: Core(service, parties(), stored.get(name), texts=_Texts(), _numbers=itertools.count(50_000))
            for name, service in SERVICES.items()
        }

    def __getitem__(self, name: str) -> Core:
        return self.cores[name]

    def pass_on(self, sender: str, *receivers: str) -> None:
        """Let services hear what another one has published and they do not know yet."""
        for receiver in receivers:
            for event in self[sender].new_events(receiver):
                self.hears(receiver, sender, event)

    def hears(self, receiver: str, sender: str, event: Model) -> None:
        if type(event) in SERVICES[receiver].handlers:
            self[receiver].hears(event, by_service(sender))

    def phases(self) -> dict[str, str]:
        return {name: str(core.state.phase) for name, core in self.cores.items() if core.state}

    def context(self, service: str) -> DecisionContext:
        return DecisionContext(self[service].now, self[service].parties)
