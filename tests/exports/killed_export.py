"""A worker that stops when its export lies in the store but is not yet called ready, says so, and waits to be killed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from intake import storage as stores
from intake import worker
from intake.settings import Settings


def main() -> None:
    """Run the queue of the settings that come on standard input."""
    told: dict[str, Any] = json.loads(sys.stdin.read())
    settings = Settings.load(profile="test").with_(**told | {"state_dir": Path(told["state_dir"])})
    app = worker.prepare(settings)
    real = stores.current().hash_stored

    def slow(*arguments: Any, **options: Any) -> Any:
        found = real(*arguments, **options)
        sys.stdout.write("stored\n")
        sys.stdout.flush()
        time.sleep(600)
        return found

    stores.current().hash_stored = slow  # type: ignore[method-assign]
    app.run_worker(wait=False, install_signal_handlers=False)


if __name__ == "__main__":
    main()
