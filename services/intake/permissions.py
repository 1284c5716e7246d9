"""List who may give which command to intake, and under which authorisation."""

from collections.abc import Mapping

from services.intake import commands as c
from shared.contract.messages import intake as m
from shared.contract.parties import Scope
from shared.contract.registry import Model
from shared.core.actor import A_PARTY, A_SERVICE, THE_CLOCK, THE_DIRECTOR, THE_MANAGER, Command
from shared.core.authorisation import Requirement
from shared.core.leaving import Conditions, Standing

PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.SubmitReferral: Requirement(A_PARTY),
    c.ConfirmConsultation: Requirement(A_PARTY),
    c.WithdrawReferral: Requirement(A_PARTY),
    c.ScreenReferral: Requirement(THE_DIRECTOR, Scope.SCREENING),
    c.AssignDirector: Requirement(THE_MANAGER),
    c.AssignSupport: Requirement(THE_MANAGER),
    c.RecordInforming: Requirement(A_PARTY | THE_DIRECTOR),  # and the authorisation of the phase it is in
    c.PostponeInforming: Requirement(A_PARTY | THE_DIRECTOR),
    c.RemindOfInforming: Requirement(THE_CLOCK),
    c.RaiseDuties: Requirement(A_SERVICE),
    c.FollowTriage: Requirement(A_SERVICE),
    c.MoveDirection: Requirement(A_SERVICE),
    c.FollowDeescalation: Requirement(A_SERVICE),
    c.FollowCleaning: Requirement(A_SERVICE),
    c.FollowArchiving: Requirement(A_SERVICE),
    c.FollowClosing: Requirement(A_SERVICE),
    c.PurgeCase: Requirement(A_SERVICE),
    c.PassTerm: Requirement(THE_CLOCK),
}

SENDING: Mapping[type[Model], Conditions] = {
    m.ReferralReceived: Conditions(),
    m.ReferralScreened: Conditions(),
    m.InformingRequested: Conditions(),
    m.InformingHandedOver: Conditions(Standing.ANY),  # a duty outlasts the membership (R115)
}
