"""The two key services. AWS KMS is played by moto's server: it stands in for KMS alone, never for S3."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from intake.keys import AwsKms, KeyService, LocalKeyFile

ORGANISATIONS = [1, 2]


@pytest.fixture(scope="session")
def kms_url() -> Iterator[str]:
    """The address of moto's KMS, a stand-in: real KMS policies, limits and failures are not tested by it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def kms(kms_url: str, monkeypatch: pytest.MonkeyPatch) -> AwsKms:
    """A KMS whose aliases nobody else has used."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
    name = secrets.token_hex(4)
    return AwsKms(
        region="us-east-1",
        endpoint_url=kms_url,
        key=f"alias/{name}-{{organisation}}",
        index_key=f"alias/{name}-index-{{organisation}}",
    )


@pytest.fixture(params=["file", "aws-kms"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> KeyService:
    """Each key service in turn, with keys for two organisations."""
    if request.param == "file":
        LocalKeyFile.create(tmp_path / "keys.json", ORGANISATIONS)
        made: KeyService = LocalKeyFile(tmp_path / "keys.json")
    else:
        made = request.getfixturevalue("kms")
    made.prepare(ORGANISATIONS)
    return made
