"""Witnesses and timestamp authorities: what they refuse, and what happens while they are away."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake import cli
from intake.access.actor import Actor
from intake.audit.anchors import Anchors
from intake.audit.notes import (
    COSIGNATURE,
    ED25519,
    BadNote,
    Checkpoint,
    LocalSigner,
    Signature,
    VerifierKey,
    by,
    cosign,
    opened,
    parse_signatures,
    signed,
)
from intake.audit.state import state
from intake.audit.timestamps import BadTimestamp, TimestampAway, verified
from intake.audit.tree import consistency_path, extends, includes, inclusion_path, leaf_hash, root_of
from intake.audit.witnesses import (
    WitnessAddress,
    WitnessAway,
    WitnessFile,
    WitnessRefused,
    cosignature,
    request_body,
    serve,
)
from intake.local.ground import within
from intake.log_commands import conninfo
from intake.storage import Storage
from tests.audit.conftest import Log
from tests.factories import an_incident

Acting = Callable[[str], AbstractContextManager[Actor]]
LEAVES = [hashlib.sha256(bytes([n])).digest() for n in range(40)]
OTHERS = [*LEAVES[:5], *(hashlib.sha256(b"other" + bytes([n])).digest() for n in range(35))]
KEY = LocalSigner.new("log.example/testigo", ED25519)


def note(size: int, leaves: list[bytes] = LEAVES, key: LocalSigner = KEY) -> str:
    return signed(Checkpoint(KEY.name, size, root_of(leaves[:size])), key)


def request(old: int, size: int, leaves: list[bytes] = LEAVES, key: LocalSigner = KEY) -> str:
    proof = []
    if 0 < old < size:
        proof = consistency_path(old, size, lambda level, at: root_of(leaves[at << level : at + 1 << level]))
    return request_body(old, proof, note(size, leaves, key))


@pytest.fixture
def witness(tmp_path: Path) -> WitnessFile:
    """A witness that watches the log and has cosigned its head of 10."""
    kept = WitnessFile(LocalSigner.new("witness.example/w", COSIGNATURE), tmp_path / "state")
    kept.trust(KEY.verifier)
    kept.add(request(0, 10))
    return kept


def refusal(witness: WitnessFile, body: str) -> int:
    with pytest.raises(WitnessRefused) as refused:
        witness.add(body)
    return refused.value.status


def test_a_witness_cosigns_what_continues_and_remembers_it(witness: WitnessFile) -> None:
    line = witness.add(request(10, 25))
    head = Checkpoint(KEY.name, 25, root_of(LEAVES[:25]))
    assert cosignature(witness, head, line).name == "witness.example/w"
    assert witness.head(KEY.name) == (25, head.root)


def test_a_witness_refuses_rollback_fork_and_rewriting(witness: WitnessFile) -> None:
    assert refusal(witness, request(5, 8)) == 409
    assert refusal(witness, request(10, 25, OTHERS)) == 422
    assert refusal(witness, request(10, 10, OTHERS)) == 409
    assert refusal(witness, request(0, 25)) == 409
    assert refusal(witness, request_body(10, [], note(25))) == 422
    assert refusal(witness, request(25, 10)) == 400
    assert witness.head(KEY.name)[0] == 10


def test_a_witness_refuses_other_logs_other_keys_and_nonsense(witness: WitnessFile) -> None:
    stranger = LocalSigner.new("other.example/log", ED25519)
    assert refusal(witness, request_body(0, [], signed(Checkpoint(stranger.name, 3, bytes(32)), stranger))) == 404
    impostor = LocalSigner.new(KEY.name, ED25519)
    assert refusal(witness, request(10, 25, key=impostor)) == 403
    broken = note(25).replace("A", "B")
    assert refusal(witness, request_body(10, [], broken)) in {400, 403}
    for nonsense in ("", "old\n\n", "old 01\n\nx", "old 1\nzz\n\nx", "old -1\n\nx", "old 10\n\n" + "\x00", "x" * 99):
        assert refusal(witness, nonsense) == 400


def test_of_many_at_once_only_one_head_is_signed_for_each_size(witness: WitnessFile) -> None:
    answers: list[str] = []

    def ask(leaves: list[bytes]) -> None:
        try:
            answers.append(witness.add(request(10, 30, leaves)))
        except WitnessRefused as refused:
            answers.append(str(refused.status))

    asking = [threading.Thread(target=ask, args=([*LEAVES[:29], bytes([n]) * 32],)) for n in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert sum(answer.startswith("\u2014") for answer in answers) == 1
    assert answers.count("409") == 7


def test_a_witness_answers_over_http_as_its_folder_would(witness: WitnessFile) -> None:
    with serve(witness, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = WitnessAddress(witness.key, f"http://127.0.0.1:{server.server_address[1]}")
        head = Checkpoint(KEY.name, 25, root_of(LEAVES[:25]))
        assert cosignature(address, head, address.add(request(10, 25))).name == witness.key.name
        with pytest.raises(WitnessRefused) as refused:
            address.add(request(10, 30))
        assert (refused.value.status, refused.value.body) == (409, "25\n")
        server.shutdown()
    with pytest.raises(WitnessAway):
        address.add(request(25, 30))


def test_a_witness_whose_answer_is_anothers_is_away(witness: WitnessFile) -> None:
    head = Checkpoint(KEY.name, 25, root_of(LEAVES[:25]))
    stranger = LocalSigner.new(witness.key.name, COSIGNATURE)
    with pytest.raises(WitnessAway):
        cosignature(witness, head, cosign(head, stranger, 1).line)


def test_a_witness_is_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["witness", "--key", str(tmp_path / "w.key"), "--state", str(tmp_path / "w"), "--name", "w.example/x"]
    assert cli.main([*command, "key"]) == 0
    key = VerifierKey.parse(capsys.readouterr().out)
    assert (key.name, key.kind) == ("w.example/x", COSIGNATURE)
    assert (tmp_path / "w.key").stat().st_mode & 0o777 == 0o600
    assert cli.main([*command, "trust", KEY.verifier.text]) == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO(request(0, 10)))
    assert cli.main([*command, "add"]) == 0
    assert capsys.readouterr().out.startswith("\u2014 w.example/x ")
    monkeypatch.setattr(sys, "stdin", io.StringIO(request(0, 5)))
    assert cli.main([*command, "add"]) == 1
    assert "409" in capsys.readouterr().err


def test_notes_are_those_of_other_programs() -> None:
    """The vectors of golang.org/x/mod/sumdb/note, and the examples of C2SP."""
    secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    key = LocalSigner.parse(secret)
    assert key.text == secret
    assert key.verifier.text == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    made = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    (theirs,) = parse_signatures(f"\u2014 PeterNeumann {made}\n")
    assert [found.name for found, _line in by([key.verifier], text, [theirs])] == ["PeterNeumann"]
    assert Signature(key.name, key.verifier.key_id, key.sign(text.encode())) == theirs
    example = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    assert opened(example)[0].size == 20852163


@pytest.mark.parametrize(
    "broken",
    [
        "a\n1\n" + "A" * 43 + "=\n",
        "a\n01\n" + "A" * 43 + "=\n\n\u2014 a AAAAAAAA\n",
        "a\n1\nAAAA\n\n\u2014 a AAAAAAAA\n",
        "a\n1\n" + "A" * 43 + "=\n\n- a AAAAAAAA\n",
        "a\n1\n" + "A" * 43 + "=\n\n\u2014 a AAAA\n",
        "a\n1\n" + "A" * 43 + "=\n\n\u2014 a+b AAAAAAAA\n",
        "a\r\n1\n" + "A" * 43 + "=\n\n\u2014 a AAAAAAAA\n",
        "a\n1\n\n" + "A" * 43 + "=\n\n\u2014 a AAAAAAAA\n",
        "",
    ],
    ids=range(9),
)
def test_malformed_notes_are_refused(broken: str) -> None:
    with pytest.raises(BadNote):
        opened(broken)


def test_every_proof_of_small_trees_verifies_and_no_other_does() -> None:
    def node(level: int, at: int) -> bytes:
        return root_of(LEAVES[at << level : at + 1 << level])

    assert root_of([leaf_hash(b"")]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    for size in range(1, 33):
        root = root_of(LEAVES[:size])
        for index in range(size):
            path = inclusion_path(index, size, node)
            assert includes(LEAVES[index], index, size, path, root)
            assert not includes(LEAVES[index], index + 1, size, path, root)
            assert not includes(LEAVES[index], index, size, [*path, bytes(32)], root)
            assert not includes(LEAVES[index], index, size, path[:-1], root) or size == 1
        for old in range(1, size + 1):
            path = consistency_path(old, size, node)
            assert extends(old, size, path, root_of(LEAVES[:old]), root)
            assert not extends(old, size, path, root_of(OTHERS[:old]), root) or OTHERS[:old] == LEAVES[:old]
            assert not extends(old, size, [*path, bytes(32)], root_of(LEAVES[:old]), root)


def test_a_timestamp_is_of_one_text_by_one_authority(log: Log) -> None:
    first, second = log.outside.authorities
    token, at = first.stamp("a head\n")
    assert abs((dt.datetime.now(dt.UTC) - at).total_seconds()) < 3600
    assert verified(token, "a head\n", first.roots).at == at
    for text, roots, changed in (
        ("another\n", first.roots, token),
        ("a head\n", second.roots, token),
        ("a head\n", (), token),
        ("a head\n", first.roots, token[:-1] + bytes([token[-1] ^ 1])),
        ("a head\n", first.roots, b"nonsense"),
    ):
        with pytest.raises(BadTimestamp):
            verified(changed, text, roots)


def test_while_an_authority_and_a_witness_are_away_writes_go_on_and_the_alarm_rings_after_15_minutes(
    log: Log, acting: Acting, owner: sa.Connection
) -> None:
    with acting("intake"):
        an_incident()
    log.minute()
    log.authorities[0].up = False
    asked = log.authorities[0].asked
    gone = replace(log.outside, witnesses=(WitnessAddress(log.folders[0].key, "http://127.0.0.1:9"), log.folders[1]))
    with acting("intake"):
        an_incident()
    assert log.fold() > 0
    with pytest.raises(TimestampAway):
        log.outside.authorities[0].stamp("x")
    troubles = Anchors(conninfo(log.settings), log.key.name, gone, Storage(log.settings)).send()
    assert [t.split(":")[0] for t in troubles] == ["witness witness.example/west", "timestamp authority-0"]
    assert log.authorities[0].asked == asked
    now = dt.datetime.now(dt.UTC)
    standing = state(owner)
    assert standing.unsent_since is None
    assert standing.alarms(now) == []
    assert standing.alarms(now + dt.timedelta(minutes=16)) == ["timestamp authority-0", "witness witness.example/west"]
    assert {a.name for a in standing.anchors if a.size == standing.size} == {
        "witness.example/east", "authority-1", log.settings.s3_checkpoints_bucket,
    }  # fmt: skip
    log.authorities[0].up = True
    (damaged,) = log.folders[0].folder.glob("*.note")
    whole = damaged.read_text()
    damaged.write_text("nonsense")
    assert [t.split(":")[0] for t in log.send()] == ["witness witness.example/west"]
    damaged.write_text(whole)
    assert log.send() == []
    assert state(owner).alarms(now + dt.timedelta(minutes=16)) == []


def test_heads_that_nobody_sends_ring_too(log: Log, acting: Acting, owner: sa.Connection) -> None:
    with acting("intake"):
        an_incident()
    log.fold()
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=16)
    assert state(owner).alarms(later) == ["unsent"]
    assert log.send() == []
    assert state(owner).alarms(later) == []


def test_heads_in_the_store_are_locked(log: Log, owner: sa.Connection) -> None:
    kept = owner.execute(sa.text("select content from audit.anchor where kind = 'store' order by size desc limit 1"))
    key, version = bytes(kept.scalar_one()).decode().split(" ")
    storage, bucket = Storage(log.settings), log.settings.s3_checkpoints_bucket
    stored = b"".join(storage.open(key, version, bucket=bucket)).decode()
    assert opened(stored)[0].origin == log.key.name
    locked = storage._s3.get_object_retention(Bucket=bucket, Key=key, VersionId=version)["Retention"]
    assert locked["RetainUntilDate"] > dt.datetime.now(dt.UTC) + dt.timedelta(days=3000)
    with pytest.raises(storage._s3.exceptions.ClientError):
        storage._s3.delete_object(Bucket=bucket, Key=key, VersionId=version)


def test_the_sequencers_own_process_folds_and_sends(log: Log, owner: sa.Connection, tmp_path: Path) -> None:
    """`testigo sequencer` as the supervisor starts it, with a witness in the state folder and a head each second."""
    from intake.audit import identity  # noqa: PLC0415
    from intake.local.supervisor import SEQUENCER, environment  # noqa: PLC0415
    from tests.local.racers import ROOT  # noqa: PLC0415

    mine = log.settings.with_(state_dir=tmp_path, key_file_path=str(tmp_path / "keys.json"))
    mine.log_key_file.write_text(log.key.text)
    mine.log_key_file.chmod(0o600)
    identity.make_witness(mine, "second")
    config = tmp_path / "log.toml"
    config.write_text("every_seconds = 0.5\nalarm_minutes = 15\nretain_days = 1\n")
    surroundings = {**environment(mine), "TESTIGO_LOG_CONFIG": str(config)}
    process = subprocess.Popen(SEQUENCER, cwd=ROOT, env=surroundings, stderr=subprocess.PIPE, text=True)
    try:
        owner.execute(sa.text("select audit.note('load', 'test', 'x', null, '{}')"))
        name = "testigo.invalid/witness-second"
        sent = sa.text(
            "select 1 from audit.anchor where name = :name and size = (select max(size) from audit.checkpoint)"
        )
        assert within(20, lambda: owner.execute(sent, {"name": name}).scalar() == 1)
    finally:
        process.terminate()
        assert process.wait(20) == 0
