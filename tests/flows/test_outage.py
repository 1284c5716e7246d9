"""A service that was away while a term ended: what the broker had in time counts as in time (F20)."""

import asyncio
from datetime import datetime, timedelta

from deploy.local.house import House
from deploy.story import cast
from deploy.story.world import World
from shared.ids import new_id
from shared.messages.house import MessageAccepted
from shared.messages.triage import QueryAnswered, QueryLapsed, QueryReminded
from tests.flows.cases import asked, taken_up

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


async def passed(world: World, moment: datetime) -> None:
    await asyncio.sleep(max(0.0, (moment - world.now).total_seconds()) + 0.1)
