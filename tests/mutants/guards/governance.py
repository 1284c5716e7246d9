"""Planted bugs that take away a guard of the rules of governance."""

from tests.mutants.bug import Bug

BUGS: tuple[Bug, ...] = ()
