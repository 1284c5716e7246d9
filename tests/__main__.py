"""`python -m tests [--fast | --engine own | --figures too | --figures only | --long]`: run the tests.

What `make test` and a build server run, in containers where they can be had. With containers, what starts
servers is tested on embedded ones too. That no engine can be had, or that nothing can be built for it, is
no failure: it is said, and the embedded servers have to do. Two parts run beside each other, each with
servers of its own: the one mostly waits while the other works. Those that kill and freeze processes or send
thousands of messages are embedded: by `--figures` what each commit has to reach, with the tests or alone,
by `--long` all of them, one part after the other. `--fast` runs what needs no broker and no containers, less
what tries every value in every place.
"""

import argparse
import signal
import sys
from collections.abc import Sequence

from tests.support.engine import NoContainers, containers
from tests.support.parts import Outcome, run_parts
from tests.support.shared_postgres import shared_postgres

START_SERVERS = "tests/system/deploy"
FREEZE_SERVERS = "tests/system/alive"  # which a container's engine would have to do
# The longest first; each without what is in those before it, so that every test is in one of them.
PARTS = (
    "tests/system/flows/test_story.py",
    "tests/system/flows",
    "tests/system/images",
    START_SERVERS,
    FREEZE_SERVERS,
    "tests",
)
# All at once: half of them mostly wait.
FAST = (
    "tests/integration/shared/test_[a-l]*.py",
    "tests/integration/shared",
    "tests/unit tests/architecture",
    "tests/integration",
)
NOT_EXHAUSTIVE = "not exhaustive"
FIGURES = "tests/system/figures"
LONG = (FIGURES, "tests/system/faults", "tests/system/scale")
CONTAINERS, EMBEDDED = "containers", "embedded"


def main() -> int:
    """Run what is wished for; 0 when every test that was run passed."""
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("--engine", choices=("", "own"), default="", help="own: have one where none answers")
    parser.add_argument("--figures", choices=("", "too", "only"), default="", help="those of each commit")
    parser.add_argument("--long", action="store_true", help="figures, faults and scale instead of the tests")
    parser.add_argument("--fast", action="store_true", help="only what needs no broker and no containers")
    wish = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or an engine of our own would stay
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background, also by children
    if wish.fast:
        with shared_postgres() as told:
            outcome = run_parts(EMBEDDED, FAST, at_once=len(FAST), marked=NOT_EXHAUSTIVE, told=told)
        return _report([outcome], "nothing here needs them")
    if wish.long or wish.figures == "only":
        parts = LONG if wish.long else (FIGURES,)
        return _report([run_parts(EMBEDDED, parts, at_once=1)], "they act on processes")
    too = (FIGURES,) if wish.figures else ()
    outcomes, missing = [], ""
    try:
        with containers(may_start=wish.engine == "own"):
            in_containers = [part for part in PARTS if part != FREEZE_SERVERS]
            outcomes.append(run_parts(CONTAINERS, in_containers, without=(*LONG, FREEZE_SERVERS)))
        outcomes.append(run_parts(EMBEDDED, (*too, START_SERVERS, FREEZE_SERVERS)))
    except NoContainers as why:
        missing = str(why)
        outcomes.append(run_parts(EMBEDDED, (*too, *PARTS), without=LONG))
    return _report(outcomes, missing)


def _report(outcomes: Sequence[Outcome], missing: str) -> int:
    """Print what was run, and what was not and why; return the exit code."""
    print("\nKafka and PostgreSQL by:")
    if missing:
        print(f"  {CONTAINERS:11} NOT RUN: {missing}")
    for outcome in outcomes:
        print(f"  {outcome}")
        for test in outcome.failed:
            print(f"    failed: {test}")
        for reason, count in outcome.skipped.items():
            print(f"    skipped {count}: {reason}")
    return max(outcome.code for outcome in outcomes)


if __name__ == "__main__":
    sys.exit(main())
