"""With 300,000 cases no list and no look takes 1.5 times as long as with a hundred."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.local.postgres import Postgres
from services.governance.handlers import membership_id
from services.retention.proofs import ChainedProof, Ending, chained
from services.triage.api import PAGE
from shared.storage.database import copy
from tests.integration.governance import test_api as of_governance
from tests.integration.governance.test_api import http as governance
from tests.integration.intake import test_api as of_intake
from tests.integration.intake.test_api import office as intake
from tests.integration.retention import test_api as of_retention
from tests.integration.retention.test_api import http as retention
from tests.integration.rto import test_api as of_rto
from tests.integration.rto.test_api import http as rto
from tests.integration.triage import test_api as of_triage
from tests.integration.triage.test_api import office as triage
from tests.integration.triage.test_pages import waiting_for_police
from tests.support.samples import governance as governance_samples
from tests.support.samples import intake as intake_samples
from tests.support.samples import retention as retention_samples
from tests.support.samples import rto as rto_samples
from tests.support.samples import triage as triage_samples
from tests.system.scale.growing import MANY, Ask, Growth, grown, too_slow

__all__ = ["governance", "intake", "retention", "rto", "triage"]
_ORDERED = sa.text(
    "INSERT INTO cases (case_id, phase, version, state) VALUES (:case, 'erasing', 1, CAST(:state AS json))"
)
SAID = ("proof_id", "month", "theme", "ending", "confirmed_by", "backups_lapse_in")
ERASING = '{"phase": "erasing", "ordered_at": "2027-03-01T00:00:00Z"}'


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def compared(growth: Growth, *asks: Ask) -> list[str]:
    return list(too_slow({ask.path: await growth.times(ask) for ask in asks}))


async def test_intake_is_as_fast_among_300_000_cases(
    intake: of_intake.Office, postgres: Postgres, stack: AsyncExitStack
) -> None:
    case = intake_samples.CASE
    growth = await grown(stack, postgres, intake.client, intake.engine, case)
    intake.signed_in.append(of_intake.DIRECTOR)
    assert await compared(growth, Ask(f"/cases/{case}", {"on-behalf-of": intake_samples.VENLO})) == []


async def test_triage_is_as_fast_among_300_000_cases(
    triage: of_triage.Office, postgres: Postgres, stack: AsyncExitStack
) -> None:
    """All queries wait for the same party: the first page of its list is of real ones."""
    await waiting_for_police(triage.engine, PAGE)
    await of_triage.ask(triage, triage_samples.POLICE)
    case = triage_samples.CASE
    growth = await grown(stack, postgres, triage.client, triage.engine, case)
    police = triage.worker(triage_samples.POLICE)
    police.become(police.identity)
    assert await compared(growth, Ask("/queries", {}), Ask(f"/cases/{case}", {})) == []


async def test_the_round_table_is_as_fast_among_300_000_cases(
    rto: of_rto.Http, postgres: Postgres, stack: AsyncExitStack
) -> None:
    """Every case is convened, and the same parties are invited to all of them."""
    case = rto_samples.CASE
    assert (await rto.direct("rtos", of_rto.MEETING)).status_code == 200
    growth = await grown(stack, postgres, rto._client, rto.engine, case)
    police = await rto._headers(rto_samples.POLICE, None)
    assert (await rto._client.get("/invitations", headers=police)).json()["invitations"] != []
    asks = (
        Ask("/invitations", police),
        Ask(f"/cases/{case}", await rto._headers(of_rto.DIRECTOR, rto_samples.VENLO)),
        Ask(f"/cases/{case}/access-log", await rto._headers("officer", None)),
    )
    assert await compared(growth, *asks) == []


async def test_retention_is_as_fast_among_300_000_erasures_and_proofs(
    retention: of_retention.Http, postgres: Postgres, stack: AsyncExitStack
) -> None:
    await of_retention.step_1(retention)
    case = retention_samples.number(50)
    async with retention.engine.begin() as connection:
        await connection.execute(_ORDERED, {"case": case, "state": ERASING})
    growth = await grown(stack, postgres, retention._client, retention.engine, case)
    await prove(growth.few, 100)
    await prove(growth.many, MANY)
    manager = await retention._headers(of_retention.MANAGER, None)
    director = await retention._headers(of_retention.DIRECTOR, retention_samples.CARE)
    asks = (
        Ask("/proofs", manager),
        Ask("/proofs?after=50", manager),
        Ask("/erasures", manager),
        Ask("/figures", manager),
        Ask(of_retention.CASE, director),
    )
    assert await compared(growth, *asks) == []


async def test_governance_is_as_fast_among_300_000_memberships(
    governance: of_governance.Http, postgres: Postgres, stack: AsyncExitStack
) -> None:
    """Nobody expects so many parties; its list is none that would need to know."""
    await of_governance.member(governance)
    party = governance_samples.VENLO
    own = membership_id(of_governance.KEY, party)
    growth = await grown(stack, postgres, governance._client, governance.engine, own, renamed=party)
    worker = await governance._headers(of_governance.VENLO_WORKER)
    assert await compared(growth, Ask("/parties", worker), Ask(f"/parties/{party}", worker)) == []


async def prove(engine: AsyncEngine, count: int) -> None:
    """Put a sound chain of so many proofs into the database."""
    last: ChainedProof | None = None
    found: list[tuple[Any, ...]] = []
    for n in range(count):
        last = chained(last, retention_samples.proof(n, Ending.WITHDRAWN))
        said = (getattr(last.proof, column) for column in SAID)
        found.append((last.number, *said, last.previous, last.digest))
    async with engine.begin() as connection:
        await copy(connection, "proofs", ("number", *SAID, "previous", "digest"), found)
