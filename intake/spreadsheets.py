"""Cells that no spreadsheet can read as a formula."""

from __future__ import annotations

from typing import Any

# What spreadsheets take for the start of a formula, in full width too (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def harmless(value: Any) -> Any:  # noqa: ANN401
    """Return a CSV cell that no spreadsheet reads as a formula: text that begins like one gets an apostrophe.

    Text that has such an apostrophe already gets one more, so taking one off always gives the original.
    """
    return f"'{value}" if isinstance(value, str) and value.lstrip("' ").startswith(_FORMULA) else value
