"""The published contract: made from the registry, current, and never broken under the same version."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from pydantic import TypeAdapter
from pydantic_core import from_json

from docs.generate import contract
from docs.generate.__main__ import SCHEMAS, broken_promises, documents, left_over, not_current
from docs.generate.compatibility import breaks
from docs.generate.tree import DOCS, ROOT, load, services
from shared.contract.cloudevent import (
    SEALED_BODY,
    Envelope,
    Unreadable,
    attributes,
    read_headers,
    schema_uri,
    to_headers,
)
from shared.contract.fields import Address, BirthDate, Bsn, PersonName, Place
from shared.contract.limits import MAX_RECORD, MAX_SEALED
from shared.contract.messages.governance import AuthorisationGranted, PolicyDecided, SecrecyAcknowledged
from shared.contract.messages.house import DeadLetter, ItemsClaimed, LogCheckpointed
from shared.contract.messages.retention import CaseErased
from shared.contract.messages.triage import QueryIssued
from shared.contract.parties import PartyRecord
from shared.contract.refusal import REASONS
from shared.contract.registry import SERVICES, Direction, MessageType, all_messages
from shared.contract.topics import Topics
from shared.core.effects import ToParty
from shared.handling.service import Service
from shared.ids import new_id
from tests.support.spec import NOW

DOCUMENT = contract.asyncapi()
MESSAGES = all_messages()
# Events that no handler of another service takes, and who reads them instead.
READ_OTHERWISE = {
    DeadLetter: "operators read the topic of dead letters",
    PartyRecord: "every service copies the compacted parties topic (shared/storage/party_replica.py)",
    PolicyDecided: "every service copies the policy (shared/storage/policy_replica.py)",
    SecrecyAcknowledged: "every service copies who may work (shared/storage/acknowledgements.py)",
    LogCheckpointed: "the other services keep it (shared/messaging/house_records.py)",
    ItemsClaimed: "the services that take items learn whose numbers are whose (shared/storage/item_ids.py)",
    CaseErased: "the end of an erasure; the others have forgotten the case before",
}
EACH = pytest.mark.parametrize("entry", MESSAGES, ids=lambda entry: entry.name)


def service(name: str) -> Service[Any]:
    found: Service[Any] = load(name, "main").SERVICE
    return found


# --- current --------------------------------------------------------------------------------------


def test_every_generated_document_is_current() -> None:
    made = documents()
    assert not_current(made) == [], "run `make generate`"
    assert left_over(made) == []


def test_a_document_that_says_something_else_is_found() -> None:
    path = DOCS / "settings.md"
    assert not_current({path: path.read_text() + "more"}) == [path]
    assert not_current({DOCS / "missing.md": ""}) == [DOCS / "missing.md"]
    assert left_over({}) == sorted(SCHEMAS.glob("*.json"))


# --- AsyncAPI -------------------------------------------------------------------------------------


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


def test_the_document_has_the_structure_of_asyncapi_3() -> None:
    servers = {name: server | {"pathname": "/"} for name, server in DOCUMENT["servers"].items()}
    read = ApplicationSchema.model_validate(DOCUMENT | {"servers": servers})  # it asks for this optional one
    assert read.asyncapi == "3.0.0"
    assert set(read.channels) == set(DOCUMENT["channels"])
    for reference in references(DOCUMENT):
        assert resolve(DOCUMENT, reference) is not None
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == set(channel["parameters"])
    for server in DOCUMENT["servers"].values():
        assert set(re.findall(r"{(\w+)}", server["host"])) == set(server["variables"])


def test_each_operation_uses_messages_of_its_own_channel() -> None:
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] == ("receive" if name.endswith("-receives") else "send")
        assert operation["messages"], name
        for part in (operation, operation.get("reply", operation)):
            assert all(m["$ref"].startswith(part["channel"]["$ref"] + "/") for m in part["messages"])


def test_each_partner_message_stands_on_the_topic_the_code_uses() -> None:
    topics = Topics()
    for entry in contract.partner_messages():
        key = f"{entry.name}.v{entry.version}"
        channels = {c["address"] for c in DOCUMENT["channels"].values() if key in c["messages"]}
        incoming = {topics.from_party(entry.service, "{party}")} if entry.comes_in else set()
        assert channels == incoming | ({topics.to_party("{party}")} if entry.goes_out else set())
        message = DOCUMENT["components"]["messages"][key]
        assert (message["name"], message["title"]) == (entry.type, entry.dutch)
        assert message["contentType"] == "application/jose"


def test_no_letter_and_no_topic_is_for_more_than_one_party() -> None:
    """R26, R28, R29: a query cannot go to everybody, because nothing can."""
    outgoing = [c["address"] for c in DOCUMENT["channels"].values() if ".from." not in c["address"]]
    assert outgoing == ["zvh.to.{party}"]
    assert ToParty.__annotations__["recipient"] is str


def test_what_reaches_a_party_names_whose_it_is_and_on_whose_behalf() -> None:
    """R24: giver and receiver are parties, never the house."""
    schemas = DOCUMENT["components"]["schemas"]
    carriers = [
        entry
        for entry in MESSAGES
        if entry.direction is Direction.TO_PARTY
        and any(ref.rsplit("/")[-1] in ("Item", "ContributedItem") for ref in _behind(entry))
    ]
    for entry in carriers:
        assert "#/$defs/Item" not in _behind(entry), f"{entry.name}: an item without its contributor"
    assert "contributor" in schemas["ContributedItem"]["required"]
    assert "on_behalf_of" in schemas[QueryIssued.__name__]["required"]


def test_only_a_released_provision_carries_somebodys_item_out_of_the_house() -> None:
    """R36, R45, R53: answers and descriptions are viewed here; no invitation and no outcome carries them."""
    carriers = {
        entry.name
        for entry in MESSAGES
        if entry.direction is Direction.TO_PARTY
        and {"#/$defs/Item", "#/$defs/ContributedItem"} & _behind(entry)
    }
    assert carriers == {"items-provided"}


def _behind(entry: MessageType) -> set[str]:
    return set(references(contract.schema_of(entry)))


def test_each_reason_of_a_dead_letter_stands_in_the_contract() -> None:
    """A refusal of what could not be read names a code and says: see the contract."""
    raised: set[str] = set()
    for name in ("contract/cloudevent", "messaging/receiver", "crypto/jose"):
        source = (ROOT / "shared" / f"{name}.py").read_text()
        raised |= set(re.findall(r'(?:Unreadable|CannotDecode)\("([a-z0-9-]+)"\)', source))
        raised |= set(re.findall(r'reason = "([a-z0-9-]+)"', source))
    assert raised == set(REASONS)
    assert all(f"- {reason}: " in DOCUMENT["info"]["description"] for reason in REASONS)


def test_the_contract_says_what_a_stranger_needs_to_connect() -> None:
    """Without reading our source: envelope, body, whose keys, limits, and what to do with what."""
    said = DOCUMENT["info"]["description"]
    for word in (
        "JOSE",
        "kid",
        "thumbprint",
        "datacontenttype",
        "jwks.json",
        "32768",
        "65536",
        "131072",
        "zvh.{party}.",
        "uncompressed",
        "30 days",
        "same id",
        "new one each day",
        "sequence",
        "crit",
    ):
        assert word in said, word
    needed = set(DOCUMENT["components"]["schemas"]["FromPartyHeaders"]["required"])
    envelope = Envelope(new_id(), "urn:x", "t", NOW)
    assert {name for name, _ in to_headers(envelope, SEALED_BODY)} == needed
    for missing in needed:
        left = [header for header in to_headers(envelope, SEALED_BODY) if header[0] != missing]
        with pytest.raises(Unreadable):
            read_headers(left, SEALED_BODY)


def test_json_is_as_deep_as_the_contract_says() -> None:
    """Within the CloudEvent, which is a level of its own."""
    deepest = b"[" * contract.MAX_DEPTH + b"]" * contract.MAX_DEPTH
    from_json(b'{"data":' + deepest + b"}")
    with pytest.raises(ValueError, match="recursion"):
        from_json(b'{"data":[' + deepest + b"]}")


# --- the registry ---------------------------------------------------------------------------------


def test_types_are_unique_and_well_formed() -> None:
    types = [entry.type for entry in MESSAGES]
    assert len(set(types)) == len(types)
    for entry in MESSAGES:
        assert re.fullmatch(r"nl\.veiligheidscasussen(\.[a-z]+(-[a-z]+)+)\.v[1-9]", entry.type)
    names = {(entry.name, entry.service) for entry in MESSAGES}
    assert len({name for name, _ in names}) == len(names), "a name tells the service and so the topic"


@EACH
def test_each_message_says_in_dutch_what_it_is(entry: MessageType) -> None:
    assert entry.dutch
    assert entry.model.__doc__
    schema = contract.schema_of(entry)
    assert schema["$id"] == schema_uri(entry)
    if entry.direction is Direction.EVENT:
        return
    untitled = [
        f"{where}.{name}"
        for where, model in [(entry.model.__name__, schema), *schema.get("$defs", {}).items()]
        for name, field in model.get("properties", {}).items()
        if "title" not in field
    ]
    assert untitled == [], "each field of a partner message has the covenant's Dutch term as its title"


@EACH
def test_no_field_that_a_party_sends_is_a_free_text_in_the_clear(entry: MessageType) -> None:
    """What a state keeps in the clear has a shape; whatever somebody can write freely is content."""
    if not entry.comes_in:
        return
    loose = [path for path in _loose_texts(contract.schema_of(entry)) if not path.endswith(OPAQUE)]
    assert loose == []


SHORT_CONTENT: tuple[Any, ...] = (PersonName, BirthDate, Address, Bsn, Place)
CONTENT_LENGTHS = {
    contract.MAX_TEXT,
    *(TypeAdapter(kind).json_schema()["maxLength"] for kind in SHORT_CONTENT),
}
OPAQUE = ("delegate", "jwk")  # an opaque token subject; the members of a public key


def _loose_texts(schema: dict[str, Any]) -> Iterator[str]:
    for model in (schema, *schema.get("$defs", {}).values()):
        for name, field in model.get("properties", {}).items():
            if any(_is_loose(kind) for kind in (field, *field.get("anyOf", ()))):
                yield name


def _is_loose(kind: dict[str, Any]) -> bool:
    shaped = {"pattern", "format", "enum", "const"} & kind.keys()
    return kind.get("type") == "string" and not shaped and kind.get("maxLength") not in CONTENT_LENGTHS


def _moments(node: Any) -> Iterator[dict[str, Any]]:
    """Every description of a moment or a day in a schema."""
    if isinstance(node, dict):
        if node.get("format") in ("date-time", "date"):
            yield node
        for value in node.values():
            yield from _moments(value)
    elif isinstance(node, list):
        for value in node:
            yield from _moments(value)


@EACH
def test_no_message_has_a_place_for_an_absurd_moment(entry: MessageType) -> None:
    assert all("pattern" in kind for kind in _moments(contract.schema_of(entry)))


@pytest.mark.parametrize("name", SERVICES)
def test_no_request_has_a_place_for_an_absurd_moment(name: str) -> None:
    document = json.loads((ROOT / "services" / name / "openapi.json").read_text())
    schemas = document["components"]["schemas"]
    todo = {
        body
        for path in document["paths"].values()
        for operation in path.values()
        for body in references(operation.get("requestBody", {}))
    }
    asked: set[str] = set()
    while todo:
        asked |= todo
        found = [references(schemas[reference.rpartition("/")[2]]) for reference in todo]
        todo = {reference for some in found for reference in some} - asked
    assert asked
    for reference in asked:
        assert all("pattern" in kind for kind in _moments(schemas[reference.rpartition("/")[2]])), reference


PERSONAL = ("name", "naam", "bsn", "birth", "geboorte", "address", "adres", "person", "betrokkene", "phone")


def test_no_header_has_a_place_for_anything_about_a_person() -> None:
    envelope = Envelope("1", "urn:x", "t", NOW, "s", "d", {"sequence": "1", "causationid": "2"})
    published = {
        name
        for headers in ("FromPartyHeaders", "ToPartyHeaders")
        for name in DOCUMENT["components"]["schemas"][headers]["properties"]
    }
    assert {f"ce_{name}" for name in attributes(envelope)} <= published
    for name in published:
        assert re.fullmatch(r"ce_[a-z0-9]+|content-type", name)
        assert not any(word in name for word in PERSONAL), name


@EACH
def test_each_message_of_a_party_has_a_handler_at_its_own_service_alone(entry: MessageType) -> None:
    if not entry.comes_in:
        return
    takers = [name for name in services() if entry.model in service(name).handlers]
    assert takers == [entry.service]


@EACH
def test_each_event_is_heard_by_another_service_or_read_otherwise(entry: MessageType) -> None:
    if entry.direction is not Direction.EVENT:
        return
    hearers = [name for name in services() if entry.model in service(name).handlers]
    assert entry.service not in hearers, "nobody listens to itself"
    assert bool(hearers) is (entry.model not in READ_OTHERWISE), entry.name


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_handles_only_what_can_reach_it(name: str) -> None:
    entries = {entry.model: entry for entry in MESSAGES}
    for model in service(name).handlers:
        entry = entries[model]
        assert entry.direction is not Direction.TO_PARTY
        assert entry.direction is Direction.EVENT or entry.service == name


def test_an_event_fits_the_limit_of_the_profile() -> None:
    assert MAX_SEALED == 64 * 1024
    assert MAX_RECORD == 2 * MAX_SEALED


# --- compatibility --------------------------------------------------------------------------------

GRANTED = next(entry for entry in MESSAGES if entry.model is AuthorisationGranted)


def changed(**change: Any) -> dict[str, Any]:
    schema = copy.deepcopy(contract.schema_of(GRANTED))
    schema["properties"] |= change.pop("properties", {})
    schema["required"] += change.pop("required", [])
    for name in change.pop("without", []):
        del schema["properties"][name]
    return schema


def found(new: dict[str, Any], direction: Direction = Direction.FROM_PARTY) -> list[str]:
    return breaks(contract.schema_of(GRANTED), new, direction)


@pytest.mark.parametrize("direction", Direction)
def test_a_new_required_field_is_reported_as_a_break(direction: Direction) -> None:
    new = changed(properties={"reason": {"type": "string"}}, required=["reason"])
    assert found(new, direction) == ["reason: became required"]


@pytest.mark.parametrize("direction", Direction)
def test_a_new_optional_field_breaks_nothing(direction: Direction) -> None:
    assert found(changed(properties={"reason": {"type": "string"}}), direction) == []


def test_a_removed_field_a_changed_type_and_a_narrower_limit_are_breaks() -> None:
    assert found(changed(without=["valid_from"])) == ["valid_from: was removed"]
    assert found(changed(properties={"acting_body": {"type": "integer"}}))[0].startswith("acting_body: ")
    narrower = contract.schema_of(GRANTED)["properties"]["scopes"] | {"minItems": 2}
    assert found(changed(properties={"scopes": narrower})) == ["scopes: minItems is now 2"]


def test_a_value_may_be_added_for_writers_and_not_for_readers() -> None:
    new = changed()
    new["$defs"]["Scope"]["enum"].append("another")
    assert found(new, Direction.FROM_PARTY) == []
    assert found(new, Direction.TO_PARTY) == ["scopes[]: another is a value that readers do not know"]
    new["$defs"]["Scope"]["enum"].remove("rto")
    assert "scopes[]: rto is no longer a value" in found(new, Direction.FROM_PARTY)


def test_nothing_published_is_broken() -> None:
    assert list(broken_promises()) == []


def test_a_break_of_a_published_schema_is_named(tmp_path: Path) -> None:
    schema = contract.schema_of(GRANTED)
    schema["required"].remove("acting_body")
    (tmp_path / "authorisation-granted.v1.json").write_text(json.dumps(schema))
    assert list(broken_promises(tmp_path)) == ["authorisation-granted.v1: acting_body: became required"]
