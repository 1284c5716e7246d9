"""Two people at once: who would replace a plan says which, and learns what changed; nobody learns more."""

from typing import Any

import pytest

from services.rto import commands as c
from services.rto import events as e
from services.rto.main import PROCESS
from services.rto.shared_things import REPLACES, plan, viewing_plan
from services.rto.state import State
from shared.contract.messages.rto import ActionProgress
from shared.contract.refusal import CHANGED_MEANWHILE, NOT_YOURS, VERSION_REQUIRED
from shared.contract.topics import Topics
from shared.core.actor import Command
from shared.core.outcome import Outcome
from shared.handling.decide import Decider
from shared.handling.delivery import FromPerson
from shared.handling.outgoing import OutgoingMessages
from shared.handling.unit_of_work import UnitOfWork
from shared.handling.versions import changed_since, version_of
from shared.storage.cases import Case
from shared.storage.policy_replica import PolicyReplica
from tests.support.samples import rto as s
from tests.support.spec import NOW
from tests.support.transactions import delivery

KEY = b"v" * 32
DECIDER = Decider(PROCESS, OutgoingMessages("rto", Topics()), PolicyReplica(), KEY)
PLANNED = s.state(*s.SEATED, s.PLANNED)
OTHER = e.PlanRecorded(s.plan(ave_level=4, actions=()), s.AT_THE_TABLE, NOW)


def asked(state: State, command: Command, version: str | None = None) -> Outcome:
    work = UnitOfWork[State]()
    work.cases[s.CASE] = Case(s.CASE, state, version=7, exists=True)
    one = delivery(s.CASE, command, at=NOW)._replace(origin=FromPerson(version))
    return DECIDER.decide(one, s.parties(), set(), {}, work)


def record(**changes: Any) -> c.RecordPlan:
    """A plan without new actions: it would change the one that stands in nothing."""
    return c.RecordPlan(by=s.by_director(), plan=s.plan(**({"actions": ()} | changes)))


def extend(*entries: Any) -> c.ExtendViewingPlan:
    return c.ExtendViewingPlan(by=s.by_director(), entries=entries)


def version_in(state: State, command: type[Command]) -> str:
    thing = REPLACES[command].thing(state)
    assert thing is not None
    return version_of(KEY, s.CASE, thing)


def test_the_first_plan_needs_no_version_and_the_next_one_does() -> None:
    assert asked(s.state(*s.SEATED), record()).refusal is None
    assert asked(PLANNED, record()).refusal is VERSION_REQUIRED
    done = asked(PLANNED, record(), version_in(PLANNED, c.RecordPlan))
    assert (done.refusal, done.thing_version is None) == (None, False)


def test_a_plan_that_was_replaced_meanwhile_tells_which_parts_and_when() -> None:
    read = version_in(PLANNED, c.RecordPlan)
    outcome = asked(s.state(*s.SEATED, s.PLANNED, OTHER), record(), read)
    assert outcome.refusal is CHANGED_MEANWHILE
    assert outcome.changed == (("ave_level",), NOW)


def test_a_version_of_nothing_or_of_no_plan_at_all_is_told_everything_changed() -> None:
    assert asked(s.state(*s.SEATED), record(), "AAAAAAAAAAA").refusal is CHANGED_MEANWHILE
    for made_up in ("1", "A", "AA", "_____________", "x" * 999):
        outcome = asked(PLANNED, record(), made_up)
        assert outcome.changed is not None
        assert outcome.changed.parts == (
            "actions",
            "agreements",
            "ave_level",
            "drawn_from",
            "made_by",
            "parts",
        )


def test_what_others_do_elsewhere_in_the_case_moves_no_version() -> None:
    """A count of the case would tell how much others gave, and refuse who did nothing wrong."""
    more = (
        e.ItemsContributed(s.RTO, (s.item(s.NEW),), NOW),
        e.ReleaseGiven(s.release(), NOW),
        e.InvitationDeclined(s.RTO, s.HOUSING, None, NOW),
        e.ActionProgressed(s.TREAT, ActionProgress.DONE, None, NOW),
    )
    after = s.state(*s.SEATED, s.PLANNED, *more)
    for command in REPLACES:
        assert version_in(after, command) == version_in(PLANNED, command)


def test_a_version_is_of_one_thing_of_one_case_under_one_key() -> None:
    thing, other = plan(PLANNED), viewing_plan(PLANNED)
    assert thing is not None and other is not None
    found = {
        version_of(KEY, s.CASE, thing),
        version_of(KEY, s.NEW, thing),
        version_of(b"w" * 32, s.CASE, thing),
        version_of(KEY, s.CASE, other),
    }
    assert len(found) == 4
    assert changed_since(KEY, s.CASE, thing, version_of(KEY, s.CASE, thing)) is None


def test_adding_to_the_viewing_plan_needs_no_version_and_replacing_an_entry_does() -> None:
    known = PLANNED.viewing_plan[0]
    fresh = s.entry(s.RENT, s.VENLO)
    assert asked(PLANNED, extend(fresh)).refusal is None
    assert asked(PLANNED, extend(fresh, known)).refusal is VERSION_REQUIRED
    read = version_in(PLANNED, c.ExtendViewingPlan)
    assert asked(PLANNED, extend(known), read).refusal is None
    changed = s.state(*s.SEATED, s.PLANNED, e.ViewingPlanExtended((fresh,), NOW))
    outcome = asked(changed, extend(known), read)
    assert (outcome.refusal, outcome.changed) == (CHANGED_MEANWHILE, ((s.VENLO,), NOW))


def test_a_follow_up_replaces_no_viewing_plan_and_needs_no_version() -> None:
    """It begins with a plan of its own (R42), also where that names again what stood in the earlier one."""
    meeting = s.meeting(s.SECOND_RTO, preparation=s.follow_up(), viewing_plan=s.KEPT_PLAN)
    convene = c.ConveneRto(by=s.by_director(), meeting=meeting)
    assert asked(s.state(*s.FOLLOWED), convene).refusal is None
    state = s.state(*s.AGAIN)
    assert asked(state, extend(s.entry(s.FREE, s.POLICE))).refusal is None
    assert asked(state, extend(s.KEPT_PLAN[0])).refusal is VERSION_REQUIRED


@pytest.mark.parametrize("version", [None, "AAAAAAAAAAA"])
def test_who_may_not_replace_learns_nothing_of_a_version(version: str | None) -> None:
    stranger = c.RecordPlan(by=s.by_director(person_="somebody-else"), plan=s.plan())
    outcome = asked(PLANNED, stranger, version)
    assert outcome.refusal is not None
    assert (outcome.refusal.status, outcome.changed) == (404, None)
    worker = c.RecordPlan(by=s.by_party(s.CARE), plan=s.plan())
    assert asked(PLANNED, worker, version).refusal is NOT_YOURS
