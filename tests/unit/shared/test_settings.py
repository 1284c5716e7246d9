"""A setting that is missing, wrong or contradicts another is one line that names it, and exit code 2."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.machine.certificates import make_certificates
from services.intake.main import app as intake
from services.retention.main import app as retention
from shared.clock import machine_now
from shared.crypto.house_keys import HouseKeys
from shared.runtime.settings import Settings
from shared.storage.database import CA
from tests.support.settings import right_settings


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return right_settings(tmp_path_factory.mktemp("settings"))


def told(settings: Mapping[str, str | None], app: object = intake) -> tuple[int, list[str]]:
    """Exit code and lines of `held`, which needs every setting and then the database."""
    cleared = {name: None for name in os.environ if name.startswith("ZVH_")}
    result = CliRunner().invoke(app, ["held"], env={**cleared, **settings})  # type: ignore[arg-type]
    return result.exit_code, result.stderr.splitlines()


OPTIONAL = {"ZVH_DATABASE_PORT", "ZVH_METRICS_TOKEN_FILE"}


def test_each_missing_setting_is_one_line(right: dict[str, str]) -> None:
    for name in right.keys() - OPTIONAL:
        assert told({**right, name: None}) == (2, [f"{name}: Field required"])
    code, lines = told({})
    assert code == 2
    assert {line.partition(":")[0] for line in lines} == right.keys() - OPTIONAL


@pytest.mark.clause(
    "R124.c", allowed="Met het beleidsprofiel van het convenant van 2021 erbij start het systeem."
)
@pytest.mark.clause(
    "R124.c", refused="Zonder een beleidsprofiel dat bij naam is genoemd, start het systeem niet."
)
def test_a_service_names_its_policy_profile_r124(
    right: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (right | {"ZVH_ENVIRONMENT": "production"}).items():
        monkeypatch.setenv(name, value)
    assert Settings().policy_profile == "convenant-2021"
    for unnamed in (None, "", "another"):
        code, lines = told({**right, "ZVH_ENVIRONMENT": "production", "ZVH_POLICY_PROFILE": unnamed})
        assert (code, [line.partition(":")[0] for line in lines]) == (2, ["ZVH_POLICY_PROFILE"])


def test_each_empty_setting_is_one_line(right: dict[str, str]) -> None:
    for name in right:
        code, lines = told({**right, name: ""})
        assert (code, [line.partition(":")[0] for line in lines]) == (2, [name]), lines


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "staging"),
        ("POLICY_PROFILE", "convenant-2031"),
        ("HTTP_PORT", "99999"),
        ("DATABASE_PORT", "0"),
        ("DATABASE_PORT", "five"),
        ("DATABASE_TLS", "require"),
        ("KAFKA_BOOTSTRAP", "kafka"),
        ("KAFKA_BOOTSTRAP", "kafka:9092,"),
        ("OIDC_ISSUER", "http://issuer"),
        ("OIDC_ISSUER", "issuer:8443"),
        ("KEY_AUTHORITY_URL", "https:///keys"),
        ("TOPIC_PREFIX", "zvh.test"),
        ("PATIENCE", "61"),
        ("DATABASE_PASSWORD_FILE", "nowhere"),
        ("DATABASE_PASSWORD_FILE", "empty"),
        ("CA_FILE", "secret"),
        ("ROOT_KEY_FILE", "short"),
        ("ROOT_KEY_FILE", "secret"),
        ("METRICS_TOKEN_FILE", "nowhere"),
        ("KEY_DIRECTORY", "nowhere"),
        ("KEY_DIRECTORY", "secret"),
    ],
)
def test_each_wrong_setting_is_one_line(right: dict[str, str], tmp_path: Path, name: str, value: str) -> None:
    files = {"empty": "\n", "secret": "a-secret-that-no-line-shows", "short": "c2hvcnQ"}
    for file, content in files.items():
        (tmp_path / file).write_text(content)
    given = str(tmp_path / value) if name.endswith(("_FILE", "_DIRECTORY")) else value
    code, lines = told({**right, f"ZVH_{name}": given})
    assert (code, [line.partition(":")[0] for line in lines]) == (2, [f"ZVH_{name}"])
    assert not [line for line in lines if "a-secret-that" in line or "Value error" in line]


def test_what_contradicts_another_setting_is_one_line(right: dict[str, str], tmp_path: Path) -> None:
    other = make_certificates(tmp_path, "other")
    clock = {"ZVH_CLOCK_FILE": str(tmp_path / "clock.json")}
    line = "ZVH_CLOCK_FILE: moves time and is refused in production: remove it"
    assert told({**right, **clock, "ZVH_ENVIRONMENT": "production"}) == (2, [line])
    line = "ZVH_DATABASE_TLS: may be off in a local environment alone: remove it"
    for environment in ("acceptance", "production"):
        off = {"ZVH_DATABASE_TLS": "off", "ZVH_ENVIRONMENT": environment}
        assert told({**right, **off}) == (2, [line])
    line = "ZVH_TLS_KEY_FILE: is not the key of ZVH_TLS_CERTIFICATE_FILE, in PEM"
    assert told({**right, "ZVH_TLS_KEY_FILE": str(other.key_file)}) == (2, [line])
    line = "ZVH_SOURCE: must end in :zvh-intake, as this is intake"
    assert told({**right, "ZVH_SOURCE": right["ZVH_SOURCE"].replace("intake", "triage")}) == (2, [line])


def test_the_address_of_the_database_names_its_authority_and_a_local_one_may_do_without(
    right: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in right.items():
        monkeypatch.setenv(name, value)
    assert Settings().database_url.query == {CA: right["ZVH_CA_FILE"]}
    monkeypatch.setenv("ZVH_ENVIRONMENT", "local")
    assert Settings().database_url.query == {CA: right["ZVH_CA_FILE"]}
    monkeypatch.setenv("ZVH_DATABASE_TLS", "off")
    assert Settings().database_url.query == {}


def test_keys_of_another_root_key_are_one_line(right: dict[str, str], tmp_path: Path) -> None:
    HouseKeys(tmp_path / "house", b"another root key, of 32 bytes...", machine_now)
    line = "ZVH_KEY_DIRECTORY: its house keys do not open under ZVH_ROOT_KEY_FILE"
    assert told({**right, "ZVH_KEY_DIRECTORY": str(tmp_path)}) == (2, [line])


def test_settings_of_the_key_authority_alone_are_told_the_same_way(right: dict[str, str]) -> None:
    own = {**right, "ZVH_SOURCE": right["ZVH_SOURCE"].replace("intake", "retention")}
    code, lines = told({**own, "ZVH_KEY_BACKUP_DAYS": "-1"}, retention)
    assert (code, [line.partition(":")[0] for line in lines]) == (2, ["ZVH_KEY_BACKUP_DAYS"])
