"""Answer a refusal over HTTP as problem+json (RFC 9457), in the language that the client asks for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.types import Receive, Scope, Send

from shared.contract.refusal import Refusal, RefusalTold, Remedy, members_told, public_refusal
from shared.core.shared_things import Changed

PROBLEM = "application/problem+json"
RETRY_AFTER = "5"  # seconds
# Of every answer, whoever made it: for browsers, that nothing of it is kept, guessed at, framed or sent on.
HEADERS = {
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
Language = Literal["nl", "en"]


class ProblemDetails(RefusalTold):
    """RFC 9457, with the rule and the article the refusal rests on; `title` is its name too."""

    type: str
    title: str
    status: int
    detail: str
    parameters: tuple[str, ...] = Field(
        default=(), description="Names of the headers and parameters that do not fit."
    )
    changed: tuple[str, ...] = Field(
        default=(), description="With 412: the parts of the thing that are other than in the version named."
    )
    changed_at: datetime | None = Field(default=None, description="With 412: when the thing last changed.")


class Problem(JSONResponse):
    """Answer with a refusal as it is; its sentence is Dutch unless the client would rather have English."""

    media_type = PROBLEM

    def __init__(self, told: Refusal, **more: Any) -> None:
        self._told = told
        self._details: dict[str, Any] = {
            "type": f"urn:nld:zvh:refusal:{told.name}",
            "title": told.name,
            "status": told.status,
            **members_told(told),
            "remedy": Remedy.RETRY_LATER if told.may_be_lag else told.remedy,
            **{name: value for name, value in more.items() if value},
        }
        super().__init__(self._details, told.status, HEADERS | {"Vary": "Accept-Language"})
        if told.status == 503:
            self.headers["Retry-After"] = RETRY_AFTER
        self._speak("nl")

    def _speak(self, language: Language) -> None:
        self.body = self.render({**self._details, "detail": getattr(self._told.said, language)})
        self.headers["Content-Length"] = str(len(self.body))
        self.headers["Content-Language"] = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = b",".join(value for name, value in scope["headers"] if name == b"accept-language")
        self._speak(preferred(asked.decode("latin-1")))
        await super().__call__(scope, receive, send)


def problem(
    refusal: Refusal,
    invalid: Sequence[str] = (),
    parameters: Sequence[str] = (),
    changed: Changed | None = None,
) -> Problem:
    """Make the answer of a refusal; whoever may not know of a case is told what is told of none.

    `invalid`: JSON pointers into the body; `parameters`: names of headers and parameters. A request cannot
    wait for a fact that is still on its way, so it is asked to come again.
    """
    parts, at = changed or Changed()
    return Problem(
        public_refusal(refusal),
        invalid=list(invalid),
        parameters=list(parameters),
        changed=list(parts),
        changed_at=at.isoformat().replace("+00:00", "Z") if at else None,
    )


def preferred(accept_language: str) -> Language:
    """Return the language to answer in (RFC 9110, 12.5.4): Dutch, unless English is preferred to it."""
    weights: dict[str, float] = {}
    for entry in accept_language.split(","):
        tag, _, parameter = entry.strip().lower().partition(";")
        language = tag.strip().split("-")[0]
        weights[language] = max(weights.get(language, 0.0), _weight(parameter))
    others = weights.get("*", 0.0)
    return "en" if weights.get("en", others) > weights.get("nl", others) else "nl"


def _weight(parameter: str) -> float:
    """Return the weight of a language; 0 for one that is not written as a weight."""
    name, _, written = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(written) if name.strip() == "q" and 0 <= float(written) <= 1 else 0.0
    except ValueError:
        return 0.0
