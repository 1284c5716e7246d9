"""Compare what the product shows with what the covenant says, for one person in one place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeAlias

from shared.core.viewing import Viewer
from tests.unit.opinion import cast
from tests.unit.opinion.histories import steps
from tests.unit.opinion.house import House
from tests.unit.opinion.looks import LOOKS, shown
from tests.unit.opinion.lookups import LOOKUPS
from tests.unit.opinion.lookups import register as register_of_product
from tests.unit.opinion.model.lists import LISTS, register
from tests.unit.opinion.model.rules import seen
from tests.unit.opinion.play import Play

Shown: TypeAlias = frozenset[str] | None
EVERYBODY = cast.viewers()
BESIDE = (*LISTS, *cast.PARTIES)  # lists, pages, logs and the register
DRAWN = (*BESIDE, *[place for place in LISTS if not place.endswith(" log")] * 3)
CASES = tuple(LOOKS)
PLACES = (*CASES, *BESIDE)
MOST_STEPS = 50


@dataclass(frozen=True, slots=True)
class Difference:
    """What one of the two shows and the other does not; None where there is no case for this person."""

    place: str
    viewer: Viewer
    product: Shown
    model: Shown

    def __str__(self) -> str:
        more = sorted((self.product or frozenset()) - (self.model or frozenset()))
        less = sorted((self.model or frozenset()) - (self.product or frozenset()))
        told = {True: "no case", False: "the case"}
        return (
            f"{self.place}: {self.viewer}\n"
            f"  the product shows {told[self.product is None]}, the covenant {told[self.model is None]}\n"
            f"  shown and not allowed: {more}\n  allowed and not shown: {less}"
        )


def looked_up(house: House, place: str, viewer: Viewer) -> tuple[Shown, Shown]:
    """Return what product and model say of this person in this place, a list or the case itself."""
    story, now = house.story, house.now
    if place in LOOKS:
        product, opinion = shown(house, place, viewer), seen(story, place, viewer, now)
    elif place in cast.PARTIES:
        product, opinion = register_of_product(place, house, viewer), register(place, story, viewer, now)
    else:
        product, opinion = LOOKUPS[place](house, viewer), LISTS[place](story, viewer, now)
    return product, None if opinion is None else frozenset(opinion)


def difference(house: House, place: str, viewer: Viewer) -> Difference | None:
    """Return how the two differ for this person in this place, if they do."""
    product, model = looked_up(house, place, viewer)
    return None if product == model else Difference(place, viewer, product, model)


def is_open(house: House, place: str) -> bool:
    """Tell whether somebody can look there: a service that may have missed something shows nothing.

    And there is no log of a case that is not there.
    """
    name = place.split()[0]
    if name in cast.PARTIES:
        return True
    return house.is_current(name) and (not place.endswith(" log") or house.knows(name))


def differences(
    house: House, viewers: Iterable[Viewer], places: Iterable[str] = PLACES
) -> Iterator[Difference]:
    """Yield how the two differ in these places."""
    for place in places:
        for viewer in viewers if is_open(house, place) else ():
            if found := difference(house, place, viewer):
                yield found


def _drawn(eyes: Random, play: Play) -> Viewer:
    """Draw who looks: anybody, or as often somebody who works on the case, led it or leads it."""
    story = play.story
    if eyes.random() < 0.5:
        return eyes.choice(EVERYBODY)
    near = _near(frozenset(story.led), story.leader, frozenset({story.director, *story.support}))
    return eyes.choice(near or EVERYBODY)


@cache
def _near(led: frozenset[str], leader: str, on_it: frozenset[str | None]) -> list[Viewer]:
    """Return who works for a party that led, or on the case in the name of who leads."""
    return [
        viewer
        for viewer in EVERYBODY
        if viewer.party in led or (viewer.on_behalf_of == leader and viewer.person in on_it)
    ]


def played(seed: int, *, everybody: bool) -> str | None:
    """Play one history and compare after each step; return what differs first, with what was done before.

    `everybody` looks everywhere, or else one person who is drawn, in three places that are drawn too.
    Whoever looks, the history of a seed is the same.
    """
    play, eyes, trail = Play(seed), Random(seed), list[str]()  # noqa: S311 - not a secret
    looked_after = -1
    for step in steps(play, MOST_STEPS):
        trail.append(step)
        viewers, places = EVERYBODY, PLACES
        if not everybody:
            viewers, places = [_drawn(eyes, play)], (*eyes.sample(CASES, 2), eyes.choice(DRAWN))
        if play.house.changes == looked_after and not play.wrong:
            continue  # nothing is other than it was
        looked_after = play.house.changes
        for found in (*play.wrong, *differences(play.house, viewers, places)):
            return f"seed {seed}, after step {len(trail)} ({', '.join(trail[-8:])}):\n{found}"
    return None
