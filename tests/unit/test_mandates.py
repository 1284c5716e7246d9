"""In whose name the house acts: which body, and what the phase asks, at every act and look (R80, R122)."""

from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.intake.events import DutyToInformArose
from services.intake.permissions import PERMISSIONS as AT_INTAKE
from services.intake.permissions import scopes_now as asked_at_intake
from services.intake.state import Phase as IntakePhase
from services.rto import commands as c
from services.rto import events as e
from services.rto.effects import effects
from services.rto.permissions import PERMISSIONS, SENDING, scopes_now
from services.rto.state import Phase
from services.triage.permissions import scopes_now as asked_at_triage
from services.triage.state import Phase as TriagePhase
from shared.contract.content import SEALED_ALLOWED
from shared.contract.fields import InformMoment, Mandate
from shared.contract.messages import intake as intake_messages
from shared.contract.messages import rto as m
from shared.contract.parties import Authorisation, Parties, Scope
from shared.contract.refusal import NO_AUTHORISATION, NOT_A_PARTY, Refusal
from shared.core.actor import A_PARTY, Actor, Role
from shared.core.authorisation import permit, permit_here
from shared.core.context import DecisionContext
from shared.core.effects import Announce
from shared.core.event_commands import MoveDirection
from shared.core.leaving import may_leave
from shared.core.viewing import NOT_IN_ITS_NAME, Allowed, Denied, Viewer, own_alone
from shared.handling.event_handlers import move_direction
from shared.storage.json_writer import to_json
from tests.support.samples import intake, rto, samples_of, triage
from tests.support.spec import NOW, looking

CONVENED, MONITORING = (rto.state(*rto.HISTORIES[phase]) for phase in (Phase.CONVENED, Phase.MONITORING))
SCREENING, QUERY, RTO, WATCHING = Scope.SCREENING, Scope.QUERY, Scope.RTO, Scope.MONITORING
COLLEGE = Mandate(party=rto.CARE, acting_body="college", task="Wmo", basis="art. 6", since=NOW)


def state_of(samples: Any, *history: Any) -> Any:
    return samples.spec().given(*history).state


def authorised(*scopes: Scope, **changes: Any) -> DecisionContext:
    """Return the parties when Venlo, which leads, authorised this alone."""
    given = rto.authorisation(*scopes).model_copy(update=changes)
    return DecisionContext(NOW, rto.parties(gemeente_venlo={"authorisations": (given,)}))


def refused(command: Any, state: Any, context: DecisionContext) -> Refusal | None:
    requirement = PERMISSIONS[type(command)]
    return permit(requirement, command.by, context) or permit_here(requirement, command.by, state, context)


# --- what the phase asks for ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        *((rto.state(*rto.HISTORIES[phase]), RTO) for phase in (Phase.PREPARED, Phase.CONVENED)),
        (MONITORING, WATCHING),
    ],
)
def test_the_round_table_asks_for_the_authorisation_of_its_phase_r80(state: Any, asked: Scope) -> None:
    assert scopes_now(state) == {asked}


def test_triage_asks_for_questions_and_then_for_the_round_table_that_is_prepared() -> None:
    asked = {phase: asked_at_triage(state_of(triage, *triage.HISTORIES[phase])) for phase in TriagePhase}
    assert asked[TriagePhase.TRIAGE] == {QUERY}
    assert asked[TriagePhase.PREPARING] == asked[TriagePhase.PREPARED] == {RTO}


def test_intake_asks_for_screening_then_for_questions_and_from_the_preparation_on_for_the_table() -> None:
    histories = intake.HISTORIES
    consulted, taken_up = histories[IntakePhase.CONSULTED], histories[IntakePhase.TAKEN_UP]
    assert asked_at_intake(state_of(intake, *consulted)) == {SCREENING}
    assert asked_at_intake(state_of(intake, *taken_up)) == {QUERY}
    prepared = DutyToInformArose(intake.duty(2, kind=InformMoment.AFTER_TRIAGE), NOW)
    assert asked_at_intake(state_of(intake, *taken_up, prepared)) == {RTO, WATCHING}


IN_EITHER = ("AskRelease", "ProvideItem", "OfferDirection", "GiveRelease", "ProgressAction")
IN_EITHER_COMMANDS = [one for one in rto.COMMANDS if type(one).__name__ in IN_EITHER]


@pytest.mark.clause(
    "R80.a",
    allowed="Is de monitoring afgesproken, dan werkt het Zorg- en Veiligheidshuis op de "
    "bevoegdheidsverlening daarvoor.",
)
@pytest.mark.clause(
    "R80.a",
    refused="Voordat de monitoring is afgesproken, kan het huis op een bevoegdheidsverlening voor "
    "monitoring niets doen.",
)
@pytest.mark.clause(
    "R80.b",
    allowed="Omvat de bevoegdheidsverlening de monitoring, dan zijn de handelingen van de monitoring "
    "toegestaan.",
)
@pytest.mark.clause(
    "R80.b",
    refused="Is alleen de bevoegdheidsverlening voor het RTO over, dan wordt elke handeling van de "
    "monitoring geweigerd.",
)
@pytest.mark.parametrize("command", IN_EITHER_COMMANDS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(
    ("state", "scope", "may"),
    [
        (CONVENED, RTO, True),
        (CONVENED, WATCHING, False),
        (MONITORING, RTO, False),
        (MONITORING, WATCHING, True),
    ],
)
def test_acts_while_monitoring_rest_on_its_own_authorisation_r80(
    command: Any, state: Any, scope: Scope, may: bool
) -> None:
    assert refused(command, state, authorised(scope)) is (None if may else NO_AUTHORISATION)


RESTRICTING = (
    "DeclineInvitation",
    "RefuseRelease",
    "WithdrawRelease",
    "DeclineDirection",
    "AcceptDirection",
    "NameCaseDirector",
)


@pytest.mark.parametrize("name", RESTRICTING)
def test_what_restricts_or_moves_the_case_on_is_taken_from_parties_whatever_was_revoked(name: str) -> None:
    (command,) = (one for one in rto.COMMANDS if type(one).__name__ == name)
    assert refused(command, MONITORING, authorised(RTO, revoked_at=NOW)) is None


@pytest.mark.clause(
    "R80.b", allowed="Na intrekking voor de monitoring kan nog voor een RTO worden uitgenodigd."
)
@pytest.mark.parametrize(("scope", "may"), [(RTO, True), (WATCHING, False)])
def test_a_follow_up_is_a_round_table_and_convened_as_one_r81(scope: Scope, may: bool) -> None:
    """So who revokes monitoring alone leaves the way to a table that de-escalates."""
    convene = c.ConveneRto(by=rto.by_director(), meeting=rto.meeting(rto.SECOND_RTO))
    assert refused(convene, MONITORING, authorised(scope)) is (None if may else NO_AUTHORISATION)


@pytest.mark.parametrize("letter", [m.ReleaseAsked, m.ItemsProvided, m.ActionsAssigned, m.DirectionOffered])
def test_letters_while_monitoring_leave_under_its_own_authorisation_r80(letter: Any) -> None:
    for state, scope, leaves in (
        (CONVENED, RTO, True),
        (CONVENED, WATCHING, False),
        (MONITORING, RTO, False),
        (MONITORING, WATCHING, True),
    ):
        found = may_leave(rto.CARE, SENDING[letter], state, authorised(scope).parties, NOW)
        assert found is (None if leaves else NO_AUTHORISATION)


# --- which body ----------------------------------------------------------------------------------------


@pytest.mark.clause(
    "R122.d",
    refused="Een aanmelding van het college wordt niet gescreend op een machtiging van de burgemeester.",
)
@pytest.mark.parametrize(("body", "may"), [("college", True), ("burgemeester", False)])
def test_a_referral_of_the_college_is_screened_on_its_own_authorisation_alone_r122(
    body: str, may: bool
) -> None:
    state = state_of(intake, *intake.HISTORIES[IntakePhase.CONSULTED])
    context = DecisionContext(NOW, intake.parties(authorisations=(intake.authorisation(acting_body=body),)))
    for name, by in (("ScreenReferral", intake.by_director()), ("ConfirmConsultation", intake.by_party())):
        (requirement,) = (one for kind, one in AT_INTAKE.items() if kind.__name__ == name)
        assert permit_here(requirement, by, state, context) is (None if may else NO_AUTHORISATION)


def led_by(body: str, *authorisations: Authorisation) -> tuple[Any, DecisionContext]:
    """Return a case that this body of the care organisation leads, and the parties then."""
    moved = e.DirectionMoved(rto.CARE, rto.VENLO, rto.text("case-director"), NOW, body)
    care = {"acting_bodies": ("bestuur", "directie"), "authorisations": authorisations}
    return rto.state(*rto.AGREED, moved), DecisionContext(NOW, rto.parties(vincent_van_gogh=care))


@pytest.mark.parametrize(("body", "may"), [("bestuur", True), ("directie", False)])
def test_after_direction_moved_the_body_that_took_it_is_the_one_that_must_have_authorised_r122(
    body: str, may: bool
) -> None:
    state, context = led_by(body, rto.authorisation())
    act = c.AskRelease(by=rto.by_director(rto.CARE), request=rto.ask().request)
    assert refused(act, state, context) is (None if may else NO_AUTHORISATION)


def test_any_authorisation_in_force_for_the_body_covers_an_act_also_a_new_one_r122() -> None:
    """It is looked up at the act: one was revoked, another given since."""
    old = rto.authorisation().model_copy(update={"revoked_at": NOW})
    new = rto.authorisation(RTO).model_copy(update={"valid_from": NOW})
    act = c.AskRelease(by=rto.by_director(rto.CARE), request=rto.ask().request)
    assert refused(act, *led_by("bestuur", old, new)) is None
    assert refused(act, *led_by("bestuur", old)) is NO_AUTHORISATION


@pytest.mark.clause("R115.a", refused="Namens een partij die is uitgetreden, gebeurt niets meer.")
def test_nothing_is_done_in_the_name_of_who_has_left_whatever_it_had_authorised_r115() -> None:
    gone = DecisionContext(NOW, rto.parties(gemeente_venlo={"member_until": NOW}))
    assert refused(rto.ask(), CONVENED, gone) is NOT_A_PARTY
    progress = next(one for one in rto.COMMANDS if isinstance(one, c.ProgressAction))
    assert refused(progress, CONVENED, gone) is NO_AUTHORISATION
    later = {"member_until": NOW + timedelta(microseconds=1)}
    assert refused(rto.ask(), CONVENED, DecisionContext(NOW, rto.parties(gemeente_venlo=later))) is None


# --- what a party still sees ---------------------------------------------------------------------------


@pytest.mark.clause("R122.f", allowed="Na de intrekking ziet een andere partij nog wat van haarzelf is.")
@pytest.mark.clause("R122.f", refused="Na de intrekking ziet een andere partij niets van anderen.")
@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        (Allowed("R66", rto.CARE), True),
        (Allowed("R61", rto.POLICE), False),
        (Allowed("R61"), False),
        (Denied("R61", "B3-F3"), False),
    ],
)
def test_without_a_mandate_a_party_sees_what_is_its_own_and_no_more_r122(verdict: Any, shown: bool) -> None:
    seen = own_alone(Viewer(Role.PARTY_WORKER, "w", rto.CARE), verdict)
    assert isinstance(seen, Allowed) is shown
    if isinstance(verdict, Allowed) and not shown:
        assert seen is NOT_IN_ITS_NAME


def test_what_a_party_was_asked_is_of_who_asked_and_not_its_own_r68() -> None:
    may_view = import_module("services.triage.viewing").may_view
    state = state_of(triage, *triage.HISTORIES[TriagePhase.TRIAGE])
    police = Viewer(Role.PARTY_WORKER, "w", triage.POLICE)
    assert may_view(police, triage.ASKED_POLICE.query, state, looking(triage.parties())) == Allowed(
        "R34", triage.VENLO
    )


# --- one mandate, from service to service --------------------------------------------------------------


def test_the_mandate_of_a_referral_travels_from_intake_to_retention() -> None:
    consulted = intake.HISTORIES[IntakePhase.CONSULTED]
    state = state_of(intake, *consulted)
    referral = intake.referral()
    expected = Mandate(
        party=intake.VENLO,
        acting_body=referral.acting_body,
        task=referral.task,
        basis=referral.basis,
        since=NOW,
    )
    assert state.mandate == expected
    taken_up = import_module("services.intake.effects").effects(
        intake.CASE, intake.TAKEN_UP, state_of(intake, *consulted, intake.TAKEN_UP)
    )
    (message,) = (one.message for one in taken_up if isinstance(one, Announce))
    assert isinstance(message, intake_messages.CaseTakenUp)
    assert message.mandate == expected
    for service, name in (("triage", "taken_up"), ("retention", "case")):
        events = import_module(f"services.{service}.commands")
        opened = (
            samples_of(service)
            .spec()
            .when(events.OpenCase(by=Actor(Role.SERVICE, service="intake"), **{name: message}))
        )
        assert opened.given(*opened.events).state.mandate == expected


def test_a_preparation_hands_the_mandate_of_triage_to_the_round_table() -> None:
    state = state_of(triage, triage.OPENED)
    prepared = rto.preparation(mandate=state.mandate, leading_party=triage.VENLO, acting_body="college")
    assert rto.state(e.PreparationOpened(prepared)).mandate == state.mandate


@pytest.mark.parametrize("service", ["intake", "triage", "retention"])
def test_who_takes_direction_takes_it_with_its_body_task_and_basis_in_every_service_r72(
    service: str,
) -> None:
    moved = e.DirectionMoved(rto.CARE, rto.VENLO, rto.text("name"), NOW, "college", "Wmo", "art. 6")
    state = rto.state(*rto.AGREED, moved)
    assert state.mandate == COLLEGE
    (message,) = (one.message for one in effects(rto.CASE, moved, state) if isinstance(one, Announce))
    assert isinstance(message, m.DirectionMoved)
    command = move_direction(message, Actor(Role.SERVICE, service="rto"))
    samples = samples_of(service)
    phase = {"intake": "taken-up", "triage": "prepared", "retention": "open"}[service]
    (history,) = (found for at, found in samples.HISTORIES.items() if at.value == phase)
    given = samples.spec().given(*history)
    assert given.given(*given.when(command).events).state.mandate == COLLEGE


def test_an_event_of_the_version_before_moves_direction_without_a_body() -> None:
    old = m.DirectionMoved.model_validate({"leading_party": rto.CARE, "since": NOW})
    by = Actor(Role.SERVICE, service="rto")
    assert move_direction(old, by) == MoveDirection(by=by, leading_party=rto.CARE, since=NOW)


@pytest.mark.parametrize("service", ["intake", "triage", "rto", "retention"])
def test_a_state_of_the_version_before_acts_in_the_name_it_recorded(service: str) -> None:
    """The body that referred, until direction moved; then no body was recorded, and any will do."""
    samples = samples_of(service)
    phase = {"intake": "taken-up", "triage": "prepared", "rto": "convened", "retention": "open"}[service]
    (history,) = (found for at, found in samples.HISTORIES.items() if at.value == phase)
    process = import_module(f"services.{service}.main").PROCESS
    state = state_of(samples, *history)
    stored = TypeAdapter(process.state).validate_json(
        to_json(replace(state, led=None)), context=SEALED_ALLOWED
    )
    assert (stored.mandate.party, stored.mandate.acting_body) == (
        state.mandate.party,
        state.mandate.acting_body,
    )
    elsewhere = replace(stored, leading_party="another", **_no_body(service))
    assert elsewhere.mandate == Mandate(party="another")
    assert replace(state, leading_party="another", **_no_body(service)).mandate == Mandate(party="another")


def _no_body(service: str) -> dict[str, str]:
    """Return what the version before recorded when direction moved: intake kept the referral's body."""
    return {"acting_body": ""} if service in ("triage", "retention") else {}


def test_every_act_of_the_director_on_a_case_needs_an_authorisation_r122() -> None:
    """But to pass on that a data subject withdraws its consent: that only ends something (R20)."""
    without = {
        kind.__name__
        for service in ("intake", "triage", "rto", "retention")
        for kind, one in import_module(f"services.{service}.main").PROCESS.permissions.items()
        if Role.PROCESS_DIRECTOR in one.roles and one.scope is None
    }
    # Two are no acts on a case: which one another house asks about is looked up, and tested then.
    assert without == {"WithdrawConsent", "ConsultOnCheck", "DecideKnownCheck"}


RESTRICTS = {c.WithdrawRelease, c.LimitItem, c.ChangeTerms, c.CorrectItem, c.WithdrawItem}


def test_whoever_is_no_party_gives_nothing() -> None:
    """What restricts an item is taken of a party that has left too (A11); looser terms are not."""
    gone = rto.parties(vincent_van_gogh={"member_until": NOW})
    for command in (one for one in rto.COMMANDS if one.by.role in A_PARTY and type(one) not in RESTRICTS):
        by = replace(command.by, party=rto.CARE)
        assert permit(PERMISSIONS[type(command)], by, DecisionContext(NOW, gone)) is NOT_A_PARTY
        assert permit(PERMISSIONS[type(command)], by, DecisionContext(NOW, Parties({}))) is NOT_A_PARTY
