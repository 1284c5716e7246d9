"""List who may give which command to intake, and under which authorisation."""

from collections.abc import Mapping

from services.intake import commands as c
from services.intake.process import PROVISIONAL
from services.intake.state import State
from shared.contract.messages import intake as m
from shared.contract.parties import Scope
from shared.contract.registry import Model
from shared.core.actor import A_PARTY, A_SERVICE, THE_CLOCK, THE_DIRECTOR, THE_MANAGER, Command
from shared.core.authorisation import Requirement
from shared.core.leaving import Conditions
from shared.core.mandate import Scopes


def scopes_now(state: State) -> Scopes:
    """Return of what one must be authorised as the case stands: of screening until it is taken up.

    Where it is from then on, in phase 2 or 3, is not decided here.
    """
    return frozenset({Scope.SCREENING}) if state.phase in PROVISIONAL else RUNNING


RUNNING: Scopes = frozenset({Scope.SCREENING, Scope.QUERY, Scope.RTO, Scope.MONITORING})

PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.SubmitReferral: Requirement(A_PARTY),
    c.ConfirmConsultation: Requirement(A_PARTY, asked_under=Scope.SCREENING),
    c.WithdrawReferral: Requirement(A_PARTY),
    c.ScreenReferral: Requirement(THE_DIRECTOR, Scope.SCREENING),
    c.AssignDirector: Requirement(THE_MANAGER),
    c.AssignSupport: Requirement(THE_MANAGER),
    c.RecordInforming: Requirement(A_PARTY | THE_DIRECTOR, Scope.SCREENING),
    c.PostponeInforming: Requirement(A_PARTY | THE_DIRECTOR, Scope.SCREENING),
    c.RemindOfInforming: Requirement(THE_CLOCK),
    c.RaiseDuties: Requirement(A_SERVICE),
    c.MoveDirection: Requirement(A_SERVICE),
    c.FollowStanding: Requirement(A_SERVICE),
    c.FollowDeescalation: Requirement(A_SERVICE),
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
    m.ReferralReceived: Conditions(),
    m.ReferralScreened: Conditions(),
    m.InformingRequested: Conditions(),
}
