"""Name who and what the story is about: plainly invented people, and the parties that take part."""

from datetime import date, datetime, timedelta
from typing import Any

from shared.contract.fields import Category, Item, Person, PersonRole, Theme
from shared.contract.messages.intake import Criteria, ReferralSubmitted
from shared.ids import new_id

REFERRER = "gemeente-venlo"
SECOND_REFERRER = "gemeente-beesel"
STRANGER = "gemeente-venray"  # signs last, and authorises nobody
POLICE = "politie-limburg"
MENTAL_HEALTH = "vincent-van-gogh"
OTHER_MENTAL_HEALTH = "met-ggz"
HOUSING = "woonwenz"  # has no connector
PROBATION = "reclassering-nederland"
CONNECTED = (REFERRER, SECOND_REFERRER, STRANGER, POLICE, MENTAL_HEALTH, OTHER_MENTAL_HEALTH, PROBATION)
AT_THE_TABLE = (REFERRER, POLICE, MENTAL_HEALTH, HOUSING)

TASK = "Wmo 2015, art. 2.1.1"
BASIS = "AVG art. 6 lid 1 sub e"
NAME_OF_MAN, NAME_OF_MOTHER = "Persoon A", "Persoon B"
NAME_OF_REFERRER = "Persoon F"  # who refers, at the municipality
BSN = "999994927"  # one that is never given out


def person(name: str, role: PersonRole, born: str, bsn: str | None = None) -> Person:
    """Build a data subject."""
    address = "Straat 1, Plaats"
    return Person(person_id=new_id(), role=role, name=name, date_of_birth=born, address=address, bsn=bsn)


def item(text: str, acting_body: str, **more: Any) -> Item:
    """Build one item of information."""
    given: dict[str, Any] = {
        "item_id": new_id(),
        "category": Category.ORDINARY,
        "acting_body": acting_body,
        "basis": BASIS,
        "valid_on": date(2026, 1, 15),
        "necessity": "Nodig om de situatie te kunnen beoordelen.",
        "content": text,
    }
    return Item(**(given | more))


def referral(persons: tuple[Person, ...], items: tuple[Item, ...], **more: Any) -> ReferralSubmitted:
    """Build a complete referral; `more` overrides fields, to make it less so."""
    given: dict[str, Any] = {
        "referral_id": new_id(),
        "task": TASK,
        "acting_body": "college",
        "theme": Theme.COMPLEX_CASE,
        "basis": BASIS,
        "criteria": Criteria(
            multi_problem=True, several_chains=True, impact_on_system=True, serious_local_safety=False
        ),
        "weighing": "Politie en zorg kunnen bijdragen; een keten alleen lukt niet.",
        "persons": persons,
        "items": items,
    }
    return ReferralSubmitted(**(given | more))


def picture(*parties: str) -> dict[str, Any]:
    """Build the picture of a case that triage ends with, in its four points."""
    return {
        "parties": list(parties),
        "plan_contribution": "Kennis van de wijk en van de zorg.",
        "execution_contribution": "Toezicht, behandeling en woonruimte.",
        "information": "Meldingen en de huurstand; beide partijen willen ze inbrengen.",
    }


def query(recipient: str | list[str], now: datetime, **more: Any) -> dict[str, Any]:
    """Build the body of a complete query to one party; `more` overrides fields, to make it less so."""
    given: dict[str, Any] = {
        "recipient": recipient,
        "task": TASK,
        "purpose": "Bepalen of een gezamenlijke aanpak nodig is.",
        "necessity": "Alleen deze partij kent de meldingen van het laatste jaar.",
        "question": "Is deze persoon bij u bekend, en wat kunt u bijdragen?",
        "reason": "Deze partij is in de wijk betrokken.",
        "referrer_estimate": "Deze partij kwam het laatste jaar vaker langs.",
        "reply_before": (now + timedelta(days=7)).isoformat(),
    }
    return given | more
