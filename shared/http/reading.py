"""Show a person what it may see of a case: decide, log the decision, then decrypt.

Nothing else decrypts for people. Each decision is committed to the access log before anything is shown
(R68, R129).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import Clock
from shared.contract.content import AnyContent, TextRef, contents, transform
from shared.contract.parties import Scope
from shared.contract.refusal import CASE_HELD, UNKNOWN_CASE, Refusal
from shared.core.actor import THE_HOUSE, Actor, Role
from shared.core.authorisation import Requirement, permit
from shared.core.context import DecisionContext
from shared.core.policy import Policy
from shared.core.process import HasPhase
from shared.core.viewing import Allowed, Denied, Verdict, Viewer
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, refusal_for
from shared.handling.service import Service
from shared.http.caller import Caller, Refused
from shared.storage import access_log, sealed_texts
from shared.storage.access_log import Decided
from shared.storage.cases import Case, CaseTable
from shared.storage.party_replica import PartyReplica

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)
MayView = Callable[[Viewer, Any, S, Any], Verdict]
TRIES = 3  # a text may be deleted between the decision and its decryption; then it is decided anew


@dataclass(frozen=True, slots=True)
class Seen(Generic[S]):
    """Hold the case, and the things of it that the viewer may see, decrypted, by label."""

    case: Case[S]
    things: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReader(Generic[S]):
    """Read cases of one service for people."""

    engine: AsyncEngine
    service: Service[S]
    cases: CaseTable[S]
    parties: PartyReplica
    keys: CaseKeyClient
    clock: Clock
    policy: Policy

    async def look(
        self,
        caller: Caller,
        case_id: str,
        may_view: MayView[S],
        things: Callable[[S], Iterable[tuple[str, Any]]],
        *,
        scope: Scope | None,
    ) -> Seen[S]:
        """Return the case with those of its things that this person may see.

        `things` lists (label, thing) of a state; labels are ids and words, never texts. `scope` is the
        authorisation the house needs to read on a party's behalf; None where it reads on nobody's.

        Raises `Refused`, alike whether the case is unknown or may not be seen, and `KeyAuthorityUnreachable`.
        """
        for _ in range(TRIES):
            case, shown = await self._decide(caller, case_id, may_view, things, scope)
            if (decrypted := await self._decrypted(case_id, shown)) is not None:
                return Seen(case, decrypted)
        log.error("text-missing", case=case_id)
        raise Refused(CASE_HELD)

    async def _decide(
        self,
        caller: Caller,
        case_id: str,
        may_view: MayView[S],
        things: Callable[[S], Iterable[tuple[str, Any]]],
        scope: Scope | None,
    ) -> tuple[Case[S], dict[str, Any]]:
        """Return the case and what of it may be shown, after that was logged; raises `Refused`."""
        viewer, now = caller.viewer(), self.clock.now()
        async with self.engine.begin() as connection:
            case = await self.cases.read(connection, case_id)
            context = DecisionContext(now, await self.parties.lock(connection), self.policy)
            refusal = _may_not_read_at_all(caller, viewer, scope, context)
            state = case.state if case else self.service.process.empty
            verdict = _first(refusal, may_view(viewer, None, state, now))
            told = CASE_HELD if case and case.held and isinstance(verdict, Allowed) else UNKNOWN_CASE
            if case is None or case.held:
                verdict = Denied(told.rule, told.article)
            decided = [Decided("case", None, verdict)]
            if isinstance(verdict, Allowed):
                decided += [
                    Decided(label, thing, may_view(viewer, thing, state, now))
                    for label, thing in things(state)
                ]
            await access_log.write(connection, viewer, case.case_id if case else None, decided)
        if case is None or isinstance(verdict, Denied):
            raise Refused(told)
        return case, {d.label: d.thing for d in decided[1:] if isinstance(d.verdict, Allowed)}

    async def _decrypted(self, case_id: str, shown: dict[str, Any]) -> dict[str, Any] | None:
        """Put the texts in the place of their references; None when one was deleted since the decision."""
        refs = {c for thing in shown.values() for c in contents(thing) if isinstance(c, TextRef)}
        if not refs:
            return shown
        key = (await self.keys.get([case_id]))[case_id]
        if not isinstance(key, CaseKey):
            raise Refused(refusal_for(key))
        async with self.engine.connect() as connection:
            found = await sealed_texts.find(connection, [(case_id, ref) for ref in refs])
        if len(found) < len(refs):
            return None

        def decrypted(content: AnyContent) -> AnyContent:
            return key.decrypt(found[case_id, content]) if isinstance(content, TextRef) else content

        return {label: transform(thing, decrypted) for label, thing in shown.items()}


def _may_not_read_at_all(
    caller: Caller, viewer: Viewer, scope: Scope | None, context: DecisionContext
) -> Refusal | None:
    """Test membership and authorisation at every reading too (R115, R122)."""
    actor = Actor(viewer.role, viewer.party, viewer.person, None, caller.on_behalf_of)
    needed = scope if viewer.role in THE_HOUSE else None
    return permit(Requirement(frozenset(Role), needed), actor, context)


def _first(refusal: Refusal | None, verdict: Verdict) -> Verdict:
    return verdict if refusal is None else Denied(refusal.rule, refusal.article)
