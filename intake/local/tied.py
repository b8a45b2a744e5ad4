"""Run a command that ends when its starter does: `python -m intake.local.tied PARENT_PID COMMAND ...`."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Tie this process to its parent (Linux; elsewhere only run the command), then become the command.

    The kernel keeps the tie across exec, so `kill -9` of the supervisor leaves no web server on the port.
    """
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the tie was made
            return
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
