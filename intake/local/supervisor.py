"""`testigo up`: web and worker as children. One that dies is started again, and so are the embedded stores."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from intake.local import services
from intake.local.postgres import LocalPostgres
from intake.settings import Settings

LOOK = 0.5  # seconds between looks at the children
LOOK_AT_STORES = 4  # looks between looks at the stores
LONGEST_PAUSE = 10.0  # seconds before a child that keeps dying is started again
GRACE = 20  # seconds in which a child may finish what it does

WEB = "intake.wsgi:app"
WORKER = [sys.executable, "-m", "intake.cli", "worker"]
SEQUENCER = [sys.executable, "-m", "intake.cli", "sequencer"]


@dataclass
class Child:
    """One program that must run: started again when it ends, sooner at first, later when it ends at once each time."""

    name: str
    command: list[str]
    listener: socket.socket | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0
    ended: float | None = field(default=None)
    asked: bool = False

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it in a session of its own: Ctrl-C reaches us alone, and we end the children in order."""
        inherited = [self.listener.fileno()] if self.listener else []
        tied = [sys.executable, "-m", "intake.local.tied", str(os.getpid()), *self.command]
        self.process = subprocess.Popen(
            tied, env=environment, pass_fds=inherited, start_new_session=True, stdin=subprocess.DEVNULL
        )
        self.started, self.ended, self.asked = time.monotonic(), None, False

    def heal(self, environment: Mapping[str, str]) -> None:
        """Start it again if it ended and its pause is over."""
        if self.process is None or self.process.poll() is None:
            return
        now = time.monotonic()
        if self.ended is None:
            self.ended = now
            self._end_group(signal.SIGKILL)  # workers that outlived a killed master would keep the old program running
            long_lived = now - self.started > LONGEST_PAUSE
            self.pause = 0.0 if long_lived else min(LONGEST_PAUSE, self.pause * 2 + 0.5)
            say(f"{self.name} ended ({self.process.returncode}); starting it again")
        if now - self.ended >= self.pause:
            self.start(environment)

    def ask(self) -> None:
        """Ask it once to end: a second signal would cut short what it finishes."""
        if self.process is not None and not self.asked and self.process.poll() is None:
            self.asked = True
            self.process.terminate()

    def stop(self) -> None:
        """Ask it to end, wait, then kill what is left of its session."""
        if self.process is None:
            return
        self.ask()
        if self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE)
        self._end_group(signal.SIGKILL)
        self.process.wait()

    def _end_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def run(settings: Settings, greeting: str) -> int:
    """Run web and worker until Ctrl-C or SIGTERM, saying `greeting` when the web is ready; returns the exit status.

    settings: filled in by services.ensure_all; port: the web's, stepped up when somebody took it meanwhile.
    """
    stop = _Stop()
    embedded = _embedded()
    with (settings.state_dir / "up.lock").open("a") as alone:
        try:
            fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Testigo already runs on this state folder.")
            return 1
        return _run_alone(settings, greeting, embedded, stop)


def _run_alone(settings: Settings, greeting: str, embedded: _embedded, stop: _Stop) -> int:
    with services.listen(settings.port) as listener:
        port = listener.getsockname()[1]
        greeting = greeting.replace(f"localhost:{settings.port}", f"localhost:{port}")
        settings = embedded(settings.with_(port=port))
        children = [
            Child("web", web_command(settings, listener.fileno()), listener),
            Child("worker", WORKER),
            Child("sequencer", SEQUENCER),
        ]
        try:
            return _watch(settings, children, embedded, greeting, stop)
        finally:
            for child in children:
                child.ask()  # all at once: they end side by side
            for child in children:
                child.stop()
            if embedded.any:
                services.stop_all(settings)


def web_command(settings: Settings, listener: int) -> list[str]:
    """Return the command of the web server on an inherited socket: connections wait in it while the web restarts."""
    memory = ["--worker-tmp-dir", "/dev/shm"] if Path("/dev/shm").is_dir() else []  # noqa: S108
    return [
        sys.executable, "-m", "gunicorn", WEB, "--bind", f"fd://{listener}",
        "--worker-class", "gthread", "--workers", str(settings.web_workers), "--threads", str(settings.web_threads),
        "--timeout", "120", "--graceful-timeout", "15", "--keep-alive", "5", "--no-control-socket",
        "--log-level", "warning", *memory,
    ]  # fmt: skip


def environment(settings: Settings) -> dict[str, str]:
    """Return the children's environment: the same stores, but never the owner's way into the database."""
    filled = {
        "TESTIGO_STATE": str(settings.state_dir),
        "TESTIGO_PORT": str(settings.port),
        "TESTIGO_SECRET_KEY": settings.secret_key,
        "TESTIGO_KEY_FILE": str(settings.key_file),
        "DATABASE_URL": settings.program_url,
        "TESTIGO_PROGRAM_DATABASE_URL": settings.program_url,
        "S3_ENDPOINT_URL": settings.s3_endpoint_url,
        "S3_PUBLIC_ENDPOINT_URL": settings.s3_public_endpoint_url,
        "AWS_ACCESS_KEY_ID": settings.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": settings.s3_secret_key,
    }
    return {**os.environ, **{name: value for name, value in filled.items() if value}}


def say(line: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class _Stop:
    """Ctrl-C or SIGTERM was received."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


class _embedded:  # noqa: N801
    """Keeps the stores of this machine running; calling it starts what does not run and returns where it is."""

    def __init__(self) -> None:
        given = Settings.load()
        self.database, self.store = not given.database_url, not given.s3_endpoint_url
        self.any = self.database or self.store

    def __call__(self, settings: Settings) -> Settings:
        asked = settings
        if self.database:
            asked = asked.with_(database_url="")
        if self.store:
            asked = asked.with_(s3_endpoint_url="", s3_access_key="", s3_secret_key="")
        return services.ensure_all(asked, services.origins_of(settings.port)) if self.any else settings

    def alive(self, settings: Settings) -> bool:
        """Look cheaply, every other second: the database's process is there and the store takes connections."""
        if self.database and LocalPostgres(settings.state_dir).pid() is None:
            return False
        if not self.store:
            return True
        address = urlsplit(settings.s3_endpoint_url)
        with contextlib.suppress(OSError), socket.create_connection((address.hostname, address.port or 80), 2):
            return True
        return False


def _watch(settings: Settings, children: list[Child], embedded: _embedded, greeting: str, stop: _Stop) -> int:
    for child in children:
        child.start(environment(settings))
    greeted, looks = False, 0
    while not stop.asked:
        if not greeted and _answers(settings.port):
            say(greeting)
            greeted = True
        time.sleep(LOOK if greeted else 0.1)
        looks += 1
        if looks % LOOK_AT_STORES == 0:
            settings = _heal_stores(settings, embedded, children)
        for child in children:
            child.heal(environment(settings))
    say("stopping")
    return 0


def _heal_stores(settings: Settings, embedded: _embedded, children: list[Child]) -> Settings:
    if embedded.alive(settings):
        return settings
    say("a store ended; starting it again")
    try:
        found = embedded(settings)
    except RuntimeError as failure:  # said and tried again at the next look: a full disk may be emptied
        say(str(failure))
        return settings
    if environment(found) != environment(settings):
        for child in children:  # a stranger took the store's port while it was down: everybody learns the new one
            child.stop()
    return found


def _answers(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with contextlib.suppress(OSError), opener.open(f"http://127.0.0.1:{port}/health/live", timeout=2) as answer:
        return bool(answer.status == 200)  # noqa: PLR2004
    return False
