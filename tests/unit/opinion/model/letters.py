"""Say which letter may leave for whom, from the covenant and the story alone.

A letter is judged when it leaves: `may_leave` returns why it may not, or None.
"""

from dataclasses import dataclass
from datetime import datetime

from tests.unit.opinion.model.story import Stage, Story, is_kept_back, is_special

OUTLAST = frozenset(
    {"takers-told", "destruction-announced", "file-destroyed", "informing-handed-over"}
)  # R17, R99, R115: these bring duties
TO_WHO_LEADS = frozenset(
    {
        "referral-received",
        "referral-screened",
        "informing-requested",
        "case-lapsed",
        "term-passed",
        "triage-concluded",
    }
)
IN_ITS_NAME = {  # what is sent in the name of who leads, and what that has to have authorised (R122)
    "query-issued": "query",
    "query-reminded": "query",
    "query-clarified": "query",
    "query-extended": "query",
    "rto-convened": "rto",
    "release-asked": "",
    "items-provided": "",
    "actions-assigned": "",
    "direction-offered": "",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter on its way: what it is, to whom, and what of the case it holds."""

    kind: str
    recipient: str
    query: str | None = None
    told: int | None = None  # which of the clarifications of the query
    numbers: bool = False
    item: str | None = None
    action: str | None = None
    actions: tuple[str, ...] = ()
    version: int = 1


def forbidden(s: Story, letter: Letter, now: datetime) -> str | None:
    """Return the rule that keeps this letter here; None where it may leave."""
    to = letter.recipient
    if letter.kind not in OUTLAST and letter.kind != "actions-ended" and not s.is_party(to, now):
        return "R115"
    if letter.kind in IN_ITS_NAME and not s.covers(_scopes(s, IN_ITS_NAME[letter.kind]), now):
        return "R122"
    if letter.kind in TO_WHO_LEADS and to not in s.led:
        return "R5"
    match letter.kind:
        case "query-issued":
            return _of_query(s, letter)
        case "query-clarified":
            return _of_what_is_told(s, letter)
        case "query-reminded" | "query-lapsed" | "query-extended" | "query-extension-refused":
            query = s.queries.get(letter.query or "")  # which cleaning removes
            return None if query is None or query.party == to else "R26"
        case "rto-convened":
            return None if any(to in rto.tested for rto in s.rtos) else "R59"
        case "release-asked":
            return None if s.items[letter.item or ""].giver == to else "R66"
        case "items-provided":
            return _of_item(s, letter, now)
        case "actions-assigned" | "actions-ended":
            own = {**s.actions, **s.ended_actions}
            return None if all(own.get(action) == to for action in letter.actions) else "A19"
        case "takers-told":
            return None if any(party == to and i == letter.item for party, i, *_ in s.takers) else "R104"
        case _:
            return None


def _scopes(s: Story, needed: str) -> tuple[str, ...]:
    return (needed or ("monitoring" if s.stage is Stage.MONITORING else "rto"),)


def _of_query(s: Story, letter: Letter) -> str | None:
    """R21, R22, R26, R49: one question to one party, with what both may process alone."""
    query = s.queries[letter.query or ""]
    if query.party != letter.recipient:
        return "R26"
    asking, asked = s.parties[s.leader], s.parties[letter.recipient]
    if letter.numbers and not (asking.may_use_number and asked.may_use_number):
        return "R22"
    competent = asking.may_see_special and (query.tested or asked.may_see_special)
    return "R49" if is_special(s, query) and not competent else None


def _of_what_is_told(s: Story, letter: Letter) -> str | None:
    """R21, R26, R30, R49: what was meant goes to who asked that, with no more than a query may hold."""
    query = s.queries[letter.query or ""]
    told = query.meant[letter.told or 0]
    if query.party != letter.recipient or told is None:
        return "R26"
    if is_kept_back(s, query, told):
        return "R30"
    asking, asked = s.parties[s.leader], s.parties[letter.recipient]
    competent = asking.may_see_special and (query.tested or told.tested or asked.may_see_special)
    return "R49" if is_special(s, query, told) and not competent else None


def _of_item(s: Story, letter: Letter, now: datetime) -> str | None:
    """R49, R65, R66, R73, A11, A12: an item for one action of one party, as its contributor said last."""
    number, to = letter.item or "", letter.recipient
    item = s.items[number]
    if not s.is_party(item.giver, now):
        return "A11"
    if number in s.taken_back:
        return "A12"
    if letter.version != item.version:
        return "A22"
    if s.words.get((number, to, letter.action)) != "given":
        return "R65"
    if item.special and not (s.tested(to) or s.parties[to].may_see_special):
        return "R49"
    return None if s.stage is not Stage.CLOSING else "R78"
