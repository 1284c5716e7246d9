"""Everything one batch will write: collected while it is decided, then one statement per table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from shared import due, erasure, held, items, journal, outbox, pieces
from shared.actor import Role
from shared.cases import Case, CaseTable, Damaged
from shared.clock import machine_now
from shared.consequences import (
    Announce,
    CancelTimer,
    ClaimItems,
    Consequence,
    DropPieces,
    ForgetCase,
    KeepOnly,
    SetTimer,
    StopUnsent,
    StoreRow,
    ToParty,
)
from shared.content import AnyContent, Ref, Sealed, contents, transform
from shared.delivery import Delivery
from shared.held import Hold
from shared.letters import Post
from shared.process import HasPhase

S = TypeVar("S", bound=HasPhase)


class OwnRows(Protocol):
    """What a service with tables of its own adds to the transaction (its `store.py`); hourly, `prune`."""

    async def save(self, connection: AsyncConnection, rows: Sequence[object]) -> None: ...
    async def forget(self, connection: AsyncConnection, case_ids: Sequence[str]) -> None: ...
    async def prune(self, connection: AsyncConnection) -> None: ...


@dataclass(slots=True)
class Writes(Generic[S]):
    """Everything one batch will write, collected while it is decided."""

    cases: dict[str, Case[S]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    forgotten: list[str] = field(default_factory=list)
    pieces: list[tuple[str, Sealed]] = field(default_factory=list)
    claims: list[items.Claim] = field(default_factory=list)
    learnt: list[items.Claim] = field(default_factory=list)
    entries: list[journal.Entry] = field(default_factory=list)
    letters: list[tuple[Delivery, ToParty | Announce]] = field(default_factory=list)
    answers: list[outbox.Letter] = field(default_factory=list)
    timers: list[tuple[str, SetTimer]] = field(default_factory=list)
    cancelled: list[tuple[str, CancelTimer]] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    stripped: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stops: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    rows: list[object] = field(default_factory=list)
    unlinked: list[str] = field(default_factory=list)

    def note(self, delivery: Delivery, case_id: str, step: Consequence, owners: dict[str, str]) -> None:
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
    writes: Writes[S],
    cases: CaseTable[S],
    post: Post,
    marker_key: bytes,
    own_rows: OwnRows | None,
) -> None:
    """Write the batch; what is forgotten goes last, and takes with it what was written just before."""
    kept = writes.changed - set(writes.forgotten)
    await cases.save(connection, [writes.cases[case_id] for case_id in sorted(kept)])
    nothing = [case.case_id for case in writes.cases.values() if not case.version and not case.held]
    await cases.remove(connection, nothing)
    await pieces.keep(connection, writes.pieces)
    await items.claim(connection, writes.claims)
    await items.learn(connection, writes.learnt)
    await outbox.stop(connection, writes.stops)
    letters = await _letters(connection, writes, post)
    await pieces.drop(connection, writes.dropped)
    for case_id, kept_pieces in writes.stripped.items():
        await pieces.keep_only(connection, case_id, kept_pieces)
    await journal.write(connection, writes.entries)
    await due.set_timers(connection, writes.timers)
    await due.cancel_timers(connection, writes.cancelled)
    await held.add(connection, writes.holds)
    if own_rows is not None:
        await own_rows.save(connection, writes.rows)
        await own_rows.forget(connection, writes.forgotten)
    await erasure.forget(connection, marker_key, writes.forgotten, machine_now())
    await erasure.unlink(connection, writes.unlinked)
    gone = set(writes.forgotten)
    claimed = post.items_claimed([claim for claim in writes.claims if claim[1] not in gone])
    await outbox.write(connection, writes.answers + claimed + [x for x in letters if x.case_id not in gone])


async def _letters(connection: AsyncConnection, writes: Writes[S], post: Post) -> list[outbox.Letter]:
    """The letters with each reference replaced by the sealed piece it points to."""
    if not writes.letters:
        return []
    at_hand = {(case, Ref(piece.piece, piece.by)): piece for case, piece in writes.pieces}
    wanted = {
        (delivery.case_id, content)
        for delivery, step in writes.letters
        for content in contents(step.message)
        if isinstance(content, Ref) and (delivery.case_id, content) not in at_hand
    }
    found = at_hand | await pieces.find(connection, wanted)

    def resolved(delivery: Delivery, step: ToParty | Announce) -> outbox.Letter:
        def sealed(content: AnyContent) -> AnyContent:
            if not isinstance(content, Ref):
                return content
            if (piece := found.get((delivery.case_id, content))) is None:
                raise Damaged(delivery.case_id)
            return piece

        return post.letter(delivery, replace(step, message=transform(step.message, sealed)))

    return [resolved(delivery, step) for delivery, step in writes.letters]
