"""An item over time by topics and HTTP alone: corrected, limited, withdrawn wherever it is (R66, A22)."""

from typing import Any

import pytest

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from shared.contract.messages.intake import ConsultationConfirmed
from shared.contract.messages.rto import ItemCorrected, ItemTermsChanged, ItemWithdrawn
from tests.story import cast
from tests.story.world import World
from tests.system.flows.cases import TAKEN_UP, referred
from tests.system.flows.test_items import answer, knows, police_item, query, until

SERVICES = ("intake", "triage", "rto", "retention")


def pieces(house: House, service: str, case: str) -> int:
    """How many sealed texts of the case lie in this service."""
    database = Database(**house.env["admin"]["databases"][service])
    return int(run_sql(database, f"SELECT count(*) FROM pieces WHERE case_id = '{case}'"))  # noqa: S608 - an id of ours


async def shown(world: World, service: str, case: str, holds: Any) -> list[dict[str, Any]]:
    """The items that the director is shown there, once they are as expected."""
    director = world.people("process-director-a", cast.REFERRER)
    found = await director.see_until(service, f"/cases/{case}", lambda seen: holds(seen["items"]))
    items: list[dict[str, Any]] = found["items"]
    return items


@pytest.mark.clause(
    "R66.f", allowed="Een verbetering van een antwoord uit de triage komt binnen seconden in de triage aan."
)
async def test_an_answer_is_corrected_and_the_earlier_version_is_nowhere_any_more_a22(
    founded: World, house: House
) -> None:
    given, brought = police_item(), cast.item("Aangemeld.", "college")
    case = await referred(founded, brought)
    await until(knows(house, "rto", brought))
    hidden = ItemTermsChanged(item_id=brought.item_id, hidden_from_director=True)
    await founded.party(cast.REFERRER).send(hidden, case=case)
    await shown(founded, "intake", case, lambda items: items == [])
    again = ItemTermsChanged(item_id=brought.item_id, hidden_from_director=False)
    await founded.party(cast.REFERRER).send(again, case=case)
    await shown(founded, "intake", case, lambda items: len(items) == 1)

    await founded.party(cast.REFERRER).send(ConsultationConfirmed(), case=case)
    director = founded.people("process-director-a", cast.REFERRER)
    await director.do("intake", f"/cases/{case}/screening", TAKEN_UP)
    query_id = await query(founded, case)
    await founded.party(cast.POLICE).send(answer(query_id, given), case=case)
    await until(knows(house, "rto", given))
    before = {service: pieces(house, service, case) for service in SERVICES}

    corrected = {"content": "Verbeterd.", "necessity": "Nodig."}
    await founded.party(cast.POLICE).send(ItemCorrected(item_id=given.item_id, **corrected), case=case)
    own = ItemCorrected(item_id=brought.item_id, **corrected)
    await founded.party(cast.REFERRER).send(own, case=case)
    items = await shown(founded, "triage", case, lambda items: [one["version"] for one in items] == [2, 2])
    assert [one["content"] for one in items] == ["Verbeterd."] * 2

    def in_place_of_the_earlier() -> bool:
        """Each service has as many texts as before; rto keeps the two of each item until it comes."""
        now = {service: pieces(house, service, case) for service in SERVICES}
        return now == {**before, "rto": before["rto"] + 4}

    await until(in_place_of_the_earlier)

    await founded.party(cast.POLICE).send(ItemWithdrawn(item_id=given.item_id), case=case)
    left = await shown(founded, "triage", case, lambda items: len(items) == 1)
    assert [one["item_id"] for one in left] == [brought.item_id]
    await until(lambda: pieces(house, "triage", case) == before["triage"] - 2)
    await until(lambda: pieces(house, "rto", case) == before["rto"] + 2)
    refusal = await founded.party(cast.POLICE).try_to_send(
        ItemCorrected(item_id=given.item_id, **corrected), case=case
    )
    assert (refusal.name, refusal.rule) == ("ItemIsWithdrawn", "R66")
