"""A service that was away while a term ended: what the broker had in time counts as in time (F20)."""

import asyncio
import time
from datetime import datetime, timedelta

from deploy.local.house import House
from shared.contract.fields import PersonRole
from shared.contract.messages.governance import AuthorisationRevoked
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.triage import QueryAnswered, QueryLapsed, QueryReminded
from shared.ids import new_id
from tests.story import cast, founding
from tests.story.left import rows_of
from tests.story.world import World
from tests.system.flows.cases import asked, taken_up
from tests.system.flows.conftest import SHORT_PATIENCE

MOMENTS = timedelta(seconds=10)


async def test_an_answer_that_came_in_time_is_accepted_and_silence_lapses_f20(
    founded: World, house: House
) -> None:
    """R31: one party answers while triage is away, the other never does; the term passes meanwhile."""
    police, care = founded.party(cast.POLICE), founded.party(cast.MENTAL_HEALTH)
    case = await taken_up(founded)
    query = await asked(founded, case, cast.POLICE)
    await asked(founded, case, cast.MENTAL_HEALTH)
    founded.move_clock_to(query.reply_before + timedelta(minutes=1))
    end = (await police.gets(QueryReminded, case=case)).reply_before
    await care.gets(QueryReminded, case=case)

    founded.move_clock_to(end - MOMENTS)
    await asyncio.to_thread(house.kill, "triage")
    answer, message_id = QueryAnswered(query_id=query.query_id, involved=True, items=()), new_id()
    await police.connector.send(answer, case=case, message_id=message_id)
    assert founded.now < end
    await passed(founded, end)
    await asyncio.to_thread(house.start_one, "triage")

    assert isinstance(await police.connector.answer(message_id, within=60), MessageAccepted)
    await care.gets(QueryLapsed, case=case, within=60)
    assert not police.has(QueryLapsed, case)


async def test_a_message_that_waited_is_not_refused_before_what_was_published_meanwhile_is_read_f21(
    founded: World, house: House
) -> None:
    """R2: it overtakes an authorisation, and its service is away for longer than it would wait."""
    beesel = founded.party(cast.SECOND_REFERRER)
    man = cast.person("Persoon K", PersonRole.SUBJECT, "1990-01-01")
    message_id = await beesel.connector.send(cast.referral((man,), ()))
    await asyncio.to_thread(waits_at_intake, house)
    await asyncio.to_thread(house.kill, "intake")
    authorisation = await founding.grant(beesel, "college")
    await founding.accept(founded, beesel.id, authorisation)
    await asyncio.sleep(SHORT_PATIENCE + 1)
    await asyncio.to_thread(house.start_one, "intake")
    assert isinstance(await beesel.connector.answer(message_id, within=60), MessageAccepted)
    await beesel.send(AuthorisationRevoked(authorisation_id=authorisation))


def waits_at_intake(house: House) -> None:
    while not rows_of(house.env, "held")["intake"]:
        time.sleep(0.05)


async def passed(world: World, moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - world.now).total_seconds()) + 0.1)
