"""Where PostgreSQL has TLS it is reached over the network in no other way; where it has none, all know."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.containers import images
from deploy.containers.compose import Part
from deploy.containers.house import Prepared, prepare
from deploy.provisioning.__main__ import app as provisioning
from shared.contract.registry import SERVICES

BASES = pytest.mark.parametrize("base", ["official", "local"])
CLIENTS = ("provisioning", *SERVICES, *(f"{service}-migrate" for service in SERVICES))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Prepared]:
    """Prepare a house on each base, as `python -m deploy.containers prepare` does."""
    return {
        base: prepare(tmp_path_factory.mktemp(base), {}, tls=images.with_tls(base))
        for base in ("official", "local")
    }


def written(made: Prepared, name: str) -> list[str]:
    return (made.layout.directory / "postgres" / name).read_text().splitlines()


def mounted(part: Part) -> dict[str, str]:
    mounts: list[dict[str, Any]] = part.options["mounts"]
    return {mount["Target"]: mount["Source"] for mount in mounts}


def test_on_the_official_base_the_network_is_tls_alone(prepared: Mapping[str, Prepared]) -> None:
    made = prepared["official"]
    configuration = written(made, "postgresql.conf")
    assert {line for line in configuration if line.startswith("ssl")} == {
        "ssl = 'on'",
        "ssl_cert_file = '/run/secrets/server.pem'",
        "ssl_key_file = '/var/run/postgresql/server-key.pem'",
        "ssl_min_protocol_version = 'TLSv1.2'",
    }
    assert written(made, "pg_hba.conf") == [
        "local all postgres scram-sha-256",
        "hostssl all all all scram-sha-256",
    ]


def test_on_a_base_made_here_there_is_no_tls_and_still_a_password(prepared: Mapping[str, Prepared]) -> None:
    made = prepared["local"]
    assert [line for line in written(made, "postgresql.conf") if line.startswith("ssl")] == ["ssl = 'off'"]
    assert written(made, "pg_hba.conf") == [
        "local all postgres scram-sha-256",
        "host all all all scram-sha-256",
    ]


@BASES
def test_the_server_gets_its_own_certificate_and_a_copy_of_its_key_that_it_alone_may_read(
    prepared: Mapping[str, Prepared], base: str
) -> None:
    made = prepared[base]
    server = made.composition.parts["postgres"]
    own = mounted(server)
    assert own["/run/secrets/server.pem"] == str(made.layout.certificates / "postgres.pem")
    assert own["/run/secrets/server-key.pem"] == str(made.layout.certificates / "postgres-key.pem")
    for file in ("server.pem", "server-key.pem"):  # the user of the container reads them
        assert Path(own[f"/run/secrets/{file}"]).stat().st_mode & 0o777 == 0o444
    shell, option, command = server.options["command"]
    assert (shell, option) == ("sh", "-c")
    assert command.startswith(
        "install -m 600 /run/secrets/server-key.pem /var/run/postgresql/server-key.pem && exec "
    )
    assert server.options["tmpfs"]["/var/run/postgresql"] == "uid=999,gid=999"


@BASES
def test_whoever_connects_follows_the_server(prepared: Mapping[str, Prepared], base: str) -> None:
    tls = {"official": "verify-full", "local": "off"}[base]
    for name in CLIENTS:
        environment = prepared[base].composition.parts[name].options["environment"]
        assert (environment["ZVH_DATABASE_TLS"], environment["ZVH_ENVIRONMENT"]) == (tls, "local"), name


def test_whoever_plays_the_composition_without_saying_so_gets_tls(prepared: Mapping[str, Prepared]) -> None:
    made = prepared["local"]
    unsaid = {name: value for name, value in made.variables.items() if name != "ZVH_DATABASE_TLS"}
    parts = replace(made, variables=unsaid).composition.parts
    assert {parts[name].options["environment"]["ZVH_DATABASE_TLS"] for name in CLIENTS} == {"verify-full"}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"ZVH_DATABASE_TLS": "off"}, "ZVH_DATABASE_TLS: may be off in a local environment alone: remove it"),
        (
            {"ZVH_DATABASE_TLS": "off", "ZVH_ENVIRONMENT": "production"},
            "ZVH_DATABASE_TLS: may be off in a local environment alone: remove it",
        ),
        ({"ZVH_DATABASE_TLS": "Off", "ZVH_ENVIRONMENT": "local"}, "ZVH_DATABASE_TLS is verify-full or off"),
    ],
)
@pytest.mark.parametrize("command", [["make"], ["remove-service", "gone"]])
def test_the_provisioning_job_sends_no_password_in_the_clear_but_in_a_local_environment(
    settings: dict[str, str], told: str, command: list[str]
) -> None:
    needed = ("ZVH_DATABASE_HOST", "ZVH_KAFKA_BOOTSTRAP", "ZVH_CA_FILE", "ZVH_SECRETS_FILE")
    cleared = {name: None for name in os.environ if name.startswith("ZVH_")}
    result = CliRunner().invoke(
        provisioning, command, env={**cleared, **dict.fromkeys(needed, "nowhere"), **settings}
    )
    assert (result.exit_code, result.stderr.splitlines()) == (2, [told])
