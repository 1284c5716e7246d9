"""Decide what a contributor changes of its item: its terms, its texts, or that it is there (R66, R67, A22).

These restrict, so that none is refused as too early or too late, nor because its party has left. What makes
terms looser is giving: it asks for what giving asks for.
"""

from dataclasses import replace
from typing import Any, TypeAlias

from services.rto import commands as c
from services.rto import events as e
from services.rto import refusals as r
from services.rto.permissions import scopes_now
from services.rto.state import Phase, ReleaseKey, ReleaseStatus, State
from shared.contract.content import is_blank, sealed_text_ids
from shared.contract.fields import Category, ItemStatus
from shared.contract.limits import MOST_RESERVATIONS
from shared.contract.messages import rto as m
from shared.contract.refusal import NO_AUTHORISATION, NOT_A_PARTY, Refusal
from shared.core.actor import Actor
from shared.core.context import DecisionContext
from shared.core.item_standing import (
    NO_TEXTS,
    Standing,
    as_decided,
    is_gone,
    standing_of,
)
from shared.core.mandate import authority

Decision: TypeAlias = tuple[e.Event, ...] | Refusal
Change: TypeAlias = c.CorrectItem | c.ChangeTerms | c.WithdrawItem

ITEMS_MAY_STILL_COME = frozenset({Phase.NOTHING, Phase.COLLECTING, Phase.PREPARED})
MAY_BE_RELEASED = frozenset({Phase.PREPARED, Phase.CONVENED, Phase.MONITORING})


# --- the register ----------------------------------------------------------------------------------


def changed(state: State, item_id: str, by: Actor, **changes: Any) -> Standing:
    """Return the next standing of an item, in which only these fields are other than before."""
    status = ItemStatus.WITHDRAWN if state.withdrawn(item_id) else ItemStatus.LIVE
    first = Standing(item_id, by.party or "", number=0, status=status)
    known = standing_of(item_id, state.standings) or first
    now: dict[str, Any] = {"contributor": by.party or "", "number": known.number + 1, "status": status}
    return replace(known, **(now | changes))


def reserved(
    known: Standing, withheld_from: tuple[str, ...], shown_again_to: tuple[str, ...] = ()
) -> Standing:
    """Return the standing with more reservations, and without those that are taken off (R62)."""
    more = dict.fromkeys((*known.withheld_from, *withheld_from))
    off = dict.fromkeys((*known.shown_again_to, *shown_again_to))
    return replace(
        known,
        withheld_from=tuple(party for party in more if party not in shown_again_to),
        shown_again_to=tuple(party for party in off if party not in withheld_from),
    )


def registered(state: State, standing: Standing, context: DecisionContext) -> e.StandingChanged:
    """Record a standing, with the sealed texts that nobody needs here after it (R66, A22)."""
    known, item = standing_of(standing.item_id, state.standings), state.item(standing.item_id)
    here: list[object] = [one for one in (item, known, standing) if one is not None]
    if standing.is_gone:
        here += [entry for entry in state.planned_views if entry.item_id == standing.item_id]
    stays: tuple[str, ...] = ()
    if item is not None and not standing.is_gone:
        stays = sealed_text_ids(as_decided(item, (standing,)))
    elif waits_for_its_item(state, standing):
        stays = sealed_text_ids(standing)
    dropped = dict.fromkeys(piece for one in here for piece in sealed_text_ids(one) if piece not in stays)
    return e.StandingChanged(standing, context.now, tuple(dropped))


def waits_for_its_item(state: State, standing: Standing) -> bool:
    """Tell whether the texts of a standing are kept for an item that is still to come here."""
    is_here = state.item(standing.item_id) is not None
    return state.phase in ITEMS_MAY_STILL_COME and not is_here and not standing.is_gone


def may_be_reserved(standing: Standing, context: DecisionContext) -> Refusal | None:
    """Refuse more reservations than an item can carry, or one against a name that nobody has (R62)."""
    if len(standing.withheld_from) > MOST_RESERVATIONS or len(standing.shown_again_to) > MOST_RESERVATIONS:
        return r.TOO_MANY_RESERVATIONS
    named = (*standing.withheld_from, *standing.shown_again_to)
    return r.RESERVATION_UNKNOWN if any(context.parties.get(one) is None for one in named) else None


# --- decisions -------------------------------------------------------------------------------------


def withdraw(state: State, command: c.WithdrawItem, context: DecisionContext) -> Decision:
    """Withdraw the item from the case for good: nobody reads it any more, and its texts go (R66, A12)."""
    if is_gone(command.item_id, state.standings):
        return r.NOTHING_TO_WITHDRAW
    if refusal := _of_another_body(state, command):
        return refusal
    gone = changed(state, command.item_id, command.by, status=ItemStatus.WITHDRAWN, is_gone=True)
    withdrawn = e.ItemWithdrawn(command.item_id, context.now)
    return (withdrawn, registered(state, gone.without_texts(), context))


def correct(state: State, command: c.CorrectItem, context: DecisionContext) -> Decision:
    """Put another version in the place of an item; what was released of it for an activity ends (A22).

    A release for the round table goes on: it is for the item there, and ends with its round.
    """
    if refusal := _not_possible(state, command) or _incomplete(command, context):
        return refusal
    known = changed(state, command.item_id, command.by)
    said = {name: value for name, value in dict(command.revision).items() if value is not None}
    texts = {name: getattr(command.revision, name) for name in NO_TEXTS}
    revision = known.revision.model_copy(update={**said, **texts})
    standing = replace(known, version=known.version + 1, revision=revision)
    corrected = e.ItemCorrected(command.item_id, standing.version, context.now, said.get("category"))
    return (corrected, registered(state, standing, context))


def change_terms(state: State, command: c.ChangeTerms, context: DecisionContext) -> Decision:
    """Change under which terms an item is used; it is no new decision on any activity (R62, R65, R67)."""
    terms = command.terms
    refusal = _not_possible(state, command) or _not_said(terms) or _may_not_loosen(state, command, context)
    if refusal:
        return refusal
    standing = _under(terms, changed(state, command.item_id, command.by))
    if refusal := may_be_reserved(standing, context):
        return refusal
    ended = tuple(sorted(state.released_to(command.item_id).intersection(terms.withheld_from)))
    events: list[e.Event] = [
        registered(state, standing, context),
        e.TermsChanged(terms, standing.version, context.now),
    ]
    if ended or terms.shareable_at_rto is False:
        of_table = terms.shareable_at_rto is False
        events.append(e.ReleasesEnded(command.item_id, ended, context.now, of_table=of_table))
    if _is_released_by_it(state, terms):
        given = m.ReleaseGiven(item_id=command.item_id, use=m.Use.RTO)
        events.append(e.ReleaseGiven(given, context.now))
    return tuple(events)


def _under(terms: m.ItemTermsChanged, known: Standing) -> Standing:
    fields = ("category", "shareable_at_rto", "shareable_in_query", "hidden_from_director", "use_conditions")
    said = {name: getattr(terms, name) for name in fields if getattr(terms, name) is not None}
    version = known.version + 1 if terms.use_conditions is not None else known.version
    revised = replace(known, version=version, revision=known.revision.model_copy(update=said))
    return reserved(revised, terms.withheld_from, terms.shown_again_to)


def _is_released_by_it(state: State, terms: m.ItemTermsChanged) -> bool:
    """Tell whether the mark "may be shared in the RTO" releases an item that lies ready for one (R32)."""
    here = state.phase in MAY_BE_RELEASED and state.item(terms.item_id) is not None
    given = state.release(ReleaseKey(terms.item_id, m.Use.RTO)) is ReleaseStatus.GIVEN
    return bool(terms.shareable_at_rto) and here and not given and not state.withdrawn(terms.item_id)


# --- refusals --------------------------------------------------------------------------------------


def _not_possible(state: State, command: c.CorrectItem | c.ChangeTerms) -> Refusal | None:
    """Refuse to change what was withdrawn for good, and what another body of the party gave (R3, R66)."""
    if is_gone(command.item_id, state.standings):
        return r.ITEM_IS_WITHDRAWN
    return _of_another_body(state, command)


def _of_another_body(state: State, command: Change) -> Refusal | None:
    """Refuse a body that did not give the item, where a body is named and the item is here (R3, R57)."""
    item = state.item(command.item_id)
    if item is None or command.acting_body in (None, item.acting_body):
        return None
    return r.NOT_THE_CONTRIBUTING_BODY


def _incomplete(command: c.CorrectItem, context: DecisionContext) -> Refusal | None:
    """Refuse a version that lacks what each item states, or is not for its giver (R21, R42, R57)."""
    said, giver = command.revision, context.parties.get(command.by.party or "")
    if is_blank(said.content):
        return r.CONTENT_MISSING
    if is_blank(said.necessity):
        return r.NECESSITY_MISSING
    if said.basis == "":
        return r.BASIS_MISSING
    special = said.category is not None and said.category.needs_test
    unchecked = special and (giver is None or not giver.may_see_special)
    return r.SPECIAL_NOT_CHECKED if unchecked else None


def _not_said(terms: m.ItemTermsChanged) -> Refusal | None:
    """Refuse a change that changes nothing, and one that says both of one party (R67)."""
    said = {name: value for name, value in dict(terms).items() if name not in ("item_id", "acting_body")}
    if all(value in (None, ()) for value in said.values()):
        return r.TERMS_NOT_SAID
    return r.TERMS_CONTRADICT if set(terms.withheld_from) & set(terms.shown_again_to) else None


def loosens(terms: m.ItemTermsChanged) -> bool:
    """Tell whether somebody could see or use more by these terms."""
    return (
        bool(terms.shown_again_to)
        or terms.category is Category.ORDINARY
        or True in (terms.shareable_at_rto, terms.shareable_in_query)
        or terms.hidden_from_director is False
    )


def _may_not_loosen(state: State, command: c.ChangeTerms, context: DecisionContext) -> Refusal | None:
    """Refuse looser terms of who is no party, or while nobody may collect in the leader's name (R115, R122).

    Nobody is shown the item meanwhile, so that nothing is lost if what restricts has to be said apart.
    """
    if not loosens(command.terms):
        return None
    if not context.parties.is_member(command.by.party or "", context.judged_at):
        return NOT_A_PARTY
    if state.phase not in MAY_BE_RELEASED:
        return None
    covered = authority(state, scopes_now, context.parties, context.judged_at)
    return None if covered else NO_AUTHORISATION
