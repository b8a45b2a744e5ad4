"""What each key service does in its own way: the file's mode and its races, KMS away, the settings that choose."""

from __future__ import annotations

import json
import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from intake import keys
from intake.errors import KeyUnavailable
from intake.keys import AwsKms, LocalKeyFile
from intake.settings import Settings


def test_no_key_file_or_one_that_others_may_read_is_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="key file is missing"):
        LocalKeyFile(tmp_path / "absent.json")
    LocalKeyFile.create(tmp_path / "keys.json", [1])
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    (tmp_path / "keys.json").chmod(0o644)
    with pytest.raises(KeyUnavailable, match="mode 0600"):
        LocalKeyFile(tmp_path / "keys.json")


def test_keys_added_at_once_by_many_are_all_there(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: LocalKeyFile.create(path, [n]), range(1, 25)))
        list(pool.map(lambda n: LocalKeyFile(path).rotate(n), [1] * 10))
    content = json.loads(path.read_text())
    assert set(content) == {str(n) for n in range(1, 25)}
    assert len(content["1"]["keys"]) == 11


def test_a_key_file_of_before_gets_its_index_key_and_keeps_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    LocalKeyFile.create(path, [1])
    content = json.loads(path.read_text())
    del content["1"]["index"]
    path.write_text(json.dumps(content))
    with pytest.raises(KeyUnavailable, match="migrate"):
        LocalKeyFile(path).derive(1, "p")
    LocalKeyFile.create(path, [1])
    assert json.loads(path.read_text())["1"]["keys"] == content["1"]["keys"]
    assert LocalKeyFile(path).derive(1, "p")


def test_kms_away_is_named_soon_and_nothing_is_sealed_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    away = AwsKms(region="us-east-1", endpoint_url=f"http://127.0.0.1:{port}", key="alias/a", index_key="alias/b")
    for act in (lambda: keys.seal(away, 1, "row", {"a": "b"}), lambda: away.derive(1, "p"), lambda: away.prepare([1])):
        with pytest.raises(KeyUnavailable, match="cannot be reached"):
            act()


def test_a_derived_key_is_forgotten_after_five_minutes(kms_url: str, kms: AwsKms) -> None:
    kms.prepare([1])
    now, asked = [0.0], []
    kms._clock = lambda: now[0]
    kms._kms.meta.events.register("before-call.kms.GenerateMac", lambda **_: asked.append(1))
    for moment, times in ((0.0, 1), (299.0, 1), (301.0, 2)):
        now[0] = moment
        assert kms.derive(1, "p")
        assert len(asked) == times


def test_a_key_named_by_arn_is_rotated_by_its_owner(kms_url: str, kms: AwsKms) -> None:
    kms.prepare([1])
    by_arn = AwsKms(region="us-east-1", endpoint_url=kms_url, key=kms.current(1), index_key="alias/none")
    assert by_arn.unwrap(1, *by_arn.wrap(1, b"k" * 32)) == b"k" * 32
    with pytest.raises(KeyUnavailable, match="--rewrap"):
        by_arn.rotate(1)


def test_the_settings_choose_the_service(tmp_path: Path, kms_url: str, kms: AwsKms) -> None:
    settings = Settings.load({"TESTIGO_STATE": str(tmp_path)}, "test")
    with pytest.raises(KeyUnavailable):
        keys.service(settings)
    keys.prepare(settings, [1])
    assert isinstance(keys.service(settings), LocalKeyFile)
    environment = {"TESTIGO_KEY_SERVICE": "aws-kms", "TESTIGO_KMS_ENDPOINT_URL": kms_url}
    settings = Settings.load(environment, "test")
    keys.prepare(settings, [7])
    sealed = keys.seal(keys.service(settings), 7, "row", {"a": "b"})
    assert sealed.key_id.startswith("arn:aws:kms:")
    with pytest.raises(KeyUnavailable, match="must be"):
        keys.service(settings.with_(key_service="paper"))
