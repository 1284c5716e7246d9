"""What comes too early, and what came in time, in many cases at once (F20, F21)."""

import asyncio
from datetime import timedelta

from shared.contract.fields import PersonRole
from shared.contract.messages.governance import AuthorisationGranted
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ReferralReceived
from shared.contract.messages.triage import QueryAnswered, QueryIssued, QueryLapsed, QueryReminded
from shared.contract.parties import Scope
from shared.ids import new_id
from tests.story import cast, clock
from tests.system.faults.load import Case, Scene, act, ask, taken_up
from tests.system.faults.rig import until
from tests.system.faults.sizes import CASES

ENOUGH = timedelta(seconds=20)  # to send the answers of all cases


async def test_after_an_outage_longer_than_a_term_what_came_in_time_counts_f20(scene: Scene) -> None:
    """R31: in each case one party answers while triage is away, the other never does; the term passes."""
    file, police = scene.rig.house.layout.clock_file, scene.partner(cast.POLICE)
    care = scene.partner(cast.MENTAL_HEALTH)
    cases = await asyncio.gather(*(asked_twice(scene) for _ in range(CASES)))
    queries = [await police.gets(QueryIssued, case.id) for case in cases]
    clock.move_to(file, max(query.reply_before for query in queries) + timedelta(minutes=1))
    ends = [
        (await partner.gets(QueryReminded, case.id)).reply_before
        for case in cases
        for partner in (police, care)
    ]
    await scene.rig.drained()

    clock.move_to(file, min(ends) - ENOUGH)
    await scene.rig.kill("triage")
    answers = [QueryAnswered(query_id=query.query_id, involved=True, items=()) for query in queries]
    sent = await asyncio.gather(
        *(police.send(answer, case=case.id) for case, answer in zip(cases, answers, strict=True))
    )
    assert clock.covenant_now(file) < min(ends)
    await until("the terms to have passed", lambda: clock.covenant_now(file) > max(ends))
    await scene.rig.start("triage")

    told = [await police.connector.answer(message, within=60) for message in sent]
    assert [type(answer) for answer in told] == [MessageAccepted] * CASES
    for case in cases:
        await care.gets(QueryLapsed, case.id)
        assert not police.of(QueryLapsed, case.id)


async def asked_twice(scene: Scene) -> Case:
    case = await taken_up(scene)
    for party in (cast.POLICE, cast.MENTAL_HEALTH):
        await ask(scene, case, party)
    return case


async def test_referrals_that_overtake_their_authorisation_are_accepted_when_it_comes_f21(
    scene: Scene,
) -> None:
    """R2: of a party that has authorised nobody yet."""
    party = scene.partner(cast.STRANGER)
    men = [cast.person("Persoon K", PersonRole.SUBJECT, "1990-01-01") for _ in range(CASES)]
    referrals = [cast.referral((man,), ()) for man in men]
    sent = await asyncio.gather(*(party.send(referral) for referral in referrals))
    await until("intake to have them wait", lambda: scene.rig.left().get("held of intake") == CASES)
    authorisation = AuthorisationGranted(
        authorisation_id=new_id(), acting_body="college", scopes=tuple(Scope)
    )
    assert isinstance(await party.ask(authorisation), MessageAccepted)
    path = f"/parties/{party.id}/authorisations/{authorisation.authorisation_id}/acceptance"
    director = scene.people("process-director-a")
    await act(director, "governance", path, {"processor_agreement": True})
    told = [await party.connector.answer(message, within=60) for message in sent]
    assert [type(answer) for answer in told] == [MessageAccepted] * CASES
    await until("a case of each", lambda: len(party.of(ReferralReceived)) >= CASES)
    received = [message.referral_id for message in party.of(ReferralReceived)]
    assert sorted(received) == sorted(referral.referral_id for referral in referrals)
