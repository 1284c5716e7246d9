"""Let the letters of the joined cores leave as the relay does, and look at each that did."""

from collections.abc import Iterator

from shared.contract.messages import rto as rm
from shared.contract.messages import triage as tm
from shared.contract.parties import Parties
from shared.contract.registry import of_model
from shared.core.effects import ToParty
from shared.core.leaving import may_leave
from shared.core.standing import is_frozen
from tests.unit.opinion.house import House, Place
from tests.unit.opinion.model.letters import Letter, forbidden


def sent_wrongly(house: House) -> Iterator[str]:
    """Send what may leave now, of every service that knows all; yield what should not have left."""
    for name, place in house.places.items():
        if not house.is_current(name):
            continue
        letters, place.unsent = place.unsent, []
        for letter in letters:
            if _leaves(house, place, letter) and (rule := forbidden(house.story, _plain(letter), house.now)):
                yield f"{name} sends {_plain(letter)}, against {rule}"


def _leaves(house: House, place: Place, letter: ToParty) -> bool:
    """Judge a letter as the gate does."""
    process, parties = place.service.process, Parties(place.parties)
    conditions, state = process.conditions(type(letter.message)), place.state
    givers = process.givers(state, letter.item) if letter.item and not place.forgotten else ()
    if any(is_frozen(one, parties, house.now) for one in givers):
        return False
    case = None if place.forgotten else state
    if may_leave(letter.recipient, conditions, case, parties, house.now):
        return False
    forbids = conditions.forbids
    return forbids is None or forbids(letter.message, letter.recipient, state, parties) is None


def _plain(letter: ToParty) -> Letter:
    message, to = letter.message, letter.recipient
    kind = of_model(type(message)).type.split(".")[-2]  # without who defines it, and its version
    match message:
        case tm.QueryIssued(query_id=query, persons=persons):
            return Letter(kind, to, query=query, numbers=any(one.bsn is not None for one in persons))
        case tm.QueryClarified(query_id=query, number=n):
            return Letter(kind, to, query=query, told=n)
        case (
            tm.QueryReminded(query_id=query)
            | tm.QueryLapsed(query_id=query)
            | tm.QueryExtended(query_id=query)
            | tm.QueryExtensionRefused(query_id=query)
        ):
            return Letter(kind, to, query=query)
        case rm.ItemsProvided(action_id=action, items=(item,)):
            return Letter(kind, to, item=item.item_id, action=action, version=item.version)
        case rm.ReleaseAsked(item_id=number) | rm.TakersTold(item_id=number):
            return Letter(kind, to, item=number)
        case rm.ActionsAssigned(actions=assigned):
            return Letter(kind, to, actions=tuple(one.action_id for one in assigned))
        case rm.ActionsEnded(action_ids=ended):
            return Letter(kind, to, actions=ended)
        case _:
            return Letter(kind, to)
