"""Serve the access log of one case to the privacy officer, at every service (R129)."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from shared.contract.fields import Id
from shared.contract.registry import Model
from shared.core.viewing import may_view_log
from shared.http.app import Looking, Reader
from shared.http.caller import Caller
from shared.http.reading import CaseReader
from shared.storage import access_log

router = APIRouter(tags=["access log"])
LOOKS_PER_PAGE = 1000
LAST_ENTRY = 2**63 - 1  # what the database counts up to
After = Annotated[int, Query(ge=0, le=LAST_ENTRY)]


class Look(Model):
    """One thing somebody looked at or was sent: who gave it, who used it, on which basis (R129).

    `thing` begins with `sent/` for what a letter gives to `party`, and with `not-sent/` for a letter that was
    stopped before it left; there is no person then.
    """

    entry: int
    at: datetime = Field(title="moment")
    role: str = Field(title="rol")
    person: str = Field(title="persoon")
    party: str | None = Field(title="partij")
    viewed_on_behalf_of: str | None = Field(title="bekeken namens")
    viewed_for_body: str | None = Field(default=None, title="bekeken voor bestuursorgaan")
    thing: str = Field(title="wat")
    allowed: bool = Field(title="getoond")
    rule: str = Field(title="regel")
    basis: str | None = Field(default=None, title="grondslag")
    given_on_behalf_of: str | None = Field(title="verstrekt namens")
    given_by_body: str | None = Field(default=None, title="verstrekt door bestuursorgaan")


class AccessLog(Model):
    """A page of the access log; `next` is the `after` of the next page, if there is one."""

    entries: list[Look] = Field(title="inzagen")
    next: int | None = None


@router.get("/cases/{case_id}/access-log")
async def read_access_log(case_id: Id, caller: Looking, reader: Reader, after: After = 0) -> AccessLog:
    """List who looked at or was sent what, on which basis and rule; the privacy officer's look too (R129)."""
    return await page(reader, caller, case_id, after)


async def page(reader: CaseReader[Any], caller: Caller, case_id: str, after: int) -> AccessLog:
    """Return a page of the log of a case; raise `Refused` for everybody but the privacy officer."""
    await reader.look(caller, case_id, may_view_log, lambda state: (), scope=None)
    async with reader.engine.connect() as connection:
        found = await access_log.looks(connection, case_id, after=after, most=LOOKS_PER_PAGE)
    entries = [Look(**row._mapping) for row in found]
    return AccessLog(entries=entries, next=entries[-1].entry if len(entries) == LOOKS_PER_PAGE else None)
