"""Compare what the product shows with what the covenant says, for one person in one place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.core.viewing import Viewer
from tests.unit.opinion import cast
from tests.unit.opinion.histories import Play
from tests.unit.opinion.house import House
from tests.unit.opinion.looks import LOOKS, shown
from tests.unit.opinion.rules import seen
from tests.unit.opinion.story import Stage

EVERYBODY = cast.viewers()
MOST_STEPS = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """What one of the two shows and the other does not; None where there is no case for this person."""

    place: str
    viewer: Viewer
    product: frozenset[str] | None
    model: frozenset[str] | None

    def __str__(self) -> str:
        more = sorted((self.product or frozenset()) - (self.model or frozenset()))
        less = sorted((self.model or frozenset()) - (self.product or frozenset()))
        told = {True: "no case", False: "the case"}
        return (
            f"{self.place}: {self.viewer}\n"
            f"  the product shows {told[self.product is None]}, the covenant {told[self.model is None]}\n"
            f"  shown and not allowed: {more}\n  allowed and not shown: {less}"
        )


def is_known(house: House, found: Difference) -> bool:
    """Tell whether it is the one that is known: intake shows a closing referral to who led before (R102)."""
    story, viewer = house.story, found.viewer
    led_before = viewer.party == story.referrer != story.leader
    return found.place == "intake" and story.stage is Stage.CLOSING and led_before and found.model is None


def difference(house: House, place: str, viewer: Viewer) -> Difference | None:
    """Return how the two differ for this person in this place, if they do."""
    product, opinion = shown(house, place, viewer), seen(house.story, place, viewer, house.now)
    model = None if opinion is None else frozenset(opinion)
    return None if product == model else Difference(place, viewer, product, model)


def differences(house: House, viewers: Iterable[Viewer], *, known: bool = False) -> Iterator[Difference]:
    """Yield how the two differ, or what of that is `known`.

    A service that may have missed something shows nothing, and is not asked.
    """
    for place in LOOKS:
        if house.is_current(place):
            for viewer in viewers:
                if (found := difference(house, place, viewer)) and is_known(house, found) is known:
                    yield found


def played(seed: int, *, everybody: bool, known: bool = False) -> str | None:
    """Play one history and compare after each step; return what differs first, with what was done before.

    `everybody` looks after each step, or else one person who is drawn. `known`: find what is known instead.
    """
    play, trail = Play(seed), list[str]()
    for step in play.steps(MOST_STEPS):
        trail.append(step)
        viewers = EVERYBODY if everybody else (play.dice.choice(EVERYBODY),)
        for found in differences(play.house, viewers, known=known):
            return f"seed {seed}, after step {len(trail)} ({', '.join(trail[-8:])}):\n{found}"
    return None
