"""Serve sixth over HTTP: a party's workers submit, and read what their own party submitted."""

from collections.abc import Sequence

from fastapi import APIRouter
from pydantic import Field

from services.sixth import commands as c
from services.sixth import handlers as h
from services.sixth.viewing import may_view
from shared.contract.fields import Id
from shared.contract.messages.sixth import SixthSubmitted
from shared.contract.registry import Model
from shared.http import access_log
from shared.http.app import Acting, Commands, Done, Looking, Reader, done

router = APIRouter(tags=["sixth"])


def routers() -> Sequence[APIRouter]:
    """Return the routers of everything people can do here."""
    return [router, access_log.router]


class SubmissionView(Model):
    """What a party submitted."""

    subject: str = Field(title="onderwerp bij sixth")


@router.post("/submissions")
async def submit(body: SixthSubmitted, caller: Acting, commands: Commands) -> Done:
    """A worker submits for its party; the same command as the message."""
    party = caller.identity.party or ""
    return done(
        await commands.act(
            caller,
            h.case_of(commands.digest_key, party, body.submission_id),
            body,
            h.submit,
            asks=c.Submit,
        )
    )


@router.get("/submissions/{submission_id}")
async def read_submission(
    submission_id: Id, caller: Looking, commands: Commands, reader: Reader
) -> SubmissionView:
    """One submission of the worker's own party."""
    case_id = h.case_of(commands.digest_key, caller.identity.party or "", submission_id)
    seen = await reader.look(caller, case_id, may_view, lambda state: (), scope=None)
    return SubmissionView(subject=seen.case.state.subject or "")
