"""A query between asking and replying, over HTTP on a real PostgreSQL: clarified, extended, released."""

from datetime import datetime, timedelta
from typing import Any

from services.triage import commands as c
from services.triage.gauges import gauges
from services.triage.main import SERVICE
from shared.core.actor import CLOCK
from shared.ids import new_id
from tests.integration.triage.test_api import MANAGER, Office, Person, answered, ask, planned, query
from tests.integration.triage.test_api import office as office  # a fixture
from tests.support.samples import triage as s
from tests.support.transactions import delivery, rows, transaction_on


async def waiting(office: Office) -> dict[str, Any]:
    """What the director finds of this case among what waits; empty where it is not there."""
    found = (await office.director().get("/overdue")).json()["cases"]
    return found[0] if found else {}


async def listed(office: Office, party: str = s.CARE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await office.worker(party).get("/queries")).json()["queries"]
    return found


async def sent(office: Office, party: str = s.CARE) -> list[str]:
    """The letters that wait for the party in the outbox."""
    found = await rows(office.engine, "outbox", "recipient = :p ORDER BY id", p=party)
    return [row.type.split(".")[-2] for row in found]


async def counted(office: Office) -> dict[str, float]:
    """What the service says to operators about what waits for directors."""
    async with office.engine.connect() as connection:
        (metric,) = await gauges(connection, office.clock.now())
    return {sample.labels["for"]: sample.value for sample in metric.samples}


async def test_what_is_meant_is_asked_told_and_read_by_whom_it_concerns_r31(office: Office) -> None:
    asked, worker, director = await ask(office, s.CARE), office.worker(s.CARE), office.director()
    unclear = {"query_id": asked, "question": "Welke periode bedoelt u?"}
    response = await worker.post(f"/queries/{asked}/clarification-requests", unclear)
    assert response.json() == {"query_id": asked}, "nothing of the case (R34)"
    assert (await waiting(office))["to_decide"] == 1
    assert await counted(office) == {"no-answer-seen": 0.0, "asked": 1.0}
    told = await director.post(f"/queries/{asked}/clarifications", {"clarification": "Het laatste jaar."})
    assert told.status_code == 200, told.text
    assert await waiting(office) == {}

    (seen,) = await listed(office)
    (clarification,) = seen["clarifications"]
    assert (clarification["question"], clarification["clarification"]) == (
        "Welke periode bedoelt u?",
        "Het laatste jaar.",
    )
    for reader in (director, office.worker(s.VENLO), worker):
        (of_care,) = (await reader.get()).json()["queries"]
        assert of_care["clarifications"][0]["question"] == "Welke periode bedoelt u?"
    manager = Person(office.client, office.become, MANAGER)
    for stranger in (office.worker(s.POLICE), manager, office.director("another-director")):
        assert (await stranger.get()).status_code in (403, 404)
    assert await sent(office) == ["query-issued", "query-clarified"]
    log = {(r.party, r.thing) for r in await rows(office.engine, "access_log")}
    assert (s.CARE, f"sent/clarified/{asked}/1") in log, "what a letter gave (R129)"
    assert (s.CARE, f"clarified/{asked}/1") in log, "and who read it"


async def test_more_time_is_asked_given_and_counted_on_r31(office: Office) -> None:
    asked, worker, director = await ask(office, s.CARE), office.worker(s.CARE), office.director()
    until = office.clock.now() + timedelta(days=14)
    path = f"/queries/{asked}/extension-requests"
    request = {"query_id": asked, "reply_before": until.isoformat(), "reason": "Vakantie."}
    too_long = request | {"reply_before": (until + timedelta(days=60)).isoformat()}
    assert (await worker.post(path, too_long)).json()["name"] == "ExtensionTooLong"
    assert (await worker.post(path, request)).status_code == 200
    assert (await worker.post(path, request)).json()["name"] == "ExtensionAskedBefore"
    assert (await waiting(office))["to_decide"] == 1
    decisions = f"/queries/{asked}/extension-decisions"
    assert (await director.post(decisions, {"granted": False})).json()[
        "name"
    ] == "ExtensionRefusedWithoutReason"
    assert (await director.post(decisions, {"granted": True})).status_code == 200
    (seen,) = await listed(office)
    assert datetime.fromisoformat(seen["reply_before"]) == until
    assert datetime.fromisoformat(seen["replies_until"]) == until + timedelta(days=3)
    assert [(one["granted"], one["reason"]) for one in seen["extensions"]] == [(True, "Vakantie.")]
    (of_case,) = (await director.get()).json()["queries"]
    assert datetime.fromisoformat(of_case["reply_before"]) == until
    assert datetime.fromisoformat(of_case["asked"]["reply_before"]) < until, "as it was sent"


async def test_a_query_that_lapsed_while_time_was_asked_waits_again_once_it_is_given_r31(
    office: Office,
) -> None:
    asked, worker = await ask(office, s.CARE), office.worker(s.CARE)
    until = (office.clock.now() + timedelta(days=30)).isoformat()
    request = {"query_id": asked, "reply_before": until, "reason": "Vakantie."}
    await worker.post(f"/queries/{asked}/extension-requests", request)
    lapse = c.LapseQuery(by=CLOCK, query_id=asked)
    at = office.clock.now() + timedelta(days=10)
    await transaction_on(office.engine, SERVICE).run([delivery(s.CASE, lapse, at=at)])
    found = await waiting(office)
    assert (found["unanswered"], found["to_decide"]) == (1, 1)
    assert await counted(office) == {"no-answer-seen": 1.0, "asked": 1.0}
    assert await listed(office) == []
    decision = {"granted": True, "reason": "Dit is nodig."}
    given = await office.director().post(f"/queries/{asked}/extension-decisions", decision)
    assert given.status_code == 200, given.text
    assert await waiting(office) == {}
    assert [one["query_id"] for one in await listed(office)] == [asked]
    answer = await worker.post(f"/queries/{asked}/answers", answered(asked, s.ITEM))
    assert answer.status_code == 200, answer.text


async def test_items_under_secrecy_are_read_once_their_holder_says_so_r30(office: Office) -> None:
    asked, worker, director = await ask(office, s.CARE), office.worker(s.CARE), office.director()
    answer = answered(asked, s.ITEM) | {"under_secrecy": [s.ITEM], "plan_contribution": "Kennis."}
    assert (await worker.post(f"/queries/{asked}/answers", answer)).status_code == 200
    for reader in (director, office.worker(s.VENLO)):
        seen = (await reader.get()).text
        assert f"geheim {s.ITEM}" not in seen
        assert s.ITEM not in seen, "not even its number"
    assert [one["item_id"] for one in (await worker.get()).json()["secrecy"]] == [s.ITEM]
    other = await office.worker(s.POLICE).post("/secrecy-clearances", {"items": [s.ITEM]})
    assert other.status_code == 404
    consent = new_id()
    cleared = await worker.post("/secrecy-clearances", {"items": [s.ITEM], "consent": consent})
    assert cleared.json() == {"items": [s.ITEM]}
    for reader in (director, office.worker(s.VENLO)):
        seen = (await reader.get()).json()
        assert f"geheim {s.ITEM}" in {item["content"] for item in seen["items"]}
        (one,) = seen["secrecy"]
        assert (one["with_consent"], one["consent"]) == (True, consent)


async def test_what_is_held_to_the_end_is_not_prepared_and_goes_with_the_cleaning_r30_r95(
    office: Office,
) -> None:
    asked, director = await ask(office, s.CARE), office.director()
    answer = answered(asked, s.ITEM) | {"under_secrecy": [s.ITEM]}
    await office.worker(s.CARE).post(f"/queries/{asked}/answers", answer)
    ended = {"outcome": "rto-needed", "picture": {**PICTURE}}
    assert (await director.post("/conclusion", ended)).status_code == 200
    assert (await director.post("/preparation", planned(s.ITEM))).json()["name"] == "UnknownItem"
    prepared = await director.post("/preparation", planned(s.REFERRED))
    assert prepared.status_code == 200, prepared.text
    assert len(await rows(office.engine, "outbox", "type LIKE '%item-prepared%'")) == 1
    transaction = transaction_on(office.engine, SERVICE)
    follow = (c.FollowDeescalation(by=s.BY_SERVICE), c.FollowCleaning(by=s.BY_SERVICE, kept_items=()))
    await transaction.run([delivery(s.CASE, one, at=office.clock.now()) for one in follow])
    assert await rows(office.engine, "contributions", "true") == []


PICTURE = {
    "parties": [s.POLICE],
    "plan_contribution": "Kennis.",
    "execution_contribution": "Toezicht.",
    "information": "Meldingen; bereid.",
}


async def test_the_referrer_releases_an_item_for_queries_during_triage_r30(office: Office) -> None:
    director = office.director()
    drawing = query(office, drawn_from=[s.REFERRED])
    assert (await director.post("/queries", drawing)).json()["name"] == "SecrecyNotReleased"
    anothers = await office.worker(s.VENLO).post("/secrecy-clearances", {"items": [s.ITEM]})
    assert anothers.json()["name"] == "NotUnderSecrecy"
    cleared = await office.worker(s.VENLO).post("/secrecy-clearances", {"items": [s.REFERRED]})
    assert cleared.status_code == 200, cleared.text
    assert (await director.post("/queries", drawing)).status_code == 200


async def test_the_referrer_says_itself_what_it_expects_of_a_party_r28(office: Office) -> None:
    referrer, director = office.worker(s.VENLO), office.director()
    against = {"party": s.POLICE, "useful": False, "estimate": "Zij kennen hem niet."}
    assert (await referrer.post("/estimates", against)).json() == {"party": s.POLICE}
    assert (await office.worker(s.POLICE).post("/estimates", against)).status_code == 404
    assert (await director.post("/queries", query(office))).json()["name"] == "ReferrerAgainstIt"
    for reader in (director, referrer):
        assert (await reader.get()).json()["estimates"][0]["estimate"] == "Zij kennen hem niet."
    before = len(await rows(office.engine, "pieces", "true"))
    useful = against | {"useful": True, "estimate": "Zij kwamen vaker langs."}
    assert (await referrer.post("/estimates", useful)).status_code == 200
    assert len(await rows(office.engine, "pieces", "true")) == before, "the one before is gone"
    asked = query(office, referrer_estimate="")
    assert (await director.post("/queries", asked)).status_code == 200
    seen = (await referrer.get()).json()
    assert seen["queries"][0]["choice"]["referrers_own"] == "Zij kwamen vaker langs."
    assert "estimates" not in seen
    assert "vaker langs" not in (await office.worker(s.POLICE).get()).text


async def test_path_and_body_of_an_ask_name_the_same_query(office: Office) -> None:
    asked, worker = await ask(office, s.CARE), office.worker(s.CARE)
    until = (office.clock.now() + timedelta(days=14)).isoformat()
    asks: dict[str, dict[str, str]] = {
        "clarification-requests": {"query_id": s.NEW, "question": "Wat?"},
        "extension-requests": {"query_id": s.NEW, "reply_before": until, "reason": "Druk."},
    }
    for path, body in asks.items():
        assert (await worker.post(f"/queries/{asked}/{path}", body)).status_code == 400
