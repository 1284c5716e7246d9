"""Number each message to a party, and store the number before it is sent, so that it never gets another.

A party drops what is not newer than what it had. If a relay dies after the broker took its messages and
before it deleted their rows, these rows must go out with the same numbers, and before any other for that
party.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.storage.database import fetch, run
from shared.storage.leader_lock import LeaderLock, acquire_leadership
from shared.storage.outbox import Row

_LOAD = text("SELECT recipient, last, given FROM sequences")
_MICROSECONDS = 1_000_000  # in a second
_ALL_RECIPIENTS = ""  # the row with the number that a restore raised all to
_RAISE = text(
    """
    WITH raised AS (SELECT setval(pg_get_serial_sequence('outbox', 'id'), :number))
    INSERT INTO sequences (recipient, last, given) SELECT :everybody, setval, '{}' FROM raised
    ON CONFLICT (recipient) DO UPDATE SET last = excluded.last
    """
)
_RAISED = text("SELECT last FROM sequences WHERE recipient = :everybody")
_BACKEND_PID = text("SELECT pg_backend_pid() AS number")

# Only for the session that still holds the lead: whoever was frozen and has lost it writes nothing.
_PERSIST = text(
    """
    WITH lead AS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objid = :lock AND pid = :leader
    ), written AS (
        INSERT INTO sequences (recipient, last, given)
        SELECT recipient, last, CAST(given AS bigint[])
        FROM unnest(CAST(:recipients AS text[]), CAST(:lasts AS bigint[]), CAST(:givens AS text[]))
             AS new (recipient, last, given)
        WHERE EXISTS (SELECT FROM lead)
        ON CONFLICT (recipient) DO UPDATE SET last = excluded.last, given = excluded.given
    )
    SELECT EXISTS (SELECT FROM lead) AS leads
    """
)


class LeadershipLost(Exception):
    """Report that another relay may be sending by now; this one must drop its batch."""


@dataclass(slots=True)
class SequenceAllocator:
    """Allocate the sequence numbers of one database, in the relay that leads.

    `leader_pid` is the PostgreSQL session that holds the lead. `floor`: every new number is higher.
    `last`: by recipient, its last number. `unconfirmed`: by outbox row id, the number of what the broker may
    have or not; while a party has any, it gets no others.
    """

    leader_pid: int
    floor: int = 0
    last: dict[str, int] = field(default_factory=dict)
    unconfirmed: dict[int, int] = field(default_factory=dict)
    _given: dict[str, list[int]] = field(default_factory=dict)

    def number_for(self, row: Row) -> int:
        """Return the number a row had, or its recipient's next; an event's number is its row id."""
        if row.recipient is None:
            return row.id
        if (had := self.unconfirmed.get(row.id)) is not None:
            return had
        number = self.last[row.recipient] = max(self.last.get(row.recipient, 0), self.floor) + 1
        self.unconfirmed[row.id] = number
        self._given.setdefault(row.recipient, []).append(row.id)
        return number

    def take_back(self, row: Row) -> None:
        """Give the recipient's next message the number that this row was given just now: it is not sent."""
        recipient = row.recipient or ""
        given = self._given.get(recipient, [])
        if not given or given[-1] != row.id:
            return
        given.pop()
        del self.unconfirmed[row.id]
        self.last[recipient] -= 1
        if not given:
            del self._given[recipient]

    def confirm(self, ids: Iterable[int]) -> None:
        """Forget the numbers of rows that the broker has for certain, or that were deleted unsent."""
        for row_id in ids:
            self.unconfirmed.pop(row_id, None)

    async def persist(self, engine: AsyncEngine) -> None:
        """Commit the numbers given since; raise `LeadershipLost` unless the leading session has its lock."""
        given, self._given = self._given, {}
        async with engine.begin() as connection:
            found = await fetch(
                connection,
                _PERSIST,
                recipients=list(given),
                lasts=[self.last[recipient] for recipient in given],
                givens=["{" + ",".join(map(str, ids)) + "}" for ids in given.values()],
                lock=int(LeaderLock.RELAY),
                leader=self.leader_pid,
            )
        if not found[0].leads:
            raise LeadershipLost


async def load_sequences(leader: AsyncConnection) -> SequenceAllocator:
    """Load the stored numbers; those given last are unconfirmed until their rows have been looked for."""
    (session,) = await fetch(leader, _BACKEND_PID)
    numbers = SequenceAllocator(session.number)
    for row in await fetch(leader, _LOAD):
        if row.recipient == _ALL_RECIPIENTS:
            numbers.floor = row.last
            continue
        numbers.last[row.recipient] = row.last
        numbers.unconfirmed |= {row_id: row.last - n for n, row_id in enumerate(reversed(row.given))}
    return numbers


async def raise_sequences(engine: AsyncEngine, instant: datetime) -> bool:
    """Raise all numbers of a database from a backup above any that it gave since the backup.

    Whoever had those drops what is not higher (F23). Microseconds since 1970: no service ever sent so much.
    Returns False, and changes nothing, while a relay is at work on it.
    """
    number = round(instant.timestamp() * _MICROSECONDS)
    async with acquire_leadership(engine, LeaderLock.RELAY) as leader:
        if leader is None:
            return False
        async with leader.begin():
            await run(leader, _RAISE, number=number, everybody=_ALL_RECIPIENTS)
    return True


async def restored_at(connection: AsyncConnection) -> datetime | None:
    """Return when this database last came back from a backup, if it ever did (machine time)."""
    rows = await fetch(connection, _RAISED, everybody=_ALL_RECIPIENTS)
    return datetime.fromtimestamp(rows[0].last / _MICROSECONDS, UTC) if rows else None
