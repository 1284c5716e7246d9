"""An engine of our own for a while: it leaves nothing on the machine, and where it cannot be it says why."""

import os
from contextlib import closing
from pathlib import Path

import docker
import psutil
import pytest

from deploy.machine.engine import ELSEWHERE, NoEngine, installed, own_engine


def bridges() -> set[str]:
    return {name for name in psutil.net_if_addrs() if name.startswith("br-")}


def directories() -> set[Path]:
    return set(ELSEWHERE.glob("zvh-engine-*"))


def test_an_engine_leaves_no_bridge_no_directory_and_no_forwarding() -> None:
    if not installed():
        pytest.skip("needs Debian's Docker engine, and root to start it")
    forwarding = Path("/proc/sys/net/ipv4/ip_forward")
    before = bridges(), directories(), forwarding.read_text()
    with own_engine() as address, closing(docker.DockerClient(base_url=address)) as client:
        client.networks.create("left-behind")
        assert bridges() > before[0]
    assert (bridges(), directories(), forwarding.read_text()) == before


def test_where_no_engine_is_installed_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with pytest.raises(NoEngine, match="no engine is installed"), own_engine():
        pass
