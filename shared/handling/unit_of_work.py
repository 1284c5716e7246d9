"""Collect everything one batch will write while it is decided; then write it, one statement per table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar, assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import machine_now
from shared.contract.content import AnyContent, SealedText, TextRef, contents, transform
from shared.core.disclosure import Disclosed, disclosed_in
from shared.core.effects import (
    Announce,
    CancelTimer,
    ClaimItems,
    DropPieces,
    Effect,
    ForgetCase,
    KeepOnly,
    LogLook,
    SetTimer,
    StopUnsent,
    StoreRow,
    ToParty,
)
from shared.core.process import HasPhase
from shared.core.viewing import Provenance
from shared.handling.delivery import Delivery, FromService
from shared.handling.outgoing import OutgoingMessages
from shared.storage import (
    access_log,
    deadlines,
    erasure,
    held_messages,
    item_ids,
    journal,
    outbox,
    sealed_texts,
)
from shared.storage.access_log import Decided
from shared.storage.cases import Case, CaseTable, CaseUnreadable
from shared.storage.held_messages import MessageToHold
from shared.storage.item_ids import Claim

S = TypeVar("S", bound=HasPhase)


class OwnRows(Protocol):
    """Write, erase and hourly prune the rows of tables that only one service has (its `store.py`)."""

    async def save(self, connection: AsyncConnection, rows: Sequence[object]) -> None: ...
    async def forget(self, connection: AsyncConnection, case_ids: Sequence[str]) -> None: ...
    async def prune(self, connection: AsyncConnection) -> None: ...


@dataclass(slots=True)
class UnitOfWork(Generic[S]):
    """Hold everything one batch will write, collected while it is decided."""

    cases: dict[str, Case[S]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    forgotten: list[str] = field(default_factory=list)
    texts: list[tuple[str, SealedText]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    learnt: list[Claim] = field(default_factory=list)
    entries: list[journal.Entry] = field(default_factory=list)
    messages: list[tuple[Delivery, ToParty | Announce]] = field(default_factory=list)
    answers: list[outbox.OutboxMessage] = field(default_factory=list)
    timers: list[tuple[str, SetTimer]] = field(default_factory=list)
    cancelled: list[tuple[str, CancelTimer]] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    stripped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stops: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    holds: list[MessageToHold] = field(default_factory=list)
    rows: list[object] = field(default_factory=list)
    looks: list[tuple[str, LogLook]] = field(default_factory=list)
    unlinked: list[str] = field(default_factory=list)

    def release(self, key: tuple[str, str]) -> None:
        """Keep a message, by its sender and id, from being held."""
        self.holds = [one for one in self.holds if (one.sender, one.message_id) != key]

    def entries_about_no_case(self) -> set[str]:
        """Return the ids that the journal is to name, of cases that are neither here nor erased just now."""
        here = {case.case_id for case in self.cases.values() if case.exists or case.held}
        return {entry.case_id for entry in self.entries} - here - {*self.forgotten, journal.ERASED}

    def unlink(self, gone: set[str]) -> None:
        """Let nothing that is written lead to these cases, which were erased before: whatever was refused."""
        self.entries = [entry.without(gone) for entry in self.entries]
        self.unlinked += sorted(gone)

    def collect(self, delivery: Delivery, case_id: str, effect: Effect, owners: dict[str, Claim]) -> None:
        """Collect one effect; `owners` holds what each known item id is bound to, and learns of new ones."""
        match effect:
            case ToParty() | Announce():
                self.messages.append((delivery, effect))
            case LogLook():
                self.looks.append((case_id, effect))
            case SetTimer():
                self.timers.append((case_id, effect))
            case CancelTimer():
                self.cancelled.append((case_id, effect))
            case ClaimItems(items=ids, contributor=contributor):
                heard = isinstance(delivery.origin, FromService)
                new = [Claim(item, case_id, contributor) for item in ids if _is_new(item, case_id, owners)]
                (self.learnt if heard else self.claims).extend(new)
                for claim in new:
                    owners.setdefault(claim.item_id, claim)
            case StoreRow(row=row):
                self.rows.append(row)
            case DropPieces(pieces=dropped):
                self.dropped += [(case_id, piece) for piece in dropped]
            case KeepOnly(pieces=kept):
                self.stripped[case_id] = kept
            case StopUnsent(item=item, recipient=recipient):
                self.stops.append((case_id, item, recipient))
            case ForgetCase():
                self.forgotten.append(case_id)
                self.cases[case_id] = self.cases[case_id]._replace(version=0)
            case _:
                assert_never(effect)


def _is_new(item_id: str, case_id: str, owners: dict[str, Claim]) -> bool:
    return item_id not in owners or owners[item_id].case_id != case_id


async def write(
    connection: AsyncConnection,
    work: UnitOfWork[S],
    cases: CaseTable[S],
    outgoing: OutgoingMessages,
    marker_key: bytes,
    own_rows: OwnRows | None,
) -> None:
    """Write the batch; erasures come last, and remove what was written just before.

    The answers come behind the events, whose ids are lower: that is how the relay knows what to tell first.
    """
    kept = work.changed - set(work.forgotten)
    await cases.save(connection, [work.cases[case_id] for case_id in sorted(kept)])
    nothing = [case.case_id for case in work.cases.values() if not case.version and not case.held]
    await cases.remove(connection, nothing)
    await sealed_texts.store(connection, work.texts)
    await item_ids.claim(connection, work.claims)
    await item_ids.learn(connection, work.learnt)
    stopped = await outbox.delete_unsent(connection, work.stops)
    messages = await _messages(connection, work, outgoing)
    await sealed_texts.delete(connection, work.dropped)
    for case_id, kept_pieces in work.stripped.items():
        await sealed_texts.delete_except(connection, case_id, kept_pieces)
    await journal.write(connection, marker_key, work.entries)
    await access_log.write_stopped(connection, marker_key, [(*one, access_log.WITHDRAWN) for one in stopped])
    await access_log.write_sent(connection, marker_key, _disclosed(work))
    for case_id, look in work.looks:
        await access_log.write(connection, marker_key, look.viewer, [_decided(case_id, look)])
    await deadlines.set_timers(connection, work.timers)
    await deadlines.cancel_timers(connection, work.cancelled)
    await held_messages.add(connection, work.holds)
    if own_rows is not None:
        await own_rows.save(connection, work.rows)
        await own_rows.forget(connection, work.forgotten)
    await erasure.erase(connection, marker_key, work.forgotten, machine_now())
    await erasure.unlink(connection, work.unlinked)
    gone = set(work.forgotten)
    claimed = outgoing.items_claimed([claim for claim in work.claims if claim.case_id not in gone])
    left = [message for message in messages if message.case_id not in gone]
    await outbox.write(connection, claimed + left + work.answers)


def _decided(case_id: str, look: LogLook) -> Decided:
    """Return a look as its line of the log: of this case, of another one, or of none."""
    where = case_id if look.case_id is None else look.case_id or None
    return Decided(where, look.label, None, look.verdict, Provenance(look.basis))


def _disclosed(work: UnitOfWork[S]) -> dict[tuple[str, str], list[Disclosed]]:
    """Return what the letters of this batch disclose, by case and recipient (R129)."""
    found: dict[tuple[str, str], list[Disclosed]] = {}
    for delivery, effect in work.messages:
        if isinstance(effect, ToParty) and delivery.case_id not in work.forgotten:
            disclosed = disclosed_in(effect.message, effect.discloses)
            found.setdefault((delivery.case_id, effect.recipient), []).extend(disclosed)
    return found


async def _messages(
    connection: AsyncConnection, work: UnitOfWork[S], outgoing: OutgoingMessages
) -> list[outbox.OutboxMessage]:
    """Make the outbox messages, with each reference replaced by the sealed text it points to."""
    if not work.messages:
        return []
    at_hand = {(case, TextRef(piece.piece, piece.by)): piece for case, piece in work.texts}
    wanted = {
        (delivery.case_id, content)
        for delivery, effect in work.messages
        for content in contents(effect.message)
        if isinstance(content, TextRef) and (delivery.case_id, content) not in at_hand
    }
    found = at_hand | await sealed_texts.find(connection, wanted)

    def resolved(delivery: Delivery, effect: ToParty | Announce) -> outbox.OutboxMessage:
        def sealed(content: AnyContent) -> AnyContent:
            if not isinstance(content, TextRef):
                return content
            if (piece := found.get((delivery.case_id, content))) is None:
                raise CaseUnreadable(delivery.case_id)
            return piece

        return outgoing.message(delivery, replace(effect, message=transform(effect.message, sealed)))

    return [resolved(delivery, effect) for delivery, effect in work.messages]
