"""Play chapter 4: whom to ask what, what they answer, and who reads it."""

import asyncio
from typing import Any

from shared.contract.fields import Category, InformMoment
from shared.contract.messages.intake import (
    ConsultationConfirmed,
    InformingRequested,
    PersonInformed,
    ScreeningOutcome,
)
from shared.contract.messages.triage import DeclineGround, QueryAnswered, QueryDeclined, QueryIssued
from tests.story import cast
from tests.story.world import World

ASKED = (cast.POLICE, cast.MENTAL_HEALTH, cast.HOUSING)
WRITTEN = ("purpose", "necessity", "question", "reason", "referrer_estimate")
OF_THE_POLICE = ("free", "withheld", "special", "unreleased")


async def ask(world: World) -> None:
    """Play R26 to R35."""
    world.telling.begin("4. Triage")
    await world.director.see_until("triage", f"/cases/{world.case}")
    await _refused_queries(world)
    before = await world.inboxes()
    await _queries(world, before)
    await _police_answer(world)
    await _care_declines(world)
    await _housing_answers_by_hand(world)
    await _item_of_another_case(world)
    await world.refused_in_the_end()
    world.telling.check(
        await world.sent_only_to(*ASKED, cast.REFERRER, cast.PROBATION, cast.SECOND_REFERRER, since=before),
        "and by the end of the chapter nobody else received a byte but who had sent something itself",
    )
    await _who_reads(world)


# --- asking ------------------------------------------------------------------------------------------


def _query(world: World, recipient: str | list[str], **more: Any) -> dict[str, Any]:
    given = cast.query(recipient, world.now, persons=[world.man])
    written = {name: world.text(given[name]) for name in WRITTEN}
    return given | written | more


async def _refused_queries(world: World) -> None:
    path = f"/cases/{world.case}/queries"
    everybody = [party for party in world.house["parties"] if party != cast.REFERRER]
    bad = {
        "a query without a task": ("R27", _query(world, cast.POLICE, task="")),
        "a query without a purpose": ("R27", _query(world, cast.POLICE, purpose=" ")),
        "a query without necessity": ("R27", _query(world, cast.POLICE, necessity=" ")),
        "a query addressed to everybody": ("R28", _query(world, "all")),
        "a query addressed to each of the others by name": ("R28", _query(world, everybody)),
        "one query to two parties": ("R26", _query(world, [cast.POLICE, cast.MENTAL_HEALTH])),
        "a query that does not say why this party is asked": ("R28", _query(world, cast.POLICE, reason=" ")),
        "a query without what the referrer expects of this party": (
            "R28",
            _query(world, cast.POLICE, referrer_estimate=" "),
        ),
        "a query with an address and no word why it is needed there": (
            "R30",
            _query(world, cast.POLICE, include_address=True),
        ),
        "a query that draws on an item of which the referrer did not say that it may go along": (
            "R30",
            _query(world, cast.POLICE, drawn_from=[world.items["report"]]),
        ),
    }
    tried = (world.director.try_to_do("triage", path, query) for _, query in bad.values())
    for (what, (rule, _)), refusal in zip(bad.items(), await asyncio.gather(*tried), strict=True):
        world.telling.refused(what, refusal, rule)


async def _queries(world: World, before: dict[str, int]) -> None:
    """Check that each gets its own query, complete, and nobody else anything."""
    queries = {party: _query(world, party) for party in ASKED}
    for query in queries.values():
        await world.director.do("triage", f"/cases/{world.case}/queries", query)
    for party in (cast.POLICE, cast.MENTAL_HEALTH):
        issued = await world.party(party).gets(QueryIssued, case=world.case)
        world.queries[party] = issued.query_id
        got, asked = issued.model_dump(mode="json"), queries[party]
        stated = ("task", "purpose", "necessity", "question")
        world.telling.check(
            issued.on_behalf_of == cast.REFERRER
            and all(got[name] == asked[name] for name in stated)
            and issued.reply_before.isoformat() == asked["reply_before"]
            and [(p.person_id, p.bsn, p.address) for p in issued.persons] == [(world.man, None, None)],
            f"{party} gets a query: on behalf of Venlo, with task, purpose, necessity and term, about the "
            "man alone, without his number or address (R22, R26, R27, R30)",
        )
    await _the_man_is_told(world)
    world.telling.check(
        await world.sent_only_to(*ASKED, cast.REFERRER, since=before),
        "Venlo is asked to tell the man whom was asked, and why (R18); nobody else received a byte: the "
        "inboxes of the 26 others are as they were (R28)",
    )


async def _the_man_is_told(world: World) -> None:
    """Let Venlo inform the man that these parties were asked, as it is asked to (R18)."""
    venlo = world.party(cast.REFERRER)
    request = await venlo.gets(
        InformingRequested,
        case=world.case,
        where=lambda m: {query.party for query in m.queries} == set(ASKED),
    )
    world.telling.must(
        (request.person_id, request.moment) == (world.man, InformMoment.TAKEN_UP) and bool(request.purpose),
        "the request names the man, and why they were asked",
    )
    told = PersonInformed(person_id=world.man, moment=InformMoment.TAKEN_UP, duty=request.duty)
    await venlo.send(told, case=world.case)


# --- answering ---------------------------------------------------------------------------------------


async def _police_answer(world: World) -> None:
    """Answer with three items: one free, one withheld, one special-category; later one for triage alone."""
    police, query = world.party(cast.POLICE), world.queries[cast.POLICE]

    def item(name: str, text: str, **more: Any) -> Any:
        shared = {"persons": (world.man,), "shareable_at_rto": True}
        made = cast.item(world.text(text), "eenheidsleiding", **{**shared, **more})
        world.items[name] = made.item_id
        return made

    three = (
        item("free", "Twaalf meldingen in een jaar."),
        item("withheld", "Informatie over een lopend onderzoek.", withheld_from=(cast.HOUSING,)),
        item("special", "Vermoeden van verslaving.", category=Category.SPECIAL),
    )
    answer = QueryAnswered(query_id=query, involved=True, items=three)
    wrong = world.party(cast.PROBATION).try_to_send(answer, case=world.case)
    world.refused_later("an answer by a party that was not asked, after it waited in vain", "R34", wrong)
    await police.send(answer, case=world.case)
    own = await world.worker(cast.POLICE).see("triage", f"/cases/{world.case}")
    kinds = [(item["withheld_from"], item["category"]) for item in own["items"]]
    world.telling.check(
        sorted(kinds) == sorted([([], "ordinary"), ([cast.HOUSING], "ordinary"), ([], "special")]),
        "the police answer with three items: one free, one withheld from the housing corporation, one "
        "special-category (R32)",
    )
    fourth = item("unreleased", "Een zorgmelding, alleen voor de triage.", shareable_at_rto=False)
    await police.send(QueryAnswered(query_id=query, involved=True, items=(fourth,)), case=world.case)
    world.telling.tell("and later with a fourth, which they do not release for the round table (R31, R65)")


async def _care_declines(world: World) -> None:
    query = world.queries[cast.MENTAL_HEALTH]
    declined = QueryDeclined(
        query_id=query, ground=DeclineGround.SECRECY, explanation=world.text("Beroepsgeheim.")
    )
    await world.party(cast.MENTAL_HEALTH).send(declined, case=world.case)
    seen = await world.director.see("triage", f"/cases/{world.case}")
    (shown,) = (one for one in seen["queries"] if one["query_id"] == query)
    world.telling.check(
        [reply["ground"] for reply in shown["replies"]] == ["secrecy"] and shown["status"] == "declined",
        "the mental-health organisation declines; the director reads on which ground: secrecy (R31)",
    )


async def _housing_answers_by_hand(world: World) -> None:
    """Answer over HTTP, as a party without a connector."""
    worker = world.worker(cast.HOUSING)
    found = await worker.see_until("triage", "/queries", lambda page: bool(page["queries"]))
    query = found["queries"][0]["query_id"]
    rent = cast.item(world.text("Huurachterstand van drie maanden."), "bestuur", shareable_at_rto=True)
    world.items["rent"], world.queries[cast.HOUSING] = rent.item_id, query
    answer = QueryAnswered(query_id=query, involved=True, items=(rent,)).model_dump(mode="json")
    await worker.do("triage", f"/cases/{world.case}/queries/{query}/answers", answer)
    left = await worker.see("triage", "/queries")
    world.telling.check(
        left["queries"] == [],
        "a housing corporation without a connector answers a third query over HTTP by its worker; none waits "
        "for it any more",
    )


async def _item_of_another_case(world: World) -> None:
    """Play R35: the police are asked in two cases, and no item moves from one to the other."""
    case, director = world.neighbour, world.people("process-director-a", cast.SECOND_REFERRER)
    referrer = world.party(cast.SECOND_REFERRER)
    await referrer.send(ConsultationConfirmed(), case=case)
    decision = {"outcome": ScreeningOutcome.TAKEN_UP, "weighing": "De politie kan bijdragen."}
    await director.do("intake", f"/cases/{case}/screening", decision)
    await referrer.gets(InformingRequested, case=case)
    asked = cast.query(cast.POLICE, world.now)
    await director.do_when_possible("triage", f"/cases/{case}/queries", asked)
    police = world.party(cast.POLICE)
    query = (await police.gets(QueryIssued, case=case)).query_id
    moving = {
        "free": "an item moved to another case by who was asked in both",
        "report": "an item of a referral given in answer in another case",
    }
    for name, what in moving.items():
        moved = cast.item("Meldingen.", "eenheidsleiding", item_id=world.items[name])
        answer = QueryAnswered(query_id=query, involved=True, items=(moved,))
        world.telling.refused(what, await police.try_to_send(answer, case=case), "R35")
    declined = QueryDeclined(query_id=query, ground=DeclineGround.NOT_NECESSARY)
    await police.send(declined, case=case)


# --- reading -----------------------------------------------------------------------------------------


async def _who_reads(world: World) -> None:
    """Play R33, R34."""
    path = f"/cases/{world.case}"
    readers = (world.director, *(world.worker(p) for p in (cast.REFERRER, cast.POLICE, cast.MENTAL_HEALTH)))
    seen = await asyncio.gather(*(reader.see("triage", path) for reader in readers))
    director, referrer, police, care = ({item["item_id"] for item in one["items"]} for one in seen)
    everything = {world.items[name] for name in ("report", *OF_THE_POLICE, "rent")}
    world.telling.check(
        director == referrer == everything,
        "the director and the leading party read all six items, and no other (R33)",
    )
    asked = [{query["recipient"] for query in one["queries"]} for one in seen[2:]]
    world.telling.check(
        police == {world.items[name] for name in OF_THE_POLICE}
        and care == set()
        and asked == [{cast.POLICE}, {cast.MENTAL_HEALTH}],
        "each queried party reads its own query and answer, and nothing of others (R34)",
    )
    others = (world.worker(cast.PROBATION), world.people("manager-a"), world.people("privacy-officer-a"))
    await world.not_shown("triage", path, *others)
