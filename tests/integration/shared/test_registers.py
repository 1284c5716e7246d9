"""What a service follows of the policy and of the accounts, and that it judges by the policy of each day."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake import commands as c
from services.intake.main import SERVICE
from shared.contract.fields import Theme
from shared.contract.messages.governance import Organ, Parameters, PolicyDecided, SecrecyAcknowledged
from shared.contract.record import Record
from shared.contract.registry import Model
from shared.contract.topics import Topics
from shared.core.outcome import DeliveryStatus
from shared.core.policy import BUILT_IN
from shared.handling.transaction import Transaction
from shared.storage import acknowledgements
from shared.storage.policy_replica import PolicyReplica
from tests.conftest import FreshDatabase
from tests.support.events import event, with_header
from tests.support.samples import intake as s
from tests.support.spec import NOW
from tests.support.transactions import delivery, house_records, know, transaction_on

TOMORROW = date(2026, 3, 3)
MIDNIGHT = NOW.replace(hour=23, minute=0)  # in the Netherlands the third of March begins
TOPICS = Topics()
OTHER_CASE = "0192aaaa-0000-7000-8000-00000000000d"
OTHER_ITEM = "0192aaaa-0000-7000-8000-00000000000e"


@pytest.fixture
async def transaction(fresh_database: FreshDatabase) -> Transaction[Any]:
    engine: AsyncEngine = await fresh_database(SERVICE)
    await know(engine, s.parties())
    return transaction_on(engine, SERVICE)


def submitted(case: str, item: str) -> c.SubmitReferral:
    referral = s.referral(items=(s.item(item_id=item),))
    return c.SubmitReferral(by=s.by_party(), case_id=case, referral=referral)


def on(topic: str, said: Model, key: str, sequence: int = 1) -> Record:
    return event(said, key, sequence=sequence, service="governance")._replace(topic=topic)


def decided(number: str = "SG-2026-1", sequence: int = 1, **more: Any) -> Record:
    given: dict[str, Any] = {
        "number": number,
        "organ": Organ.STEERING_GROUP,
        "in_force_from": TOMORROW,
        "recorded_at": NOW,
    }
    return on(TOPICS.policy, PolicyDecided(**(given | more)), number, sequence)


async def test_a_message_is_judged_by_the_policy_of_the_day_it_was_received_whenever_it_is_read_r121(
    transaction: Transaction[Any],
) -> None:
    only = tuple(theme for theme in Theme if theme is not Theme.COMPLEX_CASE)
    assert await house_records(transaction).take([decided(themes=only)]) == []
    outcomes = await transaction.run(
        [
            delivery(case, submitted(case, item), at=at)
            for case, item, at in (
                (s.CASE, s.ITEM, MIDNIGHT - timedelta(seconds=1)),
                (OTHER_CASE, OTHER_ITEM, MIDNIGHT),
            )
        ]
    )
    assert [outcome.status for outcome in outcomes] == [DeliveryStatus.ACCEPTED, DeliveryStatus.REFUSED]
    refusal = outcomes[1].refusal
    assert refusal is not None and (refusal.name, refusal.rule) == ("ThemeNotInForce", "R130")


async def test_what_was_decided_is_kept_for_a_process_that_starts_later_whatever_the_order_r121(
    transaction: Transaction[Any],
) -> None:
    first = decided("VG-2026-1", 1, parameters=Parameters(closing_days=7))
    second = decided("VG-2026-2", 2, parameters=Parameters(smallest_cell=9))
    for batch in ([second], [first, first]):
        await house_records(transaction).take(batch)
    async with transaction.engine.connect() as connection:
        policies = await PolicyReplica().refresh(connection)
    policy = policies.of_day(TOMORROW)
    assert (policy.closing_term, policy.smallest_cell) == (timedelta(days=7), 9)
    assert policies.at(NOW) == BUILT_IN


async def test_what_cannot_be_read_of_the_registers_is_left_to_be_quarantined(
    transaction: Transaction[Any],
) -> None:
    said = SecrecyAcknowledged(person="person-1", acknowledged_at=NOW)
    for record in (decided(), on(TOPICS.acknowledgements, said, s.CASE)):
        wrong = (
            record._replace(value=b"{}"),
            record._replace(value=None),
            with_header(record, "ce_type", b"nl.veiligheidscasussen.policy-decided.v9"),
        )
        for one in wrong:
            assert await house_records(transaction).take([one]) == [one]


async def test_on_its_own_topic_alone_is_a_register_believed(transaction: Transaction[Any]) -> None:
    elsewhere = decided()._replace(topic=TOPICS.events("triage"))
    assert await house_records(transaction).take([elsewhere]) == [elsewhere]


async def test_who_acknowledged_secrecy_may_work_here_and_twice_is_once_r126(
    transaction: Transaction[Any],
) -> None:
    said = SecrecyAcknowledged(person="person-1", party=s.VENLO, acknowledged_at=NOW)
    record = on(TOPICS.acknowledgements, said, s.CASE)
    assert await house_records(transaction).take([record, record]) == []
    async with transaction.engine.connect() as connection:
        assert await acknowledgements.is_known(connection, "person-1", s.VENLO)
        assert not await acknowledgements.is_known(connection, "person-1", None)
        assert not await acknowledgements.is_known(connection, "person-2", s.VENLO)
