"""Where files to import come from: a folder, or a prefix of an S3 bucket. Read in pieces, never changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from intake.errors import NotThere
from intake.storage import Storage

_END = 64 * 2**10  # bytes hashed at each end of a file to know it again


@dataclass(frozen=True)
class Found:
    """One file of a source. path: relative, with slashes; size: bytes; stamp: what changes when the file does."""

    path: str
    size: int
    stamp: str

    @property
    def filename(self) -> str:
        """The name without folders."""
        return self.path.rpartition("/")[2]


class Changed(Exception):
    """The file is no longer what was listed, or cannot be read."""


class Source(Protocol):
    """Files by their relative paths. name: what tells this source from another, the same at each run."""

    name: str

    def files(self) -> Iterator[Found]:
        """Walk the files in the order of their paths."""

    def mark(self, found: Found) -> str:
        """Return what names the file beside path and size, so that another content is another file."""

    def read(self, found: Found, at: int, size: int) -> bytes:
        """Return `size` bytes from `at`. Raises Changed when the file does not have them."""


class Folder:
    """A folder of this machine. Links are not followed: they could lead out of it, or round in a circle."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve(strict=True)
        self.name = f"folder {self.root}"

    def files(self) -> Iterator[Found]:
        """Walk regular files; names that are not UTF-8 keep their bytes as surrogates."""
        for folder, folders, names in os.walk(self.root):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    told = path.stat()
                    relative = path.relative_to(self.root).as_posix()
                    yield Found(relative, told.st_size, str(told.st_mtime_ns))

    def mark(self, found: Found) -> str:
        """Return the time of change and the hash of both ends."""
        ends = self.read(found, 0, min(_END, found.size))
        if found.size > _END:
            ends += self.read(found, max(_END, found.size - _END), min(_END, found.size - _END))
        return f"{found.stamp} {hashlib.sha256(ends).hexdigest()}"

    def read(self, found: Found, at: int, size: int) -> bytes:
        """Return a piece of the file; the file must still be as long, and as old, as it was listed."""
        try:
            with (self.root / found.path).open("rb") as file:
                told = os.fstat(file.fileno())
                file.seek(at)
                piece = file.read(size)
        except OSError as unreadable:
            raise Changed from unreadable
        if (told.st_size, str(told.st_mtime_ns)) != (found.size, found.stamp) or len(piece) != size:
            raise Changed
        return piece


class Bucket:
    """Objects under a prefix of a bucket, read with the rights of `storage`."""

    def __init__(self, storage: Storage, bucket: str, prefix: str) -> None:
        self.storage, self.bucket, self.prefix = storage, bucket, prefix
        self.name = f"s3://{bucket}/{prefix}"

    def files(self) -> Iterator[Found]:
        """Walk the objects in the order of their keys; empty ones that only stand for folders are left out."""
        for key, size, etag in self.storage.list_objects(self.bucket, self.prefix):
            if not (key.endswith("/") and size == 0):
                yield Found(key.removeprefix(self.prefix).lstrip("/"), size, etag)

    def mark(self, found: Found) -> str:
        """Return the object's etag."""
        return found.stamp

    def read(self, found: Found, at: int, size: int) -> bytes:
        """Return a piece of the object, which must have the etag that it was listed with."""
        key = self._key(found)
        try:
            piece = self.storage.read_range(self.bucket, key, at, size, found.stamp)
        except NotThere as gone:
            raise Changed from gone
        if len(piece) != size:
            raise Changed
        return piece

    def _key(self, found: Found) -> str:
        between = "/" if self.prefix and not self.prefix.endswith("/") else ""
        return f"{self.prefix}{between}{found.path}"
