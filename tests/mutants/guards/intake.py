"""Planted bugs that take away a guard of the rules of intake."""

from tests.mutants.bug import Bug

BUGS: tuple[Bug, ...] = ()
