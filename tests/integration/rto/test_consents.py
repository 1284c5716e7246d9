"""Consent over HTTP and in the database: recorded, read, withdrawn, and what leaves no more (R20, R76)."""

from datetime import timedelta
from typing import Any

from services.rto import commands as c
from services.rto.main import SERVICE
from shared.contract.messages.rto import ConsentPurpose, Secrecy
from shared.core.outcome import DeliveryStatus
from tests.conftest import FreshDatabase
from tests.integration.rto import test_api as api
from tests.integration.rto.test_store import AGREED, CONCLUDE, SEATED, a_table, letters, play
from tests.support.leaving import gate_of
from tests.support.samples import rto as s
from tests.support.spec import NOW
from tests.support.transactions import rows, transaction_on

http = api.http  # the fixture
OF_MAN = f"{api.CASE}/consents/{s.CONSENT}"
SAID = {
    "person_id": s.MAN,
    "contributor": s.POLICE,
    "purpose": "rto",
    "given_by": "representative",
    "capacity": "guardian",
    "given_at": (NOW - timedelta(days=1)).isoformat(),
}
FOR_CARE: dict[str, Any] = {"purpose": ConsentPurpose.PLAN_ACTIVITY, "recipient": s.CARE}
RESTING = c.GiveRelease(
    by=s.by_party(s.POLICE), release=s.release(secrecy=Secrecy.WITH_CONSENT, consents=(s.CONSENT,))
)
PROVIDE = c.ProvideItem(by=s.by_director(), taking=s.taking())
OPENED = c.OpenRegister(by=s.BY_INTAKE, register=s.REGISTER)


async def consents(http: api.Http, who: str, behalf: str | None = None) -> Any:
    return await http.get(who, f"{api.CASE}/consents", behalf)


async def test_a_party_records_a_consent_and_whom_it_concerns_reads_it_r20(http: api.Http) -> None:
    assert (await http.post(s.VENLO, OF_MAN, SAID)).status_code == 200
    for who, behalf in ((s.VENLO, None), (s.POLICE, None), (api.DIRECTOR, s.VENLO)):
        (found,) = (await consents(http, who, behalf)).json()["consents"]
        assert (found["consent_id"], found["asked_by"], found["capacity"]) == (s.CONSENT, s.VENLO, "guardian")
        assert found["withdrawn_at"] is None
    assert (await consents(http, s.CARE)).status_code == 404
    logged = await rows(http.engine, "access_log", f"thing = 'consent/{s.CONSENT}'")
    assert {(row.rule, row.allowed) for row in logged} == {("R20", True)}


async def test_who_may_not_is_refused_by_name_r20(http: api.Http) -> None:
    assert api.told(await http.post(s.CARE, OF_MAN, SAID)) == api.UNKNOWN
    unsaid = {**SAID, "purpose": None}
    assert api.told(await http.post(s.VENLO, OF_MAN, unsaid)) == (409, "ConsentWithoutPurpose", "R20")
    await api.seat(http)
    assert api.told(await http.post(s.CARE, OF_MAN, SAID)) == (403, "ConsentNotYoursToAsk", "R20")
    assert (await http.direct("consent-agreements", {"party": s.CARE})).status_code == 200
    (agreed,) = (await consents(http, s.CARE)).json()["agreements"]
    assert agreed["party"] == s.CARE


async def test_the_director_records_and_withdraws_on_behalf_of_who_leads_r20(http: api.Http) -> None:
    assert (await http.direct(f"consents/{s.CONSENT}", SAID)).status_code == 200
    assert (await http.direct(f"consents/{s.CONSENT}/withdrawal", {})).status_code == 200
    (found,) = (await consents(http, s.POLICE)).json()["consents"]
    assert found["withdrawn_at"] is not None
    again = await http.post(s.POLICE, f"{OF_MAN}/withdrawal", {})
    assert api.told(again) == (409, "ConsentWithdrawnBefore", "R20")


async def test_an_item_that_rests_on_consent_is_on_the_page_until_that_is_withdrawn_r20(
    http: api.Http,
) -> None:
    await api.seat(http)
    assert (await http.post(s.VENLO, OF_MAN, SAID)).status_code == 200
    path, use = f"{api.CASE}/items/{s.FREE}", {"use": "rto"}
    assert (await http.post(s.POLICE, f"{path}/release-withdrawal", {})).status_code == 200
    weighed = {**use, "secrecy": "with-consent", "consents": [s.CONSENT]}
    assert (await http.post(s.POLICE, f"{path}/releases", weighed)).status_code == 200
    assert "free" in await http.seen(s.CARE)
    assert (await http.post(s.VENLO, f"{OF_MAN}/withdrawal", {})).status_code == 200
    assert "free" not in await http.seen(s.CARE)
    assert "free" in await http.seen(s.POLICE)


async def test_an_item_under_consent_that_has_not_left_is_stopped_at_the_gate_r20(
    fresh_database: FreshDatabase,
) -> None:
    engine, transaction = await a_table(fresh_database)
    outcomes = await play(
        transaction, OPENED, *SEATED, AGREED[-2], s.record_consent(**FOR_CARE), RESTING, CONCLUDE, PROVIDE
    )
    assert {outcome.status for outcome in outcomes} == {DeliveryStatus.ACCEPTED}, outcomes
    gate = gate_of(transaction_on(engine, SERVICE))

    async def stopped() -> list[tuple[str, str]]:
        waiting = await letters(engine, "items-provided")
        async with engine.begin() as connection:
            judged = await gate.judge(connection, waiting, s.parties())
        return [(row.recipient or "", refusal.name) for row, refusal in judged.stopped]

    assert await stopped() == []
    await play(transaction, s.withdraw_consent())
    assert await stopped() == [(s.CARE, "ConsentNotInForce")]
    assert [row.recipient for row in await letters(engine, "takers-told")] == [s.CARE]
    assert [row.recipient for row in await letters(engine, "subject-consent-ended")] == [s.POLICE]
    assert len(await letters(engine, "consent-standing")) == 2
    (noted,) = await rows(engine, "journal", "what = 'ConsentWithdrawn'")
    assert noted.on_behalf_of == s.VENLO or noted.party == s.VENLO
