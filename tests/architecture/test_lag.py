"""Every refusal of every service says whether it may only be lag, and which fact it waits for."""

import re
from importlib import import_module

import pytest

from docs.generate.tree import ROOT
from shared.contract import refusal as shared
from shared.contract.refusal import Refusal
from shared.contract.registry import SERVICES

LIST = (ROOT / "docs" / "lag.md").read_text()
ROWS = re.findall(r"^\| (\w+) \| `(\w+)` \| (yes|no) \| (.+) \|$", LIST, re.MULTILINE)
WHY_NOT = set(re.findall(r"^- `(\w+)`: ", LIST, re.MULTILINE))
OWNERS: tuple[str, ...] = ("every", *SERVICES)


def refusals_in(owner: str) -> dict[str, Refusal]:
    """Return the refusals of a module by name, without those of HTTP requests as such, which never wait."""
    module = shared if owner == "every" else import_module(f"services.{owner}.refusals")
    return {one.name: one for one in vars(module).values() if isinstance(one, Refusal)}


@pytest.mark.parametrize("owner", OWNERS)
def test_each_refusal_stands_in_the_list_of_what_may_be_lag_once(owner: str) -> None:
    listed = [name for service, name, _, _ in ROWS if service == owner]
    assert sorted(listed) == sorted(refusals_in(owner))


def test_the_list_says_of_each_what_the_code_does() -> None:
    """One that tells nobody of a case waits as long as for a case that never was."""
    for service, name, may_be_lag, _ in ROWS:
        refusal = refusals_in(service)[name]
        assert (may_be_lag == "yes") == (refusal.may_be_lag or refusal.status == 404), (service, name)


def test_the_list_names_a_fact_or_says_why_there_is_none() -> None:
    for service, name, may_be_lag, why in ROWS:
        assert (may_be_lag == "no") == (why.strip("`") in WHY_NOT), (service, name)


def test_what_is_settled_never_waits() -> None:
    for owner in OWNERS:
        assert [one.name for one in refusals_in(owner).values() if one.settled and one.may_be_lag] == []
