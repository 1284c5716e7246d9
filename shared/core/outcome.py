"""Name what can become of one delivery, the same for Kafka, HTTP and timers."""

from enum import StrEnum
from typing import Any, NamedTuple

from shared.contract.refusal import Refusal


class DeliveryStatus(StrEnum):
    """Name what became of a delivery."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPEATED = "repeated"
    STALE = "stale"
    WAITING = "waiting"
    HELD = "held"
    QUARANTINED = "quarantined"


class Outcome(NamedTuple):
    """Hold the status of one delivery.

    `version` is the case's after it, `earlier` a repeated request's answer.
    """

    status: DeliveryStatus
    refusal: Refusal | None = None
    version: int = 0
    events: tuple[Any, ...] = ()
    earlier: dict[str, Any] | None = None
