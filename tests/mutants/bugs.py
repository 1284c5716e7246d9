"""Bugs a programmer could make here, each as one change to one file, and the tests that must see it."""

from dataclasses import dataclass

CRASHES = "tests/system/faults/test_crash_points.py"
EDGE = "tests/integration/shared/test_edge_http.py"
BEHALF = f"{EDGE}::test_on_whose_behalf_somebody_came_is_stored_only_if_it_is_a_party"


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
        "control characters let into a text",
        "shared/contract/content.py",
        "if not value.isprintable() and _NOT_IN_TEXT.search(value):",
        "if False:",
        ("tests/unit/shared/test_content.py",),
    ),
    Bug(
        "field of a message without a bound",
        "shared/contract/parties.py",
        "    name: Line\n",
        "    name: str\n",
        ("tests/architecture/test_edge.py",),
    ),
    Bug(
        "causation that is no uuid taken",
        "shared/contract/cloudevent.py",
        '_IDS = ("id", "correlationid", "causationid")',
        '_IDS = ("id",)',
        ("tests/unit/shared/test_cloudevent.py",),
    ),
    Bug(
        "claim of a token taken as it comes",
        "shared/http/oidc.py",
        "    party: PartyId | None = None\n    service",
        "    party: Any = None\n    service",
        ("tests/unit/shared/test_token_claims.py",),
    ),
    Bug(
        "name of a client's own said back",
        "shared/http/app.py",
        "isinstance(step, int) or step in published",
        "True",
        ("tests/unit/shared/test_app.py",),
    ),
    Bug(
        "key of a client is the message's id",
        "shared/http/commands.py",
        "message_id=self._message_id(caller),",
        'message_id=caller.idempotency_key or "",',
        (f"{EDGE}::test_what_a_client_calls_an_act_is_neither_stored_nor_sent",),
    ),
    Bug(
        "any word stored as on whose behalf somebody looked",
        "shared/storage/access_log.py",
        "(SELECT party FROM parties WHERE party = :for_whom)",
        "CAST(:for_whom AS text)",
        (BEHALF,),
    ),
    Bug(
        "any word stored as on whose behalf somebody acted",
        "shared/storage/journal.py",
        "e if e.on_behalf_of in known else",
        "e if True else",
        (BEHALF,),
    ),
    Bug(
        "relay sends what its readers refuse",
        "shared/messaging/relay.py",
        "return checked(envelope)",
        "return envelope",
        ("tests/integration/shared/test_relay.py",),
    ),
    Bug(
        "case held by a request over HTTP",
        "shared/handling/decide.py",
        "if isinstance(delivery.origin, FromPerson):\n            return",
        "if False:\n            return",
        ("tests/integration/intake/test_quarantine.py",),
        "event that cannot be read is skipped",
        "shared/messaging/receiver.py",
        "return self._unreadable_event(record, reason, held)",
        "return None",
        ("tests/integration/triage/test_unreadable_events.py",),
    ),
    Bug(
        "event that cannot be read brings an erased case back",
        "shared/handling/decide.py",
        "if erased:  # nothing is kept of it",
        "if False:  # nothing is kept of it",
        ("tests/integration/triage/test_unreadable_events.py",),
    ),
    Bug(
        "record of a party that cannot be read is skipped",
        "shared/messaging/house_records.py",
        "if await self.parties.suspend(connection, one.party, one.sequence):",
        "if one.said is not None:",
        ("tests/integration/shared/test_party_records.py",),
    ),
    Bug(
        "suspension ends with an older record",
        "shared/storage/party_replica.py",
        "coalesce(CAST(:sequence AS bigint), parties.sequence + 1)",
        "parties.sequence",
        ("tests/integration/shared/test_party_records.py",),
    ),
    Bug(
        "copies of the parties compared by number alone",
        "shared/storage/party_replica.py",
        "return Followed(sequence, int.from_bytes(",
        "return Followed(sequence, 0 * int.from_bytes(",
        ("tests/integration/shared/test_party_records.py",),
    ),
    Bug(
        "data error retried as if a server were away",
        "shared/storage/database.py",
        'in ("21", "22", "23", "44", "54")',
        'in ("22", "23")',
        ("tests/integration/shared/test_rejected_data.py",),
    ),
    Bug(
        "key that is not known yet is taken for forgery",
        "shared/crypto/jose.py",
        "unknown=UnknownSigner(str(forged))",
        "unknown=forged",
        ("tests/integration/intake/test_waiting_for_a_key.py",),
    ),
    Bug(
        "forgery is taken for a key that is not known yet",
        "shared/crypto/codec.py",
        "if any(key.kid == kid for key in sender.keys):",
        "if False:",
        ("tests/integration/intake/test_waiting_for_a_key.py",),
    ),
    Bug(
        "flood of one party waits without a bound",
        "shared/handling/transaction.py",
        "if waiting[delivery.entry.sender] > held_messages.MOST_WAITING:",
        "if waiting[delivery.entry.sender] > 1e9:",
        ("tests/integration/intake/test_waiting_for_a_key.py",),
    ),
    Bug(
        "preparation that is on its way is law",
        "services/rto/process.py",
        "if state.phase is Phase.COLLECTING and command.by.role in A_PARTY:",
        "if state.phase is Phase.PURGED and command.by.role in A_PARTY:",
        ("tests/unit/rto/test_process.py",),
    ),
)
