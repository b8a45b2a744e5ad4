"""`testigo import`: a folder or a bucket, by the same protocol, killed and run again, with a counted result."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake import import_commands
from intake.evidence.reconcile import compare
from intake.local import services
from intake.settings import Settings
from intake.storage import Storage
from tests.evidence.conftest import Acting
from tests.factories import an_incident
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent.parent
WHO = "intake@example.org"
BIG = os.urandom(8 * 2**20 + 77)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A card of a phone: two folders, a file in two parts, an empty one, a name with accents, a link out of it."""
    files = {"DCIM/IMG_1.jpg": b"one", "DCIM/VID_2.mov": BIG, "notes/niño.txt": b"two", "notes/empty.txt": b""}
    for path, body in files.items():
        (tmp_path / "card" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "card" / path).write_bytes(body)
    (tmp_path / "elsewhere.txt").write_bytes(b"not of this card")
    (tmp_path / "card/link.txt").symlink_to(tmp_path / "elsewhere.txt")
    return tmp_path / "card"


@pytest.fixture
def label(acting: Acting) -> str:
    """The number of a record of the intake worker."""
    with acting("intake"):
        return an_incident().label


@pytest.fixture(autouse=True)
def _stores_run(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setattr(services, "ensure_all", lambda given, *_rest: given)


def imports(settings: Settings, *arguments: str) -> int:
    return import_commands.run(settings, import_commands.parsed([*arguments, "--as", WHO]))


def items(owner: sa.Connection, label: str) -> list[tuple[str, str, str]]:
    found = owner.execute(
        sa.text(
            "select e.filename, e.state, e.sha256 from evidence_item e join incident i on i.id = e.incident_id"
            " where i.number = :number and e.state <> 'failed' order by e.filename"
        ),
        {"number": int(label[3:])},
    )
    return [tuple(row) for row in found]


def sealed(name: str, body: bytes) -> tuple[str, str, str]:
    return name, "sealed", hashlib.sha256(body).hexdigest()


def test_a_folder_comes_in_and_the_empty_file_is_counted(
    settings: Settings,
    owner: sa.Connection,
    folder: Path,
    label: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    listing = tmp_path / "missing.csv"
    assert imports(settings, str(folder), "--incident", label, "--not-received", str(listing)) == 1
    assert items(owner, label) == [sealed("IMG_1.jpg", b"one"), sealed("VID_2.mov", BIG), sealed("niño.txt", b"two")]
    said = capsys.readouterr().out
    assert "3 of 4 files received, 1 failed, 0 not sent" in said
    assert "niño" not in said
    assert list(csv.reader(listing.open(encoding="utf-8-sig")))[1] == [label, "notes/empty.txt", "0", "failed", "empty"]


def test_run_again_it_does_nothing_again_and_takes_what_is_new(
    settings: Settings, owner: sa.Connection, folder: Path, label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "notes/empty.txt").unlink()
    assert imports(settings, str(folder), "--incident", label) == 0
    before = events(owner, label)
    assert imports(settings, str(folder), "--incident", label) == 0
    assert events(owner, label) == before
    (folder / "late.txt").write_bytes(b"late")
    assert imports(settings, str(folder), "--incident", label) == 0
    assert "4 of 4 files received" in capsys.readouterr().out
    assert sealed("late.txt", b"late") in items(owner, label)


def events(owner: sa.Connection, label: str) -> list[str]:
    found = (
        "select c.kind from custody_event c join incident i on i.id = c.incident_id where i.number = :n order by c.id"
    )
    return list(owner.execute(sa.text(found), {"n": int(label[3:])}).scalars())


def test_killed_in_the_middle_and_run_again_every_file_is_here_once(
    settings: Settings, owner: sa.Connection, folder: Path, label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "notes/empty.txt").unlink()
    for number in range(8):
        (folder / f"P_{number}.jpg").write_bytes(b"photo" + bytes([number]))
    told = {name: value for name, value in dataclasses.asdict(settings).items() if isinstance(value, str | Path)}
    told["key_file_path"] = str(settings.key_file)
    arguments = [str(folder), "--incident", label, "--at-once", "1", "--as", WHO]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.evidence.killed_import"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as killed:  # fmt: skip
        assert killed.stdin
        assert killed.stdout
        killed.stdin.write(json.dumps({"settings": told, "arguments": arguments, "files": 5}, default=str))
        killed.stdin.close()
        assert killed.stdout.readline() == "some\n"
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    some = {name for name, state, _hash in items(owner, label) if state == "sealed"}
    assert len(some) == 5

    assert imports(settings, str(folder), "--incident", label) == 0

    assert "11 of 11 files received" in capsys.readouterr().out
    every = items(owner, label)
    assert len({name for name, _state, _hash in every}) == len(every) == 11
    assert events(owner, label).count("verified") == 11


def test_files_go_where_the_mapping_says_and_the_rest_among_the_unsorted(
    settings: Settings, owner: sa.Connection, folder: Path, label: str, acting: Acting, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with acting("intake"):
        other = an_incident().label
    mapping = tmp_path / "where.csv"
    mapping.write_text(f"path,incident\nDCIM/,{label}\nDCIM/VID_2.mov,{other}\n")
    assert imports(settings, str(folder), "--map", str(mapping)) == 1
    assert [name for name, _state, _hash in items(owner, label)] == ["IMG_1.jpg"]
    assert [name for name, _state, _hash in items(owner, other)] == ["VID_2.mov"]
    unsorted = next(
        line[:-1] for line in capsys.readouterr().out.split() if line[:3] == "IN-" and line[:-1] not in {label, other}
    )
    assert [name for name, _state, _hash in items(owner, unsorted)] == ["niño.txt"]
    imports(settings, str(folder), "--map", str(mapping))
    assert unsorted in capsys.readouterr().out


def test_a_bucket_comes_in_by_the_same_way(
    settings: Settings, owner: sa.Connection, label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store, prefix = Storage(settings), f"card-{uuid.uuid4().hex}"
    for name, body in (("a.jpg", b"a"), ("deep/b.mov", BIG)):
        store.put_object(store.exports_bucket, f"{prefix}/{name}", body)
    assert imports(settings, "--from", f"s3://{store.exports_bucket}/{prefix}", "--incident", label) == 0
    assert items(owner, label) == [sealed("a.jpg", b"a"), sealed("b.mov", BIG)]
    assert "2 of 2 files received" in capsys.readouterr().out


def test_a_file_that_is_not_what_its_hash_says_is_not_taken(
    settings: Settings, owner: sa.Connection, folder: Path, label: str, tmp_path: Path
) -> None:
    sums = tmp_path / "sums.txt"
    sums.write_text(f"{hashlib.sha256(b'one').hexdigest()}  ./DCIM/IMG_1.jpg\n{'0' * 64} *notes/niño.txt\n")
    assert imports(settings, str(folder), "--incident", label, "--hashes", str(sums)) == 1
    assert [name for name, _state, _hash in items(owner, label)] == ["IMG_1.jpg", "VID_2.mov"]


def test_a_file_that_cannot_be_read_is_named_and_taken_at_the_next_run(
    settings: Settings, owner: sa.Connection, folder: Path, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "notes/empty.txt").unlink()
    real = Path.open

    def refuses(path: Path, *arguments: object, **options: object) -> object:
        if path.name == "IMG_1.jpg":
            raise PermissionError
        return real(path, *arguments, **options)  # type: ignore[call-overload]

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuses)
        assert imports(settings, str(folder), "--incident", label) == 1
    assert len(items(owner, label)) == 2
    assert imports(settings, str(folder), "--incident", label) == 0
    assert len(items(owner, label)) == 3


@pytest.mark.parametrize(
    "arguments",
    [["--incident", "IN-99999999"], ["--incident", "x"], ["--map", "nowhere.csv"]],
    ids=["unknown record", "no number", "no mapping"],
)
def test_what_does_not_exist_is_said_before_anything_begins(
    settings: Settings, folder: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert imports(settings, str(folder), *arguments) == 2
    assert "testigo import: " in capsys.readouterr().err


def test_a_user_imports_only_into_records_they_see(
    settings: Settings, folder: Path, label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = import_commands.parsed([str(folder), "--incident", label, "--as", "stranger@example.org"])
    assert import_commands.run(settings, options) == 2
    assert import_commands.run(settings, import_commands.parsed([str(folder), "--as", "nobody@example.org"])) == 2


def test_what_was_imported_and_the_store_agree(settings: Settings, folder: Path, label: str) -> None:
    imports(settings, str(folder), "--incident", label)
    report = compare(Storage(settings))
    assert report["rows_without_objects"] == []
