"""Take at most so many requests at once, and answer the others at once that they may come again."""

from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from shared.contract.refusal import Remedy, refusals_of
from shared.http.problem import problem
from shared.http.startup_gate import ALWAYS_OPEN
from shared.rate import AtOnce
from shared.telemetry.metrics import REQUESTS_UNDER_WAY

APART = frozenset({"/case-keys"})
MOST = 100  # requests under way in one process; its database serves a dozen of them at a time
OVERLOADED = refusals_of("http")("Overloaded", "R127", "art. 15.3; B4", Remedy.RETRY_LATER, status=503)


@dataclass(slots=True)
class RequestLimit:
    """Refuse requests beyond `most` under way, but those of health and metrics (ASGI middleware).

    It comes after the entrance, so that who has no share takes no place here either.

    Each path in `APART` has places of its own: what services ask does not wait behind what people ask.
    """

    app: ASGIApp
    most: int = MOST
    _under_way: AtOnce = field(init=False)

    def __post_init__(self) -> None:
        self._under_way = AtOnce(self.most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS_OPEN:
            await self.app(scope, receive, send)
            return
        places = scope["path"] if scope["path"] in APART else ""
        with self._under_way.one(places) as room:
            if not room:
                await problem(OVERLOADED)(scope, receive, send)
                return
            with REQUESTS_UNDER_WAY.track_inprogress():
                await self.app(scope, receive, send)
