"""Edit the files that name every service: each edit returns the new text, and has one that undoes it."""

import re
from collections.abc import Iterator
from itertools import takewhile

SERVICES = re.compile(r"(?<=\nServiceName: TypeAlias = Literal\[)[^\]]*(?=\])")
BEFORE_THIS = "## Messages of every service\n"
COPIED = "governance"  # the service whose part of compose.yaml holds nothing that only that service has


def listed(text: str) -> list[str]:
    """Return the services that the registry names, in its order; raises ValueError when the list is gone."""
    found = SERVICES.search(text)
    if found is None:
        raise ValueError("has no list of services: ServiceName = Literal[...]")
    return re.findall(r'"(\w+)"', found.group())


def with_services(text: str, names: list[str]) -> str:
    """Return the registry with this list of services."""
    return SERVICES.sub(", ".join(f'"{name}"' for name in names), text)


def imported(name: str) -> str:
    """Return the line by which the messages of a service are registered."""
    return f"from shared.contract.messages import {name} as {name}\n"


def glossary_section(name: str) -> str:
    """Return the section of the glossary with the terms of the template's messages."""
    title = name.capitalize()
    return f"""## Messages of {name}

| Dutch | English (name in code) | Meaning | Where in the covenant |
|---|---|---|---|
| {name} ingediend | {name} submitted (`{title}Submitted`) | a party submits something | - |
| {name} geregistreerd | {name} registered (`{title}Registered`) | it is on record | - |
| nummer bij {name} | number (`submission_id`) | the party's own number of a submission | - |
| onderwerp bij {name} | subject (`subject`) | what a submission is about | - |

"""


def lag_rows(name: str) -> str:
    """Return the lines by which the list of what may be lag says it of the template's refusals."""
    return f"| {name} | `AlreadySubmitted` | no | `there` |\n"


def sentences(name: str) -> str:
    """Return the part of the table of sentences that says the template's refusals."""
    return f"""
[{name}.AlreadySubmitted]
en = "Something was submitted under this number before: give another submission a number of its own."
nl = "Onder dit nummer is al iets ingediend: geef een andere indiening een eigen nummer."
"""


def with_blocks(compose: str, name: str) -> str:
    """Return compose.yaml with a copy, for this service, of every block of the service that is copied."""
    made, copies = "", ""
    for block in _blocks(compose, COPIED):
        if not _belongs_to(block, COPIED):
            made, copies = made + copies, ""
        else:
            copies += block.replace(COPIED, name).replace(COPIED.upper(), name.upper())
        made += block
    return made + copies


def without_blocks(compose: str, name: str) -> str:
    """Return compose.yaml without the blocks of this service."""
    return "".join(block for block in _blocks(compose, name) if not _belongs_to(block, name))


def _blocks(text: str, name: str) -> Iterator[str]:
    """Split into lines; a key of this service comes with the lines below it that are indented deeper."""
    lines = text.splitlines(keepends=True)
    while lines:
        size = 1 + (_depth(lines) if _belongs_to(lines[0], name) else 0)
        yield "".join(lines[:size])
        lines = lines[size:]


def _depth(lines: list[str]) -> int:
    """Count the lines after the first one that are indented deeper than it."""
    own = _indent(lines[0])
    return len(list(takewhile(lambda line: _indent(line) > own, lines[1:])))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _belongs_to(block: str, name: str) -> bool:
    return re.match(rf" *(x-)?{name}(-\w+)*:", block) is not None
