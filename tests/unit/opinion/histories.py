"""Play random histories of whole cases: mostly what is lawful next, so that they get far, and some is not.

A seed gives one history. What is decided is the product's; what is tried is drawn by where the story stands.
"""

from collections.abc import Callable, Iterator

from tests.unit.opinion import acts_after as after
from tests.unit.opinion import acts_at_table as table
from tests.unit.opinion import acts_before as before
from tests.unit.opinion import acts_on_queries as queries
from tests.unit.opinion.model.story import Stage
from tests.unit.opinion.play import Play
from tests.unit.opinion.post import sent_wrongly

Do = Callable[[Play], None]
TROUBLES: tuple[Do, ...] = (
    after.revoke,
    after.leave,
    before.withdraw_referral,
)  # each in some histories only: they end much
ANY_TIME: tuple[Do, ...] = (
    *(after.take_back,) * 4,
    *(after.reserve,) * 3,
    *(after.correct,) * 4,
    *(after.change_terms,) * 5,
    after.withdraw_for_good,
    *(after.a_while,) * 3,
    *(after.clock,) * 2,
    *(after.stranger,) * 3,
    before.assign_director,
    *(before.assign_support,) * 3,
    *(after.revoke,) * 4,
    *(after.authorise,) * 2,
    *(after.leave,) * 2,
    *(before.inform,) * 5,
)
END = (*(after.months,) * 3, *(after.clock,) * 3)
# What is tried at each stage, as often as it is named.
BY_STAGE: dict[Stage, tuple[Do, ...]] = {
    Stage.NOT_YET: (before.refer,),
    Stage.SCREENING: (
        *(before.consult,) * 4,
        *(before.screen,) * 12,
        *(before.assign_support,) * 2,
        before.assign_director,
        before.withdraw_referral,
    ),
    Stage.TRIAGE: (
        *(before.ask_party,) * 8,
        *(before.answer,) * 10,
        before.decline_query,
        *(queries.ask_back,) * 4,
        *(queries.say_back,) * 5,
        *(queries.release_from_secrecy,) * 3,
        *(queries.estimate,) * 2,
        *(before.conclude_triage,) * 8,
    ),
    Stage.PREPARATION: (
        *(before.prepare,) * 20,
        queries.release_from_secrecy,
        before.answer,
        before.withdraw_referral,
    ),
    Stage.READY: (*(table.convene,) * 16, *(table.release,) * 3, before.withdraw_referral),
    Stage.TABLE: (
        *(table.come,) * 12,
        *(table.bring_in,) * 6,
        *(table.show_more,) * 6,
        *(table.release,) * 12,
        *(table.plan,) * 14,
        *(table.conclude,) * 18,
        *(table.offer,) * 4,
        *(table.take_direction,) * 5,
        *(table.stay_away,) * 2,
        table.end_mandate,
        table.name_case_director,
        table.report,
        before.withdraw_referral,
    ),
    Stage.MONITORING: (
        *(table.convene,) * 10,
        *(table.release,) * 10,
        *(table.provide,) * 8,
        *(table.report,) * 2,
        *(table.offer,) * 2,
        *(table.take_direction,) * 2,
        *(table.name_case_director,) * 3,
    ),
    Stage.PHASE_4: (
        *(after.clean,) * 9,
        *(after.take_back_of_file,) * 5,
        *END,
        *(after.inspect,) * 5,
        *(after.ask_reactivation,) * 2,
        *(after.reactivate,) * 6,
    ),
    Stage.CLOSING: (*END, *END, after.a_while, *(before.inform,) * 3),
}


def steps(play: Play, most: int) -> Iterator[str]:
    """Play it step by step; yield what was tried last."""
    troubles = frozenset(one for one in TROUBLES if play.likely(0.2))
    for _ in range(most):
        do = _next(play, troubles)
        do(play)
        _carry(play)
        yield do.__name__
        if play.house.places["retention"].forgotten or _is_over(play):
            return


def _is_over(play: Play) -> bool:
    """Stop early where little can happen any more."""
    return play.story.stage is Stage.CLOSING and play.likely(0.15)


def _next(play: Play, troubles: frozenset[Do]) -> Do:
    """Draw what is tried next: by the stage of the case, or what can happen at any time."""
    while True:
        at_any_time = play.story.stage is not Stage.NOT_YET and play.likely(0.2)
        do: Do = play.dice.choice(ANY_TIME if at_any_time else BY_STAGE[play.story.stage])
        if do not in TROUBLES or do in troubles:
            return do


def _carry(play: Play) -> None:
    """Bring what is under way to where it goes: all of it, or some of it."""
    if play.likely(0.5):
        play.wrong += sent_wrongly(play.house)
    if not play.lags or play.likely(0.6):
        play.house.deliver_all()
        return
    for _ in range(play.dice.randint(0, 3)):
        waiting = [pair for pair, waits in play.house.under_way.items() if waits]
        if waiting:
            play.house.deliver(*play.one(waiting))
