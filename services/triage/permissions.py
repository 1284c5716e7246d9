"""List who may give which command to triage, and under which authorisation."""

from collections.abc import Mapping

from services.triage import commands as c
from services.triage.clarifications import may_not_be_told
from services.triage.queries import may_not_be_asked
from services.triage.state import Phase, State
from shared.contract.messages import triage as m
from shared.contract.parties import Scope
from shared.contract.registry import Model
from shared.core.actor import A_PARTY, A_SERVICE, THE_CLOCK, THE_DIRECTOR, Command
from shared.core.authorisation import Requirement
from shared.core.leaving import Conditions
from shared.core.mandate import Scopes

FOR_THE_RTO = frozenset({Phase.PREPARING, Phase.PREPARED})


def scopes_now(state: State) -> Scopes:
    """Return what must be authorised as the case stands: asking, until an RTO is prepared (R27, R42)."""
    return frozenset({Scope.RTO if state.phase in FOR_THE_RTO else Scope.QUERY})


PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.OpenCase: Requirement(A_SERVICE),
    c.IssueQuery: Requirement(THE_DIRECTOR, Scope.QUERY),
    c.AnswerQuery: Requirement(A_PARTY, asked_under=Scope.QUERY),
    c.DeclineQuery: Requirement(A_PARTY),
    c.AskClarification: Requirement(A_PARTY, asked_under=Scope.QUERY),
    c.ClarifyQuery: Requirement(THE_DIRECTOR, Scope.QUERY),
    c.AskExtension: Requirement(A_PARTY, asked_under=Scope.QUERY),
    c.DecideExtension: Requirement(THE_DIRECTOR, Scope.QUERY),
    c.ClearSecrecy: Requirement(A_PARTY, asked_under=Scope.QUERY),
    c.GiveEstimate: Requirement(A_PARTY, asked_under=Scope.QUERY),
    c.RemindQuery: Requirement(THE_CLOCK, Scope.QUERY),
    c.LapseQuery: Requirement(THE_CLOCK),
    c.ConcludeTriage: Requirement(THE_DIRECTOR, Scope.QUERY),
    c.PrepareRto: Requirement(THE_DIRECTOR, Scope.RTO),
    c.MoveDirection: Requirement(A_SERVICE),
    c.FollowAssignment: Requirement(A_SERVICE),
    c.FollowStanding: Requirement(A_SERVICE),
    c.FollowConsent: Requirement(A_SERVICE),
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
    m.QueryIssued: Conditions(scope=Scope.QUERY, forbids=may_not_be_asked),
    m.QueryClarified: Conditions(scope=Scope.QUERY, forbids=may_not_be_told),
    m.QueryExtended: Conditions(scope=Scope.QUERY),
    m.QueryExtensionRefused: Conditions(),
    m.QueryReminded: Conditions(scope=Scope.QUERY),
    m.QueryLapsed: Conditions(),
    m.TriageConcluded: Conditions(),
}
