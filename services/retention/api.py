"""Serve retention over HTTP: what people ask of it, and what they may read."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from services.retention import commands as c
from services.retention import handlers as h
from services.retention import store
from services.retention.commands import KeptItem
from services.retention.effects import announcement
from services.retention.proofs import ChainedProof, Ending, first_break, shown
from services.retention.refusals import NO_INSPECTION
from services.retention.state import Phase, State
from services.retention.viewing import (
    Agreements,
    Announcement,
    Asked,
    CaseDirector,
    JointRecord,
    OnInspection,
    Referrer,
    Register,
    may_view,
    may_view_announcement,
    may_view_register,
    may_view_request,
)
from shared.contract.content import Content, text
from shared.contract.fields import ContributedItem, Id, Person, Theme
from shared.contract.limits import MOST_KEPT_ITEMS
from shared.contract.messages import retention as m
from shared.contract.messages.retention import TermKind
from shared.contract.messages.rto import Action, Taker
from shared.contract.messages.triage import Participant
from shared.contract.parties import Scope
from shared.contract.refusal import NOT_YOURS, UNKNOWN_CASE
from shared.contract.registry import Model
from shared.core.calendar_terms import local_day, month_of
from shared.core.item_rules import shown_to
from shared.core.viewing import Denied
from shared.http import access_log
from shared.http.app import Acting, Commands, Done, Looking, Reader, done
from shared.http.caller import Caller, Refused
from shared.http.reading import Seen
from shared.ids import keyed_hash

router = APIRouter(tags=["retention"])


def routers() -> Sequence[APIRouter]:
    """Return the routers of everything people can do here; the services' own is beside them."""
    return [router, access_log.router]


PROOFS_PER_PAGE = 100
ERASURES_PER_PAGE = 100
REQUESTS_PER_PAGE = 100
BEFORE_ALL = "00000000-0000-0000-0000-000000000000"
LAST_NUMBER = 2**63 - 1  # what the database counts up to
After = Annotated[int, Query(ge=0, le=LAST_NUMBER)]

# --- what is shown --------------------------------------------------------------------------------


class CaseDirectorView(Model):
    """Name and organisation of the case director at de-escalation; without one the leading party (A3)."""

    name: Content | None = Field(title="naam")
    organisation: str = Field(title="organisatie")


class ReferrerView(Model):
    """Name and organisation of the referrer; without a name where it gave none."""

    name: Content | None = Field(default=None, title="naam")
    organisation: str = Field(title="organisatie")


class Plan(Model):
    """The joint record; agreements stay bound to the items of which content stands in them (A8, A19)."""

    agreements: Content | None = Field(title="afspraken")
    actions: tuple[Action, ...] = Field(title="acties")
    participants: tuple[Participant, ...] = Field(title="deelnemers")


class Dossier(Model):
    """As much of the file as the viewer may see."""

    persons: list[Person] = Field(title="betrokkenen")
    items: list[ContributedItem] = Field(title="gegevens")
    reasons: list[KeptItem] = Field(title="noodzaak bij terugval")
    plan: Plan | None = Field(title="plan van aanpak")
    referrer: ReferrerView | None = Field(default=None, title="aanmelder")
    case_director: CaseDirectorView | None = Field(title="casusregisseur")


class ActiveFile(Dossier):
    """Step 1: the file is there for a relapse, until these dates (R87)."""

    reactivation_asked: Content | None = Field(default=None, title="verzoek om reactivering")
    takers: list[Taker] = Field(
        default=[], title="lijst van afnemers", description="For who informs the data subject (R83)."
    )

    case_id: str = Field(title="casusnummer")
    phase: Phase = Field(title="fase")
    leading_party: str = Field(title="leidende partij")
    decided_at: datetime = Field(title="besluit tot afschaling")
    archived_on: datetime = Field(title="archivering op")
    destroyed_on: datetime = Field(title="vernietiging op")


class Identity(Model):
    """Who a person is, and nothing of what the case was about: not in which role either."""

    name: Content = Field(title="naam")
    date_of_birth: Content = Field(title="geboortedatum")
    address: Content | None = Field(default=None, title="adres")


class ArchivedStub(Model):
    """Step 2: exactly these four (R89)."""

    case_id: str = Field(title="casusnummer")
    persons: list[Identity] = Field(title="identificerende gegevens")
    referrer: ReferrerView | None = Field(title="aanmelder")
    case_director: CaseDirectorView | None = Field(title="casusregisseur")


class ClosingStub(Model):
    """The case ended early and will be gone (R102)."""

    case_id: str = Field(title="casusnummer")
    phase: Phase = Field(title="fase")
    leading_party: str = Field(title="leidende partij")
    removed_on: datetime | None = Field(title="verwijdering op")


class Announced(Model):
    """What a party is told of the destruction to come, as in its letter (R99, R104)."""

    reference: str = Field(title="kenmerk")
    destroyed_on: datetime = Field(title="vernietiging op")
    inform_data_subject: bool = Field(title="betrokkene informeren")
    contents: tuple[m.LastNotice, ...] = Field(default=(), title="inhoud van de kennisgeving")
    takers: tuple[Taker, ...] = Field(title="lijst van afnemers")


class Reading(Model):
    """Nothing is said with it: that an archived file is read uses the decision up (R90)."""


def _label_of_taker(x: Taker) -> str:
    label = f"taker/{x.party}/{x.item_id}/{x.action_id}"
    return label if x.version == 1 else f"{label}/{x.version}"


def _things(state: State) -> Iterable[tuple[str, Any]]:
    """Yield (label, thing) of all that is in a file, whoever may see it."""
    file = state.file
    if file is None:
        return
    yield from ((f"person/{person.person_id}", person) for person in file.persons)
    yield from ((f"item/{item.item_id}", item) for item in state.items)
    there = {item.item_id for item in state.items}  # an earlier version kept reasons longer than items
    yield from ((f"reason/{kept.item_id}", kept) for kept in state.kept if kept.item_id in there)
    if file.agreements is not None:
        yield "agreements", Agreements(file.agreements, state.drawn_from)
    yield "plan", JointRecord(file.actions, state.all_participants)
    yield from ((_label_of_taker(x), x) for x in state.all_takers)
    yield "referrer", Referrer(state.referrer_name, state.referrer)
    if state.asked is not None:
        yield "reactivation-asked", Asked(state.asked)
    yield "case-director", CaseDirector(file.case_director, state.leading_party)


@router.get("/cases/{case_id}")
async def read_case(case_id: Id, caller: Looking, reader: Reader) -> ActiveFile | ArchivedStub | ClosingStub:
    """The case as far as the caller may see it in its step (R87 to R89, R102)."""
    seen = await reader.look(caller, case_id, may_view, _things, scope=Scope.PHASE_4)
    state: State = seen.case.state
    phase = state.at(reader.clock.now())  # never an earlier step than what was just shown
    if phase is Phase.CLOSING:
        return ClosingStub(
            case_id=case_id,
            phase=phase,
            leading_party=state.leading_party,
            removed_on=state.begins(TermKind.REMOVE),
        )
    file = _dossier(seen, caller)
    if phase is Phase.STEP_2:
        return ArchivedStub(
            case_id=case_id,
            persons=[_identity(person) for person in file.persons],
            referrer=file.referrer,
            case_director=file.case_director,
        )
    if phase is Phase.ERASING:
        raise Refused(UNKNOWN_CASE)
    return ActiveFile(
        case_id=case_id,
        phase=phase,
        leading_party=state.leading_party,
        reactivation_asked=next((x.reason for x in seen.things.values() if isinstance(x, Asked)), None),
        takers=[x for x in seen.things.values() if isinstance(x, Taker)],
        **_dates(state),
        **dict(file),
    )


@router.get("/cases/{case_id}/destruction")
async def read_announcement(case_id: Id, caller: Looking, reader: Reader) -> Announced:
    """The last letter to the caller's party, from archiving or closing until the day itself (R99)."""
    party = caller.identity.party or ""

    def things(state: State) -> Iterable[tuple[str, Any]]:
        return [("destruction", Announcement(party))]

    seen = await reader.look(caller, case_id, may_view_announcement, things, scope=None)
    first, *others = announcement(party, seen.case.state)
    takers = tuple(taker for letter in (first, *others) for taker in letter.takers)
    return Announced(**{**dict(first), "takers": takers})


def _identity(person: Person) -> Identity:
    return Identity(name=person.name, date_of_birth=person.date_of_birth, address=person.address)


def _dates(state: State) -> dict[str, datetime | None]:
    """Return the decision, and when the steps begin that follow from it (R86)."""
    decided_at = state.file.decided_at if state.file else None
    return {
        "decided_at": decided_at,
        "archived_on": state.begins(TermKind.ARCHIVE),
        "destroyed_on": state.begins(TermKind.DESTROY),
    }


@router.post("/cases/{case_id}/archived-file")
async def read_archived_file(
    case_id: Id, body: Reading, caller: Acting, commands: Commands, reader: Reader
) -> Dossier:
    """The manager's one reading (R90): the inspection is used up first, so that a second reads nothing.

    An answer that was lost on its way is given again to the same request, as long as one reading lasts.
    """
    await commands.act(caller, case_id, body, lambda _, by: c.UseInspection(by=by), asks=c.UseInspection)

    def things(state: State) -> Iterable[tuple[str, Any]]:
        number = state.last_reading(caller.identity.subject)
        return ((f"{label}/inspection-{number}", OnInspection(number, one)) for label, one in _things(state))

    seen = await reader.look(caller, case_id, may_view, things, scope=Scope.PHASE_4)
    if not seen.things:
        raise Refused(NO_INSPECTION)
    return _dossier(seen, caller)


def _dossier(seen: Seen[State], caller: Caller) -> Dossier:
    party = caller.identity.party
    found = [thing.thing if isinstance(thing, OnInspection) else thing for thing in seen.things.values()]
    plan = next((thing for thing in found if isinstance(thing, JointRecord)), None)
    agreed = next((thing.text for thing in found if isinstance(thing, Agreements)), None)
    referrer = next((thing for thing in found if isinstance(thing, Referrer)), None)
    director = next((thing for thing in found if isinstance(thing, CaseDirector)), None)
    return Dossier(
        persons=[thing for thing in found if isinstance(thing, Person)],
        items=[shown_to(thing, party) for thing in found if isinstance(thing, ContributedItem)],
        reasons=[thing for thing in found if isinstance(thing, KeptItem)],
        plan=plan and Plan(agreements=agreed, actions=plan.actions, participants=plan.participants),
        referrer=referrer and ReferrerView(name=referrer.name, organisation=referrer.organisation),
        case_director=director and CaseDirectorView(name=director.name, organisation=director.organisation),
    )


# --- what is asked --------------------------------------------------------------------------------


class Cleaning(Model):
    """What stays, and why; everything else in the file goes (R95, A8)."""

    kept_items: tuple[KeptItem, ...] = Field(default=(), max_length=MOST_KEPT_ITEMS, title="wat blijft")


class InspectionDecision(Model):
    """Why the archived file must be read (R90)."""

    reason: Content = Field(title="reden")


@router.post("/cases/{case_id}/cleaning")
async def clean(case_id: Id, body: Cleaning, caller: Acting, commands: Commands) -> Done:
    """The process director strips the file, on behalf of the party that led (R95, R100)."""
    return done(
        await commands.act(
            caller, case_id, body, lambda sent, by: c.CleanFile(by=by, kept=sent.kept_items), asks=c.CleanFile
        )
    )


@router.post("/cases/{case_id}/inspections")
async def decide_on_inspection(
    case_id: Id, body: InspectionDecision, caller: Acting, commands: Commands
) -> Done:
    """The manager decides that the archived file must be read, once (R90)."""
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.InspectFile(by=by, reason=text(sent.reason)),
            asks=c.InspectFile,
        )
    )


class NewReactivation(Model):
    """Why the file must be active again (R90)."""

    reason: Content = Field(title="reden")


@router.post("/cases/{case_id}/reactivation-request")
async def ask_reactivation(
    case_id: Id, body: m.ReactivationAsked, caller: Acting, commands: Commands
) -> Done:
    """A worker of the party that led asks for it in writing, as by the message `reactivation-asked` (A9)."""
    return done(await commands.act(caller, case_id, body, h.ask_reactivation, asks=c.AskReactivation))


@router.post("/cases/{case_id}/reactivation")
async def reactivate(case_id: Id, body: NewReactivation, caller: Acting, commands: Commands) -> Done:
    """The case goes back to phase 3 and its clock is void (A5).

    As long as the file is active the process director decides, for a new round table; then the manager (R90).
    """
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.ReactivateFile(by=by, reason=text(sent.reason)),
            asks=c.ReactivateFile,
        )
    )


class ReactivationRequest(Model):
    """What the party that led asks of an archived file (A9)."""

    case_id: str = Field(title="casusnummer")
    leading_party: str = Field(title="leidende partij")
    reason: Content = Field(title="reden")


class ReactivationRequests(Model):
    """A page of them, by case number; `after` gives the next one."""

    requests: list[ReactivationRequest] = Field(title="verzoeken om reactivering")
    after: str | None = Field(default=None, title="volgende")


@router.get("/reactivation-requests")
async def read_requests(
    caller: Looking, reader: Reader, after: Annotated[Id, Query()] = BEFORE_ALL
) -> ReactivationRequests:
    """What waits for the manager, who decides on archived files (R90, A9)."""
    async with reader.engine.connect() as connection:
        found = await store.asked(connection, after=after, most=REQUESTS_PER_PAGE)

    def things(state: State) -> Iterable[tuple[str, Any]]:
        return [] if state.asked is None else [("reactivation-asked", Asked(state.asked))]

    seen = await reader.look_at_page(caller, dict.fromkeys(found, things), may_view_request, scope=None)
    requests = [
        ReactivationRequest(case_id=case_id, leading_party=one.case.state.leading_party, reason=thing.reason)
        for case_id, one in sorted(seen.items())
        for thing in one.things.values()
    ]
    return ReactivationRequests(
        requests=requests, after=found[-1] if len(found) == REQUESTS_PER_PAGE else None
    )


# --- what leads to nobody -------------------------------------------------------------------------


class DestructionStatus(StrEnum):
    """How far a destruction is (R105)."""

    ERASED_IN_THE_SERVICES = "erased-in-the-services"
    COMPLETE = "complete"


class Destruction(Model):
    """How far it is: not complete before the last house key and the last backup of the case key are gone."""

    status: DestructionStatus = Field(title="stand")
    backups_lapse_in: str = Field(title="laatste reservekopie vervalt in")


class Proof(Model):
    """A proof of destruction (R91, R106), without theme and ending: beside the figures these lead to a case.

    `previous` and `digest` are keyed: from a bare digest anybody could try out which theme and ending it was.
    Whoever kept a list of them sees in a later one that nothing was left out or changed.
    """

    number: int
    proof_id: str
    month: str = Field(title="maand van vernietiging")
    confirmed_by: tuple[str, ...] = Field(title="bevestigd door")
    destruction: Destruction = Field(title="vernietiging")
    previous: str
    digest: str


class Proofs(Model):
    """A page of them in order; `after` gives the next one.

    `broken_at` is the first of the page whose place in the chain, behind the page before, is not sound.
    """

    broken_at: int | None
    proofs: list[Proof]
    after: int | None = Field(default=None, title="volgende")


class FigureCell(Model):
    """How many cases of this theme ended so in that year; none said where it could point to one (A24).

    Nor of a year that is not over, nor where a count could be worked out from the others.
    """

    year: int = Field(title="jaar")
    theme: Theme = Field(title="thema")
    ending: Ending = Field(title="afloop")
    count: int | None = Field(title="aantal")


class Figures(Model):
    """Management figures (R91)."""

    total: int | None = Field(title="totaal van de afgesloten jaren")
    smallest_shown: int
    cells: list[FigureCell]


class Erasure(Model):
    """An erasure under way; of which case is nobody's business here (R106)."""

    ordered_at: datetime | None
    confirmed: tuple[str, ...]
    missing: tuple[str, ...]
    key_destroyed_next: bool


class Erasures(Model):
    """A page of them, the first that was ordered first; `after` gives the next one."""

    erasures: list[Erasure] = Field(title="vernietigingen")
    after: int | None = Field(default=None, title="volgende")


def _register(caller: Caller, register: Register) -> None:
    """Refuse who may not read this register."""
    if isinstance(may_view_register(caller.viewer(), register), Denied):
        raise Refused(NOT_YOURS)


@router.get("/proofs")
async def read_proofs(caller: Looking, reader: Reader, after: After = 0) -> Proofs:
    """What was destroyed and proven, in the order in which it happened (R91, R106)."""
    _register(caller, Register.PROOFS)
    async with reader.engine.connect() as connection:
        found = await store.proofs(connection, first=after, most=PROOFS_PER_PAGE + 1)
        before = found[0] if found and found[0].number == after else None
        page = found[1:] if before else found[:PROOFS_PER_PAGE]
        waiting = await store.waiting_for_keys(connection, [link.proof.proof_id for link in page])
    this_month = month_of(reader.clock.now())
    return Proofs(
        broken_at=_first_break(page, before, after),
        proofs=[_proof(link, waiting, this_month, reader.version_key) for link in page],
        after=page[-1].number if len(page) == PROOFS_PER_PAGE else None,
    )


def _first_break(page: list[ChainedProof], before: ChainedProof | None, after: int) -> int | None:
    """Return the first break of a page; where the proof before it is missing, that is its first number."""
    return after + 1 if after and page and before is None else first_break(page, before)


def _proof(link: ChainedProof, waiting: set[str], this_month: str, key: bytes) -> Proof:
    proof = link.proof
    previous, digest = (keyed_hash(key, "proof", x.hex()).hex() for x in (link.previous, link.digest))
    complete = proof.proof_id not in waiting and proof.backups_lapse_in < this_month
    status = DestructionStatus.COMPLETE if complete else DestructionStatus.ERASED_IN_THE_SERVICES
    return Proof(
        number=link.number,
        proof_id=proof.proof_id,
        month=proof.month,
        confirmed_by=proof.confirmed_by,
        destruction=Destruction(status=status, backups_lapse_in=proof.backups_lapse_in),
        previous=previous,
        digest=digest,
    )


@router.get("/figures")
async def read_figures(caller: Looking, reader: Reader) -> Figures:
    """Counts for the manager, in which no small cell is shown (R91, A24)."""
    _register(caller, Register.FIGURES)
    async with reader.engine.connect() as connection:
        counts = await store.figures(connection)
        smallest = (await reader.policy_at(connection, reader.clock.now())).smallest_cell
    figures = shown(counts, smallest, local_day(reader.clock.now()).year)
    cells = [
        FigureCell(year=year, theme=theme, ending=ending, count=n)
        for (year, theme, ending), n in figures.cells.items()
    ]
    return Figures(total=figures.total, smallest_shown=smallest, cells=cells)


@router.get("/erasures")
async def read_erasures(caller: Looking, reader: Reader, after: After = 0) -> Erasures:
    """Which erasures are under way, and which service has not confirmed (R105)."""
    _register(caller, Register.ERASURES)
    async with reader.engine.connect() as connection:
        states, last = await store.under_erasure(
            connection, reader.cases, after=after, most=ERASURES_PER_PAGE
        )
    return Erasures(erasures=[_erasure(state) for state in states], after=last)


def _erasure(state: State) -> Erasure:
    return Erasure(
        ordered_at=state.ordered_at,
        confirmed=state.confirmed,
        missing=state.missing(),
        key_destroyed_next=state.phase is Phase.DESTROYING,
    )
