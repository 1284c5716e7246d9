"""Play chapter 1: thirty signatories become party, announce their keys and authorise the directors."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import date, timedelta
from typing import Any

from deploy.local.parties import Party as Signatory
from deploy.local.parties import parties_of
from shared.connector import from_house_file
from shared.contract.fields import PersonRole
from shared.contract.messages.governance import AuthorisationGranted, MembershipChanged, PublicKeyAnnounced
from shared.contract.parties import KeyUse, Scope
from shared.crypto.jose import load_key, public_jwk
from shared.ids import new_id
from tests.story import cast
from tests.story.cast import POLICE, SECOND_REFERRER, STRANGER
from tests.story.left import rows_of
from tests.story.party import Party
from tests.story.telling import StoryFailed
from tests.story.world import World

DECISION = "SG-2021-1"  # of the steering group, on who signs first
SIGNED_ON = date(2021, 9, 8)
WITHOUT_AUTHORISATION = (STRANGER, SECOND_REFERRER)
AT_ONCE = 8  # parties that connect at the same time
REFUSED_REFERRALS = 2  # of the stranger: one on its topic, one over HTTP


async def found(world: World) -> None:
    """Play R109, R110, R122, R123."""
    world.telling.begin("1. The parties")
    signatories = parties_of(world.house["house"])
    stranger = next(s for s in signatories if s.id == STRANGER)
    others = [s for s in signatories if s is not stranger]
    await _no_right_before_signing(world)
    await record(world, others)
    await asyncio.gather(join(world, others), _the_stranger_has_its_answer(world))
    await record(world, [stranger], "SG-2021-2")
    await join(world, [stranger])
    members = [party for party in await _register(world) if party["member_from"]]
    world.telling.check(len(members) == 30, "30 signatories are party to the covenant (R109)")
    world.telling.tell(
        "each has announced a public key, and heard in a message sealed to it since when (R109)"
    )
    await _authorisations(world, [s.id for s in signatories])


async def _no_right_before_signing(world: World) -> None:
    """Play R1, R109: what a stranger sends on its own topic is deferred, and told in chapter 2."""
    man = cast.person("Persoon Y", PersonRole.SUBJECT, "1970-01-01")
    referral = cast.referral((man,), ())
    world.refused_later(
        "the referral of a stranger, which it sent on its own topic before it had signed",
        "R1",
        world.party(STRANGER).try_to_send(referral),
    )
    over_http = await world.worker(STRANGER).try_to_do(
        "intake", "/referrals", referral.model_dump(mode="json")
    )
    world.telling.refused("a referral over HTTP by an organisation that has not signed", over_http, "R1")
    signatory = parties_of(world.house["house"])[0]
    unsigned = _form(world, signatory)
    unsigned["form"] = {**unsigned["form"], "chair_signed_on": None}
    refusal = await world.people("secretary-a").try_to_do("governance", "/signatories", unsigned)
    world.telling.refused("a signatory whose form the chair has not signed", refusal, "R109")


async def _the_stranger_has_its_answer(world: World) -> None:
    """Wait until intake has refused both referrals of the stranger: the one that was deferred too.

    The journal says so for good; that a message waits can be over before it is seen.
    """
    deadline = asyncio.get_running_loop().time() + 60
    while (await asyncio.to_thread(rows_of, world.house, "journal"))["intake"] < REFUSED_REFERRALS:
        if asyncio.get_running_loop().time() > deadline:
            raise StoryFailed("what a stranger sent was not refused")
        await asyncio.sleep(0.2)


async def _register(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await world.people("secretary-a").see("governance", "/parties"))["parties"]
    return found


# --- signing -----------------------------------------------------------------------------------------


async def acknowledge(world: World) -> None:
    """Let everybody who has an account acknowledge the duty of secrecy: before, none of them works (R126)."""
    await _all(world.people(username).token() for username in world.house["people"])


async def record(world: World, signatories: Iterable[Signatory], number: str = DECISION) -> None:
    """Register every signed form on the decision of the steering group, as the secretary (R109, R110)."""
    await acknowledge(world)
    secretary, signed = world.people("secretary-a"), list(signatories)
    await secretary.do("governance", "/decisions", _decision(number, signed))
    for signatory in signed:
        await secretary.do("governance", "/signatories", _form(world, signatory, number))


def _decision(number: str, signatories: Iterable[Signatory]) -> dict[str, Any]:
    return {
        "number": number,
        "organ": "steering-group",
        "taken_on": SIGNED_ON.isoformat(),
        "in_force_from": SIGNED_ON.isoformat(),
        "subject": {"kind": "accession", "parties": [signatory.id for signatory in signatories]},
        "votes": {"in_favour": 8},
    }


def _form(world: World, signatory: Signatory, number: str = DECISION) -> dict[str, Any]:
    key = load_key(world.house["parties"][signatory.id]["signing_key"])
    jwk = public_jwk(key, KeyUse.SIGNING)
    return {
        "party": signatory.id,
        "decision": number,
        "kind": signatory.kind,
        "acting_bodies": list(signatory.acting_bodies),
        "source": signatory.source,
        "may_use_bsn": signatory.may_use_bsn,
        "checked_for_special": signatory.checked_for_special,
        "member_from": (world.now - timedelta(days=30)).isoformat(),
        "signing_key": {"kid": jwk["kid"], "jwk": {n: jwk[n] for n in ("kty", "crv", "x", "y")}},
        "form": {
            "name": signatory.name,
            "seat": signatory.seat or signatory.name,
            "office": signatory.office or "Hoofdkantoor",
            "officer_function": "bestuurder",
            "officer_name": "Persoon B",
            "endorses_goals": True,
            "undertakes_to_comply": True,
            "entitled_to_exchange": True,
            "place": "Venlo",
            "organisation_signed_on": SIGNED_ON.isoformat(),
            "chair_signed_on": SIGNED_ON.isoformat(),
            "chair_name": "Persoon C",
        },
    }


# --- keys and authorisations -------------------------------------------------------------------------


async def join(
    world: World, signatories: Iterable[Signatory], *, without: tuple[str, ...] = WITHOUT_AUTHORISATION
) -> None:
    """Announce the key that each party's messages are sealed to; authorise the directors, where it does."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def joins(signatory: Signatory) -> None:
        async with gate, world.connected(signatory.id) as party:
            await announce(party)
            await party.gets(MembershipChanged, where=lambda m: m.member_from is not None)
            if signatory.id not in without:
                await authorise(world, party, signatory.acting_bodies[0])

    await _all(joins(signatory) for signatory in signatories)


async def announce(party: Party) -> None:
    """Announce a party's keys, signed with the key of its form."""
    jwk = public_jwk(from_house_file(party.house, party.id).sealing_key, KeyUse.SEALING)
    public = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
    await party.send(PublicKeyAnnounced(kid=jwk["kid"], use=KeyUse.SEALING, jwk=public))


async def authorise(world: World, party: Party, body: str) -> None:
    """Grant one party's authorisation, and accept it in writing as a process director."""
    await accept(world, party.id, await grant(party, body))


async def grant(party: Party, body: str) -> str:
    """Grant it as the party; nothing is in force before the acceptance."""
    authorisation = new_id()
    message = AuthorisationGranted(authorisation_id=authorisation, acting_body=body, scopes=tuple(Scope))
    await party.send(message)
    return authorisation


async def accept(world: World, party: str, authorisation: str) -> None:
    """Accept it in writing as a process director (R123)."""
    path = _acceptance(party, authorisation)
    await world.people("process-director-a").do("governance", path, {"processor_agreement": True})


def _acceptance(party: str, authorisation: str) -> str:
    return f"/parties/{party}/authorisations/{authorisation}/acceptance"


async def _authorisations(world: World, signatories: list[str]) -> None:
    """Play R122, R123."""
    director = world.people("process-director-a")
    seen = await _all(director.see("governance", f"/parties/{party}") for party in signatories)
    accepted = {
        party["party"]: [one["accepted_at"] is not None for one in party["authorisations"]] for party in seen
    }
    world.telling.check(
        all(accepted[party] == ([] if party in WITHOUT_AUTHORISATION else [True]) for party in signatories),
        f"{len(signatories) - 2} of them have registered an authorisation for the process directors, each "
        "accepted in writing (R122, R123); Venray and Beesel have not yet",
    )
    bare = await grant(world.party(POLICE), "eenheidsleiding")
    refusal = await director.try_to_do(
        "governance", _acceptance(POLICE, bare), {"processor_agreement": False}
    )
    world.telling.refused("an acceptance without a processor agreement", refusal, "R123")


async def _all(doing: Iterable[Awaitable[Any]]) -> list[Any]:
    return list(await asyncio.gather(*doing))
