"""Play random histories of whole cases: mostly what is lawful next, so that they get far, and some is not.

A seed gives one history. What is decided is the product's; what is tried is drawn by where the story stands.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from services.governance import commands as g
from services.intake import commands as i
from services.retention import commands as d
from services.rto import commands as r
from services.triage import commands as t
from services.triage.record import Picture
from shared.contract.content import TextRef
from shared.contract.fields import Category, Item, Person, PersonRole, Theme
from shared.contract.messages import rto as rm
from shared.contract.messages import triage as tm
from shared.contract.messages.governance import AuthorisationGranted, EndReason
from shared.contract.messages.intake import Criteria, ReferralSubmitted, ScreeningOutcome
from shared.contract.refusal import Refusal
from shared.core.actor import Actor, Command, Role
from tests.unit.opinion import cast
from tests.unit.opinion.cast import LEADERS, PARTIES, PERSONS, bodies, number, workers
from tests.unit.opinion.house import CASE, House
from tests.unit.opinion.story import Stage

Do = Callable[["Play"], None]
A_DAY = timedelta(days=1)


def text(name: str) -> TextRef:
    return TextRef(name, "rto")


X = text("x")


class Play:
    """One history: a house, dice, and numbers that are given out one by one."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)  # noqa: S311 - a history, not a secret
        self.house: House = cast.founded()
        self.given_out = 0
        self.referrer = self.dice.choice((cast.VENLO, cast.VENLO, cast.HOUSING, cast.POLICE, cast.CARE))
        self.lags = self.likely(0.5)
        self.troubles = frozenset(one for one in TROUBLES if self.likely(0.2))

    # --- the dice ----------------------------------------------------------------------------------

    def likely(self, chance: float) -> bool:
        return self.dice.random() < chance

    def some(self, of: Any, most: int = 3) -> list[Any]:
        everything = list(of)
        return self.dice.sample(everything, min(len(everything), self.dice.randint(0, most)))

    def one(self, of: Any) -> Any:
        return self.dice.choice(list(of))

    def new(self, kind: int) -> str:
        self.given_out += 1
        return number(kind, self.given_out)

    # --- asking ------------------------------------------------------------------------------------

    @property
    def story(self) -> Any:
        return self.house.story

    def state(self, name: str) -> Any:
        return self.house.places[name].state

    def ask(self, name: str, command: Command) -> bool:
        return not isinstance(self.house.ask(name, command), Refusal)

    def director(self) -> Actor:
        """The director of the case for who leads; now and then another one, or for another party."""
        person = self.story.director or cast.DIRECTORS[0]
        behalf = self.story.leader or self.referrer
        if self.likely(0.04):
            person = self.one(cast.DIRECTORS)
        if self.likely(0.04):
            behalf = self.one((*LEADERS, None))
        return Actor(Role.PROCESS_DIRECTOR, person=person, on_behalf_of=behalf)

    def manager(self) -> Actor:
        return Actor(Role.MANAGER, person=self.one(cast.MANAGERS))

    def party(self, party: str) -> Actor:
        if self.likely(0.5):
            return Actor(Role.PARTY, party=party)
        return Actor(Role.PARTY_WORKER, party=party, person=self.one(workers(party)))

    # --- what a case is made of --------------------------------------------------------------------

    def item(self, party: str) -> Item:
        special = self.likely(0.3) and (party in (cast.POLICE, cast.PROBATION, cast.CARE) or self.likely(0.1))
        return Item.model_construct(
            item_id=self.new(3),
            category=Category.SPECIAL if special else Category.ORDINARY,
            persons=(PERSONS[0],),
            acting_body=bodies(party)[0],
            basis="AVG art. 6",
            valid_on=date(2026, 2, 1),
            necessity=X,
            content=X,
            shareable_at_rto=self.likely(0.6),
            withheld_from=tuple(self.some(PARTIES, 2)) if self.likely(0.3) else (),
            use_conditions=None,
            hidden_from_director=self.likely(0.15),
            shareable_in_query=self.likely(0.5),
        )

    def items(self, party: str) -> tuple[Item, ...]:
        return tuple(self.item(party) for _ in range(self.dice.randint(0, 2)))

    def participant(self, party: str) -> tm.Participant:
        return tm.Participant.model_construct(
            party=party,
            role=tm.ParticipantRole.EXECUTOR,
            contribution=X,
            passed_processing_test=self.likely(0.3),
        )

    def entries(self, items: Any, parties: Any, chance: float) -> tuple[tm.ViewingEntry, ...]:
        return tuple(
            tm.ViewingEntry.model_construct(item_id=item, participant=party, reason=X)
            for item in items
            for party in parties
            if self.likely(chance)
        )

    # --- one history -------------------------------------------------------------------------------

    def steps(self, most: int) -> Iterator[str]:
        """Play it step by step; yield what was tried last."""
        for _ in range(most):
            do = self.next()
            do(self)
            self.carry()
            yield do.__name__
            if self.house.places["retention"].forgotten or self.is_over():
                return

    def is_over(self) -> bool:
        """Stop early where little can happen any more."""
        return self.story.stage is Stage.CLOSING and self.likely(0.15)

    def next(self) -> Do:
        """Draw what is tried next: by the stage of the case, or what can happen at any time."""
        while True:
            at_any_time = self.story.stage is not Stage.NOT_YET and self.likely(0.2)
            do: Do = self.dice.choice(ANY_TIME if at_any_time else BY_STAGE[self.story.stage])
            if do not in TROUBLES or do in self.troubles:
                return do

    def carry(self) -> None:
        """Bring what is under way to where it goes: all of it, or some of it."""
        if not self.lags or self.likely(0.6):
            self.house.deliver_all()
            return
        for _ in range(self.dice.randint(0, 3)):
            waiting = [pair for pair, waits in self.house.under_way.items() if waits]
            if waiting:
                self.house.deliver(*self.one(waiting))


# --- screening -------------------------------------------------------------------------------------


def refer(play: Play) -> None:
    party = play.referrer
    persons = tuple(
        Person.model_construct(
            person_id=one,
            role=PersonRole.SUBJECT,
            name=X,
            date_of_birth=X,
            address=X,
            bsn=X if party in (cast.VENLO, cast.POLICE) and play.likely(0.7) else None,
        )
        for one in PERSONS
    )
    referral = ReferralSubmitted.model_construct(
        referral_id=number(4, 1),
        task="Wmo",
        acting_body=bodies(party)[0],
        theme=Theme.COMPLEX_CASE,
        basis="AVG art. 6",
        criteria=Criteria(
            multi_problem=True, several_chains=True, impact_on_system=True, serious_local_safety=False
        ),
        weighing=X,
        persons=persons,
        items=(*play.items(party), play.item(party)),
        informed_beforehand=(),
        referrer_name=X,
    )
    play.ask("intake", i.SubmitReferral(by=play.party(party), case_id=CASE, referral=referral))


def consult(play: Play) -> None:
    play.ask("intake", i.ConfirmConsultation(by=play.party(play.referrer)))


def screen(play: Play) -> None:
    outcome = ScreeningOutcome.TAKEN_UP if play.likely(0.95) else ScreeningOutcome.NOT_TAKEN_UP
    play.ask("intake", i.ScreenReferral(by=play.director(), outcome=outcome, reason=X))


def assign_director(play: Play) -> None:
    play.ask("intake", i.AssignDirector(by=play.manager(), person=play.one(cast.DIRECTORS), reason=X))


def assign_support(play: Play) -> None:
    now = play.state("intake").support_workers
    instead = play.one(now) if now and play.likely(0.5) else None
    person = play.one(cast.SUPPORTERS) if instead is None or play.likely(0.6) else None
    play.ask("intake", i.AssignSupport(by=play.manager(), person=person, instead_of=instead, reason=X))


def withdraw_referral(play: Play) -> None:
    """The referrer stops; it is not raced with what ends the case elsewhere."""
    play.house.deliver_all()
    play.ask("intake", i.WithdrawReferral(by=play.party(play.referrer), reason=X))
    play.house.deliver_all()


# --- triage ----------------------------------------------------------------------------------------


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
        include_bsn=play.likely(0.3),
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
    reply = tm.QueryAnswered.model_construct(
        query_id=query.query_id,
        involved=True,
        plan_contribution=X,
        execution_contribution=None,
        willingness=tm.Willingness.WILLING,
        items=(*play.items(query.recipient), play.item(query.recipient)),
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
    picture = Picture.model_construct(
        parties=(cast.POLICE,), plan_contribution=X, execution_contribution=X, information=X
    )
    play.ask(
        "triage",
        t.ConcludeTriage(by=play.director(), outcome=outcome, reason=X, picture=picture, without_queries=X),
    )


def prepare(play: Play) -> None:
    items = play.house.places["triage"].record.items
    parties = list(dict.fromkeys((play.story.leader, *play.some(PARTIES, 4), cast.CARE)))
    if play.likely(0.15):
        parties = parties[1:]
    invitees = tuple(
        t.Invitee.model_construct(
            party=p,
            role=tm.ParticipantRole.EXECUTOR,
            contribution=X,
            passed_processing_test=play.likely(0.4),
        )
        for p in parties
    )
    there = [x.item_id for x in items if x.item_id not in play.story.taken_back]
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
        consulted_leading_party=True,
    )
    play.ask("triage", command)


# --- the round table -------------------------------------------------------------------------------


def convene(play: Play) -> None:
    state, first = play.state("rto"), not play.state("rto").rtos
    parties = list(dict.fromkeys((play.story.leader, *play.some(PARTIES, 4), cast.CARE)))
    named = not first and play.likely(0.5)
    prepared = r.Preparation.model_construct(
        goal=X,
        decision_types=("c",),
        themes=("c",),
        citizen=tm.CitizenInvolvement.INVITED,
        care_agreements=X,
        consulted_leading_party=True,
    )
    meeting = r.Meeting.model_construct(
        rto_id=play.new(6),
        on=play.house.now + 3 * A_DAY,
        place=X,
        participants=tuple(play.participant(p) for p in parties) if named else (),
        viewing_plan=play.entries([x.item_id for x in state.items], parties, 0.2) if named else (),
        preparation=None if first else prepared,
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
    if state.actions and play.likely(0.5):
        action = play.one(state.actions)
        of_plan = {"use": rm.Use.PLAN_ACTIVITY, "recipient": action.party, "action_id": action.action_id}
        use |= of_plan
    by = play.party(item.contributor if play.likely(0.95) else play.one(PARTIES))
    word = play.dice.random()
    if word < 0.2:
        request = rm.ReleaseAsked.model_construct(**use, necessity=X)
        play.ask("rto", r.AskRelease(by=play.director(), request=request))
    elif word < 0.8:
        given = rm.ReleaseGiven.model_construct(**use, secrecy=None)
        play.ask("rto", r.GiveRelease(by=by, release=given))
    else:
        refused = rm.ReleaseRefused.model_construct(**use, reason=None)
        play.ask("rto", r.RefuseRelease(by=by, refusal=refused))


def plan(play: Play) -> None:
    state = play.state("rto")
    present = state.latest.present if state.latest else ()
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
    parts = tuple(
        r.Part.model_construct(party=party, role=X, information_need=X) for party in sorted(involved)
    )
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
    """End the table; a case goes on more often than not."""
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
    lead = r.AcceptDirection(by=play.party(offered), case_director=X, acting_body=bodies(offered)[0])
    play.ask("rto", lead)
    play.house.deliver_all()
    return None


# --- phase 4, and the end --------------------------------------------------------------------------


def clean(play: Play) -> None:
    play.house.deliver_all()
    items = [x.item_id for x in play.state("retention").items if play.likely(0.6)]
    kept = tuple(d.KeptItem.model_construct(item_id=x, reason=X) for x in items)
    play.ask("retention", d.CleanFile(by=play.director(), kept=kept))


def months(play: Play) -> None:
    """Time passes up to a boundary: just before it, on it, or later."""
    play.house.deliver_all()
    s, now = play.story, play.house.now
    ends = [s.archive_on, s.destroy_on, s.ended_at and s.ended_at + timedelta(days=14)]
    ahead = [at for at in ends if at is not None and at > now]
    if ahead:
        near = play.one((-timedelta(microseconds=1), timedelta(0), timedelta(0), 3 * A_DAY))
        play.house.now = max(now, min(ahead) + near)


def inspect(play: Play) -> None:
    manager = play.manager()
    play.ask("retention", d.InspectFile(by=manager, reason=X))
    if play.likely(0.7):
        play.ask("retention", d.UseInspection(by=manager))


def ask_reactivation(play: Play) -> None:
    leader = play.story.leader if play.likely(0.9) else play.one(PARTIES)
    play.ask("retention", d.AskReactivation(by=play.party(leader), reason=X))


def reactivate(play: Play) -> None:
    play.house.deliver_all()
    by = play.director() if play.likely(0.6) else play.manager()
    play.ask("retention", d.ReactivateFile(by=by, reason=X))
    play.house.deliver_all()


# --- at any time -----------------------------------------------------------------------------------


def clock(play: Play) -> None:
    """Some of what is due is done; the rest waits."""
    for name, timer in play.house.due():
        if play.likely(0.6) and timer in play.house.places[name].timers:
            play.house.deliver_all()
            play.house.fire(name, timer)
            play.house.deliver_all()


def a_while(play: Play) -> None:
    play.house.deliver_all()
    play.house.now += play.one((timedelta(hours=1), A_DAY, 8 * A_DAY))


def take_back(play: Play) -> None:
    items = sorted(play.house.claims.items())
    if items:
        item, contributor = play.one(items)
        by = play.party(contributor if play.likely(0.9) else play.one(PARTIES))
        play.ask("rto", r.WithdrawRelease(by=by, item_id=item))


def reserve(play: Play) -> None:
    items = sorted(play.house.claims.items())
    if items:
        item, contributor = play.one(items)
        by = play.party(contributor if play.likely(0.9) else play.one(PARTIES))
        play.ask("rto", r.LimitItem(by=by, item_id=item, withheld_from=(play.one(PARTIES),)))


def revoke(play: Play) -> None:
    party = play.one((play.story.leader, *LEADERS))
    record = play.house.members[party].record
    if record.authorisations:
        mandate = play.one(record.authorisations).authorisation_id
        by = Actor(Role.PARTY, party=party)
        play.house.ask_governance(party, g.RevokeAuthorisation(by=by, party=party, authorisation_id=mandate))


def authorise(play: Play) -> None:
    """A party authorises the house anew, by one of its bodies, and mostly a director accepts."""
    party, mandate = play.one((play.story.leader, *LEADERS)), play.new(2)
    given = AuthorisationGranted.model_construct(
        authorisation_id=mandate,
        acting_body=play.one(bodies(party)),
        scopes=play.one(cast.MANDATES),
        valid_from=None,
        valid_until=play.house.now + 30 * A_DAY if play.likely(0.3) else None,
    )
    by = Actor(Role.PARTY, party=party)
    play.house.ask_governance(party, g.GrantAuthorisation(by=by, party=party, grant=given))
    if play.likely(0.9):
        accept = g.AcceptAuthorisation(
            by=Actor(Role.PROCESS_DIRECTOR, person=cast.DIRECTORS[0]),
            authorisation_id=mandate,
            processor_agreement=True,
        )
        play.house.ask_governance(party, accept)


def leave(play: Play) -> None:
    """A party leaves: proposed by one, confirmed by another; most of the time nobody does."""
    if play.likely(0.5):
        return a_while(play)
    party, why = play.one((*PARTIES, play.story.leader)), EndReason.EXCLUSION
    secretary = Actor(Role.SECRETARY, person=cast.SECRETARY)
    play.house.ask_governance(party, g.ProposeEnding(by=secretary, reason=why))
    if play.likely(0.6):
        confirm = g.EndMembership(by=Actor(Role.MANAGER, person=cast.MANAGERS[0]), reason=why)
        play.house.ask_governance(party, confirm)
    return None


TROUBLES: tuple[Do, ...] = (revoke, leave, withdraw_referral)  # each in some histories only: they end much
ANY_TIME: tuple[Do, ...] = (
    *(take_back,) * 4,
    *(reserve,) * 3,
    *(a_while,) * 2,
    clock,
    assign_director,
    *(assign_support,) * 3,
    *(revoke,) * 4,
    *(authorise,) * 2,
    *(leave,) * 2,
)
END = (*(months,) * 3, *(clock,) * 3)
# What is tried at each stage, as often as it is named.
BY_STAGE: dict[Stage, tuple[Do, ...]] = {
    Stage.NOT_YET: (refer,),
    Stage.SCREENING: (
        *(consult,) * 8,
        *(screen,) * 8,
        *(assign_support,) * 2,
        assign_director,
        withdraw_referral,
    ),
    Stage.TRIAGE: (*(ask_party,) * 8, *(answer,) * 10, decline_query, *(conclude_triage,) * 5),
    Stage.PREPARATION: (*(prepare,) * 20, answer, withdraw_referral),
    Stage.READY: (*(convene,) * 16, *(release,) * 3, withdraw_referral),
    Stage.TABLE: (
        *(come,) * 20,
        *(bring_in,) * 6,
        *(show_more,) * 6,
        *(release,) * 12,
        *(plan,) * 12,
        *(conclude,) * 12,
        *(offer,) * 4,
        *(take_direction,) * 5,
        *(stay_away,) * 2,
        end_mandate,
        report,
        withdraw_referral,
    ),
    Stage.MONITORING: (
        *(convene,) * 6,
        *(release,) * 4,
        *(provide,) * 3,
        *(report,) * 2,
        *(offer,) * 2,
        *(take_direction,) * 2,
    ),
    Stage.PHASE_4: (*(clean,) * 5, *END, *(inspect,) * 3, *(ask_reactivation,) * 2, *(reactivate,) * 4),
    Stage.CLOSING: (*END, *END, a_while),
}
