"""From messages and deadlines to commands of intake."""

from collections.abc import Mapping

from services.intake import commands as c
from services.intake.consequences import INFORMING
from services.intake.process import unfit
from services.intake.who_may import WHO_MAY
from shared.actor import CLOCK, Actor
from shared.authorisation import permit
from shared.content import text
from shared.due import Deadline
from shared.hearing import hear
from shared.ids import keyed_id
from shared.message import Model
from shared.messages import intake as m
from shared.messages import retention, rto, triage
from shared.moment import Moment
from shared.refusal import Refusal
from shared.service import Handler, Inbound
from shared.words import InformMoment


def case_of_referral(referral: m.ReferralSubmitted, party: str, key: bytes) -> str:
    """The case number follows from the party and its referral id, so that one referral makes one case."""
    return keyed_id(key, "case", party, referral.referral_id)


def at_the_door(referral: m.ReferralSubmitted, by: Actor, moment: Moment) -> Refusal | None:
    """Refused before a key is made for a case: that key would lie there for ever, for nothing (R15)."""
    return permit(WHO_MAY[c.SubmitReferral], by, moment) or unfit(referral, by.party or "", moment)


def submit(referral: m.ReferralSubmitted, at: Inbound) -> c.SubmitReferral:
    return c.SubmitReferral(by=at.by, case_id=at.case_id, referral=referral)


def confirm(message: m.ConsultationConfirmed, at: Inbound) -> c.ConfirmConsultation:
    return c.ConfirmConsultation(by=at.by, remark=text(message.remark))


def withdraw(message: m.ReferralWithdrawn, at: Inbound) -> c.WithdrawReferral:
    return c.WithdrawReferral(by=at.by, reason=text(message.reason))


def informed(message: m.PersonInformed, at: Inbound) -> c.RecordInforming:
    return c.RecordInforming(by=at.by, person_id=message.person_id, moment=message.moment)


def postponed(message: m.InformingPostponed, at: Inbound) -> c.PostponeInforming:
    return c.PostponeInforming(
        by=at.by,
        person_id=message.person_id,
        moment=message.moment,
        reason=text(message.reason),
        until=message.until,
    )


def triage_concluded(message: triage.TriageOutcomeRecorded, at: Inbound) -> c.RaiseDuties:
    return c.RaiseDuties(by=at.by, moment=InformMoment.AFTER_TRIAGE)


def rto_concluded(message: rto.RtoOutcomeRecorded, at: Inbound) -> c.RaiseDuties:
    return c.RaiseDuties(by=at.by, moment=InformMoment.AFTER_RTO)


HANDLERS: Mapping[type[Model], Handler] = {
    **hear(
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
