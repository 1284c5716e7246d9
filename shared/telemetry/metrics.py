"""Define what a running service counts for Prometheus: once a batch, after its commit.

No label names a case, a person or a message: what is erased here would live on wherever it was scraped to.
"""

from prometheus_client import Counter, Gauge, Histogram

from shared.contract.refusal import REASONS
from shared.contract.registry import SERVICES
from shared.core.outcome import DeliveryStatus

BATCH_MESSAGES = Histogram(
    "zvh_batch_messages",
    "Deliveries and dead letters in one committed transaction",
    buckets=(1, 2, 5, 10, 50, 100, 500, 1000, 5000),
)
BATCH_SECONDS = Histogram(
    "zvh_batch_seconds",
    "From the start of a transaction to its commit",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
DELIVERIES = Counter("zvh_deliveries", "What became of messages, acts and deadlines", ["status"])
REFUSALS = Counter("zvh_refusals", "Final refusals, as they stand in the journal", ["rule", "refusal"])
DEAD_LETTERS = Counter("zvh_dead_letters", "Records that could not be read", ["reason"])
MESSAGES_SENT = Counter("zvh_messages_sent", "Messages that every in-sync replica has")
LETTERS_STOPPED = Counter(
    "zvh_letters_stopped",
    "Letters that were decided and might not leave when they were sent",
    ["rule"],
)
HELD_BACK = Counter(
    "zvh_held_back",
    "Times that something waited or was turned away, as it may be forbidden elsewhere or is not known there",
    ["what"],
)
BEHIND = Gauge("zvh_behind_seconds", "How long ago all was followed that the other services had published")
EVENTS_UNREADABLE = Counter(
    "zvh_events_unreadable", "Events of the house that could not be read and were quarantined", ["publisher"]
)
PARTY_RECORDS_UNREADABLE = Counter(
    "zvh_party_records_unreadable", "Records of the register of parties that suspended their party"
)
FAULTS = Counter("zvh_faults", "Exceptions in our own code that something was quarantined for", ["where"])
REQUESTS = Counter("zvh_requests", "Answers over HTTPS", ["status"])
REQUESTS_UNDER_WAY = Gauge("zvh_requests_under_way", "Requests over HTTPS that are not answered yet")
SIGN_INS_FAILED = Counter("zvh_sign_ins_failed", "Tokens that were not accepted", ["reason"])
REFUSAL_BURSTS = Counter(
    "zvh_refusal_bursts", "Times that one sender was refused far more often than mistakes explain", ["whose"]
)
LOG_CHAIN_BEHIND = Gauge(
    "zvh_log_chain_behind_seconds", "Since all entries of the logs were chained; 0 where another process does"
)
LIMITED = Counter("zvh_limited", "What was turned away because it is more than its share", ["whose"])
KEYS_GIVEN = Counter("zvh_case_keys_given", "Case keys given to a service, by the key authority", ["service"])
KEYS_WITHHELD = Counter(
    "zvh_case_keys_withheld",
    "Case keys a service asked for and does not need, by the key authority",
    ["service"],
)
UNREAD_TOO_LONG = Gauge(
    "zvh_unread_too_long", "Topics whose first unread record is older than a day, at the last round", ["box"]
)
UNREAD_MOST = Gauge("zvh_unread_most", "Unread records of the topic with most, at the last round", ["box"])
DELETED_UNREAD = Gauge(
    "zvh_deleted_unread", "Topics of which the broker deleted records that nobody had read", ["box"]
)

# So that each is there, and zero, before it first happens: Prometheus sees no rise from nothing.
for _status in DeliveryStatus:
    DELIVERIES.labels(_status.value)
for _reason in REASONS:
    DEAD_LETTERS.labels(_reason)
for _service in SERVICES:
    EVENTS_UNREADABLE.labels(_service)
    KEYS_GIVEN.labels(_service)
    KEYS_WITHHELD.labels(_service)
REQUESTS.labels("500")
REQUESTS.labels("503")
for _what in ("look", "letters", "batch", "act"):
    HELD_BACK.labels(_what)
for _whose in ("party", "person"):
    REFUSAL_BURSTS.labels(_whose)
SIGN_INS_FAILED.labels("not-a-token")
for _box in ("outbox", "inbox"):
    UNREAD_MOST.labels(_box)
    DELETED_UNREAD.labels(_box)
for _whose in ("stranger", "person", "party", "address", "connections", "slow", "records"):
    LIMITED.labels(_whose)
