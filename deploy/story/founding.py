"""Chapter 1: thirty signatories become party, announce their keys and authorise the process directors."""

import asyncio
from datetime import date, timedelta
from typing import Any

from deploy.local.parties import Party as Signatory
from deploy.local.parties import parties_of
from deploy.story import cast
from deploy.story.cast import CONNECTED, SECOND_REFERRER, STRANGER
from deploy.story.party import Party
from deploy.story.world import World
from shared.connector import from_house_file
from shared.ids import new_id
from shared.jose import load_key, public_jwk
from shared.messages.governance import AuthorisationGranted, MembershipChanged, PublicKeyAnnounced
from shared.parties import KeyUse, Scope
from shared.words import PersonRole

SIGNED_ON = date(2021, 9, 8)


async def found(world: World) -> None:
    """R109, R110, R122."""
    world.telling.begin("1. The parties")
    signatories = parties_of(world.house["house"])
    stranger = world.people(f"worker-{STRANGER}")
    man = cast.person("Persoon Y", PersonRole.SUBJECT, "1970-01-01")
    referral = cast.referral((man,), ()).model_dump(mode="json")
    world.refused(
        "a referral by an organisation that has not signed",
        await stranger.post("intake", "/referrals", referral),
        "R1",
    )
    unsigned = _form(world, signatories[0])
    unsigned["form"] = {**unsigned["form"], "chair_signed_on": None}
    answer = await world.people("secretary-a").post("governance", "/signatories", unsigned)
    world.refused("a signatory whose form the chair has not signed", answer, "R109")
    await record(world, signatories)
    await announce_keys(world, [s.id for s in signatories])
    for party in CONNECTED:
        if party not in (STRANGER, SECOND_REFERRER):
            await authorise(world, party)
    world.telling.tell(
        f"{len(CONNECTED) - 2} parties authorise the process directors; they accept in writing (R122)"
    )


async def record(world: World, signatories: list[Signatory]) -> None:
    """The secretary registers every signed form (R109, R110)."""
    secretary = world.people("secretary-a")
    for signatory in signatories:
        await secretary.do("governance", "/signatories", _form(world, signatory))
    found = await secretary.see("governance", "/parties")
    members = [party for party in found if party["member_from"]]
    world.telling.check(len(members) == 30, "30 signatories are party to the covenant (R109)")


def _form(world: World, signatory: Signatory) -> dict[str, Any]:
    key = load_key(world.house["parties"][signatory.id]["signing_key"])
    jwk = public_jwk(key, KeyUse.SIGNING)
    return {
        "party": signatory.id,
        "kind": signatory.kind,
        "acting_bodies": list(signatory.acting_bodies),
        "source": signatory.source,
        "may_use_bsn": signatory.may_use_bsn,
        "member_from": (world.now - timedelta(days=30)).isoformat(),
        "signing_key": {"kid": jwk["kid"], "jwk": {n: jwk[n] for n in ("kty", "crv", "x", "y")}},
        "form": {
            "name": signatory.name,
            "seat": signatory.seat or signatory.name,
            "office": signatory.office or "Hoofdkantoor",
            "officer_function": "bestuurder",
            "endorses_goals": True,
            "undertakes_to_comply": True,
            "entitled_to_exchange": True,
            "place": "Venlo",
            "organisation_signed_on": SIGNED_ON.isoformat(),
            "chair_signed_on": SIGNED_ON.isoformat(),
        },
    }


async def announce_keys(world: World, parties: list[str]) -> None:
    """Each party announces the key its letters are to be sealed to, signed with the key of its form."""
    gate = asyncio.Semaphore(6)

    async def announce(name: str) -> None:
        async with gate:
            if name in world.parties:
                await _announce(world.party(name))
                return
            async with Party(name, world.house, world.telling) as party:
                await _announce(party)

    await asyncio.gather(*(announce(name) for name in parties))
    world.telling.tell(f"{len(parties)} parties have announced a public key; each answer came sealed to it")
    await world.party(CONNECTED[0]).gets(MembershipChanged)
    world.telling.tell("and each hears since when it is a party (R109)")


async def _announce(party: Party) -> None:
    jwk = public_jwk(from_house_file(party.house, party.id).sealing_key, KeyUse.SEALING)
    public = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
    await party.send(PublicKeyAnnounced(kid=jwk["kid"], use=KeyUse.SEALING, jwk=public))


async def authorise(world: World, party: str, scopes: tuple[Scope, ...] = tuple(Scope)) -> None:
    """One party's authorisation, accepted in writing by a process director."""
    await accept(world, party, await grant(world, party, scopes))


async def grant(world: World, party: str, scopes: tuple[Scope, ...] = tuple(Scope)) -> str:
    """The party grants; nothing is in force before the acceptance."""
    bodies = {p.id: p.acting_bodies for p in parties_of(world.house["house"])}
    authorisation = new_id()
    await world.party(party).send(
        AuthorisationGranted(authorisation_id=authorisation, acting_body=bodies[party][0], scopes=scopes)
    )
    return authorisation


async def accept(world: World, party: str, authorisation: str) -> None:
    """A process director accepts in writing (R123)."""
    await world.people("process-director-a").do(
        "governance",
        f"/parties/{party}/authorisations/{authorisation}/acceptance",
        {"processor_agreement": True},
    )
