"""List who may give which command to sixth."""

from collections.abc import Mapping

from services.sixth import commands as c
from shared.contract.messages import sixth as m
from shared.contract.registry import Model
from shared.core.actor import A_PARTY, A_SERVICE, Command
from shared.core.authorisation import Requirement
from shared.core.leaving import Conditions

PERMISSIONS: Mapping[type[Command], Requirement] = {
    c.Submit: Requirement(A_PARTY),
    c.PurgeCase: Requirement(A_SERVICE),
}

SENDING: Mapping[type[Model], Conditions] = {
    m.SixthRegistered: Conditions(),
}
