"""Read the parties of a covenant, and make what each one's connector needs to take part."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deploy.machine.keys import new_encryption_key, new_signing_key
from deploy.machine.secrets import new_password, write_private_json
from deploy.provisioning.topics import check_party_id
from shared.contract.registry import SERVICES
from shared.contract.topics import Topics

HOUSES = Path(__file__).parents[1] / "houses"

PartyKind = Literal["municipality", "national-chain-partner", "other"]


@dataclass(frozen=True)
class Party:
    """Describe a signatory of the covenant; `source` is the CloudEvents source of its messages."""

    id: str
    name: str
    seat: str
    office: str
    kind: PartyKind
    may_use_bsn: bool
    acting_bodies: tuple[str, ...]
    source: str
    checked_for_special: bool = False


def parties_of(house: str) -> list[Party]:
    """Read the parties of houses/<house>.json."""
    content = json.loads((HOUSES / f"{house}.json").read_text())
    return [
        Party(**{**entry, "id": check_party_id(entry["id"]), "acting_bodies": tuple(entry["acting_bodies"])})
        for entry in content["parties"]
    ]


def kept_credentials(file: Path, parties: Sequence[Party]) -> dict[str, dict[str, Any]]:
    """Return password and private keys (JWK) by party: made once, and kept in `file`."""
    kept: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
    for party in parties:
        if party.id not in kept:
            kept[party.id] = {
                "password": new_password(),
                "signing_key": new_signing_key(),
                "encryption_key": new_encryption_key(),
            }
    write_private_json(file, kept)
    return kept


def connector_settings(prefix: str, party: Party, credentials: dict[str, Any]) -> dict[str, Any]:
    """Return everything that a party's connector needs, as it stands in env.json."""
    topics = Topics(prefix)
    return {
        "name": party.name,
        "source": party.source,
        "acting_bodies": list(party.acting_bodies),
        "user": party.id,
        **credentials,
        "topics": {
            "to": topics.to_party(party.id),
            "from": {name: topics.from_party(name, party.id) for name in SERVICES},
        },
        "group_prefix": topics.group_prefix(party.id),
    }
