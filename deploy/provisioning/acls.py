"""Define who may do what on the broker, as a table of ACLs, and evaluate it. Pure.

Everything not listed is denied. Names of resources are exact, or prefixes that end in a dot.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from shared.contract.registry import SERVICES
from shared.contract.topics import OPERATOR, SERVICE_LOGIN, Topics


class Operation(StrEnum):
    """Name what can be done to a resource, as Kafka names it."""

    READ = "READ"
    WRITE = "WRITE"
    DESCRIBE = "DESCRIBE"
    DELETE = "DELETE"
    CREATE = "CREATE"
    ALTER = "ALTER"
    DESCRIBE_CONFIGS = "DESCRIBE_CONFIGS"
    ALTER_CONFIGS = "ALTER_CONFIGS"
    CLUSTER_ACTION = "CLUSTER_ACTION"
    IDEMPOTENT_WRITE = "IDEMPOTENT_WRITE"


class Kind(StrEnum):
    """Name the kinds of resources; `CLUSTER` is in no line of the table and so denied to all."""

    TOPIC = "TOPIC"
    GROUP = "GROUP"
    CLUSTER = "CLUSTER"
    TRANSACTIONAL_ID = "TRANSACTIONAL_ID"


APPLICABLE = {
    Kind.TOPIC: (
        Operation.READ,
        Operation.WRITE,
        Operation.DESCRIBE,
        Operation.DELETE,
        Operation.CREATE,
        Operation.ALTER,
        Operation.DESCRIBE_CONFIGS,
        Operation.ALTER_CONFIGS,
    ),
    Kind.GROUP: (Operation.READ, Operation.DESCRIBE, Operation.DELETE),
    Kind.CLUSTER: (
        Operation.CREATE,
        Operation.ALTER,
        Operation.DESCRIBE,
        Operation.DESCRIBE_CONFIGS,
        Operation.ALTER_CONFIGS,
        Operation.CLUSTER_ACTION,
        Operation.IDEMPOTENT_WRITE,
    ),
    Kind.TRANSACTIONAL_ID: (Operation.DESCRIBE, Operation.WRITE),
}

# Kafka lets whoever may do one of these also describe.
_IMPLY_DESCRIBE = (Operation.READ, Operation.WRITE, Operation.DELETE, Operation.ALTER)


@dataclass(frozen=True)
class Acl:
    """Describe one line of the table: `principal` may do `operation`."""

    principal: str
    kind: Kind
    name: str
    prefixed: bool
    operation: Operation


@dataclass(frozen=True)
class Cell:
    """Describe one question to the broker, and the answer it must give."""

    principal: str
    kind: Kind
    name: str
    operation: Operation
    allowed: bool


def service_user(service: str) -> str:
    """Return the login of a service; a party's id cannot look like it."""
    return f"{SERVICE_LOGIN}{service}"


def party_acls(prefix: str, party: str) -> list[Acl]:
    """Let a party write to its outboxes and read its one inbox; nothing else, nothing on the cluster."""
    read, write, describe = Operation.READ, Operation.WRITE, Operation.DESCRIBE
    names = Topics(prefix)
    outboxes = [names.from_party(service, party) for service in SERVICES]
    return [
        *(acl for name in outboxes for acl in _topic(party, name, write, describe)),
        *_topic(party, names.to_party(party), read, describe),
        Acl(party, Kind.GROUP, names.group_prefix(party), True, read),
    ]


def service_acls(prefix: str, service: str) -> list[Acl]:
    """Let a service read and trim its outboxes, fill inboxes, and write and read events."""
    read, write, describe = Operation.READ, Operation.WRITE, Operation.DESCRIBE
    user, names = service_user(service), Topics(prefix)
    acls = [
        *_topics_below(user, f"{prefix}.{service}.from.", read, describe, Operation.DELETE),
        *_topics_below(user, f"{prefix}.to.", write, describe),
        *_topic(user, names.events(service), write, describe),
        *_topic(user, names.dead_letters(service), write, describe),
        *(acl for name in names.subscribed(service) for acl in _topic(user, name, read, describe)),
        Acl(user, Kind.GROUP, names.group_prefix(service), True, read),
    ]
    return [*acls, *_governance_acls(prefix, user)] if service == "governance" else acls


def _governance_acls(prefix: str, user: str) -> list[Acl]:
    """Let governance write the registers, and delete from inboxes what the parties' groups have read."""
    return [
        *(acl for name in Topics(prefix).registers for acl in _topic(user, name, Operation.WRITE)),
        *_topics_below(user, f"{prefix}.to.", Operation.DELETE),
        Acl(user, Kind.GROUP, f"{prefix}.", True, Operation.DESCRIBE),
    ]


def operator_acls(prefix: str) -> list[Acl]:
    """Let operators read dead letters, which hold ids and reasons only."""
    read, describe, names = Operation.READ, Operation.DESCRIBE, Topics(prefix)
    dead = [names.dead_letters(service) for service in SERVICES]
    return [
        *(acl for name in dead for acl in _topic(OPERATOR, name, read, describe)),
        Acl(OPERATOR, Kind.GROUP, names.group_prefix(OPERATOR), True, read),
    ]


def house_acls(prefix: str) -> list[Acl]:
    """Return the lines of the services and the operators."""
    return [*operator_acls(prefix), *(acl for name in SERVICES for acl in service_acls(prefix, name))]


def permits(acls: Iterable[Acl], principal: str, kind: Kind, name: str, op: Operation) -> bool:
    """Evaluate the table in the way Kafka does: a match grants, DESCRIBE is implied."""
    granting = {op, *_IMPLY_DESCRIBE} if op is Operation.DESCRIBE else {op}
    return any(
        acl.principal == principal
        and acl.kind is kind
        and (name.startswith(acl.name) if acl.prefixed else name == acl.name)
        and acl.operation in granting
        for acl in acls
    )


def expected_matrix(
    acls: Iterable[Acl],
    principals: Iterable[str],
    resources: Iterable[tuple[Kind, str]],
) -> Iterator[Cell]:
    """Yield every principal times every resource times every operation on it."""
    own: dict[str, list[Acl]] = {principal: [] for principal in principals}
    for acl in acls:
        if acl.principal in own:
            own[acl.principal].append(acl)
    listed = list(resources)
    for principal, lines in own.items():
        for kind, name in listed:
            for operation in APPLICABLE[kind]:
                allowed = permits(lines, principal, kind, name, operation)
                yield Cell(principal, kind, name, operation, allowed)


def _topic(user: str, name: str, *operations: Operation) -> list[Acl]:
    return [Acl(user, Kind.TOPIC, name, False, operation) for operation in operations]


def _topics_below(user: str, prefix: str, *operations: Operation) -> list[Acl]:
    return [Acl(user, Kind.TOPIC, prefix, True, operation) for operation in operations]
