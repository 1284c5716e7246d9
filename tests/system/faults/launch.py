"""Run `python -m tests.system.faults.launch DIRECTORY services.NAME run`: a service with fault points.

Each point stands where work crosses a process boundary. What happens there, once, stands in a file of the
service in DIRECTORY as long as it is armed (see `rig`): the process kills or freezes itself, with a signal
that nothing can catch.
"""

import functools
import json
import os
import runpy
import signal
import sys
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.produce import ProduceRequest

import shared.clock
from shared.crypto.case_key_client import RemoteKeys
from shared.handling.transaction import Transaction
from shared.http.reading import CaseReader
from shared.messaging.receiver import Receiver
from shared.messaging.relay import Relay
from shared.storage import outbox

MACHINE_CLOCK = "machine-clock"
Of = Callable[..., Collection[str]]


class Trap:
    """Hold the one fault that is armed, if any."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def reached(self, point: str, of: Collection[str] = ()) -> bool:
        """Die or freeze here if that is what is armed; True if something else is to happen here."""
        try:
            armed = json.loads(self._file.read_text())
            if armed["point"] != point or (armed["of"] and armed["of"] not in of):
                return False
            self._file.rename(self._file.with_suffix(".reached"))
        except FileNotFoundError:  # nothing is armed, or not any more, or another process was first
            return False
        if armed["signal"] is None:
            return True
        os.kill(os.getpid(), signal.Signals(armed["signal"]))
        return False


def put_in(trap: Trap) -> None:
    """Install the points of every service."""
    sent: set[str] = set()
    _around(Receiver, "receive", trap, after="read", of=_topics_read)
    _around(Transaction, "_batch", trap, after="written", of=_commands)
    _around(Transaction, "_commit", trap, after="committed", of=_commands)
    _around(AIOKafkaConsumer, "commit", trap, before="acknowledging", after="acknowledged")
    _around(Relay, "_prepare", trap, after="prepared", of=lambda relay, rows, *_: _topics(rows))
    _around(AIOKafkaProducer, "send_batch", trap, before="sending", of=_noted(sent))
    _around(outbox, "delete_sent", trap, before="published", of=lambda *_: _taken(sent))
    _around(CaseReader, "_decrypted", trap, before="looked")
    _around(RemoteKeys, "fetch", trap, before="asking-keys", after="keys-at-hand")
    _lose_replies(trap)


def put_in_clock(file: Path) -> None:
    """Let the machine's clock be ahead by the seconds in this file, or behind, as long as it is there."""

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=float(file.read_text()) if file.exists() else 0)

    setattr(shared.clock, "datetime", Shifted)  # noqa: B010 - what `machine_now` reads, wherever it was imported


def put_in_key_authority(trap: Trap) -> None:
    """Install points at the steps of making and destroying a key, by the store's own names."""
    from services.retention.key_store import KeyStore

    original = KeyStore.__init__

    def watched(store: KeyStore, *args: Any, **more: Any) -> None:
        original(store, *args, **more, at=lambda step: _ignored(trap.reached(step)))

    setattr(KeyStore, "__init__", watched)  # noqa: B010 - mypy lets nobody assign to a method


def _around(
    owner: Any, name: str, trap: Trap, *, before: str = "", after: str = "", of: Of | None = None
) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    async def watched(*args: Any, **more: Any) -> Any:
        about = of(*args, **more) if of else ()
        if before:
            trap.reached(before, about)
        result = await original(*args, **more)
        if after:
            trap.reached(after, about)
        return result

    setattr(owner, name, watched)


def _lose_replies(trap: Trap) -> None:
    """Close the connection after the broker has taken the records, before its reply is read."""
    original = AIOKafkaClient.send

    @functools.wraps(original)
    async def watched(client: Any, node: Any, request: Any, **more: Any) -> Any:
        result = await original(client, node, request, **more)
        if isinstance(request, ProduceRequest) and trap.reached("produce-reply"):
            raise KafkaConnectionError("the reply was lost")
        return result

    setattr(AIOKafkaClient, "send", watched)  # noqa: B010 - as above


def _commands(transaction: Any, first: Any, second: Any = (), *rest: Any) -> set[str]:
    """Return the commands in the arguments of `_commit` and `_batch`."""
    deliveries = second if rest else first
    return {type(delivery.command).__name__ for delivery in deliveries}


def _topics_read(receiver: Any, messages: Any, parties: Any) -> set[str]:
    return {record.topic for record, _ in messages}


def _topics(rows: Any) -> set[str]:
    return {row.topic for row in rows}


def _noted(sent: set[str]) -> Of:
    def note(producer: Any, batch: Any, topic: str, **_: Any) -> set[str]:
        sent.add(topic)
        return {topic}

    return note


def _taken(sent: set[str]) -> set[str]:
    """Return the topics to which something went since the last call."""
    topics = set(sent)
    sent.clear()
    return topics


def _ignored(_: bool) -> None:
    """End a step of the key store here, or go on."""


def main() -> None:
    directory, module, *words = sys.argv[1:]
    service = module.rpartition(".")[2]
    trap = Trap(Path(directory) / f"{service}.json")
    put_in(trap)
    put_in_clock(Path(directory) / MACHINE_CLOCK)
    if service == "retention":
        put_in_key_authority(trap)
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
