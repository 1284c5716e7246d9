"""Settings of a service that are all right, as a test's ground for making one wrong."""

import secrets
from base64 import urlsafe_b64encode
from pathlib import Path

from deploy.machine.certificates import make_certificates

CLOSED = 1  # a port at which nothing listens: whoever connected would fail otherwise than these do


def right_settings(directory: Path) -> dict[str, str]:
    """Return every setting of intake, all right, with nobody at the other end of any; files go there."""
    certificates = make_certificates(directory / "certificates", "test")
    files = {
        name: directory / name for name in ("database-password", "kafka-password", "client-secret", "token")
    }
    for file in files.values():
        file.write_text("a-secret")
    root_key = directory / "root-key"
    root_key.write_bytes(urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"="))
    keys = directory / "keys"
    keys.mkdir()
    settings = {
        "HOUSE": "noord-limburg",
        "ENVIRONMENT": "acceptance",
        "POLICY_PROFILE": "convenant-2021",
        "SOURCE": "urn:nld:oin:00000099000000001000:systeem:zvh-intake",
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": CLOSED,
        "DATABASE_NAME": "intake",
        "DATABASE_USER": "intake",
        "DATABASE_PASSWORD_FILE": files["database-password"],
        "KAFKA_BOOTSTRAP": f"127.0.0.1:{CLOSED}",
        "KAFKA_USERNAME": "service-intake",
        "KAFKA_PASSWORD_FILE": files["kafka-password"],
        "CA_FILE": certificates.ca_file,
        "HTTP_PORT": 8443,
        "TLS_CERTIFICATE_FILE": certificates.certificate_file,
        "TLS_KEY_FILE": certificates.key_file,
        "OIDC_ISSUER": f"https://127.0.0.1:{CLOSED}",
        "CLIENT_ID": "service-intake",
        "CLIENT_SECRET_FILE": files["client-secret"],
        "KEY_DIRECTORY": keys,
        "ROOT_KEY_FILE": root_key,
        "KEY_AUTHORITY_URL": f"https://127.0.0.1:{CLOSED}",
        "METRICS_TOKEN_FILE": files["token"],
    }
    return {f"ZVH_{name}": str(value) for name, value in settings.items()}
