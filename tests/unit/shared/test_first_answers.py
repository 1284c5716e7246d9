"""What is repeated gets its first answer again: by what the inbox stored, without a database."""

import json
from typing import Any

import pytest

from services.intake import commands as c
from services.intake.refusals import ALREADY_CONSULTED
from shared.contract.messages.house import MessageRefused
from shared.contract.refusal import (
    NOT_YOURS,
    TOO_MANY_WAIT,
    UNKNOWN_CASE,
    Refusal,
    Remedy,
    from_stored,
    to_stored,
)
from shared.contract.topics import Topics
from shared.core.outcome import DeliveryStatus, Outcome
from shared.handling.delivery import Delivery, FromParty, FromPerson
from shared.handling.first_answers import answers_again, repeated, to_remember
from shared.handling.outgoing import OutgoingMessages
from shared.storage.inbox import PriorResult
from tests.support.samples import intake as s
from tests.support.transactions import delivery

OUTGOING = OutgoingMessages("intake", Topics())
ACCEPTED = Outcome(DeliveryStatus.ACCEPTED)
CONFIRM = c.ConfirmConsultation(by=s.by_party())


def message(place: str) -> Delivery:
    one = delivery(s.CASE, CONFIRM, message_id=s.ITEM)
    return one._replace(entry=one.entry._replace(place=place), origin=FromParty(s.VENLO))


def answers_to(stored: dict[str, Any] | None, place: str = "0/2") -> list[str]:
    """Return what a repetition is answered, after this was stored of the first."""
    again = message(place)
    outcome = repeated(again, PriorResult(b"digest", stored), "intake")
    told = answers_again([(again, outcome)], [], OUTGOING)
    return [_name(one.body) for one in told]


def _name(body: str) -> str:
    return str(json.loads(body).get("name", "accepted"))


def remembered(outcome: Outcome) -> dict[str, Any]:
    """Return what is stored of a message that waited before it had this outcome."""
    ((_, result),), _ = to_remember([(message("0/1"), outcome)])
    stored: dict[str, Any] = json.loads(json.dumps(result))
    return stored


def test_what_was_accepted_is_accepted_again_and_what_was_refused_refused() -> None:
    assert answers_to({"place": "0/1"}) == ["accepted"]
    for refusal in (ALREADY_CONSULTED, NOT_YOURS, TOO_MANY_WAIT):
        stored = remembered(Outcome(DeliveryStatus.REFUSED, refusal))
        assert answers_to(stored) == [refusal.name]


def test_the_very_same_record_is_answered_once() -> None:
    stored = remembered(Outcome(DeliveryStatus.REFUSED, NOT_YOURS))
    assert answers_to(stored, "0/1") == []
    assert answers_to({"place": "0/1"}, "0/1") == []


@pytest.mark.parametrize("status", [DeliveryStatus.WAITING, DeliveryStatus.HELD, DeliveryStatus.QUARANTINED])
def test_while_the_first_is_undecided_nothing_is_answered(status: DeliveryStatus) -> None:
    assert answers_to(remembered(Outcome(status, UNKNOWN_CASE))) == []


def test_what_an_older_version_of_the_service_handled_is_not_answered_at_a_guess() -> None:
    assert answers_to(None) == []


def test_of_a_flood_of_repetitions_in_one_batch_each_id_is_answered_once() -> None:
    first, many = message("0/1"), [message(f"0/{n}") for n in range(2, 100)]
    repeats = [(one, Outcome(DeliveryStatus.REPEATED, is_answered=False)) for one in many]
    (answer,) = answers_again(repeats, [(first, ACCEPTED)], OUTGOING)
    assert _name(answer.body) == "accepted"
    waits = Outcome(DeliveryStatus.WAITING, UNKNOWN_CASE)
    assert answers_again(repeats, [(first, waits)], OUTGOING) == []


def test_a_refusal_that_hides_a_case_hides_it_the_second_time_too() -> None:
    hidden = UNKNOWN_CASE.__class__("ErasedCase", "R34", "B3-F2", UNKNOWN_CASE.said, Remedy.STOP, status=404)
    assert answers_to(remembered(Outcome(DeliveryStatus.REFUSED, hidden))) == ["UnknownCase"]


@pytest.mark.parametrize("refusal", [ALREADY_CONSULTED, NOT_YOURS, TOO_MANY_WAIT])
def test_a_stored_refusal_comes_back_whole_and_in_both_languages(refusal: Refusal) -> None:
    assert from_stored(json.loads(json.dumps(to_stored(refusal))), "intake") == refusal


def test_a_refusal_that_is_no_longer_defined_still_says_what_it_said() -> None:
    stored = to_stored(NOT_YOURS) | {"name": "OfAnOlderVersion"}
    assert from_stored(stored, "intake").said == (NOT_YOURS.said.en, NOT_YOURS.said.en)


def test_of_a_person_nothing_is_kept_that_may_be_allowed_later() -> None:
    one = message("0/1")._replace(origin=FromPerson())
    for refusal, kept in ((UNKNOWN_CASE, False), (ALREADY_CONSULTED, True)):
        results, forgotten = to_remember([(one, Outcome(DeliveryStatus.REFUSED, refusal))])
        assert (len(results), len(forgotten)) == ((1, 0) if kept else (0, 1))


def test_the_answer_again_is_whole() -> None:
    again = message("0/2")
    stored = remembered(Outcome(DeliveryStatus.REFUSED, ALREADY_CONSULTED))
    outcome = repeated(again, PriorResult(b"digest", stored), "intake")
    (answer,) = answers_again([(again, outcome)], [], OUTGOING)
    told = MessageRefused.model_validate_json(answer.body)
    assert (told.sentence, told.sentence_nl) == ALREADY_CONSULTED.said
    assert (told.message_id, told.reason) == (s.ITEM, "already-consulted")
    assert (answer.recipient, answer.causation_id) == (s.VENLO, s.ITEM)
