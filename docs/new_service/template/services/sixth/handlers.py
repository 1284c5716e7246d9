"""Turn messages into commands of sixth, and derive which case each is about."""

from collections.abc import Callable, Mapping
from typing import Any

from services.sixth import commands as c
from shared.contract.messages import sixth as m
from shared.contract.messages.retention import ErasureOrdered
from shared.contract.registry import Model
from shared.handling.event_handlers import handlers_for
from shared.handling.service import Handler, MessageContext
from shared.ids import keyed_id


def case_of(key: bytes, party: str, submission_id: str) -> str:
    """Return the case id of a submission; two parties may choose the same number."""
    return keyed_id(key, "sixth", party, submission_id)


def submit(message: m.SixthSubmitted, at: MessageContext) -> c.Submit:
    return c.Submit(by=at.by, party=at.by.party or "", submission=message)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(ErasureOrdered),
    m.SixthSubmitted: submit,
}
CASE_OF: Mapping[type[Model], Callable[[Any, str, bytes], str]] = {
    m.SixthSubmitted: lambda message, party, key: case_of(key, party, message.submission_id),
}
