"""Start a house of its own, as for the flows: many cases leave it slow to search."""

from tests.system.flows.conftest import founded, house

__all__ = ["founded", "house"]
