"""Bugs a programmer could make here, each as one change to one file, and the tests that must see it."""

from dataclasses import dataclass

CRASHES = "tests/system/faults/test_crash_points.py"


@dataclass(frozen=True, slots=True)
class Bug:
    """In `file`, `good` stands once and becomes `bad`; `tests` are the files or tests that must then fail."""

    name: str
    file: str
    good: str
    bad: str
    tests: tuple[str, ...]


BUGS = (
    Bug(
        "committed before the work",
        "shared/handling/transaction.py",
        "claimed = await inbox.claim(connection, entries) if entries else set()",
        "async with self.engine.begin() as first:\n"
        "            claimed = await inbox.claim(first, entries) if entries else set()",
        (f"{CRASHES}::test_killed_before_commit_or_before_acknowledging_a_message_has_one_effect_f3",),
    ),
    Bug(
        "acknowledged before the commit",
        "shared/messaging/consumer.py",
        '"ack_policy": AckPolicy.NACK_ON_ERROR',
        '"ack_policy": AckPolicy.ACK_FIRST',
        (f"{CRASHES}::test_killed_before_commit_or_before_acknowledging_a_message_has_one_effect_f3",),
    ),
    Bug(
        "inbox skipped",
        "shared/handling/transaction.py",
        "if delivery.entry.key in claimed:",
        "if True:",
        ("tests/integration/intake/test_store.py", "tests/integration/triage/test_store.py"),
    ),
    Bug(
        "outbox read without the lock",
        "shared/storage/leader_lock.py",
        "yield session if mine else None",
        "yield session",
        ("tests/integration/shared/test_leader_lock.py",),
    ),
    Bug(
        "key kept after destruction",
        "services/retention/key_store.py",
        '            file.unlink(missing_ok=True)\n            self._at("unlinked")',
        '            self._at("unlinked")',
        ("tests/integration/retention/test_key_store.py",),
    ),
    Bug(
        "policy inverted for reservations",
        "shared/core/item_rules.py",
        "WITHHELD if party in item.withheld_from",
        "WITHHELD if party not in item.withheld_from",
        ("tests/unit/rto/test_viewing.py",),
    ),
    Bug(
        "query sent to others too",
        "services/triage/effects.py",
        "    yield ToParty(event.recipient, query, item=query.query_id)\n",
        "    yield ToParty(event.recipient, query, item=query.query_id)\n"
        "    yield ToParty(query.on_behalf_of, query, item=query.query_id)\n",
        ("tests/unit/triage/test_effects.py",),
    ),
    Bug(
        "dead letter dropped",
        "shared/messaging/receiver.py",
        "return DeadLetter(entry, reason, messages, held)",
        "return DeadLetter(entry, reason, (), held)",
        ("tests/unit/shared/test_receiver.py",),
    ),
    Bug(
        "deadline fired twice",
        "shared/storage/deadlines.py",
        '_TAKE = sa.text("DELETE FROM due WHERE id = ANY(:ids) RETURNING id")',
        '_TAKE = sa.text("SELECT id FROM due WHERE id = ANY(:ids)")',
        ("tests/integration/shared/test_scheduler.py",),
    ),
    Bug(
        "erasure proven before the last confirmation",
        "services/retention/state.py",
        'MUST_CONFIRM = tuple(sorted(service for service in SERVICES if service != "retention"))',
        'MUST_CONFIRM = tuple(sorted(service for service in SERVICES if service != "retention"))[1:]',
        ("tests/unit/retention/test_process.py",),
    ),
    Bug(
        "piece not bound to its case",
        "shared/crypto/case_cipher.py",
        "(self._house, self.case_id, piece, by)",
        "(self._house, piece, by)",
        ("tests/unit/shared/test_case_cipher.py",),
    ),
    Bug(
        "number of a letter not written down",
        "shared/messaging/relay.py",
        "await numbers.persist(self.engine)",
        "await asyncio.sleep(0)",
        ("tests/system/deploy/test_sequence_numbers.py",),
    ),
    Bug(
        "fault does not hold its case",
        "shared/handling/decide.py",
        "work.cases[case.case_id] = case._replace(held=True)",
        "work.cases[case.case_id] = case._replace(held=False)",
        ("tests/integration/intake/test_store.py",),
    ),
    Bug(
        "erased case comes back",
        "shared/handling/decide.py",
        "if erased and (isinstance(command, Refusal) or not command.after_erasure):",
        "if erased and isinstance(command, Refusal):",
        ("tests/integration/intake/test_store.py",),
    ),
    Bug(
        "new letter overtakes what was set aside",
        "shared/storage/outbox.py",
        "WHERE deferred.retry_at > clock_timestamp() AND deferred.retry_at < 'infinity'",
        "WHERE false",
        ("tests/integration/shared/test_outbox.py",),
    ),
    Bug(
        "restored database numbers from where it was",
        "shared/storage/sequence_numbers.py",
        "max(self.last.get(row.recipient, 0), self.floor) + 1",
        "self.last.get(row.recipient, 0) + 1",
        ("tests/integration/shared/test_sequence_numbers.py",),
    ),
    Bug(
        "case erased since the backup comes back",
        "shared/handling/erasure_check.py",
        "if not self._restored:",
        "if True:",
        ("tests/integration/shared/test_erasure_check.py",),
    ),
    Bug(
        "broker that crashed is remembered as it was",
        "shared/kafka/admin.py",
        "            self._client = None\n            raise",
        "            raise",
        ("tests/system/deploy/test_kafka.py::test_after_a_kill_the_same_broker_comes_back",),
    ),
    Bug(
        "digest without the subject",
        "shared/storage/inbox.py",
        'type_, subject or "",',
        'type_, "",',
        ("tests/unit/shared/test_receiver.py",),
    ),
    Bug(
        "inbox pruned at half its horizon",
        "shared/storage/inbox.py",
        "before=now - HORIZON",
        "before=now - HORIZON / 2",
        ("tests/integration/shared/test_inbox.py",),
    ),
    Bug(
        "messages to others taken back too",
        "shared/storage/outbox.py",
        "(stop.recipient IS NULL OR outbox.recipient = stop.recipient)",
        "true",
        ("tests/integration/shared/test_outbox.py",),
    ),
    Bug(
        "leap of time ignored",
        "shared/runtime/scheduler.py",
        "abs(now - ticks[0].at) > LEAP",
        "False",
        ("tests/integration/shared/test_scheduler.py",),
    ),
    Bug(
        "leap of time seen forwards only",
        "shared/runtime/scheduler.py",
        "abs(now - ticks[0].at) > LEAP",
        "now - ticks[0].at > LEAP",
        ("tests/integration/shared/test_scheduler.py",),
    ),
    Bug(
        "lease of the relay ignored",
        "shared/messaging/relay.py",
        "- checked > LEASE",
        "- checked > 1e9",
        ("tests/integration/shared/test_relay.py",),
    ),
    Bug(
        "expected version ignored",
        "shared/handling/decide.py",
        "origin.expected_version not in (None, case.version)",
        "False",
        ("tests/integration/intake/test_store.py",),
    ),
    Bug(
        "old event followed again",
        "shared/handling/decide.py",
        "sequence <= case.heard.get(sender, 0)",
        "sequence < 0",
        ("tests/integration/triage/test_events.py",),
    ),
    Bug(
        "source of the sender not compared",
        "shared/messaging/receiver.py",
        "envelope.source != sender.source",
        "False",
        ("tests/unit/shared/test_receiver.py",),
    ),
    Bug(
        "stranger's body read",
        "shared/http/entrance.py",
        "if _has_body(scope):\n                raise",
        "if False:\n                raise",
        ("tests/unit/shared/test_entrance.py",),
    ),
    Bug(
        "body not counted while it comes",
        "shared/http/entrance.py",
        "if len(body) > self.max_body:",
        "if len(body) < 0:",
        ("tests/unit/shared/test_entrance.py",),
    ),
    Bug(
        "two lengths of one body",
        "shared/http/entrance.py",
        "if len(lengths) > 1 or",
        "if",
        ("tests/unit/shared/test_entrance.py",),
    ),
    Bug(
        "share of a person not kept",
        "shared/http/entrance.py",
        '_keep_to("person", self.persons.take(who.subject))',
        "pass",
        ("tests/unit/shared/test_entrance.py",),
    ),
    Bug(
        "connections of an address not counted",
        "shared/http/server.py",
        "self._open[address] >= most or",
        "False or",
        ("tests/unit/shared/test_server.py",),
    ),
    Bug(
        "slow clients waited for",
        "shared/http/server.py",
        "self._deadline = self.loop.call_later(WITHIN[waits_for[0]], self._too_slow)",
        "pass",
        ("tests/unit/shared/test_server.py",),
    ),
    Bug(
        "one party fills the batch",
        "shared/messaging/shares.py",
        "return min(AT_ONCE, int(left)) if left >= self._enough else 0",
        "return AT_ONCE",
        ("tests/unit/shared/test_shares.py",),
    ),
    Bug(
        "unread records deleted before the alarm",
        "deploy/provisioning/topics.py",
        "RETENTION_BYTES = 1024 * 1024 * 1024",
        "RETENTION_BYTES = 256 * 1024 * 1024",
        ("tests/unit/shared/test_shares.py",),
    ),
)
