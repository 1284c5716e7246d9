"""Serve the round table over HTTP: what the director and parties' workers do, and what they may read."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from services.rto import commands as c
from services.rto import consent_api
from services.rto import handlers as h
from services.rto.permissions import scopes_now
from services.rto.store import invited
from services.rto.viewing import may_view, may_view_invitation
from services.rto.views import CaseView, Invitation, Invitations, case_view, invitation_of, things
from shared.contract.content import Content, text
from shared.contract.fields import (
    Code,
    Id,
    Item,
    PartyId,
    Subject,
)
from shared.contract.limits import MOST_CONSENTS, MOST_RESERVATIONS
from shared.contract.messages import rto as m
from shared.contract.messages.triage import ViewingEntry
from shared.contract.parties import Scope
from shared.contract.refusal import NOT_YOURS
from shared.contract.registry import Model
from shared.core.actor import Role
from shared.http import access_log, overdue
from shared.http.app import (
    Acting,
    Commands,
    Done,
    Looking,
    Nothing,
    Reader,
    Replaced,
    Replacing,
    done,
    replaced,
)
from shared.http.caller import Refused

reading = APIRouter(tags=["reading"])
directing = APIRouter(tags=["process director"])
taking_part = APIRouter(tags=["parties"])

INVITATIONS_PER_PAGE = 20  # all are looked at, and logged, at once


def routers() -> Sequence[APIRouter]:
    """Return the routers of everything people can do here."""
    consents = [consent_api.reading, consent_api.directing, consent_api.taking_part]
    return [reading, directing, taking_part, *consents, overdue.router, access_log.router]


# --- reading ---------------------------------------------------------------------------------------


@reading.get("/cases/{case_id}")
async def read_case(case_id: Id, caller: Looking, reader: Reader) -> CaseView:
    """The case, as far as the caller may see it (R42, R49, R59, R61, R62, R65)."""
    seen = await reader.look(caller, case_id, may_view, things, scope=scopes_now)
    return case_view(case_id, caller, seen, lambda asks: reader.version_of(seen.case, asks))


@reading.get("/invitations")
async def read_invitations(
    caller: Looking, reader: Reader, after: Annotated[Id, Query()] = ""
) -> Invitations:
    """The invitations of the organisation of this worker, each looked at like any case (R45, R59)."""
    if Role.PARTY_WORKER not in caller.identity.roles or caller.identity.party is None:
        raise Refused(NOT_YOURS)
    party = caller.identity.party
    async with reader.engine.connect() as connection:
        person = caller.identity.subject
        found = await invited(connection, party, person, after=after, most=INVITATIONS_PER_PAGE)
    page = dict.fromkeys(found, invitation_of(party))
    seen = await reader.look_at_page(caller, page, may_view_invitation, scope=Scope.RTO)
    return Invitations(
        invitations=[
            Invitation(**dict(shown), case_id=case_id)
            for case_id, one in seen.items()
            if (shown := one.things.get("invitation"))
        ],
        after=found[-1] if len(found) == INVITATIONS_PER_PAGE else None,
    )


# --- what the process director does, on behalf of the leading party --------------------------------


class ViewingEntries(Model):
    """More items for participants, each with its reason (R42)."""

    entries: tuple[ViewingEntry, ...] = Field(min_length=1, max_length=400, title="inzageplan")


class ConclusionOf(c.Conclusion):
    """A conclusion with the RTO it is of: one idempotency key stands for one of them."""

    rto_id: Id


class Offer(Model):
    """To whom case direction is offered (R71)."""

    party: PartyId = Field(title="partij")


@directing.post("/cases/{case_id}/rtos")
async def convene(case_id: Id, body: c.Meeting, caller: Acting, commands: Commands) -> Done:
    """Invite the participants; the viewing window opens (R59, A17).

    A follow-up RTO is prepared with it: goal, decisions, themes, citizen and care agreements (R42, R46, R47).
    """
    return done(
        await commands.act(
            caller, case_id, body, lambda sent, by: c.ConveneRto(by=by, meeting=sent), asks=c.ConveneRto
        )
    )


@directing.post("/cases/{case_id}/viewing-entries")
async def extend_viewing_plan(
    case_id: Id, body: ViewingEntries, caller: Replacing, commands: Commands
) -> Replaced:
    """Open more items to participants, such as those brought in at the table (R42, R61).

    An entry that stands there already is replaced: that takes the version of the viewing plan in If-Match.
    """
    return replaced(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.ExtendViewingPlan(by=by, entries=sent.entries),
            asks=c.ExtendViewingPlan,
        )
    )


@directing.post("/cases/{case_id}/rtos/{rto_id}/conclusion")
async def conclude(case_id: Id, rto_id: Id, body: c.Conclusion, caller: Acting, commands: Commands) -> Done:
    """Record what the participants decided, and who takes what along (R70, R73, R79, R86).

    The viewing window closes, and each executor gets its new actions (A17, A19).
    """
    return done(
        await commands.act(
            caller,
            case_id,
            ConclusionOf(**dict(body), rto_id=rto_id),
            lambda sent, by: c.ConcludeRto(by=by, rto_id=rto_id, conclusion=sent),
            asks=c.ConcludeRto,
        )
    )


class MandateEnding(Model):
    """Why the delegate of a party is to be replaced."""

    reason: Content = Field(title="reden")


@directing.post("/cases/{case_id}/rtos/{rto_id}/delegates/{party}/mandate-end")
async def end_mandate(
    case_id: Id, rto_id: Id, party: PartyId, body: MandateEnding, caller: Acting, commands: Commands
) -> Done:
    """Free the seat of a party's delegate, so that the party may name another; it is told (R59)."""
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.EndMandate(by=by, rto_id=rto_id, party=party, reason=text(sent.reason)),
            asks=c.EndMandate,
        )
    )


@directing.post("/cases/{case_id}/release-requests")
async def ask_release(case_id: Id, body: m.ReleaseAsked, caller: Acting, commands: Commands) -> Done:
    """Ask a contributor for one use of one item (R65)."""
    return done(
        await commands.act(
            caller, case_id, body, lambda sent, by: c.AskRelease(by=by, request=sent), asks=c.AskRelease
        )
    )


@directing.post("/cases/{case_id}/plan")
async def record_plan(case_id: Id, body: c.Plan, caller: Replacing, commands: Commands) -> Replaced:
    """Record the plan the participants made together (R69, R70, A19).

    A plan that stands there already is adjusted: that takes its version in If-Match. An action never changes:
    what runs goes on, `ends` names what ends, and a new action may succeed one (R65, R81).
    """
    return replaced(
        await commands.act(
            caller, case_id, body, lambda sent, by: c.RecordPlan(by=by, plan=sent), asks=c.RecordPlan
        )
    )


@directing.post("/cases/{case_id}/take-aways")
async def provide(case_id: Id, body: c.TakeAway, caller: Acting, commands: Commands) -> Done:
    """Provide a released item to a participant, for one action that was agreed (R64, R68, R73)."""
    return done(
        await commands.act(
            caller, case_id, body, lambda sent, by: c.ProvideItem(by=by, taking=sent), asks=c.ProvideItem
        )
    )


@directing.post("/cases/{case_id}/direction-offers")
async def offer_direction(case_id: Id, body: Offer, caller: Acting, commands: Commands) -> Done:
    """Ask a participant to take case direction (R69, R71).

    On behalf of the leading party; once that has left on nobody's behalf, without that header (R115).
    """
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.OfferDirection(by=by, party=sent.party),
            asks=c.OfferDirection,
        )
    )


# --- what a party's worker does; the same commands as its messages ---------------------------------


class Acceptance(Model):
    """Who comes, with a mandate (R59)."""

    delegate: Subject = Field(title="afgevaardigde")
    mandate: bool = Field(title="mandaat")


class Reason(Model):
    """Why not, if that is to be said."""

    reason: Content | None = Field(default=None, title="reden")


class Contribution(Model):
    """Items brought in at the table (R61)."""

    items: tuple[Item, ...] = Field(min_length=1, max_length=40, title="gegevens")


class Permission(Model):
    """For which use: a plan activity names one recipient and one of its actions (R65)."""

    use: m.Use = Field(title="gebruik")
    recipient: PartyId | None = Field(default=None, title="ontvanger")
    action_id: Id | None = Field(default=None, title="activiteit")
    secrecy: m.Secrecy | None = Field(default=None, title="geheimhouding")
    consents: tuple[Id, ...] = Field(default=(), max_length=MOST_CONSENTS, title="toestemmingen")


class Objection(Model):
    """A use that is refused (R75)."""

    use: m.Use = Field(title="gebruik")
    recipient: PartyId | None = Field(default=None, title="ontvanger")
    action_id: Id | None = Field(default=None, title="activiteit")
    reason: Content | None = Field(default=None, title="reden")


class Reservations(Model):
    """From whom an item is withheld too (R62)."""

    withheld_from: tuple[PartyId, ...] = Field(min_length=1, max_length=MOST_RESERVATIONS, title="voorbehoud")


class Withdrawal(Model):
    """Say by which body an item is withdrawn, if that is to be said."""

    acting_body: Code | None = Field(default=None, title="bestuursorgaan")


class StepTaken(Model):
    """How far an action is (R81)."""

    progress: m.ActionProgress = Field(title="voortgang")
    remark: Content | None = Field(default=None, title="opmerking")
    goals_reached: Content | None = Field(default=None, title="bereikte doelen")
    developments: Content | None = Field(default=None, title="ontwikkelingen")


@taking_part.post("/cases/{case_id}/rtos/{rto_id}/acceptance")
async def accept_invitation(
    case_id: Id, rto_id: Id, body: Acceptance, caller: Acting, commands: Commands
) -> Done:
    """The party comes, and names its delegate (R59)."""
    message = m.InvitationAccepted(rto_id=rto_id, **dict(body))
    return done(await commands.act(caller, case_id, message, h.accept, asks=c.AcceptInvitation))


@taking_part.post("/cases/{case_id}/rtos/{rto_id}/decline")
async def decline_invitation(
    case_id: Id, rto_id: Id, body: Reason, caller: Acting, commands: Commands
) -> Done:
    """The party does not come."""
    message = m.InvitationDeclined(rto_id=rto_id, **dict(body))
    return done(await commands.act(caller, case_id, message, h.decline, asks=c.DeclineInvitation))


@taking_part.post("/cases/{case_id}/rtos/{rto_id}/items")
async def contribute(case_id: Id, rto_id: Id, body: Contribution, caller: Acting, commands: Commands) -> Done:
    """Bring in items at the table (R61)."""
    message = m.ItemContributed(rto_id=rto_id, **dict(body))
    return done(await commands.act(caller, case_id, message, h.contribute, asks=c.ContributeItems))


@taking_part.post("/cases/{case_id}/items/{item_id}/releases")
async def give_release(
    case_id: Id, item_id: Id, body: Permission, caller: Acting, commands: Commands
) -> Done:
    """The contributor agrees to one use of its item (R63, R65, R66)."""
    message = m.ReleaseGiven(item_id=item_id, **dict(body))
    return done(await commands.act(caller, case_id, message, h.give_release, asks=c.GiveRelease))


@taking_part.post("/cases/{case_id}/items/{item_id}/release-refusals")
async def refuse_release(
    case_id: Id, item_id: Id, body: Objection, caller: Acting, commands: Commands
) -> Done:
    """The contributor does not agree to this use (R75)."""
    message = m.ReleaseRefused(item_id=item_id, **dict(body))
    return done(await commands.act(caller, case_id, message, h.refuse_release, asks=c.RefuseRelease))


@taking_part.post("/cases/{case_id}/items/{item_id}/reservations")
async def limit_item(
    case_id: Id, item_id: Id, body: Reservations, caller: Acting, commands: Commands
) -> Done:
    """Withhold the item from more parties (R62)."""
    message = m.ItemLimited(item_id=item_id, withheld_from=body.withheld_from)
    return done(await commands.act(caller, case_id, message, h.limit_item, asks=c.LimitItem))


@taking_part.post("/cases/{case_id}/items/{item_id}/release-withdrawal")
async def withdraw_release(
    case_id: Id, item_id: Id, body: Nothing, caller: Acting, commands: Commands
) -> Done:
    """The contributor takes every release of its item back (A12)."""
    message = m.ReleaseWithdrawn(item_id=item_id)
    return done(await commands.act(caller, case_id, message, h.withdraw_release, asks=c.WithdrawRelease))


@taking_part.post("/cases/{case_id}/items/{item_id}/terms")
async def change_terms(case_id: Id, item_id: Id, body: m.Terms, caller: Acting, commands: Commands) -> Done:
    """Change the terms of an item, as its contributor, in whatever phase (R62, R67)."""
    message = m.ItemTermsChanged(item_id=item_id, **dict(body))
    return done(await commands.act(caller, case_id, message, h.change_terms, asks=c.ChangeTerms))


@taking_part.post("/cases/{case_id}/items/{item_id}/correction")
async def correct_item(
    case_id: Id, item_id: Id, body: m.Correction, caller: Acting, commands: Commands
) -> Done:
    """Replace what an item says, as its contributor, in whatever phase (R66, A22)."""
    message = m.ItemCorrected(item_id=item_id, **dict(body))
    return done(await commands.act(caller, case_id, message, h.correct_item, asks=c.CorrectItem))


@taking_part.post("/cases/{case_id}/items/{item_id}/withdrawal")
async def withdraw_item(
    case_id: Id, item_id: Id, body: Withdrawal, caller: Acting, commands: Commands
) -> Done:
    """Withdraw an item from the case for good, as its contributor, in whatever phase (R66, A12)."""
    message = m.ItemWithdrawn(item_id=item_id, acting_body=body.acting_body)
    return done(await commands.act(caller, case_id, message, h.withdraw_item, asks=c.WithdrawItem))


@taking_part.post("/cases/{case_id}/direction/acceptance")
async def accept_direction(
    case_id: Id, body: m.DirectionAccepted, caller: Acting, commands: Commands
) -> Done:
    """The offered party takes case direction (R71, R72)."""
    return done(await commands.act(caller, case_id, body, h.accept_direction, asks=c.AcceptDirection))


@taking_part.post("/cases/{case_id}/direction/case-director")
async def name_case_director(
    case_id: Id, body: m.CaseDirectorNamed, caller: Acting, commands: Commands
) -> Done:
    """The party that leads names its case director, or another one (R69, R71)."""
    return done(await commands.act(caller, case_id, body, h.name_case_director, asks=c.NameCaseDirector))


@taking_part.post("/cases/{case_id}/direction/decline")
async def decline_direction(
    case_id: Id, body: m.DirectionDeclined, caller: Acting, commands: Commands
) -> Done:
    """The offered party does not take case direction (A3)."""
    return done(await commands.act(caller, case_id, body, h.decline_direction, asks=c.DeclineDirection))


@taking_part.post("/cases/{case_id}/actions/{action_id}/progress")
async def report_progress(
    case_id: Id, action_id: Id, body: StepTaken, caller: Acting, commands: Commands
) -> Done:
    """Who carries out an action says how far it is (R81, R85)."""
    message = m.ActionProgressed(action_id=action_id, **dict(body))
    return done(await commands.act(caller, case_id, message, h.progress, asks=c.ProgressAction))
