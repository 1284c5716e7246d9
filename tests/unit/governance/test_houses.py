"""Another house stands on record and is no party; which municipalities belong to both (R38, R41, R124)."""

from datetime import timedelta
from typing import Any

import pytest

from services.governance import commands as c
from services.governance import events as e
from services.governance.accession import OtherHouse
from services.governance.effects import effects
from services.governance.main import PROCESS
from services.governance.state import Phase, State
from shared.contract.messages.governance import AuthorisationGranted, EndReason, PublicKeyAnnounced
from shared.contract.parties import KeyUse, Parties, PartyKind, PartyRecord, Scope, SharedMunicipality
from shared.contract.refusal import Refusal
from shared.core.context import DecisionContext, House
from shared.core.effects import Announce, ToParty
from tests.support.samples import governance as s
from tests.support.spec import NOW

HOUSE = "zvh-gelderland-zuid"
SOURCE = "urn:nld:oin:00000099000000077000:systeem:zvh-intake"
THIS = House("noord-limburg", "urn:nld:oin:00000099000000001000:systeem:zvh")
MOOK = PartyRecord(party="gemeente-mook", name="Mook", kind=PartyKind.MUNICIPALITY, member_from=NOW)
POLICE = PartyRecord(party=s.POLICE, name="Politie", kind=PartyKind.NATIONAL_CHAIN_PARTNER, member_from=NOW)
KNOWN = Parties({MOOK.party: MOOK, POLICE.party: POLICE})


def house(**changes: Any) -> OtherHouse:
    given: dict[str, Any] = {
        "party": HOUSE,
        "name": "Zorg- en Veiligheidshuis Gelderland-Zuid",
        "source": SOURCE,
        "connected_from": NOW,
        "signing_key": s.key_on_paper(),
    }
    return OtherHouse(**(given | changes))


def decided(state: State, command: Any) -> Any:
    return PROCESS.decide(state, command, DecisionContext(NOW, KNOWN, house=THIS))


def recorded(state: State | None = None, **changes: Any) -> Any:
    return decided(
        state or State(), c.RecordHouse(by=s.BY_SECRETARY, house=house(**changes), received_at=NOW)
    )


def on_record(**changes: Any) -> State:
    (event,) = recorded(**changes)
    return PROCESS.evolve(State(), event)


def test_another_house_is_on_record_and_no_party() -> None:
    state = on_record()
    record = state.record
    assert state.phase is Phase.MEMBER
    assert record is not None
    assert record.is_house(NOW)
    assert not record.is_house(NOW - timedelta(seconds=1))
    assert not record.is_member(NOW)
    assert [key.use for key in record.keys] == [KeyUse.SIGNING]
    (event,) = recorded()
    assert list(effects(s.CASE, event, state)) == [Announce(record)]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"party": "zvh-noord-limburg"}, "HouseIsNoParty"),
        ({"name": "Veiligheidshuis Noord-Limburg"}, "HouseIsNoParty"),
        ({"source": THIS.source + "-intake"}, "HouseIsNoParty"),
        ({"party": "operator"}, "NameReserved"),
        ({"shared_with": (SharedMunicipality(party=s.POLICE),)}, "SharedWithNoMunicipality"),
        ({"shared_with": (SharedMunicipality(party="nobody"),)}, "SharedWithNoMunicipality"),
        ({"signing_key": s.key_on_paper(kid="another")}, "KeyNumberWrong"),
    ],
)
def test_what_is_no_other_house_is_not_recorded_as_one(changes: dict[str, Any], name: str) -> None:
    outcome = recorded(**changes)
    assert isinstance(outcome, Refusal)
    assert outcome.name == name


def test_a_party_is_no_other_house() -> None:
    member = s.spec().given(s.RECORDED).state
    outcome = recorded(member, party=s.VENLO)
    assert isinstance(outcome, Refusal)
    assert outcome.name == "IsAParty"


def test_what_is_new_of_a_house_replaces_all_but_its_keys() -> None:
    """R41: the date of a separate covenant is recorded once there is one."""
    shared = (SharedMunicipality(party=MOOK.party, covenant_since=NOW),)
    before = on_record()
    (again,) = recorded(before, shared_with=shared, signing_key=None)
    after = PROCESS.evolve(before, again)
    assert before.record is not None
    assert after.record is not None
    assert after.record.house is not None
    assert after.record.house.shared_with == shared
    assert after.record.keys == before.record.keys


def test_a_house_announces_its_keys_and_authorises_nobody() -> None:
    by_house = s.by_party(HOUSE)
    announced = PublicKeyAnnounced(kid=s.SEALING_JWK["kid"], use=KeyUse.SEALING, jwk=s.SEALING_JWK)
    command = c.AnnounceKey(by=by_house, party=HOUSE, announcement=announced, received_at=NOW)
    assert not isinstance(decided(on_record(), command), Refusal)
    granted = AuthorisationGranted(
        authorisation_id=s.GRANT, acting_body="college", scopes=(Scope.SCREENING,), valid_from=NOW
    )
    grant = c.GrantAuthorisation(by=by_house, party=HOUSE, grant=granted)
    assert decided(on_record(), grant).name == "NotYetInForce"
    later = on_record(connected_from=NOW + timedelta(days=1))
    assert decided(later, command).name == "NotYetInForce"


def test_a_house_that_is_connected_no_more_ends_as_a_house() -> None:
    ended = PROCESS.evolve(on_record(), e.MembershipEnded(EndReason.WITHDRAWAL, NOW))
    assert ended.record is not None
    assert not ended.record.is_house(NOW)
    told = effects(s.CASE, e.MembershipEnded(EndReason.WITHDRAWAL, NOW), ended)
    assert not any(isinstance(one, ToParty) for one in told), "it never was a party"
