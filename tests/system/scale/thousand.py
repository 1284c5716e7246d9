"""Let a thousand cases come and go in a house with two of each service, and count each one's share."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from typing import Any

from deploy.local.postgres import Database, run_sql
from shared.connector import Connector, ReceivedMessage, from_house_file
from shared.contract.fields import PersonRole
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.intake import ReferralReceived, ReferralSubmitted, ReferralWithdrawn
from shared.contract.messages.retention import DestructionAnnounced, FileDestroyed
from shared.contract.registry import SERVICES, Model
from tests.story import cast
from tests.story.left import keys_erased
from tests.story.world import World

MANY = 1000  # cases
REFERRERS = ("gemeente-bergen", "gemeente-gennep")  # on topics that two processes divide between them
AT_ONCE = 200  # messages that wait for their answer
WITHIN = 240.0  # seconds
CLOSING_TERM = timedelta(days=15)

Logs = Callable[[], Mapping[str, str]]
"""What each process of a service wrote so far, by its name."""


@dataclass(frozen=True, slots=True)
class Told:
    """Record what the referrers were told: which case each referral got, and that each case is gone."""

    received: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    announced: dict[str, str | None] = field(default_factory=dict)  # the case, by the reference of its end
    destroyed: Counter[str | None] = field(default_factory=Counter)

    async def keep(self, letter: ReceivedMessage) -> None:
        match letter.message:
            case ReferralReceived(referral_id=referral, case_id=case):
                self.received[referral].append(case)
            case DestructionAnnounced(reference=reference):
                self.announced[reference] = letter.case
            case FileDestroyed(reference=reference):
                self.destroyed[self.announced[reference or ""]] += 1


async def come_and_go(world: World, logs: Logs) -> dict[str, int]:
    """Refer, withdraw and destroy each once; return how many messages each process accepted."""
    house = world.house
    accepted_before, erased_before = accepted(logs()), keys_erased(house)
    began, told = time.monotonic(), Told()
    async with AsyncExitStack() as stack:
        connectors = [Connector(from_house_file(house, party), told.keep) for party in REFERRERS]
        referrers = cycle([await stack.enter_async_context(connector) for connector in connectors])
        by = {referral(): referrer for referrer, _ in zip(referrers, range(MANY), strict=False)}
        await at_once(take(referrer, sent) for sent, referrer in by.items())
        await until(lambda: all(told.received[sent.referral_id] for sent in by))
        assert all(len(told.received[sent.referral_id]) == 1 for sent in by), "each is received once"
        case_of = {sent: told.received[sent.referral_id][0] for sent in by}
        cases = sorted(case_of.values())
        assert mentioned(house, cases)["intake"] >= MANY
        withdrawn = ReferralWithdrawn(reason="Vergissing.")
        await at_once(take(referrer, withdrawn, case_of[sent]) for sent, referrer in by.items())
        world.move_clock_to(world.now + CLOSING_TERM)
        await until(lambda: all(told.destroyed[case] for case in cases))
        print(f"{MANY} cases came and went in {time.monotonic() - began:.0f} s")
        assert set(mentioned(house, cases).values()) == {0}
        assert [told.destroyed[case] for case in cases] == [1] * MANY, "each is told once"
    assert keys_erased(house) - erased_before == MANY
    shares = {name: count - accepted_before.get(name, 0) for name, count in accepted(logs()).items()}
    print(f"accepted by each: {shares}")
    return shares


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


def mentioned(house: Mapping[str, Any], cases: Sequence[str]) -> dict[str, int]:
    """Return per service how many rows are of any of these cases."""
    return {
        service: rows_of_cases(Database(**house["admin"]["databases"][service]), cases)
        for service in SERVICES
    }


def rows_of_cases(database: Database, cases: Sequence[str]) -> int:
    of_cases = f"case_id = ANY('{{{','.join(cases)}}}')"
    tables = run_sql(
        database, "SELECT table_name FROM information_schema.columns WHERE column_name = 'case_id'"
    )
    counting = [f"(SELECT count(*) FROM {table} WHERE {of_cases})" for table in tables.split()]  # noqa: S608 - ours
    return int(run_sql(database, f"SELECT {' + '.join(counting)}"))


def accepted(logs: Mapping[str, str]) -> dict[str, int]:
    """Return how many messages each process of a service says it accepted."""
    return {name: sum(map(accepted_in, log.splitlines())) for name, log in logs.items()}


def accepted_in(line: str) -> int:
    said = json.loads(line)
    return int(said.get("accepted", 0)) if said["event"] == "batch" else 0
