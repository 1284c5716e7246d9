"""Generate the published contract from the registry: AsyncAPI and a JSON Schema per message."""

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from shared.contract import messages as messages  # importing registers every message
from shared.contract.cloudevent import PLAIN_BODY, SEALED_BODY, SPEC_VERSION, schema_uri
from shared.contract.content import MAX_CONTENT
from shared.contract.fields import ID, INSTANT
from shared.contract.limits import MAX_LETTER, MAX_PAYLOAD, MAX_RECORD, MAX_SEALED, MAX_SEALED_LETTER
from shared.contract.refusal import REASONS
from shared.contract.registry import SERVICES, Direction, MessageType, ServiceName, all_messages
from shared.contract.topics import Topics
from shared.crypto.house_keys import DESTROY_AFTER
from shared.crypto.jose import SEAL_ALGORITHM, SEAL_CIPHER, SIGN_ALGORITHM
from shared.storage.held_messages import MOST_WAITING
from shared.storage.inbox import AHEAD, HORIZON

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_TEXT = MAX_CONTENT
MAX_DEPTH = 200  # of JSON; where the parser stops
PARTY = "{party}"
KAFKA_BINDING = "0.5.0"
Json = dict[str, Any]


class TitlesAsGiven(GenerateJsonSchema):
    """Keep a field's title as given, the covenant's Dutch term, and derive none from its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


# --- JSON Schemas ---------------------------------------------------------------------------------


def schema_of(entry: MessageType) -> Json:
    """Return the payload's own JSON Schema; its `$id` is the `dataschema` of the envelope."""
    made = entry.model.model_json_schema(schema_generator=TitlesAsGiven)
    made |= {"$defs": _untitled(made["$defs"])} if "$defs" in made else {}
    return {"$schema": DIALECT, "$id": schema_uri(entry), **made, "title": entry.dutch}


def _untitled(definitions: Json) -> Json:
    """Return definitions without the title that pydantic gives them, the name of our own class."""
    return {name: {k: v for k, v in made.items() if k != "title"} for name, made in definitions.items()}


def schema_files() -> dict[str, Json]:
    """Map file name to schema, of every message."""
    return {f"{entry.name}.v{entry.version}.json": schema_of(entry) for entry in all_messages()}


# --- AsyncAPI -------------------------------------------------------------------------------------


def partner_messages() -> list[MessageType]:
    """List all messages that a party sends or gets."""
    return [entry for entry in all_messages() if entry.direction is not Direction.EVENT]


def asyncapi() -> Json:
    """Return the AsyncAPI 3.0 document, written from the house's side: it receives what a party sends."""
    entries = partner_messages()
    topics = Topics()
    channels: Json = {}
    operations: Json = {}
    for service in SERVICES:
        sent = [e for e in entries if e.comes_in and e.service == service]
        got = [e for e in entries if e.goes_out and e.service in (service, "house")]
        if sent:
            channels[f"{service}-from-party"] = _channel(
                topics.from_party(service, PARTY),
                f"Written by the party alone, read by {service} alone.",
                sent,
            )
            operations[f"{service}-receives"] = _receives(service, sent)
        operations[f"{service}-sends"] = _sends(service, got)
    every_letter = [e for e in entries if e.goes_out]
    channels["to-party"] = _channel(
        topics.to_party(PARTY), "Written by the five services, read by the party alone.", every_letter
    )
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": SEALED_BODY,
        "servers": {"house": _server()},
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": {_key(entry): _message(entry) for entry in entries},
            "schemas": _payloads(entries) | _headers(),
            "parameters": {"party": {"description": "Id of the party, as its record names it."}},
            "securitySchemes": {
                "scram": {"type": "scramSha512", "description": "User name and password of the party."}
            },
        },
    }


def _info() -> Json:
    return {
        "title": "Zorg- en Veiligheidshuis: partner topics",
        "version": "1.0.0",
        "description": _agreements(),
    }


def _agreements() -> str:
    """Return what no schema can say; a stranger connects with this document alone."""
    template = Template((Path(__file__).parent / "partner-topics.md").read_text())
    return template.substitute(
        spec_version=SPEC_VERSION,
        sealed_body=SEALED_BODY,
        plain_body=PLAIN_BODY,
        seal_algorithm=SEAL_ALGORITHM,
        seal_cipher=SEAL_CIPHER,
        sign_algorithm=SIGN_ALGORITHM,
        max_payload=MAX_PAYLOAD,
        max_depth=MAX_DEPTH,
        max_sealed=MAX_SEALED,
        max_record=MAX_RECORD,
        max_letter=MAX_LETTER,
        max_sealed_letter=MAX_SEALED_LETTER,
        ahead=AHEAD // timedelta(minutes=1),
        horizon_days=HORIZON.days,
        kept_days=DESTROY_AFTER.days,
        most_waiting=MOST_WAITING,
        reasons="\n".join(f"- {code}: {why}" for code, why in REASONS.items()),
    )


def _server() -> Json:
    return {
        "host": "{bootstrap}",
        "protocol": "kafka-secure",
        "description": "The house's brokers; topics and credentials are given at accession.",
        "variables": {"bootstrap": {"description": "Host and port, as the house gives them."}},
        "security": [_ref("components/securitySchemes/scram")],
    }


def _channel(address: str, description: str, entries: Iterable[MessageType]) -> Json:
    return {
        "address": address,
        "description": description,
        "parameters": {"party": _ref("components/parameters/party")},
        "messages": {_key(entry): _ref(f"components/messages/{_key(entry)}") for entry in entries},
        "bindings": {
            "kafka": {
                "partitions": 1,
                "topicConfiguration": {"max.message.bytes": MAX_RECORD},
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _receives(service: ServiceName, entries: Iterable[MessageType]) -> Json:
    return {
        "action": "receive",
        "summary": f"A party sends, {service} decides and answers once.",
        "channel": _ref(f"channels/{service}-from-party"),
        "messages": [_ref(f"channels/{service}-from-party/messages/{_key(entry)}") for entry in entries],
        "reply": {
            "channel": _ref("channels/to-party"),
            "messages": [
                _ref(f"channels/to-party/messages/{_key(entry)}")
                for entry in all_messages()
                if entry.service == "house" and entry.direction is Direction.TO_PARTY
            ],
        },
    }


def _sends(service: ServiceName, entries: Iterable[MessageType]) -> Json:
    return {
        "action": "send",
        "summary": f"Letters of {service} to one party.",
        "channel": _ref("channels/to-party"),
        "messages": [_ref(f"channels/to-party/messages/{_key(entry)}") for entry in entries],
    }


def _message(entry: MessageType) -> Json:
    incoming = entry.comes_in
    about_itself = {"ce_type": {"const": entry.type}, "ce_dataschema": {"const": schema_uri(entry)}}
    base = "FromPartyHeaders" if incoming else "ToPartyHeaders"
    answered = "ce_id" if incoming else "ce_causationid"
    return {
        "name": entry.type,
        "title": entry.dutch,
        "summary": (entry.model.__doc__ or "").strip().splitlines()[0],
        "contentType": SEALED_BODY,
        "correlationId": {"location": f"$message.header#/{answered}"},
        "headers": {
            "type": "object",
            "allOf": [_ref(f"components/schemas/{base}"), {"properties": about_itself}],
        },
        "payload": _ref(f"components/schemas/{entry.model.__name__}"),
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "description": "The case number, or the message's own id where there is no case.",
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _payloads(entries: Iterable[MessageType]) -> Json:
    _, made = models_json_schema(
        [(entry.model, "validation") for entry in entries],
        ref_template="#/components/schemas/{model}",
        schema_generator=TitlesAsGiven,
    )
    titles = {entry.model.__name__: {"title": entry.dutch} for entry in entries}
    return {name: titles.get(name, {}) | schema for name, schema in _untitled(made["$defs"]).items()}


def _headers() -> Json:
    """Return the schemas of the CloudEvents attributes; none may say anything about a person."""
    text = {"type": "string"}
    common: Json = {
        "ce_specversion": {"const": SPEC_VERSION},
        "ce_id": {
            "type": "string",
            "format": "uuid",
            "pattern": ID.pattern,
            "description": "Unique per sender; sending again keeps it.",
        },
        "ce_source": {"type": "string", "description": "URN of the sender's system, with its OIN or KvK."},
        "ce_type": text,
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "pattern": INSTANT.pattern,
            "description": "When the sender recorded it.",
        },
        "ce_subject": {
            "type": "string",
            "format": "uuid",
            "description": "The opaque case number; absent where there is no case.",
        },
        "ce_dataschema": text,
        "ce_traceparent": {"type": "string", "description": "W3C trace context at the start."},
        "content-type": {"const": SEALED_BODY},
    }
    needed = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type"]
    answered = {
        "ce_sequence": {
            "type": "string",
            "description": "Counts per service and party, without gaps; a restored service jumps.",
        },
        "ce_causationid": {"type": "string", "description": "Id of the message that this follows from."},
    }
    limit = f"The signed data are at most {MAX_PAYLOAD} bytes."
    return {
        "FromPartyHeaders": {
            "type": "object",
            "description": limit,
            "properties": common,
            "required": needed,
        },
        "ToPartyHeaders": {
            "type": "object",
            "properties": common | answered,
            "required": [*needed, "ce_sequence", "ce_dataschema"],
        },
    }


def _key(entry: MessageType) -> str:
    return f"{entry.name}.v{entry.version}"


def _ref(path: str) -> Json:
    return {"$ref": f"#/{path}"}


def as_text(document: Json) -> str:
    """Format JSON as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
