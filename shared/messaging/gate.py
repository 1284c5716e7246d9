"""Ask of the rows of a batch, when they are sent, which of them may leave the house (R115, R122)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import Clock
from shared.contract.content import SEALED_ALLOWED
from shared.contract.parties import Parties
from shared.contract.refusal import CASE_HELD, ITEM_FROZEN, Refusal
from shared.contract.registry import by_type
from shared.core.leaving import Conditions, may_leave
from shared.core.process import Process
from shared.core.standing import is_frozen
from shared.messaging.currency import Currency
from shared.storage.cases import Case, CaseTable
from shared.storage.outbox import Row


@dataclass(slots=True)
class Judged:
    """Collect what may not leave: for good, and as long as its case is held or cannot be read (case ids)."""

    stopped: list[tuple[Row, Refusal]] = field(default_factory=list)
    held: set[str] = field(default_factory=set)

    def leaving(self, rows: Sequence[Row]) -> list[Row]:
        """Return the other rows: of a held case what goes to the house's own topics."""
        stopped = {row.id for row, _ in self.stopped}
        return [
            row
            for row in rows
            if row.id not in stopped and (row.recipient is None or row.case_id not in self.held)
        ]


@dataclass(frozen=True, slots=True)
class Gate:
    """Judge the letters of one service; what goes to the house's own topics passes.

    `currency`: whether all that could forbid a letter is known here; otherwise none is sent.
    `log_key` seals what the journal says of a letter that was stopped.
    """

    process: Process[Any]
    cases: CaseTable[Any]
    clock: Clock
    currency: Currency
    log_key: bytes

    async def judge(self, connection: AsyncConnection, rows: Sequence[Row], parties: Parties) -> Judged:
        """Return which of these rows may not leave, by their cases and the parties as they are now."""
        letters = [(row, self._conditions(row)) for row in rows if row.recipient is not None]
        asked = _cases_asked(letters)
        cases = await self.cases.read(connection, sorted(asked)) if asked else {}
        judged, now = Judged(), self.clock.now()
        for row, conditions in letters:
            case = cases.get(row.case_id or "")
            state, held = (case.state, case.held) if case else (None, False)
            refusal = self._frozen(row, case, parties, now) or may_leave(
                row.recipient, conditions, state, parties, now, held=held
            )
            if refusal is None and case is not None:
                refusal = _of_what_it_holds(row, conditions, case.state, parties)
            if row.case_id is not None and (refusal is CASE_HELD or case is None):
                judged.held.add(row.case_id)
            elif refusal is not None:
                judged.stopped.append((row, refusal))
        return judged

    def _frozen(self, row: Row, case: Case[Any] | None, parties: Parties, now: datetime) -> Refusal | None:
        """Refuse an item of a party that has left (A11)."""
        givers = self.process.givers(case.state, row.item) if case and row.item else ()
        return ITEM_FROZEN if any(is_frozen(one, parties, now) for one in givers) else None

    def _conditions(self, row: Row) -> Conditions:
        entry = by_type(row.type)
        return self.process.conditions(entry.model if entry else None)


def _of_what_it_holds(row: Row, conditions: Conditions, state: Any, parties: Parties) -> Refusal | None:
    """Return why its recipient may not have what this letter holds; its texts stay sealed (R21, R22).

    A row that cannot be read is never sent: it is quarantined where letters are prepared.
    """
    entry = by_type(row.type)
    if conditions.forbids is None or entry is None or row.recipient is None:
        return None
    try:
        letter = entry.model.model_validate_json(row.body, context=SEALED_ALLOWED)
    except ValidationError:
        return None
    return conditions.forbids(letter, row.recipient, state, parties)


def _cases_asked(letters: Iterable[tuple[Row, Conditions]]) -> set[str]:
    """Return the cases whose mandate or hold decides; an answer is about none."""
    return {row.case_id for row, _ in letters if row.case_id is not None}
