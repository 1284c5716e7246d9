"""The comparison of the five copies of the register, on what services say on `/metrics`."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from deploy.parties import SUSPENDED, Copies, Copy, differences, read_copies
from shared.contract.registry import SERVICES
from shared.runtime.gauges import _parties, _Read
from shared.storage.party_replica import Followed

A, B = Copy(7, 0xAB), Copy(9, 0xCD)
SAME: dict[str, Copies] = {service: {"a": A, "b": B} for service in SERVICES}


def test_what_a_service_shows_is_what_is_read() -> None:
    """Whole, also the largest numbers, which a float holds without loss."""
    largest = Followed(2**53 - 1, 2**48 - 1)
    registry = CollectorRegistry(auto_describe=False)
    shown = {"a": Followed(7, 0xAB), "b": largest, "c": Followed(SUSPENDED, SUSPENDED)}
    registry.register(_Read(_parties(shown)))
    assert read_copies(generate_latest(registry).decode()) == {
        party: Copy(copy.sequence, copy.digest) for party, copy in shown.items()
    }


def test_copies_that_agree_differ_in_nothing() -> None:
    assert differences(SAME) == {}


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        (Copy(6, 0xAB), "6 (0000000000ab)"),
        (Copy(7, 0xAC), "7 (0000000000ac)"),
        (Copy(SUSPENDED, SUSPENDED), "suspended"),
        (None, "none"),
    ],
)
def test_one_copy_that_is_behind_says_another_thing_or_is_missing_is_found(
    copy: Copy | None, said: str
) -> None:
    """An exclusion that one service did not follow must not go unseen (R115)."""
    triage = {"b": B} if copy is None else {"a": copy, "b": B}
    assert differences(SAME | {"triage": triage}) == {
        "a": {service: said if service == "triage" else "7 (0000000000ab)" for service in SERVICES}
    }


def test_a_party_that_nobody_can_read_is_found_though_all_agree() -> None:
    nobody: dict[str, Copies] = {service: {"a": Copy(SUSPENDED, SUSPENDED)} for service in SERVICES}
    assert differences(nobody) == {"a": dict.fromkeys(SERVICES, "suspended")}
