"""Several processes that ask for the same server at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def race(program: str, state: Path, count: int = 4) -> set[str]:
    """Run `program` (its first argument is the state folder) in `count` processes; return their different answers."""
    racers = [
        subprocess.Popen([sys.executable, "-c", program, str(state)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    answers = {racer.communicate()[0] for racer in racers}
    assert all(racer.returncode == 0 for racer in racers)
    return answers
