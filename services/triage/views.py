"""Make what people are shown of a case at triage from the things that `may_view` let through."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import Field

from services.triage.record import Asked, Choice, Estimate, Record, Secret
from services.triage.state import Conclusion, Phase, Query, QueryStatus, State
from shared.contract.content import Content
from shared.contract.fields import ContributedItem, FirstGoal, Id, PartyId, Person, Theme
from shared.contract.messages import triage as m
from shared.contract.registry import Model
from shared.core.item_rules import shown_to
from shared.core.item_standing import as_decided, is_gone, is_outdated
from shared.core.service_numbers import numbers_of, with_numbers, without_numbers
from shared.http.reading import Seen


class ClarificationView(Model):
    """Show what the queried party asked about its query, and what it was told."""

    number: int = Field(title="nummer van de verduidelijking")
    question: Content | None = Field(default=None, title="wat onduidelijk is")
    asked_at: datetime = Field(title="gevraagd op")
    clarification: Content | None = Field(default=None, title="verduidelijking")
    given_at: datetime | None = Field(default=None, title="gegeven op")


class ExtensionView(Model):
    """Show until when the queried party asked for time, and what was decided, if anything (`granted`)."""

    until: datetime = Field(title="gevraagde termijn")
    reason: Content = Field(title="reden van het uitstel")
    asked_at: datetime = Field(title="gevraagd op")
    granted: bool | None = Field(default=None, title="uitstel gegeven")
    said: Content | None = Field(default=None, title="reden van de beslissing")
    decided_at: datetime | None = Field(default=None, title="besloten op")


class EstimateView(Model):
    """Show what the referrer itself expects of a party that was not asked since (R28)."""

    party: PartyId = Field(title="partij")
    useful: bool = Field(title="zinvol om te bevragen")
    estimate: Content = Field(title="eigen inschatting van de aanmelder")
    at: datetime = Field(title="gegeven op")


class QueryView(Model):
    """A query with what came in reply; why the party was chosen only for who chose."""

    query_id: Id = Field(title="uitvraag")
    recipient: PartyId = Field(title="bevraagde partij")
    status: QueryStatus = Field(title="stand")
    reply_before: datetime = Field(title="termijn")
    replies_until: datetime = Field(title="antwoord mogelijk tot")
    asked: m.QueryIssued = Field(title="uitvraag zoals verstuurd")
    choice: Choice | None = Field(default=None, title="keuze voor deze partij")
    replies: list[m.QueryAnswered | m.QueryDeclined] = Field(title="antwoorden")
    clarifications: list[ClarificationView] = Field(title="verduidelijkingen")
    extensions: list[ExtensionView] = Field(title="uitstel")


class CaseView(Model):
    """What the viewer may see of a case; for a queried party its own queries, replies and items alone."""

    case_id: Id = Field(title="casusnummer")
    phase: Phase | None = Field(default=None, title="fase")
    theme: Theme | None = Field(default=None, title="thema")
    referrer: PartyId | None = Field(default=None, title="aanmeldende partij")
    leading_party: PartyId | None = Field(default=None, title="leidende partij")
    first_goal: FirstGoal | None = Field(default=None, title="eerste doel van de triage")
    persons: list[Person] = Field(title="betrokkenen")
    items: list[ContributedItem] = Field(title="gegevens")
    queries: list[QueryView] = Field(title="uitvragen")
    estimates: list[EstimateView] | None = Field(default=None, title="eigen inschattingen van de aanmelder")
    secrecy: list[Secret] | None = Field(default=None, title="geheimhouding")
    conclusion: Conclusion | None = Field(default=None, title="uitkomst")
    preparation: m.RtoPrepared | None = Field(default=None, title="voorbereiding")


class WaitingQuery(m.QueryIssued):
    """A query that waits for the caller's organisation."""

    case_id: Id = Field(title="casusnummer")
    replies_until: datetime = Field(title="antwoord mogelijk tot")
    clarifications: list[ClarificationView] = Field(title="verduidelijkingen")
    extensions: list[ExtensionView] = Field(title="uitstel")


class WaitingQueries(Model):
    """A page of them; `after` gives the next one."""

    queries: list[WaitingQuery] = Field(title="openstaande uitvragen")
    after: Id | None = Field(default=None, title="volgende")


def things_of(record: Record) -> Callable[[State], Iterable[tuple[str, Any]]]:
    """List everything of the case, by label; `may_view` decides on each."""

    def things(state: State) -> Iterable[tuple[str, Any]]:
        """Yield (label, thing); labels are ids and words."""
        yield from ((f"person/{one.person_id}", one) for one in without_numbers(state.persons))
        yield from numbers_of(state.persons)
        for row in record.asked:
            yield from _asked(row.query)
            yield f"choice/{row.query.query_id}", row.choice
        for query in state.queries:
            yield from _said_since(query)
        yield from ((f"estimate/{one.party}", one) for one in state.estimates)
        for given in record.given:
            if given.said is not None:
                yield f"reply/{given.query_id}/{given.number}", given.said
            yield from ((f"item/{item.item_id}", item) for item in _as_they_stand(given.items, state))
        if state.conclusion is not None:
            yield "conclusion", state.conclusion
        if state.preparation is not None:
            yield "preparation", state.preparation.model_copy(update={"persons": (), "support_workers": ()})

    return things


def _as_they_stand(items: Iterable[ContributedItem], state: State) -> Iterable[ContributedItem]:
    """Yield the items as their contributors decided last: no earlier version, and none withdrawn for good."""
    for item in items:
        if not is_gone(item.item_id, state.standings) and not is_outdated(item, state.standings):
            yield as_decided(item, state.standings)


def _asked(query: m.QueryIssued) -> Iterable[tuple[str, Any]]:
    """Yield a query as it was sent, and apart from it the numbers that stood in it (R22)."""
    yield f"query/{query.query_id}", query.model_copy(update={"persons": without_numbers(query.persons)})
    yield from numbers_of(query.persons, query.query_id)


def _said_since(query: Query) -> Iterator[tuple[str, Any]]:
    """Yield what was said of a query besides replies: questions, clarifications, asks for time."""
    for one in query.clarifications:
        yield f"clarification/{query.query_id}/{one.number}", replace(one, given=None)
        if one.given is not None:
            yield f"clarified/{query.query_id}/{one.number}", one.given
    for ask in query.extensions:
        yield f"extension/{query.query_id}/{ask.number}", ask


def _as_sent(query_id: str, things: Mapping[str, Any]) -> m.QueryIssued | None:
    """Return a query with the numbers in it, as far as those things were let through."""
    query: m.QueryIssued | None = things.get(f"query/{query_id}")
    if query is None:
        return None
    return query.model_copy(update={"persons": with_numbers(query.persons, things.values(), query_id)})


def queries_by_case(asked: Sequence[Asked]) -> dict[str, Callable[[State], Iterable[tuple[str, Any]]]]:
    """List the queries of a page by the case they are of, each as a thing to look at."""
    by_case: dict[str, list[tuple[str, Any]]] = {}
    for row in asked:
        by_case.setdefault(row.case_id, []).extend(_asked(row.query))
    return {case_id: partial(_these, queries) for case_id, queries in by_case.items()}


def _these(things: Sequence[tuple[str, Any]], state: State) -> Iterator[tuple[str, Any]]:
    """Yield these queries and what was said of them since; the policy decides on each."""
    yield from things
    for _, one in things:
        if isinstance(one, m.QueryIssued) and (query := state.query(one.query_id)) is not None:
            yield from _said_since(query)


def waiting_query(row: Asked, seen: Mapping[str, Seen[State]]) -> WaitingQuery | None:
    """Return a waiting query as it is shown; None where its case was closed or held just now."""
    if (found := seen.get(row.case_id)) is None:
        return None
    query = found.case.state.query(row.query.query_id)
    shown = _as_sent(row.query.query_id, found.things)
    if query is None or shown is None:
        return None
    return WaitingQuery(
        **{**dict(shown), "reply_before": query.term},
        case_id=row.case_id,
        replies_until=query.lapses_at,
        clarifications=_clarifications(query, found.things),
        extensions=_extensions(query, found.things),
    )


def _clarifications(query: Query, shown: Mapping[str, Any]) -> list[ClarificationView]:
    """Return the questions on a query that are shown, each with what was told, if that is."""
    views = []
    for one in query.clarifications:
        told = shown.get(f"clarified/{query.query_id}/{one.number}")
        asked = shown.get(f"clarification/{query.query_id}/{one.number}")
        if told is None and asked is None:
            continue
        views.append(
            ClarificationView(
                number=one.number,
                question=asked.question if asked else None,
                asked_at=one.asked_at,
                clarification=told.clarification if told else None,
                given_at=told.at if told else None,
            )
        )
    return views


def _extensions(query: Query, shown: Mapping[str, Any]) -> list[ExtensionView]:
    found = (shown.get(f"extension/{query.query_id}/{one.number}") for one in query.extensions)
    return [
        ExtensionView(
            until=one.until,
            reason=one.reason,
            asked_at=one.asked_at,
            granted=one.granted,
            said=one.said,
            decided_at=one.decided_at,
        )
        for one in found
        if one is not None
    ]


def _estimates(seen: Seen[State]) -> list[EstimateView]:
    found = (one for one in seen.things.values() if isinstance(one, Estimate))
    return [
        EstimateView(party=one.party, useful=one.useful, estimate=one.estimate, at=one.at) for one in found
    ]


def _secrecy(seen: Seen[State]) -> list[Secret]:
    """Return what stands or stood under secrecy, of the items that are shown."""
    return [one for one in seen.case.state.secrets if f"item/{one.item_id}" in seen.things]


def _queries(seen: Seen[State], record: Record) -> list[QueryView]:
    shown = seen.things
    return [
        QueryView(
            query_id=query.query_id,
            recipient=query.recipient,
            status=query.status,
            reply_before=query.term,
            replies_until=query.lapses_at,
            asked=asked,
            choice=shown.get(f"choice/{query.query_id}"),
            replies=[
                shown[label]
                for given in record.given
                if given.query_id == query.query_id
                and (label := f"reply/{given.query_id}/{given.number}") in shown
            ],
            clarifications=_clarifications(query, shown),
            extensions=_extensions(query, shown),
        )
        for query in seen.case.state.queries
        if (asked := _as_sent(query.query_id, shown)) is not None
    ]


def _preparation(seen: Seen[State]) -> m.RtoPrepared | None:
    """Return the preparation; who is to see an item, and why, is for whoever may see it (R21, R23)."""
    fixed: m.RtoPrepared | None = seen.things.get("preparation")
    if fixed is None:
        return None
    plan = tuple(entry for entry in fixed.viewing_plan if f"item/{entry.item_id}" in seen.things)
    return fixed.model_copy(update={"viewing_plan": plan})


def case_view(case_id: str, party: str | None, seen: Seen[State], record: Record) -> CaseView:
    """Return what this look let through; a queried party learns nothing of the case itself (R34)."""
    shown = seen.things.values()
    view = CaseView(
        case_id=case_id,
        persons=list(with_numbers((one for one in shown if isinstance(one, Person)), shown)),
        items=[shown_to(thing, party) for thing in shown if isinstance(thing, ContributedItem)],
        queries=_queries(seen, record),
        estimates=_estimates(seen) or None,
        secrecy=_secrecy(seen) or None,
        conclusion=seen.things.get("conclusion"),
        preparation=_preparation(seen),
    )
    state = seen.case.state
    if party not in (None, state.leading_party):
        return view
    about = {
        "phase": state.phase,
        "theme": state.theme,
        "referrer": state.referrer,
        "leading_party": state.leading_party,
        "first_goal": state.first_goal,
    }
    return view.model_copy(update=about)
