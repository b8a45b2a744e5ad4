"""Fail when Spanish lacks a string of the program, or holds one that nobody confirmed (fuzzy)."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "intake/translations/es/LC_MESSAGES/messages.po"


def extracted() -> Catalog:
    """Return every string that code and templates mark for translation."""
    with tempfile.TemporaryDirectory() as folder:
        pot = Path(folder) / "messages.pot"
        command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg"]
        subprocess.run([*command, "-k", "_l", "-k", "lazy_gettext", "-o", pot, "."], cwd=ROOT, check=True)
        with pot.open("rb") as file:
            return read_po(file)


def main() -> int:
    """Name each missing or fuzzy string; the exit status is their presence."""
    wanted = [message for message in extracted() if message.id]
    if not CATALOGUE.exists():
        print(f"there is no Spanish catalogue; {len(wanted)} strings wait for it")
        return 1
    with CATALOGUE.open("rb") as file:
        spanish = read_po(file, locale="es")
    wrong = []
    for message in wanted:
        found = spanish.get(message.id, message.context)
        texts = found.string if found and isinstance(found.string, (tuple, list)) else [found.string if found else ""]
        if found is None or found.fuzzy or not all(texts):
            wrong.append(message)
    if spanish.fuzzy:
        print(f"{CATALOGUE.relative_to(ROOT)}: its first entry is marked fuzzy, so nothing of it would be compiled")
    for message in wrong:
        place = ":".join(map(str, message.locations[0])) if message.locations else ""
        print(f"{place}: no Spanish for {message.id!r}")
    print(f"translations: {len(wanted) - len(wrong)} of {len(wanted)}")
    return 1 if wrong or spanish.fuzzy else 0


if __name__ == "__main__":
    sys.exit(main())
