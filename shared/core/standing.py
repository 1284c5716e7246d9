"""Say what a party's end of membership means elsewhere, by its record and the date alone (R115, A11).

Nothing here waits for an event: whoever decides or shows something asks at that instant.
"""

from datetime import datetime

from shared.contract.parties import Parties


def left_on(party: str, parties: Parties, at: datetime) -> datetime | None:
    """Return since when it is a party no more; None for a party, and for one whose end is not on record."""
    record = parties.get(party)
    until = record.member_until if record else None
    return until if until is not None and until <= at else None


def is_frozen(contributor: str, parties: Parties, at: datetime) -> bool:
    """Tell whether what this party brought in is frozen at that instant: it is no party then (A11).

    Frozen is neither shown nor provided, until the leading party decides on it; what its contributor still
    withdraws or refuses counts all the same. A record that cannot be read here freezes too.
    """
    return not parties.is_member(contributor, at)
