"""Turn a person's request into a delivery, and its outcome into an answer."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock, machine_now
from shared.contract.refusal import CASE_HELD, NOT_YOURS, VERSION_NOT_TAKEN, Refusal, Remedy, refusals_of
from shared.contract.registry import Model
from shared.core.actor import Actor, Command
from shared.core.context import DecisionContext
from shared.core.outcome import DeliveryStatus, Outcome
from shared.core.process import HasPhase
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, KeyStatus, refusal_for
from shared.handling.delivery import Delivery, FromPerson
from shared.handling.service import Service
from shared.handling.text_extraction import ExtractedTexts, extract_texts
from shared.handling.transaction import Transaction
from shared.http.caller import Caller, Refused
from shared.ids import keyed_id
from shared.messaging.relay import Relay
from shared.storage import inbox
from shared.storage.inbox import InboxEntry
from shared.storage.party_replica import PartyReplica
from shared.storage.policy_replica import PolicyReplica

S = TypeVar("S", bound=HasPhase)
B = TypeVar("B", bound=Model)

KEY_TRIES, KEY_PAUSE = 5, 0.2  # seconds
# Done, and answered under the same Idempotency-Key as soon as the others are sure to hear of it.
NOT_YET_TOLD = refusals_of("http")("NotYetKnownElsewhere", "R66", "B3-gen 2", Remedy.RETRY_LATER, status=503)
BUG = refusals_of("http")("FaultOfTheHouse", "R127", "art. 15.3; B4", Remedy.RETRY_LATER, status=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHandler(Generic[S]):
    """Handle what people ask of one service over HTTP."""

    engine: AsyncEngine
    service: Service[S]
    transaction: Transaction[S]
    parties: PartyReplica
    keys: CaseKeyClient
    relay: Relay
    clock: Clock
    policies: PolicyReplica
    digest_key: bytes

    async def act(
        self,
        caller: Caller,
        case_id: str,
        body: B,
        make: Callable[[B, Actor], Command],
        *,
        asks: type[Command],
        makes_key: bool = False,
    ) -> Outcome:
        """Decide a person's request in one transaction; `make` gets the body with references for its texts.

        `asks` is the command's type, which decides in which role the person acts. `makes_key`: the request
        opens a case, so a case key is made for it. What takes something back is answered when the broker has
        what forbids it elsewhere. Raises `Refused`, and `KeyAuthorityUnreachable`.
        """
        if caller.if_match is not None and asks not in self.service.process.replaces:
            raise Refused(VERSION_NOT_TAKEN)
        roles = self.service.process.permissions[asks].roles
        actor = caller.actor(roles)
        entry = InboxEntry(
            sender=f"person:{caller.identity.subject}",
            message_id=self._message_id(caller),
            digest=inbox.digest(self.digest_key, f"{asks.__name__} {caller.path}", case_id, body),
            received_at=machine_now(),
            case_id=case_id,
        )
        refusal = await self._precheck(body, actor) if makes_key else None
        if refusal is None and actor.role not in roles:
            refusal = NOT_YOURS
        texts = extract_texts(body, self.service.name, lambda: keyed_id(self.digest_key, "piece", *entry.key))
        delivery = Delivery(
            entry=entry,
            by=actor,
            command=refusal or make(body, actor),
            received_at=self.clock.now(),
            origin=FromPerson(caller.if_match),
            traceparent=caller.traceparent,
            asks=asks,
        )
        if refusal is None and texts.written:
            delivery = await self._sealed(delivery, texts, makes_key=makes_key)
        outcome = (await self.transaction.run([delivery]))[0]
        self.relay.wake()
        done = answered(outcome)
        if asks.takes_back and not await self.relay.told(entry.message_id):
            raise Refused(NOT_YET_TOLD)
        return done

    def new_number(self, caller: Caller, what: str, case_id: str) -> str:
        """Derive the number of what a request makes: repeated under its Idempotency-Key it makes the same."""
        return self._keyed(caller, what, case_id)

    def _message_id(self, caller: Caller) -> str:
        return self._keyed(caller, "request")

    def _keyed(self, caller: Caller, *parts: str) -> str:
        """Derive an id from who asks and its Idempotency-Key, which itself is never stored."""
        return keyed_id(self.digest_key, *parts, caller.identity.subject, caller.idempotency_key or "")

    async def _precheck(self, body: Model, by: Actor) -> Refusal | None:
        """Return why no case key is made for this request."""
        async with self.engine.connect() as connection:
            parties = await self.parties.refresh(connection)
            policies = await self.policies.refresh(connection)
        precheck, now = self.service.creates_case_key[type(body)], self.clock.now()
        return precheck(body, by, DecisionContext(now, parties, policies.at(now)))

    async def _sealed(self, delivery: Delivery, texts: ExtractedTexts, *, makes_key: bool) -> Delivery:
        """Encrypt the texts under the key of their case, unless they are refused without it.

        No key is asked for before that: whoever has no business in a case is answered after the same work
        whether it is here or not, and nobody makes a service ask about just any number.
        """
        if not makes_key and (refusal := await self.transaction.preview(delivery)):
            return delivery._replace(command=refusal)
        key = await self._key(delivery.case_id, makes_key=makes_key)
        if not isinstance(key, CaseKey):
            return delivery._replace(command=refusal_for(key))
        return delivery._replace(texts=texts.pieces(key, self.service.name))

    async def _key(self, case_id: str, *, makes_key: bool) -> CaseKey | KeyStatus:
        """Fetch a key; one that is withheld may be of a case that the key authority is about to hear of."""
        for _ in range(KEY_TRIES):
            key = (await self.keys.get([case_id], make=makes_key))[case_id]
            if key is not KeyStatus.WITHHELD:
                break
            await asyncio.sleep(KEY_PAUSE)
        return key


def answered(outcome: Outcome) -> Outcome:
    """Return the outcome as the person is answered; raises `Refused` for everything that took no effect."""
    match outcome.status:
        case DeliveryStatus.ACCEPTED:
            return outcome
        case DeliveryStatus.REPEATED:
            if outcome.refusal is not None:
                raise Refused(outcome.refusal)
            return outcome
        case DeliveryStatus.QUARANTINED:
            raise Refused(BUG)
        case _:
            raise Refused(outcome.refusal or CASE_HELD, outcome.changed)
