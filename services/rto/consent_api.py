"""Serve the register of consents over HTTP: record, withdraw, agree on who asks, and read (R20, R76)."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from services.rto import commands as c
from services.rto import handlers as h
from services.rto.consent_state import Agreement, RecordedConsent
from services.rto.consent_viewing import consent_things, may_view_consent
from services.rto.permissions import scopes_now
from shared.contract.fields import Id, Instant, PartyId
from shared.contract.messages import rto as m
from shared.contract.registry import Model
from shared.http.app import Acting, Commands, Done, Looking, Nothing, Reader, done

reading = APIRouter(tags=["reading"])
directing = APIRouter(tags=["process director"])
taking_part = APIRouter(tags=["parties"])  # and the director on behalf of who leads


class ConsentView(Model):
    """Show a consent of a data subject, and whether it was withdrawn."""

    consent_id: Id = Field(title="toestemming")
    person_id: Id = Field(title="betrokkene")
    contributor: PartyId = Field(title="wiens geheimhouding")
    purpose: m.ConsentPurpose = Field(title="doel")
    recipient: PartyId | None = Field(title="ontvanger")
    given_by: m.ConsentGiver = Field(title="gegeven door")
    capacity: m.Capacity | None = Field(title="hoedanigheid")
    given_at: datetime = Field(title="gegeven op")
    asked_by: PartyId = Field(title="gevraagd door")
    recorded_at: datetime = Field(title="vastgelegd op")
    withdrawn_at: datetime | None = Field(title="ingetrokken op")


class AgreementView(Model):
    """Show that this party asks for the consent it needs itself."""

    party: PartyId = Field(title="partij")
    at: datetime = Field(title="afgesproken op")


class Consents(Model):
    """List the consents and agreements of a case that the caller may see."""

    consents: list[ConsentView] = Field(title="toestemmingen")
    agreements: list[AgreementView] = Field(title="werkafspraken")


class Asking(Model):
    """Name the party that asks for the consent it needs itself (R20)."""

    party: PartyId = Field(title="partij")


class Given(Model):
    """Say what consent was given, by whom and when (R20)."""

    person_id: Id = Field(title="betrokkene")
    contributor: PartyId | None = Field(default=None, title="wiens geheimhouding")
    purpose: m.ConsentPurpose | None = Field(default=None, title="doel")
    recipient: PartyId | None = Field(default=None, title="ontvanger")
    given_by: m.ConsentGiver | None = Field(default=None, title="gegeven door")
    capacity: m.Capacity | None = Field(default=None, title="hoedanigheid")
    given_at: Instant = Field(title="gegeven op")


@reading.get("/cases/{case_id}/consents")
async def read_consents(case_id: Id, caller: Looking, reader: Reader) -> Consents:
    """List the consents of a case: a party reads those it recorded, and those that lift its secrecy (R20)."""
    seen = await reader.look(caller, case_id, may_view_consent, consent_things, scope=scopes_now)
    shown = list(seen.things.values())
    return Consents(
        consents=[_view(one) for one in shown if isinstance(one, RecordedConsent)],
        agreements=[AgreementView(party=x.party, at=x.at) for x in shown if isinstance(x, Agreement)],
    )


def _view(recorded: RecordedConsent) -> ConsentView:
    consent = recorded.consent
    return ConsentView(
        consent_id=consent.consent_id,
        person_id=consent.person_id,
        contributor=consent.contributor,
        purpose=consent.purpose,
        recipient=consent.recipient,
        given_by=recorded.given_by,
        capacity=recorded.capacity,
        given_at=recorded.given_at,
        asked_by=recorded.asked_by,
        recorded_at=recorded.recorded_at,
        withdrawn_at=recorded.withdrawn_at,
    )


@directing.post("/cases/{case_id}/consent-agreements")
async def agree_consent_asking(case_id: Id, body: Asking, caller: Acting, commands: Commands) -> Done:
    """Record, as the director, the working agreement that a party asks for the consent it needs (R20)."""
    return done(
        await commands.act(
            caller,
            case_id,
            body,
            lambda sent, by: c.AgreeConsentAsking(by=by, party=sent.party),
            asks=c.AgreeConsentAsking,
        )
    )


@taking_part.post("/cases/{case_id}/consents/{consent_id}")
async def record_consent(
    case_id: Id, consent_id: Id, body: Given, caller: Acting, commands: Commands
) -> Done:
    """Record a consent under a number of one's own, as a party or as the director for who leads (R20)."""
    message = m.SubjectConsentRecorded(consent_id=consent_id, **dict(body))
    return done(await commands.act(caller, case_id, message, h.record_consent, asks=c.RecordConsent))


@taking_part.post("/cases/{case_id}/consents/{consent_id}/withdrawal")
async def withdraw_consent(
    case_id: Id, consent_id: Id, body: Nothing, caller: Acting, commands: Commands
) -> Done:
    """Pass on that a data subject takes its consent back: what rests on it stops from now on (R20).

    The director does so on behalf of who leads; once that has left on nobody's behalf.
    """
    message = m.SubjectConsentWithdrawn(consent_id=consent_id)
    return done(await commands.act(caller, case_id, message, h.withdraw_consent, asks=c.WithdrawConsent))
