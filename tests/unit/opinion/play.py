"""Hold one history as it is played: the joined cores, dice, and what a case is made of."""

from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

from services.rto import commands as r
from services.triage import commands as t
from services.triage.record import Picture
from shared.contract.content import TextRef
from shared.contract.fields import Category, Item, Person, PersonRole
from shared.contract.messages import triage as tm
from shared.contract.messages.intake import Criteria
from shared.core.actor import Actor, Command, Role
from tests.unit.opinion import cast
from tests.unit.opinion.cast import LEADERS, PARTIES, PERSONS, bodies, number, workers
from tests.unit.opinion.errors import tells
from tests.unit.opinion.house import House

A_DAY = timedelta(days=1)


def text(name: str) -> TextRef:
    return TextRef(name, "rto")


X = text("x")


# What recurs in many histories is made once: pydantic takes its time.


@cache
def entry(item: str, party: str) -> tm.ViewingEntry:
    return tm.ViewingEntry.model_construct(item_id=item, participant=party, reason=X)


def _at_the_table(party: str, *, tested: bool, at_home: bool) -> dict[str, Any]:
    return {
        "party": party,
        "role": tm.ParticipantRole.EXECUTOR,
        "contribution": X,
        "passed_processing_test": tested,
        "address_reason": X if at_home else None,
    }


@cache
def participant(party: str, *, tested: bool, at_home: bool) -> tm.Participant:
    return tm.Participant.model_construct(**_at_the_table(party, tested=tested, at_home=at_home))


@cache
def invitee(party: str, *, tested: bool, at_home: bool) -> t.Invitee:
    return t.Invitee.model_construct(**_at_the_table(party, tested=tested, at_home=at_home))


@cache
def part(party: str) -> r.Part:
    return r.Part.model_construct(party=party, role=X, information_need=X)


@cache
def person(number_: str, *, numbered: bool) -> Person:
    return Person.model_construct(
        person_id=number_,
        role=PersonRole.SUBJECT,
        name=X,
        date_of_birth=X,
        address=X,
        bsn=X if numbered else None,
    )


CRITERIA = Criteria(
    multi_problem=True, several_chains=True, impact_on_system=True, serious_local_safety=False
)
PICTURE = Picture.model_construct(
    parties=(cast.POLICE,), plan_contribution=X, execution_contribution=X, information=X
)
PREPARED = r.Preparation.model_construct(
    goal=X,
    decision_types=("c",),
    themes=("c",),
    citizen=tm.CitizenInvolvement.INVITED,
    care_agreements=X,
    consulted_leading_party=True,
)


class Play:
    """One history: a house, dice, and numbers that are given out one by one."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)  # noqa: S311 - a history, not a secret
        self.house: House = cast.founded()
        self.given_out = 0
        self.wrong: list[str] = []  # what was told or sent against the covenant
        self.referrer = self.dice.choice((cast.VENLO, cast.VENLO, cast.HOUSING, cast.POLICE, cast.CARE))
        self.lags = self.likely(0.5)

    # --- the dice ----------------------------------------------------------------------------------

    def likely(self, chance: float) -> bool:
        return self.dice.random() < chance

    def some(self, of: Any, most: int = 3) -> list[Any]:
        everything = list(of)
        return self.dice.sample(everything, min(len(everything), self.dice.randint(0, most)))

    def one(self, of: Any) -> Any:
        return self.dice.choice(list(of))

    def new(self, kind: int) -> str:
        self.given_out += 1
        return number(kind, self.given_out)

    # --- asking ------------------------------------------------------------------------------------

    @property
    def story(self) -> Any:
        return self.house.story

    def state(self, name: str) -> Any:
        return self.house.places[name].state

    def ask(self, name: str, command: Command) -> None:
        """Ask, and note where a stranger learns something of the case from the answer."""
        said = self.house.ask(name, command)
        if told := tells(self.house, name, command, said):
            self.wrong.append(told)

    def director(self) -> Actor:
        """The director of the case for who leads; now and then another one, or for another party."""
        person = self.story.director or cast.DIRECTORS[0]
        behalf = self.story.leader or self.referrer
        if self.likely(0.04):
            person = self.one(cast.DIRECTORS)
        if self.likely(0.04):
            behalf = self.one((*LEADERS, None))
        return Actor(Role.PROCESS_DIRECTOR, person=person, on_behalf_of=behalf)

    def manager(self) -> Actor:
        return Actor(Role.MANAGER, person=self.one(cast.MANAGERS))

    def party(self, party: str) -> Actor:
        if self.likely(0.5):
            return Actor(Role.PARTY, party=party)
        return Actor(Role.PARTY_WORKER, party=party, person=self.one(workers(party)))

    # --- what a case is made of --------------------------------------------------------------------

    def item(self, party: str) -> Item:
        special = self.likely(0.3) and (party in (cast.POLICE, cast.PROBATION, cast.CARE) or self.likely(0.1))
        return Item.model_construct(
            item_id=self.new(3),
            category=Category.SPECIAL if special else Category.ORDINARY,
            persons=(PERSONS[0],),
            acting_body=bodies(party)[0],
            basis="AVG art. 6",
            valid_on=date(2026, 2, 1),
            necessity=X,
            content=X,
            shareable_at_rto=self.likely(0.6),
            withheld_from=tuple(self.some(PARTIES, 2)) if self.likely(0.3) else (),
            use_conditions=None,
            hidden_from_director=self.likely(0.15),
            shareable_in_query=self.likely(0.5),
        )

    def items(self, party: str) -> tuple[Item, ...]:
        return tuple(self.item(party) for _ in range(self.dice.randint(0, 2)))

    def entries(self, items: Any, parties: Any, chance: float) -> tuple[tm.ViewingEntry, ...]:
        return tuple(entry(item, party) for item in items for party in parties if self.likely(chance))
