"""Name what can become of one delivery, the same for Kafka, HTTP and timers."""

from enum import StrEnum
from typing import Any, NamedTuple

from shared.contract.refusal import Refusal
from shared.core.shared_things import Changed


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

    `version` is the case's after it. Of what is repeated, `refusal` and `version` are those of the first
    answer, if `is_answered`: the first may still wait. `thing_version` is that of the shared thing that was
    replaced, `changed` what of it is other than the version that was named.
    """

    status: DeliveryStatus
    refusal: Refusal | None = None
    version: int = 0
    events: tuple[Any, ...] = ()
    is_answered: bool = True
    changed: Changed | None = None
    thing_version: str | None = None
