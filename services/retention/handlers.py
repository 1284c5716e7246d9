"""Make retention's commands, once each: from an event of another service, or a deadline."""

import uuid
from collections.abc import Awaitable, Callable, Mapping

from services.retention import commands as c
from services.retention.effects import ARCHIVE, CLOSING_TERM, DESTROY, DESTROY_KEY
from services.retention.key_authority import KeyAuthority
from shared.contract.content import text
from shared.contract.messages import intake, rto, triage
from shared.contract.messages import retention as m
from shared.contract.messages.house import CasePurged, HouseKeysDestroyed
from shared.contract.registry import Model
from shared.core.actor import CLOCK, Actor, Command
from shared.handling.event_handlers import by_sender, handlers_for
from shared.handling.service import Handler
from shared.ids import keyed_id
from shared.storage.deadlines import Deadline


def open_case(message: intake.CaseTakenUp, by: Actor) -> c.OpenCase:
    """Make the command that takes a case in."""
    return c.OpenCase(by=by, case=message)


def record_item(message: rto.ItemHandedOver, by: Actor) -> c.RecordHandedOverItem:
    """Make the command that takes in one item of the file (R86)."""
    return c.RecordHandedOverItem(
        by=by,
        item=message.item,
        shown_to=message.shown_to,
        rests_on=message.rests_on,
        round=message.round,
    )


def record_part(message: rto.FilePartHandedOver, by: Actor) -> c.RecordFilePart:
    """Make the command that takes in a part of what grew over the life of the case (R86)."""
    return c.RecordFilePart(
        by=by,
        participants=message.participants,
        takers=message.takers,
        actions=message.actions,
        drawn_from=message.drawn_from,
        round=message.round,
    )


def deescalate(message: rto.CaseDeescalated, by: Actor) -> c.Deescalate:
    """Make the command that starts the terms of phase 4 (R86)."""
    return c.Deescalate(by=by, file=message, round=message.round)


def close_early(
    message: intake.ReferralClosed | triage.TriageClosed | rto.RtoClosed, by: Actor
) -> c.CloseEarly:
    """Make the command that starts the closing term (R102)."""
    team = message.team if isinstance(message, intake.ReferralClosed) else None
    return c.CloseEarly(
        by=by,
        leading_party=message.leading_party,
        theme=message.theme,
        reason=message.reason,
        closed_at=message.closed_at,
        reference=str(uuid.uuid4()),
        round=message.round,
        team=team,
        lapsed=message.lapsed,
    )


def ask_reactivation(message: m.ReactivationAsked, by: Actor) -> c.AskReactivation:
    """Make the command by which the party that led asks for a reactivation (A9)."""
    return c.AskReactivation(by=by, reason=text(message.reason))


def settle(message: intake.DutiesSettled, by: Actor) -> c.FollowSettling:
    """Make the command by which an early end waits no longer (R102)."""
    return c.FollowSettling(by=by, settled_at=message.settled_at, round=message.round)


def confirm_purge(message: CasePurged, by: Actor) -> c.ConfirmPurge:
    """Make the command that counts a service's confirmation (R105)."""
    return c.ConfirmPurge(by=by, house_keys=message.house_keys)


def record_keys_destroyed(message: HouseKeysDestroyed, by: Actor) -> c.RecordHouseKeysDestroyed:
    """Make the command that records which private keys of a service are gone (R105)."""
    return c.RecordHouseKeysDestroyed(by=by, house_keys=message.house_keys)


HANDLERS: Mapping[type[Model], Handler] = {
    **handlers_for(intake.CaseAssigned, rto.DirectionMoved, rto.ItemStanding, rto.ConsentStanding),
    **by_sender(
        {
            m.ReactivationAsked: ask_reactivation,
            intake.CaseTakenUp: open_case,
            intake.ReferralClosed: close_early,
            intake.DutiesSettled: settle,
            triage.TriageClosed: close_early,
            rto.ItemHandedOver: record_item,
            rto.FilePartHandedOver: record_part,
            rto.CaseDeescalated: deescalate,
            rto.RtoClosed: close_early,
            CasePurged: confirm_purge,
            HouseKeysDestroyed: record_keys_destroyed,
        }
    ),
}


def purged_case(message: CasePurged, sender: str, key: bytes) -> str:
    """Return which case a confirmation is about, as it says itself."""
    return message.case_id


def keys_of(message: HouseKeysDestroyed, sender: str, key: bytes) -> str:
    """Derive the place of a service's keys, which are about no case and stand beside the cases."""
    return keyed_id(key, "house-keys", sender)


async def archive_due(line: Deadline) -> c.ArchiveFile:
    """Make the command that archives a file, six months after the decision (R88)."""
    return c.ArchiveFile(by=CLOCK, reference=str(uuid.uuid4()))


async def erasure_due(line: Deadline) -> c.StartErasure:
    """Make the command that starts an erasure, when its term has passed (R91, R102)."""
    return c.StartErasure(by=CLOCK, reference=str(uuid.uuid4()))


def catch_up() -> c.CatchUp:
    """Make the command that tells of a case which the version before stored (R87, R91, R106)."""
    return c.CatchUp(by=CLOCK, reference=str(uuid.uuid4()))


def timers(keys: KeyAuthority) -> Mapping[str, Callable[[Deadline], Awaitable[Command]]]:
    """Return what each deadline asks, by its kind."""

    async def key_due(line: Deadline) -> c.RecordKeyDestroyed:
        """Destroy the key of a case first, then make the command that says so (R105).

        This deadline is written only by the transaction in which the last service was heard to have
        confirmed, so that whoever finds it may destroy; and it stays until the proof is committed,
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
