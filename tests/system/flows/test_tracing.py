"""On the running house: one referral is one trace, through every service that hears of it."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from deploy.local.house import House
from deploy.machine.secrets import write_private_json
from shared.contract.fields import PersonRole
from shared.contract.messages.intake import ConsultationConfirmed, ReferralReceived
from shared.contract.registry import SERVICES
from shared.ids import new_id
from tests.story import cast
from tests.story.world import World
from tests.support.otlp import Receiver, receiver

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CONTEXT = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture
async def seen(founded: World, house: House) -> AsyncIterator[Receiver]:
    """All five services send their traces there, and afterwards none does."""
    kept = {service: json.loads(house.layout.settings_file(service).read_text()) for service in SERVICES}

    def restart(more: dict[str, str]) -> None:
        for service in SERVICES:
            house.stop_one(service)
            write_private_json(house.layout.settings_file(service), {**kept[service], **more})
        house._start_services(SERVICES)

    with receiver() as listening:
        await asyncio.to_thread(restart, {"ZVH_OTLP_ENDPOINT": listening.endpoint})
        yield listening
        await asyncio.to_thread(restart, {})


async def test_one_referral_is_one_trace_through_every_service_it_touches(
    founded: World, seen: Receiver
) -> None:
    referrer = founded.party(cast.REFERRER)
    person = cast.person("Persoon T", PersonRole.SUBJECT, "1990-01-01")
    referral = cast.referral((person,), ())
    await referrer.connector.send(referral, traceparent=CONTEXT)
    received = await referrer.gets(ReferralReceived, where=lambda m: m.referral_id == referral.referral_id)
    case = received.case_id
    await referrer.connector.send(ConsultationConfirmed(), case=case, traceparent=CONTEXT)
    await referrer.connector.ask(ConsultationConfirmed(), case=case)
    director = founded.people("process-director-a", cast.REFERRER)
    headers = {"authorization": f"Bearer {await director.token()}", "on-behalf-of": cast.REFERRER}
    url = founded.house["services"]["intake"]["base_url"]
    screened = await founded.people.client.post(
        f"{url}/cases/{case}/screening",
        json={"outcome": "taken-up", "weighing": "Politie en zorg kunnen bijdragen."},
        headers={**headers, "idempotency-key": new_id(), "traceparent": CONTEXT},
    )
    assert screened.is_success, screened.text

    def of_trace() -> dict[str, set[str]]:
        names: dict[str, set[str]] = {}
        for span in seen.spans:
            if span.trace == TRACE:
                names.setdefault(span.service, set()).add(span.name)
        return names

    at_intake = {"SubmitReferral", "ConfirmConsultation", "ScreenReferral"}

    def through(spans: object) -> bool:
        names = of_trace()
        return names.get("zvh-intake") == at_intake and {"zvh-triage", "zvh-retention"} <= names.keys()

    await asyncio.to_thread(seen.until, through)
    spans = {span.span: span for span in seen.spans if span.trace == TRACE}
    screening = next(span for span in spans.values() if span.name == "ScreenReferral")
    assert screening.parent == PARENT
    # its context came through outbox and Kafka
    at_triage = [span for span in spans.values() if span.service == "zvh-triage"]
    assert {span.parent for span in at_triage} == {screening.span}
    sent = b"".join(seen.raw)
    for known in (case, referral.referral_id, "Persoon T"):
        assert known.encode() not in sent
