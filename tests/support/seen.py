"""What a house looked like when a test failed: what waits in it, and what its processes said last."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy.local.environment import admin_connection
from deploy.local.house import House
from deploy.local.postgres import RefusedByPostgres
from deploy.machine.process import last_lines
from shared.contract.registry import SERVICES
from shared.kafka.admin import KafkaAdmin, KafkaUnreachable
from tests.story.left import rows_of

LINES = 40  # of each log
READERS = ("from", "events")
ROUTINE = '"event": "batch"'


def houses_in(fixtures: Mapping[str, Any]) -> list[House]:
    """The running houses that a test was given, by themselves or in a rig."""
    found = [getattr(getattr(value, "rig", value), "house", value) for value in fixtures.values()]
    return [house for n, house in enumerate(found) if isinstance(house, House) and house not in found[:n]]


def seen_of(house: House) -> Iterator[tuple[str, str]]:
    """Titles and texts, for a report; nothing of one that is gone by now."""
    if not house.running():
        return
    yield (
        "rows that wait, by service",
        "\n".join(f"{table}: {_rows(house, table)}" for table in ("outbox", "held")),
    )
    yield "up to where each group has read", "\n".join(map(str, _read(house)))
    for name in sorted(house.running()):
        if name.partition("-")[0] in SERVICES:
            lines = last_lines(house.layout.log(name), 10 * LINES).splitlines()
            yield f"log of {name}", "\n".join([line for line in lines if ROUTINE not in line][-LINES:])


def _read(house: House) -> Iterator[object]:
    office = KafkaAdmin(admin_connection(house.env))
    groups = [f"{house.env['topic_prefix']}.{service}.{what}" for service in SERVICES for what in READERS]
    with ThreadPoolExecutor(1) as pool:  # a loop of its own: the test's is running
        try:
            found = pool.submit(asyncio.run, office.committed_offsets_by_group(groups)).result()
        except KafkaUnreachable as away:
            yield away
            return
    for group, places in zip(groups, found, strict=True):
        yield group, {f"{place.topic}-{place.partition}": offset for place, offset in places.items()}


def _rows(house: House, table: str) -> str:
    try:
        return str(rows_of(house.env, table))
    except RefusedByPostgres:
        return "the database does not answer"
    except KeyError:
        return "a database has no such table"
