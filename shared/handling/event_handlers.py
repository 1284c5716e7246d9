"""What a service hears of the others, as the commands by which it follows; each takes what concerns it."""

from collections.abc import Mapping
from typing import Any

from shared.contract.messages import intake, retention, rto, triage
from shared.contract.registry import Model
from shared.core import event_commands as f
from shared.handling.service import Handler, MessageContext


def closed(message: Any, at: MessageContext) -> f.FollowClosing:
    return f.FollowClosing(by=at.by)


def direction_moved(message: rto.DirectionMoved, at: MessageContext) -> f.MoveDirection:
    return f.MoveDirection(by=at.by, leading_party=message.leading_party, since=message.since)


def deescalated(message: rto.CaseDeescalated, at: MessageContext) -> f.FollowDeescalation:
    return f.FollowDeescalation(by=at.by)


def cleaned(message: retention.DossierCleaned, at: MessageContext) -> f.FollowCleaning:
    return f.FollowCleaning(by=at.by, kept_items=message.kept_items)


def archived(message: retention.DossierArchived, at: MessageContext) -> f.FollowArchiving:
    return f.FollowArchiving(by=at.by)


def erasure_ordered(message: retention.ErasureOrdered, at: MessageContext) -> f.PurgeCase:
    return f.PurgeCase(by=at.by, case_id=at.case_id, house_keys=at.house_keys)


EVENT_HANDLERS: Mapping[type[Model], Handler] = {
    intake.ReferralClosed: closed,
    triage.TriageClosed: closed,
    rto.RtoClosed: closed,
    rto.DirectionMoved: direction_moved,
    rto.CaseDeescalated: deescalated,
    retention.DossierCleaned: cleaned,
    retention.DossierArchived: archived,
    retention.ErasureOrdered: erasure_ordered,
}


def handlers_for(*events: type[Model]) -> dict[type[Model], Handler]:
    """The handlers of these events."""
    return {event: EVENT_HANDLERS[event] for event in events}
