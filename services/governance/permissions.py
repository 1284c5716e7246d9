"""List who may give which command to governance.

Membership is decided here on governance's own state, which is the source of every replica: so no command
asks for it in the replica as well, which would lag behind.
"""

from collections.abc import Mapping

from services.governance import commands as c
from shared.contract.messages import governance as m
from shared.contract.registry import Model
from shared.core.actor import A_PARTY, A_SERVICE, THE_DIRECTOR, THE_OPERATOR, Command, Role
from shared.core.authorisation import Requirement
from shared.core.leaving import Conditions, Standing

THE_SECRETARY = frozenset({Role.SECRETARY})
SECRETARY_OR_MANAGER = frozenset({Role.SECRETARY, Role.MANAGER})
EVERYBODY = frozenset(Role) - {Role.PARTY, Role.SERVICE, Role.CLOCK, Role.OPERATOR}  # who has an account
ITS_CONNECTOR = frozenset({Role.PARTY})  # only a connector signs with a known key

PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.RecordSignatory: Requirement(THE_SECRETARY),
    c.RecordHouse: Requirement(THE_SECRETARY),
    c.RecordDecision: Requirement(SECRETARY_OR_MANAGER),
    c.AcknowledgeSecrecy: Requirement(EVERYBODY, needs_membership=False),
    c.AnnounceKey: Requirement(ITS_CONNECTOR, needs_membership=False),
    c.GrantAuthorisation: Requirement(A_PARTY, needs_membership=False),
    c.AcceptAuthorisation: Requirement(THE_DIRECTOR),
    c.RevokeAuthorisation: Requirement(A_PARTY, needs_membership=False),
    c.ProposeEnding: Requirement(SECRETARY_OR_MANAGER),
    c.EndMembership: Requirement(SECRETARY_OR_MANAGER),
    c.PublishAnew: Requirement(THE_OPERATOR),
    c.PurgeCase: Requirement(A_SERVICE),
}

SENDING: Mapping[type[Model], Conditions] = {
    m.MembershipChanged: Conditions(Standing.ANY),  # it tells a party that it is none any more
}
