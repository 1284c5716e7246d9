"""Make intake's commands, once each: from a party's message or request, an event, or a deadline."""

from collections.abc import Mapping, Sequence

from services.intake import commands as c
from services.intake.checks import IncomingCheck
from services.intake.effects import INFORMING
from services.intake.identity import UNFINDABLE, identities
from services.intake.known_effects import ANSWER_HOUSE
from services.intake.permissions import PERMISSIONS
from services.intake.process import unfit
from services.intake.state import AskedOf, RoundTable
from shared.contract.content import text
from shared.contract.fields import InformMoment
from shared.contract.messages import intake as m
from shared.contract.messages import known_check as k
from shared.contract.messages import retention, rto, triage
from shared.contract.refusal import Refusal
from shared.contract.registry import Model
from shared.core.actor import CLOCK, Actor
from shared.core.authorisation import permit
from shared.core.context import DecisionContext
from shared.handling.event_handlers import by_sender, handlers_for
from shared.handling.service import Handler, MessageContext
from shared.handling.terms import TERM_TIMER
from shared.ids import keyed_id
from shared.storage.deadlines import Deadline


def case_of_referral(referral: m.ReferralSubmitted, party: str, key: bytes) -> str:
    """Derive the case number from the party and its referral id, so that one referral makes one case."""
    return keyed_id(key, "case", party, referral.referral_id)


def precheck(referral: m.ReferralSubmitted, by: Actor, context: DecisionContext) -> Refusal | None:
    """Refuse a referral before a case key is made for it: an unused key would never be destroyed (R15)."""
    return permit(PERMISSIONS[c.SubmitReferral], by, context) or unfit(referral, by.party or "", context)


def case_of_check(asked: k.KnownCheckAsked, house: str, key: bytes) -> str:
    """Derive under which number a check of another house stands here: one for good."""
    return keyed_id(key, "known-check", house, asked.check_id)


def submit(message: m.ReferralSubmitted, by: Actor, case_id: str, digests: Sequence[str]) -> c.SubmitReferral:
    """Make the command that opens a case; its number is `case_of_referral`, `digests` of its persons."""
    found = identities(message, digests)
    return c.SubmitReferral(by=by, case_id=case_id, referral=message, identities=found)


def confirm(message: m.ConsultationConfirmed, by: Actor) -> c.ConfirmConsultation:
    """Make the command that confirms the consultation (R11)."""
    return c.ConfirmConsultation(by=by, remark=text(message.remark))


def withdraw(message: m.ReferralWithdrawn, by: Actor) -> c.WithdrawReferral:
    """Make the command that stops a referral (A21)."""
    return c.WithdrawReferral(by=by, reason=text(message.reason))


def inform(message: m.PersonInformed, by: Actor) -> c.RecordInforming:
    """Make the command that records that a person was informed (R16)."""
    return c.RecordInforming(by=by, person_id=message.person_id, moment=message.moment, duty=message.duty)


def postpone(message: m.InformingPostponed, by: Actor) -> c.PostponeInforming:
    """Make the command that puts off informing a person (R19)."""
    return c.PostponeInforming(
        by=by,
        person_id=message.person_id,
        moment=message.moment,
        duty=message.duty,
        reason=text(message.reason),
        until=message.until,
    )


def follow_triage(message: triage.TriageOutcomeRecorded, by: Actor) -> c.FollowTriage:
    """Make the command that follows how triage ended (R51)."""
    return c.FollowTriage(by=by, outcome=message.outcome)


def raise_of_query(message: triage.QueryRecorded, by: Actor) -> c.RaiseDuties:
    """Make the command by which whoever a query is about is told of it (R18)."""
    asked = AskedOf(message.query_id, message.recipient, message.persons, message.purpose)
    cause = f"query/{message.query_id}"
    return c.RaiseDuties(by=by, moment=InformMoment.TAKEN_UP, cause=cause, query=asked)


def raise_after_triage(message: triage.RtoPrepared, by: Actor) -> c.RaiseDuties:
    """Make the command by which the duties after triage arise, once it is known what they say (R56)."""
    table = RoundTable(
        goal=message.goal,
        themes=message.themes,
        participants=tuple(participant.party for participant in message.participants),
        outcome=message.outcome,
        first_goal=message.first_goal,
    )
    cause = f"preparation/{message.prepared_at.isoformat()}"
    return c.RaiseDuties(by=by, moment=InformMoment.AFTER_TRIAGE, cause=cause, round_table=table)


def raise_after_rto(message: rto.RtoOutcomeRecorded, by: Actor) -> c.RaiseDuties:
    """Make the command by which the duties after a round table arise (A20)."""
    cause = f"round-table/{message.recorded_at.isoformat()}"
    return c.RaiseDuties(by=by, moment=InformMoment.AFTER_RTO, cause=cause, outcome=message.outcome)


def take_check(message: k.KnownCheckAsked, at: MessageContext) -> c.TakeKnownCheck:
    """Make the command that takes in what another house asks; of the person its digest alone (R39)."""
    check = IncomingCheck(
        house=at.by.party or "",
        check_id=message.check_id,
        case_id=message.case_id,
        on_behalf_of=message.on_behalf_of or "",
        necessity=message.necessity,
        digest=at.digests[0] if at.digests else UNFINDABLE,
        asked_at=at.received_at,
        answer_at=at.received_at,
        task=message.task,
    )
    return c.TakeKnownCheck(by=at.by, check=check)


def record_answer(message: k.KnownCheckAnswered, by: Actor) -> c.RecordKnownAnswer:
    """Make the command that records what another house answers (R39)."""
    return c.RecordKnownAnswer(
        by=by, check_id=message.check_id, answer=message.answer, director=message.director
    )


def record_consultation(message: k.KnownCheckConsulted, by: Actor) -> c.RecordConsultation:
    """Make the command by which the leading party says whether a check may be answered (R39)."""
    return c.RecordConsultation(by=by, may_be_answered=message.may_be_answered)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(
        triage.TriageClosed,
        rto.RtoClosed,
        rto.DirectionMoved,
        rto.ItemStanding,
        rto.CaseDeescalated,
        retention.DossierCleaned,
        retention.DossierArchived,
        retention.TermsSet,
        retention.CaseReactivated,
        retention.ErasureOrdered,
    ),
    **by_sender(
        {
            m.ConsultationConfirmed: confirm,
            m.ReferralWithdrawn: withdraw,
            m.PersonInformed: inform,
            m.InformingPostponed: postpone,
            triage.QueryRecorded: raise_of_query,
            triage.TriageOutcomeRecorded: follow_triage,
            triage.RtoPrepared: raise_after_triage,
            rto.RtoOutcomeRecorded: raise_after_rto,
            k.KnownCheckAnswered: record_answer,
            k.KnownCheckConsulted: record_consultation,
        }
    ),
    m.ReferralSubmitted: lambda message, at: submit(message, at.by, at.case_id, at.digests),
    k.KnownCheckAsked: take_check,
}


async def informing_due(line: Deadline) -> c.RemindOfInforming:
    """Make the command of a postponed duty whose planned moment has come (R19).

    The version before names a person and a moment instead of a number.
    """
    if line.ref.isdecimal():
        return c.RemindOfInforming(by=CLOCK, duty=int(line.ref))
    person, moment = line.ref.split("/")
    return c.RemindOfInforming(by=CLOCK, person_id=person, moment=InformMoment(moment))


async def answer_is_due(line: Deadline) -> c.AnswerKnownCheck:
    """Make the command that answers another house at the end of its term (R39)."""
    return c.AnswerKnownCheck(by=CLOCK)


TIMERS = {INFORMING: informing_due, ANSWER_HOUSE: answer_is_due, **TERM_TIMER}
