"""Play chapter 6: the round table is convened, and each delegate sees what it may, and no more."""

import asyncio
from datetime import timedelta
from typing import Any

from shared.contract.messages.rto import InvitationAccepted, RtoConvened
from shared.ids import new_id
from tests.story import cast
from tests.story.triage import OF_THE_POLICE
from tests.story.world import World

SEEN = "seen"
# Per participant: what becomes of its look at each of the six items, and if nothing, under which rule.
WHAT_EACH_SEES = {
    cast.REFERRER: {"report": SEEN, "free": SEEN, **dict.fromkeys(("withheld", "special", "rent"), "R42")}
    | {"unreleased": "R42"},
    cast.POLICE: {**dict.fromkeys(OF_THE_POLICE, SEEN), "report": "R42", "rent": "R42"},
    cast.MENTAL_HEALTH: {**dict.fromkeys(("free", "withheld", "special", "rent"), SEEN), "report": "R42"}
    | {"unreleased": "R65"},
    cast.HOUSING: {"free": SEEN, "rent": SEEN, "report": "R42"}
    | {"withheld": "R62", "special": "R49", "unreleased": "R65"},
}


async def convene(world: World) -> None:
    """Play R42, R45, R49, R58 to R62, R65."""
    world.telling.begin("6. The round table")
    await _invite(world)
    early, path = world.worker(cast.MENTAL_HEALTH), f"/cases/{world.case}"
    await world.not_shown("rto", path, early, who_is=", whose party has not accepted yet,")
    await _refused_acceptances(world)
    await all_accept(world, world.rto)
    (meeting,) = (await world.worker(cast.POLICE).see("rto", path))["rtos"]
    world.telling.check(
        {seat["party"]: seat["answer"] for seat in meeting["participants"]}
        == dict.fromkeys(cast.AT_THE_TABLE, "accepted"),
        "all four accept, each naming a delegate with a mandate (R59)",
    )
    await _look(world)
    await world.refused_in_the_end()


# --- who comes -------------------------------------------------------------------------------------------


def meeting(world: World, rto: str) -> dict[str, Any]:
    """Build the invitation: when and where; who, and what for, stands in the preparation."""
    on = (world.now + timedelta(days=3)).isoformat()
    return {"rto_id": rto, "on": on, "place": world.text("Zaal 1, Venlo")}


async def _invite(world: World) -> None:
    world.rto, before = new_id(), await world.inboxes()
    invitation = meeting(world, world.rto)
    await world.director.do_when_possible("rto", f"/cases/{world.case}/rtos", invitation)
    roles = [await _invitation(world, party, invitation) for party in cast.AT_THE_TABLE]
    world.telling.check(
        roles == ["executor", "informant", "executor", "executor"]
        and await world.sent_only_to(*cast.AT_THE_TABLE, since=before),
        "four participants are invited, and nobody else: to date, place and role, with nothing of the case; "
        "a worker of the corporation, which has no connector, reads its invitation over HTTP (R45)",
    )


async def _invitation(world: World, name: str, invitation: dict[str, Any]) -> str:
    """Return the role in this party's invitation, in which nothing leads to the case."""
    received = await _read_invitation(world, name)
    said = received.model_dump_json()
    told = [known for known in world.names_of_the_case - {world.rto} if known in said]
    world.telling.must(
        not told and (received.place, received.on.isoformat()) == (invitation["place"], invitation["on"]),
        f"the invitation of {name} holds date and place, and nothing of the case",
    )
    return received.role.value


async def _read_invitation(world: World, name: str) -> RtoConvened:
    """Return the invitation as the party received it, or as its worker sees it without a connector."""
    if name in world.parties:
        party = world.party(name)
        return await party.gets(RtoConvened, case=world.case, where=lambda m: m.rto_id == world.rto)
    found = await world.worker(name).see_until("rto", "/invitations", lambda page: page["invitations"])
    (shown,) = found["invitations"]
    world.telling.must(shown.pop("case_id") == world.case, f"the invitation of {name} says to which case")
    return RtoConvened.model_validate(shown)


async def _refused_acceptances(world: World) -> None:
    """Play R59, and R34 for who is not invited: over HTTP at once, on its topic after deferral."""
    no_mandate = InvitationAccepted(rto_id=world.rto, delegate="somebody", mandate=False)
    refusal = await world.party(cast.POLICE).try_to_send(no_mandate, case=world.case)
    world.telling.refused("a delegate without a mandate to decide", refusal, "R59")
    absent = await _acceptance(world, cast.PROBATION, world.rto)
    path = f"/cases/{world.case}/rtos/{world.rto}/acceptance"
    by_hand = await world.worker(cast.PROBATION).try_to_do("rto", path, _body(absent))
    world.telling.refused("a delegate named over HTTP by a party that is not there", by_hand, "R34")
    world.refused_later(
        "a delegate named by a party that is not there, on its own topic",
        "R34",
        world.party(cast.PROBATION).try_to_send(absent, case=world.case),
    )


async def all_accept(world: World, rto: str) -> None:
    """Let each of the four name its worker; who has no connector does so over HTTP."""
    await asyncio.gather(*(_accept(world, name, rto) for name in cast.AT_THE_TABLE))


async def _accept(world: World, name: str, rto: str) -> None:
    accepted = await _acceptance(world, name, rto)
    if name in world.parties:
        await world.party(name).send(accepted, case=world.case)
        return
    await world.worker(name).do("rto", f"/cases/{world.case}/rtos/{rto}/acceptance", _body(accepted))


async def _acceptance(world: World, name: str, rto: str) -> InvitationAccepted:
    delegate = await world.subject_of(f"worker-{name}")
    return InvitationAccepted(rto_id=rto, delegate=delegate, mandate=True)


def _body(accepted: InvitationAccepted) -> dict[str, Any]:
    return accepted.model_dump(mode="json", exclude={"rto_id"})


# --- who sees what ---------------------------------------------------------------------------------------


async def sees(world: World, *parties: str) -> list[set[str]]:
    """Return for each of these delegates the items it sees, by their short names where known."""
    by_id = {item: name for name, item in world.items.items()}
    path = f"/cases/{world.case}"
    found = await asyncio.gather(*(world.worker(party).see("rto", path) for party in parties))
    return [{by_id.get(item["item_id"], item["item_id"]) for item in one["items"]} for one in found]


async def _look(world: World) -> None:
    after = (await _log(world))[-1]["entry"]
    for party, seen in zip(WHAT_EACH_SEES, await sees(world, *WHAT_EACH_SEES), strict=True):
        expected = {item for item, became in WHAT_EACH_SEES[party].items() if became == SEEN}
        world.telling.check(
            seen == expected, f"{party} sees {', '.join(sorted(seen))}, and nothing else (R61, R62, R49)"
        )
    await _addresses(world)
    path, outsiders = f"/cases/{world.case}", (f"worker-{cast.POLICE}-2", f"worker-{cast.PROBATION}")
    another, absent = map(world.people, outsiders)
    await world.not_shown("rto", path, another, who_is=", who is not the delegate of the police,")
    await world.not_shown("rto", path, absent, who_is=", whose party is not there,")
    log = await _log(world, after)
    await _every_item_is_logged(world, log)
    await _every_refused_look_is_logged(world, log, outsiders)


async def _addresses(world: World) -> None:
    path, told = f"/cases/{world.case}", set[str]()
    for party in cast.AT_THE_TABLE:
        persons = (await world.worker(party).see("rto", path))["persons"]
        told |= {party} if all(one["address"] for one in persons) else set()
    world.telling.check(
        told == {cast.REFERRER, cast.MENTAL_HEALTH},
        "addresses are shown to who referred the case and to the one participant that needs them: for house "
        "calls (R61)",
    )


async def _log(world: World, after: int = 0) -> list[dict[str, Any]]:
    path = f"/cases/{world.case}/access-log?after={after}"
    entries: list[dict[str, Any]] = (await world.people("privacy-officer-a").see("rto", path))["entries"]
    return entries


async def _every_item_is_logged(world: World, log: list[dict[str, Any]]) -> None:
    """Check the access log: each delegate, each item, shown or under which rule not."""
    by_id = {f"item/{item}": name for name, item in world.items.items()}
    delegates = {await world.subject_of(f"worker-{party}"): party for party in WHAT_EACH_SEES}
    logged = {
        (delegates[one["person"]], by_id[one["thing"]], SEEN if one["allowed"] else one["rule"])
        for one in log
        if one["thing"] in by_id and one["person"] in delegates
    }
    looked = {(party, *look) for party, looks in WHAT_EACH_SEES.items() for look in looks.items()}
    world.telling.check(
        logged == looked,
        "each look stands in the access log: four delegates, six items each, shown or under which rule not "
        "(viewing plan R42, contributor's release R65, its reservation R62, processing test R49)",
    )


async def _every_refused_look_is_logged(
    world: World, log: list[dict[str, Any]], usernames: tuple[str, ...]
) -> None:
    expected = {await world.subject_of(username) for username in usernames}
    refused = {one["person"] for one in log if one["thing"] == "case" and not one["allowed"]}
    world.telling.check(refused == expected, "and so do the two that were refused (R129)")
