"""The bench measures what it says: the same letters for all, readable answers, honest ratios."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bench.child import Began, Plain, PlainKey
from bench.floor import Floor
from bench.load import QUERIES_PER_CASE, make_letters, make_queries, party_records
from bench.measure import Run
from bench.place import Cpu
from bench.report import lines, processor_ratios, ratios
from deploy.machine.keys import new_encryption_key, new_signing_key
from services.triage.main import SERVICE
from shared.clock import Clock, machine_now
from shared.contract.cloudevent import PLAIN_BODY, from_attributes, read_headers, signed_differs
from shared.contract.messages.house import MessageAccepted
from shared.contract.messages.triage import QueryAnswered
from shared.contract.parties import KeyUse, Parties
from shared.contract.record import Record
from shared.contract.registry import by_type
from shared.contract.topics import Topics
from shared.crypto.case_key_client import CaseKeyClient
from shared.crypto.codec import SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.crypto.jose import decrypt_and_verify, load_key, new_key, public_jwk
from shared.handling.outgoing import OutgoingMessages
from shared.ids import new_id
from shared.messaging.receiver import Receiver
from tests.support.receiving import OneKey

PARTIES = [f"partij-{n}" for n in range(30)]
ENV = {
    "parties": {
        party: {
            "name": party,
            "source": f"urn:nld:oin:{n:020d}",
            "signing_key": new_signing_key(),
            "encryption_key": new_encryption_key(),
        }
        for n, party in enumerate(PARTIES)
    }
}


def test_each_case_asks_ten_different_parties() -> None:
    queries = make_queries(5_000, PARTIES)
    by_case: dict[str, set[str]] = {}
    for query in queries:
        by_case.setdefault(query.case_id, set()).add(query.party)
    assert len({query.query_id for query in queries}) == 5_000
    assert {len(asked) for asked in by_case.values()} == {QUERIES_PER_CASE}


def test_the_plain_letter_is_what_the_sealed_one_holds() -> None:
    house = new_key()
    letters = make_letters(60, make_queries(60, PARTIES), ENV, public_jwk(house, "enc"))
    senders = {record.party: record for record in party_records(ENV)}
    for letter in letters:
        keys = [key for key in senders[letter.party].keys if key.use is KeyUse.SIGNING]
        signers = {key.kid: load_key({**key.jwk, "kid": key.kid}) for key in keys}
        payload, _ = decrypt_and_verify(
            letter.sealed, sealed_to={house.kid: house}.get, signed_by=signers.get
        )
        assert payload == letter.plain
        QueryAnswered.model_validate(json.loads(payload)["data"])


@pytest.mark.parametrize("plain", [True, False])
async def test_triage_takes_the_letter_both_ways(tmp_path: Path, plain: bool) -> None:
    house = HouseKeys(tmp_path, b"r" * 32, machine_now)
    queries = make_queries(60, PARTIES)
    sealing_jwk = next(jwk for jwk in house.public() if jwk["use"] == "enc")
    letters = make_letters(60, queries, ENV, sealing_jwk)
    topics, codec = Topics(), Plain() if plain else SignedAndSealed(house)
    keys = CaseKeyClient(OneKey(), "bench")
    receiver = Receiver(SERVICE, topics, codec, keys, Clock(), OutgoingMessages("triage", topics), b"d" * 32)
    records = [
        (
            Record(
                topic=topics.from_party("triage", letter.party),
                partition=0,
                offset=n,
                received_at=machine_now(),
                headers=tuple(letter.headers),
                value=letter.body(plain=plain),
            ),
            None,
        )
        for n, letter in enumerate(letters)
    ]
    parties = Parties({record.party: record for record in party_records(ENV)})
    deliveries, dead = await receiver.receive(records, parties)
    assert [one.reason for one in dead] == []
    assert len(deliveries) == 60


def test_the_floor_answers_what_a_partner_can_read() -> None:
    settings = cast(Any, SimpleNamespace(source="urn:nld:oin:1:systeem:zvh-triage"))
    nothing = cast(Any, None)
    floor = Floor(
        settings, nothing, nothing, nothing, nothing, lambda _, p: p, PLAIN_BODY.encode(), Began(nothing)
    )
    row: dict[str, Any] = {
        "id": 7,
        "event_id": new_id(),
        "recipient": "p",
        "message_id": new_id(),
        "recorded_at": datetime.now(UTC),
    }
    headers, body = floor._answer(row)
    signed = json.loads(body)
    envelope = from_attributes(read_headers(headers, PLAIN_BODY))
    entry = by_type(envelope.type)
    assert not signed_differs(read_headers(headers, PLAIN_BODY), signed)
    assert entry is not None
    assert entry.model.model_validate(signed["data"]) == MessageAccepted(message_id=row["message_id"])


def test_leaving_the_cryptography_out_leaves_everything_else_in() -> None:
    codec, party = Plain(), party_records(ENV)[0]
    assert (
        codec.decode(b"{}", party, datetime.now(UTC))
        == codec.encode(b"{}", party, datetime.now(UTC))
        == b"{}"
    )
    key = PlainKey(b"k" * 32, house="bench", case_id=new_id())
    kept = key.encrypt("een tekst", piece="1", by="triage")
    assert (kept.piece, kept.by, key.decrypt(kept)) == ("1", "triage", "een tekst")


@pytest.mark.parametrize("plain", [False, True])
def test_ratios_are_ours_by_theirs_over_the_median_runs(plain: bool) -> None:
    runs = [
        Run("floor", plain, 1_000, 1.0, Cpu(0.5, 0, 0)),
        Run("ours", plain, 1_000, 2.0, Cpu(1.0, 0, 0)),
        Run("ours", plain, 1_000, 2.0, Cpu(1.0, 0, 0)),
        Run("tutorial", plain, 100, 1.0, Cpu(0.4, 0, 0)),
    ]
    suffix = "_without_cryptography" if plain else ""
    assert ratios(lines(runs)) == {f"ratio_to_floor{suffix}": 0.5, f"ratio_to_tutorial{suffix}": 5.0}
    assert processor_ratios(lines(runs))[f"processor_ratio_to_floor{suffix}"] == 0.5
