"""Who may: the role first, then membership, then the authorisation the house needs; at every act (R122)."""

from datetime import timedelta

import pytest

from shared.contract.parties import Authorisation, Parties, PartyKind, PartyRecord, Scope
from shared.contract.refusal import NO_AUTHORISATION, NO_ON_BEHALF_OF, NOT_A_PARTY, NOT_YOURS
from shared.core.actor import A_PARTY, THE_CLOCK, THE_DIRECTOR, THE_HOUSE, Actor, Role
from shared.core.authorisation import Requirement, permit
from shared.core.context import DecisionContext
from tests.support.spec import NOW

MANDATE = Authorisation(
    authorisation_id="0192aaaa-0000-7000-8000-0000000000a1",
    acting_body="college",
    scopes=(Scope.QUERY,),
    valid_from=NOW,
    accepted_at=NOW,
)
VENLO = PartyRecord(
    party="venlo", name="Venlo", kind=PartyKind.MUNICIPALITY, member_from=NOW, authorisations=(MANDATE,)
)
PARTIES = Parties({"venlo": VENLO, "past": VENLO.model_copy(update={"party": "past", "member_until": NOW})})
AT_NOW = DecisionContext(NOW, PARTIES)
QUERYING = Requirement(A_PARTY | THE_DIRECTOR, Scope.QUERY)


def director(on_behalf_of: str | None) -> Actor:
    return Actor(Role.PROCESS_DIRECTOR, person="d", on_behalf_of=on_behalf_of)


@pytest.mark.parametrize("role", Role)
def test_only_the_listed_roles_may(role: Role) -> None:
    actor = Actor(role, party="venlo", on_behalf_of="venlo")
    refused = permit(QUERYING, actor, AT_NOW) is NOT_YOURS
    assert refused is (role not in A_PARTY | THE_DIRECTOR)


@pytest.mark.parametrize("role", sorted(A_PARTY))
@pytest.mark.parametrize("party", ["stranger", "past", None])
def test_only_a_party_of_this_moment_may(role: Role, party: str | None) -> None:
    assert permit(QUERYING, Actor(role, party=party), AT_NOW) is NOT_A_PARTY
    assert permit(QUERYING, Actor(role, party="venlo"), AT_NOW) is None
    early = DecisionContext(NOW - timedelta(seconds=1), PARTIES)
    assert permit(QUERYING, Actor(role, party="venlo"), early) is NOT_A_PARTY


def test_who_may_not_be_a_party_yet_is_not_asked_for_membership() -> None:
    requirement = Requirement(A_PARTY, needs_membership=False)
    assert permit(requirement, Actor(Role.PARTY, party="stranger"), AT_NOW) is None


def test_the_house_acts_on_behalf_of_a_party_under_its_authorisation() -> None:
    assert permit(QUERYING, director(None), AT_NOW) is NO_ON_BEHALF_OF
    assert permit(QUERYING, director("past"), AT_NOW) is NOT_A_PARTY
    assert permit(QUERYING, director("venlo"), AT_NOW) is None
    assert permit(Requirement(THE_HOUSE, Scope.RTO), director("venlo"), AT_NOW) is NO_AUTHORISATION


def test_an_authorisation_counts_from_its_first_moment() -> None:
    early = DecisionContext(NOW, Parties({"venlo": VENLO.model_copy(update={"authorisations": (_later(),)})}))
    assert permit(QUERYING, director("venlo"), early) is NO_AUTHORISATION


def _later() -> Authorisation:
    return MANDATE.model_copy(update={"valid_from": NOW + timedelta(seconds=1)})


def test_the_clock_and_services_act_for_nobody() -> None:
    assert permit(Requirement(THE_CLOCK), Actor(Role.CLOCK), AT_NOW) is None
    assert permit(Requirement(THE_CLOCK), Actor(Role.SERVICE), AT_NOW) is NOT_YOURS


def test_a_refusal_that_rests_on_a_fact_still_to_come_may_be_lag() -> None:
    assert NOT_A_PARTY.may_be_lag and NO_AUTHORISATION.may_be_lag
    assert not NOT_YOURS.may_be_lag and not NO_ON_BEHALF_OF.may_be_lag
