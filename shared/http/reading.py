"""Show a person what it may see of a case: decide, log the decision, then decrypt.

Nothing else decrypts for people. Each decision is committed to the access log before anything is shown
(R68, R129).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import Clock
from shared.contract.content import AnyContent, SealedText, TextRef, contents, transform
from shared.contract.refusal import CASE_HELD, NOT_CURRENT, UNKNOWN_CASE, Refusal
from shared.core.actor import Command
from shared.core.context import DecisionContext
from shared.core.looking import Look, MayView, Things, looking_at
from shared.core.mandate import Led, Needed, authority, scopes_of
from shared.core.policy import Policy
from shared.core.process import HasPhase
from shared.core.viewing import Allowed, Denied, Provenance, Verdict, provenance
from shared.crypto.case_cipher import CaseKey
from shared.crypto.case_key_client import CaseKeyClient, refusal_for
from shared.handling.service import Service
from shared.handling.versions import version_of
from shared.http.caller import Caller, Refused
from shared.messaging.currency import Currency, NotCurrent
from shared.storage import access_log, sealed_texts
from shared.storage.access_log import Decided
from shared.storage.cases import Case, CaseTable
from shared.storage.party_replica import PartyReplica
from shared.storage.policy_replica import PolicyReplica

log = structlog.get_logger()
S = TypeVar("S", bound=HasPhase)
TRIES = 3  # a text may be deleted between the decision and its decryption; then it is decided anew


@dataclass(frozen=True, slots=True)
class Seen(Generic[S]):
    """Hold the case, and the things of it that the viewer may see, decrypted, by label."""

    case: Case[S]
    things: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReader(Generic[S]):
    """Read cases of one service for people; `log_key` seals what is written to the access log."""

    engine: AsyncEngine
    service: Service[S]
    cases: CaseTable[S]
    parties: PartyReplica
    keys: CaseKeyClient
    clock: Clock
    policies: PolicyReplica
    currency: Currency
    log_key: bytes
    version_key: bytes

    def version_of(self, case: Case[S], asks: type[Command]) -> str | None:
        """Return the version of the shared thing that this command can replace; None where nothing stands."""
        thing = self.service.process.replaces[asks].thing(case.state)
        return version_of(self.version_key, case.case_id, thing) if thing else None

    async def policy_at(self, connection: AsyncConnection, moment: datetime) -> Policy:
        """Return the policy of that day."""
        return (await self.policies.refresh(connection)).at(moment)

    async def look(
        self,
        caller: Caller,
        case_id: str,
        may_view: MayView[S],
        things: Things[S],
        *,
        scope: Needed | None,
    ) -> Seen[S]:
        """Return the case with those of its things that this person may see.

        `things` lists (label, thing) of a state; labels are ids and words, never texts. `scope` is the
        authorisation under which all is shown, in the name of who leads; None where it is in nobody's.

        Raises `Refused`, alike whether the case is unknown or may not be seen, and for every case alike while
        it may be unread here what forbids it; and `KeyAuthorityUnreachable`.
        """
        (found,) = (await self._look(caller, {case_id: things}, may_view, scope)).values()
        if isinstance(found, Refusal):
            raise Refused(found)
        return found

    async def look_at_page(
        self,
        caller: Caller,
        page: Mapping[str, Things[S]],
        may_view: MayView[S],
        *,
        scope: Needed | None,
    ) -> dict[str, Seen[S]]:
        """Look at all cases of a page at once; return those that this person may see, by case id.

        Each thing is decided on and logged as in a `look`. Raises `KeyAuthorityUnreachable`.
        """
        found = await self._look(caller, page, may_view, scope) if page else {}
        return {case_id: seen for case_id, seen in found.items() if not isinstance(seen, Refusal)}

    async def _look(
        self, caller: Caller, page: Mapping[str, Things[S]], may_view: MayView[S], scope: Needed | None
    ) -> dict[str, Seen[S] | Refusal]:
        """Look while nothing is unread that forbids it, from the decision until all is decrypted."""
        try:
            return await self.currency.read(partial(self._found, caller, page, may_view, scope))
        except NotCurrent:
            raise Refused(NOT_CURRENT) from None

    async def _found(
        self, caller: Caller, page: Mapping[str, Things[S]], may_view: MayView[S], scope: Needed | None
    ) -> dict[str, Seen[S] | Refusal]:
        """Decide on all cases in one transaction, then fetch all their keys and texts at once."""
        found: dict[str, Seen[S] | Refusal] = {}
        open_ = page
        for _ in range(TRIES):
            decided = await self._decide(caller, open_, may_view, scope)
            found |= await self._decrypted(decided)
            if not (open_ := {case_id: page[case_id] for case_id in decided if case_id not in found}):
                return found
        for case_id in open_:
            log.error("text-missing", case=case_id)
        return found | dict.fromkeys(open_, CASE_HELD)

    async def _decide(
        self, caller: Caller, page: Mapping[str, Things[S]], may_view: MayView[S], scope: Needed | None
    ) -> dict[str, Seen[S] | Refusal]:
        """Return what of each case may be shown, not decrypted yet, after all of it was logged."""
        viewer, now = caller.viewer(), self.clock.now()
        async with self.engine.begin() as connection:
            cases = await self.cases.read(connection, list(page))
            parties, policy = await self.parties.lock(connection), await self.policy_at(connection, now)
            context = DecisionContext(now, parties, policy)

            def look(state: S, things: Things[S]) -> Look:
                return looking_at(self.service.process, viewer, may_view, scope, state, things, context)

            def on_which_basis(state: S, thing: Any, verdict: Verdict) -> Provenance:
                authorised = _authorised_for(state, scope, context)
                return provenance(viewer, thing, verdict, authorised, state.mandate)

            judged = {
                case_id: _judged(cases.get(case_id), self.service.process.empty, look, on_which_basis, things)
                for case_id, things in page.items()
            }
            looks = [one for some, _ in judged.values() for one in some]
            await access_log.write(connection, self.log_key, viewer, looks)
        return {case_id: seen for case_id, (_, seen) in judged.items()}

    async def _decrypted(self, decided: Mapping[str, Seen[S] | Refusal]) -> dict[str, Seen[S] | Refusal]:
        """Put the texts in the place of their references; leave out a case of which one was deleted since."""
        seen = {case_id: one for case_id, one in decided.items() if not isinstance(one, Refusal)}
        refs = {case_id: _references(one) for case_id, one in seen.items()}
        wanted = [(case_id, ref) for case_id, some in refs.items() for ref in some]
        if not wanted:
            return dict(decided)
        keys = await self.keys.get({case_id for case_id, _ in wanted})
        async with self.engine.connect() as connection:
            texts = await sealed_texts.find(connection, wanted)
        found: dict[str, Seen[S] | Refusal] = {}
        for case_id, one in decided.items():
            if isinstance(one, Refusal) or not refs[case_id]:
                found[case_id] = one
            elif not isinstance(key := keys.get(case_id), CaseKey):
                found[case_id] = refusal_for(key)
            elif all((case_id, ref) in texts for ref in refs[case_id]):
                found[case_id] = _opened(one, key, texts)
        return found


def _judged(
    case: Case[S] | None,
    empty: S,
    look: Callable[[S, Things[S]], Look],
    on_which_basis: Callable[[S, Any, Verdict], Provenance],
    things: Things[S],
) -> tuple[list[Decided], Seen[S] | Refusal]:
    """Return the decisions on a case and on its things, and what may be shown; None stands for no case."""
    state, where = (case.state, case.case_id) if case else (empty, None)
    decided = look(state, things)
    verdict = decided(None)
    told = CASE_HELD if case and case.held and isinstance(verdict, Allowed) else UNKNOWN_CASE
    if case is None or case.held:
        verdict = Denied(told.rule, told.article)
    looks = [Decided(where, "case", None, verdict, on_which_basis(state, None, verdict))]
    if case is None or isinstance(verdict, Denied):
        return looks, told
    for label, thing in things(state):
        verdict = decided(thing)
        looks.append(Decided(where, label, thing, verdict, on_which_basis(state, thing, verdict)))
    return looks, Seen(case, {d.label: d.thing for d in looks[1:] if isinstance(d.verdict, Allowed)})


def _authorised_for(case: Led, needed: Needed | None, context: DecisionContext) -> str | None:
    """Return what the house is authorised for that covers this look, as the log names it (R129)."""
    if needed is None or (under := authority(case, needed, context.parties, context.now)) is None:
        return None
    covered = sorted(scopes_of(needed, case) & frozenset(under.scopes))
    return f"authorisation: {covered[0]}"


def _references(seen: Seen[S]) -> set[TextRef]:
    return {c for thing in seen.things.values() for c in contents(thing) if isinstance(c, TextRef)}


def _opened(seen: Seen[S], key: CaseKey, texts: Mapping[tuple[str, TextRef], SealedText]) -> Seen[S]:
    """Return what is seen with its texts decrypted."""

    def decrypted(content: AnyContent) -> AnyContent:
        return key.decrypt(texts[key.case_id, content]) if isinstance(content, TextRef) else content

    things = {label: transform(thing, decrypted) for label, thing in seen.things.items()}
    return Seen(seen.case, things)
