"""Make the round table's commands, once each: from a party's message or request, or an event."""

from collections.abc import Mapping

from services.rto import commands as c
from services.rto.consent_state import Register
from shared.contract.content import is_blank, text
from shared.contract.fields import Mandate, Revision
from shared.contract.messages import intake, retention, triage
from shared.contract.messages import rto as m
from shared.contract.registry import Model
from shared.core.actor import Actor
from shared.handling.event_handlers import by_sender, handlers_for
from shared.handling.service import Handler


def accept(message: m.InvitationAccepted, by: Actor) -> c.AcceptInvitation:
    """Make the command that accepts an invitation (R59)."""
    return c.AcceptInvitation(
        by=by, rto_id=message.rto_id, delegate=message.delegate, mandate=message.mandate
    )


def decline(message: m.InvitationDeclined, by: Actor) -> c.DeclineInvitation:
    """Make the command that declines an invitation."""
    return c.DeclineInvitation(by=by, rto_id=message.rto_id, reason=text(message.reason))


def contribute(message: m.ItemContributed, by: Actor) -> c.ContributeItems:
    """Make the command that brings in items (R61)."""
    return c.ContributeItems(by=by, rto_id=message.rto_id, items=message.items)


def give_release(message: m.ReleaseGiven, by: Actor) -> c.GiveRelease:
    """Make the command that gives one release (R65)."""
    return c.GiveRelease(by=by, release=message)


def refuse_release(message: m.ReleaseRefused, by: Actor) -> c.RefuseRelease:
    """Make the command that refuses one release (R75)."""
    refusal = message.model_copy(update={"reason": text(message.reason)})
    return c.RefuseRelease(by=by, refusal=refusal)


def withdraw_release(message: m.ReleaseWithdrawn, by: Actor) -> c.WithdrawRelease:
    """Make the command that takes back every release of an item (A12)."""
    return c.WithdrawRelease(by=by, item_id=message.item_id)


def limit_item(message: m.ItemLimited, by: Actor) -> c.LimitItem:
    """Make the command that withholds an item from more parties (R62)."""
    return c.LimitItem(by=by, item_id=message.item_id, withheld_from=message.withheld_from)


def change_terms(message: m.ItemTermsChanged, by: Actor) -> c.ChangeTerms:
    """Make the command that changes the terms of an item (R62, R67)."""
    if message.use_conditions is not None and is_blank(message.use_conditions):
        message = message.model_copy(update={"use_conditions": ""})  # from now on there are none
    return c.ChangeTerms(by=by, terms=message)


def correct_item(message: m.ItemCorrected, by: Actor) -> c.CorrectItem:
    """Make the command that replaces what an item says (A22)."""
    stated = message.model_copy(update={"use_conditions": text(message.use_conditions)})
    said = {name: value for name, value in dict(stated).items() if name in Revision.model_fields}
    revision = Revision.model_construct(**said)
    return c.CorrectItem(by=by, item_id=message.item_id, revision=revision, acting_body=message.acting_body)


def withdraw_item(message: m.ItemWithdrawn, by: Actor) -> c.WithdrawItem:
    """Make the command that withdraws an item from the case for good (R66)."""
    return c.WithdrawItem(by=by, item_id=message.item_id, acting_body=message.acting_body)


def record_consent(message: m.SubjectConsentRecorded, by: Actor) -> c.RecordConsent:
    """Make the command that records a consent of a data subject (R20)."""
    return c.RecordConsent(by=by, consent=message)


def withdraw_consent(message: m.SubjectConsentWithdrawn, by: Actor) -> c.WithdrawConsent:
    """Make the command that withdraws a consent of a data subject (R20)."""
    return c.WithdrawConsent(by=by, consent_id=message.consent_id)


def accept_direction(message: m.DirectionAccepted, by: Actor) -> c.AcceptDirection:
    """Make the command that accepts case direction (R71)."""
    return c.AcceptDirection(
        by=by,
        case_director=text(message.case_director),
        account=message.account or "",
        acting_body=message.acting_body,
        task=message.task,
        basis=message.basis,
    )


def name_case_director(message: m.CaseDirectorNamed, by: Actor) -> c.NameCaseDirector:
    """Make the command that names the case director of the party that leads (R69)."""
    return c.NameCaseDirector(by=by, case_director=text(message.case_director), account=message.account or "")


def decline_direction(message: m.DirectionDeclined, by: Actor) -> c.DeclineDirection:
    """Make the command that declines case direction (A3)."""
    return c.DeclineDirection(by=by, reason=text(message.reason))


def progress(message: m.ActionProgressed, by: Actor) -> c.ProgressAction:
    """Make the command that reports the progress of an action (R85)."""
    return c.ProgressAction(
        by=by,
        action_id=message.action_id,
        progress=message.progress,
        remark=text(message.remark),
        goals_reached=text(message.goals_reached),
        developments=text(message.developments),
    )


# --- what other services decided -------------------------------------------------------------------


def record_item(message: triage.ItemPrepared, by: Actor) -> c.RecordItem:
    """Make the command that records an item that triage prepared."""
    return c.RecordItem(by=by, item=message.item, viewing=message.viewing)


def open_register(message: intake.CaseTakenUp, by: Actor) -> c.OpenRegister:
    """Make the command that takes in about whom the case is and who leads it; no text is kept of it (R20)."""
    mandate = message.mandate or Mandate(
        party=message.referrer, acting_body=message.acting_body, task=message.task, basis=message.basis
    )
    persons = tuple(person.person_id for person in message.persons)
    return c.OpenRegister(by=by, register=Register(message.referrer, persons, mandate, message.alone()))


def open_preparation(message: triage.RtoPrepared, by: Actor) -> c.OpenPreparation:
    """Make the command that takes in what triage prepared."""
    return c.OpenPreparation(by=by, preparation=message)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(
        triage.TriageClosed,
        intake.CaseAssigned,
        intake.ReferralClosed,
        retention.DossierCleaned,
        retention.DossierArchived,
        retention.TermsSet,
        retention.CaseReactivated,
        retention.ErasureOrdered,
    ),
    **by_sender(
        {
            m.InvitationAccepted: accept,
            m.InvitationDeclined: decline,
            m.ItemContributed: contribute,
            m.ReleaseGiven: give_release,
            m.ReleaseRefused: refuse_release,
            m.ReleaseWithdrawn: withdraw_release,
            m.ItemLimited: limit_item,
            m.ItemTermsChanged: change_terms,
            m.ItemCorrected: correct_item,
            m.ItemWithdrawn: withdraw_item,
            m.SubjectConsentRecorded: record_consent,
            m.SubjectConsentWithdrawn: withdraw_consent,
            m.DirectionAccepted: accept_direction,
            m.CaseDirectorNamed: name_case_director,
            m.DirectionDeclined: decline_direction,
            m.ActionProgressed: progress,
            intake.CaseTakenUp: open_register,
            triage.ItemPrepared: record_item,
            triage.RtoPrepared: open_preparation,
        }
    ),
}
