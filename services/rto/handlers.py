"""From messages to commands of the round table; the same makers serve HTTP."""

from collections.abc import Callable, Mapping
from typing import Any

from services.rto import commands as c
from shared.contract.content import text
from shared.contract.messages import intake, retention, triage
from shared.contract.messages import rto as m
from shared.contract.registry import Model
from shared.core.actor import Actor, Command
from shared.handling.event_handlers import handlers_for
from shared.handling.service import Handler


def accepted(message: m.InvitationAccepted, by: Actor) -> c.AcceptInvitation:
    return c.AcceptInvitation(
        by=by, rto_id=message.rto_id, delegate=message.delegate, mandate=message.mandate
    )


def declined(message: m.InvitationDeclined, by: Actor) -> c.DeclineInvitation:
    return c.DeclineInvitation(by=by, rto_id=message.rto_id, reason=text(message.reason))


def contributed(message: m.ItemContributed, by: Actor) -> c.ContributeItems:
    return c.ContributeItems(by=by, rto_id=message.rto_id, items=message.items)


def given(message: m.ReleaseGiven, by: Actor) -> c.GiveRelease:
    return c.GiveRelease(by=by, release=message)


def refused(message: m.ReleaseRefused, by: Actor) -> c.RefuseRelease:
    refusal = message.model_copy(update={"reason": text(message.reason)})
    return c.RefuseRelease(by=by, refusal=refusal)


def withdrawn(message: m.ReleaseWithdrawn, by: Actor) -> c.WithdrawRelease:
    return c.WithdrawRelease(by=by, item_id=message.item_id)


def direction_accepted(message: m.DirectionAccepted, by: Actor) -> c.AcceptDirection:
    return c.AcceptDirection(by=by, case_director=text(message.case_director))


def direction_declined(message: m.DirectionDeclined, by: Actor) -> c.DeclineDirection:
    return c.DeclineDirection(by=by, reason=text(message.reason))


def progressed(message: m.ActionProgressed, by: Actor) -> c.ProgressAction:
    return c.ProgressAction(
        by=by, action_id=message.action_id, progress=message.progress, remark=text(message.remark)
    )


# --- what other services decided -------------------------------------------------------------------


def item_prepared(message: triage.ItemPrepared, by: Actor) -> c.RecordItem:
    return c.RecordItem(by=by, item=message.item)


def prepared(message: triage.RtoPrepared, by: Actor) -> c.OpenPreparation:
    return c.OpenPreparation(by=by, preparation=message)


Maker = Callable[[Any, Actor], Command]


def _inbound(make: Maker) -> Handler:
    return lambda message, at: make(message, at.by)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(
        triage.TriageClosed,
        intake.ReferralClosed,
        retention.DossierCleaned,
        retention.DossierArchived,
        retention.ErasureOrdered,
    ),
    m.InvitationAccepted: _inbound(accepted),
    m.InvitationDeclined: _inbound(declined),
    m.ItemContributed: _inbound(contributed),
    m.ReleaseGiven: _inbound(given),
    m.ReleaseRefused: _inbound(refused),
    m.ReleaseWithdrawn: _inbound(withdrawn),
    m.DirectionAccepted: _inbound(direction_accepted),
    m.DirectionDeclined: _inbound(direction_declined),
    m.ActionProgressed: _inbound(progressed),
    triage.ItemPrepared: _inbound(item_prepared),
    triage.RtoPrepared: _inbound(prepared),
}
