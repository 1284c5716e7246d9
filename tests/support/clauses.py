"""See at collection that each test which says what clause it shows says it well."""

import pytest

from docs.generate.clauses import all_clauses, fault_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Raise `pytest.UsageError` for a marker `clause` that names no clause, or says nothing on one side."""
    known = {clause for clauses in all_clauses().values() for clause in clauses}
    for item in items:
        for marker in item.iter_markers("clause"):
            if fault := fault_of(marker.args, marker.kwargs, known) or _place_fault(item, marker):
                raise pytest.UsageError(f"{item.nodeid}: clause: {fault}")


def _place_fault(item: pytest.Item, marker: pytest.Mark) -> str:
    """Refuse a marker of a module, class or parameter: the documents read decorators of functions."""
    function = getattr(item, "function", None)
    written = marker in getattr(function, "pytestmark", ()) and getattr(item, "cls", None) is None
    return "" if written else "write it as a decorator of a function of the module"
