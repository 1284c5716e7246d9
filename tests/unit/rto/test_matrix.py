"""Every command in every phase: events or a named refusal, and exactly the moves of the table."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from services.rto import commands as c
from services.rto import refusals
from services.rto.effects import effects
from services.rto.main import PROCESS
from services.rto.process import TRANSITIONS, Command
from services.rto.state import Phase, State
from shared.contract.content import SEALED_ALLOWED, TextRef, contents
from shared.contract.refusal import UNKNOWN_CASE, Refusal, public_refusal
from shared.core.actor import A_PARTY, Role
from shared.storage.json_writer import to_json
from tests.support.samples import rto as s

# The phases in which each command of the samples gives events; everywhere else it is refused by name.
PHASE_3 = {"convened", "monitoring"}
# What restricts is accepted as long as the item is here; where one is not known yet, if another service
# took it in (`test_releases.py`). Archiving drops what nobody confirmed as necessary.
EVER = PHASE_3 | {"collecting", "prepared", "deescalated", "closing"}
ACCEPTED = {
    "RecordItem": {"nothing", "collecting", "prepared"},
    "OpenPreparation": {"nothing", "collecting"},
    "ConveneRto": {"prepared"},
    "ConveneRto of a follow-up": {"monitoring"},
    "ExtendViewingPlan": {"convened"},
    "AcceptInvitation": {"convened"},
    "DeclineInvitation": {"convened"},
    "EndMandate": {"convened"},
    "ContributeItems": {"convened"},
    "ConcludeRto": {"convened"},
    "AskRelease": PHASE_3 | {"prepared"},
    "GiveRelease": PHASE_3 | {"prepared"},
    "RefuseRelease": PHASE_3 | {"prepared"},
    "WithdrawRelease": EVER,
    "LimitItem": EVER,
    "ChangeTerms": EVER,
    "CorrectItem": EVER,
    "WithdrawItem": EVER,
    "OpenRegister": {phase.value for phase in Phase} - {"purged"},
    "AgreeConsentAsking": PHASE_3 | {"collecting", "prepared"},
    "RecordConsent": PHASE_3 | {"collecting", "prepared"},
    "WithdrawConsent": {phase.value for phase in Phase} - {"nothing", "purged"},
    "RecordPlan": {"convened"},
    "ProvideItem": {"monitoring"},
    "OfferDirection": PHASE_3,
    "AcceptDirection": PHASE_3,
    "NameCaseDirector": PHASE_3,
    "DeclineDirection": PHASE_3,
    "ProgressAction": {"monitoring"},
    "PassTerm": PHASE_3 | {"prepared"},
    "LookForLeader": PHASE_3 | {"prepared"},
    "FollowAssignment": {phase.value for phase in Phase} - {"purged"},
    "FollowCleaning": {"deescalated"},
    "FollowArchiving": {"deescalated"},
    "FollowTerms": {phase.value for phase in Phase} - {"purged"},
    "FollowReactivation": {"deescalated", "archived"},
    "FollowClosing": PHASE_3 | {"nothing", "collecting", "prepared", "closing"},
    "PurgeCase": {phase.value for phase in Phase},
}
OF_PARTIES = [x for x in s.COMMANDS if x.by.role in A_PARTY]
OF_THE_DIRECTOR = [x for x in s.COMMANDS if x.by.role is Role.PROCESS_DIRECTOR]
STATES = TypeAdapter(State)


def _name(value: Any) -> str:
    if isinstance(value, Phase):
        return str(value)
    is_follow_up = isinstance(value, c.ConveneRto) and value.meeting.preparation is not None
    return type(value).__name__ + " of a follow-up" * is_follow_up


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", s.COMMANDS, ids=_name)
def test_each_command_in_each_phase_gives_events_or_a_named_refusal(phase: Phase, command: Any) -> None:
    given = s.spec().given(*s.HISTORIES[phase])
    assert s.state(*s.HISTORIES[phase]).phase is phase
    outcome = given.when(command).outcome
    if phase.value in ACCEPTED[_name(command)]:
        assert not isinstance(outcome, Refusal), outcome
        return
    assert isinstance(outcome, Refusal)
    assert re.fullmatch(r"R\d+", outcome.rule)
    assert outcome.article
    assert outcome.sentence.endswith(".")
    if phase in (Phase.NOTHING, Phase.PURGED):
        assert outcome is UNKNOWN_CASE


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", s.COMMANDS, ids=_name)
def test_an_event_moves_the_case_only_as_the_table_says_and_keeps_no_text(phase: Phase, command: Any) -> None:
    outcome = s.spec().given(*s.HISTORIES[phase]).when(command).outcome
    state = s.state(*s.HISTORIES[phase])
    for event in () if isinstance(outcome, Refusal) else outcome:
        after = PROCESS.evolve(state, event)
        assert after.phase is TRANSITIONS.get((state.phase, type(event)), state.phase)
        assert all(isinstance(content, TextRef) or content == "" for content in contents(after))
        list(effects(s.CASE, event, after))
        state = after
    assert STATES.validate_json(to_json(state), context=SEALED_ALLOWED) == state


@pytest.mark.clause(
    "R60.b",
    refused="Wat een partij zonder rol in de casus ook doet, in elke fase krijgt zij hetzelfde antwoord "
    "als bij een casus die niet bestaat.",
)
@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", OF_PARTIES, ids=_name)
def test_an_outsider_is_told_nothing_in_any_phase(phase: Phase, command: Any) -> None:
    """R34, R60: what is refused and what never was sound alike."""
    strange = replace(command, by=s.by_party(s.STRANGER))
    refusal = s.spec().given(*s.HISTORIES[phase]).when(strange).refusal
    assert refusal.status == 404
    assert public_refusal(refusal) is UNKNOWN_CASE


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("command", OF_THE_DIRECTOR, ids=_name)
def test_a_director_of_other_cases_is_told_nothing_in_any_phase(phase: Phase, command: Any) -> None:
    strange = replace(command, by=s.by_director(person_=s.OTHER_DIRECTOR))
    assert s.spec().given(*s.HISTORIES[phase]).when(strange).refusal.status == 404


@pytest.mark.parametrize("phase", [p for p in Phase if p not in (Phase.NOTHING, Phase.PURGED)])
@pytest.mark.parametrize("command", OF_THE_DIRECTOR, ids=_name)
def test_the_director_acts_on_behalf_of_the_leading_party_only(phase: Phase, command: Any) -> None:
    """R72, in whatever phase."""
    for_another = replace(command, by=s.by_director(on_behalf_of=s.POLICE))
    assert isinstance(s.spec().given(*s.HISTORIES[phase]).when(for_another).outcome, Refusal)


def test_of_every_command_it_is_said_where_it_is_accepted() -> None:
    assert {name.split()[0] for name in ACCEPTED} == {command.__name__ for command in get_args(Command)}


def test_every_phase_can_be_left() -> None:
    assert {phase for phase, _ in TRANSITIONS} == set(Phase)


def test_every_refusal_of_the_round_table_stands_in_a_sentence_of_the_tests() -> None:
    """A refusal that no test mentions could be inverted for years."""
    tests = "".join(one.read_text(encoding="utf-8") for one in Path(__file__).parent.glob("test_*.py"))
    names = {name for name, value in vars(refusals).items() if isinstance(value, Refusal)}
    assert {name for name in names if f"r.{name}" not in tests} == set()
