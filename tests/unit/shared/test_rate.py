"""How often something may happen, on both sides of each bound, and how much memory that takes."""

from shared.rate import AtOnce, Rate
from tests.support.clock import Clock


def test_a_burst_is_let_through_and_what_comes_after_it_waits() -> None:
    clock = Clock()
    rate = Rate(2, 4, now=clock)
    assert [rate.take("a") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    clock.at += 0.5
    assert [rate.take("a") for _ in range(2)] == [0, 0.5]


def test_what_was_refused_costs_nothing() -> None:
    clock = Clock()
    rate = Rate(1, 1, now=clock)
    rate.take("a")
    for _ in range(100):
        assert rate.take("a") == 1
    clock.at += 1
    assert rate.take("a") == 0


def test_one_that_spent_its_share_takes_nothing_from_another() -> None:
    rate = Rate(1, 3, now=Clock())
    rate.spend("a", 50)
    assert (rate.left("a"), rate.left("b"), rate.take("b")) == (-47, 3, 0)


def test_a_rest_gives_back_the_burst_and_not_more() -> None:
    clock = Clock()
    rate = Rate(1, 3, now=clock)
    rate.spend("a", 3)
    clock.at += 3600
    assert rate.left("a") == 3


def test_of_many_keys_those_that_spent_long_ago_are_forgotten() -> None:
    rate = Rate(1, 1, most=100, now=Clock())
    for n in range(10_000):
        rate.spend(str(n))
    assert len(rate._full_at) == 100
    assert (rate.left("0"), rate.left("9999")) == (1, 0)


def test_so_many_at_once_and_when_one_ends_there_is_room_again() -> None:
    at_once = AtOnce(2)
    one = at_once.one
    with one("a") as first, one("a") as second, one("a") as third, one("b") as other:
        assert (first, second, third, other) == (True, True, False, True)
    with at_once.one("a") as again:
        assert again
    assert not at_once._under_way
