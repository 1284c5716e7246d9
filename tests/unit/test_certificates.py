"""Each service and server of a house has a key of its own, and a certificate that names no other."""

from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from deploy.machine.certificates import PARTS, Certificates, make_certificates
from docs.generate.tree import ROOT
from shared.contract.registry import SERVICES


def certificate_of(files: Certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificates(files.certificate_file.read_bytes())[0]


def test_no_two_parts_share_a_key_and_none_may_answer_by_the_name_of_another(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, "house")
    keys = {
        part: certificate_of(made.of(part))
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for part in PARTS
    }
    assert len(set(keys.values())) == len(PARTS)
    for part in PARTS:
        names = certificate_of(made.of(part)).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert set(names.value.get_values_for_type(x509.DNSName)) == {part, "localhost"}
        assert made.of(part).key_file.stat().st_mode & 0o777 == 0o600


def test_certificates_are_kept_and_made_anew_together_when_one_is_missing(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, "house")
    before = made.of("intake").certificate_file.read_bytes()
    assert make_certificates(tmp_path, "house").of("intake").certificate_file.read_bytes() == before
    made.of("rto").key_and_certificates_file.unlink()
    assert make_certificates(tmp_path, "house").of("intake").certificate_file.read_bytes() != before


def test_in_containers_each_part_is_given_its_own_key_and_no_other() -> None:
    composed = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    for part in ("issuer", "kafka", "postgres", *SERVICES, *(f"{service}-2" for service in SERVICES)):
        given = {secret["source"] for secret in composed["services"][part]["secrets"]}
        keys = {name for name in given if "certificate" in name}
        assert keys
        assert {name.partition("-certificate")[0] for name in keys} == {part.removesuffix("-2")}
    files = [where["file"] for where in composed["secrets"].values()]
    assert len(files) == len(set(files))


def test_every_container_has_limits_of_memory_and_processes() -> None:
    composed = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    for name, part in composed["services"].items():
        assert {"mem_limit", "pids_limit", "read_only", "cap_drop"} <= part.keys(), name
