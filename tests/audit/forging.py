"""What a forger would do to a bundle: change the proof, and write all manifests anew."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from intake.audit import bag


def reseal(folder: Path, change: Callable[[dict[str, Any]], None] | None = None, **files: bytes) -> None:
    """Change a bundle and write its manifests anew, as a forger would."""
    proof = json.loads((folder / "data/proof.json").read_text())
    if change:
        change(proof)
    content = {str(p.relative_to(folder / "data")): p.read_bytes() for p in (folder / "data").rglob("*") if p.is_file()}
    content |= {name.replace("__", "/"): text for name, text in files.items()}
    content["proof.json"] = json.dumps(proof).encode()
    shutil.rmtree(folder)
    writer = bag.BagWriter(folder)
    for name, text in content.items():
        if text != b"GONE":
            writer.add(name, [text])
    writer.seal({}, {})


def payload(proof: dict[str, Any]) -> None:
    proof["events"][0]["payload"] = proof["events"][0]["payload"].replace("insert", "update")


def salt(proof: dict[str, Any]) -> None:
    proof["events"][0]["salt"], proof["events"][1]["salt"] = proof["events"][1]["salt"], proof["events"][0]["salt"]


def place(proof: dict[str, Any]) -> None:
    proof["events"][0]["index"] += 1


def twice(proof: dict[str, Any]) -> None:
    proof["events"].append(proof["events"][0])


def no_older(proof: dict[str, Any]) -> None:
    proof["older"] = []


def no_stamp(proof: dict[str, Any]) -> None:
    proof["timestamps"] = []


def other_history(proof: dict[str, Any]) -> None:
    step = base64.b64decode(proof["older"][0]["consistency"][0])
    proof["older"][0]["consistency"][0] = base64.b64encode(bytes([step[0] ^ 1]) + step[1:]).decode()


def untied(proof: dict[str, Any]) -> None:
    proof["files"][0]["event"] = proof["events"][1]["index"]


def nonsense(proof: dict[str, Any]) -> None:
    proof["events"] = {"index": "none"}


def outside(proof: dict[str, Any]) -> None:
    proof["timestamps"] = ["../../../etc/passwd"]


CHANGES = [payload, salt, place, twice, no_older, no_stamp, other_history, untied, nonsense, outside]


def flip(file: Path) -> None:
    """Flip the first bit of a file."""
    content = file.read_bytes()
    file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
