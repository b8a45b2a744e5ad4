"""Fail when a vendored file is not the one that vendor.toml names, or has no licence beside it.

With --write, note the hashes of what is there now (.ci/vendor.sh ends with it).
"""

from __future__ import annotations

import hashlib
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / ".ci/vendor/vendor.toml"
FOLDERS = ("intake/static/vendor", "tests/vendor")
# Folder name before the version: npm package and licence.
ORIGIN = {
    "htmx": ("htmx.org", "0BSD"),
    "uppy": ("@uppy/core and @uppy/aws-s3, bundled", "MIT"),
    "inter": ("@fontsource-variable/inter", "OFL-1.1"),
    "source-serif-4": ("@fontsource-variable/source-serif-4", "OFL-1.1"),
    "axe-core": ("axe-core", "MPL-2.0"),
}


def present() -> dict[str, str]:
    """Return every vendored file's path and SHA-256."""
    files = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def write(files: dict[str, str]) -> None:
    lines = ["# Vendored files: where each is from, and its hash. Written by .ci/check_vendored.py --write."]
    for path, sha256 in files.items():
        name, _, version = Path(path).parent.name.rpartition("-")
        package, licence = ORIGIN[name]
        for key, value in (
            ("npm", package),
            ("version", version),
            ("file", path),
            ("sha256", sha256),
            ("licence", licence),
        ):
            lines.append(f'{key} = "{value}"' if key != "npm" else f'\n[[file]]\nnpm = "{value}"')
    LIST.write_text("\n".join(lines) + "\n")


def main() -> int:
    files = present()
    if "--write" in sys.argv:
        write(files)
    listed = {entry["file"]: entry["sha256"] for entry in tomllib.loads(LIST.read_text())["file"]}
    wrong = [f"{path}: not in vendor.toml" for path in files if path not in listed]
    wrong += [f"{path}: missing" for path in listed if path not in files]
    wrong += [f"{path}: not the file it was" for path in files if listed.get(path, files[path]) != files[path]]
    folders = {(ROOT / path).parent for path in files}
    wrong += [
        f"{folder.relative_to(ROOT)}: no LICENSE" for folder in sorted(folders) if not (folder / "LICENSE").exists()
    ]
    print("\n".join(wrong) if wrong else f"vendored: {len(files)} files as listed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
