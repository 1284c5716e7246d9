"""Flood one service from a process of its own: `python -m tests.system.faults.flood KIND ENV SECONDS`.

It prepares and prints `ready`; for each line it floods so long, and prints as JSON what became of it.
Only ever on loopback: a stranger and a person come from an address of it that nobody else uses.
"""

import asyncio
import contextlib
import json
import os
import secrets
import ssl
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import islice, repeat
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
from confluent_kafka import KafkaError, Message

from shared.clock import machine_now
from shared.contract.cloudevent import SEALED_BODY, Envelope, to_headers, to_json
from shared.contract.fields import PersonRole
from shared.contract.registry import Model, of_model
from shared.crypto.jose import load_key, sign_and_encrypt
from shared.ids import new_id
from tests.story import cast
from tests.support.running import party_producer

SERVICE, PARTY, PERSON = "intake", cast.SECOND_REFERRER, "process-director-b"
ELSEWHERE = "127.0.0.2"
GARBAGE, VALID = 1500, 300  # records a second
IDLE, SLOW, HASTY = 1500, 600, 40  # connections
SEALED = 4000  # messages that are ready before it begins

House = dict[str, Any]
Flood = Callable[[float], Awaitable[dict[str, int]]]
Record = tuple[bytes, list[tuple[str, bytes | None]]]


class Door(NamedTuple):
    """Name where the service listens."""

    host: str
    port: int
    context: ssl.SSLContext

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            self.host, self.port, ssl=self.context, local_addr=(ELSEWHERE, 0), ssl_handshake_timeout=10
        )


def door_of(house: House) -> Door:
    url = urlsplit(house["services"][SERVICE]["base_url"])
    return Door(str(url.hostname), int(url.port or 0), ssl.create_default_context(cafile=house["ca_file"]))


# --- a stranger ------------------------------------------------------------------------------------


async def stranger(house: House) -> Flood:
    """Open idle connections, send requests in drops, and try bad tokens as fast as they are answered."""
    door, seen = door_of(house), Counter[str]()
    connecting = asyncio.Semaphore(HASTY)

    async def hold(first: bytes, until: float) -> None:
        try:
            async with connecting, asyncio.timeout_at(until):
                reader, writer = await door.connect()
        except (OSError, TimeoutError):
            seen["not connected"] += 1
            return
        seen["open"] += 1
        seen["most open"] = max(seen["open"], seen["most open"])
        with contextlib.suppress(OSError, TimeoutError):
            writer.write(first)
            async with asyncio.timeout_at(until):
                await reader.read()
        seen["open"] -= 1
        writer.close()

    async def run(seconds: float) -> dict[str, int]:
        seen.clear()
        until = asyncio.get_running_loop().time() + seconds
        idle = (hold(b"", until) for _ in range(IDLE))
        slow = (hold(b"POST /referrals HTTP/1.1\r\nhost: x\r\n", until) for _ in range(SLOW))
        token = f"eyJhbGciOiJFUzI1NiJ9.{secrets.token_urlsafe(200)}.{secrets.token_urlsafe(64)}"
        hasty = (ask(door, token, until, seen) for _ in range(HASTY))
        await asyncio.gather(*hasty, *idle, *slow, return_exceptions=True)
        return seen

    return run


async def ask(door: Door, token: str, until: float, seen: Counter[str]) -> None:
    """Ask again as soon as there is an answer, on one connection as long as that is let."""
    request = f"GET /duties HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n".encode()
    while asyncio.get_running_loop().time() < until:
        try:
            async with asyncio.timeout_at(until):
                reader, writer = await door.connect()
                with contextlib.closing(writer):
                    while True:
                        writer.write(request)
                        head = await reader.readuntil(b"\r\n\r\n")
                        seen[head[9:12].decode()] += 1
                        length = head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
                        await reader.readexactly(int(length))
        except (OSError, TimeoutError, EOFError):
            seen["lost"] += 1
            await asyncio.sleep(0.01)


# --- a person --------------------------------------------------------------------------------------


async def person(house: House) -> Flood:
    """Sign in, and look at a list as fast as it is answered."""
    door, seen = door_of(house), Counter[str]()
    form = {"grant_type": "password", "username": PERSON, "password": house["people"][PERSON]["password"]}
    async with httpx.AsyncClient(verify=door.context) as client:
        answer = await client.post(house["issuer"]["token_endpoint"], data=form)
    token = answer.raise_for_status().json()["access_token"]

    async def run(seconds: float) -> dict[str, int]:
        seen.clear()
        until = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(*(ask(door, token, until, seen) for _ in range(HASTY)))
        return seen

    return run


# --- a party ---------------------------------------------------------------------------------------


async def garbage(house: House) -> Flood:
    """Send what cannot be read."""
    headers: list[tuple[str, bytes | None]] = [("content-type", b"application/jose")]
    endless = ((secrets.token_bytes(60), headers) for _ in repeat(None))
    return lambda seconds: send(house, endless, GARBAGE, seconds)


async def valid(house: House) -> Flood:
    """Send referrals, each in order and a case of its own."""
    man = cast.person("Persoon F", PersonRole.SUBJECT, "1980-01-01")
    ready = iter([sealed(house, cast.referral((man,), ())) for _ in range(SEALED)])
    return lambda seconds: send(house, ready, VALID, seconds)


def sealed(house: House, message: Model) -> Record:
    own, entry = house["parties"][PARTY], of_model(type(message))
    keys = house["services"][SERVICE]["public_keys"]["keys"]
    envelope = Envelope(
        id=new_id(), source=own["source"], type=entry.type, time=machine_now(), subject=None, dataschema=None
    )
    body = sign_and_encrypt(
        to_json(envelope, message.model_dump_json(exclude_none=True).encode()),
        signing=load_key(own["signing_key"]),
        sealing=load_key(next(key for key in keys if key["use"] == "enc")),
    )
    return body, [*to_headers(envelope, SEALED_BODY)]


async def send(house: House, records: Iterable[Record], per_second: int, seconds: float) -> dict[str, int]:
    """Send at a rate, as long as the client's buffer takes more; all that was taken is written in the end."""
    producer, topic = party_producer(house, PARTY, **{"batch.size": 65_536}), f"zvh.{SERVICE}.from.{PARTY}"
    seen, began = Counter[str](), time.monotonic()

    def stands(error: KafkaError | None, _: Message) -> None:
        seen["failed" if error else "sent"] += 1

    for record in paced(records, began, per_second, seconds):
        value, headers = record
        producer.produce(topic, value=value, key=b"x", headers=headers, on_delivery=stands)  # type: ignore[arg-type]
        producer.poll(0)
    producer.flush(120)
    return seen


def paced(records: Iterable[Record], began: float, per_second: int, seconds: float) -> Iterator[Record]:
    for n, record in enumerate(islice(records, int(per_second * seconds))):
        time.sleep(max(0.0, began + n / per_second - time.monotonic()))
        yield record


FLOODS = {"stranger": stranger, "person": person, "garbage": garbage, "valid": valid}


async def main(kind: str, env: str, seconds: str) -> None:
    os.nice(19)  # a flood comes from elsewhere: what it takes of this machine is no harm of the house
    flood = await FLOODS[kind](json.loads(await asyncio.to_thread(Path(env).read_text)))
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await flood(float(seconds))), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
