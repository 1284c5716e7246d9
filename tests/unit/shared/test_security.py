"""What may be an attack is counted and told, once in a while and without anybody's name."""

import json

import pytest
from structlog.testing import capture_logs

from shared.rate import Rate
from shared.telemetry.metrics import REFUSAL_BURSTS, SIGN_INS_FAILED
from shared.telemetry.security import BURST, Refusals, SignIns, administrative_act


def test_failed_sign_ins_are_all_counted_and_told_once_for_each_reason() -> None:
    before = SIGN_INS_FAILED.labels("ExpiredTokenError")._value.get()
    sign_ins = SignIns()
    with capture_logs() as told:
        for _ in range(50):
            sign_ins.failed("ExpiredTokenError")
        sign_ins.failed("claim-sub")
    assert SIGN_INS_FAILED.labels("ExpiredTokenError")._value.get() == before + 50
    assert [line["reason"] for line in told] == ["ExpiredTokenError", "claim-sub"]


@pytest.mark.parametrize(("times", "bursts"), [(BURST, 0), (BURST + 1, 1), (10 * BURST, 1)])
def test_a_burst_of_refusals_of_one_sender_is_told_once_and_a_few_are_not(times: int, bursts: int) -> None:
    before = REFUSAL_BURSTS.labels("person")._value.get()
    refusals = Refusals(_allowed=Rate(1 / 6, BURST, now=lambda: 0.0), _told=Rate(1 / 60, 1, now=lambda: 0.0))
    with capture_logs() as told:
        for _ in range(times):
            refusals.refused("subject-of-a-person", "person", "politie-limburg")
    assert REFUSAL_BURSTS.labels("person")._value.get() == before + bursts
    assert len(told) == bursts
    assert "subject-of-a-person" not in str(told)


def test_refusals_of_many_senders_are_no_burst() -> None:
    refusals = Refusals()
    with capture_logs() as told:
        for n in range(10 * BURST):
            refusals.refused(f"sender-{n}", "party", f"sender-{n}")
    assert told == []


def test_an_administrative_act_is_a_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    administrative_act("intake", "restored")
    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err).items() >= {"event": "administrative-act", "act": "restored"}.items()
