"""Two processes of every service: they share the work, and take over from each other what only one may do."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle

import pytest

from deploy.local import house as local
from deploy.local.house import House
from deploy.local.postgres import Database, run_sql
from deploy.story import cast
from deploy.story.left import keys_erased
from deploy.story.telling import Telling
from deploy.story.world import World
from shared.connector import Connector, LetterIn, from_house_file
from shared.message import SERVICES, Model
from shared.messages.house import MessageAccepted
from shared.messages.intake import ReferralReceived, ReferralSubmitted, ReferralWithdrawn
from shared.messages.retention import FileDestroyed
from shared.messages.triage import QueryIssued, QueryReminded
from shared.words import PersonRole
from tests.containers import chosen
from tests.flows.cases import asked, taken_up
from tests.flows.test_story import LEFT, SHORT_PATIENCE, expected, played, shown_and_refused
from tests.running import quiet_console

MANY = 1000  # cases
REFERRERS = ("gemeente-bergen", "gemeente-gennep")  # on topics that two processes divide between them
AT_ONCE = 200  # messages that wait for their answer
WITHIN = 240.0  # seconds
CLOSING_TERM = timedelta(days=15)
GENEROUS = 20.0  # seconds; wanted are 5, on a machine that does nothing else


@pytest.fixture(scope="module")
def twins(house: House) -> Iterator[list[str]]:
    """The second process of each service."""
    started = house.start_beside(SERVICES)
    yield started
    for name in started:
        house.stop_one(name)


# --- the story ---------------------------------------------------------------------------------------


async def test_two_processes_of_each_service_give_the_same_story(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """As the one that `tests/flows` plays with one of each."""
    house = local.start(tmp_path_factory.mktemp("two"), patience=SHORT_PATIENCE, servers=chosen().servers)
    try:
        house.start_beside(SERVICES)
        told = await played(house, Telling(quiet_console()))
    finally:
        house.reset()
    for chapter in range(1, 13):
        assert shown_and_refused(told.telling, chapter) == expected(chapter), chapter
    assert told.left == LEFT
    assert sum(told.held.values()) == sum(told.unsent.values()) == 0


# --- a thousand cases --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """What the referrers were told: of each referral which case, and of each case that it is gone."""

    received: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    destroyed: Counter[str | None] = field(default_factory=Counter)

    async def keep(self, letter: LetterIn) -> None:
        match letter.message:
            case ReferralReceived(referral_id=referral, case_id=case):
                self.received[referral].append(case)
            case FileDestroyed():
                self.destroyed[letter.case] += 1


async def test_a_thousand_cases_are_each_received_and_destroyed_once(
    founded: World, house: House, twins: list[str]
) -> None:
    """R14, R105: every process takes its share of them."""
    accepted_before, erased_before = accepted(house), keys_erased(founded.house)
    began, told = time.monotonic(), Told()
    async with AsyncExitStack() as stack:
        connectors = [Connector(from_house_file(house.env, party), told.keep) for party in REFERRERS]
        referrers = cycle([await stack.enter_async_context(connector) for connector in connectors])
        by = {referral(): referrer for referrer, _ in zip(referrers, range(MANY), strict=False)}
        await at_once(take(referrer, sent) for sent, referrer in by.items())
        await until(lambda: len(told.received) == MANY)
        assert all(len(cases) == 1 for cases in told.received.values()), "each is received once"
        case_of = {sent: told.received[sent.referral_id][0] for sent in by}
        cases = sorted(case_of.values())
        assert mentioned(house, cases)["intake"] >= MANY
        withdrawn = ReferralWithdrawn(reason="Vergissing.")
        await at_once(take(referrer, withdrawn, case_of[sent]) for sent, referrer in by.items())
        founded.move_clock_to(founded.now + CLOSING_TERM)
        await until(lambda: len(told.destroyed) == MANY)
        print(f"{MANY} cases came and went in {time.monotonic() - began:.0f} s")
        assert set(mentioned(house, cases).values()) == {0}
        assert told.destroyed == Counter(cases), "each is told once"
    assert keys_erased(founded.house) - erased_before == MANY
    shares = {name: count - accepted_before[name] for name, count in accepted(house).items()}
    print(f"accepted by each: {shares}")
    assert set(shares) == {*SERVICES, *twins}
    assert all(shares.values())


def referral() -> ReferralSubmitted:
    return cast.referral((cast.person("Persoon H", PersonRole.SUBJECT, "1990-01-01"),), ())


async def take(referrer: Connector, message: Model, case: str | None = None) -> None:
    assert isinstance(await referrer.ask(message, case=case, within=WITHIN), MessageAccepted)


async def at_once(doing: Iterable[Awaitable[None]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(deed: Awaitable[None]) -> None:
        async with gate:
            await deed

    await asyncio.gather(*map(one, doing))


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)


def mentioned(house: House, cases: Sequence[str]) -> dict[str, int]:
    """Per service, how many rows are of any of these cases."""
    return {service: rows_of_cases(house, service, cases) for service in SERVICES}


def rows_of_cases(house: House, service: str, cases: Sequence[str]) -> int:
    database = Database(**house.env["admin"]["databases"][service])
    of_cases = f"case_id = ANY('{{{','.join(cases)}}}')"
    tables = run_sql(
        database, "SELECT table_name FROM information_schema.columns WHERE column_name = 'case_id'"
    )
    counting = [f"(SELECT count(*) FROM {table} WHERE {of_cases})" for table in tables.split()]  # noqa: S608 - ours
    return int(run_sql(database, f"SELECT {' + '.join(counting)}"))


def accepted(house: House) -> dict[str, int]:
    """How many messages each process of a service says it accepted."""
    names = [name for name in house.running() if name.partition("-")[0] in SERVICES]
    return {name: sum(map(accepted_in, house.layout.log(name).read_text().splitlines())) for name in names}


def accepted_in(line: str) -> int:
    said = json.loads(line)
    return int(said.get("accepted", 0)) if said["event"] == "batch" else 0


# --- what only one may do ----------------------------------------------------------------------------


async def test_when_the_process_that_sends_and_keeps_time_is_killed_the_other_does_both(
    founded: World, house: House, twins: list[str]
) -> None:
    """R31: a query is still sent, and the reminder of another comes when its term ends."""
    case, director = await taken_up(founded), founded.people("process-director-a", cast.REFERRER)
    first = await asked(founded, case, cast.POLICE)
    await asyncio.to_thread(house.kill, "triage")
    await asyncio.to_thread(house.start_one, "triage")  # from now on the second one leads, if not before
    await asyncio.to_thread(house.kill, "triage-2")
    killed = time.monotonic()
    try:
        second = cast.query(cast.MENTAL_HEALTH, founded.now)
        await director.do("triage", f"/cases/{case}/queries", second)
        await founded.party(cast.MENTAL_HEALTH).gets(QueryIssued, case=case, within=GENEROUS)
        print(f"sent {time.monotonic() - killed:.1f} s after the kill")
        founded.move_clock_to(first.reply_before + timedelta(minutes=1))
        await founded.party(cast.POLICE).gets(QueryReminded, case=case, within=GENEROUS)
        print(f"reminded {time.monotonic() - killed:.1f} s after the kill")
    finally:
        await asyncio.to_thread(house.start_one, "triage-2")
