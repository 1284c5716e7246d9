"""Give what is repeated its first answer again, as long as the inbox remembers it."""

from collections.abc import Iterable
from typing import Any

from shared.contract.refusal import (
    CHANGED_MEANWHILE,
    VERSION_REQUIRED,
    Refusal,
    from_stored,
    public_refusal,
    to_stored,
)
from shared.core.outcome import DeliveryStatus, Outcome
from shared.handling.delivery import Delivery, FromParty, FromPerson
from shared.handling.outgoing import OutgoingMessages
from shared.storage.inbox import InboxEntry, PriorResult
from shared.storage.outbox import OutboxMessage

ANSWERS = (DeliveryStatus.ACCEPTED, DeliveryStatus.REFUSED)
Decided = Iterable[tuple[Delivery, Outcome]]
Results = list[tuple[InboxEntry, dict[str, Any]]]


def repeated(delivery: Delivery, prior: PriorResult | None, service: str) -> Outcome:
    """Return the outcome of a repeated delivery, with the first answer as far as it is stored.

    A record that Kafka delivers again is no repetition by the party: its answer was sent, or is about to be.
    """
    result = prior.result if prior else None
    if result is None:
        return Outcome(DeliveryStatus.REPEATED, is_answered=False)
    again = delivery.entry.place is not None and delivery.entry.place == result.get("place")
    stored = result.get("refusal")
    return Outcome(
        DeliveryStatus.REPEATED,
        from_stored(stored, service) if stored else None,
        result.get("version", 0),
        thing_version=result.get("thing"),
        is_answered=not again and not result.get("waits", False),
    )


def answers_again(repeats: Decided, decided: Decided, outgoing: OutgoingMessages) -> list[OutboxMessage]:
    """Make the answers to messages that parties repeated, once for each id in a batch.

    The first of them may have been `decided` in this batch too. While it waits, nothing is answered: that
    answer will come.
    """
    first = {delivery.entry.key: (delivery, outcome) for delivery, outcome in decided}
    found: dict[tuple[str, str], OutboxMessage] = {}
    for delivery, outcome in repeats:
        if not isinstance(delivery.origin, FromParty):
            continue
        before = first.get(delivery.entry.key)
        answer = outcome if before is None else _given(delivery, *before)
        if answer.is_answered:
            found[delivery.entry.key] = _answer(delivery.origin.party, delivery, answer.refusal, outgoing)
    return list(found.values())


def _given(delivery: Delivery, first: Delivery, outcome: Outcome) -> Outcome:
    """Return the answer that was given to the first of two messages in one batch."""
    again = delivery.entry.place == first.entry.place
    return outcome._replace(is_answered=outcome.status in ANSWERS and not again)


def _answer(
    party: str, delivery: Delivery, refusal: Refusal | None, outgoing: OutgoingMessages
) -> OutboxMessage:
    if refusal is None:
        return outgoing.accepted(party, delivery)
    return outgoing.refused(party, delivery, refusal)


def to_remember(decided: Decided) -> tuple[Results, list[tuple[str, str]]]:
    """Return which answers the inbox stores, and the keys of what it forgets.

    That a party's message was accepted at once is stored already. A person's request that met a bug, or may
    have come too early, had no effect: repeated, it is tried anew.
    """
    results: Results = []
    forgotten: list[tuple[str, str]] = []
    for delivery, outcome in decided:
        refusal = to_stored(outcome.refusal) if outcome.refusal else None
        if isinstance(delivery.origin, FromParty):
            at_once = outcome.status is DeliveryStatus.ACCEPTED and delivery.held_message is None
            if not at_once:
                waits = outcome.status not in ANSWERS
                told = None if waits else refusal
                results.append(
                    (delivery.entry, {"place": delivery.entry.place, "waits": waits, "refusal": told})
                )
        elif isinstance(delivery.origin, FromPerson):
            if _is_tried_anew(outcome):
                forgotten.append(delivery.entry.key)
            elif outcome.status in ANSWERS:
                versions = {"version": outcome.version, "thing": outcome.thing_version}
                results.append((delivery.entry, {**versions, "refusal": refusal}))
    return results, forgotten


def _is_tried_anew(outcome: Outcome) -> bool:
    """Tell whether what a person was refused may be allowed later; all of status 404 are alike.

    A version is compared at each try: with another one the same request may pass.
    """
    if outcome.refusal is None:
        return outcome.status is DeliveryStatus.QUARANTINED
    told = public_refusal(outcome.refusal)
    return told.may_be_lag or told in (CHANGED_MEANWHILE, VERSION_REQUIRED)
