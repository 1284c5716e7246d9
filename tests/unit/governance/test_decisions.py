"""What governance records of the decisions of the organs, in sentences; both sides of each boundary."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from services.governance import commands as c
from services.governance import events as e
from services.governance.accession import is_the_house
from services.governance.decisions import (
    YEARLY,
    Decision,
    DecisionSubject,
    RecordedDecision,
    SubjectKind,
    Votes,
    yearly_documents,
)
from services.governance.effects import effects
from services.governance.main import PROCESS
from services.governance.state import Phase, State
from shared.contract.content import SEALED_ALLOWED
from shared.contract.fields import Step, Theme
from shared.contract.messages.governance import (
    Organ,
    Parameters,
    PolicyDecided,
    SecrecyAcknowledged,
    StepTerm,
)
from shared.contract.parties import Parties, PartyKind
from shared.contract.refusal import Refusal
from shared.core.actor import OPERATOR, Actor, Role
from shared.core.context import DecisionContext, House
from shared.core.effects import Announce
from shared.core.policy import BUILT_IN, TERMS, Policies, Policy
from shared.storage.json_writer import to_json
from tests.support.samples import governance as s
from tests.support.samples import triage
from tests.support.spec import NOBODY, NOW, Spec

TODAY, TOMORROW = NOW.date(), NOW.date() + timedelta(days=1)
GROUPS = (Organ.STEERING_GROUP, Organ.PREPARATORY_GROUP, Organ.SOUNDING_BOARD_GROUP)
SUBJECTS: dict[SubjectKind, DecisionSubject] = {
    SubjectKind.ACCESSION: DecisionSubject(kind=SubjectKind.ACCESSION, parties=(s.VENLO,)),
    SubjectKind.THEMES: DecisionSubject(kind=SubjectKind.THEMES, themes=(Theme.COMPLEX_CASE,)),
    SubjectKind.WORK_PROCESS: DecisionSubject(
        kind=SubjectKind.WORK_PROCESS, parameters=Parameters(closing_days=7)
    ),
    SubjectKind.DATA_PROTECTION: DecisionSubject(
        kind=SubjectKind.DATA_PROTECTION, parameters=Parameters(smallest_cell=10)
    ),
    SubjectKind.SECURITY_POLICY: DecisionSubject(kind=SubjectKind.SECURITY_POLICY),
    SubjectKind.SECURITY_PLAN: DecisionSubject(kind=SubjectKind.SECURITY_PLAN),
}
COMPETENT = {
    SubjectKind.ACCESSION: {Organ.STEERING_GROUP},
    SubjectKind.THEMES: {Organ.STEERING_GROUP},
    SubjectKind.WORK_PROCESS: {Organ.PREPARATORY_GROUP},
    SubjectKind.DATA_PROTECTION: {Organ.PREPARATORY_GROUP},
    SubjectKind.SECURITY_POLICY: {Organ.STEERING_GROUP},
    SubjectKind.SECURITY_PLAN: {Organ.STEERING_GROUP, Organ.MANAGER},
}
REFUSED_AS = {
    SubjectKind.ACCESSION: ("AccessionNotByTheSteeringGroup", "R109"),
    SubjectKind.THEMES: ("ThemesNotByTheSteeringGroup", "R130"),
    SubjectKind.WORK_PROCESS: ("PolicyNotByThePreparatoryGroup", "R121"),
    SubjectKind.DATA_PROTECTION: ("PolicyNotByThePreparatoryGroup", "R121"),
    SubjectKind.SECURITY_POLICY: ("SecurityNotByThisOrgan", "R127"),
    SubjectKind.SECURITY_PLAN: ("SecurityNotByThisOrgan", "R127"),
}


def deciding(
    decided: Decision, replaced: RecordedDecision | None = None, parties: Parties = NOBODY
) -> Spec[State]:
    return replace(s.spec(), parties=parties).when(s.record_decision(replaced, **dict(decided)))


def policy(**parameters: Any) -> Decision:
    kind = SubjectKind.WORK_PROCESS
    return s.policy(subject=DecisionSubject(kind=kind, parameters=Parameters(**parameters)))


def refused(spec: Spec[State]) -> str:
    return spec.refusal.name


def each_competence() -> Iterator[Any]:
    for kind in SubjectKind:
        for organ in Organ:
            yield pytest.param(kind, organ, id=f"{kind}-{organ}")


# --- who decides what --------------------------------------------------------------------------------


@pytest.mark.clause(
    "R109.a", refused="Een besluit over toetreding van een ander orgaan dan de stuurgroep wordt geweigerd."
)
@pytest.mark.clause("R121.b", allowed="De voorbereidingsgroep besluit over de bescherming van gegevens.")
@pytest.mark.clause("R121.b", refused="Een ander orgaan besluit niet over de bescherming van gegevens.")
@pytest.mark.clause("R127.a", allowed="De stuurgroep stelt het beveiligingsbeleid vast.")
@pytest.mark.clause("R127.a", refused="Een ander orgaan stelt het beveiligingsbeleid niet vast.")
@pytest.mark.clause("R130.b", allowed="De stuurgroep besluit over de thema's.")
@pytest.mark.clause("R130.b", refused="Een ander orgaan besluit niet over de thema's.")
@pytest.mark.parametrize(("kind", "organ"), list(each_competence()))
def test_each_subject_is_decided_by_its_own_organ_and_no_other(kind: SubjectKind, organ: Organ) -> None:
    """R109, R121, R127, R130."""
    votes = None if organ is Organ.MANAGER else Votes(in_favour=5)
    outcome = deciding(s.policy(organ=organ, subject=SUBJECTS[kind], votes=votes)).outcome
    if organ in COMPETENT[kind]:
        assert not isinstance(outcome, Refusal)
    else:
        assert isinstance(outcome, Refusal)
        assert (outcome.name, outcome.rule) == REFUSED_AS[kind]


@pytest.mark.clause(
    "R137.a",
    allowed="Over elk onderwerp dat het convenant hier aan een orgaan laat, kan een besluit worden "
    "vastgelegd.",
)
@pytest.mark.clause(
    "R137.a",
    refused="Over een overeenkomst, een aanstelling, een ontslag of huur kan geen besluit worden vastgelegd.",
)
@pytest.mark.parametrize("subject", ["contract", "appointment", "dismissal", "lease", ""])
def test_on_what_the_covenant_leaves_to_nobody_here_no_decision_is_recorded_r137(subject: str) -> None:
    with pytest.raises(ValidationError):
        DecisionSubject.model_validate({"kind": subject})
    for kind in SubjectKind:
        assert DecisionSubject.model_validate({"kind": kind.value}).kind is kind


@pytest.mark.clause(
    "R118.d", allowed="Zijn er meer stemmen voor dan tegen, dan wordt het besluit vastgelegd."
)
@pytest.mark.clause("R118.d", refused="Bij evenveel stemmen voor als tegen wordt het besluit geweigerd.")
def test_a_group_decides_with_more_votes_in_favour_than_against() -> None:
    assert deciding(s.policy(votes=Votes(in_favour=4, against=3, abstained=1))).events
    assert refused(deciding(s.policy(votes=Votes(in_favour=4, against=4)))) == "NotCarried"
    assert refused(deciding(s.policy(votes=None))) == "NotCarried"


def municipalities(count: int, *, since: datetime = NOW - timedelta(days=100)) -> Parties:
    records = (
        triage.record(f"gemeente-{n}", PartyKind.MUNICIPALITY, member_from=since) for n in range(count)
    )
    others = (triage.record(f"partij-{n}") for n in range(20))
    return Parties({one.party: one for one in (*records, *others)})


@pytest.mark.clause("R118.e", allowed="Zoveel stemmen als er gemeenten zijn, worden vastgelegd.")
@pytest.mark.clause("R118.e", refused="Meer stemmen dan er gemeenten zijn, worden geweigerd.")
@pytest.mark.parametrize("votes", [Votes(in_favour=8), Votes(in_favour=5, against=2, abstained=1)])
def test_each_municipality_has_one_vote_and_no_other_party_has_any_r118(votes: Votes) -> None:
    """A13: the first decisions are taken before anybody is on record, by the eight of the covenant."""
    decision = s.policy(votes=votes)
    assert deciding(decision).events
    for more in ({"in_favour": votes.in_favour + 1}, {"abstained": votes.abstained + 1}):
        too_many = decision.model_copy(update={"votes": votes.model_copy(update=more)})
        assert refused(deciding(too_many)) == "MoreVotesThanMunicipalities"
        assert refused(deciding(too_many, parties=municipalities(8))) == "MoreVotesThanMunicipalities"
        assert deciding(too_many, parties=municipalities(9)).events
        later = municipalities(9, since=NOW + timedelta(days=1))
        assert refused(deciding(too_many, parties=later)) == "MoreVotesThanMunicipalities"


def test_the_manager_decides_without_votes() -> None:
    plan = {"subject": SUBJECTS[SubjectKind.SECURITY_PLAN], "organ": Organ.MANAGER}
    assert deciding(s.policy(**plan, votes=None)).events
    assert refused(deciding(s.policy(**plan, votes=Votes(in_favour=1)))) == "ManagerHasNoVotes"


@pytest.mark.clause("R121.a", refused="Een besluit over het werkproces zonder de manager wordt geweigerd.")
@pytest.mark.clause(
    "R121.b", allowed="Over de bescherming van gegevens besluit de voorbereidingsgroep ook zonder de manager."
)
def test_work_processes_take_the_manager_and_data_protection_the_group_alone_r121() -> None:
    assert refused(deciding(s.policy(with_manager=False))) == "WithoutTheManager"
    alone = s.policy(with_manager=False, subject=SUBJECTS[SubjectKind.DATA_PROTECTION])
    assert deciding(alone).events


@pytest.mark.parametrize("kind", list(SubjectKind))
@pytest.mark.parametrize("other", list(SubjectKind))
def test_exactly_what_belongs_to_a_subject_is_filled_in(kind: SubjectKind, other: SubjectKind) -> None:
    mixed = SUBJECTS[other].model_copy(update={"kind": kind})
    organ = max(COMPETENT[kind])
    spec = deciding(s.policy(organ=organ, subject=mixed))
    fits = kind is other or {kind, other} <= set(YEARLY)
    assert fits == (not isinstance(spec.outcome, Refusal))
    assert fits or refused(spec) == "SubjectDoesNotFit"


@pytest.mark.clause("R121.c", refused="Een vastgelegd besluit verandert niet meer.")
def test_a_decision_is_recorded_once_under_its_number_and_never_changes_r121() -> None:
    (recorded,) = s.spec().when(s.record_decision()).events
    decided = s.spec().given(recorded)
    assert decided.state.decision == s.decision()
    assert refused(decided.when(s.record_decision())) == "DecisionKnown"
    assert refused(decided.when(s.record_decision(votes=Votes(in_favour=8)))) == "DecisionKnown"


def test_a_decision_is_recorded_after_it_was_taken_and_in_force_at_the_earliest_then() -> None:
    assert s.spec().when(s.record_decision(taken_on=TODAY, in_force_from=TODAY)).events
    tomorrow = s.spec().when(s.record_decision(taken_on=TOMORROW, in_force_from=TOMORROW))
    assert refused(tomorrow) == "DecisionOutOfOrder"
    before = s.spec().when(s.record_decision(taken_on=TODAY, in_force_from=TODAY - timedelta(days=1)))
    assert refused(before) == "DecisionOutOfOrder"


# --- the day on which it takes force -----------------------------------------------------------------


@pytest.mark.clause(
    "R121.a", allowed="De voorbereidingsgroep besluit samen met de manager over het werkproces."
)
@pytest.mark.clause("R121.c", allowed="Een besluit dat de volgende dag ingaat, wordt vastgelegd.")
@pytest.mark.clause("R121.c", refused="Een besluit dat dezelfde dag nog ingaat, wordt geweigerd.")
def test_policy_takes_force_the_next_day_at_the_earliest_r121() -> None:
    assert deciding(s.policy(in_force_from=TOMORROW)).events
    assert refused(deciding(s.policy(taken_on=TODAY, in_force_from=TODAY))) == "InForceTooSoon"


def test_what_is_recorded_in_the_last_hour_of_a_day_takes_force_a_day_later_r121() -> None:
    """The services hear of it within seconds; nobody is to judge by what is still on its way."""
    command = s.record_decision(**dict(s.policy(taken_on=TODAY, in_force_from=TOMORROW)))

    def at(minute: int, hour: int = 22) -> Any:  # 23 hours in Amsterdam
        now = datetime(TODAY.year, TODAY.month, TODAY.day, hour, minute, tzinfo=UTC)
        return Spec(PROCESS, now=now).when(command)

    assert at(0).events
    assert refused(at(1)) == "InForceTooSoon"


# --- replacing ---------------------------------------------------------------------------------------


@pytest.mark.clause("R121.c", allowed="Een later besluit vervangt het eerdere over hetzelfde onderwerp.")
@pytest.mark.clause(
    "R121.c", refused="Een besluit over een ander onderwerp kan een eerder besluit niet vervangen."
)
def test_a_correction_replaces_the_last_decision_of_its_kind_from_tomorrow_on_r121() -> None:
    first, number = RecordedDecision(s.decision()), "SG-2026-1"
    second = s.decision(number=number, replaces=s.ACCESSION, in_force_from=TOMORROW)
    assert deciding(second, first).events
    assert refused(deciding(second, None)) == "UnknownDecision"
    today = second.model_copy(update={"in_force_from": TODAY})
    assert refused(deciding(today, first)) == "InForceTooSoon"
    assert refused(deciding(second, RecordedDecision(s.decision(), TODAY))) == "DecisionReplaced"
    assert refused(deciding(second, RecordedDecision(s.policy()))) == "ReplacesAnotherSubject"


# --- policy ------------------------------------------------------------------------------------------


def published(decided: Decision, at: datetime = NOW) -> PolicyDecided:
    event = e.DecisionRecorded(decided, at)
    (effect,) = effects("decision", event, s.spec().given(event).state)
    assert isinstance(effect, Announce) and isinstance(effect.message, PolicyDecided)
    return effect.message


def test_policy_is_told_to_the_services_and_who_accedes_is_not() -> None:
    assert published(s.policy()).parameters == Parameters(closing_days=21)
    accession = e.DecisionRecorded(s.decision(), NOW)
    assert list(effects("decision", accession, s.spec().given(accession).state)) == []


def test_silence_ends_the_same_steps_as_before_r121() -> None:
    def term(step: Step, end: int | None) -> Decision:
        return policy(terms=(StepTerm(step=step, remind=7, tell=7, again=7, end=end),))

    assert deciding(term(Step.SCREENING, 56)).events
    assert refused(deciding(term(Step.SCREENING, None))) == "TermEndsOtherwise"
    assert deciding(term(Step.MONITORING, None)).events
    assert refused(deciding(term(Step.MONITORING, 56))) == "TermEndsOtherwise"
    twice = policy(terms=term(Step.SCREENING, 56).subject.parameters.terms * 2)  # type: ignore[union-attr]
    assert refused(deciding(twice)) == "SubjectDoesNotFit"


@pytest.mark.clause(
    "R121.e", allowed="De termijnen van zes en twaalf maanden kunnen bij besluit korter worden."
)
@pytest.mark.clause(
    "R121.e", refused="De termijnen van zes en twaalf maanden kunnen bij besluit niet langer worden."
)
@pytest.mark.parametrize(("name", "longest"), [("archive_after_months", 6), ("destroy_after_months", 12)])
def test_phase_4_can_be_made_shorter_and_never_longer_r88_r91(name: str, longest: int) -> None:
    assert Parameters(**{name: longest}).given == {name}
    with pytest.raises(ValueError, match=name):
        Parameters(**{name: longest + 1})


# --- accession ---------------------------------------------------------------------------------------


@pytest.mark.clause(
    "R109.a", allowed="Met een besluit van de stuurgroep dat haar noemt, wordt de organisatie partij."
)
@pytest.mark.clause("R109.a", refused="Zonder een besluit dat haar noemt, wordt de organisatie geen partij.")
def test_nobody_becomes_a_party_without_a_decision_of_the_steering_group_on_it_r109() -> None:
    assert s.spec().when(s.record_signatory()).events
    assert refused(s.spec().when(s.record_signatory(undecided=True))) == "UnknownDecision"
    other = RecordedDecision(s.decision(parties=(s.POLICE,)))
    assert refused(s.spec().when(s.record_signatory(decided=other))) == "DecisionNotOnThisParty"
    another = RecordedDecision(s.policy())
    assert refused(s.spec().when(s.record_signatory(decided=another))) == "DecisionNotOnThisParty"


@pytest.mark.clause(
    "R109.a", refused="Op een besluit dat nog niet geldt of is vervangen, wordt de organisatie geen partij."
)
def test_nobody_becomes_a_party_before_the_decision_is_in_force_or_once_it_is_replaced_r109() -> None:
    member_from = NOW - timedelta(days=30)

    def on(day: date, replaced_from: date | None = None) -> Spec[State]:
        decided = RecordedDecision(s.decision(in_force_from=day), replaced_from)
        return s.spec().when(s.record_signatory(decided=decided, member_from=member_from))

    assert on(member_from.date()).events
    assert refused(on(member_from.date() + timedelta(days=1))) == "DecisionNotInForce"
    assert on(member_from.date(), TOMORROW).events
    assert refused(on(member_from.date(), TODAY)) == "DecisionNotInForce"


def test_a_membership_from_before_there_were_decisions_goes_on() -> None:
    """As the version before stored it: without a decision, and with an officer who has no name."""
    stored = json.loads(to_json(s.spec().given(s.RECORDED, s.GRANTED).state))
    for later in ("rests_on", "decision", "account", "recorded_at"):
        del stored[later]
    del stored["form"]["officer_name"], stored["form"]["chair_name"]
    state = TypeAdapter(State).validate_json(json.dumps(stored), context=SEALED_ALLOWED)
    assert state.form is not None
    assert (state.rests_on, state.form.officer_name, state.form.chair_name) == ("", None, None)
    assert Spec(PROCESS, state).when(s.accept()).events


def test_a_membership_says_on_which_decision_it_rests_r109() -> None:
    (recorded,) = s.spec().when(s.record_signatory()).events
    assert s.spec().given(recorded).state.rests_on == s.ACCESSION


HOUSE = House("noord-limburg", "urn:nld:oin:00000099000000001000:systeem:zvh")


@pytest.mark.parametrize(
    "said",
    [
        "noord-limburg",
        "zvh",
        "zvh-noord-limburg",
        "zorg-en-veiligheidshuis-noord-limburg",
        "Zorg- en Veiligheidshuis Noord-Limburg",
        "ZORG EN VEILIGHEIDSHUIS",
        "Stichting Veiligheidshuis Noord Limburg",
    ],
)
def test_the_house_is_known_by_its_id_and_by_its_name_r124(said: str) -> None:
    assert is_the_house(said, "noord-limburg")
    assert is_the_house(said, "zvh-noord-limburg")


@pytest.mark.parametrize(
    "said",
    [
        "gemeente-venlo",
        "zvh-midden-limburg",
        "Zorg- en Veiligheidshuis Twente",
        "veiligheidsregio",
        "",
        "politie",
    ],
)
def test_another_house_or_organisation_is_not_this_house_r124(said: str) -> None:
    assert not is_the_house(said, "noord-limburg")


@pytest.mark.clause("R124.a", allowed="Een andere organisatie kan partij worden.")
@pytest.mark.clause(
    "R124.a", refused="Het huis zelf kan geen partij worden, niet met zijn naam, nummer of afzender."
)
@pytest.mark.parametrize(
    "itself",
    [
        {"party": "zvh-noord-limburg"},
        {"form": s.sealed_form(name="Zorg- en Veiligheidshuis Noord-Limburg")},
        {"source": f"{HOUSE.source}-intake"},
    ],
    ids=["id", "name", "source"],
)
def test_the_house_itself_is_never_registered_as_a_party_r124(itself: dict[str, Any]) -> None:
    context = DecisionContext(NOW, NOBODY, house=HOUSE)
    outcome = PROCESS.decide(State(), s.record_signatory(**itself), context)
    assert isinstance(outcome, Refusal)
    assert (outcome.name, outcome.rule) == ("HouseIsNoParty", "R124")
    assert not isinstance(PROCESS.decide(State(), s.record_signatory(), context), Refusal)


# --- what is renewed every year ----------------------------------------------------------------------


@pytest.mark.clause("R127.b", allowed="Tot een jaar na het besluit is het beveiligingsbeleid op tijd.")
@pytest.mark.clause(
    "R127.b", refused="Een jaar na het besluit, of zonder besluit, is het beveiligingsbeleid te laat."
)
def test_a_yearly_document_is_overdue_a_year_after_the_last_and_without_one_r127() -> None:
    document = s.policy(
        number="SG-2025-4",
        subject=SUBJECTS[SubjectKind.SECURITY_POLICY],
        in_force_from=date(2025, 3, 2),
    )
    eve, day = yearly_documents([document], date(2026, 3, 1)), yearly_documents([document], date(2026, 3, 2))
    assert [(one.kind, one.overdue) for one in eve] == [
        (SubjectKind.SECURITY_POLICY, False),
        (SubjectKind.SECURITY_PLAN, True),
    ]
    assert (day[0].overdue, day[0].due_on, day[0].decision) == (True, date(2026, 3, 2), "SG-2025-4")


# --- the policy of a day -----------------------------------------------------------------------------


def record(number: str, day: date, **more: Any) -> PolicyDecided:
    given: dict[str, Any] = {
        "number": number,
        "organ": Organ.PREPARATORY_GROUP,
        "in_force_from": day,
        "recorded_at": NOW,
    }
    return PolicyDecided(**(given | more))


def closing(days: int) -> Parameters:
    return Parameters(closing_days=days)


@pytest.mark.clause(
    "R121.f", refused="Zonder besluit blijft elke waarde die het convenant open laat, zoals zij is."
)
def test_without_a_decision_the_policy_is_the_built_in_one() -> None:
    assert Policies().at(NOW) is BUILT_IN
    assert Policies((record("VG-2026-1", TOMORROW, parameters=closing(7)),)).of_day(TODAY) == BUILT_IN


EVERYTHING: dict[str, Any] = {
    "closing_days": 1,
    "longest_postponement_days": 1,
    "query_reminder_days": 1,
    "query_extension_days": 1,
    "confirmation_days": 1,
    "terms": tuple(
        StepTerm(step=step, remind=3, tell=3, again=3, end=TERMS[step].end and 3) for step in Step
    ),
    "archive_after_months": 1,
    "destroy_after_months": 2,
    "smallest_cell": 9,
    "strangers_logged_days": 30,
    "known_check_days": 1,
    "leader_looked_for_days": 2,
    "direction_accepted_days": 1,
    "without_table_days": 1,
}


@pytest.mark.clause(
    "R121.f", allowed="Elke waarde die het convenant open laat, is bij besluit te veranderen."
)
def test_all_that_is_left_open_is_changed_by_a_decision_r121() -> None:
    assert set(EVERYTHING) == set(Parameters.model_fields)
    decided = record("VG-2026-1", TOMORROW, parameters=Parameters(**EVERYTHING), themes=(Theme.COMPLEX_CASE,))
    before, then = (vars_of(Policies((decided,)).of_day(day)) for day in (TODAY, TOMORROW))
    assert before == vars_of(BUILT_IN)
    assert {name for name in then if then[name] == before[name]} == {"profile"}


@pytest.mark.parametrize("name", sorted(EVERYTHING))
def test_each_is_decided_on_alone_r121(name: str) -> None:
    decided = record("VG-2026-1", TOMORROW, parameters=Parameters(**{name: EVERYTHING[name]}))
    then, before = vars_of(Policies((decided,)).of_day(TOMORROW)), vars_of(BUILT_IN)
    changed = {one for one in then if then[one] != before[one]}
    assert changed == ({"archive_after_months", name} if name == "destroy_after_months" else {FIELDS[name]})


FIELDS = {
    "closing_days": "closing_term",
    "longest_postponement_days": "longest_postponement",
    "query_reminder_days": "query_reminder",
    "query_extension_days": "query_extension",
    "confirmation_days": "confirmation_within",
    "terms": "terms",
    "archive_after_months": "archive_after_months",
    "destroy_after_months": "destroy_after_months",
    "smallest_cell": "smallest_cell",
    "strangers_logged_days": "strangers_logged_for",
    "known_check_days": "known_check_term",
    "leader_looked_for_days": "leader_looked_for",
    "direction_accepted_days": "direction_accepted_within",
    "without_table_days": "without_table_after",
}


def vars_of(policy: Policy) -> dict[str, Any]:
    """Its fields by name."""
    return {one.name: getattr(policy, one.name) for one in fields(policy)}


@pytest.mark.clause(
    "R121.d", allowed="Wat op de dag van een nieuw beleid binnenkomt, wordt daarnaar beoordeeld."
)
@pytest.mark.clause(
    "R121.d", refused="Wat een dag eerder binnenkwam, wordt niet naar het nieuwe beleid beoordeeld."
)
def test_a_message_is_judged_by_the_policy_of_the_day_on_which_it_was_received_r121() -> None:
    policies = Policies((record("VG-2026-1", TOMORROW, parameters=closing(7)),))
    midnight = datetime(2026, 3, 2, 23, tzinfo=UTC)  # in Amsterdam the next day begins
    assert policies.at(midnight - timedelta(microseconds=1)).closing_term == timedelta(days=14)
    assert policies.at(midnight).closing_term == timedelta(days=7)


def test_each_decision_changes_what_it_names_and_nothing_else_whatever_the_order_they_come_in() -> None:
    first = record("VG-2026-1", date(2026, 4, 1), parameters=closing(7))
    second = record("VG-2026-2", date(2026, 5, 1), parameters=Parameters(smallest_cell=9))
    third = record("SG-2026-1", date(2026, 6, 1), themes=(Theme.TRAFFICKING,))
    for decided in ((first, second, third), (third, second, first)):
        june = Policies(decided).of_day(date(2026, 6, 1))
        assert (june.closing_term, june.smallest_cell) == (timedelta(days=7), 9)
        assert june.themes == {Theme.TRAFFICKING}
        assert june.terms == BUILT_IN.terms
        assert Policies(decided).of_day(date(2026, 4, 30)).smallest_cell == BUILT_IN.smallest_cell


def test_nothing_is_archived_later_than_it_is_destroyed_r88_r91() -> None:
    soon = record("VG-2026-1", date(2026, 4, 1), parameters=Parameters(destroy_after_months=3))
    back = record("VG-2026-2", date(2026, 5, 1), parameters=Parameters(destroy_after_months=12))
    policies = Policies((soon, back))
    april, may = policies.of_day(date(2026, 4, 1)), policies.of_day(date(2026, 5, 1))
    assert (april.archive_after_months, april.destroy_after_months) == (3, 3)
    assert (may.archive_after_months, may.destroy_after_months) == (6, 12)


def test_a_decision_that_is_replaced_before_its_day_never_takes_force_r121() -> None:
    planned = record("VG-2026-1", date(2026, 7, 1), parameters=closing(7))
    back = record("VG-2026-2", date(2026, 4, 1), parameters=Parameters(smallest_cell=9), replaces="VG-2026-1")
    policies = Policies((planned, back))
    assert policies.of_day(date(2026, 7, 1)).closing_term == BUILT_IN.closing_term
    assert policies.of_day(date(2026, 3, 31)) == BUILT_IN


def test_a_decision_counts_until_the_day_on_which_another_replaces_it_r121() -> None:
    first = record("VG-2026-1", date(2026, 4, 1), parameters=closing(7))
    second = record(
        "VG-2026-2", date(2026, 5, 1), parameters=Parameters(smallest_cell=9), replaces="VG-2026-1"
    )
    policies = Policies((second, first))
    assert policies.of_day(date(2026, 4, 30)).closing_term == timedelta(days=7)
    assert policies.of_day(date(2026, 5, 1)).closing_term == BUILT_IN.closing_term


def test_of_two_that_begin_on_one_day_the_one_recorded_last_has_the_last_word() -> None:
    first = record("VG-2026-2", TOMORROW, parameters=closing(7))
    later = record("VG-2026-1", TOMORROW, parameters=closing(9), recorded_at=NOW + timedelta(hours=1))
    assert Policies((later, first)).of_day(TOMORROW).closing_term == timedelta(days=9)


# --- secrecy -----------------------------------------------------------------------------------------


def test_an_account_acknowledges_secrecy_once_and_says_so_r126() -> None:
    (acknowledged,) = s.spec().when(s.acknowledge()).events
    assert acknowledged == e.SecrecyAcknowledged(s.DIRECTOR, None, NOW)
    assert s.spec().given(acknowledged).when(s.acknowledge()).events == ()
    refusal = s.spec().when(s.acknowledge(secrecy=False)).refusal
    assert (refusal.name, refusal.rule) == ("SecrecyNotStated", "R126")
    assert refused(s.spec().given(s.RECORDED).when(s.acknowledge())) == "NoAccount"


def test_a_worker_acknowledges_for_its_party_and_the_services_hear_of_it_r126() -> None:
    worker = Actor(Role.PARTY_WORKER, party=s.VENLO, person="person-worker")
    (acknowledged,) = s.spec().when(s.acknowledge(worker)).events
    (effect,) = effects("account", acknowledged, s.spec().given(acknowledged).state)
    told = SecrecyAcknowledged(person="person-worker", party=s.VENLO, acknowledged_at=NOW)
    assert effect == Announce(told)


@pytest.mark.parametrize("phase", [Phase.DECIDED, Phase.ACKNOWLEDGED, Phase.MEMBER])
def test_every_register_is_published_anew_for_a_service_that_lost_it_r121_r126(phase: Phase) -> None:
    given = s.spec().given(*s.HISTORIES[phase])
    (anew,) = given.when(c.PublishAnew(by=OPERATOR)).events
    assert [type(x) for x in effects("one", anew, given.given(anew).state)] == [Announce]
