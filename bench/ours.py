"""(b) Ours: triage as it is deployed, with its whole shell; only the codec can be left out, here and nowhere else."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
import typer
import uvloop

from bench.child import Began, Noting, Plain
from bench.load import Query
from shared import logs, migrate, runtime
from shared.case_keys import KeyStatus
from shared.codec import Codec, SignedAndSealed
from shared.database import connect
from shared.house_keys import HouseKeys
from shared.ids import keyed_hash
from shared.settings import Settings


class DerivedKeys:
    """A key authority in memory: the real one is asked once a minute per case, and not what is measured."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.root_key

    async def fetch(self, case_ids: list[str], *, make: bool) -> Mapping[str, tuple[KeyStatus, bytes | None]]:
        return {case: (KeyStatus.READY, keyed_hash(self._root, "bench", case)) for case in case_ids}


async def prepare(settings: Settings, queries: Sequence[Query]) -> None:
    raise NotImplementedError


async def handled(settings: Settings) -> int:
    """How many answers had their effect: noted in the inbox, and nothing refused or waiting."""
    engine = connect(settings.database_url)
    async with engine.connect() as connection:
        sql = """
            SELECT (SELECT count(*) FROM inbox) - (SELECT count(*) FROM journal WHERE rule IS NOT NULL)
                 - (SELECT count(*) FROM held)
        """
        count = int((await connection.execute(sa.text(sql))).scalar_one())
    await engine.dispose()
    return count


async def _serve(settings: Settings, began: Began, *, plain: bool) -> None:
    from services.triage.main import SERVICE

    def make_codec(keys: HouseKeys) -> Codec:
        return Noting(Plain() if plain else SignedAndSealed(keys), began)

    parts = runtime.assemble(settings, SERVICE, key_source=DerivedKeys, make_codec=make_codec)
    await runtime.serve(parts, [])


def main(
    parties: Annotated[Path, typer.Option()],
    began: Annotated[Path, typer.Option()],
    plain: Annotated[bool, typer.Option()] = False,
) -> None:
    """Until it is stopped."""
    logs.configure("triage")
    uvloop.run(_serve(Settings(), Began(began), plain=plain))


if __name__ == "__main__":
    typer.run(main)
