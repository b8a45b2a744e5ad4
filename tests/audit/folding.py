"""A sequencer as a process of its own, without the rest of the program, so that tests can kill it."""

from __future__ import annotations

import sys
import threading

from intake.audit.notes import LocalSigner
from intake.audit.sequencer import Sequencer, run

if __name__ == "__main__":
    conninfo, secret = sys.argv[1:]
    key = LocalSigner.parse(secret)

    def lead(_ended: threading.Event) -> None:
        """Say that this one leads."""
        sys.stdout.write("leading\n")
        sys.stdout.flush()

    run(lambda: Sequencer(conninfo, key, batch=50), threading.Event(), leading=lead)
