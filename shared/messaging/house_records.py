"""Take in what the house's topics say to the shell itself: parties, policy, accounts, items, logs.

No case decides on it, so it does not pass the transaction; and nothing of it is ever skipped. A party whose
record cannot be read is suspended here. Anything else that cannot be read is left to the receiver, which
quarantines it.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeVar

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.contract.cloudevent import (
    PLAIN_BODY,
    Unreadable,
    from_attributes,
    header,
    read_headers,
    sequence_of,
)
from shared.contract.messages.governance import PolicyDecided, SecrecyAcknowledged
from shared.contract.messages.house import ItemsClaimed, LogCheckpointed
from shared.contract.parties import PartyRecord, is_registrable
from shared.contract.record import Record
from shared.contract.registry import Model, of_model
from shared.contract.topics import Topics
from shared.storage import acknowledgements, erasure, log_checkpoints, outbox
from shared.storage.database import is_data_error, sqlstate
from shared.storage.item_ids import Claim
from shared.storage.party_replica import PartyReplica
from shared.storage.policy_replica import PolicyReplica
from shared.telemetry.metrics import PARTY_RECORDS_UNREADABLE

log = structlog.get_logger()
R = TypeVar("R", bound=Model)
PARTY_RECORDED, ITEMS_CLAIMED = of_model(PartyRecord).type, of_model(ItemsClaimed).type
LOG_CHECKPOINTED = of_model(LogCheckpointed).type


class PartyHeard(NamedTuple):
    """Hold what a record says of a party; `said` is None where it cannot be read."""

    record: Record
    party: str
    sequence: int | None
    said: PartyRecord | None


@dataclass(frozen=True, slots=True)
class HouseRecords:
    """Take in such records for one service; `takes_items`: it learns whose item numbers are (R35)."""

    engine: AsyncEngine
    parties: PartyReplica
    policies: PolicyReplica
    topics: Topics
    marker_key: bytes
    takes_items: bool

    async def take(self, batch: Sequence[Record]) -> list[Record]:
        """Take in what is for the shell, and return the records that are for the receiver, in order.

        Raises `DBAPIError` when the database is away; what it refuses of one record costs that record alone.
        """
        of_parties = [record for record in batch if record.topic == self.topics.parties]
        left = await self._take_parties(of_parties) if of_parties else []
        others = [record for record in batch if record.topic != self.topics.parties]
        others = await self._follow_policy(others)
        others = await self._keep_acknowledgements(others)
        others = await self._keep_checkpoints(others)
        return left + (await self._learn_items(others) if self.takes_items else others)

    # --- the register of parties ------------------------------------------------------------------

    async def _take_parties(self, records: Sequence[Record]) -> list[Record]:
        """Follow the register in its order, and return the records of which no party is known."""
        heard = [(record, _party_heard(record)) for record in records]
        known = [one for _, one in heard if one is not None]
        try:
            await self._save(known)
        except DBAPIError as error:
            if not is_data_error(error):
                raise
            for one in known:
                await self._save_alone(one)
        return [record for record, one in heard if one is None]

    async def _save_alone(self, one: PartyHeard) -> None:
        """Save one record; suspend its party when the database refuses it."""
        try:
            await self._save([one])
        except DBAPIError as error:
            if not is_data_error(error) or one.said is None:
                raise
            log.error("party-record-rejected-by-database", party=one.party, sqlstate=sqlstate(error))
            await self._save([one._replace(said=None)])

    async def _save(self, heard: Sequence[PartyHeard]) -> None:
        async with self.engine.begin() as connection:
            for readable, some in groupby(heard, key=lambda one: one.said is not None):
                await self._follow(connection, list(some), readable=readable)
            await outbox.undefer(connection, [self.topics.to_party(one.party) for one in heard if one.said])

    async def _follow(
        self, connection: AsyncConnection, heard: Sequence[PartyHeard], *, readable: bool
    ) -> None:
        if readable:
            read = [(one.sequence, one.said) for one in heard]
            await self.parties.save(connection, [(n, said) for n, said in read if n is not None and said])
            return
        for one in heard:
            if await self.parties.suspend(connection, one.party, one.sequence):
                _report_suspended(one)

    # --- the other registers of governance --------------------------------------------------------

    async def _follow_policy(self, records: Sequence[Record]) -> list[Record]:
        """Follow what was decided on policy, and return all records but those that could be read (R121)."""
        said = _read_from(self.topics.policy, PolicyDecided, records)
        if said:
            numbered = [(_sequence(records[n]), one) for n, one in said.items()]
            async with self.engine.begin() as connection:
                await self.policies.save(connection, numbered)
        return [record for n, record in enumerate(records) if n not in said]

    async def _keep_acknowledgements(self, records: Sequence[Record]) -> list[Record]:
        """Keep who acknowledged secrecy, and return all records but those that could be read (R126)."""
        said = _read_from(self.topics.acknowledgements, SecrecyAcknowledged, records)
        if said:
            async with self.engine.begin() as connection:
                await acknowledgements.save(connection, list(said.values()))
        return [record for n, record in enumerate(records) if n not in said]

    # --- how far the logs of the others are chained -----------------------------------------------

    async def _keep_checkpoints(self, records: Sequence[Record]) -> list[Record]:
        """Keep the checkpoints of other services, and return all records but those that could be read."""
        said = {n: found for n, record in enumerate(records) if (found := _checkpoint(record)) is not None}
        if said:
            heard = [(self.topics.service_of(records[n].topic), one) for n, one in said.items()]
            async with self.engine.begin() as connection:
                await log_checkpoints.keep_heard(connection, heard)
        return [record for n, record in enumerate(records) if n not in said]

    # --- whose an item number is ------------------------------------------------------------------

    async def _learn_items(self, records: Sequence[Record]) -> list[Record]:
        """Learn what other services claimed, and return all records but those that were learnt from."""
        claims = {n: found for n, record in enumerate(records) if (found := _claims(record)) is not None}
        learnt = set(claims)
        try:
            await self._learn([claim for found in claims.values() for claim in found])
        except DBAPIError as error:
            if not is_data_error(error):
                raise
            learnt = {n for n, found in claims.items() if await self._learnt_alone(found)}
        return [record for n, record in enumerate(records) if n not in learnt]

    async def _learnt_alone(self, claims: Sequence[Claim]) -> bool:
        try:
            await self._learn(claims)
        except DBAPIError as error:
            if not is_data_error(error):
                raise
            return False
        return True

    async def _learn(self, claims: Sequence[Claim]) -> None:
        if claims:
            async with self.engine.begin() as connection:
                await erasure.learn_items(connection, self.marker_key, claims)


def _sequence(record: Record) -> int:
    """Return the sequence number of a record; 0 for one without."""
    return sequence_of(header(record.headers, "ce_sequence")) or 0


def _read_from(topic: str, model: type[R], records: Sequence[Record]) -> dict[int, R]:
    """Read the records of a register, by their place in the batch; leave out what cannot be read."""
    type_, found = of_model(model).type, dict[int, R]()
    for n, record in enumerate(records):
        if record.topic == topic and header(record.headers, "ce_type") == type_:
            with contextlib.suppress(ValidationError):
                found[n] = model.model_validate_json(record.value or b"")
    return found


def _party_heard(record: Record) -> PartyHeard | None:
    """Read a record of the register; None when not even the party is known that it is about.

    A record without a value says nothing of its party, so it cannot be read either.
    """
    sequence = sequence_of(header(record.headers, "ce_sequence"))
    try:
        envelope = from_attributes(read_headers(record.headers, PLAIN_BODY))
        said = PartyRecord.model_validate_json(record.value or b"")
    except (Unreadable, ValidationError):
        party = _party_named_by(record)
        return PartyHeard(record, party, sequence, None) if party else None
    party = _party_named_by(record) or said.party
    fits = sequence is not None and said.party == party and envelope.type == PARTY_RECORDED
    return PartyHeard(record, party, sequence, said if fits else None)


def _party_named_by(record: Record) -> str | None:
    """Return the party that a record is about by its subject, or else by its key."""
    key = (record.key or b"").decode("ascii", "replace")
    names = header(record.headers, "ce_subject"), key
    return next((name for name in names if name and is_registrable(name)), None)


def _report_suspended(one: PartyHeard) -> None:
    PARTY_RECORDS_UNREADABLE.inc()
    log.error("party-suspended", party=one.party, partition=one.record.partition, offset=one.record.offset)


def _checkpoint(record: Record) -> LogCheckpointed | None:
    """Return what a service says of its logs; None where it says nothing of them that can be read."""
    if not record.topic.endswith(".events") or header(record.headers, "ce_type") != LOG_CHECKPOINTED:
        return None
    try:
        return LogCheckpointed.model_validate_json(record.value or b"")
    except ValidationError:
        return None


def _claims(record: Record) -> list[Claim] | None:
    """Return what another service says of items in general; None where it says nothing that can be read."""
    if not record.topic.endswith(".events") or header(record.headers, "ce_type") != ITEMS_CLAIMED:
        return None
    try:
        claimed = ItemsClaimed.model_validate_json(record.value or b"")
    except ValidationError:
        return None
    return [Claim(claim.item_id, claim.case_id, claim.contributor) for claim in claimed.claims]
