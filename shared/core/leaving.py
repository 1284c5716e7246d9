"""Decide whether something may leave the house: one gate for letters, looks, and what timers and replies do.

Judged at the moment of leaving, and not when it was decided: by who is a party then, by the mandate of the
party in whose name the house acts, and by whether the case is held (R115, R122).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.contract.messages.house import CaseLapsed, MessageAccepted, MessageRefused, TermPassed
from shared.contract.parties import HouseStanding, Parties
from shared.contract.refusal import CASE_HELD, NO_AUTHORISATION, NOT_A_PARTY, Refusal
from shared.contract.registry import Model
from shared.core.mandate import Led, Needed, authority


class Standing(StrEnum):
    """Name what a recipient must be: a party, not a former party, or either.

    Duties outlast membership (R115): what only restricts or ends something still reaches a former party.
    Another house is no party, and gets what is for a house alone (R38). Whoever sends is answered: a house
    too, and who is no party yet.
    """

    MEMBER = "member"
    NOT_ENDED = "not-ended"
    ANY = "any"
    HOUSE = "house"
    ANSWERED = "answered"


# Of a letter, its recipient, the state of its case and the parties: why this may not go to that party now.
Forbids = Callable[[Any, str, Any, Parties], Refusal | None]


@dataclass(frozen=True, slots=True)
class Conditions:
    """State on what conditions a thing leaves; `scope`: what whoever leads must have authorised.

    `forbids` is asked of a letter that may hold what not every party may process (R21, R22).
    """

    standing: Standing = Standing.MEMBER
    scope: Needed | None = None
    forbids: Forbids | None = None


# What any service sends. Answers go to who is not a party yet too: it announces its keys before (R109).
OF_EVERY_SERVICE: Mapping[type[Model], Conditions] = {
    MessageAccepted: Conditions(Standing.ANSWERED),
    MessageRefused: Conditions(Standing.ANSWERED),
    TermPassed: Conditions(),
    CaseLapsed: Conditions(),
}


def may_leave(
    recipient: str | None,
    conditions: Conditions,
    case: Led | None,
    parties: Parties,
    at: datetime,
    *,
    held: bool = False,
) -> Refusal | None:
    """Return None when a thing may leave for this recipient at that instant (covenant time), else why not.

    `recipient` is None where only the mandate of the `case` matters. `held`: the case waits for an operator;
    what holds it may be the very message that forbids this one.
    """
    if recipient is not None and not _stands(recipient, conditions.standing, parties, at):
        return NOT_A_PARTY
    if conditions.scope is not None and authority(case, conditions.scope, parties, at) is None:
        return NO_AUTHORISATION
    return CASE_HELD if held else None


def _stands(party: str, standing: Standing, parties: Parties, at: datetime) -> bool:
    record = parties.get(party)
    if record is not None and record.house is not None:
        return _stands_as_house(record.house, standing, at)
    if standing is Standing.ANY:
        return True
    if standing is Standing.HOUSE:
        return False
    if standing is Standing.MEMBER:
        return record is not None and record.is_member(at)
    return record is None or record.member_until is None or at < record.member_until


def _stands_as_house(house: HouseStanding, standing: Standing, at: datetime) -> bool:
    """Let nothing go to another house but what is for a house alone, and answers to what it sends (R40)."""
    if standing not in (Standing.HOUSE, Standing.ANSWERED):
        return False
    begun = standing is Standing.ANSWERED or house.since <= at
    return begun and (house.until is None or at < house.until)
