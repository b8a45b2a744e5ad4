"""docs/verification.md is enough: a verifier written from it alone agrees with ours; and ours is a command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from intake import cli
from intake.local.supervisor import environment
from tests.audit.conftest import Log, Made, as_file
from tests.audit.forging import CHANGES, flip, reseal
from tests.audit.third_verifier import check
from tests.world import World


def test_a_verifier_written_from_the_page_accepts_a_good_bundle(good: Made, log: Log) -> None:
    check(good.folder, as_file(log.trust))


@pytest.mark.parametrize("change", CHANGES, ids=[c.__name__ for c in CHANGES])
def test_it_refuses_what_ours_refuses(
    good: Made, log: Log, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    copy = Path(shutil.copytree(good.folder, tmp_path / "bag"))
    reseal(copy, change)
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        check(copy, as_file(log.trust))


@pytest.mark.parametrize("lacking", ["log", "witnesses", "timestamp_roots"])
def test_it_refuses_strangers(good: Made, log: Log, lacking: str) -> None:
    with pytest.raises(ValueError):
        check(good.folder, {**as_file(log.trust), lacking: []})


def test_the_command_says_what_is_proven_and_refuses_with_a_status(
    good: Made, log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(as_file(log.trust)))
    older = tmp_path / "older.txt"
    older.write_text(good.older[1])
    command = ["verify", str(good.folder), "--trust", str(trust)]
    assert cli.main(command) == 0
    said = capsys.readouterr().out
    assert said.startswith("ACCEPTED. This proves:\n")
    assert "It does not prove:\n- That what people recorded is true" in said
    assert cli.main([*command, "--older", str(older)]) == 0
    assert cli.main([*command, "--witnesses", "3"]) == 1
    copy = Path(shutil.copytree(good.folder, tmp_path / "bag"))
    flip(copy / "data/files/TG-0001.mp4")
    capsys.readouterr()
    assert cli.main(["verify", str(copy), "--trust", str(trust)]) == 1
    refused = capsys.readouterr().out
    assert refused.startswith("REFUSED\n")
    assert "proves" not in refused
    trust.write_text("{}")
    assert cli.main(command) == 1
    trust.write_text("nonsense")
    assert cli.main(command) == 2


def test_a_missing_folder_is_refused_not_an_error(log: Log, tmp_path: Path) -> None:
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(as_file(log.trust)))
    assert cli.main(["verify", str(tmp_path / "nowhere"), "--trust", str(trust)]) == 1


def test_the_command_writes_what_its_user_may_see_and_nothing_over_anything(
    good: Made, log: Log, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(log.settings).items():
        monkeypatch.setenv(name, value)
    command = ["bundle", str(tmp_path / "bag"), "--record", good.record_id, "--as"]
    for who in ("stranger", "intake"):
        assert cli.main([*command, world.emails[who]]) == 1
    assert cli.main([*command, "nobody@example.org"]) == 1
    assert not (tmp_path / "bag").exists() or not any((tmp_path / "bag").iterdir())
    assert cli.main([*command, world.emails["attorney"]]) == 0
    check(tmp_path / "bag", as_file(log.trust))
    assert '"payload"' in (tmp_path / "bag/data/proof.json").read_text()
    assert cli.main([*command, world.emails["attorney"]]) == 1


def test_the_newest_head_and_the_keys_are_printed_for_others_to_keep(
    good: Made, log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = log.settings.with_(key_file_path=str(tmp_path / "keys.json"))
    mine.log_key_file.write_text(log.key.text)
    mine.log_key_file.chmod(0o600)
    for name, value in environment(mine).items():
        monkeypatch.setenv(name, value)
    assert cli.main(["checkpoint"]) == 0
    assert capsys.readouterr().out.startswith(f"{log.key.name}\n")
    assert cli.main(["checkpoint", "--trust"]) == 0
    assert json.loads(capsys.readouterr().out)["log"] == [log.key.verifier.text]
