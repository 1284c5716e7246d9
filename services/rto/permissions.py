"""List who may give which command to the round table, and under which authorisation."""

from collections.abc import Mapping

from services.rto import commands as c
from services.rto.meetings import may_not_be_provided
from services.rto.state import Phase, State
from shared.contract.messages import rto as m
from shared.contract.parties import Scope
from shared.contract.registry import Model
from shared.core.actor import A_PARTY, A_SERVICE, THE_CLOCK, THE_DIRECTOR, Command
from shared.core.authorisation import Requirement
from shared.core.leaving import Conditions, Standing
from shared.core.mandate import Scopes


def scopes_now(state: State) -> Scopes:
    """Return what must be authorised as the case stands: monitoring while it is monitored (R80).

    While items come in triage asks, or prepares the table already (R27, R42).
    """
    if state.phase is Phase.COLLECTING:
        return frozenset({Scope.QUERY, Scope.RTO})
    return frozenset({Scope.MONITORING if state.phase is Phase.MONITORING else Scope.RTO})


# A meeting is a round table's whenever it is called: what a case in monitoring ends in (R81, R86).
PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.RecordItem: Requirement(A_SERVICE),
    c.OpenPreparation: Requirement(A_SERVICE),
    c.ConveneRto: Requirement(THE_DIRECTOR, Scope.RTO),
    c.ExtendViewingPlan: Requirement(THE_DIRECTOR, scopes_now),
    c.AcceptInvitation: Requirement(A_PARTY, asked_under=Scope.RTO),
    c.DeclineInvitation: Requirement(A_PARTY),
    c.EndMandate: Requirement(THE_DIRECTOR, scopes_now),
    c.ContributeItems: Requirement(A_PARTY, asked_under=Scope.RTO),
    c.ConcludeRto: Requirement(THE_DIRECTOR, scopes_now),
    c.AskRelease: Requirement(THE_DIRECTOR, scopes_now),
    c.GiveRelease: Requirement(A_PARTY, asked_under=scopes_now),
    c.RefuseRelease: Requirement(A_PARTY),
    # What restricts is taken of a party that has left too: its items are frozen, and takers hear of it (A11).
    c.WithdrawRelease: Requirement(A_PARTY, needs_membership=False),
    c.LimitItem: Requirement(A_PARTY, needs_membership=False),
    c.ChangeTerms: Requirement(A_PARTY, needs_membership=False),
    c.CorrectItem: Requirement(A_PARTY, needs_membership=False),
    c.WithdrawItem: Requirement(A_PARTY, needs_membership=False),
    c.OpenRegister: Requirement(A_SERVICE),
    c.AgreeConsentAsking: Requirement(THE_DIRECTOR, scopes_now),
    c.RecordConsent: Requirement(A_PARTY | THE_DIRECTOR, scopes_now),
    c.WithdrawConsent: Requirement(A_PARTY | THE_DIRECTOR),  # it only ends something, under no authorisation
    c.RecordPlan: Requirement(THE_DIRECTOR, scopes_now),
    c.ProvideItem: Requirement(THE_DIRECTOR, scopes_now),
    c.OfferDirection: Requirement(THE_DIRECTOR, scopes_now, without_leader=True),
    c.AcceptDirection: Requirement(A_PARTY),
    c.NameCaseDirector: Requirement(A_PARTY),
    c.DeclineDirection: Requirement(A_PARTY),
    c.ProgressAction: Requirement(A_PARTY, asked_under=scopes_now),
    c.FollowAssignment: Requirement(A_SERVICE),
    c.FollowCleaning: Requirement(A_SERVICE),
    c.FollowArchiving: Requirement(A_SERVICE),
    c.FollowTerms: Requirement(A_SERVICE),
    c.FollowReactivation: Requirement(A_SERVICE),
    c.FollowClosing: Requirement(A_SERVICE),
    c.PurgeCase: Requirement(A_SERVICE),
    c.PassTerm: Requirement(THE_CLOCK),
    c.LookForLeader: Requirement(THE_CLOCK),
}

SENDING: Mapping[type[Model], Conditions] = {
    m.RtoConvened: Conditions(scope=Scope.RTO),
    m.ReleaseAsked: Conditions(scope=scopes_now),
    m.ItemsProvided: Conditions(scope=scopes_now, forbids=may_not_be_provided),
    m.ActionsAssigned: Conditions(scope=scopes_now),
    m.ActionsEnded: Conditions(Standing.NOT_ENDED),  # it only ends something
    m.MandateEnded: Conditions(),
    m.TakersTold: Conditions(Standing.ANY),  # an order to stop, and secrecy lasts
    m.SubjectConsentEnded: Conditions(Standing.ANY),  # secrecy lasts
    m.DirectionOffered: Conditions(scope=scopes_now),
    m.DirectionVacant: Conditions(),  # in nobody's name
    m.DirectionTransferred: Conditions(),
}
