"""What the access log says of a look: on which basis, given by which body, and for which body (R129)."""

import pytest

from shared.core.actor import Role
from shared.core.mandate import Mandate
from shared.core.viewing import Allowed, Provenance, Viewer, may_view_log, provenance
from tests.support.samples import intake as s
from tests.support.spec import looking

MANDATE = Mandate(party=s.VENLO, acting_body="college")
DIRECTOR = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, None, s.VENLO)
WORKER = Viewer(Role.PARTY_WORKER, "person-worker", s.VENLO)


def test_an_item_names_its_own_basis_and_body_whoever_looks() -> None:
    item = s.item(basis="Wmo 2015, art. 2.1.1", acting_body="burgemeester")
    assert provenance(WORKER, item, None, MANDATE) == Provenance(item.basis, "burgemeester")
    for_the_house = Provenance(item.basis, "burgemeester", "college")
    assert provenance(DIRECTOR, item, "authorisation: rto", MANDATE) == for_the_house


def test_the_house_looks_at_all_else_on_the_authorisation_of_who_leads() -> None:
    on_mandate = Provenance("authorisation: screening", None, "college")
    assert provenance(DIRECTOR, None, "authorisation: screening", MANDATE) == on_mandate
    assert provenance(DIRECTOR, None, None, MANDATE) == Provenance(None, None, "college")


@pytest.mark.parametrize(
    "viewer",
    [
        WORKER,
        Viewer(Role.MANAGER, "person-manager", None, s.VENLO),
        Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, None, s.POLICE),
        Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR),
    ],
    ids=["a party", "the manager", "for another party", "for nobody"],
)
def test_who_looks_on_no_mandate_has_no_basis_by_it(viewer: Viewer) -> None:
    assert provenance(viewer, None, "authorisation: rto", MANDATE) == Provenance()
    assert provenance(viewer, None, "authorisation: rto", None) == Provenance()


@pytest.mark.parametrize("role", Role)
def test_the_access_log_is_read_by_the_privacy_officer_alone_r129(role: Role) -> None:
    verdict = may_view_log(Viewer(role, "person-1", s.VENLO, s.VENLO), None, None, looking())
    assert isinstance(verdict, Allowed) == (role is Role.PRIVACY_OFFICER)
