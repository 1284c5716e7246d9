"""Let only those work who have acknowledged the duty of secrecy, whatever their role (R126)."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contract.refusal import NOT_CURRENT, Refusal, refusals_of
from shared.http.oidc import Identity
from shared.messaging.currency import Currency
from shared.storage import acknowledgements

MOST_REMEMBERED = 10_000  # accounts

SECRECY_NOT_ACKNOWLEDGED = refusals_of("http")(
    "SecrecyNotAcknowledged", "R126", "art. 15.1, 15.2", status=403
)


@dataclass(slots=True)
class Accounts:
    """Look up in the copy of this service which accounts may work; one that may is remembered for good."""

    engine: AsyncEngine
    currency: Currency
    _remembered: dict[tuple[str, str | None], None] = field(default_factory=dict)

    async def refusal(self, who: Identity) -> Refusal | None:
        """Return why somebody may not work here yet; None for somebody who may.

        It may be on its way: while this service may have missed it, whoever asks is told to come again.
        """
        if await self._may_work(who):
            return None
        if not await self.currency.soon():
            return NOT_CURRENT
        return None if await self._may_work(who) else SECRECY_NOT_ACKNOWLEDGED

    async def _may_work(self, who: Identity) -> bool:
        account = who.subject, who.party
        if account in self._remembered:
            return True
        async with self.engine.connect() as connection:
            known = await acknowledgements.is_known(connection, *account)
        if known:
            self._remembered[account] = None
            if len(self._remembered) > MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
        return known
