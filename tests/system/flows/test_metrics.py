"""On the running house: what the alarms ask for is what the five services expose, and it names nobody."""

import asyncio
import re

import httpx
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from shared.contract.registry import SERVICES
from tests.story.world import World
from tests.support.alarms import RULES, labels_in, names_in
from tests.system.flows.cases import referred

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")
LABELS = frozenset(
    ("box", "document", "group", "le", "loop", "partition", "reason", "refusal", "rule", "source", "status")
)
LABELS |= {
    "document",
    "for",
    "party",
    "publisher",
    "service",
    "state",
    "status",
    "told",
    "topic",
    "what",
    "where",
    "whose",
    "why",
}
OF_LIBRARY = ("python_", "process_")
SUFFIXES = ("", "_total", "_created", "_bucket", "_count", "_sum")


async def scraped(world: World, service: str, token: str | None = None) -> httpx.Response:
    of = world.house["services"][service]
    headers = {"authorization": f"Bearer {token or of['metrics_token']}"}
    return await world.people.client.get(f"{of['base_url']}/metrics", headers=headers)


async def exposed(world: World) -> dict[str, list[Metric]]:
    found: dict[str, list[Metric]] = {}
    for service in SERVICES:
        answer = await scraped(world, service)
        assert answer.status_code == 200, service
        found[service] = list(text_string_to_metric_families(answer.text))
    return found


@pytest.fixture
async def of_services(founded: World) -> dict[str, list[Metric]]:
    """Wait for the first round of who cleans the inboxes: what it counts has no sample before."""
    await referred(founded)
    deadline = asyncio.get_running_loop().time() + 60
    while not _inboxes_counted(found := await exposed(founded)):
        assert asyncio.get_running_loop().time() < deadline, "no inbox is counted"
        await asyncio.sleep(1)
    return found


def _inboxes_counted(found: dict[str, list[Metric]]) -> bool:
    samples = (s for metrics in found.values() for m in metrics for s in m.samples)
    return any(s.name == "zvh_unread_most" and s.labels["box"] == "inbox" for s in samples)


async def test_every_alarm_asks_for_what_is_exposed(of_services: dict[str, list[Metric]]) -> None:
    families = [metric for metrics in of_services.values() for metric in metrics]
    names = {f"{metric.name}{suffix}" for metric in families for suffix in SUFFIXES}
    samples = {(s.name, *pair) for metric in families for s in metric.samples for pair in s.labels.items()}
    for rule in RULES:
        assert names_in(rule) <= names, rule
        assert labels_in(rule) <= samples, rule


async def test_all_five_expose_the_same_but_for_the_keys(of_services: dict[str, list[Metric]]) -> None:
    names = {service: {metric.name for metric in metrics} for service, metrics in of_services.items()}
    shared_by_all = set.intersection(*names.values())
    ours = {name for name in names["intake"] if name.startswith("zvh_")} - {"zvh_known_checks_waiting"}
    assert {name for name in ours if not name.endswith("_created")} <= shared_by_all
    more = names["retention"] - shared_by_all
    assert {name for name in more if not name.endswith("_created")} == {
        "zvh_case_keys_made",
        "zvh_case_keys_destroyed",
        "zvh_erasures",
        "zvh_erasures_oldest_seconds",
    }


async def test_no_label_names_a_case_a_person_or_a_message(of_services: dict[str, list[Metric]]) -> None:
    """A party's id stands in the names of its topics and at its own record, and nowhere else."""
    for metrics in of_services.values():
        for sample in (s for m in metrics if not m.name.startswith(OF_LIBRARY) for s in m.samples):
            assert sample.labels.keys() <= LABELS, sample
            assert not UUID.search(" ".join(sample.labels.values())), sample
            for label, value in sample.labels.items():
                assert label in ("topic", "party") or "venlo" not in value, sample


async def test_a_referral_is_counted_where_it_went(founded: World) -> None:
    def value(metrics: list[Metric], name: str, **labels: str) -> float:
        return sum(s.value for m in metrics for s in m.samples if s.name == name and s.labels == labels)

    before = await exposed(founded)
    await referred(founded)
    after = await exposed(founded)
    for service, name, labels in (
        ("intake", "zvh_deliveries_total", {"status": "accepted"}),
        ("intake", "zvh_messages_sent_total", {}),
        ("intake", "zvh_batch_seconds_count", {}),
        ("retention", "zvh_case_keys_made_total", {}),
    ):
        rise = value(after[service], name, **labels) - value(before[service], name, **labels)
        assert rise >= 1, (service, name)
    sources = [s for m in after["intake"] if m.name == "zvh_scraped" for s in m.samples]
    assert {s.labels["source"]: s.value for s in sources} == {"database": 1, "broker": 1}


async def test_who_does_not_show_the_token_finds_no_such_page(founded: World) -> None:
    other = founded.house["services"]["triage"]["metrics_token"]
    refused = await scraped(founded, "intake", other)
    assert refused.status_code == 404
    assert "zvh_" not in refused.text
