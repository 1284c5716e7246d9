"""Planted bugs that each take away the guard of a clause of the covenant, by the service that decides it."""
