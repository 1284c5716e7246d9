"""List who may give which command to the round table, and under which authorisation."""

from collections.abc import Mapping

from services.rto import commands as c
from shared.contract.parties import Scope
from shared.core.actor import A_PARTY, A_SERVICE, THE_CLOCK, THE_DIRECTOR, Command
from shared.core.authorisation import Requirement

PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.RecordItem: Requirement(A_SERVICE),
    c.OpenPreparation: Requirement(A_SERVICE),
    c.ConveneRto: Requirement(THE_DIRECTOR, Scope.RTO),
    c.ExtendViewingPlan: Requirement(THE_DIRECTOR, Scope.RTO),
    c.AcceptInvitation: Requirement(A_PARTY),
    c.DeclineInvitation: Requirement(A_PARTY),
    c.ContributeItems: Requirement(A_PARTY),
    c.ConcludeRto: Requirement(THE_DIRECTOR, Scope.RTO),
    c.AskRelease: Requirement(THE_DIRECTOR, Scope.RTO),
    c.GiveRelease: Requirement(A_PARTY),
    c.RefuseRelease: Requirement(A_PARTY),
    c.WithdrawRelease: Requirement(A_PARTY),
    c.RecordPlan: Requirement(THE_DIRECTOR, Scope.RTO),
    c.ProvideItem: Requirement(THE_DIRECTOR, Scope.RTO),
    c.OfferDirection: Requirement(THE_DIRECTOR, Scope.RTO),
    c.AcceptDirection: Requirement(A_PARTY),
    c.DeclineDirection: Requirement(A_PARTY),
    c.ProgressAction: Requirement(A_PARTY),
    c.FollowAssignment: Requirement(A_SERVICE),
    c.FollowCleaning: Requirement(A_SERVICE),
    c.FollowArchiving: Requirement(A_SERVICE),
    c.FollowClosing: Requirement(A_SERVICE),
    c.PurgeCase: Requirement(A_SERVICE),
    c.PassTerm: Requirement(THE_CLOCK),
}
