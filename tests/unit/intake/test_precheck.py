"""A referral that is refused at the door gets no key, and nothing is refused there that would be taken."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.intake import commands as c
from services.intake.handlers import precheck
from services.intake.main import SERVICE
from services.retention.key_authority import KeyAuthority
from services.retention.key_store import KeyStore
from shared.clock import Clock, machine_now
from shared.contract.messages.intake import ReferralSubmitted
from shared.contract.parties import Parties
from shared.contract.record import Record
from shared.contract.refusal import Refusal
from shared.core.actor import Actor
from shared.core.authorisation import permit
from shared.core.context import DecisionContext
from shared.crypto.case_key_client import CaseKeyClient
from shared.handling.delivery import Unhandled
from shared.ids import new_id
from shared.messaging.receiver import Receiver
from shared.storage.held_messages import HeldMessage, HoldReason
from tests.support.receiving import House
from tests.support.samples import intake as s
from tests.support.spec import NOW

REFERRALS: list[dict[str, Any]] = [
    {},
    {"task": ""},
    {"basis": ""},
    {"weighing": " "},
    {"acting_body": "burgemeester"},
    {"acting_body": "iemand"},
    {"items": (s.item(necessity=" "),)},
    {"items": (s.item(withheld_from=("politie",)),)},
    {"informed_beforehand": (new_id(),)},
]
PARTIES: list[dict[str, Any]] = [
    {},
    {"authorisations": ()},
    {"authorisations": (s.authorisation(accepted_at=NOW + timedelta(seconds=1)),)},
    {"member_until": NOW},
]
BY: list[Actor] = [s.by_party(), s.by_party("nobody"), s.by_director()]


@pytest.mark.parametrize("referral", REFERRALS, ids=lambda changes: "-".join(changes) or "complete")
@pytest.mark.parametrize("party", PARTIES, ids=lambda changes: "-".join(changes) or "in-force")
@pytest.mark.parametrize("by", BY, ids=lambda by: f"{by.role}-{by.party}")
def test_the_door_refuses_what_the_decision_refuses_and_nothing_else_r15(
    referral: dict[str, Any], party: dict[str, Any], by: Actor
) -> None:
    """R15: for the same reason, and a moment later as well."""
    for again in (None, NOW + timedelta(minutes=1)):
        moment = DecisionContext(NOW, s.parties(**party), tried_again_at=again)
        command = c.SubmitReferral(by=by, case_id=s.CASE, referral=s.referral(**referral))
        decided = permit(SERVICE.process.permissions[c.SubmitReferral], by, moment)
        if decided is None:
            outcome = SERVICE.process.decide(SERVICE.process.empty, command, moment)
            decided = outcome if isinstance(outcome, Refusal) else None
        assert precheck(command.referral, by, moment) == decided


class Keys:
    """A receiver at a real key authority, and how many keys that has made."""

    def __init__(self, directory: Path, **party: Any) -> None:
        self._directory = directory / "keys"
        self._house = House(directory / "house")
        self.parties = Parties({s.VENLO: self._house.party.model_copy(update=party)})
        self.authority = KeyAuthority().use(
            KeyStore(self._directory, b"r" * 32, "test"), Clock(), timedelta(days=30)
        )

    def receiver(self, service: Any = SERVICE) -> Receiver[Any]:
        return replace(self._house.receiver(service), keys=CaseKeyClient(self.authority, "test"))

    def record(self, **changes: Any) -> Record:
        man = s.person(s.MAN, name="Persoon H", date_of_birth="1990-01-01")
        plain = {"weighing": "Politie en zorg.", "persons": (man,), "items": ()}
        return self._house.record(s.referral(**(plain | {"referral_id": new_id()} | changes)))

    async def command(self, record: Record, held: HeldMessage | None = None, service: Any = SERVICE) -> Any:
        (delivery,), dead = await self.receiver(service).receive([(record, held)], self.parties)
        assert dead == []
        return delivery.command

    @property
    def made(self) -> int:
        return len((self._directory / "made").read_text().splitlines())


async def test_a_referral_that_is_refused_at_the_door_makes_no_key(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    for changes, name in (({"task": ""}, "TaskMissing"), ({"weighing": " "}, "WeighingMissing")):
        refused = await keys.command(keys.record(**changes))
        assert isinstance(refused, Refusal)
        assert refused.name == name
    assert keys.made == 0
    assert isinstance(await keys.command(keys.record()), c.SubmitReferral)
    assert keys.made == 1


async def test_one_that_waits_for_its_authorisation_gets_its_key_when_that_has_come(tmp_path: Path) -> None:
    """It is judged as it stands when it is tried again, as the decision does."""
    keys = Keys(tmp_path, authorisations=())
    record = keys.record()
    accepted = record.received_at + timedelta(milliseconds=1)
    early = await keys.command(record)
    assert isinstance(early, Refusal)
    assert early.may_be_lag
    assert keys.made == 0
    come = s.venlo(authorisations=(s.authorisation(valid_from=accepted, accepted_at=accepted),))
    known = keys.parties.records[s.VENLO].model_copy(update={"authorisations": come.authorisations})
    keys.parties = Parties({s.VENLO: known})
    assert isinstance(await keys.command(record), Refusal), "it was not in force when it was received"
    held = HeldMessage(1, s.CASE, HoldReason.WAITING, machine_now() + timedelta(minutes=1), b"")
    assert isinstance(await keys.command(record, held), c.SubmitReferral)
    assert keys.made == 1


async def test_a_bug_at_the_door_is_left_to_the_decision_which_parks_the_message(tmp_path: Path) -> None:
    def broken(message: Any, by: Actor, moment: DecisionContext) -> Refusal | None:
        raise RuntimeError("a bug")

    service = replace(SERVICE, creates_case_key={ReferralSubmitted: broken})
    keys = Keys(tmp_path)
    command = await keys.command(keys.record(), service=service)
    assert isinstance(command, c.SubmitReferral)
    assert not isinstance(command, Unhandled)
