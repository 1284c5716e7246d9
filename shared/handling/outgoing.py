"""From a consequence to a row of the outbox: to whom, on which topic, under which key."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contract.messages.house import (
    DeadLetter,
    ItemsClaimed,
    MessageAccepted,
    MessageRefused,
    Position,
)
from shared.contract.parties import PartyRecord
from shared.contract.refusal import Refusal, public_refusal
from shared.contract.registry import Model, ServiceName, of_model
from shared.contract.topics import Topics
from shared.core.effects import Announce, ToParty
from shared.handling.delivery import Delivery
from shared.ids import new_id
from shared.storage.item_ids import Claim
from shared.storage.outbox import OutboxMessage

CLAIMS_IN_A_LETTER = 400  # below 64 KiB
CLAIMS_KEY = "items-claimed"  # of no one case, so no case's id is its key


@dataclass(frozen=True, slots=True)
class OutgoingMessages:
    """Addresses the letters of one service."""

    service: ServiceName
    topics: Topics

    def letter(self, delivery: Delivery, step: ToParty | Announce) -> OutboxMessage:
        """A letter that follows from a decision on this delivery."""
        case_id = delivery.case_id
        recipient = step.recipient if isinstance(step, ToParty) else None
        party = step.message.party if isinstance(step.message, PartyRecord) else None
        return OutboxMessage(
            event_id=new_id(),
            topic=self._topic(recipient, is_party_record=party is not None),
            key=party or case_id,
            type=of_model(type(step.message)).type,
            body=step.message.model_dump_json(),
            recipient=recipient,
            case_id=None if step.after_erasure else case_id,
            subject=party or case_id,
            item=step.item if isinstance(step, ToParty) else None,
            causation_id=delivery.slip.message_id,
            traceparent=delivery.traceparent,
        )

    def news(self, message: Model) -> OutboxMessage:
        """An event about no case, for the other four."""
        return OutboxMessage(
            event_id=new_id(),
            topic=self.topics.events(self.service),
            key=self.service,
            type=of_model(type(message)).type,
            body=message.model_dump_json(),
        )

    def accepted(self, party: str, delivery: Delivery) -> OutboxMessage:
        """The one answer to a message that took effect."""
        message = MessageAccepted(message_id=delivery.slip.message_id)
        return self._answer(party, message, delivery.slip.message_id, delivery.traceparent)

    def refused(self, party: str, delivery: Delivery, refusal: Refusal) -> OutboxMessage:
        """The one answer to a message that did not."""
        message_id = delivery.slip.message_id
        return self._answer(party, _refused(refusal, message_id, None), message_id, delivery.traceparent)

    def items_claimed(self, claims: Sequence[Claim]) -> list[OutboxMessage]:
        """What the other services must know of the items of this batch, in few letters."""
        starts = range(0, len(claims), CLAIMS_IN_A_LETTER)
        return [self._claimed(claims[at : at + CLAIMS_IN_A_LETTER]) for at in starts]

    def _claimed(self, claims: Sequence[Claim]) -> OutboxMessage:
        each = [{"item_id": item, "case_id": case} for item, case in claims]
        return OutboxMessage(
            event_id=new_id(),
            topic=self.topics.events(self.service),
            key=CLAIMS_KEY,
            type=of_model(ItemsClaimed).type,
            body=ItemsClaimed.model_validate({"claims": each}).model_dump_json(),
        )

    def unreadable(
        self, party: str | None, position: Position, refusal: Refusal, reason: str, message_id: str | None
    ) -> tuple[OutboxMessage, ...]:
        """One dead letter for the operators, and an answer to the party on whose topic it stood."""
        note = DeadLetter(position=position, reason=reason, message_id=message_id)
        dead = OutboxMessage(
            event_id=new_id(),
            topic=self.topics.dead_letters(self.service),
            key=f"{position.topic}/{position.partition}",
            type=of_model(DeadLetter).type,
            body=note.model_dump_json(),
            causation_id=message_id,
        )
        if party is None:
            return (dead,)
        return dead, self._answer(party, _refused(refusal, message_id, position), message_id, None)

    def _answer(self, party: str, message: Model, causation: str | None, trace: str | None) -> OutboxMessage:
        return OutboxMessage(
            event_id=new_id(),
            topic=self.topics.to_party(party),
            key=party,
            type=of_model(type(message)).type,
            body=message.model_dump_json(),
            recipient=party,
            causation_id=causation,
            traceparent=trace,
        )

    def _topic(self, recipient: str | None, *, is_party_record: bool) -> str:
        if recipient is not None:
            return self.topics.to_party(recipient)
        return self.topics.parties if is_party_record else self.topics.events(self.service)


def _refused(refusal: Refusal, message_id: str | None, position: Position | None) -> MessageRefused:
    refusal = public_refusal(refusal)
    return MessageRefused(
        name=refusal.name,
        rule=refusal.rule,
        article=refusal.article,
        sentence=refusal.sentence,
        remedy=refusal.remedy,
        message_id=message_id,
        position=position,
    )
