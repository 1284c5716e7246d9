"""Which acts are answered only when the other services are sure to hear of them (R62, R66, R115, R122)."""

from importlib import import_module

from shared.contract.registry import SERVICES


def test_who_takes_away_an_item_an_authorisation_or_a_membership_is_told_so_when_it_counts_everywhere() -> (
    None
):
    """Whatever else somebody does takes nothing from anybody, and is answered while the broker is away."""
    cores = [import_module(f"services.{name}.main").SERVICE.process for name in SERVICES]
    found = {(core.service, one.__name__) for core in cores for one in core.permissions if one.takes_back}
    assert found == {
        ("rto", "WithdrawRelease"),
        ("rto", "LimitItem"),
        ("rto", "ChangeTerms"),
        ("rto", "CorrectItem"),
        ("rto", "WithdrawItem"),
        ("rto", "WithdrawConsent"),
        ("governance", "RevokeAuthorisation"),
        ("governance", "EndMembership"),
    }
