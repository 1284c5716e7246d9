"""List who may give which command to retention, and under which authorisation."""

from collections.abc import Mapping

from services.retention import commands as c
from shared.contract.messages import retention as m
from shared.contract.parties import Scope
from shared.contract.registry import Model
from shared.core.actor import A_PARTY, A_SERVICE, THE_CLOCK, THE_DIRECTOR, THE_MANAGER, Command
from shared.core.authorisation import Requirement
from shared.core.leaving import Conditions, Standing

PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.OpenCase: Requirement(A_SERVICE),
    c.MoveDirection: Requirement(A_SERVICE),
    c.FollowAssignment: Requirement(A_SERVICE),
    c.FollowStanding: Requirement(A_SERVICE),
    c.FollowConsent: Requirement(A_SERVICE),
    c.RecordHandedOverItem: Requirement(A_SERVICE),
    c.RecordFilePart: Requirement(A_SERVICE),
    c.Deescalate: Requirement(A_SERVICE),
    c.CleanFile: Requirement(THE_DIRECTOR, Scope.PHASE_4),
    c.ArchiveFile: Requirement(THE_CLOCK),
    c.CatchUp: Requirement(THE_CLOCK),
    c.InspectFile: Requirement(THE_MANAGER),
    c.UseInspection: Requirement(THE_MANAGER),
    c.AskReactivation: Requirement(A_PARTY),
    c.ReactivateFile: Requirement(THE_DIRECTOR | THE_MANAGER, Scope.PHASE_4),
    c.CloseEarly: Requirement(A_SERVICE),
    c.FollowSettling: Requirement(A_SERVICE),
    c.StartErasure: Requirement(THE_CLOCK),
    c.ConfirmPurge: Requirement(A_SERVICE),
    c.RecordKeyDestroyed: Requirement(THE_CLOCK),
    c.RecordHouseKeysDestroyed: Requirement(A_SERVICE),
}

SENDING: Mapping[type[Model], Conditions] = {
    m.FileCleaned: Conditions(),
    m.FileArchived: Conditions(),
    m.FileReactivated: Conditions(),
    # Duties outlast membership, and these bring one: also to a party that has left (R99, R115).
    m.DestructionAnnounced: Conditions(Standing.ANY),
    m.FileDestroyed: Conditions(Standing.ANY),
}
