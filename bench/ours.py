"""Be program (b), ours: triage as it is deployed, with its whole shell.

The cryptography can be left out, here and nowhere else, of messages and of what is kept; case keys are
derived instead of fetched.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
import uvloop

from bench.child import Began, Noting, Plain, PlainKey, as_owner, read_records
from bench.load import Query
from bench.seed import open_queries
from services.triage.main import SERVICE
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import KeyStatus
from shared.crypto.codec import Codec, SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.ids import keyed_hash
from shared.runtime import assembly, migrate
from shared.runtime.settings import Settings
from shared.storage.database import connect
from shared.telemetry import logs


class DerivedKeys:
    """Derive case keys in memory: retention is asked once a minute per case, and not what is measured."""

    def __init__(self, settings: Settings, house_keys: HouseKeys) -> None:
        self._root = settings.root_key

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        return {case: (KeyStatus.READY, keyed_hash(self._root, "bench", case)) for case in case_ids}

    async def statuses(self, case_ids: list[str]) -> Mapping[str, KeyStatus]:
        return {case: status for case, (status, _) in (await self.fetch(case_ids, make=False)).items()}


async def prepare(settings: Settings, parties: Path, queries: Sequence[Query]) -> None:
    """Create triage's own tables, with the open queries in them."""
    parts = assembly.assemble(settings, SERVICE, key_source=DerivedKeys)
    owner = connect(as_owner(settings).database_url)
    await migrate.upgrade(owner, SERVICE)
    await owner.dispose()
    await open_queries(parts.transaction, parts.case_keys, read_records(parties), queries)
    await parts.close_unstarted()


_HANDLED = sa.text("SELECT count(*) FROM journal WHERE what = 'QueryAnswered'")


async def handled(settings: Settings) -> int:
    """Count the answers that had their effect."""
    engine = connect(settings.database_url)
    async with engine.connect() as connection:
        count = int((await connection.execute(_HANDLED)).scalar_one())
    await engine.dispose()
    return count


async def _serve(settings: Settings, began: Began, *, plain: bool) -> None:
    def make_codec(keys: HouseKeys) -> Codec:
        return Noting(Plain() if plain else SignedAndSealed(keys), began)

    parts = assembly.assemble(
        settings,
        SERVICE,
        key_source=DerivedKeys,
        make_codec=make_codec,
        make_case_key=PlainKey if plain else CaseKey,
    )
    await assembly.serve(parts, [])


def main(
    parties: Annotated[Path, typer.Option()],
    began: Annotated[Path, typer.Option()],
    plain: Annotated[bool, typer.Option()] = False,
) -> None:
    """Run until it is stopped."""
    logs.configure("triage")
    uvloop.run(_serve(Settings(), Began(began), plain=plain))


if __name__ == "__main__":
    typer.run(main)
