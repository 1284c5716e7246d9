"""On the running house: a query goes out under consent, and stops with it in every service (R20, R30)."""

from datetime import datetime, timedelta
from typing import Any

from shared.contract.fields import PersonRole
from shared.contract.messages.intake import ConsultationConfirmed, ReferralReceived
from shared.contract.messages.rto import ConsentGiver, ConsentPurpose, SubjectConsentRecorded
from shared.contract.messages.triage import QueryIssued, QueryLapsed
from shared.ids import new_id
from tests.story import cast
from tests.story.world import World
from tests.system.flows.cases import TAKEN_UP


async def about_one_person(world: World) -> tuple[str, str]:
    """Take up a case; return its number, and that of the person it is about."""
    man = cast.person("Persoon H", PersonRole.SUBJECT, "1991-01-01")
    venlo, referral = world.party(cast.REFERRER), cast.referral((man,), ())
    await venlo.send(referral)
    received = await venlo.gets(ReferralReceived, where=lambda m: m.referral_id == referral.referral_id)
    await venlo.send(ConsultationConfirmed(), case=received.case_id)
    director = world.people("process-director-a", cast.REFERRER)
    await director.do("intake", f"/cases/{received.case_id}/screening", TAKEN_UP)
    return received.case_id, man.person_id


def consent(person_id: str, given_at: datetime) -> SubjectConsentRecorded:
    return SubjectConsentRecorded(
        consent_id=new_id(),
        person_id=person_id,
        purpose=ConsentPurpose.QUERY,
        given_by=ConsentGiver.PERSON,
        given_at=given_at,
    )


async def test_a_query_goes_out_with_consent_and_is_shown_to_nobody_once_that_is_withdrawn_r20(
    founded: World,
) -> None:
    case, man = await about_one_person(founded)
    director, path = founded.people("process-director-a", cast.REFERRER), f"/cases/{case}"
    query: Any = cast.query(cast.POLICE, founded.now, needs_consent=True, persons=[man])
    await director.see_until("triage", path, lambda _: True)
    refusal = await director.try_to_do("triage", f"{path}/queries", query)
    assert (refusal.name, refusal.rule) == ("ConsentNotInForce", "R20")
    given = consent(man, founded.now - timedelta(days=1))
    await founded.party(cast.REFERRER).send(given, case=case)
    await director.do_when_possible("triage", f"{path}/queries", query)
    issued = await founded.party(cast.POLICE).gets(QueryIssued, case=case)
    police = founded.worker(cast.POLICE)
    assert (await police.see("triage", path))["queries"][0]["query_id"] == issued.query_id
    listed = await founded.worker(cast.REFERRER).see("rto", f"{path}/consents")
    assert [one["consent_id"] for one in listed["consents"]] == [given.consent_id]
    await founded.worker(cast.REFERRER).do("rto", f"{path}/consents/{given.consent_id}/withdrawal", {})
    lapsed = await founded.party(cast.POLICE).gets(QueryLapsed, case=case)
    assert lapsed.query_id == issued.query_id
    assert (await police.see("triage", path))["queries"] == []
    again = await director.try_to_do("triage", f"{path}/queries", query)
    assert (again.name, again.rule) == ("ConsentNotInForce", "R20")
