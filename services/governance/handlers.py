"""Make governance's commands, once each, and say which membership a message is about."""

from collections.abc import Callable, Mapping
from typing import Any

from services.governance import commands as c
from shared.contract.messages import governance as m
from shared.contract.messages.retention import ErasureOrdered
from shared.contract.registry import Model
from shared.core.actor import Actor
from shared.handling.event_handlers import handlers_for
from shared.handling.service import Handler, MessageContext
from shared.ids import keyed_id


def membership_id(key: bytes, party: str) -> str:
    """Derive the number of a party's membership from its id: one for good."""
    return keyed_id(key, "membership", party)


def decision_id(key: bytes, number: str) -> str:
    """Derive under which id a decision stands from its number: one for good."""
    return keyed_id(key, "decision", number)


def account_id(key: bytes, person: str, party: str | None) -> str:
    """Derive under which id an account stands: a person at a party, or at the house."""
    return keyed_id(key, "account", person, party or "")


def membership_of_sender(message: Model, party: str, key: bytes) -> str:
    """Return the membership of the message's sender."""
    return membership_id(key, party)


def announce_key(message: m.PublicKeyAnnounced, at: MessageContext) -> c.AnnounceKey:
    """Make the command that announces a key: machine time counts, which no demonstration moves."""
    return c.AnnounceKey(
        by=at.by, party=at.by.party or "", announcement=message, received_at=at.received_by_machine
    )


def grant(message: m.AuthorisationGranted, by: Actor, party: str) -> c.GrantAuthorisation:
    """Make the command by which `party`, as the path or the sender names it, authorises (R122)."""
    return c.GrantAuthorisation(by=by, party=party, grant=message)


def revoke(message: m.AuthorisationRevoked, by: Actor, party: str) -> c.RevokeAuthorisation:
    """Make the command by which `party`, as the path or the sender names it, revokes (R122)."""
    return c.RevokeAuthorisation(by=by, party=party, authorisation_id=message.authorisation_id)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(ErasureOrdered),
    m.PublicKeyAnnounced: announce_key,
    m.AuthorisationGranted: lambda message, at: grant(message, at.by, at.by.party or ""),
    m.AuthorisationRevoked: lambda message, at: revoke(message, at.by, at.by.party or ""),
}
CASE_OF: Mapping[type[Model], Callable[[Any, str, bytes], str]] = {
    m.PublicKeyAnnounced: membership_of_sender,
    m.AuthorisationGranted: membership_of_sender,
    m.AuthorisationRevoked: membership_of_sender,
}
