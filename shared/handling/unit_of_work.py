"""Everything one batch will write: collected while it is decided, then one statement per table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import machine_now
from shared.contract.content import AnyContent, SealedText, TextRef, contents, transform
from shared.core.actor import Role
from shared.core.effects import (
    Announce,
    CancelTimer,
    ClaimItems,
    DropPieces,
    Effect,
    ForgetCase,
    KeepOnly,
    SetTimer,
    StopUnsent,
    StoreRow,
    ToParty,
)
from shared.core.process import HasPhase
from shared.handling.delivery import Delivery
from shared.handling.outgoing import OutgoingMessages
from shared.storage import deadlines, erasure, held_messages, item_ids, journal, outbox, sealed_texts
from shared.storage.cases import Case, CaseTable, CaseUnreadable
from shared.storage.held_messages import MessageToHold

S = TypeVar("S", bound=HasPhase)


class OwnRows(Protocol):
    """What a service with tables of its own adds to the transaction (its `store.py`); hourly, `prune`."""

    async def save(self, connection: AsyncConnection, rows: Sequence[object]) -> None: ...
    async def forget(self, connection: AsyncConnection, case_ids: Sequence[str]) -> None: ...
    async def prune(self, connection: AsyncConnection) -> None: ...


@dataclass(slots=True)
class UnitOfWork(Generic[S]):
    """Everything one batch will write, collected while it is decided."""

    cases: dict[str, Case[S]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    forgotten: list[str] = field(default_factory=list)
    pieces: list[tuple[str, SealedText]] = field(default_factory=list)
    claims: list[item_ids.Claim] = field(default_factory=list)
    learnt: list[item_ids.Claim] = field(default_factory=list)
    entries: list[journal.Entry] = field(default_factory=list)
    letters: list[tuple[Delivery, ToParty | Announce]] = field(default_factory=list)
    answers: list[outbox.OutboxMessage] = field(default_factory=list)
    timers: list[tuple[str, SetTimer]] = field(default_factory=list)
    cancelled: list[tuple[str, CancelTimer]] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    stripped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stops: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    holds: list[MessageToHold] = field(default_factory=list)
    rows: list[object] = field(default_factory=list)
    unlinked: list[str] = field(default_factory=list)

    def note(self, delivery: Delivery, case_id: str, step: Effect, owners: dict[str, str]) -> None:
        """Take a consequence down; `owners` says whose each known item id is, and learns of new ones."""
        match step:
            case ToParty() | Announce():
                self.letters.append((delivery, step))
            case SetTimer():
                self.timers.append((case_id, step))
            case CancelTimer():
                self.cancelled.append((case_id, step))
            case ClaimItems(items=ids):
                heard = delivery.by.role is Role.SERVICE
                new = [(item, case_id) for item in ids if owners.get(item) != case_id]
                (self.learnt if heard else self.claims).extend(new)
                for item, owner in new:
                    owners.setdefault(item, owner)
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


async def write(
    connection: AsyncConnection,
    writes: UnitOfWork[S],
    cases: CaseTable[S],
    post: OutgoingMessages,
    marker_key: bytes,
    own_rows: OwnRows | None,
) -> None:
    """Write the batch; what is forgotten goes last, and takes with it what was written just before."""
    kept = writes.changed - set(writes.forgotten)
    await cases.save(connection, [writes.cases[case_id] for case_id in sorted(kept)])
    nothing = [case.case_id for case in writes.cases.values() if not case.version and not case.held]
    await cases.remove(connection, nothing)
    await sealed_texts.store(connection, writes.pieces)
    await item_ids.claim(connection, writes.claims)
    await item_ids.learn(connection, writes.learnt)
    await outbox.delete_unsent(connection, writes.stops)
    letters = await _letters(connection, writes, post)
    await sealed_texts.delete(connection, writes.dropped)
    for case_id, kept_pieces in writes.stripped.items():
        await sealed_texts.delete_except(connection, case_id, kept_pieces)
    await journal.write(connection, writes.entries)
    await deadlines.set_timers(connection, writes.timers)
    await deadlines.cancel_timers(connection, writes.cancelled)
    await held_messages.add(connection, writes.holds)
    if own_rows is not None:
        await own_rows.save(connection, writes.rows)
        await own_rows.forget(connection, writes.forgotten)
    await erasure.erase(connection, marker_key, writes.forgotten, machine_now())
    await erasure.unlink(connection, writes.unlinked)
    gone = set(writes.forgotten)
    claimed = post.items_claimed([claim for claim in writes.claims if claim[1] not in gone])
    await outbox.write(connection, writes.answers + claimed + [x for x in letters if x.case_id not in gone])


async def _letters(
    connection: AsyncConnection, writes: UnitOfWork[S], post: OutgoingMessages
) -> list[outbox.OutboxMessage]:
    """The letters with each reference replaced by the sealed piece it points to."""
    if not writes.letters:
        return []
    at_hand = {(case, TextRef(piece.piece, piece.by)): piece for case, piece in writes.pieces}
    wanted = {
        (delivery.case_id, content)
        for delivery, step in writes.letters
        for content in contents(step.message)
        if isinstance(content, TextRef) and (delivery.case_id, content) not in at_hand
    }
    found = at_hand | await sealed_texts.find(connection, wanted)

    def resolved(delivery: Delivery, step: ToParty | Announce) -> outbox.OutboxMessage:
        def sealed(content: AnyContent) -> AnyContent:
            if not isinstance(content, TextRef):
                return content
            if (piece := found.get((delivery.case_id, content))) is None:
                raise CaseUnreadable(delivery.case_id)
            return piece

        return post.letter(delivery, replace(step, message=transform(step.message, sealed)))

    return [resolved(delivery, step) for delivery, step in writes.letters]
