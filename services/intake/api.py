"""Serve intake over HTTP: what people ask of it, and what they may read."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from services.intake import commands as c
from services.intake import handlers as h
from services.intake.permissions import scopes_now
from services.intake.state import Duty, DutyStatus, Phase, State
from services.intake.viewing import may_view
from shared.contract.content import Content, text
from shared.contract.fields import ContributedItem, Id, InformMoment, Person, Subject, Theme
from shared.contract.messages import intake as m
from shared.contract.registry import Model
from shared.core.item_rules import shown_to
from shared.core.service_numbers import numbers_of, with_numbers, without_numbers
from shared.http import access_log, overdue
from shared.http.app import Acting, Commands, Done, Looking, Reader, done

router = APIRouter(tags=["intake"])


def routers() -> Sequence[APIRouter]:
    """Return the routers of everything people can do here."""
    return [router, overdue.router, access_log.router]


class DutyView(Model):
    """A duty to inform one person at one point of the case, and what became of it (R16, R19)."""

    person_id: Id = Field(title="betrokkene")
    moment: InformMoment = Field(title="moment")
    status: DutyStatus = Field(title="stand")
    until: datetime | None = Field(title="voorgenomen moment")


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


class Screening(Model):
    """The director's decision (R12)."""

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
    for duty in state.duties:
        yield f"duty/{duty.person_id}/{duty.moment}", replace(duty, reason=None)


@router.get("/cases/{case_id}")
async def read_case(case_id: Id, caller: Looking, reader: Reader) -> CaseView:
    """The case, as far as the caller may see it (R5, R6)."""
    seen = await reader.look(caller, case_id, may_view, _things, scope=scopes_now)
    state: State = seen.case.state
    shown = seen.things.values()
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
        duties=[_duty(thing) for thing in shown if isinstance(thing, Duty)],
    )


def _duty(duty: Duty) -> DutyView:
    """Return a duty as it is shown, without why it was postponed."""
    return DutyView(person_id=duty.person_id, moment=duty.moment, status=duty.status, until=duty.until)


@router.post("/referrals")
async def refer(body: m.ReferralSubmitted, caller: Acting, commands: Commands) -> Done:
    """A party's worker refers a case; the same command as the message `referral-submitted`."""
    case_id = h.case_of_referral(body, caller.identity.party or "", commands.digest_key)
    make = partial(h.submit, case_id=case_id)
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
                by=by, outcome=sent.outcome, advice=text(sent.advice), reason=text(sent.reason)
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
    """The referrer's worker stops the referral (A21)."""
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
