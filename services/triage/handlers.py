"""From messages and deadlines to commands of triage."""

from collections.abc import Mapping

from services.triage import commands as c
from services.triage.consequences import QUERY_REMINDER, QUERY_TERM
from shared.actor import CLOCK
from shared.due import Deadline
from shared.message import Model
from shared.messages import intake, retention, rto
from shared.messages import triage as m
from shared.service import Handler, Inbound


def answered(message: m.QueryAnswered, at: Inbound) -> c.AnswerQuery:
    return c.AnswerQuery(by=at.by, answer=message)


def declined(message: m.QueryDeclined, at: Inbound) -> c.DeclineQuery:
    return c.DeclineQuery(by=at.by, decline=message)


def taken_up(message: intake.CaseTakenUp, at: Inbound) -> c.OpenCase:
    return c.OpenCase(by=at.by, taken_up=message)


def closed(message: intake.ReferralClosed | rto.RtoClosed, at: Inbound) -> c.FollowClosing:
    return c.FollowClosing(by=at.by)


def direction_moved(message: rto.DirectionMoved, at: Inbound) -> c.MoveDirection:
    return c.MoveDirection(by=at.by, leading_party=message.leading_party, since=message.since)


def deescalated(message: rto.CaseDeescalated, at: Inbound) -> c.FollowDeescalation:
    return c.FollowDeescalation(by=at.by)


def cleaned(message: retention.DossierCleaned, at: Inbound) -> c.FollowCleaning:
    return c.FollowCleaning(by=at.by, kept_items=message.kept_items)


def archived(message: retention.DossierArchived, at: Inbound) -> c.FollowArchiving:
    return c.FollowArchiving(by=at.by)


def ordered(message: retention.ErasureOrdered, at: Inbound) -> c.PurgeCase:
    return c.PurgeCase(by=at.by, case_id=at.case_id)


HANDLERS: Mapping[type[Model], Handler] = {
    m.QueryAnswered: answered,
    m.QueryDeclined: declined,
    intake.CaseTakenUp: taken_up,
    intake.ReferralClosed: closed,
    rto.RtoClosed: closed,
    rto.DirectionMoved: direction_moved,
    rto.CaseDeescalated: deescalated,
    retention.DossierCleaned: cleaned,
    retention.DossierArchived: archived,
    retention.ErasureOrdered: ordered,
}


async def term_has_come(line: Deadline) -> c.RemindQuery:
    """The recipient is reminded once (R31)."""
    return c.RemindQuery(by=CLOCK, query_id=line.ref)


async def silence_lasted(line: Deadline) -> c.LapseQuery:
    """After the reminder "no answer" is the end (R31)."""
    return c.LapseQuery(by=CLOCK, query_id=line.ref)


TIMERS = {QUERY_TERM: term_has_come, QUERY_REMINDER: silence_lasted}
