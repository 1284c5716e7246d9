"""A house comes up, loses a process, gets it back, and stops without a trace.

The two services are stand-ins: a program that answers over HTTPS what it was told.
"""

import base64
import json
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local import services
from deploy.local.house import AlreadyUp, House, StepFailed, start
from deploy.local.parties import parties_of
from tests.system.deploy.conftest import SERVERS

STAND_IN = """
import http.server, json, os, ssl, sys
if sys.argv[1] == "migrate":
    sys.exit(0)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = {"keys": []} if "jwks" in self.path else dict(os.environ)
        self.send_response(200); self.end_headers(); self.wfile.write(json.dumps(body).encode())
server = http.server.HTTPServer((os.environ["ZVH_HTTP_HOST"], int(os.environ["ZVH_HTTP_PORT"])), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.environ["ZVH_TLS_CERTIFICATE_FILE"], os.environ["ZVH_TLS_KEY_FILE"])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
NAMES = ("intake", "retention")


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    root = tmp_path_factory.mktemp("code")
    for name in NAMES:
        package = root / "services" / name
        package.mkdir(parents=True)
        (package / "__main__.py").write_text(STAND_IN)
    broken = root / "services" / "rto"
    broken.mkdir()
    (broken / "__main__.py").write_text("raise SystemExit('no such table')")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "ROOT", root)
        yield


@pytest.fixture(scope="module")
def house(stand_ins: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    made = start(directory, services=NAMES, parties=parties_of("noord-limburg")[6:9], servers=SERVERS)
    yield made
    made.reset()
    assert not directory.exists()


@pytest.fixture
def client(house: House) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cafile=house.env["ca_file"])
    with httpx.Client(verify=context, trust_env=False) as made:
        yield made


def token(house: House, client: httpx.Client, **form: str) -> httpx.Response:
    return client.post(house.env["issuer"]["token_endpoint"], data=form)


def test_everything_runs_once(house: House) -> None:
    assert set(house.running()) == {"kafka", "postgres", "issuer", *NAMES}
    with pytest.raises(AlreadyUp):
        start(house.layout.directory)


def test_secrets_are_for_their_owner_only(house: House) -> None:
    assert stat.S_IMODE(house.layout.environment_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(house.layout.keys("intake").stat().st_mode) == 0o700
    for file in vars(house.layout.secrets("intake")).values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_secret_stands_in_a_service_environment(house: House, client: httpx.Client) -> None:
    """Nor is it told where the password of the owner of its tables lies: only its migrations have that."""
    told = client.get(house.env["services"]["intake"]["base_url"]).text
    for name, file in vars(house.layout.secrets("intake")).items():
        assert (str(file) in told) is (name != "owner_password_file")
        assert file.read_text() not in told


@pytest.mark.parametrize("name", ["intake", "issuer", "kafka", "postgres"])
def test_a_killed_process_comes_back_the_same(name: str, house: House, client: httpx.Client) -> None:
    before = house.running()[name]
    environment = house.layout.settings_file("intake").read_text()
    house.kill(name)
    assert name not in house.running()
    house.start_one(name)
    assert house.running()[name] != before
    assert house.layout.settings_file("intake").read_text() == environment
    assert client.get(f"{house.env['services']['intake']['base_url']}/readyz").status_code == 200


def test_a_frozen_service_answers_after_it_is_thawed(house: House, client: httpx.Client) -> None:
    url = house.env["services"]["intake"]["base_url"]
    house.freeze("intake")
    with pytest.raises(httpx.TimeoutException):
        client.get(url, timeout=0.3)
    house.thaw("intake")
    assert client.get(url).status_code == 200


def test_a_worker_signs_in_as_its_party(house: House, client: httpx.Client) -> None:
    person = house.env["people"]["worker-gemeente-venlo"]
    form = {"username": "worker-gemeente-venlo", "password": person["password"]}
    answer = token(house, client, grant_type="password", **form)
    keys = client.get(f"{house.env['issuer']['url']}/jwks.json").json()
    signed = answer.json()["access_token"]
    house.kill("issuer")
    house.start_one("issuer")
    assert keys == client.get(f"{house.env['issuer']['url']}/jwks.json").json()
    claims = jwt.decode(signed, KeySet.import_key_set(keys), algorithms=["ES256"]).claims
    assert claims["aud"] == "zvh"
    assert claims["party"] == "gemeente-venlo"
    assert claims["roles"] == ["party-worker"]
    assert claims["exp"] - claims["iat"] == 600
    assert "gemeente" not in claims["sub"]


def test_env_json_says_what_a_partner_could_otherwise_only_guess(house: House, client: httpx.Client) -> None:
    env = house.env
    assert env["parties"]["gemeente-venlo"]["acting_bodies"] == ["college", "burgemeester"]
    for name, service in env["services"].items():
        told = json.loads(client.get(service["base_url"]).text)
        assert service["source"] == told["ZVH_SOURCE"]
        assert service["source"].endswith(f"zvh-{name}")
    for username, person in env["people"].items():
        form = {"grant_type": "password", "username": username, "password": person["password"]}
        payload = token(house, client, **form).json()["access_token"].split(".")[1]
        assert json.loads(base64.urlsafe_b64decode(payload + "=="))["sub"] == person["sub"]
    assert "jwks_url" in env["keys"]["how"]
    assert "rename" in env["clock"]["how"]


def test_a_service_signs_in_as_itself(house: House, client: httpx.Client) -> None:
    secret = house.layout.secrets("intake").client_secret_file.read_text()
    answer = token(
        house,
        client,
        grant_type="client_credentials",
        client_id="service-intake",
        client_secret=secret,
    )
    keys = client.get(f"{house.env['issuer']['url']}/jwks.json").json()
    signed = answer.json()["access_token"]
    claims = jwt.decode(signed, KeySet.import_key_set(keys), algorithms=["ES256"]).claims
    assert (claims["sub"], claims["service"]) == ("service-intake", "intake")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"grant_type": "password", "username": "manager-a", "password": "x"}, "invalid_grant"),
        ({"grant_type": "password", "username": "nobody", "password": "x"}, "invalid_grant"),
        ({"grant_type": "client_credentials", "client_id": "service-rto"}, "invalid_client"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
    ],
)
def test_the_issuer_refuses(form: dict[str, str], code: str, house: House, client: httpx.Client) -> None:
    answer = token(house, client, **form)
    assert answer.status_code in (400, 401)
    assert answer.json() == {"error": code}


def test_a_failing_step_is_named_and_everything_stopped(stand_ins: None, tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match=r"(?s)migrations.*no such table"):
        start(tmp_path, services=["rto"], parties=[], servers=SERVERS)
    house = House(tmp_path, SERVERS)
    assert house.running() == {}
    house.reset()


def test_a_house_that_was_stopped_comes_up_the_same(stand_ins: None, tmp_path: Path) -> None:
    parties = parties_of("noord-limburg")[:1]
    first = start(tmp_path, services=[], parties=parties, servers=SERVERS)
    before = first.env
    first.stop()
    second = start(tmp_path, services=[], parties=parties, servers=SERVERS)
    try:
        assert json.dumps(second.env) == json.dumps(before)
    finally:
        second.reset()
