"""Requests drawn from the published documents: each is answered as documented, and all goes on (R127)."""

import asyncio
import json
import random
import time
from collections import Counter
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from schemathesis import Case
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.contract.registry import SERVICES, ServiceName
from shared.ids import new_id
from tests.story import cast
from tests.system.faults.load import Scene
from tests.system.faults.sizes import SEED, size
from tests.system.generated.drawing import requests
from tests.system.generated.known import EXPENDABLE, ODD, ODDS, Known
from tests.system.generated.near import Act, acts
from tests.system.generated.sound import check_sound

OF_EACH = size("REQUESTS", 5)  # operation, that fit, and as many that nearly do
AT_ONCE = 4
LONGEST = 30.0  # seconds for the requests to one service
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
TAKEN = ("signatories", "referrals", "authorisations")  # each at least once
HOUSE_PEOPLE = ("secretary-a", "manager-a", "privacy-officer-a", "support-worker-a")
ODD_KEYS = ("key\twith-tab", "sleutel-\x85-nel", "Persoon Jansen 1990", "\u200bonzichtbaar", "é" * 20)


@pytest.mark.parametrize("service", SERVICES)
async def test_what_is_drawn_from_the_published_requests_is_answered_as_documented_and_nothing_stops(
    scene: Scene, known: Known, service: ServiceName
) -> None:
    before, dice = scene.rig.house.running(), random.Random(SEED)  # noqa: S311 - seeded, not secret
    cases = list(requests(service, OF_EACH, SEED))
    dice.shuffle(cases)
    answers = await Sender(scene, known, service, dice).send_all(cases)
    print(service, dict(answers))
    assert answers["200"] > 0, "none of them meant anything to the service"
    assert sum(answers.values()) > len(cases) / 2
    await check_sound(scene, before)


async def test_what_is_valid_but_for_one_odd_value_is_taken_or_refused_and_nothing_stops(
    scene: Scene, known: Known
) -> None:
    """A quarter of it under an Idempotency-Key that is odd too."""
    before, dice = scene.rig.house.running(), random.Random(SEED)  # noqa: S311 - seeded, not secret
    answers: Counter[str] = Counter()
    ends = time.monotonic() + LONGEST
    for act in acts(known, dice):
        if time.monotonic() > ends:
            break
        answers[f"{act.path.rpartition('/')[2]}: {await answered(scene, act, dice)}"] += 1
    print(dict(answers))
    assert {name for name in answers if name.endswith("done")} >= {f"{one}: done" for one in TAKEN}
    await check_sound(scene, before)


async def answered(scene: Scene, act: Act, dice: random.Random) -> str:
    """Make the request once; return the name of its refusal, or "done", but of no fault."""
    person = scene.people(act.who, cast.REFERRER if act.who == "process-director-a" else None)
    headers = {"authorization": f"Bearer {await person.token()}", "content-type": "application/json"}
    if person.on_behalf_of:
        headers["on-behalf-of"] = person.on_behalf_of
    headers["idempotency-key"] = new_id()
    if act.odd and dice.random() < 0.25:
        headers["idempotency-key"] = dice.choice(ODD_KEYS) + new_id()[-4:]
    response = await scene.people.client.post(
        scene.env["services"][act.service]["base_url"] + act.path,
        content=json.dumps(act.body).encode(),
        headers=[(name.encode(), value.encode()) for name, value in headers.items()],
    )
    assert response.status_code < 500 or response.status_code == 503, f"{act}: {response.text}"
    return "done" if response.is_success else str(response.json()["title"])


class Sender:
    """Send drawn requests to one service, each as somebody, about what exists."""

    def __init__(self, scene: Scene, known: Known, service: ServiceName, dice: random.Random) -> None:
        self.scene, self.known, self.service, self.dice = scene, known, service, dice
        self.url = scene.env["services"][service]["base_url"]
        self.answers: Counter[str] = Counter()

    async def send_all(self, cases: list[Case[Any]]) -> Counter[str]:
        """Send them, some at once, until all are sent or the time is over; count the statuses."""
        ends, waiting = time.monotonic() + LONGEST, iter(cases)

        async def send_some() -> None:
            for case in waiting:
                if time.monotonic() > ends:
                    return
                await self._send(case)

        await asyncio.gather(*(send_some() for _ in range(AT_ONCE)))
        return self.answers

    async def _send(self, case: Case[Any]) -> None:
        sent = await self._request(case)
        try:
            response = await self.scene.people.client.send(sent)
        except httpx.LocalProtocolError:  # a header that no client can put on the wire
            self.answers["unsendable"] += 1
            return
        self.answers[str(response.status_code)] += 1
        shown = f"{sent.method} {case.operation.path}: {response.status_code} {response.text[:300]}"
        assert response.status_code < 500 or response.status_code == 503, shown
        case.validate_response(response, checks=CHECKS)

    async def _request(self, case: Case[Any]) -> httpx.Request:
        """Build the request: with what exists in its place, and mostly with a token that is valid."""
        dice = self.dice
        ids = {name: self._id(name, value) for name, value in case.path_parameters.items()}
        case.path_parameters.update(ids)
        drawn = case.as_transport_kwargs(base_url=self.url)
        content = drawn.get("data")
        if "json" in drawn:
            content = json.dumps(self.known.filled(drawn["json"], dice, dice.choice(ODDS))).encode()
        headers = {name: value for name, value in drawn["headers"].items() if value is not None}
        headers |= await self._identity() if dice.random() < 0.95 else {}
        if "idempotency-key" in headers:
            headers["idempotency-key"] = dice.choice((*ODD_KEYS, headers["idempotency-key"], *[new_id()] * 5))
        raw = [(name.encode("utf-8"), value.encode("utf-8")) for name, value in headers.items()]
        return self.scene.people.client.build_request(
            drawn["method"], drawn["url"], params=drawn.get("params"), content=content, headers=raw
        )

    def _id(self, name: str, value: Any) -> Any:
        if self.dice.random() < 0.15:
            return value
        if name == "party":
            return self.dice.choice((*EXPENDABLE, *EXPENDABLE, self._odd()))
        return self.known.one(name, self.dice)

    def _odd(self) -> str:
        """Return an odd text as a part of a path, also one that is no UTF-8 there."""
        odd = self.dice.choice([text for text in ODD if len(text) < 1_000])
        return quote(odd.encode("utf-8", "surrogatepass"), safe="")

    async def _identity(self) -> dict[str, str]:
        """Return the headers of somebody who may be meant: most often the director, for the referrer."""
        if self.service == "retention" and self.dice.random() < 0.2:
            return {"Authorization": f"Bearer {await self._service_token()}"}
        who, people = self.dice.random(), self.scene.people
        if who < 0.5:
            token = await people("process-director-a").token()
            return {"Authorization": f"Bearer {token}", "on-behalf-of": cast.REFERRER}
        name = self.dice.choice((*HOUSE_PEOPLE, *(f"worker-{party}" for party in cast.CONNECTED)))
        return {"Authorization": f"Bearer {await people(name).token()}"}

    async def _service_token(self) -> str:
        secret = self.scene.rig.house.layout.secrets("intake").client_secret_file.read_text()
        login = {"client_id": "service-intake", "client_secret": secret}
        answer = await self.scene.people.client.post(
            self.scene.env["issuer"]["token_endpoint"], data={"grant_type": "client_credentials", **login}
        )
        return str(answer.raise_for_status().json()["access_token"])
