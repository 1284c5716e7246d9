"""Name what exists in the house, so that what is generated meets it, and texts that are odd though valid."""

import random
import re
from dataclasses import dataclass, field
from typing import Any

from shared.contract.fields import ID, PARTY_ID
from shared.contract.messages.triage import QueryIssued
from tests.story import cast
from tests.system.faults.load import ASKED, Case, Scene, act, answer, ask, referred, taken_up

EXPENDABLE = (cast.STRANGER, cast.OTHER_MENTAL_HEALTH)  # parties whose membership may end on the way
BODIES = ("college", "eenheidsleiding", "bestuur")
KNOWN = 0.8  # of the names are of what exists
ODDS = (0.0, 0.0, 0.1)  # of what may be odd in a value, one of these is
NAMES_A_PARTY = re.compile(r"part|recipient|withheld|on-behalf|holder|from")
ODD = (
    "\0",
    "een\0twee",
    "\t\r\n\x01\x7f",
    "\x85\u2028\ufeff",
    "\ud800",
    "\U0010ffff" * 50,
    "e\u0301" * 100,
    "\u202etxet",
    " " * 200,
    "9" * 400,
    "-1e400",
    "9999-12-31T23:59:59.999999999+14:00",
    "0001-01-01T00:00:00Z",
    "' OR 1=1 --",
    "x" * 29_000,
)
ODD_NUMBERS = (-1, 0, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, -0.0)


@dataclass
class Known:
    """Hold ids by the kind of thing they name; `dice` decides, from a seed, what goes where."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    parties: tuple[str, ...] = cast.CONNECTED

    def add(self, kind: str, *ids: str) -> None:
        self.ids.setdefault(kind, []).extend(ids)

    def one(self, kind: str, dice: random.Random) -> str:
        """Return a known id of this kind, or of any."""
        every = [one for some in self.ids.values() for one in some]
        return dice.choice(self.ids.get(kind) or every)

    def filled(self, value: Any, dice: random.Random, odds: float, name: str = "") -> Any:
        """Return generated JSON with some of its ids known ones; of its texts and numbers `odds` are odd."""
        match value:
            case dict():
                return {key: self.filled(inner, dice, odds, str(key)) for key, inner in value.items()}
            case list():
                return [self.filled(inner, dice, odds, name) for inner in value]
            case str():
                return self._text(value, dice, odds, name)
            case int() | float() if not isinstance(value, bool) and dice.random() < odds:
                return dice.choice(ODD_NUMBERS)
        return value

    def _text(self, value: str, dice: random.Random, odds: float, name: str) -> str:
        if ID.fullmatch(value):
            return self.one(name, dice) if dice.random() < KNOWN else value
        if PARTY_ID.fullmatch(value) and NAMES_A_PARTY.search(name):
            return dice.choice(self.parties) if dice.random() < KNOWN else value
        if name == "acting_body":
            return dice.choice(BODIES) if dice.random() < KNOWN else value
        return dice.choice(ODD) if dice.random() < odds else value


async def prepared(scene: Scene) -> Known:
    """Bring cases into the phases that a few acts reach, and note what can be named in them."""
    known = Known()
    for case in [await referred(scene), await taken_up(scene), await at_the_table(scene)]:
        known.add("case_id", case.id)
        known.add("referral_id", case.referral)
        known.add("person_id", case.person)
        known.add("item_id", *case.items)
        for party in ASKED:
            known.add("query_id", *(m.query_id for m in scene.partner(party).of(QueryIssued, case.id)))
    await scene.rig.drained()
    return known


async def at_the_table(scene: Scene) -> Case:
    """Play a case until its round table is prepared, with two answered queries."""
    case = await taken_up(scene)
    for party in ASKED:
        await ask(scene, case, party)
        await answer(scene, case, party)
    director = scene.director(case.referrer)
    concluded = {"outcome": "rto-needed", "picture": cast.picture(*ASKED)}
    await act(director, "triage", f"/cases/{case.id}/conclusion", concluded)
    await act(director, "triage", f"/cases/{case.id}/preparation", _preparation(case))
    return case


def _preparation(case: Case) -> dict[str, Any]:
    at_table = {case.referrer: "executor", cast.POLICE: "informant"}
    return {
        "goal": "Een gezamenlijk plan.",
        "decision_types": ["plan-of-action"],
        "themes": ["care"],
        "participants": [
            {"party": party, "role": role, "contribution": "Toelichting."} for party, role in at_table.items()
        ],
        "viewing_plan": [
            {"item_id": item, "participant": cast.POLICE, "reason": "Nodig voor de rol."}
            for item, party in case.items.items()
            if party == cast.MENTAL_HEALTH
        ],
        "citizen": "informed-afterwards",
        "care_agreements": "Geen.",
        "care_subjects": ["purpose-and-use", "keeping-and-destroying", "taking-along-with-consent-only"],
        "consulted_leading_party": True,
    }
