"""Address what a service sends: an outbox message with its topic, key and recipient."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contract.limits import CLAIMS_PER_EVENT, in_parts
from shared.contract.messages.governance import PolicyDecided, SecrecyAcknowledged
from shared.contract.messages.house import (
    DeadLetter,
    ItemsClaimed,
    MessageAccepted,
    MessageRefused,
    Position,
)
from shared.contract.parties import PartyRecord
from shared.contract.refusal import Refusal, members_told, public_refusal
from shared.contract.registry import Model, ServiceName, of_model
from shared.contract.topics import Topics
from shared.core.effects import Announce, ToParty
from shared.handling.delivery import Delivery
from shared.ids import new_id
from shared.storage.item_ids import Claim
from shared.storage.outbox import OutboxMessage

CLAIMS_KEY = "items-claimed"  # of no one case, so no case's id is its key


@dataclass(frozen=True, slots=True)
class OutgoingMessages:
    """Make the outbox messages of one service."""

    service: ServiceName
    topics: Topics

    def message(self, delivery: Delivery, effect: ToParty | Announce) -> OutboxMessage:
        """Make the message that follows from a decision on this delivery.

        A letter that is sent after the erasure names no case, neither as its subject nor as its key (R106).
        """
        case_id = delivery.case_id
        recipient = effect.recipient if isinstance(effect, ToParty) else None
        told = effect.about if isinstance(effect, ToParty) else None
        nameless = recipient is not None and effect.after_erasure and told is None
        topic, about = self._place(effect.message, told or case_id, recipient)
        return OutboxMessage(
            event_id=new_id(),
            topic=topic,
            key=recipient if nameless and recipient else about,
            type=of_model(type(effect.message)).type,
            body=effect.message.model_dump_json(),
            recipient=recipient,
            case_id=None if effect.after_erasure else case_id,
            subject=None if nameless else about,
            item=effect.item if isinstance(effect, ToParty) else None,
            causation_id=delivery.entry.message_id,
            traceparent=delivery.traceparent,
        )

    def event(self, message: Model) -> OutboxMessage:
        """Make an event about no case, for the other services."""
        return OutboxMessage(
            event_id=new_id(),
            topic=self.topics.events(self.service),
            key=self.service,
            type=of_model(type(message)).type,
            body=message.model_dump_json(),
        )

    def accepted(self, party: str, delivery: Delivery) -> OutboxMessage:
        """Make the one answer to a message that took effect."""
        message = MessageAccepted(message_id=delivery.entry.message_id)
        return self._answer(party, message, delivery.entry.message_id, delivery.traceparent)

    def refused(self, party: str, delivery: Delivery, refusal: Refusal) -> OutboxMessage:
        """Make the one answer to a message that did not take effect."""
        message_id = delivery.entry.message_id
        return self._answer(party, _refused(refusal, message_id), message_id, delivery.traceparent)

    def items_claimed(self, claims: Sequence[Claim]) -> list[OutboxMessage]:
        """Make the events that tell the other services whose these items are, in parts."""
        return [self._claimed(some) for some in in_parts(claims, CLAIMS_PER_EVENT)]

    def _claimed(self, claims: Sequence[Claim]) -> OutboxMessage:
        each = [claim._asdict() for claim in claims]
        return OutboxMessage(
            event_id=new_id(),
            topic=self.topics.events(self.service),
            key=CLAIMS_KEY,
            type=of_model(ItemsClaimed).type,
            body=ItemsClaimed.model_validate({"claims": each}).model_dump_json(),
        )

    def unreadable(
        self,
        party: str,
        position: Position,
        refusal: Refusal,
        message_id: str | None,
        invalid: tuple[str, ...] = (),
    ) -> tuple[OutboxMessage, ...]:
        """Make a dead letter for the operators, and an answer to the party on whose topic it stood."""
        note = DeadLetter(position=position, reason=refusal.reason, message_id=message_id)
        dead = OutboxMessage(
            event_id=new_id(),
            topic=self.topics.dead_letters(self.service),
            key=f"{position.topic}/{position.partition}",
            type=of_model(DeadLetter).type,
            body=note.model_dump_json(),
            causation_id=message_id,
        )
        return dead, self._answer(party, _refused(refusal, message_id, position, invalid), message_id, None)

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

    def _place(self, message: Model, case_id: str, recipient: str | None) -> tuple[str, str]:
        """Return the topic of a message, and what it is about: a case, or what that register is kept by."""
        match message:
            case PartyRecord():
                return self.topics.parties, message.party
            case PolicyDecided():
                return self.topics.policy, message.number
            case SecrecyAcknowledged():
                return self.topics.acknowledgements, case_id
            case _ if recipient is not None:
                return self.topics.to_party(recipient), case_id
            case _:
                return self.topics.events(self.service), case_id


def _refused(
    refusal: Refusal,
    message_id: str | None,
    position: Position | None = None,
    invalid: tuple[str, ...] = (),
) -> MessageRefused:
    told = public_refusal(refusal)
    return MessageRefused(
        **members_told(told),
        invalid=invalid,
        sentence=told.said.en,
        sentence_nl=told.said.nl,
        message_id=message_id,
        position=position,
    )
