"""Make what people read of a case at the round table from what `may_view` let through alone."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic import Field

from services.rto.commands import ExtendViewingPlan, Part, Plan, RecordPlan
from services.rto.effects import invitation
from services.rto.state import (
    Answer,
    EndedAction,
    Monitoring,
    Phase,
    Progress,
    Release,
    ReleaseKey,
    ReleaseStatus,
    Rto,
    State,
)
from services.rto.viewing import Residence
from shared.contract.content import Content
from shared.contract.fields import ContributedItem, FirstGoal, Id, Person, Theme
from shared.contract.messages.rto import (
    Action,
    ActionProgress,
    RtoConvened,
    RtoOutcome,
    Taker,
    TakersDuty,
    Use,
)
from shared.contract.messages.triage import CitizenInvolvement, ParticipantRole, RtoPrepared, ViewingEntry
from shared.contract.registry import Model
from shared.core.actor import Command, Role
from shared.core.item_rules import shown_to
from shared.http.caller import Caller
from shared.http.reading import Seen

T = TypeVar("T")
VersionFor = Callable[[type[Command]], str | None]  # of the thing that a command can replace


class PreparationView(Model):
    """What a round table is for, and with which care (R42, R46, R47)."""

    theme: Theme = Field(title="thema")
    goal: Content = Field(title="doel")
    first_goal: FirstGoal | None = Field(default=None, title="eerste doel")
    decision_types: tuple[str, ...] = Field(title="type besluiten")
    themes: tuple[str, ...] = Field(title="gespreksthema's")
    citizen: CitizenInvolvement = Field(title="betrokkenheid van de burger")
    care_agreements: Content | None = Field(default=None, title="zorgvuldigheidsafspraken")


class SeatView(Model):
    """Who is invited, in which role, and whether it comes."""

    party: str = Field(title="deelnemer")
    role: ParticipantRole = Field(title="rol")
    contribution: Content = Field(title="gevraagde bijdrage")
    answer: Answer = Field(title="antwoord")


class RtoView(Model):
    """One meeting, with what was fixed before it and what it found and decided (R42, R69, R81)."""

    rto_id: str = Field(title="RTO")
    on: datetime = Field(title="datum")
    place: Content | None = Field(title="plaats")
    preparation: PreparationView | None = Field(default=None, title="voorbereiding")
    participants: list[SeatView] = Field(title="deelnemers")
    outcome: RtoOutcome | None = Field(title="uitkomst")
    ave_level: int | None = Field(default=None, title="AVE-niveau")
    goals_reached: Content | None = Field(default=None, title="bereikte doelen")
    developments: Content | None = Field(default=None, title="ontwikkelingen")


class PlanView(Model):
    """The plan of action without its actions, as a joint record of these participants (A19)."""

    agreements: Content = Field(title="afspraken")
    ave_level: int = Field(title="AVE-niveau")
    parts: tuple[Part, ...] = Field(default=(), title="rol en informatiebehoefte per partij")
    made_by: tuple[str, ...] = Field(title="opgesteld door")
    corrected: tuple[str, ...] = Field(
        default=(),
        title="sindsdien verbeterde gegevens",
        description="Items on which it draws, of which there is another version since it was recorded.",
    )
    version: str | None = Field(default=None, description="For If-Match; for who may replace the plan.")


class EndedActionView(Action):
    """An action that ended, as it was (R81)."""

    ended_at: datetime = Field(title="beëindigd op")


class MonitoringView(Model):
    """What the approach is followed for (R79)."""

    purpose: Content = Field(title="doel van de monitoring")


class ProgressView(Model):
    """What the executor said of an action; the earlier words stay, oldest first (R81)."""

    action_id: str = Field(title="actie")
    progress: ActionProgress = Field(title="voortgang")
    at: datetime = Field(title="gemeld op")
    remark: Content | None = Field(title="opmerking")
    goals_reached: Content | None = Field(default=None, title="bereikte doelen")
    developments: Content | None = Field(default=None, title="ontwikkelingen")


class ReleaseView(Model):
    """What a contributor said about one use of its item (R65)."""

    item_id: str = Field(title="gegeven")
    use: Use = Field(title="gebruik")
    recipient: str | None = Field(title="ontvanger")
    action_id: str | None = Field(title="activiteit")
    status: ReleaseStatus = Field(title="akkoord")


class TakerView(Taker):
    """Show who took which version of which item, and what that taker is to do now (R104, A12, A22)."""

    must: tuple[TakersDuty, ...] = Field(default=(), title="wat de afnemer doet")


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
    phase: Phase | None = Field(title="fase", description="For who takes part; else nothing is said of it.")
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
    plan_version: str | None = Field(
        default=None, description="For If-Match; for who may replace the plan, also where it may not be read."
    )
    actions: list[Action] = Field(title="acties")
    ended_actions: list[EndedActionView] = Field(default=[], title="beëindigde acties")
    monitoring: MonitoringView | None = Field(default=None, title="monitoring")
    progress: list[ProgressView] = Field(title="voortgang")
    takers: list[TakerView] = Field(title="lijst van afnemers")


def things(state: State) -> Iterable[tuple[str, Any]]:
    """Yield everything of a case that can be looked at, by label; labels are ids and words."""
    if state.preparation is not None:
        aside: dict[str, Any] = {"participants": (), "viewing_plan": (), "persons": ()}
        yield "preparation", state.preparation.model_copy(update=aside)
        persons = state.preparation.persons
        yield from ((f"person/{p.person_id}", p.model_copy(update={"address": None})) for p in persons)
        lives = ((p.person_id, p.address) for p in persons if p.address is not None)
        yield from ((f"address/{person}", Residence(person, address)) for person, address in lives)
    for rto in state.rtos:
        yield f"rto/{rto.rto_id}", replace(rto, preparation=state.preparation_of(rto))
    yield from ((f"item/{item.item_id}", item) for item in state.items)
    yield from ((f"viewing/{x.item_id}/{x.participant}", x) for x in state.viewing_plan)
    yield from ((_label(x), x) for x in state.releases)
    if state.plan is not None:
        yield "plan", state.plan.model_copy(update={"actions": ()})
        yield from ((f"action/{action.action_id}", action) for action in state.plan.actions)
    yield from ((f"ended-action/{x.action.action_id}", x) for x in state.ended)
    yield from ((f"progress/{x.action_id}/{n}", x) for n, x in enumerate(state.progress, 1))
    if state.monitoring is not None:
        yield "monitoring", state.monitoring
    yield from ((label_of_taker(x), x) for x in state.takers)


def invitation_of(party: str) -> Callable[[State], Iterable[tuple[str, RtoConvened]]]:
    """List the invitation of this party to the latest RTO, if it has one."""

    def listed(state: State) -> Iterable[tuple[str, RtoConvened]]:
        """Yield the invitation under its label."""
        rto = state.latest
        seat = rto.seat(party) if rto else None
        if rto and seat and rto.place:
            yield "invitation", invitation(rto.rto_id, rto.on, rto.place, seat.participant)

    return listed


def label_of_taker(x: Taker) -> str:
    """Return the label of what a party took: a later version stands beside the earlier one (R104)."""
    label = f"taker/{x.party}/{x.item_id}/{x.action_id}"
    return label if x.version == 1 else f"{label}/{x.version}"


def _label(release: Release) -> str:
    key = release.key
    return f"release/{key.item_id}/{key.use}/{key.recipient or '-'}/{key.action_id or '-'}"


def case_view(case_id: str, caller: Caller, seen: Seen[State], version_for: VersionFor) -> CaseView:
    """Return the answer to a look: `seen.things` holds what this viewer may see, decrypted.

    A version goes to the director alone, who may replace: to others it would tell what they may not see.
    """
    state = seen.case.state
    prepared = _only(seen, RtoPrepared)
    rtos, plan, monitoring = _all(seen, Rto), _only(seen, Plan), _only(seen, Monitoring)
    directs = caller.viewer().role is Role.PROCESS_DIRECTOR
    plan_version = version_for(RecordPlan) if directs else None
    takes_part = bool(prepared or rtos) or caller.identity.party == state.leading_party
    return CaseView(
        case_id=case_id,
        phase=state.phase if takes_part else None,
        leading_party=state.leading_party if takes_part else None,
        preparation=PreparationView(**_fields(PreparationView, prepared)) if prepared else None,
        persons=_persons(seen),
        rtos=[_rto(rto, state) for rto in rtos],
        items=[shown_to(item, caller.identity.party) for item in _all(seen, ContributedItem)],
        viewing_plan=_all(seen, ViewingEntry),
        viewing_plan_version=version_for(ExtendViewingPlan) if directs else None,
        releases=[ReleaseView(**asdict(x.key), status=x.status) for x in _all(seen, Release)],
        plan=_plan(plan, state, plan_version) if plan else None,
        plan_version=plan_version,
        actions=_all(seen, Action),
        ended_actions=[EndedActionView(**dict(x.action), ended_at=x.at) for x in _all(seen, EndedAction)],
        monitoring=MonitoringView(purpose=monitoring.purpose) if monitoring else None,
        progress=[ProgressView(**_fields(ProgressView, x)) for x in _all(seen, Progress)],
        takers=[TakerView(**dict(x), must=_must(x, state)) for x in _all(seen, Taker)],
    )


def _must(taker: Taker, state: State) -> tuple[TakersDuty, ...]:
    """Return what a taker does with what it took, by what its contributor decided since (R66, R67, A22)."""
    item = state.item(taker.item_id)
    outdated = item is not None and taker.version < item.version
    key = ReleaseKey(taker.item_id, Use.PLAN_ACTIVITY, taker.party, taker.action_id)
    if state.release(key) is ReleaseStatus.GIVEN:
        return (TakersDuty.KEEP_TO_NEW_TERMS,) if outdated else ()
    return (TakersDuty.USE_NO_LONGER, *((TakersDuty.CORRECT_OWN_RECORD,) if outdated else ()))


def _persons(seen: Seen[State]) -> list[Person]:
    """Return the persons, each with an address where the viewer may see it (R61)."""
    lives = {one.person_id: one.address for one in _all(seen, Residence)}
    return [p.model_copy(update={"address": lives.get(p.person_id)}) for p in _all(seen, Person)]


def _rto(rto: Rto, state: State) -> RtoView:
    seats = [
        SeatView(
            party=seat.party,
            role=seat.participant.role,
            contribution=seat.participant.contribution,
            answer=seat.answer,
        )
        for seat in rto.seats
    ]
    prepared, theme = rto.preparation, state.preparation.theme if state.preparation else None
    return RtoView(
        rto_id=rto.rto_id,
        on=rto.on,
        place=rto.place,
        preparation=PreparationView(**dict(prepared), theme=theme) if prepared and theme else None,
        participants=seats,
        outcome=rto.outcome,
        ave_level=rto.ave_level,
        goals_reached=rto.goals_reached,
        developments=rto.developments,
    )


def _plan(plan: Plan, state: State, version: str | None) -> PlanView:
    return PlanView(
        agreements=plan.agreements,
        ave_level=plan.ave_level,
        parts=plan.parts,
        made_by=state.made_by,
        corrected=state.corrected,
        version=version,
    )


def _fields(view: type[Model], thing: object) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in view.model_fields}


def _all(seen: Seen[State], kind: type[T]) -> list[T]:
    return [thing for thing in seen.things.values() if isinstance(thing, kind)]


def _only(seen: Seen[State], kind: type[T]) -> T | None:
    return next(iter(_all(seen, kind)), None)
