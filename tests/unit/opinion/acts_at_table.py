"""Try what is done at the round table, and while monitoring."""

from typing import Any

from services.rto import commands as r
from shared.contract.messages import rto as rm
from shared.core.actor import Actor, Role
from tests.unit.opinion import cast
from tests.unit.opinion.cast import PARTIES, bodies, number, workers
from tests.unit.opinion.play import A_DAY, PREPARED, Play, X, part, participant

AGREE = 2  # parties that make a plan together


def convene(play: Play) -> None:
    state, first = play.state("rto"), not play.state("rto").rtos
    parties = list(dict.fromkeys((play.story.leader, *play.some(PARTIES, 4), cast.CARE)))
    named = not first and play.likely(0.5)
    meeting = r.Meeting.model_construct(
        rto_id=play.new(6),
        on=play.house.now + 3 * A_DAY,
        place=X,
        participants=tuple(participant(p, tested=play.likely(0.3), at_home=play.likely(0.3)) for p in parties)
        if named
        else (),
        viewing_plan=play.entries([x.item_id for x in state.items], parties, 0.2) if named else (),
        preparation=None if first else PREPARED,
    )
    play.ask("rto", r.ConveneRto(by=play.director(), meeting=meeting))


def rto_id(play: Play) -> str:
    latest = play.state("rto").latest
    return latest.rto_id if latest else number(6, 0)


def invited(play: Play) -> list[str]:
    latest = play.state("rto").latest
    return [seat.party for seat in latest.seats] if latest else list(PARTIES)


def come(play: Play) -> None:
    """Most that are invited come, at once or one by one."""
    for party in invited(play) if play.likely(0.5) else [play.one(invited(play))]:
        if play.likely(0.85):
            delegate = workers(party)[0] if play.likely(0.8) else workers(party)[1]
            play.ask(
                "rto",
                r.AcceptInvitation(
                    by=play.party(party), rto_id=rto_id(play), delegate=delegate, mandate=True
                ),
            )


def stay_away(play: Play) -> None:
    party = play.one(invited(play))
    play.ask("rto", r.DeclineInvitation(by=play.party(party), rto_id=rto_id(play)))


def end_mandate(play: Play) -> None:
    party = play.one(invited(play))
    play.ask("rto", r.EndMandate(by=play.director(), rto_id=rto_id(play), party=party, reason=X))


def bring_in(play: Play) -> None:
    party = play.one(invited(play))
    items = (play.item(party),)
    play.ask("rto", r.ContributeItems(by=play.party(party), rto_id=rto_id(play), items=items))


def show_more(play: Play) -> None:
    items = [x.item_id for x in play.state("rto").items]
    entries = play.entries(play.some(items, 3), invited(play), 0.5)
    play.ask("rto", r.ExtendViewingPlan(by=play.director(), entries=entries))


def release(play: Play) -> None:
    """A contributor says whether its item may be used so, asked or not."""
    state = play.state("rto")
    if not state.items:
        return
    item = play.one(state.items)
    use: dict[str, Any] = {"item_id": item.item_id, "use": rm.Use.RTO, "recipient": None, "action_id": None}
    if state.actions and play.likely(0.6):
        action = play.one(state.actions)
        of_plan = {"use": rm.Use.PLAN_ACTIVITY, "recipient": action.party, "action_id": action.action_id}
        use |= of_plan
    by = play.party(item.contributor if play.likely(0.95) else play.one(PARTIES))
    word = play.dice.random()
    if word < 0.2:
        request = rm.ReleaseAsked.model_construct(**use, necessity=X)
        play.ask("rto", r.AskRelease(by=play.director(), request=request))
    elif word < 0.8:
        given = rm.ReleaseGiven.model_construct(**use, secrecy=rm.Secrecy.NOT_BOUND)
        play.ask("rto", r.GiveRelease(by=by, release=given))
    else:
        refused = rm.ReleaseRefused.model_construct(**use, reason=None)
        play.ask("rto", r.RefuseRelease(by=by, refusal=refused))


def plan(play: Play) -> None:
    state = play.state("rto")
    present = state.latest.present if state.latest else ()
    if len(present) < AGREE and play.likely(0.8):
        return come(play)
    running = [x.action_id for x in state.actions]
    actions = tuple(
        rm.Action.model_construct(
            action_id=play.new(7),
            party=party,
            description=X,
            due_on=None,
            succeeds=play.one(running) if running and play.likely(0.3) else None,
        )
        for party in play.some(present, 2)
    )
    ends = tuple(play.some(running, 1))
    gone = {*ends, *(x.succeeds for x in actions)}
    involved = {*present, *(x.party for x in state.actions if x.action_id not in gone)}
    parts = tuple(part(party) for party in sorted(involved))
    released = [x.item_id for x in state.items if state.released_for_rto(x.item_id)]
    made = r.Plan.model_construct(
        agreements=X,
        ave_level=2,
        actions=actions,
        ends=ends,
        parts=parts,
        drawn_from=tuple(play.some(released, 2)) if play.likely(0.5) else (),
    )
    play.ask("rto", r.RecordPlan(by=play.director(), plan=made))
    return None


def taking(play: Play) -> tuple[r.TakeAway, ...]:
    """What was released for an action that runs."""
    state = play.state("rto")
    return tuple(
        r.TakeAway.model_construct(
            item_id=x.key.item_id, recipient=x.key.recipient, action_id=x.key.action_id
        )
        for x in state.releases
        if x.key.action_id is not None and x.status == "given" and state.action(x.key.action_id)
    )


def provide(play: Play) -> None:
    for one in play.some(taking(play), 1):
        play.ask("rto", r.ProvideItem(by=play.director(), taking=one))


def conclude(play: Play) -> None:
    """End the table, once there is a plan as a rule; a case goes on more often than not."""
    if play.state("rto").plan is None and play.likely(0.8):
        return plan(play)
    play.house.deliver_all()
    state, luck = play.state("rto"), play.dice.random()
    outcome = rm.RtoOutcome.APPROACH_AND_MONITORING if luck < 0.55 else rm.RtoOutcome.DEESCALATE
    if luck > 0.95:
        outcome = play.one((rm.RtoOutcome.DOES_NOT_BELONG, rm.RtoOutcome.OTHER_TABLE))
    ends = luck > 0.95
    kept = [x.item_id for x in state.items if state.released_for_rto(x.item_id) and state.stays(x.item_id)]
    said = r.Conclusion.model_construct(
        outcome=outcome,
        ave_level=None,
        monitoring_purpose=X,
        monitoring_items=tuple(x for x in kept if play.likely(0.7)),
        take_aways=() if ends else taking(play)[:2],
        goals_reached=None,
        developments=None,
    )
    play.ask("rto", r.ConcludeRto(by=play.director(), rto_id=rto_id(play), conclusion=said))
    play.house.deliver_all()
    return None


def report(play: Play) -> None:
    for action in play.some(play.state("rto").actions, 1):
        said = r.ProgressAction(
            by=play.party(action.party), action_id=action.action_id, progress=rm.ActionProgress.STARTED
        )
        play.ask("rto", said)


def offer(play: Play) -> None:
    present = play.state("rto").latest.present if play.state("rto").latest else ()
    if not present:
        return
    by = play.director()
    if not play.house.story.is_party(play.story.leader, play.house.now):
        by = Actor(Role.PROCESS_DIRECTOR, person=play.story.director, on_behalf_of=None)
    play.ask("rto", r.OfferDirection(by=by, party=play.one(present)))


def take_direction(play: Play) -> None:
    """Direction moves; it is not raced with what ends the case elsewhere."""
    offered = play.state("rto").offered_to
    if offered is None:
        return offer(play)
    play.house.deliver_all()
    if play.likely(0.15):
        play.ask("rto", r.DeclineDirection(by=play.party(offered)))
        return None
    lead = r.AcceptDirection(
        by=play.party(offered),
        case_director=X,
        acting_body=bodies(offered)[0],
        task="Wmo",
        basis="AVG art. 6",
        account=account_of(play, offered),
    )
    play.ask("rto", lead)
    play.house.deliver_all()
    return None


def account_of(play: Play, party: str) -> str:
    """With which account the case director of this party follows the approach, if that is said."""
    return play.dice.choice(("", *workers(party)))


def name_case_director(play: Play) -> None:
    party = play.story.leader if play.likely(0.9) else play.one(PARTIES)
    named = r.NameCaseDirector(by=play.party(party), case_director=X, account=account_of(play, party))
    play.ask("rto", named)
