"""Bring a case to each phase in which somebody can look at what a party gave: the shortest way to it."""

from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from pydantic_core import from_json

from shared.contract.fields import PersonRole
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ReferralReceived
from shared.contract.messages.rto import InvitationAccepted, RtoConvened
from shared.contract.messages.triage import QueryAnswered, QueryIssued
from shared.ids import new_id
from tests.story import cast, clock
from tests.system.faults.load import BODY, NAME, TEXT, Case, Scene, act, ask, taken_up

AT_THE_TABLE = (cast.REFERRER, cast.POLICE)


async def at_intake(scene: Scene) -> Case:
    """Refer a case with one item, which intake shows."""
    man, item = cast.person(NAME, PersonRole.SUBJECT, "1990-01-01"), cast.item(TEXT, "college")
    referral, partner = cast.referral((man,), (item,)), scene.partner(cast.REFERRER)
    assert isinstance(await partner.ask(referral), MessageAccepted)
    received = await partner.gets(ReferralReceived, where=lambda m: m.referral_id == referral.referral_id)
    items = {item.item_id: cast.REFERRER}
    return Case(cast.REFERRER, received.case_id, referral.referral_id, man.person_id, items)


async def at_triage(scene: Scene) -> Case:
    """Let the police answer a query with one item, which triage shows."""
    case, police = await taken_up(scene), scene.partner(cast.POLICE)
    await ask(scene, case, cast.POLICE)
    query = await police.gets(QueryIssued, case.id)
    item = cast.item(TEXT, BODY[cast.POLICE], shareable_at_rto=True)
    answer = QueryAnswered(query_id=query.query_id, involved=True, items=(item,))
    assert isinstance(await police.ask(answer, case=case.id), MessageAccepted)
    case.items[item.item_id] = cast.POLICE
    return case


async def at_retention(scene: Scene) -> Case:
    """De-escalate at the first round table, so that retention shows what the table saw."""
    case, rto = await at_triage(scene), new_id()
    director, path = scene.director(), f"/cases/{case.id}"
    concluded = {"outcome": "rto-needed", "picture": cast.picture(cast.POLICE)}
    await act(director, "triage", f"{path}/conclusion", concluded)
    await act(director, "triage", f"{path}/preparation", _preparation(case))
    on = clock.covenant_now(scene.rig.house.layout.clock_file) + timedelta(days=3)
    meeting = {"rto_id": rto, "on": on.isoformat(), "place": "Zaal 1, Venlo"}
    await act(director, "rto", f"{path}/rtos", meeting)
    for party in AT_THE_TABLE:
        await scene.partner(party).gets(RtoConvened, case.id)
        delegate = await _subject(scene, party)
        accepted = InvitationAccepted(rto_id=rto, delegate=delegate, mandate=True)
        assert isinstance(await scene.partner(party).ask(accepted, case=case.id), MessageAccepted)
    await act(director, "rto", f"{path}/plan", _plan())
    await act(director, "rto", f"{path}/rtos/{rto}/conclusion", {"outcome": "deescalate", "ave_level": 1})
    await director.see_until("retention", path, within=60)
    return case


def _preparation(case: Case) -> dict[str, Any]:
    def participant(party: str) -> dict[str, Any]:
        return {"party": party, "role": "executor", "contribution": "Toelichting op de eigen inzet."}

    return {
        "goal": "Een gezamenlijk plan.",
        "decision_types": ["plan-of-action"],
        "themes": ["housing"],
        "participants": [participant(party) for party in AT_THE_TABLE],
        "viewing_plan": [
            {"item_id": item, "participant": cast.REFERRER, "reason": "Nodig voor de rol aan tafel."}
            for item in case.items
        ],
        "citizen": "informed-afterwards",
        "care_agreements": "Niemand neemt gegevens van een ander mee zonder akkoord.",
        "care_subjects": ["purpose-and-use", "keeping-and-destroying", "taking-along-with-consent-only"],
        "consulted_leading_party": True,
    }


def _plan() -> dict[str, Any]:
    return {
        "agreements": "Wekelijks contact.",
        "ave_level": 1,
        "actions": [],
        "parts": [{"party": party, "role": "Rol.", "information_need": "Geen."} for party in AT_THE_TABLE],
    }


async def _subject(scene: Scene, party: str) -> str:
    """Return the `sub` of the party's worker, by which it names its delegate."""
    claims = (await scene.people(f"worker-{party}").token()).split(".")[1]
    return str(from_json(urlsafe_b64decode(claims + "=="))["sub"])


# Of each service that shows items to others than who gave them, the way to a case that it shows one of.
SHOWING: dict[str, Callable[[Scene], Awaitable[Case]]] = {
    "intake": at_intake,
    "triage": at_triage,
    "retention": at_retention,
}
