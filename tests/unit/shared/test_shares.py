"""What is taken from one party in a batch and in a second, and how much room the alarms leave."""

import re

from deploy.provisioning.quotas import DEFAULT
from deploy.provisioning.topics import party_topics
from shared.contract.limits import MAX_RECORD, MAX_SEALED_LETTER
from shared.contract.topics import Topics
from shared.messaging.shares import AT_ONCE, BURST, UNREADABLE_COSTS, Shares
from tests.support.alarms import RULES
from tests.unit.shared.test_rate import Clock

PREFIX = Topics().from_prefix("intake")
ONE, OTHER = (Topics().from_party("intake", party) for party in ("politie", "ggd"))
EVENTS = Topics().events("triage")
MINUTE = 60


def shares(per_second: int, clock: Clock) -> Shares:
    return Shares(PREFIX, per_second, clock)


def test_of_one_party_so_many_are_taken_at_once_however_many_there_are() -> None:
    assert shares(1000, Clock()).room(ONE) == AT_ONCE


def test_who_has_spent_its_share_rests_and_another_does_not() -> None:
    clock = Clock()
    made = shares(20, clock)
    made.take(ONE, 20 * BURST)
    assert (made.room(ONE), made.room(OTHER)) == (0, 20 * BURST)
    clock.at += 0.05
    assert made.room(ONE) == 0, "it is not worth while yet"
    clock.at += 0.06
    assert made.room(ONE) == 2


def test_what_cannot_be_read_costs_more() -> None:
    made = shares(20, Clock())
    made.take(ONE, 5)
    for _ in range(5):
        made.unreadable(ONE)
    assert abs(made.room(ONE) - (20 * BURST - 5 * UNREADABLE_COSTS)) <= 1


def test_what_the_house_says_itself_is_never_held_up() -> None:
    made = shares(1, Clock())
    for topic in (EVENTS, Topics().parties, Topics().from_party("triage", "politie")):
        made.take(topic, 1_000_000)
        made.unreadable(topic)
        assert made.room(topic) == AT_ONCE


def test_a_slow_share_still_lets_one_through() -> None:
    clock = Clock()
    made = shares(1, clock)
    made.take(ONE, BURST)
    assert made.room(ONE) == 0
    clock.at += 1
    assert made.room(ONE) == 1


# --- before the broker deletes anything that is unread -----------------------------------------


def threshold(alarm: str) -> tuple[int, int]:
    """Return its bound, and how many seconds that must last."""
    rule = next(rule for rule in RULES if rule["alert"] == alarm)
    found = re.search(r"> (\d+)", rule["expr"])
    assert found
    lasts = re.fullmatch(r"(\d+)m", rule["for"])
    assert lasts
    return int(found[1]), int(lasts[1]) * MINUTE


def bytes_of(topic: str) -> int:
    config = next(one.config for one in party_topics("zvh", "politie") if one.name == topic)
    assert int(config["segment.bytes"]) <= int(config["retention.bytes"]) // 10
    return int(config["retention.bytes"])


def test_the_alarm_of_what_a_party_sent_comes_half_an_hour_before_the_broker_deletes_it() -> None:
    records, lasts = threshold("Lagging")
    at_the_alarm = records * MAX_RECORD + lasts * DEFAULT.written
    assert at_the_alarm + 30 * MINUTE * DEFAULT.written <= bytes_of(Topics().from_party("intake", "politie"))


def test_the_alarm_of_an_inbox_comes_before_it_holds_half_of_what_it_may() -> None:
    letters, _ = threshold("InboxFills")
    assert letters * MAX_SEALED_LETTER <= bytes_of(Topics().to_party("politie")) // 2
