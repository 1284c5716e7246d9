"""Serve the one act that is open before any other: somebody acknowledges the duty of secrecy (R126)."""

from fastapi import APIRouter
from pydantic import Field

from services.governance import commands as c
from services.governance.handlers import account_id
from shared.contract.registry import Model
from shared.http.app import Beginning, Commands, Done, done

router = APIRouter(tags=["acknowledgements"])


class Acknowledgement(Model):
    """Somebody states that they know the duty of secrecy of art. 15, and keep it, also afterwards."""

    secrecy: bool = Field(default=False, title="kent de geheimhouding en komt die na")


@router.post("/acknowledgements")
async def acknowledge_secrecy(body: Acknowledgement, caller: Beginning, commands: Commands) -> Done:
    """Whoever signs in acknowledges secrecy, once for each organisation: before, no account works (R126)."""
    who = caller.identity
    return done(
        await commands.act(
            caller,
            account_id(commands.digest_key, who.subject, who.party),
            body,
            lambda sent, by: c.AcknowledgeSecrecy(by=by, secrecy=sent.secrecy),
            asks=c.AcknowledgeSecrecy,
        )
    )
