"""What a service hears of the others, as the commands by which it follows; each takes what concerns it."""

from collections.abc import Mapping
from typing import Any

from shared import following as f
from shared.message import Model
from shared.messages import intake, retention, rto, triage
from shared.service import Handler, Inbound


def closed(message: Any, at: Inbound) -> f.FollowClosing:
    return f.FollowClosing(by=at.by)


def direction_moved(message: rto.DirectionMoved, at: Inbound) -> f.MoveDirection:
    return f.MoveDirection(by=at.by, leading_party=message.leading_party, since=message.since)


def deescalated(message: rto.CaseDeescalated, at: Inbound) -> f.FollowDeescalation:
    return f.FollowDeescalation(by=at.by)


def cleaned(message: retention.DossierCleaned, at: Inbound) -> f.FollowCleaning:
    return f.FollowCleaning(by=at.by, kept_items=message.kept_items)


def archived(message: retention.DossierArchived, at: Inbound) -> f.FollowArchiving:
    return f.FollowArchiving(by=at.by)


def erasure_ordered(message: retention.ErasureOrdered, at: Inbound) -> f.PurgeCase:
    return f.PurgeCase(by=at.by, case_id=at.case_id, house_keys=at.house_keys)


HEARD: Mapping[type[Model], Handler] = {
    intake.ReferralClosed: closed,
    triage.TriageClosed: closed,
    rto.RtoClosed: closed,
    rto.DirectionMoved: direction_moved,
    rto.CaseDeescalated: deescalated,
    retention.DossierCleaned: cleaned,
    retention.DossierArchived: archived,
    retention.ErasureOrdered: erasure_ordered,
}


def hear(*events: type[Model]) -> dict[type[Model], Handler]:
    """The handlers of these events."""
    return {event: HEARD[event] for event in events}
