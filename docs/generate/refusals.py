"""Generate the catalogue of refusals: what each says in both languages, and what its reader can do."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.generate.rules import house_refusals, http_refusals, service_refusals
from docs.generate.tree import services
from shared.contract.refusal import REASONS, UNKNOWN_CASE, Refusal, public_refusal, unreadable
from shared.http.app import NOT_FOUND

HEAD = Path(__file__).parent / "refusals-head.md"
COLUMNS = (
    "| Name | Reason | Rule, article | Remedy | HTTP | In English | In Dutch |\n|---|---|---|---|---|---|---|"
)


def document() -> str:
    """Return the text of docs/refusals.md."""
    return HEAD.read_text() + "\n".join(_sections()) + "\n"


def _sections() -> Iterator[str]:
    unread = [unreadable(reason) for reason in REASONS]
    yield from _section("What could not be read", "From every service, of a record or a request.", unread)
    of_all = [one for one in house_refusals().values() if one.reason not in REASONS]
    yield from _section("In every service", "From every service, on Kafka and over HTTP.", of_all)
    of_http = [one for one in http_refusals().values() if one.reason not in REASONS]
    yield from _section("Requests as such", "From every service, over HTTP alone.", of_http)
    for service in services():
        where = f"From {service}, on Kafka and over HTTP."
        yield from _section(service.capitalize(), where, service_refusals(service).values())


def _section(title: str, where: str, refusals: Iterable[Refusal]) -> Iterator[str]:
    yield f"## {title}\n\n{where}\n"
    yield COLUMNS
    yield from (_row(one) for one in refusals)
    yield ""


def _row(refusal: Refusal) -> str:
    waits = ", waits" if refusal.may_be_lag or refusal.status == 404 else ""
    hidden = refusal not in (UNKNOWN_CASE, NOT_FOUND) and public_refusal(refusal) is UNKNOWN_CASE
    status = f"404, as `{UNKNOWN_CASE.name}`" if hidden else str(refusal.status)
    cells = (
        f"`{refusal.name}`",
        f"`{refusal.reason}`",
        f"{refusal.rule}, {refusal.article}",
        f"{refusal.remedy}{waits}",
        status,
        *refusal.said,
    )
    return f"| {' | '.join(cells)} |"
