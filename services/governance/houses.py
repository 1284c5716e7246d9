"""Decide what stands on record of another house, no party and without its rights (R38, R41, R124)."""

from typing import TypeAlias

from services.governance import commands as c
from services.governance import events as e
from services.governance import refusals as r
from services.governance.accession import OtherHouse, is_the_house
from services.governance.keys import announced, fault_of
from shared.contract.parties import (
    HouseStanding,
    KeyUse,
    Parties,
    PartyKind,
    PartyRecord,
    PublicKey,
    is_reserved,
)
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext, House

Decision: TypeAlias = tuple[e.Event, ...] | Refusal


def record(known: PartyRecord | None, command: c.RecordHouse, context: DecisionContext) -> Decision:
    """Record another house, or what of it is new; its keys stay."""
    house = command.house
    if is_reserved(house.party):
        return r.NAME_RESERVED
    if _is_this_one(house, context.house):
        return r.HOUSE_IS_NO_PARTY
    if known is not None and known.house is None:
        return r.IS_A_PARTY
    if not all(_is_municipality(one.party, context.parties) for one in house.shared_with):
        return r.SHARED_WITH_NO_MUNICIPALITY
    paper = house.signing_key
    if paper is not None and (fault := fault_of(paper.kid, paper.jwk)):
        return fault
    first = (announced(paper.kid, paper.jwk, KeyUse.SIGNING, command.received_at),) if paper else ()
    return (e.HouseRecorded(_record(house, known.keys if known else first), context.now),)


def _is_this_one(house: OtherHouse, this: House) -> bool:
    named = is_the_house(house.party, this.id) or is_the_house(house.name, this.id)
    return named or (this.source != "" and house.source.startswith(this.source))


def _is_municipality(party: str, parties: Parties) -> bool:
    found = parties.get(party)
    return found is not None and found.kind is PartyKind.MUNICIPALITY


def _record(house: OtherHouse, keys: tuple[PublicKey, ...]) -> PartyRecord:
    return PartyRecord(
        party=house.party,
        name=house.name,
        seat=house.seat,
        kind=PartyKind.OTHER,
        source=house.source,
        keys=keys,
        house=HouseStanding(since=house.connected_from, shared_with=house.shared_with),
    )
