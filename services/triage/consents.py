"""Decide in triage by the consent of data subjects: rto keeps the register, and triage follows it (R20)."""

from collections.abc import Sequence
from dataclasses import replace

from services.triage import commands as c
from services.triage import events as e
from services.triage import refusals as r
from services.triage.state import Query, State
from shared.contract.fields import ContributedItem, Item
from shared.contract.messages.rto import ConsentPurpose, RestsOn
from shared.contract.refusal import Refusal
from shared.core.consent import Consent, Need, followed, holds, kept_again, of_item
from shared.core.context import DecisionContext
from shared.core.viewing import Denied


def follow(state: State, told: Consent, context: DecisionContext) -> tuple[e.Event, ...]:
    """Follow a consent; a query that waits for a reply and rested on it lapses, for the director to see."""
    after = replace(state, consents=followed(state.consents, told))
    ended = (x for x in state.queries if x.status.waits and is_lifted(x, state) and not is_lifted(x, after))
    return (e.ConsentFollowed(told), *(e.QueryLapsed(query.query_id, context.now) for query in ended))


def rests_on(command: c.IssueQuery, drawn_from: Sequence[ContributedItem], state: State) -> RestsOn | None:
    """Return on whose consent a query rests: what it asks itself needs it, or what it draws on (R20, R30)."""
    of_items = [found for item in drawn_from if (found := of_item(item, state.person_ids))]
    if not command.needs_consent and not of_items:
        return None
    asked = (command.persons or state.person_ids) if command.needs_consent else ()
    persons = (*asked, *(person for found in of_items for person in found.persons))
    return RestsOn(persons=tuple(dict.fromkeys(persons)))


def not_given(rested_on: RestsOn | None, state: State) -> Refusal | None:
    """Refuse a query without the consent that it needs; where none is needed it goes out (R20)."""
    need = Need(state.referrer, ConsentPurpose.QUERY)
    return None if holds(rested_on, need, state.consents) else r.CONSENT_NOT_IN_FORCE


def beyond(query: Query, drawn_from: Sequence[ContributedItem], state: State) -> Refusal | None:
    """Refuse to tell of a query what needs the consent of more persons than the query rests on (R20, R30)."""
    asked = frozenset(query.rests_on.persons) if query.rests_on is not None else frozenset[str]()
    needed = {person for item in drawn_from if (x := of_item(item, state.person_ids)) for person in x.persons}
    return None if needed <= asked else r.CONSENT_NOT_IN_FORCE


def is_lifted(query: Query, state: State) -> bool:
    """Tell whether no consent is missing on which a query rests; the referrer asked it (R20, R72)."""
    return not_given(query.rests_on, state) is None


def must_be_given(items: Sequence[Item], giver: str, state: State) -> Refusal | None:
    """Refuse in an answer what only consent lets the queried party give, without that consent (R20, R31)."""
    need = Need(giver, ConsentPurpose.QUERY)
    lifted = (holds(of_item(item, state.person_ids), need, state.consents) for item in items)
    return None if all(lifted) else r.CONSENT_NOT_IN_FORCE


def kept(thing: object, state: State) -> Denied | None:
    """Deny who leads, and the house, what another may give with consent alone, without it (R20)."""
    if not isinstance(thing, ContributedItem) or thing.contributor == state.leading_party:
        return None
    return kept_again(thing, state.person_ids, state.consents)
