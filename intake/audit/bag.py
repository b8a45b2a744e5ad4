"""Bags: a folder with its manifest, as archives and courts keep them. Source: RFC 8493 (BagIt 1.0)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

CHUNK = 1 << 20
DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"


class BadBag(ValueError):
    """The folder is no complete bag, or a file is not as its manifest says."""


class BagWriter:
    """Writes a bag into an empty folder: payload files first, then seal()."""

    def __init__(self, folder: Path) -> None:
        """Begin. Raises FileExistsError when the folder holds something."""
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise FileExistsError(folder)
        self.folder = folder
        self._payload: dict[str, str] = {}
        self._octets = 0

    def add(self, name: str, chunks: Iterable[bytes]) -> str:
        """Write payload file data/`name`; return its SHA-256 (hex). Raises ValueError for a path out of the bag."""
        path = f"data/{name}"
        if not _inside(path) or path in self._payload:
            raise ValueError(f"No such name can be in a bag: {name}")
        digest, size = _write(self.folder / path, chunks)
        self._payload[path] = digest
        self._octets += size
        return digest

    def seal(self, info: Mapping[str, str], tags: Mapping[str, bytes]) -> None:
        """Write the manifests, bag-info.txt with `info`, and the tag files. info: labels and single-line values."""
        lines = [*info.items(), ("Payload-Oxum", f"{self._octets}.{len(self._payload)}")]
        written = {
            "bagit.txt": DECLARATION.encode(),
            "bag-info.txt": "".join(f"{label}: {' '.join(value.split())}\n" for label, value in lines).encode(),
            MANIFEST: _listing(self._payload).encode(),
            **tags,
        }
        digests = {name: _write(self.folder / name, [content])[0] for name, content in written.items()}
        (self.folder / TAG_MANIFEST).write_text(_listing(digests), encoding="utf-8")


def checked(folder: Path) -> dict[str, str]:
    """Hash every file of a bag; return {path: SHA-256} of its payload. Raises BadBag.

    No file may be missing, changed or unlisted, and nothing may be fetched from elsewhere.
    """
    if (folder / "fetch.txt").exists():
        raise BadBag("The bag wants to fetch files from elsewhere.")
    if not (folder / "bagit.txt").is_file() or (folder / "bagit.txt").read_bytes() != DECLARATION.encode():
        raise BadBag("This is no BagIt bag.")
    payload = _listed(folder / MANIFEST)
    there = {str(path.relative_to(folder)) for path in _files(folder / "data")}
    if there != set(payload):
        odd = sorted(there ^ set(payload))
        raise BadBag(f"Files and manifest differ: {', '.join(odd[:5])}")
    for listing in (payload, _listed(folder / TAG_MANIFEST)):
        for path, digest in listing.items():
            if _hash(folder / path) != digest:
                raise BadBag(f"A file is not as the manifest says: {path}")
    return payload


def _listed(manifest: Path) -> dict[str, str]:
    if not manifest.is_file():
        raise BadBag(f"The bag has no {manifest.name}.")
    listing: dict[str, str] = {}
    for line in manifest.read_text(encoding="utf-8").splitlines():
        digest, _, path = line.partition("  ")
        path = path.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        if not _inside(path) or path in listing:
            raise BadBag("The manifest names a file outside the bag, or one twice.")
        listing[path] = digest.lower()
    return listing


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise BadBag("A bag holds no links.")
        if path.is_file():
            yield path


def _hash(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        raise BadBag(f"A file is missing: {path.name}")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _inside(path: str) -> bool:
    return bool(path) and not path.startswith("/") and "\\" not in path and ".." not in path.split("/")


def _listing(digests: Mapping[str, str]) -> str:
    def escaped(path: str) -> str:
        return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")

    return "".join(f"{digest}  {escaped(path)}\n" for path, digest in sorted(digests.items()))


def _write(path: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
