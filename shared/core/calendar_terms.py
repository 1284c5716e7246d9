"""Compute the covenant's terms: calendar months in the Netherlands, counted from a decision (A4)."""

import calendar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

HOME = ZoneInfo("Europe/Amsterdam")


def add_months(instant: datetime, months: int) -> datetime:
    """Return the end of a term: the start, in Europe/Amsterdam, of the day that many months on; in UTC.

    A day that the month does not have is its last one (31 August + 6 months: the last of February). The
    stricter step begins with the boundary day, so the hour of the decision does not count.
    """
    day = local_day(instant)
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    last = calendar.monthrange(year, month)[1]
    return start_of_day(date(year, month, min(day.day, last)))


def local_day(instant: datetime) -> date:
    """Return the calendar day in Europe/Amsterdam; raise `ValueError` for an instant without a time zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(HOME).date()


def start_of_day(day: date) -> datetime:
    """Return when that day begins in Europe/Amsterdam, in UTC."""
    return datetime.combine(day, time.min, tzinfo=HOME).astimezone(UTC)


def month_of(instant: datetime) -> str:
    """Return the month in Europe/Amsterdam ("2027-03"): as exact as a proof of destruction gets (R106)."""
    return local_day(instant).strftime("%Y-%m")
