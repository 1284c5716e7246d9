"""Turn messages into commands: adapt a maker to Kafka, and make the commands that follow other services."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.contract.messages import intake, retention, rto, triage
from shared.contract.registry import Model
from shared.core import event_commands as f
from shared.core.actor import Actor, Command
from shared.core.consent import Consent
from shared.core.item_standing import Standing
from shared.handling.service import Handler, MessageContext

Maker = Callable[[Any, Actor], Command]


def by_sender(makers: Mapping[type[Model], Maker]) -> dict[type[Model], Handler]:
    """Adapt makers of `(message, by)`, which HTTP calls as they are, to Kafka: the sender is who acts."""
    return {message: _handler(make) for message, make in makers.items()}


def _handler(make: Maker) -> Handler:
    return lambda message, at: make(message, at.by)


Closed = intake.ReferralClosed | triage.TriageClosed | rto.RtoClosed


def close(message: Closed, by: Actor) -> f.FollowClosing:
    """Follow an early end."""
    return f.FollowClosing(
        by=by, reason=message.reason, closed_at=message.closed_at, lapsed=message.lapsed, round=message.round
    )


def move_direction(message: rto.DirectionMoved, by: Actor) -> f.MoveDirection:
    """Follow a change of the leading party."""
    return f.MoveDirection(by=by, **dict(message))


def follow_assignment(message: intake.CaseAssigned, by: Actor) -> f.FollowAssignment:
    """Follow who of the house works on the case."""
    return f.FollowAssignment(by=by, team=message.alone())


def follow_standing(message: rto.ItemStanding, by: Actor) -> f.FollowStanding:
    """Follow what a contributor decided on its item."""
    return f.FollowStanding(by=by, standing=Standing(**dict(message)))


def follow_consent(message: rto.ConsentStanding, by: Actor) -> f.FollowConsent:
    """Follow a consent of a data subject."""
    return f.FollowConsent(by=by, consent=Consent(**dict(message)))


def deescalate(message: rto.CaseDeescalated, by: Actor) -> f.FollowDeescalation:
    """Follow a de-escalation."""
    return f.FollowDeescalation(by=by, decided_at=message.decided_at, round=message.round)


def clean(message: retention.DossierCleaned, by: Actor) -> f.FollowCleaning:
    """Follow a cleaning of the file."""
    return f.FollowCleaning(by=by, kept_items=message.kept_items, round=message.round)


def archive(message: retention.DossierArchived, by: Actor) -> f.FollowArchiving:
    """Follow the archiving of the file."""
    return f.FollowArchiving(by=by, kept_items=message.kept_items, round=message.round)


def follow_terms(message: retention.TermsSet, by: Actor) -> f.FollowTerms:
    """Follow the terms of the end of a case."""
    return f.FollowTerms(
        by=by,
        terms=message.terms,
        holds=message.holds,
        round=message.round,
        tell_again=message.tell_again,
    )


def reactivate(message: retention.CaseReactivated, by: Actor) -> f.FollowReactivation:
    """Follow a case back into phase 3."""
    left = message.kept_items if message.archived else None
    return f.FollowReactivation(by=by, round=message.round, kept_items=left)


def purge(message: retention.ErasureOrdered, at: MessageContext) -> f.PurgeCase:
    """Follow an order to erase; the confirmation names the private keys that may still open old records."""
    return f.PurgeCase(by=at.by, case_id=at.case_id, house_keys=at.house_keys)


EVENT_HANDLERS: Mapping[type[Model], Handler] = {
    **by_sender(
        {
            intake.CaseAssigned: follow_assignment,
            intake.ReferralClosed: close,
            triage.TriageClosed: close,
            rto.RtoClosed: close,
            rto.DirectionMoved: move_direction,
            rto.ItemStanding: follow_standing,
            rto.ConsentStanding: follow_consent,
            rto.CaseDeescalated: deescalate,
            retention.DossierCleaned: clean,
            retention.DossierArchived: archive,
            retention.TermsSet: follow_terms,
            retention.CaseReactivated: reactivate,
        }
    ),
    retention.ErasureOrdered: purge,
}


def handlers_for(*events: type[Model]) -> dict[type[Model], Handler]:
    """Return the handlers of these events of other services."""
    return {event: EVENT_HANDLERS[event] for event in events}
