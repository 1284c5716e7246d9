"""The oracle of the fault tests can fail: what is lost or doubled shows; what is only sent twice does not."""

from shared.contract.cloudevent import SPEC_VERSION
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.registry import of_model
from tests.system.faults.ledger import Ledger, Sent, Tape, Taped

PARTY, MESSAGE = "woonwenz", "m1"
SENT_TO = f"zvh.intake.from.{PARTY}"


def answer(letter: str, about: str = MESSAGE, party: str = PARTY, *, refused: bool = False) -> Taped:
    model = MessageRefused if refused else MessageAccepted
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": letter,
        "ce_type": of_model(model).type,
        "ce_causationid": about,
    }
    return Taped(f"zvh.to.{party}", 0, 0, None, b"", (), headers)


def ledger(*records: Taped) -> Ledger:
    tape = Tape.__new__(Tape)
    tape.records = list(records)
    kept = Ledger(tape, {"topic_prefix": "zvh"})
    kept.note(Sent(PARTY, MESSAGE, SENT_TO))
    return kept


def test_a_message_without_an_answer_is_lost() -> None:
    assert ledger(answer("a", about="m2"), answer("b", party="met-ggz")).lost() == [MESSAGE]


def sending(offset: int) -> Taped:
    return Taped(SENT_TO, 0, offset, None, b"", (), {"ce_id": MESSAGE})


def event(letter: str, about: str = MESSAGE, kind: str = "case-taken-up") -> Taped:
    headers = {"ce_id": letter, "ce_type": kind, "ce_causationid": about}
    return Taped("zvh.triage.events", 0, 0, b"c1", b"", (), headers)


def test_one_answer_is_neither_lost_nor_doubled_also_when_it_was_sent_twice() -> None:
    for kept in (ledger(answer("a")), ledger(answer("a"), answer("a"))):
        assert (kept.lost(), kept.doubled()) == ([], {})


def test_who_sends_a_message_again_may_get_its_first_answer_again() -> None:
    kept = ledger(sending(0), sending(7), answer("a"), answer("b"))
    assert (kept.lost(), kept.doubled()) == ([], {})


def test_more_answers_than_sendings_are_one_too_many() -> None:
    again = [sending(0), sending(0), answer("a"), answer("b")]  # kept twice by the tape, sent once
    assert ledger(*again).doubled() == {MESSAGE: {("a", "accepted"), ("b", "accepted")}}


def test_two_different_answers_to_one_message_are_a_double_effect_however_often_it_was_sent() -> None:
    kept = ledger(sending(0), sending(1), answer("a"), answer("b", refused=True))
    assert kept.doubled() == {MESSAGE: {("a", "accepted"), ("b", "refused")}}


def test_what_follows_from_one_message_twice_is_a_double_effect() -> None:
    twice = [sending(0), sending(1), answer("a"), answer("b"), event("e"), event("f")]
    assert ledger(*twice).doubled() == {MESSAGE: {("e", "case-taken-up"), ("f", "case-taken-up")}}


def test_what_follows_once_or_is_sent_twice_or_follows_from_another_is_no_double_effect() -> None:
    kept = ledger(answer("a"), event("e"), event("e"), event("f", about="m2"), event("g", kind="other"))
    assert kept.doubled() == {}


def test_an_answer_that_comes_later_is_seen() -> None:
    kept = ledger()
    assert kept.lost() == [MESSAGE]
    kept.tape.records.append(answer("a"))
    assert kept.lost() == []
