"""Say which service may have the key of a case, by where the case stands: no more than its work needs."""

from services.retention.state import Phase

WITH_TEXTS = frozenset({"intake", "triage", "rto", "retention"})  # governance keeps no text about anybody
ENDED = frozenset({Phase.ERASING, Phase.DESTROYING, Phase.ERASED})


def may_have(service: str, phase: Phase) -> bool:
    """Tell whether this service needs the key of a case in this phase.

    Until a case is taken up nobody but intake has anything to do with it, and once its erasure is ordered
    nobody has: what is deleted is not opened.
    """
    if service not in WITH_TEXTS or phase in ENDED:
        return False
    return phase is not Phase.NOTHING or service == "intake"
