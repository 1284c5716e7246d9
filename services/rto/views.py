"""Make what people read of a case at the round table from what `may_view` let through alone."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from pydantic import Field

from services.rto.commands import ExtendViewingPlan, Plan, RecordPlan
from services.rto.effects import invitation, without_reservations
from services.rto.state import Answer, Phase, Progress, Release, ReleaseStatus, Rto, State
from shared.contract.content import Content
from shared.contract.fields import ContributedItem, FirstGoal, Id, Person, Theme
from shared.contract.messages.rto import Action, ActionProgress, RtoConvened, RtoOutcome, Taker, Use
from shared.contract.messages.triage import CitizenInvolvement, ParticipantRole, RtoPrepared, ViewingEntry
from shared.contract.registry import Model
from shared.core.actor import Command, Role
from shared.http.caller import Caller
from shared.http.reading import Seen

T = TypeVar("T")
VersionFor = Callable[[type[Command]], str | None]  # of the thing that a command can replace


class PreparationView(Model):
    """What the round table is for (R42, R46)."""

    theme: Theme = Field(title="thema")
    goal: Content = Field(title="doel")
    first_goal: FirstGoal | None = Field(default=None, title="eerste doel")
    decision_types: tuple[str, ...] = Field(title="type besluiten")
    themes: tuple[str, ...] = Field(title="gespreksthema's")
    citizen: CitizenInvolvement = Field(title="betrokkenheid van de burger")


class SeatView(Model):
    """Who is invited, in which role, and whether it comes."""

    party: str = Field(title="deelnemer")
    role: ParticipantRole = Field(title="rol")
    contribution: Content = Field(title="gevraagde bijdrage")
    answer: Answer = Field(title="antwoord")


class RtoView(Model):
    """One meeting."""

    rto_id: str = Field(title="RTO")
    on: datetime = Field(title="datum")
    place: Content | None = Field(title="plaats")
    participants: list[SeatView] = Field(title="deelnemers")
    outcome: RtoOutcome | None = Field(title="uitkomst")


class PlanView(Model):
    """The plan of action without its actions, as a joint record of these participants (A19)."""

    agreements: Content = Field(title="afspraken")
    ave_level: int = Field(title="AVE-niveau")
    made_by: tuple[str, ...] = Field(title="opgesteld door")
    version: str | None = Field(default=None, description="For If-Match; for who may replace the plan.")


class ProgressView(Model):
    """How far an action is (R81)."""

    action_id: str = Field(title="actie")
    progress: ActionProgress = Field(title="voortgang")
    at: datetime = Field(title="gemeld op")
    remark: Content | None = Field(title="opmerking")


class ReleaseView(Model):
    """What a contributor said about one use of its item (R65)."""

    item_id: str = Field(title="gegeven")
    use: Use = Field(title="gebruik")
    recipient: str | None = Field(title="ontvanger")
    action_id: str | None = Field(title="activiteit")
    status: ReleaseStatus = Field(title="akkoord")


class Invitation(RtoConvened):
    """What the letter to the caller's organisation says, with the number it stood under."""

    case_id: Id = Field(title="casusnummer")


class Invitations(Model):
    """A page of them; `after` gives the next one."""

    invitations: list[Invitation] = Field(title="uitnodigingen")
    after: Id | None = Field(default=None, title="volgende")


class CaseView(Model):
    """A case at the round table, as far as this viewer may see it."""

    case_id: str = Field(title="casusnummer")
    phase: Phase = Field(title="fase")
    leading_party: str | None = Field(title="leidende partij")
    preparation: PreparationView | None = Field(title="voorbereiding")
    persons: list[Person] = Field(title="betrokkenen")
    rtos: list[RtoView] = Field(title="RTO's")
    items: list[ContributedItem] = Field(title="gegevens")
    viewing_plan: list[ViewingEntry] = Field(title="inzageplan")
    viewing_plan_version: str | None = Field(
        default=None, description="For If-Match; for who may replace an entry."
    )
    releases: list[ReleaseView] = Field(title="akkoorden")
    plan: PlanView | None = Field(title="plan van aanpak")
    actions: list[Action] = Field(title="acties")
    progress: list[ProgressView] = Field(title="voortgang")
    takers: list[Taker] = Field(title="lijst van afnemers")


def things(state: State) -> Iterable[tuple[str, Any]]:
    """Yield everything of a case that can be looked at, by label; labels are ids and words."""
    if state.preparation is not None:
        aside: dict[str, Any] = {"participants": (), "viewing_plan": (), "persons": ()}
        yield "preparation", state.preparation.model_copy(update=aside)
        yield from ((f"person/{p.person_id}", p) for p in state.preparation.persons)
    yield from ((f"rto/{rto.rto_id}", rto) for rto in state.rtos)
    yield from ((f"item/{item.item_id}", item) for item in state.items)
    yield from ((f"viewing/{x.item_id}/{x.participant}", x) for x in state.viewing_plan)
    yield from ((_label(x), x) for x in state.releases)
    if state.plan is not None:
        yield "plan", state.plan.model_copy(update={"actions": ()})
        yield from ((f"action/{action.action_id}", action) for action in state.plan.actions)
    yield from ((f"progress/{x.action_id}", x) for x in state.progress)
    yield from ((f"taker/{x.party}/{x.item_id}/{x.action_id}", x) for x in state.takers)


def invitation_of(party: str) -> Callable[[State], Iterable[tuple[str, RtoConvened]]]:
    """List the invitation of this party to the latest RTO, if it has one."""

    def listed(state: State) -> Iterable[tuple[str, RtoConvened]]:
        """Yield the invitation under its label."""
        rto = state.latest
        seat = rto.seat(party) if rto else None
        if rto and seat and rto.place:
            yield "invitation", invitation(rto.rto_id, rto.on, rto.place, seat.participant)

    return listed


def _label(release: Release) -> str:
    key = release.key
    return f"release/{key.item_id}/{key.use}/{key.recipient or '-'}/{key.action_id or '-'}"


def case_view(case_id: str, caller: Caller, seen: Seen[State], version_for: VersionFor) -> CaseView:
    """Return the answer to a look: `seen.things` holds what this viewer may see, decrypted.

    A version goes to the director alone, who may replace: to others it would tell what they may not see.
    """
    state = seen.case.state
    prepared = _only(seen, RtoPrepared)
    plan = _only(seen, Plan)
    directs = caller.viewer().role is Role.PROCESS_DIRECTOR
    return CaseView(
        case_id=case_id,
        phase=state.phase,
        leading_party=state.leading_party if prepared else None,
        preparation=PreparationView(**_fields(PreparationView, prepared)) if prepared else None,
        persons=_all(seen, Person),
        rtos=[_rto(rto) for rto in _all(seen, Rto)],
        items=[_for(caller, item) for item in _all(seen, ContributedItem)],
        viewing_plan=_all(seen, ViewingEntry),
        viewing_plan_version=version_for(ExtendViewingPlan) if directs else None,
        releases=[ReleaseView(**asdict(x.key), status=x.status) for x in _all(seen, Release)],
        plan=_plan(plan, state, version_for(RecordPlan) if directs else None) if plan else None,
        actions=_all(seen, Action),
        progress=[ProgressView(**_fields(ProgressView, x)) for x in _all(seen, Progress)],
        takers=_all(seen, Taker),
    )


def _for(caller: Caller, item: ContributedItem) -> ContributedItem:
    """Hide from a participant from whom another's item is withheld (R62)."""
    party = caller.identity.party
    return item if party in (None, item.contributor) else without_reservations(item)


def _rto(rto: Rto) -> RtoView:
    seats = [
        SeatView(
            party=seat.party,
            role=seat.participant.role,
            contribution=seat.participant.contribution,
            answer=seat.answer,
        )
        for seat in rto.seats
    ]
    return RtoView(rto_id=rto.rto_id, on=rto.on, place=rto.place, participants=seats, outcome=rto.outcome)


def _plan(plan: Plan, state: State, version: str | None) -> PlanView:
    return PlanView(
        agreements=plan.agreements, ave_level=plan.ave_level, made_by=state.made_by, version=version
    )


def _fields(view: type[Model], thing: object) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in view.model_fields}


def _all(seen: Seen[State], kind: type[T]) -> list[T]:
    return [thing for thing in seen.things.values() if isinstance(thing, kind)]


def _only(seen: Seen[State], kind: type[T]) -> T | None:
    return next(iter(_all(seen, kind)), None)
