"""A web of two lines and a worker that sleeps: what the supervisor's tests run in place of the program."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable

from intake.local import services, supervisor
from intake.settings import Settings


def app(_environ: dict[str, object], start: Callable[[str, list[tuple[str, str]]], object]) -> Iterable[bytes]:
    """Answer with this process's parent, the web's master."""
    start("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getppid()).encode()]


if __name__ == "__main__":
    supervisor.WEB = "tests.local.tiny_web:app"
    supervisor.WORKER = supervisor.SEQUENCER = [sys.executable, "-c", "import time; time.sleep(600)"]
    filled = services.ensure_all(Settings.load())
    sys.exit(supervisor.run(filled, f"ready http://localhost:{filled.port}"))
