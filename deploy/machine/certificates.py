"""Make the certificates of one machine, signed by an authority whose own key is never stored."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives import serialization

from deploy.machine.process import LOOPBACK
from deploy.machine.secrets import private_directory, write_private
from shared.contract.registry import SERVICES

VALID = timedelta(days=365)
HOSTS = ("localhost", "kafka", "issuer", *SERVICES)  # in containers each has a name


@dataclass(frozen=True)
class Certificates:
    """Name the PEM files that a server on this machine and its clients need."""

    ca_file: Path
    certificate_file: Path
    key_file: Path
    key_and_certificates_file: Path  # Kafka's ssl.keystore.type=PEM wants one file


def make_certificates(directory: Path, name: str) -> Certificates:
    """Return the certificates for `name` (CN) on loopback and in containers; existing ones are kept.

    P-256, valid for a year; the private keys have mode 0600.
    """
    private_directory(directory)
    made = Certificates(
        ca_file=directory / "ca.pem",
        certificate_file=directory / "server.pem",
        key_file=directory / "server-key.pem",
        key_and_certificates_file=directory / "server-all.pem",
    )
    if not made.key_and_certificates_file.exists():
        _write(made, name)
    return made


def _write(files: Certificates, name: str) -> None:
    authority = trustme.CA(organization_name=name, organization_unit_name="local authority")
    now = datetime.now(UTC)
    issued = authority.issue_cert(
        *HOSTS,
        LOOPBACK,
        common_name=name,
        organization_name=name,
        organization_unit_name="local server",
        not_before=now - timedelta(hours=1),
        not_after=now + VALID,
    )
    ca, key = authority.cert_pem.bytes(), _pkcs8(issued.private_key_pem.bytes())
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems) + ca
    files.ca_file.write_bytes(ca)
    files.certificate_file.write_bytes(chain)
    write_private(files.key_file, key)
    write_private(files.key_and_certificates_file, key + chain)


def _pkcs8(key: bytes) -> bytes:
    """Return a PEM key as PKCS #8, the one form that Java reads."""
    return serialization.load_pem_private_key(key, password=None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
