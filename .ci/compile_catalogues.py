"""Build hook: the wheel carries the compiled translations, made from the catalogues kept here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileCatalogues(BuildHookInterface):
    """Write messages.mo beside each messages.po before files are chosen for the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002, the builder passes them
        """Compile every catalogue. Raises babel's PoFileError for one that cannot be read."""
        for source in Path(self.root).glob("intake/translations/*/LC_MESSAGES/messages.po"):
            with source.open("rb") as po:
                catalogue = read_po(po, locale=source.parts[-3], abort_invalid=True)
            with source.with_suffix(".mo").open("wb") as mo:
                write_mo(mo, catalogue)
