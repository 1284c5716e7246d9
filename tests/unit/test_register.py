"""Whose rights on the broker end is read off the register; one record that cannot be read costs itself."""

from datetime import timedelta

from deploy.provisioning.register import _record, ended
from shared.contract.parties import PartyKind, PartyRecord
from tests.support.spec import NOW

PAST = PartyRecord(party="past", name="A", kind=PartyKind.OTHER, member_until=NOW - timedelta(days=1))
PRESENT = PAST.model_copy(update={"party": "present", "member_until": None})


def test_a_record_that_cannot_be_read_ends_nobody_and_hides_no_end_r115() -> None:
    records = {"past": PAST, "present": PRESENT, "unknown": None}
    assert ended(records, NOW) == ["past"]


def test_a_record_is_read_as_it_was_published_or_not_at_all() -> None:
    assert _record(PAST.model_dump_json().encode()) == PAST
    assert [_record(value) for value in (None, b"", b"{}", b"\xff")] == [None] * 4
