"""deploy/alarms.yaml as Prometheus would load it."""

import re
from typing import Any

import yaml

from docs.generate.tree import ROOT

_FILE = yaml.safe_load((ROOT / "deploy" / "alarms.yaml").read_text())
RULES: list[dict[str, Any]] = [rule for group in _FILE["groups"] for rule in group["rules"]]


def names_in(rule: dict[str, Any]) -> set[str]:
    """The metrics of ours that a rule asks for."""
    return set(re.findall(r"\bzvh_[a-z_]+", rule["expr"]))


def labels_in(rule: dict[str, Any]) -> set[tuple[str, str, str]]:
    """(metric, label, value) of every selector."""
    return set(re.findall(r"\b(zvh_[a-z_]+)\{(\w+)=\"(\w+)\"\}", rule["expr"]))
