"""Who sees what of the register: names are open, authorisations and forms are not; deny by default."""

from typing import Any

import pytest

from services.governance.state import Phase, State
from services.governance.viewing import may_view
from shared.core.actor import Role
from shared.core.viewing import Allowed, Denied, Viewer
from tests.support.samples import governance as s
from tests.support.spec import looking

MEMBER = s.spec().given(*s.HISTORIES[Phase.MEMBER]).state
ENDED = s.spec().given(*s.HISTORIES[Phase.ENDED]).state
PEOPLE = {
    Role.PROCESS_DIRECTOR,
    Role.SUPPORT_WORKER,
    Role.MANAGER,
    Role.SECRETARY,
    Role.PRIVACY_OFFICER,
}


def who_sees(thing: Any, state: State = MEMBER, party: str | None = None) -> set[Role]:
    return {
        role
        for role in Role
        if isinstance(may_view(Viewer(role, "person", party=party), thing, state, looking()), Allowed)
    }


def test_who_is_a_party_is_open_to_the_house_and_to_workers_of_parties_r109() -> None:
    assert who_sees(None, party=s.POLICE) == PEOPLE | {Role.PARTY_WORKER}
    assert who_sees(None, ENDED, party=s.POLICE) == PEOPLE | {Role.PARTY_WORKER}


def test_authorisations_are_for_the_directors_the_secretary_and_the_manager_r122() -> None:
    seen = who_sees(s.authorisation(), party=s.POLICE)
    assert seen == {Role.PROCESS_DIRECTOR, Role.SECRETARY, Role.MANAGER}


def test_a_party_sees_its_own_authorisations_and_form_r122() -> None:
    assert Role.PARTY_WORKER in who_sees(s.authorisation(), party=s.VENLO)
    assert Role.PARTY_WORKER in who_sees(s.form(), party=s.VENLO)


def test_what_was_signed_is_for_the_secretary_and_the_manager_r110() -> None:
    assert who_sees(s.form(), party=s.POLICE) == {Role.SECRETARY, Role.MANAGER}


@pytest.mark.parametrize("thing", [None, s.authorisation(), s.form()], ids=["party", "grant", "form"])
def test_of_who_is_no_party_there_is_nothing_to_see(thing: Any) -> None:
    for state in (State(), s.spec().given(*s.HISTORIES[Phase.PURGED]).state):
        assert who_sees(thing, state, party=s.VENLO) == set()


def test_a_denial_names_its_rule() -> None:
    verdict = may_view(Viewer(Role.PRIVACY_OFFICER, "p"), s.authorisation(), MEMBER, looking())
    assert verdict == Denied("R122", "B3-gen; B5")
