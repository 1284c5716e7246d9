"""Try what is said of a query between asking and replying, and what parties release (R28, R30, R31)."""

from services.triage import commands as t
from shared.contract.messages import triage as tm
from tests.unit.opinion.cast import PARTIES
from tests.unit.opinion.play import A_DAY, Play, X


def ask_back(play: Play) -> None:
    """Who was asked asks what is meant, or for more time."""
    for query in play.some(play.state("triage").queries, 1):
        by = play.party(query.recipient if play.likely(0.95) else play.one(PARTIES))
        if play.likely(0.5):
            unclear = tm.QueryClarificationAsked.model_construct(query_id=query.query_id, question=X)
            play.ask("triage", t.AskClarification(by=by, asked=unclear))
            continue
        until = query.term + play.one((A_DAY, 7 * A_DAY, 20 * A_DAY))
        more = tm.QueryExtensionAsked.model_construct(query_id=query.query_id, reply_before=until, reason=X)
        play.ask("triage", t.AskExtension(by=by, asked=more))


def say_back(play: Play) -> None:
    """The director says what was meant, or whether there is more time."""
    waiting = [query for query in play.state("triage").queries if query.unclear or query.undecided]
    if not waiting:
        return ask_back(play)
    query = play.one(waiting)
    if query.undecided is not None and (query.unclear is None or play.likely(0.5)):
        decision = t.DecideExtension(
            by=play.director(), query_id=query.query_id, granted=play.likely(0.7), reason=X
        )
        return play.ask("triage", decision)
    record, leader = play.house.places["triage"].record, play.story.leader
    own = [x.item_id for x in record.items if x.contributor == leader and x.shareable_in_query]
    clarified = t.ClarifyQuery(
        by=play.director(),
        query_id=query.query_id,
        clarification=X,
        drawn_from=tuple(play.some(own, 1)),
        items=record.items,
        contains_special=play.likely(0.2),
        passed_processing_test=play.likely(0.4),
    )
    return play.ask("triage", clarified)


def release_from_secrecy(play: Play) -> None:
    """Who holds an item under secrecy releases it, or somebody tries to for another."""
    for item in play.some(sorted(play.story.secret | play.story.at_triage), 1):
        holder = play.house.claims[item] if play.likely(0.9) else play.one(PARTIES)
        cleared = tm.SecrecyCleared.model_construct(items=(item,), with_consent=False, consent=None)
        play.ask("triage", t.ClearSecrecy(by=play.party(holder), cleared=cleared))


def estimate(play: Play) -> None:
    """The referrer says itself what it expects of a party."""
    party = play.referrer if play.likely(0.95) else play.one(PARTIES)
    useful = play.likely(0.8)
    play.ask(
        "triage", t.GiveEstimate(by=play.party(party), party=play.one(PARTIES), useful=useful, estimate=X)
    )
