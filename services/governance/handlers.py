"""From messages to commands of governance, and which membership they are about."""

from collections.abc import Callable, Mapping
from typing import Any

from services.governance import commands as c
from shared.contract.messages import governance as m
from shared.contract.messages.retention import ErasureOrdered
from shared.contract.registry import Model
from shared.handling.event_handlers import handlers_for
from shared.handling.service import Handler, MessageContext
from shared.ids import keyed_id


def membership_id(key: bytes, party: str) -> str:
    """One membership per party, for good: its number follows from the party's id."""
    return keyed_id(key, "membership", party)


def membership_of_sender(message: Model, party: str, key: bytes) -> str:
    return membership_id(key, party)


def announce_key(message: m.PublicKeyAnnounced, at: MessageContext) -> c.AnnounceKey:
    """Keys count by machine time, so the moved clock of a demonstration does not touch them."""
    return c.AnnounceKey(
        by=at.by, party=at.by.party or "", announcement=message, received_at=at.received_by_machine
    )


def grant(message: m.AuthorisationGranted, at: MessageContext) -> c.GrantAuthorisation:
    return c.GrantAuthorisation(by=at.by, party=at.by.party or "", grant=message)


def revoke(message: m.AuthorisationRevoked, at: MessageContext) -> c.RevokeAuthorisation:
    return c.RevokeAuthorisation(by=at.by, party=at.by.party or "", authorisation_id=message.authorisation_id)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(ErasureOrdered),
    m.PublicKeyAnnounced: announce_key,
    m.AuthorisationGranted: grant,
    m.AuthorisationRevoked: revoke,
}
CASE_OF: Mapping[type[Model], Callable[[Any, str, bytes], str]] = {
    m.PublicKeyAnnounced: membership_of_sender,
    m.AuthorisationGranted: membership_of_sender,
    m.AuthorisationRevoked: membership_of_sender,
}
