"""Write the access log: who was shown what, or denied it, under which rule and on which basis (R68, R129).

It is insert-only and holds no text: on whose behalf somebody looked is stored only if that is a party.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import machine_now
from shared.core.viewing import Allowed, Provenance, Verdict, Viewer
from shared.storage import log_seals
from shared.storage.database import fetch, run

NOTHING_KNOWN = Provenance()
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
