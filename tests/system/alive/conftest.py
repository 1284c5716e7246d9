"""Start a house of its own: its servers are frozen, and it must not be what the flow tests stand on."""

from tests.system.flows.conftest import founded as founded
from tests.system.flows.conftest import house as house
