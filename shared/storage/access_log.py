"""Write the access log: who was shown or sent what, or denied it, under which rule and basis (R68, R129).

It is insert-only and holds no text: on whose behalf somebody looked is stored only if that is a party. A
letter stands in it when it is written, as a look does before anything is shown; one that is stopped before
it has left stands there once more, as not given.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import machine_now
from shared.core.actor import Role
from shared.core.disclosure import Disclosed
from shared.core.viewing import Allowed, Denied, Provenance, Verdict, Viewer
from shared.storage import log_seals
from shared.storage.database import fetch, run

NOTHING_KNOWN = Provenance()
NO_PERSON = ""  # a letter goes to a party
WITHDRAWN = Denied("R66", "B3-gen 2")  # the letter was called back before it had left
NOWHERE = "nowhere"  # stored where there is no such case: reading nothing is logged too

_WRITE = sa.text(
    """
    INSERT INTO access_log (at, case_id, role, person, party, viewed_on_behalf_of, thing, allowed, rule,
                            given_on_behalf_of, basis, given_by_body, viewed_for_body, seal)
    SELECT :at, new.case_id, :role, :person, :party, (SELECT party FROM parties WHERE party = :for_whom),
           new.thing, new.allowed, new.rule, new.giver, new.basis, new.given_by, new.viewed_for, new.seal
    FROM unnest(CAST(:cases AS text[]), CAST(:things AS text[]), CAST(:allowed AS boolean[]),
                CAST(:rules AS text[]), CAST(:givers AS text[]), CAST(:bases AS text[]),
                CAST(:given_by AS text[]), CAST(:viewed_for AS text[]), CAST(:seals AS bytea[]))
         AS new (case_id, thing, allowed, rule, giver, basis, given_by, viewed_for, seal)
    """
)
_LOOKS = sa.text(
    """
    SELECT entry, at, role, person, party, viewed_on_behalf_of, viewed_for_body, thing, allowed, rule,
           basis, given_on_behalf_of, given_by_body
    FROM access_log WHERE case_id = :case_id AND entry > :after ORDER BY entry LIMIT :most
    """
)


class Decided(NamedTuple):
    """Hold one decision on viewing; `label` is ids and words, never a text.

    `case_id` is None for a case that is not here.
    """

    case_id: str | None
    label: str
    thing: Any
    verdict: Verdict
    provenance: Provenance = NOTHING_KNOWN


class Look(NamedTuple):
    """Hold what of a row is sealed: not on whose behalf somebody looked, which the database finds."""

    at: datetime
    case_id: str
    role: str
    person: str
    party: str | None
    thing: str
    allowed: bool
    rule: str
    given_on_behalf_of: str | None
    basis: str | None
    given_by_body: str | None
    viewed_for_body: str | None


async def write(connection: AsyncConnection, key: bytes, viewer: Viewer, decided: Sequence[Decided]) -> None:
    """Write all decisions of one reading, of however many cases, in one statement, each sealed with `key`."""
    now = machine_now()
    looks = [_look(now, viewer, one) for one in decided]
    await run(
        connection,
        _WRITE,
        at=now,
        role=str(viewer.role),
        person=viewer.person,
        party=viewer.party,
        for_whom=viewer.on_behalf_of,
        cases=[one.case_id for one in looks],
        things=[one.thing for one in looks],
        allowed=[one.allowed for one in looks],
        rules=[one.rule for one in looks],
        givers=[one.given_on_behalf_of for one in looks],
        bases=[one.basis for one in looks],
        given_by=[one.given_by_body for one in looks],
        viewed_for=[one.viewed_for_body for one in looks],
        seals=[log_seals.seal(key, log_seals.ACCESS_LOG, one) for one in looks],
    )


async def write_sent(
    connection: AsyncConnection, key: bytes, sent: Mapping[tuple[str, str], Sequence[Disclosed]]
) -> None:
    """Write what letters disclose, by (case, recipient): who gave each thing, and on which basis (R129)."""
    for (case_id, recipient), disclosed in sorted(sent.items()):
        decided = [_sent(case_id, one) for one in disclosed]
        if decided:
            await write(connection, key, Viewer(Role.PARTY, NO_PERSON, recipient), decided)


async def write_stopped(
    connection: AsyncConnection, key: bytes, stopped: Sequence[tuple[str, str, str, Denied]]
) -> None:
    """Write that letters did not leave after all, each as (case, recipient, what it carried, why) (R129)."""
    for case_id, recipient, carried, denied in stopped:
        viewer = Viewer(Role.PARTY, NO_PERSON, recipient)
        await write(connection, key, viewer, [Decided(case_id, f"not-sent/{carried}", None, denied)])


def _sent(case_id: str, one: Disclosed) -> Decided:
    provenance = Provenance(one.basis, one.body)
    return Decided(case_id, f"sent/{one.label}", None, Allowed(one.rule, one.given_by), provenance)


def _look(now: datetime, viewer: Viewer, one: Decided) -> Look:
    return Look(
        at=now,
        case_id=NOWHERE if one.case_id is None else one.case_id,
        role=str(viewer.role),
        person=viewer.person,
        party=viewer.party,
        thing=one.label,
        allowed=isinstance(one.verdict, Allowed),
        rule=one.verdict.rule,
        given_on_behalf_of=one.verdict.on_behalf_of if isinstance(one.verdict, Allowed) else None,
        basis=one.provenance.basis,
        given_by_body=one.provenance.given_by_body,
        viewed_for_body=one.provenance.viewed_for_body,
    )


async def looks(connection: AsyncConnection, case_id: str, *, after: int, most: int) -> Sequence[sa.Row[Any]]:
    """Return decisions on looks at the case, oldest first, from the one after `after`."""
    return await fetch(connection, _LOOKS, case_id=case_id, after=after, most=most)
