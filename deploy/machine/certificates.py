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
PARTS = ("kafka", "issuer", "postgres", *SERVICES)  # each with a key of its own; in containers also a name


@dataclass(frozen=True)
class Certificates:
    """Name the PEM files that a server on this machine and its clients need."""

    ca_file: Path
    certificate_file: Path
    key_file: Path
    key_and_certificates_file: Path  # Kafka's ssl.keystore.type=PEM wants one file

    def of(self, part: str) -> "Certificates":
        """Return those of one service or server of the house: nobody else has its key."""
        return _files(self.ca_file.parent, part)


def make_certificates(directory: Path, name: str) -> Certificates:
    """Return certificates for `name` (CN) on loopback, and of each part of a house; existing ones are kept.

    All are of one authority. P-256, valid for a year; the private keys have mode 0600.
    """
    private_directory(directory)
    made = _files(directory, "server")
    needed = (made, *(made.of(part) for part in PARTS))
    if not all(files.key_and_certificates_file.exists() for files in needed):
        authority = trustme.CA(organization_name=name, organization_unit_name="local authority")
        made.ca_file.write_bytes(authority.cert_pem.bytes())
        for part, files in zip((name, *PARTS), needed, strict=True):
            _write(files, authority, name, part)
    return made


def _files(directory: Path, part: str) -> Certificates:
    return Certificates(
        ca_file=directory / "ca.pem",
        certificate_file=directory / f"{part}.pem",
        key_file=directory / f"{part}-key.pem",
        key_and_certificates_file=directory / f"{part}-all.pem",
    )


def _write(files: Certificates, authority: trustme.CA, house: str, part: str) -> None:
    now = datetime.now(UTC)
    issued = authority.issue_cert(
        *((part,) if part in PARTS else ()),
        "localhost",
        LOOPBACK,
        common_name=part,
        organization_name=house,
        organization_unit_name="local server",
        not_before=now - timedelta(hours=1),
        not_after=now + VALID,
    )
    key = _pkcs8(issued.private_key_pem.bytes())
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems) + authority.cert_pem.bytes()
    files.certificate_file.write_bytes(chain)
    for file, content in ((files.key_file, key), (files.key_and_certificates_file, key + chain)):
        file.unlink(missing_ok=True)
        write_private(file, content)


def _pkcs8(key: bytes) -> bytes:
    """Return a PEM key as PKCS #8, the one form that Java reads."""
    return serialization.load_pem_private_key(key, password=None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
