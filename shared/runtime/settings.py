"""Read the settings of a service from the environment, with the prefix ZVH_; secrets come as files.

A missing or contradictory setting is one clear line and exit code 2, before anything connects.
"""

import base64
import ipaddress
import os
import ssl
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.http.limits import Limits
from shared.kafka.connection import Connection
from shared.storage.database import CA


def _filled(file: Path) -> Path:
    """Check that the file can be read; say what is wrong with it, never what is in it."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from None
    if not content.strip():
        raise ValueError("the file is empty")
    return file


def _usable(directory: Path) -> Path:
    """Check the directory; an empty setting would be the one the service happens to be started in."""
    if directory == Path() or not directory.is_dir():
        raise ValueError("is no directory that is there: make it, or mount it")
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise ValueError("this user may not read and write in it")
    return directory


def _addresses(text: str) -> str:
    for address in filter(None, text.split(",")):
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ValueError("must be IP addresses, with commas between and no spaces") from None
    return text


def _root_key(file: Path) -> Path:
    _unwrapped(file)
    return file


def _unwrapped(file: Path) -> bytes:
    try:
        text = read_secret(file).rstrip("=")
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError("must hold 32 bytes, base64url")
    return key


def _trusted(file: Path) -> Path:
    try:
        ssl.create_default_context(cafile=str(file))
    except ssl.SSLError:
        raise ValueError("holds no certificate in PEM") from None
    return file


Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Https = Annotated[str, StringConstraints(pattern=r"^https://[^\s/?#:]+(:\d{1,5})?(/[^\s?#]*)?$")]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#:]+(:\d{1,5})?(/[^\s?#]*)?$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+$")]
Brokers = Annotated[str, StringConstraints(pattern=r"^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$")]
Addresses = Annotated[str, AfterValidator(_addresses)]
File = Annotated[Path, AfterValidator(_filled)]
Authority = Annotated[File, AfterValidator(_trusted)]
RootKey = Annotated[File, AfterValidator(_root_key)]
Directory = Annotated[Path, AfterValidator(_usable)]


class Settings(BaseSettings):
    """Hold everything that differs between two deployments of the same service."""

    model_config = SettingsConfigDict(env_prefix="ZVH_", frozen=True, hide_input_in_errors=True)

    house: Text = Field(description="Id of the house; part of everything sealed")
    environment: Literal["production", "acceptance", "local"] = Field(description="What this deployment is")
    source: Text = Field(description="CloudEvents source of this service, a URN with the OIN")
    policy_profile: Literal["convenant-2021"] = Field(description="Policy profile; no default in production")
    topic_prefix: Prefix = Field(default="zvh", description="First part of every topic and group")

    database_host: Text = Field(description="PostgreSQL host")
    database_port: Port = Field(default=5432, description="PostgreSQL port")
    database_name: Text = Field(description="This service's own database")
    database_tls: Literal["verify-full", "off"] = Field(
        default="verify-full",
        description="TLS to PostgreSQL, by the CA and the host's name; `off` in a local environment alone",
    )
    database_user: Text = Field(description="This service's own login")
    database_password_file: File = Field(description="File with the password")

    kafka_bootstrap: Brokers = Field(description="Kafka bootstrap address")
    kafka_username: Text = Field(description="SCRAM user of this service")
    kafka_password_file: File = Field(description="File with its password")
    ca_file: Authority = Field(description="CA of PostgreSQL, Kafka, the issuer and the other services, PEM")

    http_host: Text = Field(default="127.0.0.1", description="Address to serve HTTPS on")
    http_port: Port = Field(description="Port to serve HTTPS on")
    tls_certificate_file: File = Field(description="Certificate chain, PEM")
    tls_key_file: File = Field(description="Private key of the certificate, PEM")

    oidc_issuer: Https = Field(description="URL of the OpenID Connect issuer")
    oidc_audience: Text = Field(default="zvh", description="Audience that tokens must name")
    client_id: Text = Field(description="This service's own client id at the issuer")
    client_secret_file: File = Field(description="File with the client secret")

    key_directory: Directory = Field(description="Where private keys lie, outside PostgreSQL and its backups")
    root_key_file: RootKey = Field(description="File with 32 random bytes, base64url, that wrap those keys")
    key_authority_url: Https = Field(description="Base URL of retention, which makes and destroys case keys")

    metrics_token_file: File | None = Field(
        default=None, description="File with the token that opens /metrics; without it there is no such page"
    )
    otlp_endpoint: Url | None = Field(
        default=None, description="Where traces go (OTLP over HTTP, the whole URL); without it none are made"
    )
    clock_file: Path | None = Field(default=None, description="Moves covenant time; never in production")
    patience: int = Field(
        default=60, ge=1, le=60, description="Most seconds a message waits for a fact that may still come"
    )
    tidy_every: int = Field(
        default=60, ge=1, description="Seconds between two rounds that delete on Kafka what was read"
    )
    batch: int = Field(default=2000, ge=1, le=5000, description="Most records taken in one transaction")

    connections: int = Field(default=1000, ge=10, description="Most connections over HTTPS at once")
    connections_per_address: int = Field(
        default=200, ge=1, description="Most of them from one address, but for a trusted proxy"
    )
    new_connections_per_address: int = Field(
        default=20, ge=1, description="New ones a second from one address; five seconds' worth at once"
    )
    requests_per_stranger: int = Field(
        default=20,
        ge=1,
        description="Requests a second from one address without a valid token; bursts as above",
    )
    requests_per_person: int = Field(
        default=10, ge=1, description="Requests a second of one person, and at once; bursts as above"
    )
    requests_per_party: int = Field(
        default=50, ge=1, description="Requests a second of all workers of one party; bursts as above"
    )
    party_share: int = Field(
        default=10, ge=1, description="Percent of one processor that the records of one party may take"
    )
    trusted_proxies: Addresses = Field(
        default="", description="Addresses, with commas between, whose X-Forwarded-For is believed"
    )

    @model_validator(mode="after")
    def _no_clock_file_in_production(self) -> "Settings":
        if self.environment == "production" and self.clock_file is not None:
            raise ValueError("ZVH_CLOCK_FILE: moves time and is refused in production: remove it")
        return self

    @model_validator(mode="after")
    def _tls_to_the_database(self) -> "Settings":
        if self.database_tls == "off" and self.environment != "local":
            raise ValueError("ZVH_DATABASE_TLS: may be off in a local environment alone: remove it")
        return self

    @model_validator(mode="after")
    def _certificate_and_key_belong_together(self) -> "Settings":
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                self.tls_certificate_file, self.tls_key_file
            )
        except ssl.SSLError:
            raise ValueError("ZVH_TLS_KEY_FILE: is not the key of ZVH_TLS_CERTIFICATE_FILE, in PEM") from None
        return self

    @property
    def limits(self) -> Limits:
        """Return what each sender may take over HTTPS."""
        proxies = tuple(filter(None, self.trusted_proxies.split(",")))
        return Limits(
            connections=self.connections,
            connections_per_address=self.connections_per_address,
            new_connections_per_address=self.new_connections_per_address,
            requests_per_stranger=self.requests_per_stranger,
            requests_per_person=self.requests_per_person,
            requests_per_party=self.requests_per_party,
            trusted_proxies=proxies,
        )

    @cached_property
    def root_key(self) -> bytes:
        """Return the 32 bytes that wrap every key of this service at rest."""
        return _unwrapped(self.root_key_file)

    @property
    def kafka_login(self) -> Connection:
        """Return how to reach the broker, and as whom."""
        return Connection(
            self.kafka_bootstrap, self.ca_file, self.kafka_username, read_secret(self.kafka_password_file)
        )

    @property
    def database_url(self) -> sa.URL:
        """Return the URL of this service's database, with the CA by which its server is known."""
        return sa.URL.create(
            "postgresql+asyncpg",
            username=self.database_user,
            password=read_secret(self.database_password_file),
            host=self.database_host,
            port=self.database_port,
            database=self.database_name,
            query={CA: str(self.database_authority)} if self.database_authority else {},
        )

    @property
    def database_authority(self) -> Path | None:
        """Return the CA by which the database's server is known; None where nothing is said over TLS."""
        return None if self.database_tls == "off" else self.ca_file


def read_secret(file: Path) -> str:
    """Read a secret file, without the line end that editors add."""
    return file.read_text().strip()
