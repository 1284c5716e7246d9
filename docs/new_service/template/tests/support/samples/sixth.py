"""One state per phase and one command per type, plainly invented."""

from typing import Any

from services.sixth import commands as c
from services.sixth import events as e
from services.sixth.main import PROCESS
from services.sixth.state import Phase, State
from shared.contract.messages.sixth import SixthSubmitted
from shared.core.actor import Actor, Command, Role
from tests.support.spec import Spec

VENLO = "gemeente-venlo"
CASE = "0192aaaa-0000-7000-8000-00000000000c"
NUMBER = "0192aaaa-0000-7000-8000-00000000000a"
BY_VENLO = Actor(Role.PARTY, party=VENLO)
BY_RETENTION = Actor(Role.SERVICE, service="retention")

SUBMIT = c.Submit(by=BY_VENLO, party=VENLO, submission=SixthSubmitted(submission_id=NUMBER, subject="begin"))
PURGE = c.PurgeCase(by=BY_RETENTION, case_id=CASE)
SUBMITTED = e.Submitted(VENLO, NUMBER, "begin")
PURGED = e.CasePurged(CASE)

COMMANDS: tuple[Command, ...] = (SUBMIT, PURGE)
HISTORIES: dict[Phase, tuple[Any, ...]] = {
    Phase.NOTHING: (),
    Phase.SUBMITTED: (SUBMITTED,),
    Phase.PURGED: (PURGED,),
}


def spec() -> Spec[State]:
    return Spec(PROCESS)
