"""Ask the product what somebody is shown: everything of a case in each place where it is looked at."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from services.intake import api as intake_api
from services.intake import permissions as intake_permissions
from services.intake import viewing as intake_viewing
from services.retention import api as retention_api
from services.retention import viewing as retention_viewing
from services.rto import permissions as rto_permissions
from services.rto import viewing as rto_viewing
from services.rto import views as rto_views
from services.triage import permissions as triage_permissions
from services.triage import viewing as triage_viewing
from services.triage import views as triage_views
from shared.contract.fields import ContributedItem
from shared.contract.parties import Scope
from shared.core.looking import MayView, looking_at
from shared.core.mandate import Needed
from shared.core.viewing import Allowed, Viewer
from tests.unit.opinion.house import House, Place


class Look(NamedTuple):
    """What a service looks with: its policy, its list of things, the authorisation it asks for."""

    may_view: MayView[Any]
    things: Callable[[Place], Callable[[Any], Iterable[tuple[str, Any]]]]
    scope: Needed | None


LOOKS = {
    "intake": Look(intake_viewing.may_view, lambda place: intake_api._things, intake_permissions.scopes_now),
    "triage": Look(
        triage_viewing.may_view,
        lambda place: triage_views.things_of(place.record),
        triage_permissions.scopes_now,
    ),
    "rto": Look(rto_viewing.may_view, lambda place: rto_views.things, rto_permissions.scopes_now),
    "retention": Look(retention_viewing.may_view, lambda place: retention_api._things, Scope.PHASE_4),
}


def looked(house: House, name: str, viewer: Viewer) -> dict[str, Any] | None:
    """Return what this person is shown of the case there, by label; None where there is none for it."""
    place, look = house.places[name], LOOKS[name]
    things = look.things(place)
    process, state, context = place.service.process, place.state, house.context(name)
    decided = looking_at(process, viewer, look.may_view, look.scope, state, things, context)
    if not isinstance(decided(None), Allowed):
        return None
    return {label: one for label, one in things(state) if isinstance(decided(one), Allowed)}


def shown(house: House, name: str, viewer: Viewer) -> frozenset[str] | None:
    """Return the labels of what this person is shown there."""
    found = looked(house, name, viewer)
    return None if found is None else frozenset(_label(house, *one) for one in found.items())


def _label(house: House, label: str, thing: Any) -> str:
    """Name an item that is shown in another version than its contributor's last one as such (A22)."""
    last = house.story.items[thing.item_id].version if isinstance(thing, ContributedItem) else None
    return label if last is None or thing.version == last else f"{label} in version {thing.version}"
