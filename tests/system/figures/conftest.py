"""Start a house to break, as for the faults, of its own: one of these tests puts a backup back."""

from tests.system.faults.conftest import rig, scene, whole

__all__ = ["rig", "scene", "whole"]
