"""Running what is queued, as the worker does."""

from __future__ import annotations

import threading

from intake import worker
from intake.settings import Settings


def run_worker(settings: Settings, *, concurrency: int = 1) -> None:
    """Run what is queued, then return. In a thread of its own: a browser's test holds this one's event loop."""
    jobs = worker.prepare(settings)
    options = {"wait": False, "install_signal_handlers": False, "concurrency": concurrency}
    thread = threading.Thread(target=jobs.run_worker, kwargs=options)
    thread.start()
    thread.join()
