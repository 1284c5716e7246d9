"""The seal and the leaf of an entry of the logs hold for exactly what it says, where it stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.core.actor import OPERATOR
from shared.crypto.case_cipher import CaseKey
from shared.ids import keyed_hash
from shared.storage import journal, log_chain, log_seals
from shared.storage.json_writer import to_json
from shared.storage.log_chain import Unchained, head_after, leaf_of

KEY, AT = b"k" * 32, datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=UTC)
ENTRY = journal.entry(AT, "case-1", "ReferralReceived", OPERATOR, "message-1", rule="R7")
ONE = Unchained("journal", 7, "case-1", b"seal", '["a", "line"]')


@pytest.mark.clause(
    "R129.e", allowed="Een regel van het log die niet is veranderd, wordt bij de controle in orde bevonden."
)
def test_an_entry_has_its_own_seal_in_any_time_zone_and_no_other() -> None:
    seal = log_seals.seal(KEY, log_seals.JOURNAL, ENTRY)
    elsewhere = ENTRY._replace(at=AT.astimezone(tz=None))
    assert log_seals.is_sealed(KEY, log_seals.JOURNAL, elsewhere, seal)
    assert seal != log_seals.seal(KEY, log_seals.JOURNAL, ENTRY), "two entries that say the same differ"


@pytest.mark.clause(
    "R129.e", refused="Een regel van het log die achteraf is veranderd, valt bij de controle door de mand."
)
@pytest.mark.parametrize("field", journal.Entry._fields)
def test_a_change_of_any_part_breaks_the_seal(field: str) -> None:
    seal = log_seals.seal(KEY, log_seals.JOURNAL, ENTRY)
    other: Any = AT + timedelta(microseconds=1) if field == "at" else "other"
    assert not log_seals.is_sealed(KEY, log_seals.JOURNAL, ENTRY._replace(**{field: other}), seal)


def test_a_seal_is_of_one_log_under_one_key() -> None:
    seal = log_seals.seal(KEY, log_seals.JOURNAL, ENTRY)
    assert not log_seals.is_sealed(KEY, log_seals.ACCESS_LOG, ENTRY, seal)
    assert not log_seals.is_sealed(b"o" * 32, log_seals.JOURNAL, ENTRY, seal)
    assert not log_seals.is_sealed(KEY, log_seals.JOURNAL, ENTRY, b"")


def test_a_look_from_before_the_basis_was_logged_has_its_seal_and_what_is_added_breaks_it() -> None:
    """The seal of the version before covered nine parts, also where the last of them says nothing."""
    before = (AT, "case-1", "manager", "person-1", None, "case", True, "R91", None)
    nonce = b"n" * 8
    moment = (AT - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    said = to_json((moment, *before[1:]))
    old = nonce + keyed_hash(KEY, "log-seal", "access_log", nonce.hex(), said)[:16]
    now = (*before, None, None, None)
    assert log_seals.is_sealed(KEY, log_seals.ACCESS_LOG, now, old)
    for place in (9, 10, 11):
        changed = (*now[:place], "other", *now[place + 1 :])
        assert not log_seals.is_sealed(KEY, log_seals.ACCESS_LOG, changed, old)
        fresh = log_seals.seal(KEY, log_seals.ACCESS_LOG, changed)
        assert log_seals.is_sealed(KEY, log_seals.ACCESS_LOG, changed, fresh)
        assert not log_seals.is_sealed(KEY, log_seals.ACCESS_LOG, now, fresh)


def test_what_is_moved_between_two_parts_breaks_the_seal() -> None:
    seal = log_seals.seal(KEY, log_seals.JOURNAL, ENTRY._replace(party="ab", person="c"))
    assert not log_seals.is_sealed(KEY, log_seals.JOURNAL, ENTRY._replace(party="a", person="bc"), seal)


def test_a_leaf_says_where_when_and_what() -> None:
    leaf = leaf_of(KEY, 1, AT, ONE)
    others = [
        leaf_of(b"o" * 32, 1, AT, ONE),
        leaf_of(KEY, 2, AT, ONE),
        leaf_of(KEY, 1, AT + timedelta(microseconds=1), ONE),
        leaf_of(KEY, 1, AT, ONE._replace(log="access_log")),
        leaf_of(KEY, 1, AT, ONE._replace(line='["another", "line"]')),
        leaf_of(KEY, 1, AT, ONE._replace(seal=None)),
        leaf_of(KEY, 1, AT, ONE._replace(seal=b"other")),
    ]
    assert len({leaf, *others}) == 8


@pytest.mark.clause(
    "R129.e", refused="Een regel die achteraf uit het log is weggelaten, valt bij de controle door de mand."
)
def test_a_head_depends_on_all_leaves_before_it_and_on_their_order() -> None:
    first, second = b"a" * 32, b"b" * 32
    start = log_chain.FIRST_HEAD

    def after(head: bytes, number: int, leaf: bytes, *, of_case: bool = False) -> bytes:
        return head_after(head, number, leaf, of_case=of_case)

    forwards = after(after(start, 1, first), 2, second)
    backwards = after(after(start, 1, second), 2, first)
    others = after(start, 1, first), after(start, 2, first), after(start, 1, first, of_case=True)
    assert len({forwards, backwards, *others}) == 5


def test_a_case_key_gives_a_key_for_leaves_that_is_not_the_key_itself() -> None:
    one = CaseKey(KEY, house="house", case_id="case-1")
    other = CaseKey(b"o" * 32, house="house", case_id="case-1")
    assert len({KEY, one.log_key, other.log_key}) == 3
