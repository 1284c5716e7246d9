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
    SELECT :at, new.case_id, :role, :person, :party, (SELECT party FROM parties WHERE party = :for_whom),
           new.thing, new.allowed, new.rule, new.giver
    FROM unnest(CAST(:cases AS text[]), CAST(:things AS text[]), CAST(:allowed AS boolean[]),
                CAST(:rules AS text[]), CAST(:givers AS text[])) AS new (case_id, thing, allowed, rule, giver)
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


async def write(connection: AsyncConnection, viewer: Viewer, decided: Sequence[Decided]) -> None:
    """Write all decisions of one reading, of however many cases, in one statement."""
    await run(
        connection,
        _WRITE,
        at=machine_now(),
        role=str(viewer.role),
        person=viewer.person,
        party=viewer.party,
        for_whom=viewer.on_behalf_of,
        cases=[NOWHERE if one.case_id is None else one.case_id for one in decided],
        things=[one.label for one in decided],
        allowed=[isinstance(one.verdict, Allowed) for one in decided],
        rules=[one.verdict.rule for one in decided],
        givers=[one.verdict.on_behalf_of if isinstance(one.verdict, Allowed) else None for one in decided],
    )
