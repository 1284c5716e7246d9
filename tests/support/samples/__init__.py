"""Samples of what each service decides on, by service."""

from importlib import import_module
from typing import Any


def samples_of(service: str) -> Any:
    """Return the module with the samples of a service."""
    return import_module(f"tests.support.samples.{service}")
