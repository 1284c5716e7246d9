"""From messages and deadlines to commands of retention."""

import uuid
from collections.abc import Awaitable, Callable, Mapping

from services.retention import commands as c
from services.retention.effects import ARCHIVE, CLOSING_TERM, DESTROY, DESTROY_KEY
from services.retention.key_authority import KeyAuthority
from shared.contract.messages import intake, rto, triage
from shared.contract.messages.house import CasePurged, HouseKeysDestroyed
from shared.contract.registry import Model
from shared.core.actor import CLOCK, Command
from shared.handling.event_handlers import handlers_for
from shared.handling.service import Handler, MessageContext
from shared.ids import keyed_id
from shared.storage.deadlines import Deadline


def taken_up(message: intake.CaseTakenUp, at: MessageContext) -> c.OpenCase:
    return c.OpenCase(by=at.by, case=message)


def handed_over(message: rto.ItemHandedOver, at: MessageContext) -> c.RecordHandedOverItem:
    return c.RecordHandedOverItem(by=at.by, item=message.item)


def deescalated(message: rto.CaseDeescalated, at: MessageContext) -> c.Deescalate:
    return c.Deescalate(by=at.by, file=message)


def closed(
    message: intake.ReferralClosed | triage.TriageClosed | rto.RtoClosed, at: MessageContext
) -> c.CloseEarly:
    return c.CloseEarly(
        by=at.by,
        leading_party=message.leading_party,
        theme=message.theme,
        reason=message.reason,
        closed_at=message.closed_at,
    )


def purged(message: CasePurged, at: MessageContext) -> c.ConfirmPurge:
    return c.ConfirmPurge(by=at.by, house_keys=message.house_keys)


def keys_destroyed(message: HouseKeysDestroyed, at: MessageContext) -> c.RecordHouseKeysDestroyed:
    return c.RecordHouseKeysDestroyed(by=at.by, house_keys=message.house_keys)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(rto.DirectionMoved),
    intake.CaseTakenUp: taken_up,
    intake.ReferralClosed: closed,
    triage.TriageClosed: closed,
    rto.ItemHandedOver: handed_over,
    rto.CaseDeescalated: deescalated,
    rto.RtoClosed: closed,
    CasePurged: purged,
    HouseKeysDestroyed: keys_destroyed,
}


def purged_case(message: CasePurged, sender: str, key: bytes) -> str:
    """Which case it is about, the confirmation says itself."""
    return message.case_id


def keys_of(message: HouseKeysDestroyed, sender: str, key: bytes) -> str:
    """The keys of a service are no case, but have a place of their own beside the cases."""
    return keyed_id(key, "house-keys", sender)


async def archive_due(line: Deadline) -> c.ArchiveFile:
    """Six months after the decision (R88)."""
    return c.ArchiveFile(by=CLOCK)


async def erasure_due(line: Deadline) -> c.StartErasure:
    """A year after the decision, or the end of the closing term (R91, R102)."""
    return c.StartErasure(by=CLOCK)


def timers(keys: KeyAuthority) -> Mapping[str, Callable[[Deadline], Awaitable[Command]]]:
    """What each deadline asks."""

    async def key_due(line: Deadline) -> c.RecordKeyDestroyed:
        """Destroy first, then say so (R105).

        This deadline is written only by the transaction in which the last service was heard to have
        confirmed, so that whoever finds it may destroy; and it lies there until the proof is committed,
        so that a crash in between only means doing it again.
        """
        destroyed_at = await keys.destroy(line.case_id)
        return c.RecordKeyDestroyed(
            by=CLOCK,
            proof_id=str(uuid.uuid4()),
            destroyed_at=destroyed_at,
            backups_lapse_at=destroyed_at + keys.backups_live,
            house_keys=keys.house_keys(),
        )

    return {ARCHIVE: archive_due, DESTROY: erasure_due, CLOSING_TERM: erasure_due, DESTROY_KEY: key_due}
