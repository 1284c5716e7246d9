"""Start a house of the version before, with a case in every phase."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.house import House
from tests.system.upgrade import played
from tests.system.upgrade.played import Case
from tests.system.upgrade.upgrading import Before, NoSuchVersion, unpacked


@pytest.fixture(scope="package")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    """The tree of the version before; whatever needs it is skipped where the history does not hold it."""
    try:
        return unpacked(tmp_path_factory.mktemp("before"))
    except NoSuchVersion as why:
        pytest.skip(str(why))


@pytest.fixture(scope="package")
def house_before(before: Before, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house of the version before that runs, on embedded servers: each version has images of its own."""
    directory = tmp_path_factory.mktemp("house")
    try:
        before.start_house(directory)
        yield House(directory)
    finally:
        House(directory).reset()


@pytest.fixture(scope="package")
def cases(before: Before, house_before: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """The cases of that house, by the phase that they are in."""
    kept = tmp_path_factory.mktemp("kept") / "cases.json"
    before.play(Path(played.__file__), house_before.layout.environment_file, kept)
    return {name: Case(**case) for name, case in json.loads(kept.read_text()).items()}
