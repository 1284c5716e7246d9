"""On the running house: a query is clarified and extended, and secrecy is lifted (R30, R31)."""

from datetime import timedelta
from typing import Any

from shared.contract.messages.triage import (
    QueryAnswered,
    QueryClarificationAsked,
    QueryClarified,
    QueryExtended,
    QueryExtensionAsked,
    QueryExtensionRefused,
    SecrecyCleared,
)
from tests.story import cast
from tests.story.world import World
from tests.system.flows.cases import asked, taken_up


async def test_a_partners_connector_asks_back_and_releases_what_it_holds(founded: World) -> None:
    case = await taken_up(founded)
    police = founded.party(cast.POLICE)
    director = founded.people("process-director-a", cast.REFERRER)
    query = (await asked(founded, case, cast.POLICE)).query_id
    path, until = f"/cases/{case}/queries/{query}", founded.now + timedelta(days=14)

    await police.send(QueryClarificationAsked(query_id=query, question="Welke periode?"), case=case)
    waits = await director.see_until("triage", "/overdue", lambda seen: bool(_of(seen, case)))
    assert _of(waits, case)["to_decide"] == 1
    await director.do("triage", f"{path}/clarifications", {"clarification": "Het laatste jaar."})
    told = await police.gets(QueryClarified, case=case)
    assert (told.clarification, told.on_behalf_of) == ("Het laatste jaar.", cast.REFERRER)

    for granted in (False, True):
        ask = QueryExtensionAsked(query_id=query, reply_before=until, reason="Vakantie.")
        await police.send(ask, case=case)
        decision = {"granted": granted, "reason": "Zo is het besloten."}
        await director.do("triage", f"{path}/extension-decisions", decision)
    assert (await police.gets(QueryExtensionRefused, case=case)).reason == "Zo is het besloten."
    assert (await police.gets(QueryExtended, case=case)).reply_before == until

    item = cast.item("Onder geheimhouding.", "eenheidsleiding")
    answer = QueryAnswered(query_id=query, involved=True, items=(item,), under_secrecy=(item.item_id,))
    await police.send(answer, case=case)
    assert item.item_id not in str(await director.see("triage", f"/cases/{case}"))
    await police.send(SecrecyCleared(items=(item.item_id,), with_consent=True), case=case)
    seen = await director.see("triage", f"/cases/{case}")
    assert "Onder geheimhouding." in {one["content"] for one in seen["items"]}
    refusal = await founded.party(cast.MENTAL_HEALTH).try_to_send(
        SecrecyCleared(items=(item.item_id,)), case=case
    )
    assert refusal.name == "UnknownCase", "a stranger learns nothing (R34)"


def _of(seen: dict[str, list[dict[str, Any]]], case: str) -> dict[str, Any]:
    """The case in a list of what waits; empty where it is not there."""
    return next((one for one in seen["cases"] if one["case_id"] == case), {})
