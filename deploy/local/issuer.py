"""Serve a small OpenID Connect issuer for development: it signs in invented people and our services.

It stands in for the house's real one; nothing of it is part of a deployment.
"""

import base64
import hmac
import json
import time
import uuid
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs

import typer
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import ECKey

from deploy.machine.keys import new_signing_key
from deploy.machine.secrets import write_private_json

AUDIENCE = "zvh"
LIFETIME = 600  # seconds
SUBJECTS = uuid.UUID("6f1d7a0e-3b1c-5d0a-9a52-0f4f3a1f6c77")  # any fixed value: subjects stay


class Refused(Exception):
    """Raised with an OAuth error code; which of name and password was wrong is not told."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


def make_issuer(url: str, directory: Path) -> FastAPI:
    """Return the application; `directory` holds people.json and clients.json, and keeps the signing key."""
    key = kept_signing_key(directory)
    app = FastAPI(openapi_url=None)

    @app.get("/.well-known/openid-configuration")
    def configuration() -> dict[str, Any]:
        return {
            "issuer": url,
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/jwks.json",
            "grant_types_supported": ["client_credentials", "password"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
        }

    @app.get("/jwks.json")
    def keys() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    @app.post("/token")
    async def token(request: Request) -> JSONResponse:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        form |= _basic_credentials(request.headers.get("authorization", ""))
        try:
            claims = _claims(form, directory)
        except Refused as refused:
            return JSONResponse({"error": refused.code}, refused.status, _NO_STORE)
        now = int(time.time())
        claims |= {"iss": url, "aud": AUDIENCE, "iat": now, "exp": now + LIFETIME}
        header = {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}
        signed = jwt.encode(header, claims, key, algorithms=["ES256"])
        answer = {"access_token": signed, "token_type": "Bearer", "expires_in": LIFETIME}
        return JSONResponse(answer, headers=_NO_STORE)

    return app


def write_people(directory: Path, people: dict[str, Any], clients: dict[str, Any]) -> None:
    """Write who may sign in; the issuer reads it at each request, so no restart is needed."""
    write_private_json(directory / "people.json", people)
    write_private_json(directory / "clients.json", clients)


def subject_of(username: str) -> str:
    """Return the opaque `sub` of a person's tokens, which depends on the username alone."""
    return str(uuid.uuid5(SUBJECTS, username))


_NO_STORE = {"Cache-Control": "no-store"}


def kept_signing_key(directory: Path) -> ECKey:
    """Return the signing key in this directory, made at the first call."""
    file = directory / "signing-key.json"
    if not file.exists():
        write_private_json(file, new_signing_key())
    return ECKey.import_key(json.loads(file.read_text()))


def _basic_credentials(authorization: str) -> dict[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return {}
    client, _, secret = base64.b64decode(encoded).decode().partition(":")
    return {"client_id": client, "client_secret": secret}


def _claims(form: dict[str, str], directory: Path) -> dict[str, Any]:
    match form.get("grant_type"):
        case "client_credentials":
            client = _known(directory / "clients.json", form, "client_id", "client_secret")
            if client is None:
                raise Refused("invalid_client", 401)
            return {"sub": form["client_id"], "roles": ["service"], "service": client["service"]}
        case "password":
            person = _known(directory / "people.json", form, "username", "password")
            if person is None:
                raise Refused("invalid_grant")
            party = {"party": person["party"]} if person["party"] else {}
            return {
                "sub": subject_of(form["username"]),
                "name": person["name"],
                "roles": person["roles"],
                **party,
            }
        case _:
            raise Refused("unsupported_grant_type")


def _known(file: Path, form: dict[str, str], name: str, secret: str) -> dict[str, Any] | None:
    entry: dict[str, Any] | None = json.loads(file.read_text()).get(form.get(name, ""))
    given = form.get(secret, "").encode()
    if entry is None or not hmac.compare_digest(entry["password"].encode(), given):
        return None
    return entry


def run(
    directory: Annotated[Path, typer.Option()],
    url: Annotated[str, typer.Option()],
    certificate: Annotated[Path, typer.Option()],
    key: Annotated[Path, typer.Option()],
    host: Annotated[str, typer.Option()] = "127.0.0.1",
) -> None:
    """Serve over HTTPS on the URL's port until told to stop."""
    uvicorn.run(
        make_issuer(url, directory),
        host=host,
        port=int(url.rpartition(":")[2]),
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_ciphers="ECDHE+AESGCM:ECDHE+CHACHA20",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    typer.run(run)
