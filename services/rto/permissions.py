"""List who may give which command to the round table, and under which authorisation."""

from collections.abc import Mapping

from services.rto import commands as c
from shared.contract.messages import rto as m
from shared.contract.parties import Scope
from shared.contract.registry import Model
from shared.core.actor import A_PARTY, A_SERVICE, THE_CLOCK, THE_DIRECTOR, Command
from shared.core.authorisation import Requirement
from shared.core.leaving import Conditions, Standing

PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.RecordItem: Requirement(A_SERVICE),
    c.OpenPreparation: Requirement(A_SERVICE),
    c.ConveneRto: Requirement(THE_DIRECTOR, Scope.RTO),
    c.ExtendViewingPlan: Requirement(THE_DIRECTOR, Scope.RTO),
    c.AcceptInvitation: Requirement(A_PARTY, asked_under=Scope.RTO),
    c.DeclineInvitation: Requirement(A_PARTY),
    c.EndMandate: Requirement(THE_DIRECTOR, Scope.RTO),
    c.ContributeItems: Requirement(A_PARTY, asked_under=Scope.RTO),
    c.ConcludeRto: Requirement(THE_DIRECTOR, Scope.RTO),
    c.AskRelease: Requirement(THE_DIRECTOR, Scope.RTO),
    c.GiveRelease: Requirement(A_PARTY, asked_under=Scope.RTO),
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
    c.FollowTerms: Requirement(A_SERVICE),
    c.FollowReactivation: Requirement(A_SERVICE),
    c.FollowClosing: Requirement(A_SERVICE),
    c.PurgeCase: Requirement(A_SERVICE),
    c.PassTerm: Requirement(THE_CLOCK),
}

SENDING: Mapping[type[Model], Conditions] = {
    m.RtoConvened: Conditions(scope=Scope.RTO),
    m.ReleaseAsked: Conditions(scope=Scope.RTO),
    m.ItemsProvided: Conditions(scope=Scope.RTO),
    m.ActionsAssigned: Conditions(scope=Scope.RTO),
    m.MandateEnded: Conditions(),
    m.TakersTold: Conditions(Standing.ANY),  # an order to stop, and secrecy lasts
    m.DirectionOffered: Conditions(scope=Scope.RTO),
    m.DirectionTransferred: Conditions(),
}
