"""Derive what follows from known-checks: what is logged, and what other houses and parties are sent."""

from collections.abc import Iterable
from typing import TypeAlias, assert_never

from services.intake import events as e
from services.intake.checks import IncomingCheck
from services.intake.state import State
from shared.contract.messages import known_check as k
from shared.core.actor import Role
from shared.core.disclosure import of_leader
from shared.core.effects import NO_CASE, Effect, ForgetCase, LogLook, SetTimer, ToParty
from shared.core.viewing import Allowed, Denied, Viewer

ANSWER_HOUSE = "known-check"  # timer: the term of a check of another house has come
LABEL = "known-check"
NOT_TOLD = Denied("R39", "B3-F2")

KnownEvent: TypeAlias = e.KnownCheckDone | e.HouseCheckTaken | e.LeaderConsulted | e.HouseCheckAnswered


def effects(case_id: str, event: KnownEvent, state: State) -> Iterable[Effect]:
    """Return what follows from an event; `state` is the state after it."""
    match event:
        case e.KnownCheckDone():
            return [*_logged(event), *_asked_elsewhere(case_id, event, state)]
        case e.HouseCheckTaken(check=check):
            return [SetTimer(ANSWER_HOUSE, "", check.answer_at)]
        case e.LeaderConsulted():
            return [_consultation(event, state.check)] if state.check else []
        case e.HouseCheckAnswered():
            return [_answer(event), _logged_of_house(event), ForgetCase()]
        case _:
            assert_never(event)


def _logged(event: e.KnownCheckDone) -> Iterable[LogLook]:
    """Log the check, with its necessity, of the case that asks and of each that is found (R13, R129)."""
    check = event.check
    viewer = Viewer(Role.PROCESS_DIRECTOR, event.director, None, event.on_behalf_of)
    label, why = f"{LABEL}/{check.person_id}", check.necessity.value
    yield LogLook(viewer, label, Allowed(event.rule, event.on_behalf_of), why)
    for case_id, leader in event.found:
        yield LogLook(viewer, LABEL, Allowed(event.rule, leader), why, case_id)


def _asked_elsewhere(case_id: str, event: e.KnownCheckDone, state: State) -> Iterable[ToParty]:
    """Ask another house, in the name of who leads; name and date of birth leave only sealed to it (R39)."""
    check, mandate = event.check, state.mandate
    if check.house is None or check.answer_by is None or mandate is None:
        return
    person = next(one for one in state.persons if one.person_id == check.person_id)
    asked = k.KnownCheckAsked(
        check_id=check.check_id,
        case_id=case_id,
        on_behalf_of=mandate.party,
        acting_body=mandate.acting_body or "",
        task=mandate.task,
        necessity=check.necessity,
        name=person.name,
        date_of_birth=person.date_of_birth,
    )
    yield ToParty(check.house, asked, discloses=of_leader(f"{LABEL}/{check.person_id}", mandate, "R38"))


def _consultation(event: e.LeaderConsulted, check: IncomingCheck) -> ToParty:
    """Ask the leading party whether the check may be answered (R39)."""
    assert check.necessity is not None  # noqa: S101 - one without was refused
    asked = k.KnownCheckConsultationAsked(
        case_id=event.case_id,
        person_id=event.person_id,
        house=check.house,
        on_behalf_of=check.on_behalf_of,
        task=check.task,
        necessity=check.necessity,
        reply_before=check.answer_at,
    )
    return ToParty(event.party, asked)


def _answer(event: e.HouseCheckAnswered) -> ToParty:
    """Answer another house under its own number; nothing is left here that it would be about (R39)."""
    check = event.check
    answered = k.KnownCheckAnswered(check_id=check.check_id, answer=event.answer, director=event.director)
    return ToParty(check.house, answered, after_erasure=True, about=check.case_id)


def _logged_of_house(event: e.HouseCheckAnswered) -> LogLook:
    """Log what another house was told of the case that was found; of no case that it asked (R129)."""
    check = event.check
    viewer = Viewer(Role.PARTY, "", check.house)
    told = event.answer is k.KnownAnswer.YES and event.found is not None
    case_id, leader = event.found or (NO_CASE, "")
    why = check.necessity.value if check.necessity else None
    return LogLook(viewer, LABEL, Allowed("R39", leader) if told else NOT_TOLD, why, case_id)
