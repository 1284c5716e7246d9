"""The reading policy against the second, independently written one, on random histories."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.rto import commands as c
from services.rto.main import PROCESS
from services.rto.state import Phase, State
from services.rto.viewing import may_view
from shared.contract.fields import Category
from shared.contract.messages import rto as m
from shared.contract.refusal import Refusal
from shared.core.actor import Role
from shared.core.context import DecisionContext
from shared.core.viewing import Allowed, Viewer
from tests.support.samples import rto as s
from tests.support.spec import NOW, looking
from tests.unit.rto.policy import sees

RTOS = (s.RTO, s.SECOND_RTO)
PARTIES = (*s.AT_THE_TABLE, s.STRANGER)
ITEMS = (s.FREE, s.WITHHELD, s.SPECIAL, s.SILENT, s.RENT, s.NEW)
FOR_RTO = {"use": m.Use.RTO}

a_party = st.sampled_from(PARTIES)
an_item = st.sampled_from(ITEMS)
an_rto = st.sampled_from(RTOS)
delegates = st.sampled_from(("first", "second"))
by_director = st.sampled_from((s.by_director(), s.by_director(s.CARE)))

meetings = st.builds(
    lambda rto, some, entries: s.meeting(
        rto,
        preparation=s.follow_up() if rto == s.SECOND_RTO else None,
        participants=tuple(s.participant(p, passed_processing_test=p == s.HOUSING) for p in sorted(some)),
        viewing_plan=tuple(s.entry(item, party) for item, party in entries),
    ),
    an_rto,
    st.sets(a_party),
    st.lists(st.tuples(an_item, a_party), max_size=2),
)
conclusions = st.builds(
    lambda outcome, items: s.conclusion(outcome=outcome, monitoring_items=tuple(sorted(items))),
    st.sampled_from((m.RtoOutcome.APPROACH_AND_MONITORING, *m.RtoOutcome)),
    st.sets(an_item, max_size=4),
)
an_action = st.sampled_from((s.TREAT, s.ARRANGE, s.AFTERCARE))
plans = st.builds(
    lambda actions, ends, some: s.plan(
        actions=tuple(s.action(a, p) for a, p in actions),
        ends=tuple(sorted(ends)),
        parts=tuple(map(s.part, some)),
    ),
    st.lists(st.tuples(an_action, st.sampled_from((s.CARE, s.HOUSING))), max_size=1),
    st.sets(an_action, max_size=1),
    st.sampled_from((s.AT_THE_TABLE, s.AT_THE_TABLE[1:])),
)
contributions = st.builds(
    lambda item, shareable, withheld, hidden: s.own_item(
        item, shareable_at_rto=shareable, withheld_from=withheld, hidden_from_director=hidden
    ),
    an_item,
    st.booleans(),
    st.sampled_from(((), (s.CARE,), (s.POLICE, s.HOUSING))),
    st.booleans(),
)
COMMANDS = st.one_of(
    st.builds(
        lambda item, party, category: c.RecordItem(
            by=s.BY_TRIAGE, item=s.item(item, party, category=category)
        ),
        an_item,
        a_party,
        st.sampled_from(Category),
    ),
    st.builds(lambda by, meeting: c.ConveneRto(by=by, meeting=meeting), by_director, meetings),
    st.builds(lambda by, rto: c.ConveneRto(by=by, meeting=s.meeting(rto)), by_director, an_rto),
    st.builds(
        lambda by: c.ConveneRto(by=by, meeting=s.meeting(s.SECOND_RTO, preparation=s.follow_up())),
        by_director,
    ),
    st.builds(
        lambda by, item, party: c.ExtendViewingPlan(by=by, entries=(s.entry(item, party),)),
        by_director,
        an_item,
        a_party,
    ),
    st.builds(
        lambda party, rto, who: c.AcceptInvitation(
            by=s.by_party(party), rto_id=rto, delegate=who, mandate=True
        ),
        a_party,
        an_rto,
        delegates,
    ),
    st.builds(lambda party, rto: c.DeclineInvitation(by=s.by_party(party), rto_id=rto), a_party, an_rto),
    st.builds(
        lambda party, rto, item: c.ContributeItems(by=s.by_party(party), rto_id=rto, items=(item,)),
        a_party,
        an_rto,
        contributions,
    ),
    st.builds(
        lambda by, rto, what: c.ConcludeRto(by=by, rto_id=rto, conclusion=what),
        by_director,
        an_rto,
        conclusions,
    ),
    st.builds(
        lambda party, item: c.GiveRelease(
            by=s.by_party(party), release=m.ReleaseGiven(item_id=item, **FOR_RTO)
        ),
        a_party,
        an_item,
    ),
    st.builds(
        lambda party, item: c.RefuseRelease(
            by=s.by_party(party), refusal=m.ReleaseRefused(item_id=item, **FOR_RTO)
        ),
        a_party,
        an_item,
    ),
    st.builds(lambda party, item: c.WithdrawRelease(by=s.by_party(party), item_id=item), a_party, an_item),
    st.builds(
        lambda party, item, other: c.LimitItem(by=s.by_party(party), item_id=item, withheld_from=(other,)),
        a_party,
        an_item,
        a_party,
    ),
    st.builds(lambda by, plan: c.RecordPlan(by=by, plan=plan), by_director, plans),
    st.builds(
        lambda party, item, to, action: c.GiveRelease(
            by=s.by_party(party), release=s.release(item_id=item, recipient=to, action_id=action)
        ),
        a_party,
        an_item,
        st.sampled_from((s.CARE, s.HOUSING)),
        an_action,
    ),
    st.builds(lambda by, party: c.OfferDirection(by=by, party=party), by_director, a_party),
    st.builds(s.accepting, a_party),
    st.sampled_from(
        (
            c.FollowCleaning(by=s.BY_RETENTION, kept_items=(s.FREE,)),
            c.FollowClosing(by=s.BY_TRIAGE),
            c.FollowAssignment(by=s.BY_INTAKE, team=s.TEAM),
            c.PurgeCase(by=s.BY_RETENTION, case_id=s.CASE),
        )
    ),
)
VIEWERS = (
    *(Viewer(Role.PARTY_WORKER, who, party) for party in PARTIES for who in ("first", "second")),
    *(Viewer(Role.PARTY_WORKER, s.worker(party), party) for party in PARTIES),
    *(Viewer(Role.PROCESS_DIRECTOR, s.DIRECTOR, on_behalf_of=party) for party in (*PARTIES, None)),
    Viewer(Role.PROCESS_DIRECTOR, s.OTHER_DIRECTOR, on_behalf_of=s.VENLO),
    Viewer(Role.PROCESS_DIRECTOR, s.TEAM.director, on_behalf_of=s.VENLO),
    Viewer(Role.SUPPORT_WORKER, "another", on_behalf_of=s.VENLO),
    *(Viewer(Role.SUPPORT_WORKER, "support", on_behalf_of=party) for party in PARTIES),
    Viewer(Role.MANAGER, "manager", on_behalf_of=s.VENLO),
    Viewer(Role.PRIVACY_OFFICER, "privacy"),
)
STARTS = st.sampled_from([s.HISTORIES[phase] for phase in Phase] + [s.SEATED, s.INVITED, s.FOLLOWED, s.AGAIN])


def played(start: tuple[Any, ...], commands: list[Any]) -> tuple[list[Any], State]:
    """What happens when these are asked one after another; refused ones change nothing."""
    history, state, moment = list(start), s.state(*start), DecisionContext(NOW, s.parties())
    for command in commands:
        outcome = PROCESS.decide(state, command, moment)
        for event in () if isinstance(outcome, Refusal) else outcome:
            state = PROCESS.evolve(state, event)
            history.append(event)
    return history, state


@settings(max_examples=300, deadline=None)
@given(STARTS, st.lists(COMMANDS, max_size=14))
def test_both_policies_agree_on_every_viewer_and_item(start: tuple[Any, ...], commands: list[Any]) -> None:
    """R23, R42, R44, R49, R59, R61, R62, R64, R65, R66, R72, R79, R102, A12, A17."""
    history, state = played(start, commands)
    for viewer in VIEWERS:
        for item in state.items:
            verdict = may_view(viewer, item, state, looking(s.parties()))
            assert isinstance(verdict, Allowed) == sees(history, viewer, item.item_id), (
                viewer,
                item.item_id,
                verdict,
            )


@settings(max_examples=150, deadline=None)
@given(STARTS, st.lists(COMMANDS, max_size=14))
def test_whoever_sees_an_item_may_see_the_case(start: tuple[Any, ...], commands: list[Any]) -> None:
    """The case is looked at first: an item behind a denied case would never be shown."""
    _, state = played(start, commands)
    for viewer in VIEWERS:
        if any(
            isinstance(may_view(viewer, item, state, looking(s.parties())), Allowed) for item in state.items
        ):
            assert isinstance(may_view(viewer, None, state, looking(s.parties())), Allowed), viewer
