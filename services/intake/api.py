"""Serve intake over HTTP: what people ask of it, and what they may read."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from services.intake import commands as c
from services.intake import handlers as h
from services.intake import known_api, store
from services.intake.duties import contents_of
from services.intake.figures import shown_by_year
from services.intake.permissions import scopes_now
from services.intake.person_digests import digests_of_referral
from services.intake.state import Phase, ScreeningBasis, State
from services.intake.viewing import may_list_duty, may_view
from shared.contract.content import Content, text
from shared.contract.fields import ContributedItem, Count, Id, InformMoment, PartyId, Person, Subject, Theme
from shared.contract.messages import intake as m
from shared.contract.refusal import NOT_YOURS
from shared.contract.registry import Model
from shared.core.actor import Role
from shared.core.calendar_terms import local_day
from shared.core.item_rules import shown_to
from shared.core.obligations import Obligation, Obligations, ObligationState, still_open
from shared.core.service_numbers import numbers_of, with_numbers, without_numbers
from shared.http import access_log, overdue
from shared.http.app import Acting, Commands, Done, Looking, Reader, done
from shared.http.caller import Refused
from shared.http.reading import Seen

router = APIRouter(tags=["intake"])
PER_PAGE = 20  # all are looked at, and logged, at once


def routers() -> Sequence[APIRouter]:
    """Return the routers of everything people can do here."""
    return [router, known_api.router, overdue.router, access_log.router]


class DutyView(Model):
    """A duty to inform one person at one point of the case, and what became of it (R16 to R19).

    `due`: by when, as long as it is open. `contents`: what the notice must contain (R18, R56, R83, R98).
    """

    person_id: Id = Field(title="betrokkene")
    moment: InformMoment = Field(title="moment")
    status: ObligationState = Field(title="stand")
    until: datetime | None = Field(title="voorgenomen moment")
    duty: Count = Field(title="nummer van de plicht")
    on_behalf_of: PartyId = Field(title="namens")
    due: datetime | None = Field(title="uiterlijk op")
    late: bool = Field(title="te laat")
    contents: list[m.NoticePart] = Field(title="inhoud van de kennisgeving")


class OpenDuties(Model):
    """Who is still to be informed of one case."""

    case_id: Id = Field(title="casusnummer")
    duties: list[DutyView] = Field(title="informatieplicht")


class OpenDutiesPage(Model):
    """A page of cases with somebody who is still to be informed; `after` gives the next one."""

    cases: list[OpenDuties] = Field(title="casussen met een open informatieplicht")
    after: Id | None = Field(default=None, title="volgende")


class YearOfTriage(Model):
    """How triage ended in one year; none said where it could point to a case (A24)."""

    year: int = Field(title="jaar")
    concluded: int | None = Field(title="afgeronde triages")
    doubt: int | None = Field(title="uitkomst twijfel")
    share: float | None = Field(title="aandeel twijfel")


class TriageFigures(Model):
    """The share of doubt, which is not to become the standard procedure (R51)."""

    smallest_shown: int
    years: list[YearOfTriage] = Field(title="jaren")


class ScreeningView(Model):
    """What the screening rests on: the criteria and both weighings, and why an outcome departs (R9, R10)."""

    criteria: m.Criteria | None = Field(title="formele criteria")
    weighing: Content | None = Field(title="inhoudelijke afweging van de aanmelder")
    own_weighing: Content | None = Field(title="inhoudelijke afweging van de procesregisseur")
    outcome: m.ScreeningOutcome | None = Field(title="uitkomst")
    reason: Content | None = Field(title="reden van afwijking")
    advice: Content | None = Field(title="advies")


class CaseView(Model):
    """What the viewer may see of a case in phase 1 and 2."""

    case_id: str = Field(title="casusnummer")
    phase: Phase = Field(title="fase")
    theme: Theme = Field(title="thema")
    referrer: str = Field(title="aanmeldende partij")
    leading_party: str = Field(title="leidende partij")
    task: str = Field(title="wettelijke taak")
    basis: str = Field(title="grondslag")
    persons: list[Person] = Field(title="betrokkenen")
    items: list[ContributedItem] = Field(title="gegevens")
    duties: list[DutyView] = Field(title="informatieplicht")
    screening: ScreeningView | None = Field(default=None, title="screening")


class Screening(Model):
    """The director's decision, with its own weighing (R10, R12)."""

    weighing: Content = Field(default="", title="inhoudelijke afweging")
    outcome: m.ScreeningOutcome = Field(title="uitkomst")
    advice: Content | None = Field(default=None, title="advies")
    reason: Content | None = Field(default=None, title="reden van afwijking")


class NewDirector(Model):
    """To whom a case is assigned as its process director (R6)."""

    person: Subject = Field(title="procesregisseur")
    reason: Content = Field(title="reden")


class NewSupport(Model):
    """Which support worker comes, in whose place; without `person` one goes and nobody comes (R6)."""

    person: Subject | None = Field(default=None, title="ondersteunende medewerker")
    instead_of: Subject | None = Field(default=None, title="in plaats van")
    reason: Content = Field(title="reden")


def _things(state: State) -> Iterable[tuple[str, Any]]:
    """Yield (label, thing) of everything in the case that can be looked at; labels are ids and words."""
    yield from ((f"person/{person.person_id}", person) for person in without_numbers(state.persons))
    yield from numbers_of(state.persons)
    yield from ((f"item/{item.item_id}", item) for item in state.items)
    yield "screening", state.screening
    yield from _duties(state.owed)


def _duties(owed: Obligations) -> Iterable[tuple[str, Obligation]]:
    """Yield each duty without why it was postponed."""
    for duty in owed:
        yield f"duty/{duty.addressee}/{duty.kind}/{duty.id}", replace(duty, reason=None)


def _open_duties(state: State) -> Iterable[tuple[str, Obligation]]:
    return _duties(still_open(state.owed))


@router.get("/cases/{case_id}")
async def read_case(case_id: Id, caller: Looking, reader: Reader) -> CaseView:
    """The case, as far as the caller may see it (R5, R6)."""
    seen = await reader.look(caller, case_id, may_view, _things, scope=scopes_now)
    state: State = seen.case.state
    shown = seen.things.values()
    screening = seen.things.get("screening")
    return CaseView(
        case_id=case_id,
        phase=state.phase,
        theme=state.theme,
        referrer=state.referrer,
        leading_party=state.leading_party,
        task=state.task,
        basis=state.basis,
        persons=list(with_numbers((thing for thing in shown if isinstance(thing, Person)), shown)),
        items=[
            shown_to(thing, caller.identity.party) for thing in shown if isinstance(thing, ContributedItem)
        ],
        duties=_shown(seen, reader.clock.now()),
        screening=_screening(screening) if screening else None,
    )


def _screening(seen: ScreeningBasis) -> ScreeningView:
    return ScreeningView(
        criteria=seen.criteria,
        weighing=seen.weighing,
        own_weighing=seen.own_weighing,
        outcome=seen.outcome,
        reason=seen.reason,
        advice=seen.advice,
    )


def _shown(seen: Seen[State], now: datetime) -> list[DutyView]:
    return [_duty(thing, now) for thing in seen.things.values() if isinstance(thing, Obligation)]


def _duty(duty: Obligation, now: datetime) -> DutyView:
    """Return a duty as it is shown: judged by the date, whether or not a timer has fired."""
    has_come = duty.has_come(now)
    return DutyView(
        person_id=duty.addressee,
        moment=InformMoment(duty.kind),
        status=ObligationState.DUE if has_come else duty.state,
        until=None if has_come else duty.planned_on,
        duty=duty.id,
        on_behalf_of=duty.debtor,
        due=duty.due if duty.is_open else None,
        late=duty.is_late(now),
        contents=list(contents_of(duty)),
    )


@router.get("/duties")
async def read_open_duties(
    caller: Looking, reader: Reader, after: Annotated[Id, Query()] = ""
) -> OpenDutiesPage:
    """Who is still to be informed, in all phases: to a director of its cases, to a party of those it leads.

    A party that led a case before sees what it is still to do itself (R17).
    """
    viewer = caller.viewer()
    async with reader.engine.connect() as connection:
        if viewer.role is Role.PROCESS_DIRECTOR:
            found = await store.open_of_director(connection, viewer.person, after=after, most=PER_PAGE)
        elif viewer.role is Role.PARTY_WORKER and viewer.party:
            found = await store.open_of_party(connection, viewer.party, after=after, most=PER_PAGE)
        else:
            raise Refused(NOT_YOURS)
    page = dict.fromkeys(found, _open_duties)
    seen = await reader.look_at_page(caller, page, may_list_duty, scope=None)
    now = reader.clock.now()
    shown = [OpenDuties(case_id=case_id, duties=_shown(one, now)) for case_id, one in seen.items()]
    return OpenDutiesPage(
        cases=[case for case in shown if case.duties],
        after=found[-1] if len(found) == PER_PAGE else None,
    )


@router.get("/figures")
async def read_figures(caller: Looking, reader: Reader) -> TriageFigures:
    """How often triage ended in doubt, for the manager; nothing that could point to a case (R51, A24)."""
    if caller.viewer().role is not Role.MANAGER:
        raise Refused(NOT_YOURS)
    async with reader.engine.connect() as connection:
        counts = await store.triage_outcomes(connection)
        smallest = (await reader.policy_at(connection, reader.clock.now())).smallest_cell
    this_year = local_day(reader.clock.now()).year
    years = [YearOfTriage(**asdict(year)) for year in shown_by_year(counts, smallest, this_year)]
    return TriageFigures(smallest_shown=smallest, years=years)


@router.post("/referrals")
async def refer(body: m.ReferralSubmitted, caller: Acting, commands: Commands) -> Done:
    """A party's worker refers a case; the same command as the message `referral-submitted`."""
    case_id = h.case_of_referral(body, caller.identity.party or "", commands.digest_key)
    digests = digests_of_referral(body, commands.digest_key)
    make = partial(h.submit, case_id=case_id, digests=digests)
    return done(await commands.act(caller, case_id, body, make, asks=c.SubmitReferral, makes_key=True))


@router.post("/cases/{case_id}/consultation")
async def confirm_consultation(
    case_id: Id, body: m.ConsultationConfirmed, caller: Acting, commands: Commands
) -> Done:
    """The referrer's worker confirms the consultation (R11)."""
    return done(await commands.act(caller, case_id, body, h.confirm, asks=c.ConfirmConsultation))


@router.post("/cases/{case_id}/screening")
async def screen(case_id: Id, body: Screening, caller: Acting, commands: Commands) -> Done:
    """The process director decides, on behalf of the referrer (R7, R12)."""
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.ScreenReferral(
                by=by,
                outcome=sent.outcome,
                weighing=text(sent.weighing),
                advice=text(sent.advice),
                reason=text(sent.reason),
            ),
            asks=c.ScreenReferral,
        )
    )


@router.post("/cases/{case_id}/director")
async def assign_director(case_id: Id, body: NewDirector, caller: Acting, commands: Commands) -> Done:
    """The manager assigns the case to a process director, in the place of who had it (R6)."""
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.AssignDirector(by=by, person=sent.person, reason=text(sent.reason)),
            asks=c.AssignDirector,
        )
    )


@router.post("/cases/{case_id}/support-workers")
async def assign_support(case_id: Id, body: NewSupport, caller: Acting, commands: Commands) -> Done:
    """The manager assigns a support worker to the case, replaces one, or ends that (R6)."""
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.AssignSupport(
                by=by, person=sent.person, instead_of=sent.instead_of, reason=text(sent.reason)
            ),
            asks=c.AssignSupport,
        )
    )


@router.post("/cases/{case_id}/withdrawal")
async def withdraw(case_id: Id, body: m.ReferralWithdrawn, caller: Acting, commands: Commands) -> Done:
    """A worker of the party that leads stops the case (A21)."""
    return done(await commands.act(caller, case_id, body, h.withdraw, asks=c.WithdrawReferral))


@router.post("/cases/{case_id}/informings")
async def record_informing(case_id: Id, body: m.PersonInformed, caller: Acting, commands: Commands) -> Done:
    """A data subject has been informed (R16, R17)."""
    return done(await commands.act(caller, case_id, body, h.inform, asks=c.RecordInforming))


@router.post("/cases/{case_id}/postponements")
async def postpone_informing(
    case_id: Id, body: m.InformingPostponed, caller: Acting, commands: Commands
) -> Done:
    """Informing waits, with the reason and the planned moment (R19)."""
    return done(await commands.act(caller, case_id, body, h.postpone, asks=c.PostponeInforming))
