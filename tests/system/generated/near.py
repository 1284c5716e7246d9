"""Vary what is valid: one value of it at a time becomes odd, so that all the rest is taken in earnest."""

import copy
import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from shared.contract.fields import ID, PersonRole
from shared.contract.messages.governance import AuthorisationGranted
from shared.contract.messages.triage import QueryAnswered
from shared.contract.parties import KeyUse, Scope
from shared.contract.registry import MessageType, ServiceName, of_model
from shared.crypto.jose import new_key, public_jwk
from shared.ids import new_id
from tests.story import cast
from tests.system.generated.known import ODD, ODD_NUMBERS, Known

Path = tuple[str | int, ...]
OF_EACH_VALUE = 2  # odd ones
PARTY = "verzonnen-partij-"
PARTIES = tuple(f"{PARTY}{n}" for n in range(100))  # on whose accession the first decision is
DECISION = "SG-2022-1"
_NUMBERS = itertools.count(1)
_UNSIGNED = itertools.cycle(PARTIES)


class Act(NamedTuple):
    """Describe a request of somebody, of the house for the referrer unless a worker; `odd` in one value."""

    service: ServiceName
    path: str
    body: dict[str, Any]
    who: str = "process-director-a"
    odd: bool = False


def acts(known: Known, dice: random.Random) -> Iterator[Act]:
    """Yield valid requests, each once as it is and then with one odd value, at each place in turn."""
    for make in (deciding, signing, referral, authorising, screening, asking):
        act = make(known, dice)
        yield act
        for body in varied(act.body, dice):
            yield make(known, dice)._replace(body=_anew(body), odd=True)


def messages(known: Known, dice: random.Random) -> Iterator[tuple[MessageType, Any]]:
    """Yield the same of messages."""
    man, item = person(), cast.item("Meldingen.", "eenheidsleiding")
    granted = AuthorisationGranted(authorisation_id=new_id(), acting_body="college", scopes=tuple(Scope))
    answered = QueryAnswered(query_id=known.one("query_id", dice), involved=True, items=(item,))
    for message in (cast.referral((man,), (cast.item("Feiten.", "college"),)), granted, answered):
        body = message.model_dump(mode="json", exclude_none=True)
        for one in (body, *varied(body, dice)):
            yield of_model(type(message)), _anew(one)


def varied(body: Any, dice: random.Random) -> Iterator[Any]:
    """Yield it with one value replaced by an odd one, or left out, for each value in it."""
    for path in places(body):
        for _ in range(OF_EACH_VALUE):
            other = copy.deepcopy(body)
            inner = other
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = dice.choice((*ODD, *ODD, *ODD_NUMBERS, None, [], {}))
            yield other


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value that holds no other."""
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if inner is None:
        yield path
        return
    for step, held in inner:
        yield from places(held, (*path, step))


def _anew(body: Any) -> Any:
    """Give what is brought in an id of its own where its id is valid: each is another referral or item."""
    if _is_id(body.get("referral_id")):
        body["referral_id"] = new_id()
    if _is_id(body.get("authorisation_id")):
        body["authorisation_id"] = new_id()
    if str(body.get("party")).startswith(PARTY):
        body["party"] = next(_UNSIGNED)
    if str(body.get("number")).startswith("SG-"):
        body["number"] = f"SG-2023-{next(_NUMBERS)}"
    for item in body.get("items") or ():
        if _is_id(item.get("item_id")):
            item["item_id"] = new_id()
    return body


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and ID.fullmatch(value) is not None


def deciding(known: Known, dice: random.Random) -> Act:
    body = {
        "number": DECISION,
        "organ": "steering-group",
        "taken_on": "2021-09-01",
        "in_force_from": "2021-09-01",
        "subject": {"kind": "accession", "parties": list(PARTIES)},
        "votes": {"in_favour": 8},
    }
    return Act("governance", "/decisions", body, "secretary-a")


def signing(known: Known, dice: random.Random) -> Act:
    jwk = public_jwk(new_key(), KeyUse.SIGNING)
    form = {
        "name": "Verzonnen partij",
        "seat": "Venlo",
        "office": "Hoofdkantoor",
        "officer_function": "bestuurder",
        "officer_name": "Persoon B",
        "endorses_goals": True,
        "undertakes_to_comply": True,
        "entitled_to_exchange": True,
        "place": "Venlo",
        "organisation_signed_on": "2021-09-08",
        "chair_signed_on": "2021-09-08",
        "chair_name": "Persoon C",
    }
    body = {
        "party": next(_UNSIGNED),
        "decision": DECISION,
        "kind": "other",
        "acting_bodies": ["bestuur"],
        "source": f"urn:nld:kvknr:{dice.randrange(10**7, 10**8)}.systeem",
        "may_use_bsn": False,
        "member_from": "2026-01-01T00:00:00Z",
        "signing_key": {"kid": jwk["kid"], "jwk": {name: jwk[name] for name in ("kty", "crv", "x", "y")}},
        "form": form,
    }
    return Act("governance", "/signatories", body, "secretary-a")


def referral(known: Known, dice: random.Random) -> Act:
    made = cast.referral((person(),), (cast.item("Feiten.", "college"),))
    body = made.model_dump(mode="json", exclude_none=True)
    return Act("intake", "/referrals", body, f"worker-{cast.REFERRER}")


def authorising(known: Known, dice: random.Random) -> Act:
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    body: dict[str, Any] = {"authorisation_id": new_id(), "acting_body": "college", "valid_until": until}
    body["scopes"] = [str(scope) for scope in Scope]
    path = f"/parties/{cast.SECOND_REFERRER}/authorisations"
    return Act("governance", path, body, f"worker-{cast.SECOND_REFERRER}")


def screening(known: Known, dice: random.Random) -> Act:
    body = {
        "outcome": "information-needed",
        "weighing": "Nog niet te zeggen wie kan bijdragen.",
        "advice": "Meer gegevens zijn nodig.",
    }
    return Act("intake", f"/cases/{known.ids['case_id'][0]}/screening", body)


def asking(known: Known, dice: random.Random) -> Act:
    body = cast.query(cast.POLICE, datetime.now(UTC), persons=[])
    return Act("triage", f"/cases/{known.ids['case_id'][1]}/queries", body)


def person() -> Any:
    return cast.person("Persoon A", PersonRole.SUBJECT, "1990-01-01")
