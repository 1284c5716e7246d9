"""From messages and deadlines to commands of intake."""

from collections.abc import Mapping

from services.intake import commands as c
from services.intake.effects import INFORMING
from services.intake.permissions import PERMISSIONS
from services.intake.process import unfit
from shared.contract.content import text
from shared.contract.fields import InformMoment
from shared.contract.messages import intake as m
from shared.contract.messages import retention, rto, triage
from shared.contract.refusal import Refusal
from shared.contract.registry import Model
from shared.core.actor import CLOCK, Actor
from shared.core.authorisation import permit
from shared.core.context import DecisionContext
from shared.handling.event_handlers import handlers_for
from shared.handling.service import Handler, MessageContext
from shared.ids import keyed_id
from shared.storage.deadlines import Deadline


def case_of_referral(referral: m.ReferralSubmitted, party: str, key: bytes) -> str:
    """The case number follows from the party and its referral id, so that one referral makes one case."""
    return keyed_id(key, "case", party, referral.referral_id)


def precheck(referral: m.ReferralSubmitted, by: Actor, moment: DecisionContext) -> Refusal | None:
    """Refused before a key is made for a case: that key would lie there for ever, for nothing (R15)."""
    return permit(PERMISSIONS[c.SubmitReferral], by, moment) or unfit(referral, by.party or "", moment)


def submit(referral: m.ReferralSubmitted, at: MessageContext) -> c.SubmitReferral:
    return c.SubmitReferral(by=at.by, case_id=at.case_id, referral=referral)


def confirm(message: m.ConsultationConfirmed, at: MessageContext) -> c.ConfirmConsultation:
    return c.ConfirmConsultation(by=at.by, remark=text(message.remark))


def withdraw(message: m.ReferralWithdrawn, at: MessageContext) -> c.WithdrawReferral:
    return c.WithdrawReferral(by=at.by, reason=text(message.reason))


def informed(message: m.PersonInformed, at: MessageContext) -> c.RecordInforming:
    return c.RecordInforming(by=at.by, person_id=message.person_id, moment=message.moment)


def postponed(message: m.InformingPostponed, at: MessageContext) -> c.PostponeInforming:
    return c.PostponeInforming(
        by=at.by,
        person_id=message.person_id,
        moment=message.moment,
        reason=text(message.reason),
        until=message.until,
    )


def triage_concluded(message: triage.TriageOutcomeRecorded, at: MessageContext) -> c.RaiseDuties:
    return c.RaiseDuties(by=at.by, moment=InformMoment.AFTER_TRIAGE)


def rto_concluded(message: rto.RtoOutcomeRecorded, at: MessageContext) -> c.RaiseDuties:
    return c.RaiseDuties(by=at.by, moment=InformMoment.AFTER_RTO)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(
        triage.TriageClosed,
        rto.RtoClosed,
        rto.DirectionMoved,
        rto.CaseDeescalated,
        retention.DossierCleaned,
        retention.DossierArchived,
        retention.ErasureOrdered,
    ),
    m.ReferralSubmitted: submit,
    m.ConsultationConfirmed: confirm,
    m.ReferralWithdrawn: withdraw,
    m.PersonInformed: informed,
    m.InformingPostponed: postponed,
    triage.TriageOutcomeRecorded: triage_concluded,
    rto.RtoOutcomeRecorded: rto_concluded,
}


async def informing_due(line: Deadline) -> c.RemindOfInforming:
    """The planned moment of a postponed duty has come (R19)."""
    person, moment = line.ref.split("/")
    return c.RemindOfInforming(by=CLOCK, person_id=person, moment=InformMoment(moment))


TIMERS = {INFORMING: informing_due}
