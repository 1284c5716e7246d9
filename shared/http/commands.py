"""Where people's requests come in: an act becomes a delivery, a look passes the reading policy.

The one place where sealed pieces are opened for a viewer. Each decision on a look is written to the access
log and committed before anything is shown.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import Clock, machine_now
from shared.contract.content import AnyContent, SealedText, TextRef, contents, transform
from shared.contract.parties import Scope
from shared.contract.refusal import CASE_HELD, NOT_YOURS, UNKNOWN_CASE, Refusal, Remedy
from shared.contract.registry import Model
from shared.core.actor import THE_HOUSE, Actor, Command, Role
from shared.core.authorisation import Requirement, permit
from shared.core.context import DecisionContext
from shared.core.outcome import DeliveryStatus, Outcome
from shared.core.policy import Policy
from shared.core.process import HasPhase
from shared.core.viewing import Allowed, Denied, Verdict, Viewer
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, refusal_for
from shared.handling.delivery import Delivery
from shared.handling.service import Service
from shared.handling.text_extraction import extract_texts
from shared.handling.transaction import Transaction
from shared.http.oidc import Identity
from shared.ids import keyed_id
from shared.messaging.relay import Relay
from shared.storage import inbox, sealed_texts
from shared.storage.cases import Case, CaseTable
from shared.storage.database import run
from shared.storage.inbox import InboxEntry
from shared.storage.party_replica import PartyReplica

S = TypeVar("S", bound=HasPhase)
B = TypeVar("B", bound=Model)

NOWHERE = "nowhere"  # what the access log says for a case that is not here: a look at nothing is a look too

BUG = Refusal(
    "FaultOfTheHouse",
    "R127",
    "art. 15.3; B4",
    "A fault of the house stopped this; the case is held until somebody has looked.",
    Remedy.RETRY_LATER,
    status=500,
)


class Refused(Exception):
    """A refusal on its way to a problem+json answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in person and what the request said about itself."""

    identity: Identity
    on_behalf_of: str | None = None
    idempotency_key: str | None = None
    if_match: int | None = None
    traceparent: str | None = None
    path: str = ""

    def actor(self, roles: frozenset[Role]) -> Actor:
        """In the one of the person's roles that the act asks for."""
        own = self.identity.roles
        role = min(own & roles or own, key=str, default=Role.PARTY_WORKER)
        return Actor(role, self.identity.party, self.identity.subject, None, self.on_behalf_of)

    def viewer(self) -> Viewer:
        """As somebody who looks."""
        role = min(self.identity.roles, key=str, default=Role.PARTY_WORKER)
        return Viewer(role, self.identity.subject, self.identity.party, self.on_behalf_of)


@dataclass(frozen=True, slots=True)
class Seen(Generic[S]):
    """What a look gave: the case, and the things the viewer may see, opened, by label."""

    case: Case[S]
    things: dict[str, Any]


MayView = Callable[[Viewer, Any, S, Any], Verdict]

_LOG = sa.text(
    """
    INSERT INTO access_log (at, case_id, role, person, party, viewed_on_behalf_of, thing, allowed, rule,
                            given_on_behalf_of)
    SELECT :at, :case_id, :role, :person, :party, :for_whom, new.thing, new.allowed, new.rule, new.giver
    FROM unnest(CAST(:things AS text[]), CAST(:allowed AS boolean[]), CAST(:rules AS text[]),
                CAST(:givers AS text[])) AS new (thing, allowed, rule, giver)
    """
)


@dataclass(frozen=True, slots=True)
class Desk(Generic[S]):
    """Acts and looks of people at one service."""

    engine: AsyncEngine
    service: Service[S]
    transaction: Transaction[S]
    cases: CaseTable[S]
    parties: PartyReplica
    keys: CaseKeyClient
    relay: Relay
    clock: Clock
    policy: Policy
    digest_key: bytes

    # --- acts -------------------------------------------------------------------------------------

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
        """Do what is asked, in one transaction; `make` gets the body with its texts sealed.

        `asks` is the command's type, which decides in which role the person acts. Raises `Refused`.
        """
        actor = caller.actor(self.service.process.permissions[asks].roles)
        sender = f"person:{caller.identity.subject}"
        message_id = caller.idempotency_key or ""
        digest = inbox.digest(self.digest_key, f"{asks.__name__} {caller.path}", case_id, body)
        door = await self._precheck(body, actor) if makes_key else None
        sealed_texts: tuple[SealedText, ...] | Refusal = door or NOT_YOURS
        if door is None and actor.role in self.service.process.permissions[asks].roles:
            sealed_texts = await self._seal_away(body, case_id, sender, message_id, makes_key=makes_key)
        delivery = Delivery(
            slip=InboxEntry(sender, message_id, digest, machine_now(), case_id),
            by=actor,
            command=sealed_texts if isinstance(sealed_texts, Refusal) else make(body, actor),
            pieces=() if isinstance(sealed_texts, Refusal) else sealed_texts,
            received_at=self.clock.now(),
            expected_version=caller.if_match,
            traceparent=caller.traceparent,
            asks=asks,
        )
        outcome = (await self.transaction.run([delivery]))[0]
        self.relay.wake()
        return told(outcome)

    async def _precheck(self, body: Model, by: Actor) -> Refusal | None:
        """Why no key is made for what this request would open."""
        async with self.engine.connect() as connection:
            parties = await self.parties.refresh(connection)
        door = self.service.creates_case_key[type(body)]
        return door(body, by, DecisionContext(self.clock.now(), parties, self.policy))

    async def _seal_away(
        self, body: Model, case_id: str, sender: str, message_id: str, *, makes_key: bool
    ) -> tuple[SealedText, ...] | Refusal:
        by = self.service.name
        texts = extract_texts(body, by, lambda: keyed_id(self.digest_key, "piece", sender, message_id))
        if not texts.written:
            return ()
        key = (await self.keys.get([case_id], make=makes_key))[case_id]
        return texts.pieces(key, by) if isinstance(key, CaseKey) else refusal_for(key)

    # --- looks ------------------------------------------------------------------------------------

    async def look(
        self,
        caller: Caller,
        case_id: str,
        may_view: MayView[S],
        things: Callable[[S], Iterable[tuple[str, Any]]],
        *,
        scope: Scope | None,
    ) -> Seen[S]:
        """The case with those of its things that this person may see; raises `Refused`, always alike.

        `things` lists (label, thing) of a state; labels are ids and words, never texts. `scope` is the
        authorisation the house needs to look on a party's behalf; None where it looks on nobody's.
        """
        viewer, now = caller.viewer(), self.clock.now()
        async with self.engine.begin() as connection:
            found = await self.cases.read(connection, case_id)
            case = found or Case(NOWHERE, self.service.process.empty)
            moment = DecisionContext(now, await self.parties.lock(connection), self.policy)
            refusal = _may_look_at_all(caller, viewer, scope, moment)
            verdict = _first(refusal, may_view(viewer, None, case.state, now))
            told = CASE_HELD if case.held and isinstance(verdict, Allowed) else UNKNOWN_CASE
            if found is None or case.held:
                verdict = Denied(told.rule, told.article)
            verdicts = [("case", None, verdict)]
            if isinstance(verdict, Allowed):
                verdicts += [
                    (label, thing, may_view(viewer, thing, case.state, now))
                    for label, thing in things(case.state)
                ]
            await self._log(connection, viewer, case.case_id, verdicts)
        if isinstance(verdict, Denied):
            raise Refused(told)
        shown = {label: thing for label, thing, v in verdicts[1:] if isinstance(v, Allowed)}
        return Seen(case, await self._opened(case_id, shown))

    async def _log(
        self,
        connection: AsyncConnection,
        viewer: Viewer,
        case_id: str,
        verdicts: Sequence[tuple[str, Any, Verdict]],
    ) -> None:
        await run(
            connection,
            _LOG,
            at=machine_now(),
            case_id=case_id,
            role=str(viewer.role),
            person=viewer.person,
            party=viewer.party,
            for_whom=viewer.on_behalf_of,
            things=[label for label, _, _ in verdicts],
            allowed=[isinstance(verdict, Allowed) for _, _, verdict in verdicts],
            rules=[verdict.rule for _, _, verdict in verdicts],
            givers=[v.on_behalf_of if isinstance(v, Allowed) else None for _, _, v in verdicts],
        )

    async def _opened(self, case_id: str, shown: dict[str, Any]) -> dict[str, Any]:
        refs = {c for thing in shown.values() for c in contents(thing) if isinstance(c, TextRef)}
        if not refs:
            return shown
        key = (await self.keys.get([case_id]))[case_id]
        if not isinstance(key, CaseKey):
            raise Refused(refusal_for(key))
        async with self.engine.connect() as connection:
            found = await sealed_texts.find(connection, [(case_id, ref) for ref in refs])

        def opened(content: AnyContent) -> AnyContent:
            return key.decrypt(found[case_id, content]) if isinstance(content, TextRef) else content

        return {label: transform(thing, opened) for label, thing in shown.items()}


def _may_look_at_all(
    caller: Caller, viewer: Viewer, scope: Scope | None, moment: DecisionContext
) -> Refusal | None:
    """Membership and authorisation are tested at every look too (R115, R122)."""
    actor = Actor(viewer.role, viewer.party, viewer.person, None, caller.on_behalf_of)
    needed = scope if viewer.role in THE_HOUSE else None
    return permit(Requirement(frozenset(Role), needed), actor, moment)


def _first(refusal: Refusal | None, verdict: Verdict) -> Verdict:
    return verdict if refusal is None else Denied(refusal.rule, refusal.article)


def told(outcome: Outcome) -> Outcome:
    """The outcome as the person hears it; raises `Refused` for everything that took no effect."""
    match outcome.status:
        case DeliveryStatus.ACCEPTED:
            return outcome
        case DeliveryStatus.REPEATED:
            earlier = outcome.earlier or {}
            if earlier.get("refusal"):
                raise Refused(Refusal(**earlier["refusal"]))
            return Outcome(DeliveryStatus.REPEATED, version=earlier.get("version", 0))
        case DeliveryStatus.QUARANTINED:
            raise Refused(BUG)
        case _:
            raise Refused(outcome.refusal or CASE_HELD)
