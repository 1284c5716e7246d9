"""The oracle of the fault tests can fail: what is lost or doubled shows; what is only sent twice does not."""

from shared.contract.cloudevent import SPEC_VERSION
from shared.contract.messages.house import MessageAccepted, MessageRefused
from shared.contract.registry import of_model
from tests.system.faults.ledger import Ledger, Sent, Tape, Taped

PARTY, MESSAGE = "woonwenz", "m1"


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
    kept.note(Sent(PARTY, MESSAGE, f"zvh.intake.from.{PARTY}"))
    return kept


def test_a_message_without_an_answer_is_lost() -> None:
    assert ledger(answer("a", about="m2"), answer("b", party="met-ggz")).lost() == [MESSAGE]


def test_one_answer_is_neither_lost_nor_doubled_also_when_it_was_sent_twice() -> None:
    for kept in (ledger(answer("a")), ledger(answer("a"), answer("a"))):
        assert (kept.lost(), kept.doubled()) == ([], {})


def test_two_answers_to_one_message_are_a_double_effect() -> None:
    kept = ledger(answer("a"), answer("b", refused=True))
    assert kept.doubled() == {MESSAGE: {("a", "accepted"), ("b", "refused")}}


def test_an_answer_that_comes_later_is_seen() -> None:
    kept = ledger()
    assert kept.lost() == [MESSAGE]
    kept.tape.records.append(answer("a"))
    assert kept.lost() == []
