"""What an item says of others is for its contributor: whoever else gets it reads no reservations."""

import pytest

from shared.core.item_rules import shown_to
from tests.support.samples import retention as s

ITEM = s.item(s.POLICES, s.POLICE, withheld_from=(s.HOUSING,), hidden_from_director=True)


@pytest.mark.clause(
    "R62.f",
    refused="Een andere partij die het gegeven krijgt, leest niet tegen wie een voorbehoud is gemaakt.",
)
@pytest.mark.parametrize("party", [s.CARE, s.HOUSING, s.VENLO])
def test_another_party_gets_an_item_without_its_reservations_r62(party: str) -> None:
    shown = shown_to(ITEM, party)
    assert (shown.withheld_from, shown.hidden_from_director) == ((), False)
    assert (shown.content, shown.contributor) == (ITEM.content, s.POLICE)


@pytest.mark.clause("R67.a", allowed="Wie het gegeven inziet, ziet de gebruiksvoorwaarden erbij.")
@pytest.mark.clause(
    "R67.a", refused="Bij een gegeven waaraan geen voorwaarden zijn verbonden, staan er geen."
)
@pytest.mark.parametrize("party", [s.CARE, s.POLICE, None], ids=["another", "its contributor", "the house"])
def test_whoever_gets_an_item_gets_its_conditions_of_use_r67(party: str | None) -> None:
    conditions = s.text("conditions")
    bound = ITEM.model_copy(update={"use_conditions": conditions})
    assert shown_to(bound, party).use_conditions == conditions
    assert shown_to(ITEM, party).use_conditions is None


@pytest.mark.clause(
    "R62.f",
    allowed="De inbrenger en de medewerkers van het Zorg- en Veiligheidshuis lezen tegen wie een "
    "voorbehoud is gemaakt.",
)
@pytest.mark.parametrize("party", [s.POLICE, None], ids=["its contributor", "the house"])
def test_its_contributor_and_the_house_get_the_item_as_it_is_r62(party: str | None) -> None:
    assert shown_to(ITEM, party) == ITEM
