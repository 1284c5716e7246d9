"""Make triage's commands, once each: from a party's message or request, an event, or a deadline."""

from collections.abc import Mapping

from services.triage import commands as c
from services.triage.effects import QUERY_REMINDER, QUERY_TERM
from shared.contract.messages import intake, retention, rto
from shared.contract.messages import triage as m
from shared.contract.registry import Model
from shared.core.actor import CLOCK, Actor
from shared.handling.event_handlers import by_sender, handlers_for
from shared.handling.service import Handler
from shared.handling.terms import TERM_TIMER
from shared.storage.deadlines import Deadline


def answer(message: m.QueryAnswered, by: Actor) -> c.AnswerQuery:
    """Make the command that answers a query (R31)."""
    return c.AnswerQuery(by=by, answer=message)


def decline(message: m.QueryDeclined, by: Actor) -> c.DeclineQuery:
    """Make the command that declines a query (R31)."""
    return c.DeclineQuery(by=by, decline=message)


def ask_clarification(message: m.QueryClarificationAsked, by: Actor) -> c.AskClarification:
    """Make the command that asks what is meant with a query (R31)."""
    return c.AskClarification(by=by, asked=message)


def ask_extension(message: m.QueryExtensionAsked, by: Actor) -> c.AskExtension:
    """Make the command that asks for more time (R31)."""
    return c.AskExtension(by=by, asked=message)


def clear_secrecy(message: m.SecrecyCleared, by: Actor) -> c.ClearSecrecy:
    """Make the command that releases items from secrecy (R30)."""
    return c.ClearSecrecy(by=by, cleared=message)


def open_case(message: intake.CaseTakenUp, by: Actor) -> c.OpenCase:
    """Make the command by which triage begins."""
    return c.OpenCase(by=by, taken_up=message)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(
        intake.CaseAssigned,
        intake.ReferralClosed,
        rto.RtoClosed,
        rto.DirectionMoved,
        rto.ItemStanding,
        rto.ConsentStanding,
        rto.CaseDeescalated,
        retention.DossierCleaned,
        retention.DossierArchived,
        retention.TermsSet,
        retention.CaseReactivated,
        retention.ErasureOrdered,
    ),
    **by_sender(
        {
            m.QueryAnswered: answer,
            m.QueryDeclined: decline,
            m.QueryClarificationAsked: ask_clarification,
            m.QueryExtensionAsked: ask_extension,
            m.SecrecyCleared: clear_secrecy,
            intake.CaseTakenUp: open_case,
        }
    ),
}


async def term_has_come(line: Deadline) -> c.RemindQuery:
    """Make the command that reminds the recipient once (R31)."""
    return c.RemindQuery(by=CLOCK, query_id=line.ref)


async def silence_lasted(line: Deadline) -> c.LapseQuery:
    """Make the command that ends a query in "no answer", after the reminder (R31)."""
    return c.LapseQuery(by=CLOCK, query_id=line.ref)


TIMERS = {QUERY_TERM: term_has_come, QUERY_REMINDER: silence_lasted, **TERM_TIMER}
