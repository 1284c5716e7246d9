"""Somebody with the database in hand moves what is sealed: it opens nowhere else (T6)."""

from dataclasses import replace

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from tests.story import cast
from tests.story.world import World
from tests.system.flows.cases import referred

NAME = "Persoon G"


async def test_a_piece_of_one_case_shows_nothing_in_another_t6(founded: World, house: House) -> None:
    """The name of one case's person in the place of another's: the case is not shown, nor is the name."""
    mine, other = await referred(founded), await referred(founded)
    director = founded.people("process-director-a", cast.REFERRER)
    assert NAME in str(await director.see("intake", f"/cases/{other}"))
    intake = Database(**house.env["admin"]["databases"]["intake"])
    of_mine = f"SELECT box FROM pieces WHERE case_id = '{mine}' ORDER BY piece LIMIT 1"  # noqa: S608 - ours
    run_sql(intake, f"UPDATE pieces SET box = ({of_mine}) WHERE case_id = '{other}'")  # noqa: S608 - ours
    response = await replace(director, patience=0).get("intake", f"/cases/{other}")
    assert response.status_code == 500
    assert NAME not in response.text
    assert NAME in str(await director.see("intake", f"/cases/{mine}"))
