"""Make the commands of sixth, once each, and say which case a message is about."""

from collections.abc import Callable, Mapping
from typing import Any

from services.sixth import commands as c
from shared.contract.messages import sixth as m
from shared.contract.messages.retention import ErasureOrdered
from shared.contract.registry import Model
from shared.core.actor import Actor
from shared.handling.event_handlers import handlers_for
from shared.handling.service import Handler
from shared.ids import keyed_id


def case_of(key: bytes, party: str, submission_id: str) -> str:
    """Return the case id of a submission; two parties may choose the same number."""
    return keyed_id(key, "sixth", party, submission_id)


def submit(message: m.SixthSubmitted, by: Actor) -> c.Submit:
    """Make the command by which a party, or a worker for it, submits."""
    return c.Submit(by=by, party=by.party or "", submission=message)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(ErasureOrdered),
    m.SixthSubmitted: lambda message, at: submit(message, at.by),
}
CASE_OF: Mapping[type[Model], Callable[[Any, str, bytes], str]] = {
    m.SixthSubmitted: lambda message, party, key: case_of(key, party, message.submission_id),
}
