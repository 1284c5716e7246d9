"""Every alarm says what it means and what to do, and every one that is explained exists."""

import re

from docs.generate.tree import ROOT
from tests.support.alarms import RULES

ROW = re.compile(r"^\| `([A-Z]\w+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def test_each_alarm_is_explained_and_nothing_else_is() -> None:
    operating = (ROOT / "docs" / "operating.md").read_text()
    explained = [name for name, _, _ in ROW.findall(operating)]
    assert sorted(explained) == sorted(rule["alert"] for rule in RULES)


def test_each_alarm_has_a_threshold_and_a_severity() -> None:
    for rule in RULES:
        assert re.search(r"(>|==) \d", rule["expr"]), rule
        assert rule["labels"]["severity"] in ("page", "ticket"), rule


def test_a_rise_is_only_asked_of_counters() -> None:
    risen = [name for rule in RULES for name in re.findall(r"(?:increase|rate)\((zvh_\w+)", rule["expr"])]
    assert risen
    assert all(name.endswith(("_total", "_bucket")) for name in risen)
