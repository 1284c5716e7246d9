"""Describe a running house in env.json: what connectors, people and tests need to take part in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.issuer import AUDIENCE, subject_of
from deploy.local.layout import Layout
from deploy.local.parties import Party, connector_settings
from deploy.local.postgres import Database
from deploy.local.services import SOURCE, public_keys
from shared.contract.registry import SERVICES
from shared.contract.topics import OPERATOR, Topics
from shared.kafka.connection import Connection

KEYS_HOW = (
    "public_keys show what jwks_url gave when this file was written; the key to seal to is a new one "
    "each day, so ask jwks_url for the one whose use is enc. A letter comes from the service whose "
    "source stands in ce_source, and is signed with a key of that service whose use is sig"
)
CLOCK_HOW = (
    'write {"offset_seconds": n} to a new file beside it, and rename that to this one (five services '
    "read it twice a second, and half a file is none): covenant time is then n seconds ahead. Deadlines "
    "that have come fire at once, also those that cannot be undone: the file counts as the confirmation "
    "that an operator gives in earnest"
)


def describe_house(
    layout: Layout,
    *,
    house: str,
    prefix: str,
    services: Sequence[str],
    parties: Sequence[Party],
    credentials: Mapping[str, dict[str, Any]],
    people: Mapping[str, Any],
    kafka: Connection,
    postgres: Database,
    databases: Mapping[str, Database],
    issuer: str | None = None,
    case_keys: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the content of env.json. It holds every secret: for a file of mode 0600, local only.

    `issuer`: the URL in tokens, where it is not the one by which this machine reaches the issuer.
    `case_keys`: where the case keys are stored, if not in the house's directory.
    """
    ca_file = str(kafka.ca_file)
    reached, topics = layout.url("issuer"), Topics(prefix)
    return {
        "house": house,
        "topic_prefix": prefix,
        "kafka": {
            "bootstrap": kafka.bootstrap,
            "ca_file": ca_file,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
        },
        "ca_file": ca_file,
        "parties": {party.id: connector_settings(prefix, party, credentials[party.id]) for party in parties},
        "services": {
            service: {
                "base_url": layout.url(service),
                "source": f"{SOURCE}-{service}",
                "jwks_url": f"{layout.url(service)}/.well-known/jwks.json",
                "metrics_token": layout.secrets(service).metrics_token_file.read_text(),
                "public_keys": public_keys(layout.url(service), kafka.ca_file),
            }
            for service in services
        },
        "keys": {"how": KEYS_HOW},
        "issuer": {
            "url": issuer or reached,
            "token_endpoint": f"{reached}/token",
            "audience": AUDIENCE,
            "how": "POST a form: grant_type=password, username and password of one of people",
        },
        "people": {username: {**person, "sub": subject_of(username)} for username, person in people.items()},
        "clock": {
            "file": str(layout.clock_file),
            "how": CLOCK_HOW,
        },
        "operator": {
            "user": OPERATOR,
            "password": layout.operator_password(),
            "group_prefix": topics.group_prefix(OPERATOR),
            "topics": [topics.dead_letters(service) for service in SERVICES],
        },
        "admin": {
            "kafka": {"user": kafka.user, "password": kafka.password},
            "postgres": vars(postgres),
            "databases": {service: vars(database) for service, database in databases.items()},
            "case_keys": case_keys or {"directory": str(layout.keys("retention") / "cases")},
        },
    }


def admin_connection(house: Mapping[str, Any]) -> Connection:
    """Return the connection of the broker's administrator, who may read everything, from an env.json."""
    admin = house["admin"]["kafka"]
    return Connection(house["kafka"]["bootstrap"], Path(house["ca_file"]), admin["user"], admin["password"])
