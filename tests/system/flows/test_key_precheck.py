"""On the running house: what is refused at the door leaves no key at the key authority, what is taken one."""

from typing import Any

import pytest

from deploy.local.house import House
from shared.contract.fields import PersonRole
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ReferralSubmitted
from tests.story import cast
from tests.story.world import World


def keys_made(house: House) -> int:
    """How many case keys lie in the key directory."""
    return sum(file.is_file() for file in (house.layout.keys("retention") / "cases" / "keys").glob("*/*"))


def referral(**more: Any) -> ReferralSubmitted:
    return cast.referral((cast.person("Persoon G", PersonRole.SUBJECT, "1990-01-01"),), (), **more)


@pytest.mark.parametrize("incomplete", [{"task": ""}, {"weighing": " "}], ids=["task", "weighing"])
async def test_an_incomplete_referral_leaves_no_key_by_either_door(
    founded: World, house: House, incomplete: dict[str, Any]
) -> None:
    before = keys_made(house)
    await founded.party(cast.REFERRER).try_to_send(referral(**incomplete))
    worker = founded.people(f"worker-{cast.REFERRER}")
    answer = await worker.post("intake", "/referrals", referral(**incomplete).model_dump(mode="json"))
    assert answer.status_code >= 400
    assert keys_made(house) == before


async def test_neither_does_one_without_authorisation_or_by_somebody_who_is_no_party(
    founded: World, house: House
) -> None:
    before = keys_made(house)
    await founded.party(cast.STRANGER).try_to_send(referral())
    director = founded.people("process-director-a", cast.REFERRER)
    answer = await director.post("intake", "/referrals", referral().model_dump(mode="json"))
    assert answer.status_code >= 400
    assert keys_made(house) == before


async def test_one_that_is_taken_has_one_key(founded: World, house: House) -> None:
    before = keys_made(house)
    assert isinstance(await founded.party(cast.REFERRER).ask(referral()), MessageAccepted)
    worker = founded.people(f"worker-{cast.REFERRER}")
    await worker.do("intake", "/referrals", referral().model_dump(mode="json"))
    assert keys_made(house) == before + 2
