"""What somebody hears of an outcome: faults of the house are said to be ours, absence tells nothing."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.contract import messages as messages
from shared.contract.refusal import NOT_YOURS, SEALING_IMPOSSIBLE, UNKNOWN_CASE, Refusal, public_refusal
from shared.core.outcome import DeliveryStatus, Outcome
from shared.crypto.case_key_client import KeyStatus, refusal_for
from shared.http.caller import Refused
from shared.http.commands import BUG, answered
from shared.http.problem import problem


def test_a_parked_request_is_a_fault_of_the_house() -> None:
    with pytest.raises(Refused) as refused:
        answered(Outcome(DeliveryStatus.QUARANTINED))
    assert refused.value.refusal is BUG


def test_a_repeated_request_that_was_refused_is_refused_the_same() -> None:
    with pytest.raises(Refused) as refused:
        answered(Outcome(DeliveryStatus.REPEATED, NOT_YOURS))
    assert refused.value.refusal == NOT_YOURS


def test_whoever_may_not_know_of_a_case_hears_one_answer() -> None:
    hidden = replace(NOT_YOURS, name="TrueName", status=404)
    assert public_refusal(hidden) is UNKNOWN_CASE
    assert public_refusal(NOT_YOURS) is NOT_YOURS
    assert problem(hidden).body == problem(UNKNOWN_CASE).body


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (KeyStatus.UNAVAILABLE, SEALING_IMPOSSIBLE),
        (KeyStatus.ERASED, UNKNOWN_CASE),
        (KeyStatus.UNKNOWN, UNKNOWN_CASE),
    ],
)
def test_an_unavailable_key_waits_and_an_erased_one_refuses(status: KeyStatus, expected: Refusal) -> None:
    """Design, section 7: a missing file is never reported as erased."""
    keys: Mapping[str, KeyStatus] = {"case": status}
    assert refusal_for(keys.get("case")) is expected
    assert SEALING_IMPOSSIBLE.may_be_lag
