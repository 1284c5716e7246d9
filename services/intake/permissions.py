"""List who may give which command to intake, and under which authorisation."""

from collections.abc import Mapping

from services.intake import commands as c
from services.intake.state import OF_THE_TABLE, Phase, State
from shared.contract.messages import intake as m
from shared.contract.messages import known_check as k
from shared.contract.messages.intake import ScreeningOutcome
from shared.contract.parties import Scope
from shared.contract.registry import Model
from shared.core.actor import A_HOUSE, A_PARTY, A_SERVICE, THE_CLOCK, THE_DIRECTOR, THE_MANAGER, Command
from shared.core.authorisation import Requirement
from shared.core.leaving import Conditions, Standing
from shared.core.mandate import Scopes

AT_THE_TABLE: Scopes = frozenset({Scope.RTO, Scope.MONITORING})  # which of the two is rto's to know


def scopes_now(state: State) -> Scopes:
    """Return of what one must be authorised as the case stands, as far as intake hears of it (R122).

    The round table begins with its preparation, of which the duties to inform bear witness.
    """
    if state.phase in (Phase.DEESCALATED, Phase.ARCHIVED):
        return frozenset({Scope.PHASE_4})
    if state.outcome in (None, ScreeningOutcome.NOT_TAKEN_UP):
        return frozenset({Scope.SCREENING})
    return AT_THE_TABLE if any(one.kind in OF_THE_TABLE for one in state.owed) else frozenset({Scope.QUERY})


PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.SubmitReferral: Requirement(A_PARTY),
    c.ConfirmConsultation: Requirement(A_PARTY, asked_under=Scope.SCREENING),
    c.WithdrawReferral: Requirement(A_PARTY),
    c.ScreenReferral: Requirement(THE_DIRECTOR, Scope.SCREENING),
    c.AssignDirector: Requirement(THE_MANAGER),
    c.AssignSupport: Requirement(THE_MANAGER),
    c.RecordInforming: Requirement(A_PARTY | THE_DIRECTOR, scopes_now),
    c.PostponeInforming: Requirement(A_PARTY | THE_DIRECTOR, scopes_now),
    c.RemindOfInforming: Requirement(THE_CLOCK),
    c.RaiseDuties: Requirement(A_SERVICE),
    c.FollowTriage: Requirement(A_SERVICE),
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
    c.AskKnownCheck: Requirement(THE_DIRECTOR, scopes_now),
    c.WeighExchange: Requirement(THE_DIRECTOR, scopes_now),
    c.RecordKnownAnswer: Requirement(A_HOUSE, of_a_house=True),
    c.TakeKnownCheck: Requirement(A_HOUSE, of_a_house=True),
    c.RecordConsultation: Requirement(A_PARTY),
    c.ConsultOnCheck: Requirement(THE_DIRECTOR),  # in whose name follows from the case that was found
    c.DecideKnownCheck: Requirement(THE_DIRECTOR),
    c.AnswerKnownCheck: Requirement(THE_CLOCK),
}

SENDING: Mapping[type[Model], Conditions] = {
    m.ReferralReceived: Conditions(),
    m.ReferralScreened: Conditions(),
    m.InformingRequested: Conditions(),
    m.InformingHandedOver: Conditions(Standing.ANY),  # a duty outlasts the membership (R115)
    k.KnownCheckAsked: Conditions(Standing.HOUSE, scope=scopes_now),
    k.KnownCheckAnswered: Conditions(Standing.HOUSE),
    k.KnownCheckConsultationAsked: Conditions(),
}
