"""Make private keys as JWK, named by their RFC 7638 thumbprint."""

from typing import Any

from joserfc.jwk import ECKey


def new_signing_key() -> dict[str, Any]:
    """Make a P-256 key for ES256."""
    return _new_key("sig", "ES256")


def new_encryption_key() -> dict[str, Any]:
    """Make a P-256 key for ECDH-ES."""
    return _new_key("enc", "ECDH-ES")


def _new_key(use: str, algorithm: str) -> dict[str, Any]:
    key = ECKey.generate_key("P-256")
    return {**key.as_dict(private=True), "use": use, "alg": algorithm, "kid": key.thumbprint()}
