"""What the access log says of a look: on which basis, given by which body, and for which body (R129)."""

import pytest

from shared.core.actor import Role
from shared.core.mandate import Mandate
from shared.core.viewing import Allowed, Denied, Provenance, Verdict, Viewer, may_view_log, provenance
from tests.support.samples import intake as s
from tests.support.spec import looking

MANDATE = Mandate(party=s.VENLO, acting_body="college")
WITH_BASIS = Mandate(party=s.VENLO, acting_body="college", basis="Wmo 2015, art. 2.1.1")
DIRECTOR = Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, None, s.VENLO)
WORKER = Viewer(Role.PARTY_WORKER, "person-worker", s.VENLO)
POLICE = Viewer(Role.PARTY_WORKER, "person-police", s.POLICE)
MANAGER = Viewer(Role.MANAGER, "person-manager", None, s.VENLO)
OF_VENLO = Allowed("R33", s.VENLO)
DENIED = Denied("R33", "B3-F2 access")
ON = "authorisation: rto"


@pytest.mark.clause(
    "R129.a",
    allowed="Bij elke inzage van een gegeven vermeldt het log de grondslag en het orgaan van wie het gaf.",
)
@pytest.mark.clause("R129.a", refused="Ook een geweigerde inzage staat met grondslag en orgaan in het log.")
@pytest.mark.parametrize("verdict", [OF_VENLO, Allowed("R61", s.POLICE), DENIED])
def test_an_item_names_its_own_basis_and_body_whoever_looks(verdict: Verdict) -> None:
    item = s.item(basis="Wmo 2015, art. 2.1.1", acting_body="burgemeester")
    assert provenance(WORKER, item, verdict, None, WITH_BASIS) == Provenance(item.basis, "burgemeester")
    for_the_house = Provenance(item.basis, "burgemeester", "college")
    assert provenance(DIRECTOR, item, verdict, ON, MANDATE) == for_the_house


def test_the_house_looks_at_all_else_on_the_authorisation_of_who_leads() -> None:
    on_mandate = Provenance("authorisation: screening", None, "college")
    for verdict in (OF_VENLO, DENIED):
        assert provenance(DIRECTOR, None, verdict, "authorisation: screening", MANDATE) == on_mandate
        assert provenance(DIRECTOR, None, verdict, None, MANDATE) == Provenance(None, None, "college")


@pytest.mark.clause(
    "R129.b",
    allowed="Bij inzage van iets anders dan een gegeven vermeldt het log de grondslag van wie de casus "
    "leidt.",
)
@pytest.mark.parametrize("viewer", [WORKER, POLICE, MANAGER], ids=["who leads", "another", "the manager"])
def test_everybody_else_looks_at_it_on_the_basis_recorded_for_who_leads_r4_r72(viewer: Viewer) -> None:
    assert provenance(viewer, None, OF_VENLO, ON, WITH_BASIS) == Provenance(WITH_BASIS.basis, "college")


def test_where_no_basis_was_recorded_it_is_what_who_leads_authorised_r122() -> None:
    assert provenance(POLICE, None, OF_VENLO, ON, MANDATE) == Provenance(ON, "college")
    assert provenance(POLICE, None, Allowed("R61", "woonwenz"), ON, WITH_BASIS) == Provenance(ON)
    assert provenance(POLICE, None, Allowed("R61", "woonwenz"), ON, None) == Provenance(ON)


def test_a_party_looks_at_its_own_because_it_is_its_own() -> None:
    own = Allowed("R34", s.POLICE)
    assert provenance(POLICE, None, own, ON, WITH_BASIS) == Provenance("own")
    assert provenance(POLICE, None, own, None, None) == Provenance("own")


@pytest.mark.clause("R129.b", refused="Voor wat niet is getoond, vermeldt het log geen grondslag.")
@pytest.mark.parametrize("viewer", [WORKER, MANAGER, Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR)])
def test_what_was_not_shown_was_processed_on_no_basis(viewer: Viewer) -> None:
    for verdict in (DENIED, Allowed("R129")):
        assert provenance(viewer, None, verdict, ON, WITH_BASIS) == Provenance()


@pytest.mark.clause("R129.d", allowed="De privacyfunctionaris leest het log van een casus.")
@pytest.mark.clause("R129.d", refused="Niemand anders leest het log van een casus.")
@pytest.mark.parametrize("role", Role)
def test_the_access_log_is_read_by_the_privacy_officer_alone_r129(role: Role) -> None:
    verdict = may_view_log(Viewer(role, "person-1", s.VENLO, s.VENLO), None, None, looking())
    assert isinstance(verdict, Allowed) == (role is Role.PRIVACY_OFFICER)
