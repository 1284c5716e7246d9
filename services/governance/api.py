"""Serve governance over HTTP: the secretary's register of parties, and their authorisations."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from services.governance import acknowledgement_api, decision_api
from services.governance import commands as c
from services.governance import handlers as h
from services.governance.accession import AccessionForm, OtherHouse, Signatory
from services.governance.handlers import membership_id
from services.governance.state import Phase, State
from services.governance.store import memberships, recorded
from services.governance.viewing import may_view
from shared.clock import machine_now
from shared.contract.fields import Id, PartyId
from shared.contract.messages import governance as m
from shared.contract.parties import Authorisation, Parties, PartyKind, PartyRecord
from shared.contract.registry import Model
from shared.core.actor import Role
from shared.core.authorisation import Requirement, permit
from shared.core.context import DecisionContext
from shared.core.policy import Policy
from shared.core.viewing import Allowed
from shared.http import access_log
from shared.http.app import Acting, Commands, Done, Looking, Reader, done
from shared.http.caller import Caller, Refused
from shared.http.reading import CaseReader
from shared.storage.cases import Case

router = APIRouter(tags=["governance"])


def routers() -> Sequence[APIRouter]:
    """Return the routers of everything people can do here."""
    return [router, decision_api.router, acknowledgement_api.router, access_log.router]


PARTIES_PER_PAGE = 100


class PartyEntry(Model):
    """A line of the register: who is, or was, a party."""

    party: str = Field(title="partij")
    name: str = Field(title="naam organisatie")
    kind: PartyKind = Field(title="soort partij")
    member_from: datetime | None = Field(title="partij vanaf")
    member_until: datetime | None = Field(title="partij tot")


class Register(Model):
    """A page of them, by party; `after` gives the next one."""

    parties: list[PartyEntry] = Field(title="partijen")
    after: PartyId | None = Field(default=None, title="volgende")


class PartyView(PartyEntry):
    """A party, with what the viewer may see of its authorisations and of what it signed."""

    phase: Phase = Field(title="fase")
    authorisations: list[Authorisation] = Field(title="bevoegdheidsverleningen")
    form: AccessionForm | None = Field(title="toetredingsformulier")
    decision: str | None = Field(default=None, title="besluit van de stuurgroep")
    ending_proposed: m.EndReason | None = Field(default=None, title="einde voorgesteld, niet bevestigd")


class Acceptance(Model):
    """The written acceptance of a mandate (R123)."""

    processor_agreement: bool = Field(default=False, title="verwerkersovereenkomst gesloten")


class AcceptanceOf(Acceptance):
    """An acceptance with what it accepts: one idempotency key stands for one authorisation."""

    authorisation_id: Id


class Ending(Model):
    """A withdrawal or exclusion, which takes effect once a second person has confirmed it (R115)."""

    reason: m.EndReason = Field(title="reden van het einde")


# --- reading ---------------------------------------------------------------------------------------


@router.get("/parties")
async def read_register(
    caller: Looking,
    commands: Commands,
    reader: Reader,
    after: Annotated[PartyId | None, Query()] = None,
) -> Register:
    """Who is a party to the covenant; for the people of the house and the workers of parties."""
    viewer = caller.viewer()
    async with reader.engine.connect() as connection:
        own = membership_id(commands.digest_key, viewer.party) if viewer.party else ""
        policy = await reader.policy_at(connection, reader.clock.now())
        context = _knowing(reader, policy, await reader.cases.read(connection, [own]))
        _refuse_without_rights(caller, context)
        found, last = await memberships(connection, reader.cases, after=after or "", most=PARTIES_PER_PAGE)
    seen = (state.record for state in found if isinstance(may_view(viewer, None, state, context), Allowed))
    return Register(
        parties=[PartyEntry(**_entry(record)) for record in seen if record is not None],
        after=last,
    )


@router.get("/parties/{party}")
async def read_party(party: PartyId, caller: Looking, commands: Commands, reader: Reader) -> PartyView:
    """One party; its authorisations for itself, the directors, the secretary and the manager (R122)."""
    seen = await reader.look(
        caller,
        membership_id(commands.digest_key, party),
        may_view,
        _things,
        scope=None,  # the register is nobody's case: no authorisation is needed
    )
    state: State = seen.case.state
    record = state.record
    assert record is not None  # noqa: S101 - `may_view` denies what has none
    return PartyView(
        **_entry(record),
        phase=state.phase,
        authorisations=[thing for thing in seen.things.values() if isinstance(thing, Authorisation)],
        form=seen.things.get("form"),
        decision=state.rests_on or None,
        ending_proposed=state.proposed.reason if state.proposed and "ending" in seen.things else None,
    )


def _knowing(reader: CaseReader[State], policy: Policy, own: Mapping[str, Case[State]]) -> DecisionContext:
    """Return what a decision knows now: of the parties, the viewer's own alone."""
    found = (case.state.record for case in own.values() if not case.held)
    records = {record.party: record for record in found if record is not None}
    return DecisionContext(reader.clock.now(), Parties(records), policy)


@router.get("/parties/{party}/access-log")
async def read_access_log_of_party(
    party: PartyId, caller: Looking, commands: Commands, reader: Reader, after: access_log.After = 0
) -> access_log.AccessLog:
    """Who looked at what of this party, when and under which rule; for the privacy officer (R129)."""
    return await access_log.page(reader, caller, membership_id(commands.digest_key, party), after)


def _refuse_without_rights(caller: Caller, context: DecisionContext) -> None:
    """Refuse a worker of a party whose rights have ended, by its membership (R115)."""
    everybody = frozenset(Role)
    if refusal := permit(Requirement(everybody), caller.actor(everybody), context):
        raise Refused(refusal)


def _things(state: State) -> Iterable[tuple[str, Any]]:
    """Yield (label, thing) of what can be looked at of a party."""
    if state.record is not None:
        yield from ((f"authorisation/{a.authorisation_id}", a) for a in state.record.authorisations)
    if state.form is not None:
        yield "form", state.form
    if state.proposed is not None:
        yield "ending", state.proposed


def _entry(record: PartyRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in PartyEntry.model_fields}


# --- acting ----------------------------------------------------------------------------------------


@router.post("/signatories")
async def record_signatory(body: Signatory, caller: Acting, commands: Commands, reader: Reader) -> Done:
    """The secretary records who signed with the chair, on the decision of the steering group (R109, R110)."""
    async with reader.engine.connect() as connection:
        decision = await recorded(connection, reader.cases, commands.digest_key, body.decision)
    return done(
        await commands.act(
            caller,
            membership_id(commands.digest_key, body.party),
            body,
            lambda sent, by: c.RecordSignatory(
                by=by, signatory=sent, received_at=machine_now(), decision=decision
            ),
            asks=c.RecordSignatory,
        )
    )


@router.post("/houses")
async def record_house(body: OtherHouse, caller: Acting, commands: Commands) -> Done:
    """Record another house, as the secretary: it may ask whether somebody is known (R38, R41)."""
    return done(
        await commands.act(
            caller,
            membership_id(commands.digest_key, body.party),
            body,
            lambda sent, by: c.RecordHouse(by=by, house=sent, received_at=machine_now()),
            asks=c.RecordHouse,
        )
    )


@router.post("/parties/{party}/authorisations")
async def grant(party: PartyId, body: m.AuthorisationGranted, caller: Acting, commands: Commands) -> Done:
    """A party's worker authorises the process directors; the same command as the message (R122)."""
    return done(
        await commands.act(
            caller,
            membership_id(commands.digest_key, party),
            body,
            partial(h.grant, party=party),
            asks=c.GrantAuthorisation,
        )
    )


@router.post("/parties/{party}/authorisations/{authorisation_id}/acceptance")
async def accept(
    party: PartyId, authorisation_id: Id, body: Acceptance, caller: Acting, commands: Commands
) -> Done:
    """A process director accepts in writing: from now on the authorisation is in force (R123)."""
    return done(
        await commands.act(
            caller,
            membership_id(commands.digest_key, party),
            AcceptanceOf(authorisation_id=authorisation_id, processor_agreement=body.processor_agreement),
            lambda sent, by: c.AcceptAuthorisation(
                by=by,
                authorisation_id=sent.authorisation_id,
                processor_agreement=sent.processor_agreement,
            ),
            asks=c.AcceptAuthorisation,
        )
    )


@router.post("/parties/{party}/authorisations/{authorisation_id}/revocation")
async def revoke(party: PartyId, authorisation_id: Id, caller: Acting, commands: Commands) -> Done:
    """A party's worker takes an authorisation back (R122); there is nothing to say beside it."""
    return done(
        await commands.act(
            caller,
            membership_id(commands.digest_key, party),
            m.AuthorisationRevoked(authorisation_id=authorisation_id),
            partial(h.revoke, party=party),
            asks=c.RevokeAuthorisation,
        )
    )


@router.post("/parties/{party}/ending")
async def propose_ending(party: PartyId, body: Ending, caller: Acting, commands: Commands) -> Done:
    """The secretary or the manager proposes that all rights of a party end; another confirms it (R115)."""
    return done(
        await commands.act(
            caller,
            membership_id(commands.digest_key, party),
            body,
            lambda sent, by: c.ProposeEnding(by=by, reason=sent.reason),
            asks=c.ProposeEnding,
        )
    )


@router.post("/parties/{party}/ending/confirmation")
async def end_membership(party: PartyId, body: Ending, caller: Acting, commands: Commands) -> Done:
    """Another secretary or the manager confirms it within two weeks: all rights end now (R115)."""
    return done(
        await commands.act(
            caller,
            membership_id(commands.digest_key, party),
            body,
            lambda sent, by: c.EndMembership(by=by, reason=sent.reason),
            asks=c.EndMembership,
        )
    )
