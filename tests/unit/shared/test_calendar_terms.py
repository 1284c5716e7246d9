"""Calendar months in Europe/Amsterdam, and on which side of the boundary the stricter step begins (A4)."""

import calendar
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.calendar_terms import HOME, add_months, local_day, month_of, start_of_day

moments = st.datetimes(datetime(2020, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
months = st.integers(0, 60)


def at(text: str) -> datetime:
    """A moment in Europe/Amsterdam."""
    return datetime.fromisoformat(text).replace(tzinfo=HOME)


@pytest.mark.clause(
    "R88.b", allowed="Zes maanden na 31 augustus eindigt de termijn op de laatste dag van februari."
)
@pytest.mark.clause(
    "R88.b",
    refused="Heeft de maand die dag wel, dan eindigt de termijn op die dag en niet op de laatste van de "
    "maand.",
)
@pytest.mark.parametrize(
    ("decided", "n", "ends"),
    [
        ("2026-08-31T12:00", 6, "2027-02-28T00:00"),
        ("2027-08-31T12:00", 6, "2028-02-29T00:00"),  # a leap year
        ("2028-02-29T12:00", 12, "2029-02-28T00:00"),
        ("2026-02-28T12:00", 6, "2026-08-28T00:00"),  # not the last of August: no rounding up
        ("2026-01-15T12:00", 6, "2026-07-15T00:00"),  # winter time to summer time
        ("2026-07-15T12:00", 6, "2027-01-15T00:00"),
        ("2026-09-29T12:00", 6, "2027-03-29T00:00"),  # the day after the clock was put forward
        ("2026-09-28T12:00", 6, "2027-03-28T00:00"),  # the day itself
        ("2026-12-31T23:59", 12, "2027-12-31T00:00"),
    ],
)
def test_terms_end_at_the_start_of_the_day(decided: str, n: int, ends: str) -> None:
    assert add_months(at(decided), n) == at(ends)


def test_the_day_is_the_one_in_the_netherlands_and_not_the_one_in_utc() -> None:
    late_in_utc = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)  # 1 February, half past midnight
    assert add_months(late_in_utc, 6) == at("2026-08-01T00:00")


def test_the_hour_of_the_decision_does_not_count() -> None:
    assert add_months(at("2026-03-02T00:00"), 6) == add_months(at("2026-03-02T23:59:59"), 6)


def test_a_moment_without_a_time_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="time zone"):
        add_months(datetime(2026, 1, 1), 6)  # noqa: DTZ001


@given(moments, months)
def test_a_term_ends_at_midnight_in_the_month_that_follows_from_counting(moment: datetime, n: int) -> None:
    before, after = local_day(moment), add_months(moment, n)
    assert after.tzinfo is UTC
    local = after.astimezone(HOME)
    assert (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    assert (local.year - before.year) * 12 + local.month - before.month == n
    last = calendar.monthrange(local.year, local.month)[1]
    assert local.day == min(before.day, last)


@given(moments, moments, months)
def test_a_later_decision_never_ends_earlier(one: datetime, other: datetime, n: int) -> None:
    first, second = sorted((one, other))
    assert add_months(first, n) <= add_months(second, n)


@given(moments)
def test_half_a_year_comes_before_a_year(moment: datetime) -> None:
    assert moment < add_months(moment, 6) < add_months(moment, 12)
    assert timedelta(days=364) <= add_months(moment, 12) - start_of_day(local_day(moment)) < timedelta(367)


@given(st.dates(date(2020, 1, 1), date(2199, 1, 1)))
def test_a_day_begins_where_the_day_before_ends(day: date) -> None:
    begins = start_of_day(day)
    assert local_day(begins) == day
    assert local_day(begins - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_the_month_of_a_proof_is_the_one_in_the_netherlands() -> None:
    assert month_of(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == "2027-01"
