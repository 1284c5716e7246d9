"""Moments and days are bounded: what is absurd does not fit the schema, and no core has to reckon with it."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.contract.fields import DATE, INSTANT, Day, Instant

INSTANTS: TypeAdapter[datetime] = TypeAdapter(Instant)
DAY: TypeAdapter[date] = TypeAdapter(Day)
FIRST, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    "text",
    [
        "2000-01-01T00:00:00Z",
        "2026-03-02T09:00:00.123456789+01:00",
        "2199-12-31T23:59:59.999999Z",
        "2199-12-31T23:59:59+14:00",
    ],
)
def test_a_moment_in_rfc_3339_between_2000_and_2200_fits(text: str) -> None:
    assert FIRST <= INSTANTS.validate_python(text) < END
    assert INSTANT.fullmatch(text)


@pytest.mark.parametrize(
    "value",
    [
        "9999-12-31T23:59:59-14:00",
        "2200-01-01T00:00:00Z",
        "2199-12-31T23:59:59-00:01",
        "1999-12-31T23:59:59Z",
        "2000-01-01T00:00:00+00:01",
        "0001-01-01T00:00:00+14:00",
        "2026-02-30T00:00:00Z",
        "2026-03-02T09:00:00",
        "2026-03-02 09:00:00Z",
        "2026-W48-2T09:00:00Z",
        "2026-03-02",
        "1772442000",
        1_772_442_000,
        True,
        None,
        datetime(2026, 3, 2),  # noqa: DTZ001 - no zone is the point
        datetime(9999, 12, 31, tzinfo=UTC),
    ],
)
def test_any_other_moment_does_not_fit(value: Any) -> None:
    with pytest.raises(ValidationError):
        INSTANTS.validate_python(value)


@given(st.datetimes(datetime(2001, 1, 1), datetime(2198, 12, 31), timezones=ZONES))  # noqa: DTZ001
def test_what_the_house_writes_fits_its_own_schema(moment: datetime) -> None:
    written = INSTANTS.dump_json(moment).decode().strip('"')
    assert INSTANT.fullmatch(written)
    assert INSTANTS.validate_python(written) == moment


@given(st.text(max_size=40) | st.datetimes().map(datetime.isoformat) | st.integers() | st.floats())
def test_any_value_is_a_moment_or_does_not_fit(value: Any) -> None:
    try:
        assert FIRST <= INSTANTS.validate_python(value) < END
    except ValidationError:
        return


def test_a_day_is_written_as_one_and_not_absurd() -> None:
    assert DAY.validate_python("1900-01-01") == date(1900, 1, 1)
    assert DAY.validate_python("2199-12-31") == date(2199, 12, 31)
    assert DATE.fullmatch("2026-03-02")
    for value in (
        "1899-12-31",
        "2200-01-01",
        "9999-12-31",
        "2026-02-30",
        "2026-03-02T00:00:00Z",
        20_514,
        "0",
    ):
        with pytest.raises(ValidationError):
            DAY.validate_python(value)
