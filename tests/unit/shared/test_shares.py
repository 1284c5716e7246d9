"""What is taken from one party in a batch and in a second, and how much room the alarms leave."""

import re

from deploy.provisioning.quotas import DEFAULT
from deploy.provisioning.topics import party_topics
from shared.contract.limits import MAX_RECORD, MAX_SEALED_LETTER
from shared.contract.topics import Topics
from shared.messaging.shares import AT_ONCE, BURST, FIRST_COST, REST, SLICE, Shares
from tests.support.alarms import RULES
from tests.support.clock import Clock

PREFIX = Topics().from_prefix("intake")
ONE, OTHER = (Topics().from_party("intake", party) for party in ("politie", "ggd"))
EVENTS = Topics().events("triage")
MINUTE = 60
TENTH = 0.1  # of a processor


def spent(clock: Clock, share: float = TENTH) -> Shares:
    """Return shares of which one party has just spent all, by records of a millisecond each."""
    made = Shares(PREFIX, share, clock)
    made.took([ONE] * round(share * BURST * 1000), share * BURST)
    return made


def test_before_anything_is_known_a_batch_is_small_and_not_empty() -> None:
    assert Shares(PREFIX, TENTH, Clock()).room(ONE) == round(TENTH * SLICE / FIRST_COST) > 0


def test_who_has_spent_its_share_rests_and_another_does_not() -> None:
    clock = Clock()
    made = spent(clock)
    assert made.room(ONE) == 0
    assert made.room(OTHER) > 0
    clock.at += REST / 2
    assert made.room(ONE) == 0, "it is not worth while yet"
    clock.at += REST
    assert 9 <= made.room(ONE) <= 10, "what a tenth of 0.1 seconds buys at a millisecond each"


def test_a_batch_holds_fewer_of_dear_records_and_more_of_cheap_ones() -> None:
    clock = Clock()
    made = Shares(PREFIX, TENTH, clock)
    rooms = []
    for cost in (0.01, 0.0001):
        for _ in range(30):
            made.took([ONE], cost)
        clock.at += 3600
        rooms.append(made.room(ONE))
    assert rooms[0] == 1
    assert 70 <= rooms[1] <= 100


def test_what_a_batch_took_is_divided_over_those_whose_records_are_in_it() -> None:
    made = Shares(PREFIX, 1.0, Clock())
    made.took([ONE] * 9 + [OTHER], 1.0)
    assert abs(made._time.left(ONE) - (BURST - 0.9)) < 1e-6
    assert abs(made._time.left(OTHER) - (BURST - 0.1)) < 1e-6


def test_one_record_that_costs_more_than_the_share_is_taken_and_paid_for() -> None:
    clock = Clock()
    made = Shares(PREFIX, TENTH, clock)
    made.took([ONE], 1.0)
    assert made.room(ONE) == 0
    clock.at += 1.0 / TENTH
    assert made.room(ONE) == 1


def test_what_the_house_says_itself_is_never_held_up() -> None:
    made = Shares(PREFIX, TENTH, Clock())
    for topic in (EVENTS, Topics().parties, Topics().from_party("triage", "politie")):
        made.took([topic], 1_000_000)
        assert made.room(topic) == AT_ONCE


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
