"""What the others hear of a membership: the whole record at each change, and a letter when rights change."""

from typing import Any

import pytest

from services.governance import events as e
from services.governance.effects import effects
from shared.contract.messages.governance import EndReason, MembershipChanged
from shared.contract.messages.house import CasePurged
from shared.contract.parties import PartyRecord
from shared.contract.registry import of_model
from shared.core.effects import Announce, ForgetCase, StopUnsent, ToParty
from tests.support.samples import governance as s
from tests.support.spec import NOW

KEY = e.KeyAnnounced(s.signing_key(kid="k2"))
REVOKED = e.AuthorisationRevoked(s.GRANT, NOW)


def following(*events: Any) -> list[Any]:
    """What follows from the last of these events."""
    return list(effects("membership", events[-1], s.spec().given(*events).state))


@pytest.mark.parametrize(
    "events",
    [
        (s.RECORDED,),
        (s.RECORDED, KEY),
        (s.RECORDED, s.GRANTED),
        (s.RECORDED, s.GRANTED, s.ACCEPTED),
        (s.RECORDED, s.GRANTED, REVOKED),
        (s.RECORDED, s.ENDED),
    ],
    ids=lambda events: type(events[-1]).__name__,
)
def test_every_change_publishes_the_whole_record(events: tuple[Any, ...]) -> None:
    announced = [x.message for x in following(*events) if isinstance(x, Announce)]
    assert announced == [s.spec().given(*events).state.record]


def test_a_new_party_is_told_since_when_it_is_one_r109() -> None:
    letters = [x for x in following(s.RECORDED) if isinstance(x, ToParty)]
    told = MembershipChanged(party=s.VENLO, member_from=s.record().member_from)
    assert letters == [ToParty(s.VENLO, told)]


def test_a_party_whose_rights_end_is_told_why_and_nothing_older_reaches_it_r115() -> None:
    steps = following(s.RECORDED, s.ENDED)
    assert StopUnsent(recipient=s.VENLO) in steps
    (letter,) = [x.message for x in steps if isinstance(x, ToParty)]
    assert isinstance(letter, MembershipChanged)
    assert (letter.member_until, letter.reason) == (NOW, EndReason.EXCLUSION)


def test_an_acceptance_publishes_no_person() -> None:
    steps = following(s.RECORDED, s.GRANTED, s.ACCEPTED)
    assert s.DIRECTOR not in "".join(x.message.model_dump_json() for x in steps)


def test_a_purge_is_confirmed_after_the_erasure_r105() -> None:
    assert following(e.CasePurged(s.CASE, ("kid",))) == [
        ForgetCase(),
        Announce(CasePurged(case_id=s.CASE, house_keys=("kid",)), after_erasure=True),
    ]


def test_a_record_goes_to_the_compacted_topic() -> None:
    assert of_model(PartyRecord).service == "governance"
