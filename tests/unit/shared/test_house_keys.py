"""A service's keys: one to seal to a day, and each private half gone eight days after it was replaced."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.crypto.house_keys import DESTROY_AFTER, LIST_FOR, ROTATE_AFTER, HouseKeys, KeyDirectoryDamaged

ROOT = b"r" * 32
START = datetime(2026, 3, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
AHEAD = timedelta(days=400)


class Machine:
    """A machine clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def keys(tmp_path: Path, machine: Machine) -> HouseKeys:
    return HouseKeys(tmp_path / "keys", ROOT, machine)


def sealing_kid(keys: HouseKeys) -> str:
    (kid,) = [jwk["kid"] for jwk in keys.public() if jwk["use"] == "enc"]
    return kid


def test_a_service_announces_what_it_signs_with_and_one_key_to_seal_to(keys: HouseKeys) -> None:
    announced = keys.public()
    assert sorted(jwk["use"] for jwk in announced) == ["enc", "sig"]
    assert all("d" not in jwk for jwk in announced)
    assert keys.signing.thumbprint() in {jwk["kid"] for jwk in announced}


def test_only_a_sealing_key_opens(keys: HouseKeys) -> None:
    assert keys.private_key(sealing_kid(keys)) is not None
    assert keys.private_key(keys.signing.thumbprint()) is None
    assert keys.private_key("unknown") is None


def test_the_sealing_key_is_replaced_after_a_day_and_not_before(keys: HouseKeys, machine: Machine) -> None:
    first = sealing_kid(keys)
    machine.now = START + ROTATE_AFTER - SECOND
    keys.rotate()
    assert sealing_kid(keys) == first
    machine.now = START + ROTATE_AFTER
    keys.rotate()
    assert sealing_kid(keys) != first
    assert keys.private_key(first) is not None, "what is under way still opens"


def test_a_replaced_key_is_destroyed_after_eight_days_and_not_before(
    keys: HouseKeys, machine: Machine, tmp_path: Path
) -> None:
    """R105: old broker disks open for nobody."""
    first, signing = sealing_kid(keys), keys.signing.thumbprint()
    machine.now = START + ROTATE_AFTER
    keys.rotate()
    machine.now += DESTROY_AFTER - SECOND
    keys.rotate()
    assert keys.private_key(first) is not None
    machine.now += SECOND
    keys.rotate()
    assert keys.private_key(first) is None
    assert not (tmp_path / "keys" / f"{first}.key").exists()
    assert keys.signing.thumbprint() == signing


def test_keys_survive_a_restart(keys: HouseKeys, machine: Machine, tmp_path: Path) -> None:
    machine.now = START + ROTATE_AFTER
    first = sealing_kid(keys)
    keys.rotate()
    again = HouseKeys(tmp_path / "keys", ROOT, machine)
    assert again.public() == keys.public()
    assert again.private_key(first) is not None


def test_a_crash_between_new_and_old_leaves_both_and_the_next_rotation_ends_them(
    keys: HouseKeys, machine: Machine, tmp_path: Path
) -> None:
    first = sealing_kid(keys)
    kept = (tmp_path / "keys" / f"{first}.key").read_bytes()
    machine.now = START + ROTATE_AFTER
    keys.rotate()
    (tmp_path / "keys" / f"{first}.key").write_bytes(kept)
    again = HouseKeys(tmp_path / "keys", ROOT, machine)
    assert sealing_kid(again) == sealing_kid(keys)
    machine.now += ROTATE_AFTER
    again.rotate()
    machine.now += DESTROY_AFTER
    again.rotate()
    assert again.private_key(first) is None


def after_nine_days(keys: HouseKeys, machine: Machine) -> str:
    """A key was replaced and destroyed; its kid."""
    first = sealing_kid(keys)
    machine.now += ROTATE_AFTER
    keys.rotate()
    machine.now += DESTROY_AFTER
    keys.rotate()
    return first


def test_what_is_held_and_what_is_destroyed_is_what_lies_on_disk(
    keys: HouseKeys, machine: Machine, tmp_path: Path
) -> None:
    """R105: signing keys open nothing and count in neither."""
    first = sealing_kid(keys)
    assert (keys.available_kids, keys.destroyed_kids) == ((first,), ())
    assert after_nine_days(keys, machine) == first
    on_disk = {file.stem for file in (tmp_path / "keys").glob("*.key")}
    assert set(keys.available_kids) == on_disk - {keys.signing.thumbprint()}
    assert keys.destroyed_kids == (first,)
    again = HouseKeys(tmp_path / "keys", ROOT, machine)
    assert (again.available_kids, again.destroyed_kids) == (keys.available_kids, keys.destroyed_kids)


def test_a_crash_between_listing_and_unlinking_ends_at_the_next_start(
    keys: HouseKeys, machine: Machine, tmp_path: Path
) -> None:
    """So does a backup that brings a destroyed key back."""
    file = tmp_path / "keys" / f"{sealing_kid(keys)}.key"
    content = file.read_bytes()
    first = after_nine_days(keys, machine)
    file.write_bytes(content)
    again = HouseKeys(tmp_path / "keys", ROOT, machine)
    assert not file.exists()
    assert again.private_key(first) is None
    assert again.destroyed_kids == (first,)


def test_a_destroyed_key_is_listed_for_ninety_days(keys: HouseKeys, machine: Machine) -> None:
    first = after_nine_days(keys, machine)
    machine.now += LIST_FOR - ROTATE_AFTER
    keys.rotate()
    assert first in keys.destroyed_kids
    machine.now += DESTROY_AFTER
    keys.rotate()
    assert first not in keys.destroyed_kids
    assert keys.destroyed_kids


def test_what_another_process_of_the_service_made_opens_here_at_once(
    keys: HouseKeys, machine: Machine, tmp_path: Path
) -> None:
    twin = HouseKeys(tmp_path / "keys", ROOT, machine)
    assert twin.public() == keys.public()
    machine.now += ROTATE_AFTER
    keys.rotate()
    assert twin.public() == keys.public()
    assert twin.private_key(sealing_kid(keys)) is not None
    twin.rotate()
    assert twin.available_kids == keys.available_kids, "one key a day, whoever makes it"


def test_what_another_process_destroyed_opens_here_no_more(
    keys: HouseKeys, machine: Machine, tmp_path: Path
) -> None:
    """R105."""
    twin = HouseKeys(tmp_path / "keys", ROOT, machine)
    first = after_nine_days(keys, machine)
    assert twin.private_key(first) is None
    assert (twin.available_kids, twin.destroyed_kids) == (keys.available_kids, (first,))


def test_on_disk_a_private_key_is_wrapped_and_for_the_service_alone(keys: HouseKeys, tmp_path: Path) -> None:
    files = list((tmp_path / "keys").iterdir())
    assert len(files) == 2
    secret = str(keys.signing.as_dict(private=True)["d"]).encode()
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert secret not in file.read_bytes()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "damage",
    [
        lambda files: files[0].write_bytes(files[1].read_bytes()),
        lambda files: files[0].write_bytes(files[0].read_bytes()[:-1] + b"\0"),
    ],
    ids=["moved under another name", "changed"],
)
def test_a_key_file_that_was_moved_or_changed_does_not_open(
    keys: HouseKeys, machine: Machine, tmp_path: Path, damage: Callable[[list[Path]], int]
) -> None:
    damage(sorted((tmp_path / "keys").iterdir()))
    with pytest.raises(KeyDirectoryDamaged):
        HouseKeys(tmp_path / "keys", ROOT, machine)


def test_another_root_key_opens_none(keys: HouseKeys, machine: Machine, tmp_path: Path) -> None:
    with pytest.raises(KeyDirectoryDamaged):
        HouseKeys(tmp_path / "keys", b"x" * 32, machine)


def test_what_a_clock_that_was_ahead_has_dated_is_not_kept_for_as_long_as_it_was_ahead_f13(
    keys: HouseKeys, machine: Machine
) -> None:
    """The key that was made then is replaced after a day, and the one it replaced is destroyed in eight."""
    first = sealing_kid(keys)
    machine.now = START + AHEAD
    keys.rotate()
    made_ahead = sealing_kid(keys)
    machine.now = START + SECOND
    keys.rotate()
    assert sealing_kid(keys) == made_ahead
    machine.now += ROTATE_AFTER
    keys.rotate()
    assert sealing_kid(keys) != made_ahead
    machine.now += DESTROY_AFTER - ROTATE_AFTER - SECOND
    keys.rotate()
    assert keys.private_key(first) is not None
    machine.now += SECOND
    keys.rotate()
    assert keys.private_key(first) is None


def test_a_start_replaces_and_destroys_nothing_as_its_clock_may_be_wrong_f13(
    keys: HouseKeys, machine: Machine, tmp_path: Path
) -> None:
    machine.now += ROTATE_AFTER
    keys.rotate()
    before = keys.available_kids
    machine.now += AHEAD
    assert HouseKeys(tmp_path / "keys", ROOT, machine).available_kids == before
