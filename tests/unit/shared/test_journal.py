"""What the journal says of an act: what, by whom, and on whose behalf (R7)."""

from typing import Any

import pytest

from shared.core.actor import CLOCK
from shared.storage.journal import of_event, of_refusal
from tests.support.samples import intake as s
from tests.support.spec import NOW


@pytest.mark.clause(
    "R7.d",
    allowed="Van elke handeling van de procesregisseur wordt vastgelegd namens welke partij hij haar deed.",
)
@pytest.mark.clause(
    "R7.d", refused="Van een handeling die niemand namens een ander deed, staat er geen partij bij."
)
def test_of_each_act_it_is_journalled_on_whose_behalf_it_was_done_r7() -> None:
    refusal: Any = s.spec().when(s.COMMANDS[1]).refusal
    for party in (s.VENLO, s.POLICE):
        by = s.by_director(on_behalf_of=party)
        assert of_event(NOW, s.CASE, s.TAKEN_UP, by, s.REFERRAL).on_behalf_of == party
        assert of_refusal(NOW, s.CASE, refusal, by, s.REFERRAL).on_behalf_of == party
    for by in (s.by_party(), CLOCK):
        assert of_event(NOW, s.CASE, s.RECEIVED, by, s.REFERRAL).on_behalf_of is None
