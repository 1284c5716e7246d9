"""A case stored by the version before this one is read, and decided on as it was then."""

import json
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from services.triage.record import Asked
from services.triage.state import State
from services.triage.viewing import may_view
from shared.contract.content import SEALED_ALLOWED
from shared.core.actor import Role
from shared.core.viewing import Allowed, Viewer
from shared.storage.json_writer import to_json
from tests.support.samples import triage as s
from tests.support.spec import NOW, looking

NEW = {
    "contains_special",
    "passed_test",
    "picture",
    "without_queries",
    "referrer_estimate",
    "address_reason",
    "drawn_from",
    "shareable_in_query",
    "first_term",
    "clarifications",
    "extensions",
    "secrets",
    "estimates",
    "referrers_own",
    "to_decide",
}


def as_before(stored: Any) -> Any:
    """What was stored then: without the members that are new, wherever they stand."""
    if isinstance(stored, dict):
        return {name: as_before(inner) for name, inner in stored.items() if name not in NEW}
    return [as_before(inner) for inner in stored] if isinstance(stored, list) else stored


def test_a_state_of_before_goes_on_without_picture_and_with_its_queries_readable() -> None:
    stored = json.dumps(as_before(json.loads(to_json(s.spec().given(*s.IN_PREPARATION).state))))
    state = TypeAdapter(State).validate_json(stored, context=SEALED_ALLOWED)
    assert state.conclusion is not None
    assert (state.conclusion.picture, state.conclusion.without_queries) == (None, None)
    assert {(query.contains_special, query.passed_test) for query in state.queries} == {(False, False)}
    police = Viewer(Role.PARTY_WORKER, "worker", s.POLICE)
    assert isinstance(may_view(police, s.ASKED_POLICE.query, state, looking(s.parties())), Allowed)
    prepared = s.spec().given(*s.IN_PREPARATION).process.decide(state, s.prepare(), looking(s.parties()))
    assert isinstance(prepared, tuple)


def test_a_query_of_before_waits_is_asked_about_and_extended_r31() -> None:
    stored = as_before(json.loads(to_json(s.spec().given(s.OPENED, s.ASKED_CARE).state)))
    for query in stored["queries"]:
        del query["reply_before"]
    given = s.spec().given(s.OPENED)
    state = TypeAdapter(State).validate_json(json.dumps(stored), context=SEALED_ALLOWED)
    given = replace(given, state=state)
    asked = given.given(*given.when(s.ask_clarification()).events)
    asked = asked.given(*asked.when(s.ask_extension()).events)
    told = asked.given(*asked.when(s.clarify(s.TO_CARE)).events)
    (query,) = told.given(*told.when(s.decide_extension(s.TO_CARE)).events).state.queries
    assert (query.term, query.first_term) == (s.LATER, None)


def test_a_query_of_before_says_why_and_no_more() -> None:
    row = Asked(s.CASE, s.POLICE, NOW, s.ASKED_POLICE.query, s.ASKED_POLICE.choice)
    stored = as_before(json.loads(to_json(row)))
    stored["choice"] |= {"contains_special": False}
    asked = TypeAdapter(Asked).validate_json(json.dumps(stored), context=SEALED_ALLOWED)
    assert asked.choice.reason == s.ASKED_POLICE.choice.reason
    assert (asked.choice.referrer_estimate, asked.choice.address_reason) == (None, None)
    assert asked.choice.drawn_from == ()
