"""Texts, numbers, moments are bounded: what is absurd does not fit, and no core has to reckon with it."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.contract.fields import (
    DATE,
    INSTANT,
    MAX_LINE,
    Code,
    Count,
    Day,
    Id,
    Instant,
    Jwk,
    KeyId,
    LegalReference,
    Line,
    Offset,
    PartyId,
    Source,
    Subject,
    Topic,
)
from tests.support import awkward as a

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
        "2026-03-02T09:00:00-12:00",
        "2026-03-02T09:00:00+05:45",
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
        "2026-03-02T09:00:00+99:99",
        "2026-03-02T09:00:00+23:59",
        "2026-03-02T09:00:00-15:00",
        "2026-03-02T09:00:00+01:60",
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


TEXTS = (Id, PartyId, KeyId, Code, Subject, Topic, Line, Source, LegalReference)


@pytest.mark.parametrize("kind", TEXTS, ids=range(len(TEXTS)))
def test_no_text_in_the_clear_takes_a_control_character_or_half_a_one_or_has_no_end(kind: Any) -> None:
    adapter: TypeAdapter[str] = TypeAdapter(kind)
    for value in (*a.CONTROL.values(), "x" * 1_000, "a\n", "a\r", "\u0085", 5, None, ["a"], b"\xff"):
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_a_line_is_as_long_as_its_limit_and_takes_every_letter() -> None:
    line: TypeAdapter[str] = TypeAdapter(Line)
    for value in ("", "x" * MAX_LINE, "Ge\u00efnteresseerd \u4e2d \U0001f600", "\uffff"):
        assert line.validate_python(value) == value
    with pytest.raises(ValidationError):
        line.validate_python("x" * (MAX_LINE + 1))


@pytest.mark.parametrize(("kind", "most"), [(Count, 2**31 - 1), (Offset, 2**63 - 1)])
def test_a_number_is_one_that_the_database_has_a_place_for(kind: Any, most: int) -> None:
    number: TypeAdapter[int] = TypeAdapter(kind)
    assert [number.validate_python(n) for n in (0, most)] == [0, most]
    wrong: tuple[Any, ...] = (
        -1,
        most + 1,
        10**30,
        float("inf"),
        float("nan"),
        0.5,
        "9" * 5_000,
        "1e400",
        None,
        [],
    )
    for value in wrong:
        with pytest.raises(ValidationError):
            number.validate_python(value)


def test_a_public_key_is_a_few_short_members() -> None:
    key: TypeAdapter[dict[str, str]] = TypeAdapter(Jwk)
    assert key.validate_python({"kty": "EC", "x5t#S256": "a"})
    for value in (
        {"kty": "\0"},
        {"kty": "a\tb"},
        {"kty": "x" * 1_001},
        {"kty": 5},
        {"k\0": "EC"},
        {"\ud800": "EC"},
        {"k" * 41: "EC"},
        {str(n): "x" for n in range(17)},
    ):
        with pytest.raises(ValidationError):
            key.validate_python(value)
