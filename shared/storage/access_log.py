"""Write the access log: who was shown what, or denied it, under which rule (R68, R129).

It is insert-only and holds no text: on whose behalf somebody looked is stored only if that is a party.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import machine_now
from shared.core.viewing import Allowed, Verdict, Viewer
from shared.storage.database import run

NOWHERE = "nowhere"  # stored where there is no such case: reading nothing is logged too

_WRITE = sa.text(
    """
    INSERT INTO access_log (at, case_id, role, person, party, viewed_on_behalf_of, thing, allowed, rule,
                            given_on_behalf_of)
    SELECT :at, :case_id, :role, :person, :party, (SELECT party FROM parties WHERE party = :for_whom),
           new.thing, new.allowed, new.rule, new.giver
    FROM unnest(CAST(:things AS text[]), CAST(:allowed AS boolean[]), CAST(:rules AS text[]),
                CAST(:givers AS text[])) AS new (thing, allowed, rule, giver)
    """
)


class Decided(NamedTuple):
    """Hold one decision on viewing; `label` is ids and words, never a text."""

    label: str
    thing: Any
    verdict: Verdict


async def write(
    connection: AsyncConnection, viewer: Viewer, case_id: str | None, decided: Sequence[Decided]
) -> None:
    """Write all decisions of one reading in one statement; `case_id` is None for a case that is not here."""
    await run(
        connection,
        _WRITE,
        at=machine_now(),
        case_id=NOWHERE if case_id is None else case_id,
        role=str(viewer.role),
        person=viewer.person,
        party=viewer.party,
        for_whom=viewer.on_behalf_of,
        things=[one.label for one in decided],
        allowed=[isinstance(one.verdict, Allowed) for one in decided],
        rules=[one.verdict.rule for one in decided],
        givers=[one.verdict.on_behalf_of if isinstance(one.verdict, Allowed) else None for one in decided],
    )
