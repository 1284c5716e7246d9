"""Beginnings, valid parties, events and commands of each service."""

from importlib import import_module
from typing import Any


def samples_of(service: str) -> Any:
    """Return the samples of a service, by its name."""
    return import_module(f"tests.support.samples.{service}")
