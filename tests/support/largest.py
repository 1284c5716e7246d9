"""The largest case there may be: every message of it as long, and with as many things in it, as is lawful.

It goes through the cores as the shell takes it there: texts are taken out and sealed, each decision makes the
next state, and what follows is put into rows that the relay's own code makes ready for Kafka.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from services.governance.main import SERVICE as GOVERNANCE
from services.intake.main import SERVICE as INTAKE
from services.retention.main import SERVICE as RETENTION
from services.rto.main import SERVICE as RTO
from services.triage.main import SERVICE as TRIAGE
from shared.clock import machine_now
from shared.contract.content import SEALED_ALLOWED, AnyContent, SealedText, TextRef, transform
from shared.contract.fields import Item, Person, PersonRole, Theme
from shared.contract.limits import MAX_PAYLOAD, MOST_ITEMS, MOST_PERSONS, MOST_RESERVATIONS
from shared.contract.messages.intake import Criteria, ReferralSubmitted
from shared.contract.parties import (
    Authorisation,
    HouseStanding,
    KeyUse,
    Parties,
    PartyKind,
    PartyRecord,
    PublicKey,
    Scope,
)
from shared.contract.refusal import Refusal
from shared.contract.registry import Model, by_type
from shared.contract.topics import Topics
from shared.core.actor import Actor, Command, Role
from shared.core.context import NO_MATCHES, DecisionContext, Matches
from shared.core.effects import Announce, ToParty
from shared.crypto.case_cipher import CaseKey, reference
from shared.crypto.codec import SignedAndSealed
from shared.crypto.house_keys import HouseKeys
from shared.crypto.jose import new_key, public_jwk
from shared.handling.delivery import Delivery, FromService
from shared.handling.outgoing import OutgoingMessages
from shared.handling.service import MessageContext, Service
from shared.handling.text_extraction import extract_texts
from shared.messaging.preparing import Preparer, Ready, sealed_messages
from shared.storage.inbox import InboxEntry
from shared.storage.outbox import OutboxMessage, Row
from shared.storage.sequence_numbers import SequenceAllocator
from tests.support.spec import NOW

B = TypeVar("B", bound=Model)
SERVICES: dict[str, Service[Any]] = {one.name: one for one in (INTAKE, TRIAGE, RTO, RETENTION, GOVERNANCE)}
CASE = "0192aaaa-0000-7000-8000-00000000000c"
SOURCE = "urn:nld:oin:00000099000000009000:systeem:zvh-"
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
BODY, DIRECTOR = "b", "d" * 64
WIDE = "\U0001f600"  # four bytes in UTF-8: the most that one character can be
KEY = CaseKey(b"k" * 32, house="noord-limburg", case_id=CASE)


def number(n: int) -> str:
    return f"0192aaaa-0000-7000-8000-{n:012d}"


def party(n: int) -> str:
    """An id as long as one may be."""
    return f"p{n:059d}"


REFERRER, OTHER = party(0), party(1)
HOUSE = f"h{0:059d}"  # another one


def filled(make: Callable[[str], B]) -> B:
    """Return the message with its one long text so long that the whole is 32 KiB, as its sender writes it."""
    room = MAX_PAYLOAD - _written(make("x")) + 1
    full = make("é" * (room // 2) + "x" * (room % 2))
    assert _written(full) == MAX_PAYLOAD
    return full


def _written(message: Model) -> int:
    return len(message.model_dump_json(exclude_defaults=True).encode())


# --- what is said ----------------------------------------------------------------------------------


def with_many_texts() -> tuple[Person, ...]:
    """Make as many persons as there may be, each with all its texts: every text costs a seal of its own."""
    return tuple(_person(n, "x", "x", "x", "x") for n in range(MOST_PERSONS))


def with_long_texts() -> tuple[Person, ...]:
    """Make as many persons as there may be, of whom everything is as long as it may be."""
    return tuple(_person(n, WIDE * 200, WIDE * 40, WIDE * 300, WIDE * 40) for n in range(MOST_PERSONS))


def _person(n: int, name: str, born: str, address: str, bsn: str) -> Person:
    return Person(
        person_id=number(n),
        role=PersonRole.HOUSEHOLD,
        name=name,
        date_of_birth=born,
        address=address,
        bsn=bsn,
    )


def many_items(text: str, first: int = 1000, count: int = MOST_ITEMS) -> tuple[Item, ...]:
    """Make so many items, each with all the texts of an item; the first one has the long text."""
    return tuple(
        Item(
            item_id=number(first + n),
            acting_body=BODY,
            basis="w",
            valid_on=date(2026, 2, 1),
            necessity="x",
            content="x" if n else text,
            use_conditions="x",
        )
        for n in range(count)
    )


def no_items(text: str) -> tuple[Item, ...]:
    return ()


def referral(
    persons: Sequence[Person], items: Callable[[str], tuple[Item, ...]] = no_items
) -> ReferralSubmitted:
    """A referral of 32 KiB; its long text is the weighing, or the content of its first item."""
    criteria = Criteria(
        multi_problem=True, several_chains=True, impact_on_system=True, serious_local_safety=False
    )
    return filled(
        lambda text: ReferralSubmitted(
            referral_id=number(900),
            task="w" * 120,
            acting_body=BODY,
            theme=Theme.ZSM_RIEC_VT,
            basis="w" * 120,
            criteria=criteria,
            weighing="x" if items(text) else text,
            referrer_name="x",
            persons=tuple(persons),
            items=items(text),
        )
    )


# --- who says it -----------------------------------------------------------------------------------


def by_party(name: str = REFERRER) -> Actor:
    return Actor(Role.PARTY, party=name)


def by_director(on_behalf_of: str = REFERRER) -> Actor:
    return Actor(Role.PROCESS_DIRECTOR, person=DIRECTOR, on_behalf_of=on_behalf_of)


def by_service(name: str) -> Actor:
    return Actor(Role.SERVICE, service=name)


def all_parties(sealing: PublicKey) -> Parties:
    """Make everybody who is met: each may everything, and has a key to seal to."""
    mandate = Authorisation(
        authorisation_id=number(1),
        acting_body=BODY,
        scopes=tuple(Scope),
        valid_from=NOW - timedelta(days=9),
        accepted_at=NOW - timedelta(days=9),
    )
    return Parties(
        {
            party(n): PartyRecord(
                party=party(n),
                name="n" * 120,
                kind=PartyKind.NATIONAL_CHAIN_PARTNER,
                acting_bodies=(BODY,),
                may_use_bsn=True,
                member_from=NOW - timedelta(days=100),
                authorisations=(mandate,),
                keys=(sealing,),
            )
            for n in range(MOST_RESERVATIONS)
        }
        | {HOUSE: another_house(sealing)}
    )


def another_house(sealing: PublicKey) -> PartyRecord:
    standing = HouseStanding(since=NOW - timedelta(days=9))
    return PartyRecord(party=HOUSE, name="n", kind=PartyKind.OTHER, house=standing, keys=(sealing,))


# --- the cores -------------------------------------------------------------------------------------


@dataclass(slots=True)
class Core:
    """One service with this one case: what it is told it decides, and what it sends lies in `sent`."""

    service: Service[Any]
    parties: Parties
    state: Any = None
    now: Any = NOW
    texts: dict[TextRef, SealedText] = field(default_factory=dict)
    sent: list[OutboxMessage] = field(default_factory=list)
    seen: list[Any] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)
    _told: dict[str, int] = field(default_factory=dict)

    def hears(self, message: Model, by: Actor) -> None:
        """Take a party's message, or another service's event."""
        digests = self.service.digests_of.get(type(message), _no_digests)(message, b"k")
        self._take_texts(message)
        context = MessageContext(CASE, by, self.now, number(1), machine_now(), ("k" * 43,) * 10, digests)
        self.does(self.service.handlers[type(message)](message, context))

    def is_asked(self, body: B, make: Callable[[B], Command]) -> None:
        """Take a person's request."""
        self._take_texts(body)
        self.does(make(body))

    def _take_texts(self, message: Model) -> None:
        texts = extract_texts(message, self.service.name, lambda: number(10_000 + next(self._numbers)))
        self.texts |= {reference(piece): piece for piece in texts.pieces(KEY, self.service.name)}

    def does(self, command: Command, matches: Matches = NO_MATCHES) -> None:
        """Decide, and write down what follows; a refusal fails the test."""
        process = self.service.process
        state = process.empty if self.state is None else self.state
        context = DecisionContext(self.now, self.parties, matches=matches)
        outcome = process.decide(state, command, context)
        assert not isinstance(outcome, Refusal), f"{type(command).__name__}: {outcome.name}"
        for event in outcome:
            state = process.evolve(state, event)
            self.seen.append(event)
            for effect in process.effects(CASE, event, state):
                if isinstance(effect, ToParty | Announce):
                    self.sent.append(self._message(command, effect))
        self.state = state

    def _message(self, command: Command, effect: ToParty | Announce) -> OutboxMessage:
        def sealed(content: AnyContent) -> AnyContent:
            return self.texts[content] if isinstance(content, TextRef) else content

        entry = InboxEntry("", number(4), b"", machine_now(), CASE)
        delivery = Delivery(entry, command.by, command, NOW, FromService(""), traceparent=TRACE)
        message = transform(effect.message, sealed)
        outgoing = OutgoingMessages(self.service.name, Topics())
        if isinstance(effect, ToParty):
            return outgoing.message(delivery, replace(effect, message=message))
        return outgoing.message(delivery, Announce(message))

    def new_events(self, receiver: str) -> list[Model]:
        """Return the events it has published since this receiver asked last, as that one reads them."""
        events = [one for one in self.sent if one.recipient is None]
        new, self._told[receiver] = events[self._told.get(receiver, 0) :], len(events)
        return [read(one) for one in new]


def _no_digests(message: Model, key: bytes) -> tuple[str, ...]:
    """Return that nobody in it is found."""
    return ()


def read(sent: OutboxMessage) -> Model:
    entry = by_type(sent.type)
    assert entry is not None
    return entry.model.model_validate_json(sent.body, context=SEALED_ALLOWED)


@dataclass(frozen=True, slots=True)
class Recipient:
    """Hold what all the parties of this house have in common: one key."""

    directory: Path
    sealing: Any = field(default_factory=new_key)

    @property
    def announced(self) -> PublicKey:
        jwk = public_jwk(self.sealing, "enc")
        return PublicKey(kid=jwk["kid"], use=KeyUse.SEALING, jwk=jwk, valid_from=NOW - timedelta(days=9))

    @property
    def house_keys(self) -> HouseKeys:
        return HouseKeys(self.directory, b"r" * 32, machine_now)


def made_ready(core: Core, recipient: Recipient) -> list[Ready]:
    """Return all that a core has sent as it lies on Kafka; what the relay would set apart fails the test."""
    rows = [
        Row(n, one.event_id, one.topic, one.key, one.type, one.body, one.recipient, one.case_id, one.subject,
            one.causation_id, one.traceparent, machine_now())
        for n, one in enumerate(core.sent, 1)
    ]  # fmt: skip
    codec = SignedAndSealed(recipient.house_keys)
    source = SOURCE + core.service.name
    preparer = Preparer(source, codec, core.parties, SequenceAllocator(0), machine_now())
    prepared = asyncio.run(preparer.prepare(rows, sealed_messages(rows), {CASE: KEY}))
    assert prepared.unsendable == []
    assert len(prepared.ready) == len(rows)
    return prepared.ready
