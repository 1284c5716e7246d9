"""Serve known-checks over HTTP: a director asks of a case, and answers what another house asks (R13, R39)."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from services.intake import commands as c
from services.intake import handlers as h
from services.intake import store
from services.intake.checks import Check, Weighing
from services.intake.permissions import scopes_now
from services.intake.state import State
from services.intake.viewing import ListedCheck, may_list_check, may_view_check
from shared.contract.content import Content, text
from shared.contract.fields import Id, LegalReference, PartyId, Subject
from shared.contract.limits import MOST_PARTICIPANTS
from shared.contract.messages import known_check as k
from shared.contract.refusal import NOT_YOURS
from shared.contract.registry import Model
from shared.core.actor import Role
from shared.http.app import Acting, Commands, Done, Looking, Reader, done
from shared.http.caller import Refused
from shared.http.reading import Seen

router = APIRouter(tags=["intake"])
PER_PAGE = 20  # all are looked at, and logged, at once


# --- what is asked -------------------------------------------------------------------------------


class NewCheck(Model):
    """Ask about one person, here or at another house; without a person about all of a referral (R13)."""

    person_id: Id | None = Field(default=None, title="betrokkene")
    house: PartyId | None = Field(default=None, title="ander huis")
    necessity: k.CheckNecessity | None = Field(default=None, title="noodzaak")
    reason: Content = Field(default="", title="toelichting op de noodzaak")


class NewWeighing(Model):
    """Say whether more is to be exchanged with another house, and who took part in weighing that (R40)."""

    house: PartyId = Field(title="ander huis")
    involved: tuple[PartyId, ...] = Field(
        default=(), max_length=MOST_PARTICIPANTS, title="betrokken deelnemers"
    )
    other_involved_its_own: bool = Field(default=False, title="ander huis betrok zijn deelnemers")
    exchange: bool = Field(title="meer uitwisselen")
    weighing: Content = Field(default="", title="afweging")


class CheckDecision(Model):
    """Say what another house is to be answered at the end of the term (R39)."""

    answer: k.KnownAnswer = Field(title="antwoord")


# --- what is shown -------------------------------------------------------------------------------


class CheckView(Model):
    """Show a known-check of a case: yes or no and, if yes, the process director, and nothing else (R13, R38).

    Without an answer as long as another house has its term; from `answer_by` on there is none any more.
    """

    check_id: Id = Field(title="nummer van de controle")
    person_id: Id = Field(title="betrokkene")
    house: PartyId | None = Field(title="ander huis")
    necessity: k.CheckNecessity = Field(title="noodzaak")
    reason: Content = Field(title="toelichting op de noodzaak")
    asked_at: datetime = Field(title="gevraagd op")
    answer_by: datetime | None = Field(title="antwoord mogelijk tot")
    answer: k.KnownAnswer | None = Field(title="antwoord")
    director: Subject | None = Field(title="procesregisseur")


class WeighingView(Model):
    """Show a weighing of an exchange with another house (R40)."""

    house: PartyId = Field(title="ander huis")
    involved: list[PartyId] = Field(title="betrokken deelnemers")
    exchange: bool = Field(title="meer uitwisselen")
    weighing: Content = Field(title="afweging")
    weighed_at: datetime = Field(title="afgewogen op")


class ChecksOfCase(Model):
    """List the known-checks of a case, and the weighings of an exchange with another house."""

    checks: list[CheckView] = Field(title="controles op bekendheid")
    weighings: list[WeighingView] = Field(title="afwegingen van uitwisseling")


class HouseCheckView(Model):
    """Show what another house asks; `case_id`: the case that was found, for who directs and who leads it."""

    check: Id = Field(title="nummer")
    house: PartyId = Field(title="huis dat vraagt")
    on_behalf_of: PartyId = Field(title="namens")
    task: LegalReference = Field(title="wettelijke taak")
    necessity: k.CheckNecessity = Field(title="noodzaak")
    answer_at: datetime = Field(title="antwoord vertrekt op")
    case_id: Id | None = Field(title="casusnummer")
    consulted: PartyId | None = Field(title="geraadpleegde leidende partij")
    agreed: bool | None = Field(title="mag worden beantwoord")
    decision: k.KnownAnswer | None = Field(title="besluit van de procesregisseur")


class HouseChecksPage(Model):
    """List a page of them; `after` gives the next one."""

    checks: list[HouseCheckView] = Field(title="vragen van andere huizen")
    after: Id | None = Field(default=None, title="volgende")


def _things(state: State) -> Iterable[tuple[str, Any]]:
    """Yield (label, thing) of every check and weighing of a case."""
    yield from ((f"known-check/{one.check_id}/{one.person_id}", one) for one in state.checks)
    yield from ((f"weighing/{one.weighing_id}", one) for one in state.weighings)


def _of_house(number: str, state: State) -> Iterable[tuple[str, Any]]:
    """Yield the one thing of a check of another house."""
    if state.check is not None:
        yield "house-check", ListedCheck(number, state.check)


@router.get("/cases/{case_id}/known-checks")
async def read_checks(case_id: Id, caller: Looking, reader: Reader) -> ChecksOfCase:
    """List what the director asked of this case, and what came of it; for the director alone (R13, R38)."""
    seen = await reader.look(caller, case_id, may_view_check, _things, scope=scopes_now)
    shown, now = list(seen.things.values()), reader.clock.now()
    return ChecksOfCase(
        checks=[_check(one, now) for one in shown if isinstance(one, Check)],
        weighings=[_weighing(one) for one in shown if isinstance(one, Weighing)],
    )


def _check(one: Check, now: datetime) -> CheckView:
    lapsed = one.answer is None and not one.waits(now)
    return CheckView(
        check_id=one.check_id,
        person_id=one.person_id,
        house=one.house,
        necessity=one.necessity,
        reason=one.reason,
        asked_at=one.asked_at,
        answer_by=one.answer_by,
        answer=k.KnownAnswer.NO_ANSWER if lapsed else one.answer,
        director=one.director,
    )


def _weighing(one: Weighing) -> WeighingView:
    return WeighingView(
        house=one.house,
        involved=list(one.involved),
        exchange=one.exchange,
        weighing=one.weighing,
        weighed_at=one.at,
    )


@router.get("/known-checks")
async def read_house_checks(
    caller: Looking, reader: Reader, after: Annotated[Id, Query()] = ""
) -> HouseChecksPage:
    """List what other houses ask: a director of his cases and of none, a party what it is consulted on."""
    viewer = caller.viewer()
    async with reader.engine.connect() as connection:
        if viewer.role is Role.PROCESS_DIRECTOR:
            found = await store.checks_of_director(connection, viewer.person, after=after, most=PER_PAGE)
        elif viewer.role is Role.PARTY_WORKER and viewer.party:
            found = await store.checks_of_party(connection, viewer.party, after=after, most=PER_PAGE)
        else:
            raise Refused(NOT_YOURS)
    policy = partial(may_list_check, waiting=frozenset(found))
    page = {number: partial(_of_house, number) for number in found}
    seen = await reader.look_at_page(caller, page, policy, scope=None)
    return HouseChecksPage(
        checks=[view for number, one in seen.items() for view in _house_check(number, one)],
        after=found[-1] if len(found) == PER_PAGE else None,
    )


def _house_check(number: str, seen: Seen[State]) -> Iterable[HouseCheckView]:
    thing = seen.things.get("house-check")
    one = thing.check if isinstance(thing, ListedCheck) else None
    if one is not None and one.necessity is not None:
        yield HouseCheckView(
            check=number,
            house=one.house,
            on_behalf_of=one.on_behalf_of,
            task=one.task,
            necessity=one.necessity,
            answer_at=one.answer_at,
            case_id=one.found or None,
            consulted=one.asked_of or None,
            agreed=one.agreed,
            decision=one.decision,
        )


# --- acting ----------------------------------------------------------------------------------------


@router.post("/cases/{case_id}/known-checks")
async def ask(case_id: Id, body: NewCheck, caller: Acting, commands: Commands) -> Done:
    """Ask whether somebody is in treatment, as the director, on behalf of the leading party (R13, R38)."""
    number = commands.new_number(caller, "check", case_id)
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.AskKnownCheck(
                by=by,
                check_id=number,
                person_id=sent.person_id,
                house=sent.house,
                necessity=sent.necessity,
                reason=text(sent.reason),
            ),
            asks=c.AskKnownCheck,
        )
    )


@router.post("/cases/{case_id}/exchange-weighings")
async def weigh(case_id: Id, body: NewWeighing, caller: Acting, commands: Commands) -> Done:
    """Record a weighing of an exchange with another house, as the director; none follows here (R40)."""
    number = commands.new_number(caller, "weighing", case_id)
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.WeighExchange(
                by=by,
                weighing_id=number,
                house=sent.house,
                involved=sent.involved,
                other_involved_its_own=sent.other_involved_its_own,
                exchange=sent.exchange,
                weighing=text(sent.weighing),
            ),
            asks=c.WeighExchange,
        )
    )


@router.post("/known-checks/{check}/consultation-request")
async def consult(check: Id, caller: Acting, commands: Commands) -> Done:
    """Consult the leading party of the case that was found, as the director (R39)."""
    return done(
        await commands.act(
            caller, check, Model(), lambda sent, by: c.ConsultOnCheck(by=by), asks=c.ConsultOnCheck
        )
    )


@router.post("/known-checks/{check}/consultation")
async def say_whether_it_may(
    check: Id, body: k.KnownCheckConsulted, caller: Acting, commands: Commands
) -> Done:
    """Say whether the check may be answered, as the leading party; as `known-check-consulted` (R39)."""
    return done(await commands.act(caller, check, body, h.record_consultation, asks=c.RecordConsultation))


@router.post("/known-checks/{check}/decision")
async def decide(check: Id, body: CheckDecision, caller: Acting, commands: Commands) -> Done:
    """Decide what another house is answered when its term ends, as the director (R39)."""
    return done(
        await commands.act(
            caller,
            check,
            body,
            lambda sent, by: c.DecideKnownCheck(by=by, answer=sent.answer),
            asks=c.DecideKnownCheck,
        )
    )
