"""ClamAV signatures of our own: the EICAR test file and nothing else, made anew so that they are fresh."""

from __future__ import annotations

from pathlib import Path

# In two halves, so that no scanner takes this source for what it describes (eicar.org, test file of 1996).
EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*").encode()


def write_signatures(folder: Path) -> Path:
    """Write the signatures into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "testigo.ndb").write_text(f"Testigo.Test.EICAR:0:*:{EICAR[28:68].hex()}\n")
    return folder
