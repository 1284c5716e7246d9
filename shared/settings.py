"""Settings of a service, from the environment with the prefix ZVH_; secrets come as files.

A missing or contradictory setting is one clear line and exit code 2, before anything connects.
"""

import base64
from functools import cached_property
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that differs between two deployments of the same service."""

    model_config = SettingsConfigDict(env_prefix="ZVH_", frozen=True, hide_input_in_errors=True)

    house: str = Field(description="Id of the house; part of everything sealed")
    environment: Literal["production", "acceptance", "local"] = Field(description="What this deployment is")
    source: str = Field(description="CloudEvents source of this service, a URN with the OIN")
    policy_profile: Literal["convenant-2021"] = Field(description="Policy profile; no default in production")
    topic_prefix: str = Field(default="zvh", description="First part of every topic and group")

    database_host: str = Field(description="PostgreSQL host")
    database_port: int = Field(default=5432, description="PostgreSQL port")
    database_name: str = Field(description="This service's own database")
    database_user: str = Field(description="This service's own login")
    database_password_file: Path = Field(description="File with the password")

    kafka_bootstrap: str = Field(description="Kafka bootstrap address")
    kafka_username: str = Field(description="SCRAM user of this service")
    kafka_password_file: Path = Field(description="File with its password")
    ca_file: Path = Field(description="CA of Kafka, the issuer and the other services, PEM")

    http_host: str = Field(default="127.0.0.1", description="Address to serve HTTPS on")
    http_port: int = Field(description="Port to serve HTTPS on")
    tls_certificate_file: Path = Field(description="Certificate chain, PEM")
    tls_key_file: Path = Field(description="Private key of the certificate, PEM")

    oidc_issuer: str = Field(description="URL of the OpenID Connect issuer")
    oidc_audience: str = Field(default="zvh", description="Audience that tokens must name")
    client_id: str = Field(description="This service's own client id at the issuer")
    client_secret_file: Path = Field(description="File with the client secret")

    key_directory: Path = Field(description="Where private keys lie, outside PostgreSQL and its backups")
    root_key_file: Path = Field(description="File with 32 random bytes, base64url, that wrap those keys")
    key_authority_url: str = Field(description="Base URL of retention, which makes and destroys case keys")

    metrics_token_file: Path | None = Field(
        default=None, description="File with the token that opens /metrics; without it there is no such page"
    )
    clock_file: Path | None = Field(default=None, description="Moves covenant time; never in production")
    patience: int = Field(
        default=60, ge=1, le=60, description="Most seconds a message waits for a fact that may still come"
    )
    tidy_every: int = Field(
        default=60, ge=1, description="Seconds between two rounds that delete on Kafka what was read"
    )
    batch: int = Field(default=1000, ge=1, le=5000, description="Most records taken in one transaction")

    @model_validator(mode="after")
    def _no_clock_file_in_production(self) -> "Settings":
        if self.environment == "production" and self.clock_file is not None:
            raise ValueError("ZVH_CLOCK_FILE moves time and is refused in production: remove it")
        return self

    @cached_property
    def root_key(self) -> bytes:
        """The 32 bytes that wrap every key of this service at rest."""
        key = base64.urlsafe_b64decode(read_secret(self.root_key_file) + "==")
        if len(key) != 32:
            raise ValueError("ZVH_ROOT_KEY_FILE must hold 32 bytes, base64url")
        return key

    @property
    def database_url(self) -> sa.URL:
        """The URL of this service's database."""
        return sa.URL.create(
            "postgresql+asyncpg",
            username=self.database_user,
            password=read_secret(self.database_password_file),
            host=self.database_host,
            port=self.database_port,
            database=self.database_name,
        )


def read_secret(file: Path) -> str:
    """The text of a secret file, without the line end that editors add."""
    return file.read_text().strip()
