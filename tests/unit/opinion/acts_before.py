"""Try what is done before there is a table: referral, screening, triage, preparation."""

from typing import Any

from services.intake import commands as i
from services.intake.state import Phase
from services.triage import commands as t
from shared.contract.fields import InformMoment, Theme
from shared.contract.messages import triage as tm
from shared.contract.messages.intake import ReferralSubmitted, ScreeningOutcome
from tests.unit.opinion import cast
from tests.unit.opinion.cast import PARTIES, PERSONS, bodies, number
from tests.unit.opinion.house import CASE
from tests.unit.opinion.play import A_DAY, CRITERIA, PICTURE, Play, X, invitee, person


def refer(play: Play) -> None:
    party = play.referrer
    may_use = party in (cast.VENLO, cast.POLICE)
    persons = tuple(person(one, numbered=may_use and play.likely(0.7)) for one in PERSONS)
    referral = ReferralSubmitted.model_construct(
        referral_id=number(4, 1),
        task="Wmo",
        acting_body=bodies(party)[0],
        theme=Theme.COMPLEX_CASE,
        basis="AVG art. 6",
        criteria=CRITERIA,
        weighing=X,
        persons=persons,
        items=(*play.items(party), play.item(party)),
        informed_beforehand=tuple(one for one in PERSONS if play.likely(0.2)),
        referrer_name=X,
    )
    play.ask("intake", i.SubmitReferral(by=play.party(party), case_id=CASE, referral=referral))


def consult(play: Play) -> None:
    play.ask("intake", i.ConfirmConsultation(by=play.party(play.referrer)))


def screen(play: Play) -> None:
    if play.state("intake").phase is Phase.RECEIVED and play.likely(0.8):
        return consult(play)
    outcome = ScreeningOutcome.TAKEN_UP if play.likely(0.95) else ScreeningOutcome.NOT_TAKEN_UP
    play.ask("intake", i.ScreenReferral(by=play.director(), outcome=outcome, reason=X, weighing=X))
    return None


def assign_director(play: Play) -> None:
    play.ask("intake", i.AssignDirector(by=play.manager(), person=play.one(cast.DIRECTORS), reason=X))


def assign_support(play: Play) -> None:
    now = play.state("intake").support_workers
    instead = play.one(now) if now and play.likely(0.5) else None
    person = play.one(cast.SUPPORTERS) if instead is None or play.likely(0.6) else None
    play.ask("intake", i.AssignSupport(by=play.manager(), person=person, instead_of=instead, reason=X))


def withdraw_referral(play: Play) -> None:
    """Who leads stops, the referrer as a rule; it is not raced with what ends the case elsewhere."""
    play.house.deliver_all()
    leader = play.story.leader or play.referrer
    party = leader if play.likely(0.8) else play.referrer
    play.ask("intake", i.WithdrawReferral(by=play.party(party), reason=X))
    play.house.deliver_all()


def inform(play: Play) -> None:
    """Who owes it, leads, or directs on its behalf informs somebody, or puts that off."""
    still = [duty for duty in play.state("intake").owed if duty.is_open]
    if not still:
        return
    duty = play.one(still)
    by = play.director() if play.likely(0.3) else play.party(play.one((duty.debtor, play.story.leader)))
    named = duty.id if play.likely(0.7) else None
    about: dict[str, Any] = {"person_id": duty.addressee, "moment": InformMoment(duty.kind), "duty": named}
    if play.likely(0.75):
        play.ask("intake", i.RecordInforming(by=by, **about))
    else:
        until = play.house.now + play.one((A_DAY, 10 * A_DAY))
        play.ask("intake", i.PostponeInforming(by=by, reason=X, until=until, **about))


def ask_party(play: Play) -> None:
    leader, record = play.story.leader, play.house.places["triage"].record
    own = [x.item_id for x in record.items if x.contributor == leader and x.shareable_in_query]
    query = t.IssueQuery(
        by=play.director(),
        query_id=play.new(5),
        recipient=play.one(p for p in PARTIES if p != leader),
        task="Wmo",
        purpose=X,
        necessity=X,
        question=X,
        reason=X,
        referrer_estimate=X,
        reply_before=play.house.now + 7 * A_DAY,
        persons=tuple(play.some(PERSONS, 2)),
        include_bsn=play.likely(0.5),
        drawn_from=tuple(play.some(own, 1)),
        items=record.items,
        contains_special=play.likely(0.2),
        passed_processing_test=play.likely(0.3),
    )
    play.ask("triage", query)


def answer(play: Play) -> None:
    queries = play.state("triage").queries
    if not queries:
        return ask_party(play)
    query = play.one(queries)
    items = (*play.items(query.recipient), play.item(query.recipient))
    reply = tm.QueryAnswered.model_construct(
        query_id=query.query_id,
        involved=True,
        plan_contribution=X,
        execution_contribution=None,
        willingness=tm.Willingness.WILLING,
        items=items,
        under_secrecy=tuple(one.item_id for one in items if play.likely(0.25)),
    )
    play.ask("triage", t.AnswerQuery(by=play.party(query.recipient), answer=reply))
    return None


def decline_query(play: Play) -> None:
    for query in play.some(play.state("triage").queries, 1):
        decline = tm.QueryDeclined.model_construct(
            query_id=query.query_id, ground=tm.DeclineGround.LAW, explanation=None
        )
        play.ask("triage", t.DeclineQuery(by=play.party(query.recipient), decline=decline))


def conclude_triage(play: Play) -> None:
    needed = play.likely(0.92)
    outcome = tm.TriageOutcome.RTO_NEEDED if needed else play.one(tm.TriageOutcome)
    play.ask(
        "triage",
        t.ConcludeTriage(by=play.director(), outcome=outcome, reason=X, picture=PICTURE, without_queries=X),
    )


def prepare(play: Play) -> None:
    items = play.house.places["triage"].record.items
    parties = list(dict.fromkeys((play.story.leader, *play.some(PARTIES, 4), cast.CARE)))
    if play.likely(0.15):
        parties = parties[1:]
    invitees = tuple(invitee(p, tested=play.likely(0.4), at_home=play.likely(0.3)) for p in parties)
    gone = play.story.taken_back | play.story.secret
    there = [x.item_id for x in items if x.item_id not in gone]
    command = t.PrepareRto(
        by=play.director(),
        items=items,
        goal=X,
        decision_types=("c",),
        themes=("c",),
        participants=invitees,
        viewing_plan=play.entries(there, parties, 0.5),
        citizen=tm.CitizenInvolvement.INVITED,
        care_agreements=X,
        care_subjects=tuple(tm.CareSubject),
        consulted_leading_party=True,
    )
    play.ask("triage", command)
