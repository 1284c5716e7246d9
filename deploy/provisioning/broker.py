"""Configure a house's broker, wherever it runs: TLS, SCRAM, default deny. Pure."""

from collections.abc import Mapping
from pathlib import PurePath

from shared.contract.limits import MAX_REQUEST

ADMIN = "admin"
# Of TLS 1.3 and 1.2: an ephemeral key, and no CBC.
CIPHERS = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
)


def broker_properties(
    *,
    listeners: Mapping[str, tuple[str, str]],
    controller: str,
    data: PurePath,
    keystore: PurePath,
    truststore: PurePath,
    password: str,
) -> str:
    """Return `server.properties` of one node that is broker and controller, small enough for a laptop.

    `listeners`: by name the address to bind and the advertised one; the first is the broker's own.
    One super user, `admin`, with this password; everybody else may do what an ACL allows.
    """
    login = f'required username="{ADMIN}" password="{password}"'
    scram = f"org.apache.kafka.common.security.scram.ScramLoginModule {login};"
    plain = f'org.apache.kafka.common.security.plain.PlainLoginModule {login} user_{ADMIN}="{password}";'
    bound = [f"{name}://{address}" for name, (address, _) in listeners.items()]
    told = [f"{name}://{address}" for name, (_, address) in listeners.items()]
    protocols = [f"{name}:SASL_SSL" for name in (*listeners, "CONTROLLER")]
    logins = {f"listener.name.{name.lower()}.scram-sha-512.sasl.jaas.config": scram for name in listeners}
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{controller}",
        "log.dirs": data,
        "listeners": ",".join([*bound, f"CONTROLLER://{controller}"]),
        "advertised.listeners": ",".join(told),
        "listener.security.protocol.map": ",".join(protocols),
        "inter.broker.listener.name": next(iter(listeners)),
        "controller.listener.names": "CONTROLLER",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        **logins,
        # the controller cannot know SCRAM users before it has read its own log
        "sasl.mechanism.controller.protocol": "PLAIN",
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": plain,
        "ssl.cipher.suites": ",".join(CIPHERS),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": keystore,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": truststore,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{ADMIN}",
        "auto.create.topics.enable": "false",
        "default.replication.factor": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 5,
        "offsets.retention.minutes": 43_200,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 5,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3_000,  # a killed broker comes back only after this
        "group.initial.rebalance.delay.ms": 0,
        # above these a connection waits, or is closed before it has logged in
        "max.connections": 4_000,
        "max.connections.per.ip": 1_000,
        "socket.request.max.bytes": 8_388_608,
        "queued.max.request.bytes": 67_108_864,  # of all requests that wait in memory
        "message.max.bytes": MAX_REQUEST,  # above every topic's own max.message.bytes
        "log.retention.check.interval.ms": 5_000,  # emptied segments leave the disk soon
        "log.initial.task.delay.ms": 5_000,
        "log.segment.delete.delay.ms": 1_000,
        "log.index.size.max.bytes": 262_144,  # laid out in full for each partition; enough for 128 MB of it
        "log.cleaner.dedupe.buffer.size": 16_777_216,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def administrator(password: str) -> str:
    """Return the login that exists before the first start, as the storage tool's `--add-scram` takes it."""
    return f"SCRAM-SHA-512=[name={ADMIN},password={password}]"
