"""Ask the product what stands for somebody in its lists, logs and register, each looked at as it looks."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from services.governance import api as governance_api
from services.governance import viewing as governance_viewing
from services.governance.main import PROCESS as GOVERNANCE
from services.intake import api as intake_api
from services.intake.viewing import may_list_duty
from services.retention import api as retention_api
from services.retention.viewing import (
    Announcement,
    Asked,
    OnInspection,
    may_view,
    may_view_announcement,
    may_view_request,
)
from services.rto import views
from services.rto.shared_things import REPLACES
from services.rto.viewing import may_view_invitation
from services.triage import views as triage_views
from services.triage.permissions import scopes_now
from services.triage.viewing import may_view as may_view_triage
from shared.contract.parties import Parties, Scope
from shared.core.actor import Command, Role
from shared.core.context import DecisionContext
from shared.core.looking import MayView, looking_at
from shared.core.mandate import Needed
from shared.core.overdue import may_view_overdue
from shared.core.viewing import Allowed, Viewer, may_view_log
from shared.http.caller import Caller
from shared.http.oidc import Identity
from shared.http.reading import Seen
from shared.storage.cases import Case
from tests.unit.opinion.house import CASE, OF_CASES, House
from tests.unit.opinion.looks import looked

Found: TypeAlias = frozenset[str] | None
Things: TypeAlias = Callable[[Any], Iterable[tuple[str, Any]]]
NOTHING: Things = lambda state: ()  # noqa: E731


def _looked(
    house: House, name: str, viewer: Viewer, may: MayView[Any], things: Things, scope: Needed | None = None
) -> Found:
    place = house.places[name]
    process, context = place.service.process, house.context(name)
    decided = looking_at(process, viewer, may, scope, place.state, things, context)
    if not isinstance(decided(None), Allowed):
        return None
    return frozenset(label for label, one in things(place.state) if isinstance(decided(one), Allowed))


def invitations(house: House, viewer: Viewer) -> Found:
    if viewer.role is not Role.PARTY_WORKER or viewer.party is None:
        return None
    things = views.invitation_of(viewer.party)
    return _looked(house, "rto", viewer, may_view_invitation, things, Scope.RTO) or None


def waiting_queries(house: House, viewer: Viewer) -> Found:
    if viewer.role is not Role.PARTY_WORKER or viewer.party is None:
        return None
    place = house.places["triage"]
    rows = [
        one for one in place.asked if one.recipient == viewer.party and one.query.query_id not in place.closed
    ]
    if not rows:
        return None
    things = triage_views.queries_by_case(rows)[CASE]
    found = _looked(house, "triage", viewer, may_view_triage, things, scopes_now) or frozenset()
    asked = {label.split("/")[1] for label in found if label.startswith("query/")}
    return frozenset(label for label in found if label.split("/")[1] in asked) or None


def late(name: str, house: House, viewer: Viewer) -> Found:
    def things(state: Any) -> Iterable[tuple[str, Any]]:
        return [("term", state.overdue)] if state.overdue is not None else []

    return _looked(house, name, viewer, may_view_overdue, things)


def requests(house: House, viewer: Viewer) -> Found:
    def things(state: Any) -> Iterable[tuple[str, Any]]:
        return [] if state.asked is None else [("reactivation-asked", Asked(state.asked))]

    return _looked(house, "retention", viewer, may_view_request, things)


def destruction(house: House, viewer: Viewer) -> Found:
    def things(state: Any) -> Iterable[tuple[str, Any]]:
        return [("destruction", Announcement(viewer.party or ""))]

    return _looked(house, "retention", viewer, may_view_announcement, things)


def reading(house: House, viewer: Viewer) -> Found:
    """The manager's one reading; whoever else asks for one is refused before anything is looked at."""
    if viewer.role is not Role.MANAGER:
        return None

    def things(state: Any) -> Iterable[tuple[str, Any]]:
        number = state.last_reading(viewer.person)
        return [(label, OnInspection(number, one)) for label, one in retention_api._things(state)]

    return _looked(house, "retention", viewer, may_view, things, Scope.PHASE_4)


def _page(house: House, name: str, viewer: Viewer) -> tuple[Caller, Seen[Any]] | None:
    """Look as the endpoint of the case does, and return what it makes its answer of."""
    if (found := looked(house, name, viewer)) is None:
        return None
    identity = Identity(viewer.person, frozenset({viewer.role}), viewer.party)
    case = Case(CASE, house.places[name].state, 1)
    return Caller(identity, viewer.on_behalf_of), Seen(case, found)


def _version(state: Any, asks: type[Command]) -> str | None:
    return "a version" if REPLACES[asks].thing(state) else None


def page_of_table(house: House, viewer: Viewer) -> Found:
    """What the page says of the case itself, beside the things on it."""
    if (page := _page(house, "rto", viewer)) is None:
        return None
    caller, found = page
    version_for = partial(_version, found.case.state)
    view = views.case_view(CASE, caller, found, version_for)
    said = {
        "phase": view.phase,
        "leading-party": view.leading_party,
        "viewing-plan-version": view.viewing_plan_version,
        "plan-version": view.plan.version if view.plan else None,
    }
    return frozenset(name for name, value in said.items() if value is not None)


def page_of_triage(house: House, viewer: Viewer) -> Found:
    if (page := _page(house, "triage", viewer)) is None:
        return None
    view = triage_views.case_view(CASE, viewer.party, page[1], house.places["triage"].record)
    said = {
        "phase": view.phase,
        "theme": view.theme,
        "referrer": view.referrer,
        "leading-party": view.leading_party,
    }
    return frozenset(name for name, value in said.items() if value is not None)


def log(name: str, house: House, viewer: Viewer) -> Found:
    return _looked(house, name, viewer, may_view_log, NOTHING)


def register(party: str, house: House, viewer: Viewer) -> Found:
    """A party in the register; of several of a kind it is one."""
    state = house.members[party]
    records = {name: member.record for name, member in house.members.items()}
    context = DecisionContext(house.now, Parties(records))
    may, things = governance_viewing.may_view, governance_api._things
    decided = looking_at(GOVERNANCE, viewer, may, None, state, things, context)
    if not isinstance(decided(None), Allowed):
        return None
    found = (label for label, one in things(state) if isinstance(decided(one), Allowed))
    return frozenset(label.split("/")[0] for label in found)


def duties(house: House, viewer: Viewer) -> Found:
    """Who is still to be informed; whoever neither directs nor works for a party is refused before."""
    if viewer.role is not Role.PROCESS_DIRECTOR and viewer.party is None:
        return None
    return _looked(house, "intake", viewer, may_list_duty, intake_api._open_duties) or None


LOOKUPS: dict[str, Callable[[House, Viewer], Found]] = {
    "intake duties": duties,
    "rto invitations": invitations,
    "rto page": page_of_table,
    "triage queries": waiting_queries,
    "triage page": page_of_triage,
    "retention requests": requests,
    "retention destruction": destruction,
    "retention reading": reading,
    **{f"{name} late": partial(late, name) for name in ("intake", "triage", "rto")},
    **{f"{name} log": partial(log, name) for name in OF_CASES},
}
