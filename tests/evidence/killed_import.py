"""An import that says when some files are here, goes on slowly, and waits to be killed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from intake import import_commands
from intake.evidence import importing
from intake.local import services
from intake.settings import Settings


def main() -> None:
    told: dict[str, Any] = json.loads(sys.stdin.read())
    settings = Settings.load(profile="test").with_(
        **told["settings"] | {"state_dir": Path(told["settings"]["state_dir"])}
    )
    services.ensure_all = lambda given, *_rest: given  # the stores run already
    real, count = importing._send, [0]

    def slow(*arguments: Any) -> None:
        if count[0] == told["files"]:
            sys.stdout.write("some\n")
            sys.stdout.flush()
            time.sleep(600)
        real(*arguments)
        count[0] += 1

    importing._send = slow  # type: ignore[assignment]
    parser_options = import_commands.parsed(told["arguments"])
    import_commands.run(settings, parser_options)


if __name__ == "__main__":
    main()
