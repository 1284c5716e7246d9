"""What the access log says of a letter: whose information it gives, and on which basis (R24, R129)."""

import pytest

from shared.contract.messages.rto import ItemsProvided
from shared.contract.messages.triage import QueryLapsed
from shared.core.disclosure import Disclosed, disclosed_in, of_items, of_leader
from shared.core.mandate import Mandate
from tests.support.samples import triage as s

ITEM = s.contributed(s.ITEM, s.POLICE, basis="Politiewet 2012, art. 3", acting_body="korpschef")
OF_ITEM = Disclosed(f"item/{s.ITEM}", s.POLICE, "R73", "Politiewet 2012, art. 3", "korpschef")


@pytest.mark.clause(
    "R129.c",
    allowed="Gaat een gegeven naar een partij, dan vermeldt het log wie het gaf en op welke grondslag.",
)
def test_each_item_is_given_by_its_contributor_on_its_own_basis_r68() -> None:
    provided = ItemsProvided(action_id=s.NEW, items=(ITEM,))
    assert disclosed_in(provided, ()) == (OF_ITEM,)
    besides = of_items((ITEM,), "R30")
    assert disclosed_in(QueryLapsed(query_id=s.TO_POLICE), besides) == besides
    assert [one.rule for one in besides] == ["R30"]


@pytest.mark.clause("R129.c", refused="Een bericht zonder gegevens staat niet als verstrekking in het log.")
def test_a_letter_without_any_information_of_a_case_discloses_nothing() -> None:
    assert disclosed_in(QueryLapsed(query_id=s.TO_POLICE), ()) == ()


@pytest.mark.clause(
    "R124.b",
    allowed="Stelt het ZVH een vraag, dan staat in het log de leidende partij als gever.",
)
@pytest.mark.clause(
    "R124.b",
    refused="Zonder leidende partij komt er geen verstrekking in het log: het ZVH geeft niets.",
)
def test_what_is_asked_is_given_by_who_leads_on_the_basis_of_the_case_r4() -> None:
    mandate = Mandate(party=s.VENLO, acting_body="college", basis="Wmo 2015, art. 2.1.1")
    expected = Disclosed("query/1", s.VENLO, "R30", "Wmo 2015, art. 2.1.1", "college")
    assert of_leader("query/1", mandate, "R30") == (expected,)
    assert of_leader("query/1", Mandate(party=s.VENLO), "R30") == (Disclosed("query/1", s.VENLO, "R30"),)
    assert of_leader("query/1", None, "R30") == ()
