"""A third verifier, written from docs/verification.md alone: the standard library and the openssl program.

It shares no line with intake.audit or verifier.html: what all three accept or refuse alike is what the page specifies.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

PREFIX = bytes.fromhex("302a300506032b6570032100")  # an Ed25519 SubjectPublicKeyInfo without its key (RFC 8410)


def h(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def b64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def need(good: object, step: str) -> None:
    if not good:
        raise ValueError(step)


def openssl(*arguments: str | Path) -> bool:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False).returncode == 0


def ed25519(key: bytes, signature: bytes, message: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "k").write_bytes(PREFIX + key)
        (here / "s").write_bytes(signature)
        (here / "m").write_bytes(message)
        files = ("-inkey", here / "k", "-keyform", "DER", "-in", here / "m", "-sigfile", here / "s")
        return openssl("pkeyutl", "-verify", "-pubin", "-rawin", *files)


def bag(folder: Path) -> dict[str, str]:
    need((folder / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", "bagit.txt")
    need(not (folder / "fetch.txt").exists(), "fetch.txt")
    listed: dict[str, str] = {}
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        for line in (folder / name).read_text().splitlines():
            digest, path = line.split("  ", 1)
            need(".." not in path.split("/") and not path.startswith("/") and path not in listed, "paths")
            need(hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest, path)
            listed[path] = digest
    there = {str(p.relative_to(folder)) for p in (folder / "data").rglob("*") if p.is_file()}
    need(there == {path for path in listed if path.startswith("data/")}, "payload")
    return listed


class Note:
    def __init__(self, raw: bytes) -> None:
        whole = raw.decode("utf-8")
        need(all(letter == "\n" or letter >= " " for letter in whole), "control characters")
        at = whole.rindex("\n\n")
        self.text, lines = whole[: at + 1], whole[at + 2 :].split("\n")
        need(lines.pop() == "" and lines, "signatures")
        self.origin, size, root = self.text.split("\n")[:3]
        self.size, self.root = int(size), b64(root)
        need(str(self.size) == size and len(self.root) == 32, "head")
        self.lines = []
        for line in lines:
            dash, name, blob = line.split(" ")
            need(dash == "\u2014", "dash")
            self.lines.append((name, b64(blob)))

    def signed(self, keys: list[str], kind: int) -> int:
        """Return how many of the trusted keys signed; a wrong signature of one of them spoils it."""
        done = 0
        for text in keys:
            name, key_id, encoded = text.split("+", 2)
            key = b64(encoded)
            need(key[0] == kind and h(name.encode(), b"\n", key)[:4].hex() == key_id, "key id")
            blob = next((b for n, b in self.lines if n == name and b[:4].hex() == key_id), None)
            if blob is None or (kind == 1 and name != self.origin):
                continue
            message, signature = self.text.encode(), blob[4:]
            if kind == 4:
                message = b"cosignature/v1\ntime %d\n" % int.from_bytes(signature[:8]) + message
                signature = signature[8:]
            need(ed25519(key[1:], signature, message), "signature of " + name)
            done += 1
        return done

    def stamped(self, tokens: list[Path], roots: list[str]) -> int:
        done = 0
        with tempfile.TemporaryDirectory() as folder:
            data, trusted = Path(folder) / "text", Path(folder) / "roots.pem"
            data.write_text(self.text)
            trusted.write_text("\n".join(roots))
            for token in tokens:
                done += openssl("ts", "-verify", "-data", data, "-in", token, "-CAfile", trusted)
        return done


def included(leaf: bytes, i: int, n: int, proof: list[bytes], root: bytes) -> bool:
    if i >= n or i < 0:
        return False
    f, s, r = i, n - 1, leaf
    for p in proof:
        if s == 0:
            return False
        if f % 2 or f == s:
            r = h(b"\x01", p, r)
            while f % 2 == 0 and f != 0:
                f, s = f // 2, s // 2
        else:
            r = h(b"\x01", r, p)
        f, s = f // 2, s // 2
    return s == 0 and r == root


def consistent(m: int, n: int, proof: list[bytes], old: bytes, root: bytes) -> bool:  # noqa: C901 (the page's steps)
    if m == n:
        return not proof and old == root
    if m == 0 or m > n or not proof:
        return False
    if m & (m - 1) == 0:
        proof = [old, *proof]
    f, s = m - 1, n - 1
    while f % 2:
        f, s = f // 2, s // 2
    a = r = proof[0]
    for p in proof[1:]:
        if s == 0:
            return False
        if f % 2 or f == s:
            a, r = h(b"\x01", p, a), h(b"\x01", p, r)
            while f % 2 == 0 and f != 0:
                f, s = f // 2, s // 2
        else:
            r = h(b"\x01", r, p)
        f, s = f // 2, s // 2
    return a == old and r == root and s == 0


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for each in inner for text in strings(each)]


def check(folder: Path, trust: dict[str, list[str]]) -> None:
    """Raise on the first step of the page that fails."""
    listed = bag(folder)
    data = folder / "data"
    proof = json.loads((data / "proof.json").read_text())
    need(proof["format"] == "testigo-bundle/1", "format")
    for name in [*proof["timestamps"], *(o["checkpoint"] for o in proof["older"])]:
        need(f"data/{name}" in listed, name)
    head = Note((data / "checkpoint.txt").read_bytes())
    need(head.signed(trust["log"], 1), "log")
    need(head.signed(trust["witnesses"], 4), "witness")
    need(head.stamped([data / name for name in proof["timestamps"]], trust["timestamp_roots"]), "timestamp")
    anchored = 0
    for each in proof["older"]:
        old = Note((data / each["checkpoint"]).read_bytes())
        need(old.signed(trust["log"], 1) and old.origin == head.origin and 0 < old.size < head.size, "older")
        need(consistent(old.size, head.size, [b64(p) for p in each["consistency"]], old.root, head.root), "rewritten")
        tokens = [data / name for name in each["timestamps"]]
        anchored += old.signed(trust["witnesses"], 4) or old.stamped(tokens, trust["timestamp_roots"])
    need(anchored, "no older checkpoint")
    payloads = events(proof["events"], head)
    names = {"data/files/" + file["name"] for file in proof["files"]}
    need(names == {path for path in listed if path.startswith("data/files/")}, "files")
    for file in proof["files"]:
        need(listed["data/files/" + file["name"]] == file["sha256"], "file")
        if file["event"] is not None:
            need(file["sha256"] in strings(json.loads(payloads[file["event"]])), "untied file")


def events(listed: list[dict[str, Any]], head: Note) -> dict[int, str]:
    payloads: dict[int, str] = {}
    need(len({event["index"] for event in listed}) == len(listed), "twice")
    for event in listed:
        if "payload" in event:
            payloads[event["index"]] = event["payload"]
            commitment = h(b64(event["salt"]), event["payload"].encode())
        else:
            commitment = b64(event["commitment"])
        path = [b64(p) for p in event["proof"]]
        need(included(h(b"\x00", commitment), event["index"], head.size, path, head.root), "event")
        for opening in event.get("openings", []):
            told = json.loads(event["payload"])[opening["side"]][opening["field"]]["commitment"]
            need(h(b64(opening["salt"]), opening["value"].encode()).hex() == told, "opening")
    return payloads
