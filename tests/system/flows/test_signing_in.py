"""Tokens and requests that must not get in, and answers that tell nobody whether a case exists (T5)."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from deploy.local.house import House
from shared.contract.fields import PersonRole
from shared.contract.messages.intake import ReferralReceived
from shared.ids import new_id
from tests.story import cast
from tests.story.world import World


@pytest.fixture(scope="module")
async def case(founded: World) -> AsyncIterator[str]:
    """Refer a case that really exists, by the municipality of Venlo."""
    man = cast.person("Persoon D", PersonRole.SUBJECT, "1990-01-01")
    await founded.party(cast.REFERRER).send(cast.referral((man,), ()))
    yield (await founded.party(cast.REFERRER).gets(ReferralReceived)).case_id


def claims(env: dict[str, Any], **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    given = {
        "iss": env["issuer"]["url"],
        "aud": env["issuer"]["audience"],
        "sub": env["people"]["process-director-a"]["sub"],
        "iat": now,
        "exp": now + 300,
        "roles": ["process-director"],
    }
    return {name: value for name, value in (given | changes).items() if value is not None}


def issuers_key(house: House) -> ECKey:
    return ECKey.import_key(json.loads((house.layout.issuer / "signing-key.json").read_text()))


def signed(key: ECKey, content: dict[str, Any]) -> str:
    return jwt.encode({"alg": "ES256", "kid": key.kid}, content, key, algorithms=["ES256"])


async def read(world: World, token: str, case: str, **headers: str) -> httpx.Response:
    url = f"{world.house['services']['intake']['base_url']}/cases/{case}"
    sent = {"authorization": f"Bearer {token}", "on-behalf-of": cast.REFERRER, **headers}
    return await world.people.client.get(url, headers=sent)


async def test_the_issuers_own_token_gets_in(founded: World, house: House, case: str) -> None:
    answer = await read(founded, signed(issuers_key(house), claims(house.env)), case)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


async def test_no_other_token_gets_in(founded: World, house: House, case: str) -> None:
    env, key = house.env, issuers_key(house)
    stranger = ECKey.generate_key("P-256", private=True, parameters={"kid": key.kid or ""})
    symmetric = OctKey.import_key(json.dumps(key.as_dict(private=False)))
    bad = {
        "signed by a stranger": signed(stranger, claims(env)),
        "expired": signed(key, claims(env, exp=int(time.time()) - 65)),
        "of another issuer": signed(key, claims(env, iss="https://elsewhere.invalid")),
        "for another audience": signed(key, claims(env, aud="something-else")),
        "without an audience": signed(key, claims(env, aud=None)),
        "without an end": signed(key, claims(env, exp=None)),
        "signed with the public key as a secret": jwt.encode(
            {"alg": "HS256", "kid": key.kid}, claims(env), symmetric, algorithms=["HS256"]
        ),
        "a party's worker of no party": signed(key, claims(env, roles=["party-worker"])),
        "no token at all": "abc",
    }
    for name, token in bad.items():
        answer = await read(founded, token, case)
        problem = answer.json()
        assert answer.status_code == 401, name
        assert answer.headers["content-type"] == "application/problem+json", name
        assert (problem["title"], problem["rule"]) == ("NotSignedIn", "R126"), name


async def test_a_token_without_a_role_sees_nothing(founded: World, house: House, case: str) -> None:
    key = issuers_key(house)
    for roles in ([], ["gardener"]):
        answer = await read(founded, signed(key, claims(house.env, roles=roles)), case)
        assert (answer.status_code, answer.json()["title"]) == (403, "NotForThisRole")


async def test_a_case_that_exists_and_one_that_does_not_look_the_same_to_an_outsider(
    founded: World, case: str
) -> None:
    for username in ("manager-a", f"worker-{cast.POLICE}", "secretary-a", "privacy-officer-a"):
        person = founded.people(username)
        there = await person.get("intake", f"/cases/{case}")
        nowhere = await person.get("intake", f"/cases/{new_id()}")
        assert there.status_code == nowhere.status_code == 404, username
        assert there.json() == nowhere.json()
        act = {"remark": None}
        there = await person.post("intake", f"/cases/{case}/consultation", act)
        nowhere = await person.post("intake", f"/cases/{new_id()}/consultation", act)
        assert there.status_code == nowhere.status_code, username
        assert there.json() == nowhere.json()


async def test_what_does_not_fit_the_schema_is_400_and_is_not_repeated(founded: World, case: str) -> None:
    director = founded.people("process-director-a", cast.REFERRER)
    answer = await director.post("intake", f"/cases/{case}/screening", {"outcome": "Persoon-E-1990"})
    assert answer.status_code == 400
    assert answer.json()["invalid"] == ["/outcome"]
    assert "Persoon-E" not in answer.text
    strange = await director.get("intake", "/cases/not-a-number")
    assert strange.status_code == 400


async def test_an_act_needs_an_idempotency_key(founded: World, case: str) -> None:
    token = await founded.people(f"worker-{cast.REFERRER}").token()
    url = f"{founded.house['services']['intake']['base_url']}/cases/{case}/consultation"
    answer = await founded.people.client.post(url, json={}, headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["title"]) == (400, "NoIdempotencyKey")


async def test_a_repeated_request_has_one_effect_and_the_same_answer(founded: World, case: str) -> None:
    worker, key = founded.people(f"worker-{cast.REFERRER}"), new_id()
    path = f"/cases/{case}/consultation"
    answers = [await worker.post("intake", path, {}, key=key) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.text for answer in answers}) == 1
    other = await worker.post("intake", path, {"remark": "iets anders"}, key=key)
    assert (other.status_code, other.json()["title"]) == (409, "MessageIdReused")


async def test_an_act_that_replaces_nothing_takes_no_version(founded: World, case: str) -> None:
    director = founded.people("process-director-a", cast.REFERRER)
    headers = {
        "authorization": f"Bearer {await director.token()}",
        "on-behalf-of": cast.REFERRER,
        "idempotency-key": new_id(),
        "if-match": '"1"',
    }
    url = f"{founded.house['services']['intake']['base_url']}/cases/{case}/screening"
    body = {"outcome": "taken-up"}
    answer = await founded.people.client.post(url, json=body, headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (400, "VersionNotTaken")
