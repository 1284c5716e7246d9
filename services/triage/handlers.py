"""From messages and deadlines to commands of triage."""

from collections.abc import Mapping

from services.triage import commands as c
from services.triage.effects import QUERY_REMINDER, QUERY_TERM
from shared.contract.messages import intake, retention, rto
from shared.contract.messages import triage as m
from shared.contract.registry import Model
from shared.core.actor import CLOCK
from shared.handling.event_handlers import handlers_for
from shared.handling.service import Handler, MessageContext
from shared.storage.deadlines import Deadline


def answered(message: m.QueryAnswered, at: MessageContext) -> c.AnswerQuery:
    return c.AnswerQuery(by=at.by, answer=message)


def declined(message: m.QueryDeclined, at: MessageContext) -> c.DeclineQuery:
    return c.DeclineQuery(by=at.by, decline=message)


def taken_up(message: intake.CaseTakenUp, at: MessageContext) -> c.OpenCase:
    return c.OpenCase(by=at.by, taken_up=message)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(
        intake.ReferralClosed,
        rto.RtoClosed,
        rto.DirectionMoved,
        rto.CaseDeescalated,
        retention.DossierCleaned,
        retention.DossierArchived,
        retention.ErasureOrdered,
    ),
    m.QueryAnswered: answered,
    m.QueryDeclined: declined,
    intake.CaseTakenUp: taken_up,
}


async def term_has_come(line: Deadline) -> c.RemindQuery:
    """The recipient is reminded once (R31)."""
    return c.RemindQuery(by=CLOCK, query_id=line.ref)


async def silence_lasted(line: Deadline) -> c.LapseQuery:
    """After the reminder "no answer" is the end (R31)."""
    return c.LapseQuery(by=CLOCK, query_id=line.ref)


TIMERS = {QUERY_TERM: term_has_come, QUERY_REMINDER: silence_lasted}
