"""A party that names another's case, query or referral: refused like what is not there, journalled (T3)."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from shared.clock import machine_now
from shared.connector import Answer, Connector, from_house_file
from shared.contract.fields import InformMoment, PersonRole
from shared.contract.messages import intake as i
from shared.contract.messages import known_check as k
from shared.contract.messages import retention
from shared.contract.messages import rto as r
from shared.contract.messages import triage as t
from shared.contract.messages.house import MessageRefused
from shared.contract.registry import Direction, Model, ServiceName, all_messages, of_model
from shared.ids import new_id
from tests.story import cast
from tests.story.world import World
from tests.system.flows.cases import asked, taken_up

FORGER = cast.PROBATION  # a party like any other, with no part in the case
DAY = timedelta(days=1)
PERSON = "00000000-0000-4000-8000-00000000000a"
ABOUT_NO_CASE = ("governance",)
OPENS_A_CASE = (i.ReferralSubmitted,)


def forged(query_id: str) -> list[Model]:
    """Everything a party can say about a case, with the true names of this one where there are any."""
    item, rto = cast.item("Niets.", "reclassering"), new_id()
    use: dict[str, Any] = {"item_id": item.item_id, "use": r.Use.RTO}
    return [
        i.ConsultationConfirmed(),
        i.ReferralWithdrawn(reason="Zomaar."),
        i.PersonInformed(person_id=PERSON, moment=InformMoment.TAKEN_UP),
        i.InformingPostponed(person_id=PERSON, moment=InformMoment.TAKEN_UP, reason="Later."),
        t.QueryAnswered(query_id=query_id, involved=True, items=(item,)),
        t.QueryDeclined(query_id=query_id, ground=t.DeclineGround.UNKNOWN_HERE),
        t.QueryClarificationAsked(query_id=query_id, question="Wat?"),
        t.QueryExtensionAsked(query_id=query_id, reply_before=machine_now() + DAY, reason="Druk."),
        t.SecrecyCleared(items=(item.item_id,), with_consent=True),
        r.InvitationAccepted(rto_id=rto, delegate="somebody", mandate=True),
        r.InvitationDeclined(rto_id=rto),
        r.ItemContributed(rto_id=rto, items=(item,)),
        r.ReleaseGiven(**use),
        r.ReleaseRefused(**use),
        r.ReleaseWithdrawn(item_id=item.item_id),
        r.ItemLimited(item_id=item.item_id, withheld_from=(cast.POLICE,)),
        r.ItemTermsChanged(item_id=item.item_id, shareable_at_rto=False),
        r.ItemCorrected(item_id=item.item_id, content="Anders.", necessity="Nodig."),
        r.ItemWithdrawn(item_id=item.item_id),
        r.SubjectConsentRecorded(
            consent_id=new_id(),
            person_id=PERSON,
            purpose=r.ConsentPurpose.RTO,
            given_by=r.ConsentGiver.PERSON,
            given_at=machine_now() - DAY,
        ),
        r.SubjectConsentWithdrawn(consent_id=new_id()),
        r.DirectionAccepted(case_director="Persoon D", task="Wvggz art. 2", basis="AVG art. 6"),
        r.CaseDirectorNamed(case_director="Persoon D"),
        r.DirectionDeclined(),
        r.ActionProgressed(action_id=new_id(), progress=r.ActionProgress.DONE),
        retention.ReactivationAsked(reason="Zomaar."),
        k.KnownCheckConsulted(may_be_answered=True),
    ]


def test_nothing_a_party_can_say_about_a_case_is_left_out() -> None:
    known = {entry.model for entry in all_messages() if entry.direction is Direction.FROM_PARTY}
    about_a_case = {
        model for model in known if of_model(model).service not in ABOUT_NO_CASE and model not in OPENS_A_CASE
    }
    assert {type(message) for message in forged(new_id())} == about_a_case


async def test_anothers_case_is_told_like_one_that_is_not_there_t3(founded: World, house: House) -> None:
    """R34: same name, rule and words for the true number as for an invented one; the case stays as it was."""
    case = await taken_up(founded)
    query = await asked(founded, case, cast.POLICE)
    before = state_of(house, case)
    forger = founded.party(FORGER)

    async def told(about: str, query_id: str) -> list[Answer]:
        return await asyncio.gather(*(forger.ask(message, case=about) for message in forged(query_id)))

    true, invented = await asyncio.gather(told(case, query.query_id), told(new_id(), new_id()))
    assert [words(answer) for answer in true] == [words(answer) for answer in invented]
    assert {answer.rule for answer in true if isinstance(answer, MessageRefused)} == {"R34"}
    assert state_of(house, case) == before
    counted = Counter(of_model(type(message)).service for message in forged(new_id()))
    for service in ("intake", "triage", "rto", "retention"):
        assert refusals(house, service, case) == counted[service], service


def words(answer: Answer) -> dict[str, Any]:
    """All that the party is told, except for which message."""
    assert isinstance(answer, MessageRefused)
    return answer.model_dump(exclude={"message_id"})


async def test_a_referral_with_the_id_of_anothers_is_another_case_t3(founded: World) -> None:
    """An id that somebody else gave out leads nowhere: each party's ids are its own."""
    man = cast.person("Persoon H", PersonRole.SUBJECT, "1990-01-01")
    mine = cast.referral((man,), ())
    venlo, police = founded.party(cast.REFERRER), founded.party(cast.POLICE)
    await venlo.send(mine)
    await police.send(mine.model_copy(update={"acting_body": "eenheidsleiding"}))
    cases = [
        (await party.gets(i.ReferralReceived, where=lambda m: m.referral_id == mine.referral_id)).case_id
        for party in (venlo, police)
    ]
    assert len(set(cases)) == 2
    answer = await police.ask(i.ConsultationConfirmed(), case=cases[0])
    assert isinstance(answer, MessageRefused)
    assert answer.rule == "R34"


@pytest.mark.parametrize("service", ["intake", "triage", "rto"])
async def test_a_source_of_another_party_is_refused_although_the_signature_is_ones_own_t3(
    founded: World, service: ServiceName
) -> None:
    """The topic says who speaks; what the envelope says besides must agree with it."""
    lying = replace(
        from_house_file(founded.house, cast.HOUSING),
        source=founded.house["parties"][cast.POLICE]["source"],
    )
    message = next(m for m in forged(new_id()) if of_model(type(m)).service == service)
    async with Connector(lying) as forger:
        answer = await forger.ask(message, case=new_id(), within=30)
    assert isinstance(answer, MessageRefused)
    assert answer.reason == "source-not-of-the-sender"


def state_of(house: House, case: str) -> list[str]:
    """Return the case's row in each service."""
    row = f"SELECT version, phase, state FROM cases WHERE case_id = '{case}'"  # noqa: S608 - ours
    return [_sql(house, service, row) for service in ("intake", "triage", "rto")]


def refusals(house: House, service: str, case: str) -> int:
    """How many acts of the forger in this case the journal refused, each with its rule and article."""
    where = f"party = '{FORGER}' AND case_id = '{case}' AND rule IS NOT NULL AND article IS NOT NULL"
    return int(_sql(house, service, f"SELECT count(*) FROM journal WHERE {where}"))  # noqa: S608 - ours


def _sql(house: House, service: str, query: str) -> str:
    return run_sql(Database(**house.env["admin"]["databases"][service]), query)
