"""Compare the five services' copies of the register of parties: `python -m deploy.parties [--house FILE]`.

Each tells on `/metrics` which record of which party it follows. Prints every party that is not the same in
all five, and ends with 1 if there is one, or a service that does not answer.
"""

import json
import ssl
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import httpx
import typer
from prometheus_client.parser import text_string_to_metric_families

SEQUENCE, DIGEST = "zvh_party_sequence", "zvh_party_digest"
SUSPENDED = -1
WITHIN = 10.0  # seconds for one answer
app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Copy:
    """Hold what a service follows of one party; `sequence` is `SUSPENDED` where it can read no record."""

    sequence: int
    digest: int


Copies: TypeAlias = Mapping[str, Copy]  # by party


class NotAsked(Exception):
    """Report that a service did not say what it follows; the argument says which and why."""


def read_copies(text: str) -> dict[str, Copy]:
    """Read the copies from a service's metrics (Prometheus' text format)."""
    found: dict[str, dict[str, int]] = {SEQUENCE: {}, DIGEST: {}}
    for family in text_string_to_metric_families(text):
        if family.name in found:
            found[family.name] |= {sample.labels["party"]: int(sample.value) for sample in family.samples}
    return {party: Copy(number, found[DIGEST][party]) for party, number in found[SEQUENCE].items()}


def differences(copies: Mapping[str, Copies]) -> dict[str, dict[str, str]]:
    """Return each party that is not the same everywhere, with what each service has of it.

    A party that no service can read is one too.
    """
    everybody = sorted({party for of in copies.values() for party in of})
    differ = {}
    for party in everybody:
        each = {service: of.get(party) for service, of in copies.items()}
        found = set(each.values())
        if len(found) > 1 or any(copy is not None and copy.sequence == SUSPENDED for copy in found):
            differ[party] = {service: _said(copy) for service, copy in each.items()}
    return differ


def _said(copy: Copy | None) -> str:
    if copy is None:
        return "none"
    return "suspended" if copy.sequence == SUSPENDED else f"{copy.sequence} ({copy.digest:012x})"


def ask(house: Mapping[str, Any]) -> dict[str, Copies]:
    """Ask each service of a house for its copies; raise `NotAsked`."""
    context = ssl.create_default_context(cafile=house["ca_file"])
    with httpx.Client(verify=context, timeout=WITHIN) as client:
        return {name: _ask(client, name, at) for name, at in sorted(house["services"].items())}


def _ask(client: httpx.Client, name: str, at: Mapping[str, Any]) -> dict[str, Copy]:
    try:
        headers = {"authorization": f"Bearer {at['metrics_token']}"}
        answer = client.get(f"{at['base_url']}/metrics", headers=headers).raise_for_status()
        text = answer.text
        if 'zvh_scraped{source="database"} 1.0' not in text:
            raise NotAsked(f"{name}: its database does not answer")
        return read_copies(text)
    except httpx.HTTPStatusError as error:
        raise NotAsked(
            f"{name}: /metrics answers {error.response.status_code}; is its token right?"
        ) from None
    except httpx.HTTPError as error:
        raise NotAsked(f"{name}: does not answer ({type(error).__name__})") from None
    except (ValueError, KeyError):
        raise NotAsked(f"{name}: /metrics answers what no service answers") from None


@app.command()
def compare(
    house: Annotated[Path, typer.Option(help="JSON with ca_file and services, as of `make up`.")] = Path(
        ".local/env.json"
    ),
    within: Annotated[float, typer.Option(help="Seconds in which a copy may catch up.")] = 10.0,
) -> None:
    """Print what differs between the five copies; exit with 1 if anything does."""
    until = time.monotonic() + within
    try:
        described = json.loads(house.read_text())
        while (found := differences(copies := ask(described))) and time.monotonic() < until:
            time.sleep(1)
    except (OSError, ValueError, NotAsked) as failed:
        sys.exit(f"not compared: {failed}")
    for party, each in found.items():
        print(f"{party}: " + ", ".join(f"{service} {said}" for service, said in each.items()))
    if found:
        sys.exit(
            "to do: python -m services.governance republish; what stays: docs/operating.md, "
            "the copies of the parties"
        )
    print(f"the {len(copies)} copies agree: {len(next(iter(copies.values()), {}))} parties")


if __name__ == "__main__":
    app()
