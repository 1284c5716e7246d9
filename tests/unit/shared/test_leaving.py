"""The one gate: who may still have something, in whose name it is sent, and by whose word (R115, R122)."""

from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from services.triage import commands as c
from services.triage.main import PROCESS
from services.triage.state import State
from shared.contract.parties import Parties, Scope
from shared.contract.refusal import CASE_HELD, NO_AUTHORISATION, NOT_A_PARTY
from shared.contract.registry import SERVICES, all_messages
from shared.core.actor import CLOCK
from shared.core.authorisation import permit_here
from shared.core.context import DecisionContext
from shared.core.leaving import OF_EVERY_SERVICE, Conditions, Standing, may_leave
from shared.core.mandate import Mandate
from tests.support.samples import triage as s
from tests.support.spec import NOW

COLLEGE = State(leading_party=s.VENLO, acting_body="college")
ASKING = Conditions(scope=Scope.QUERY)


def ended(at: datetime = NOW) -> Parties:
    """Return the parties when the police is a party until then."""
    return s.parties(police=s.record(s.POLICE, member_until=at))


def revoked(**changes: Any) -> Parties:
    """Return the parties when the mandate of Venlo is another one."""
    given = s.authorisation(**changes)
    return s.parties(venlo=s.record(s.VENLO, authorisations=(given,), acting_bodies=("college",)))


GONE = s.parties(venlo=s.record(s.VENLO, member_until=NOW, authorisations=(s.authorisation(),)))


@pytest.mark.clause(
    "R115.a", refused="Na het einde van haar lidmaatschap worden een partij geen gegevens meer gestuurd."
)
@pytest.mark.clause("R115.b", allowed="Een bericht dat een oud-partij nog moet bereiken, wordt verstuurd.")
@pytest.mark.clause("R115.b", refused="Andere berichten bereiken een oud-partij niet meer.")
@pytest.mark.parametrize(
    ("standing", "until", "leaves"),
    [
        (Standing.MEMBER, NOW, False),
        (Standing.MEMBER, NOW + timedelta(microseconds=1), True),
        (Standing.NOT_ENDED, NOW, False),
        (Standing.NOT_ENDED, NOW + timedelta(microseconds=1), True),
        (Standing.ANY, NOW, True),
    ],
)
def test_a_party_that_has_left_gets_only_what_outlasts_its_membership_r115(
    standing: Standing, until: datetime, leaves: bool
) -> None:
    found = may_leave(s.POLICE, Conditions(standing), None, ended(until), NOW)
    assert found is (None if leaves else NOT_A_PARTY)


@pytest.mark.parametrize(("standing", "leaves"), [(Standing.MEMBER, False), (Standing.NOT_ENDED, True)])
def test_who_is_no_party_yet_gets_answers_alone_r109(standing: Standing, leaves: bool) -> None:
    early = s.parties(police=s.record(s.POLICE, member_from=NOW + timedelta(seconds=1)))
    assert (may_leave(s.POLICE, Conditions(standing), None, early, NOW) is None) is leaves
    assert (may_leave("nobody-knows", Conditions(standing), None, early, NOW) is None) is leaves


@pytest.mark.clause("R122.b", allowed="Zolang een machtiging geldt, vertrekt een bericht namens de partij.")
@pytest.mark.clause(
    "R122.b",
    refused="Is de machtiging ingetrokken, verlopen of niet aanvaard, dan vertrekt er geen "
    "bericht namens de partij.",
)
@pytest.mark.clause("R122.f", refused="Na de intrekking vertrekken er geen berichten meer namens die partij.")
@pytest.mark.parametrize(
    ("parties", "leaves"),
    [
        (revoked(), True),
        (revoked(revoked_at=NOW), False),
        (revoked(revoked_at=NOW + timedelta(microseconds=1)), True),
        (revoked(valid_until=NOW), False),
        (revoked(accepted_at=None), False),
        (revoked(scopes=(Scope.RTO,)), False),
        (revoked(acting_body="burgemeester"), False),
        (s.parties(venlo=s.record(s.VENLO, member_until=NOW, authorisations=(s.authorisation(),))), False),
    ],
    ids=[
        "in force",
        "revoked",
        "not yet",
        "lapsed",
        "not accepted",
        "another act",
        "another body",
        "has left",
    ],
)
def test_what_is_asked_in_a_partys_name_leaves_by_its_mandate_r122(parties: Parties, leaves: bool) -> None:
    expected = None if leaves else NO_AUTHORISATION
    assert may_leave(s.POLICE, ASKING, COLLEGE, parties, NOW) is expected


def test_without_anybody_who_leads_nothing_is_asked_in_a_name() -> None:
    assert may_leave(s.POLICE, ASKING, None, s.parties(), NOW) is NO_AUTHORISATION


def test_of_a_held_case_nothing_leaves_and_the_hold_is_named_last() -> None:
    assert may_leave(s.POLICE, Conditions(), None, s.parties(), NOW, held=True) is CASE_HELD
    assert may_leave(s.POLICE, Conditions(), None, ended(), NOW, held=True) is NOT_A_PARTY


# --- each message and each act that sends or collects in a name --------------------------------------


@pytest.mark.parametrize("service", SERVICES)
def test_each_message_to_parties_says_on_what_conditions_it_leaves(service: str) -> None:
    process = import_module(f"services.{service}.main").PROCESS
    sent = {one.model for one in all_messages() if one.service == service and one.goes_out}
    assert process.sending.keys() == sent


def test_what_every_service_sends_says_so_too() -> None:
    sent = {one.model for one in all_messages() if one.service == "house" and one.goes_out}
    assert OF_EVERY_SERVICE.keys() == sent


def test_a_message_of_which_nothing_is_said_goes_to_parties_alone() -> None:
    assert PROCESS.conditions(None) == Conditions(Standing.MEMBER)


ASKED = State(leading_party=s.VENLO, acting_body="college")


@pytest.mark.parametrize(
    "by", [CLOCK, s.by_party(s.POLICE), s.by_director()], ids=["clock", "party", "director"]
)
@pytest.mark.parametrize("parties", [s.parties(), revoked(revoked_at=NOW)], ids=["in force", "revoked"])
def test_once_the_mandate_is_over_neither_clock_nor_reply_nor_director_does_anything_more(
    by: Any, parties: Parties
) -> None:
    command = {CLOCK.role: c.RemindQuery, s.by_director().role: c.IssueQuery}.get(by.role, c.AnswerQuery)
    context = DecisionContext(NOW, parties)
    found = permit_here(PROCESS.permissions[command], by, ASKED, context)
    assert found is (None if parties == s.parties() else NO_AUTHORISATION)


@pytest.mark.parametrize("command", [c.DeclineQuery, c.LapseQuery])
def test_what_only_ends_something_needs_no_mandate(command: type[Any]) -> None:
    by = CLOCK if command is c.LapseQuery else s.by_party(s.POLICE)
    context = DecisionContext(NOW, revoked(revoked_at=NOW))
    assert permit_here(PROCESS.permissions[command], by, ASKED, context) is None


def test_where_a_version_before_recorded_no_body_any_of_the_leader_may_have_given_the_mandate() -> None:
    assert replace(ASKED, leading_party=s.POLICE, acting_body="").mandate == Mandate(party=s.POLICE)
