"""Serve triage over HTTP: what the director asks, what parties' workers reply, what they may read."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from services.triage import commands as c
from services.triage import handlers as h
from services.triage.permissions import scopes_now
from services.triage.record import Picture, Record
from services.triage.state import State
from services.triage.store import record_of, waiting_queries
from services.triage.viewing import may_view
from services.triage.views import (
    CaseView,
    WaitingQueries,
    case_view,
    queries_by_case,
    things_of,
    waiting_query,
)
from shared.contract.content import Content, text
from shared.contract.fields import Code, Id, Instant, LegalReference, PartyId
from shared.contract.limits import (
    MOST_CODES,
    MOST_ITEMS,
    MOST_PARTICIPANTS,
    MOST_PERSONS,
    MOST_RESERVATIONS,
    MOST_VIEWING_ENTRIES,
)
from shared.contract.messages import triage as m
from shared.contract.refusal import NOT_YOURS
from shared.contract.registry import Model
from shared.core.actor import Role
from shared.http import access_log, overdue
from shared.http.app import BAD_REQUEST, Acting, Commands, Done, Looking, Reader, done
from shared.http.caller import Caller, Refused
from shared.http.reading import CaseReader

router = APIRouter(tags=["triage"])
PAGE = 20  # queries; all are looked at, and logged, at once


def routers() -> Sequence[APIRouter]:
    """Return the routers of everything people can do here."""
    return [router, overdue.router, access_log.router]


# --- what is asked -------------------------------------------------------------------------------


class NewQuery(Model):
    """A query to one party; what is left out is refused under its rule (R27, R28, R30)."""

    recipient: PartyId | Annotated[list[PartyId], Field(max_length=MOST_RESERVATIONS)] = Field(
        title="bevraagde partij"
    )
    task: LegalReference = Field(default="", title="wettelijke taak")
    purpose: Content = Field(default="", title="doel")
    necessity: Content = Field(default="", title="noodzaak")
    question: Content = Field(default="", title="vraag")
    reason: Content = Field(default="", title="waarom deze partij")
    referrer_estimate: Content = Field(default="", title="inschatting van de aanmelder")
    persons: tuple[Id, ...] = Field(default=(), max_length=MOST_PERSONS, title="betrokkenen")
    reply_before: Instant = Field(title="termijn")
    include_bsn: bool = Field(default=False, title="met burgerservicenummer")
    include_address: bool = Field(default=False, title="met adres")
    address_reason: Content | None = Field(default=None, title="waarom het adres nodig is")
    drawn_from: tuple[Id, ...] = Field(default=(), max_length=MOST_ITEMS, title="ontleend aan gegevens")
    contains_special: bool = Field(default=False, title="bevat bijzondere gegevens")
    passed_processing_test: bool = Field(default=False, title="verwerkingstoets doorstaan")
    needs_consent: bool = Field(default=False, title="alleen met toestemming")


class NewClarification(Model):
    """Say what is meant with a query, with what it draws on; as in a query all of it is needed (R26, R30)."""

    clarification: Content = Field(default="", title="verduidelijking")
    drawn_from: tuple[Id, ...] = Field(default=(), max_length=MOST_ITEMS, title="ontleend aan gegevens")
    contains_special: bool = Field(default=False, title="bevat bijzondere gegevens")
    passed_processing_test: bool = Field(default=False, title="verwerkingstoets doorstaan")


class NewExtension(Model):
    """Say whether the queried party gets the time that it asked for; a refusal says why (R31)."""

    granted: bool = Field(title="uitstel gegeven")
    reason: Content = Field(default="", title="reden van de beslissing")


class NewEstimate(Model):
    """Say what the referrer expects of a party, and whether to ask it is useful (R28)."""

    party: PartyId = Field(title="partij")
    useful: bool = Field(title="zinvol om te bevragen")
    estimate: Content = Field(default="", title="eigen inschatting van de aanmelder")


class NewConclusion(Model):
    """How triage ends (R50); doubt needs its own reason (R51), and an RTO the picture of the case (R37)."""

    outcome: m.TriageOutcome = Field(title="uitkomst")
    advice: Content | None = Field(default=None, title="advies")
    reason: Content | None = Field(default=None, title="reden")
    picture: Picture | None = Field(default=None, title="toestandsbeeld")
    without_queries: Content | None = Field(default=None, title="waarom niemand is bevraagd")


class NewPreparation(Model):
    """What is fixed before any invitation (R42 to R49)."""

    goal: Content = Field(default="", title="doel")
    decision_types: tuple[Code, ...] = Field(default=(), max_length=MOST_CODES, title="soort beslissingen")
    themes: tuple[Code, ...] = Field(default=(), max_length=MOST_CODES, title="gespreksthema's")
    participants: tuple[c.Invitee, ...] = Field(default=(), max_length=MOST_PARTICIPANTS, title="deelnemers")
    viewing_plan: tuple[m.ViewingEntry, ...] = Field(
        default=(), max_length=MOST_VIEWING_ENTRIES, title="inzageplan"
    )
    citizen: m.CitizenInvolvement | None = Field(default=None, title="betrekken van de burger")
    care_agreements: Content = Field(default="", title="zorgvuldigheidsafspraken")
    care_subjects: tuple[m.CareSubject, ...] = Field(
        default=(), max_length=len(m.CareSubject), title="waarover zij iets zeggen"
    )
    consulted_leading_party: bool = Field(default=False, title="overlegd met de leidende partij")


class Issued(Done):
    """The query is on its way, under this number."""

    query_id: Id = Field(title="uitvraag")


class Received(Model):
    """The reply is on record; nothing is said of the case, not even how often it changed (R34)."""

    query_id: Id = Field(title="uitvraag")


class Cleared(Model):
    """Name what is released; nothing is said of the case (R34)."""

    items: tuple[Id, ...] = Field(title="vrijgegeven gegevens")


class Estimated(Model):
    """Name the party of which an estimate is on record."""

    party: PartyId = Field(title="partij")


# --- looking -------------------------------------------------------------------------------------


@router.get("/cases/{case_id}", response_model_exclude_none=True)
async def read_case(case_id: Id, caller: Looking, reader: Reader) -> CaseView:
    """The case, as far as the caller may see it (R33, R34)."""
    record = await _record(reader, case_id)
    seen = await reader.look(caller, case_id, may_view, things_of(record), scope=scopes_now)
    return case_view(case_id, caller.identity.party, seen, record)


@router.get("/queries")
async def read_waiting_queries(
    caller: Looking, reader: Reader, after: Annotated[Id, Query()] = ""
) -> WaitingQueries:
    """The queries that wait for the organisation of this worker, each looked at like any case."""
    if Role.PARTY_WORKER not in caller.identity.roles or caller.identity.party is None:
        raise Refused(NOT_YOURS)
    async with reader.engine.connect() as connection:
        found = await waiting_queries(connection, caller.identity.party, after=after, most=PAGE)
    seen = await reader.look_at_page(caller, queries_by_case(found), may_view, scope=scopes_now)
    shown = (waiting_query(row, seen) for row in found)
    return WaitingQueries(
        queries=[query for query in shown if query is not None],
        after=found[-1].query.query_id if len(found) == PAGE else None,
    )


async def _record(reader: CaseReader[State], case_id: str) -> Record:
    async with reader.engine.connect() as connection:
        return await record_of(connection, case_id)


# --- acting --------------------------------------------------------------------------------------


@router.post("/cases/{case_id}/queries")
async def issue_query(
    case_id: Id, body: NewQuery, caller: Acting, commands: Commands, reader: Reader
) -> Issued:
    """The director asks one party, on behalf of the leading one (R26, R27, R28)."""
    query_id = commands.new_number(caller, "query", case_id)
    recipient = body.recipient if isinstance(body.recipient, str) else tuple(body.recipient)
    items = (await _record(reader, case_id)).items if body.drawn_from else ()
    await commands.act(
        caller,
        case_id,
        body,
        lambda sent, by: c.IssueQuery(
            by=by,
            query_id=query_id,
            recipient=recipient,
            task=sent.task,
            purpose=sent.purpose,
            necessity=sent.necessity,
            question=sent.question,
            reason=sent.reason,
            referrer_estimate=sent.referrer_estimate,
            persons=sent.persons,
            reply_before=sent.reply_before,
            include_bsn=sent.include_bsn,
            include_address=sent.include_address,
            address_reason=sent.address_reason,
            drawn_from=sent.drawn_from,
            items=items,
            contains_special=sent.contains_special,
            passed_processing_test=sent.passed_processing_test,
            needs_consent=sent.needs_consent,
        ),
        asks=c.IssueQuery,
    )
    return Issued(query_id=query_id)


@router.post("/cases/{case_id}/queries/{query_id}/answers")
async def answer_query(
    case_id: Id, query_id: Id, body: m.QueryAnswered, caller: Acting, commands: Commands
) -> Received:
    """A worker of the queried party answers; the same command as the message `query-answered` (R31)."""
    await commands.act(
        _replying(caller, query_id, body.query_id),
        case_id,
        body,
        h.answer,
        asks=c.AnswerQuery,
    )
    return Received(query_id=query_id)


@router.post("/cases/{case_id}/queries/{query_id}/declines")
async def decline_query(
    case_id: Id, query_id: Id, body: m.QueryDeclined, caller: Acting, commands: Commands
) -> Received:
    """A worker of the queried party gives nothing, on a ground (R31)."""
    await commands.act(
        _replying(caller, query_id, body.query_id),
        case_id,
        body,
        h.decline,
        asks=c.DeclineQuery,
    )
    return Received(query_id=query_id)


@router.post("/cases/{case_id}/queries/{query_id}/clarification-requests")
async def ask_clarification(
    case_id: Id, query_id: Id, body: m.QueryClarificationAsked, caller: Acting, commands: Commands
) -> Received:
    """Ask what is meant, as a worker of the queried party; the same as `query-clarification-asked` (R31)."""
    await commands.act(
        _replying(caller, query_id, body.query_id),
        case_id,
        body,
        h.ask_clarification,
        asks=c.AskClarification,
    )
    return Received(query_id=query_id)


@router.post("/cases/{case_id}/queries/{query_id}/extension-requests")
async def ask_extension(
    case_id: Id, query_id: Id, body: m.QueryExtensionAsked, caller: Acting, commands: Commands
) -> Received:
    """Ask for more time, as a worker of the queried party; the same as `query-extension-asked` (R31)."""
    await commands.act(
        _replying(caller, query_id, body.query_id),
        case_id,
        body,
        h.ask_extension,
        asks=c.AskExtension,
    )
    return Received(query_id=query_id)


@router.post("/cases/{case_id}/secrecy-clearances")
async def clear_secrecy(case_id: Id, body: m.SecrecyCleared, caller: Acting, commands: Commands) -> Cleared:
    """Release items, as a worker of who holds them under secrecy; the same as `secrecy-cleared` (R30)."""
    await commands.act(caller, case_id, body, h.clear_secrecy, asks=c.ClearSecrecy)
    return Cleared(items=body.items)


@router.post("/cases/{case_id}/estimates")
async def give_estimate(case_id: Id, body: NewEstimate, caller: Acting, commands: Commands) -> Estimated:
    """Say what the referrer expects of a party that could be asked, as its worker (R28)."""
    await commands.act(
        caller,
        case_id,
        body,
        lambda sent, by: c.GiveEstimate(by=by, party=sent.party, useful=sent.useful, estimate=sent.estimate),
        asks=c.GiveEstimate,
    )
    return Estimated(party=body.party)


@router.post("/cases/{case_id}/queries/{query_id}/clarifications")
async def clarify_query(
    case_id: Id, query_id: Id, body: NewClarification, caller: Acting, commands: Commands, reader: Reader
) -> Done:
    """Say what is meant, as the director, on behalf of the leading party (R26, R27, R31)."""
    items = (await _record(reader, case_id)).items if body.drawn_from else ()
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.ClarifyQuery(
                by=by,
                query_id=query_id,
                clarification=sent.clarification,
                drawn_from=sent.drawn_from,
                items=items,
                contains_special=sent.contains_special,
                passed_processing_test=sent.passed_processing_test,
            ),
            asks=c.ClarifyQuery,
        )
    )


@router.post("/cases/{case_id}/queries/{query_id}/extension-decisions")
async def decide_extension(
    case_id: Id, query_id: Id, body: NewExtension, caller: Acting, commands: Commands
) -> Done:
    """Give the time that was asked for or refuse it, as the director on behalf of the leading party (R31)."""
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.DecideExtension(
                by=by, query_id=query_id, granted=sent.granted, reason=sent.reason
            ),
            asks=c.DecideExtension,
        )
    )


def _replying(caller: Caller, query_id: str, named: str) -> Caller:
    """Check that path and body name one query."""
    if query_id != named:
        raise Refused(BAD_REQUEST)
    return caller


@router.post("/cases/{case_id}/conclusion")
async def conclude(case_id: Id, body: NewConclusion, caller: Acting, commands: Commands) -> Done:
    """The director concludes triage, on behalf of the leading party (R50)."""
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.ConcludeTriage(
                by=by,
                outcome=sent.outcome,
                advice=text(sent.advice),
                reason=text(sent.reason),
                picture=sent.picture,
                without_queries=text(sent.without_queries),
            ),
            asks=c.ConcludeTriage,
        )
    )


@router.post("/cases/{case_id}/preparation")
async def prepare(
    case_id: Id, body: NewPreparation, caller: Acting, commands: Commands, reader: Reader
) -> Done:
    """The director prepares the round table, on behalf of the leading party (R42)."""
    items = (await _record(reader, case_id)).items
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.PrepareRto(
                by=by,
                items=items,
                goal=sent.goal,
                decision_types=sent.decision_types,
                themes=sent.themes,
                participants=sent.participants,
                viewing_plan=sent.viewing_plan,
                citizen=sent.citizen,
                care_agreements=sent.care_agreements,
                care_subjects=sent.care_subjects,
                consulted_leading_party=sent.consulted_leading_party,
            ),
            asks=c.PrepareRto,
        )
    )
