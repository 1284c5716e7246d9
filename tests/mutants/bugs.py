"""Bugs a programmer could make here, each as one change to one file, and the tests that must see it."""

from dataclasses import dataclass

CRASHES = "tests/faults/test_crash_points.py"


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
        "shared/transaction.py",
        "claimed = await inbox.claim(connection, slips) if slips else set()",
        "async with self.engine.begin() as first:\n"
        "            claimed = await inbox.claim(first, slips) if slips else set()",
        (f"{CRASHES}::test_killed_before_commit_or_before_acknowledging_a_message_has_one_effect_f3",),
    ),
    Bug(
        "acknowledged before the commit",
        "shared/consume.py",
        '"ack_policy": AckPolicy.NACK_ON_ERROR',
        '"ack_policy": AckPolicy.ACK_FIRST',
        (f"{CRASHES}::test_killed_before_commit_or_before_acknowledging_a_message_has_one_effect_f3",),
    ),
    Bug(
        "inbox skipped",
        "shared/transaction.py",
        "if delivery.slip.key in claimed:",
        "if True:",
        ("tests/intake/test_store.py", "tests/triage/test_store.py"),
    ),
    Bug(
        "outbox read without the lock",
        "shared/lead.py",
        "yield session if mine else None",
        "yield session",
        ("tests/shared/test_lead.py",),
    ),
    Bug(
        "key kept after destruction",
        "services/retention/key_store.py",
        '            file.unlink(missing_ok=True)\n            self._at("unlinked")',
        '            self._at("unlinked")',
        ("tests/retention/test_key_store.py",),
    ),
    Bug(
        "policy inverted for reservations",
        "services/rto/reading.py",
        "withheld = item is None or viewer.party in item.withheld_from",
        "withheld = item is None or viewer.party not in item.withheld_from",
        ("tests/rto/test_reading.py",),
    ),
    Bug(
        "query sent to others too",
        "services/triage/consequences.py",
        "    yield ToParty(event.recipient, query, item=query.query_id)\n",
        "    yield ToParty(event.recipient, query, item=query.query_id)\n"
        "    yield ToParty(query.on_behalf_of, query, item=query.query_id)\n",
        ("tests/triage/test_consequences.py",),
    ),
    Bug(
        "dead letter dropped",
        "shared/receive.py",
        "return DeadLetter(slip, reason=reason, letters=letters, held=held)",
        "return DeadLetter(slip, reason=reason, letters=(), held=held)",
        ("tests/shared/test_receive.py",),
    ),
    Bug(
        "deadline fired twice",
        "shared/due.py",
        '_TAKE = sa.text("DELETE FROM due WHERE id = ANY(:ids) RETURNING id")',
        '_TAKE = sa.text("SELECT id FROM due WHERE id = ANY(:ids)")',
        ("tests/deploy/test_damaged_rows.py",),
    ),
    Bug(
        "erasure proven before the last confirmation",
        "services/retention/process.py",
        'MUST_CONFIRM = tuple(sorted(service for service in SERVICES if service != "retention"))',
        'MUST_CONFIRM = tuple(sorted(service for service in SERVICES if service != "retention"))[1:]',
        ("tests/retention/test_process.py",),
    ),
    Bug(
        "piece not bound to its case",
        "shared/sealing.py",
        "(self._house, self.case_id, piece, by)",
        "(self._house, piece, by)",
        ("tests/shared/test_sealing.py",),
    ),
    Bug(
        "number of a letter not written down",
        "shared/relay.py",
        "await numbers.write_down(self.engine)",
        "await asyncio.sleep(0)",
        ("tests/deploy/test_numbering.py",),
    ),
    Bug(
        "fault does not hold its case",
        "shared/deciding.py",
        "writes.cases[case.case_id] = case._replace(held=True)",
        "writes.cases[case.case_id] = case._replace(held=False)",
        ("tests/intake/test_store.py",),
    ),
    Bug(
        "erased case comes back",
        "shared/deciding.py",
        "if gone and (isinstance(command, Refusal) or not command.after_erasure):",
        "if gone and isinstance(command, Refusal):",
        ("tests/intake/test_store.py",),
    ),
    Bug(
        "new letter overtakes what was set aside",
        "shared/outbox.py",
        "WHERE aside.retry_at > clock_timestamp() AND aside.retry_at < 'infinity'",
        "WHERE false",
        ("tests/deploy/test_numbering.py",),
    ),
    Bug(
        "restored database numbers from where it was",
        "shared/numbering.py",
        "max(self.last.get(row.recipient, 0), self.above) + 1",
        "self.last.get(row.recipient, 0) + 1",
        ("tests/deploy/test_numbering.py",),
    ),
    Bug(
        "case erased since the backup comes back",
        "shared/forgetting.py",
        "if not self._restored:",
        "if True:",
        ("tests/shared/test_forgetting.py",),
    ),
    Bug(
        "broker that crashed is remembered as it was",
        "shared/post_office.py",
        "            self._client = None\n            raise",
        "            raise",
        ("tests/deploy/test_kafka.py::test_after_a_kill_the_same_broker_comes_back",),
    ),
)
