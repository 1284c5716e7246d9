"""Tell the operators what may be an attack: sign-ins that fail, refusals in bursts, acts of an administrator.

A line names kinds, reasons and parties, and never a person, a case or what somebody gave us. What happens
often is counted, and told once in a while.
"""

import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from shared.rate import Rate
from shared.telemetry.metrics import REFUSAL_BURSTS, SIGN_INS_FAILED

log = structlog.get_logger()
BURST, FORGIVEN_EVERY = 20, 6.0  # refusals at once, and seconds in which one of them is forgiven
TOLD_EVERY = 60.0  # seconds, for each reason or sender


def _telling() -> Rate:
    return Rate(1 / TOLD_EVERY, 1)


@dataclass(slots=True)
class SignIns:
    """Count the tokens that were not accepted, by the reason."""

    _told: Rate = field(default_factory=_telling)

    def failed(self, reason: str) -> None:
        """Count one; `reason` is a code of ours or the name of a library's exception."""
        SIGN_INS_FAILED.labels(reason).inc()
        if not self._told.take(reason):
            log.warning("sign-in-failed", reason=reason)


@dataclass(slots=True)
class Refusals:
    """Notice when one sender is refused more often than mistakes explain."""

    _allowed: Rate = field(default_factory=lambda: Rate(1 / FORGIVEN_EVERY, BURST))
    _told: Rate = field(default_factory=_telling)

    def refused(self, sender: str, whose: str, party: str | None) -> None:
        """Count a refusal of a sender, whose id stays in memory; `whose`: a party's, or a person's."""
        if not self._allowed.take(sender) or self._told.take(sender):
            return
        REFUSAL_BURSTS.labels(whose).inc()
        log.warning("refusal-burst", whose=whose, party=party)


SIGN_INS, REFUSALS = SignIns(), Refusals()  # of this process


def administrative_act(service: str, act: str) -> None:
    """Write a line to standard error about a command that an administrator ran, also to a terminal."""
    line = {
        "event": "administrative-act",
        "service": service,
        "act": act,
        "level": "warning",
        "timestamp": datetime.now(UTC).isoformat(),
    }
    print(json.dumps(line), file=sys.stderr)
