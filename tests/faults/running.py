"""The whole program as its user starts it, a browser that speaks HTTP to it, and an interviewer who never stops."""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import http.client
import http.cookiejar
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

from intake import cli, db
from intake.demo import people, progress
from intake.local.ground import within
from intake.local.object_store import LocalObjectStore
from intake.local.postgres import LocalPostgres
from intake.settings import Settings
from tests.media.signatures import write_signatures

ROOT = Path(__file__).parent.parent.parent
AWAY = 0  # in place of a status: nobody answered
OURS = {"DATABASE_URL", "TESTIGO_PROGRAM_DATABASE_URL", "S3_ENDPOINT_URL", "TESTIGO_SECRET_KEY", "TESTIGO_PROFILE"}


@dataclass(frozen=True)
class Answer:
    """What came back. status: HTTP's, or AWAY."""

    status: int
    text: str = ""
    location: str = ""

    def json(self) -> Any:
        return json.loads(self.text)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


class Visitor:
    """One browser: keeps its cookies and the token of the page it saw, and every answer it ever got."""

    def __init__(self, url: str) -> None:
        self.url, self.token = url, ""
        self.answers: list[Answer] = []
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _Stay(), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def sign_in(self, email: str) -> None:
        secret = people.described()["sign_in"]["password"]
        self.get("/sign-in")
        assert self.post("/sign-in", email=email, password=secret).status == 302
        shown = re.search(r"data-demonstration-code>(\d{6})<", self.get("/sign-in/code").text)
        assert shown is not None
        assert self.post("/sign-in/code", code=shown[1]).status == 302
        assert self.get("/account").status == 200

    def get(self, path: str) -> Answer:
        answer = self._ask(urllib.request.Request(self.url + path))
        if found := re.search(r'name="csrf-token" content="([^"]+)"', answer.text):
            self.token = found[1]
        return answer

    def post(self, path: str, **fields: str) -> Answer:
        body = urllib.parse.urlencode({"csrf_token": self.token, **fields}).encode()
        return self._ask(urllib.request.Request(self.url + path, body))

    def send(self, path: str, body: object, **headers: str) -> Answer:
        said = {"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": self.token, **headers}
        return self._ask(urllib.request.Request(self.url + path, json.dumps(body).encode(), said))

    def _ask(self, request: urllib.request.Request) -> Answer:
        answer = self._answer(request)
        self.answers.append(answer)
        return answer

    def _answer(self, request: urllib.request.Request) -> Answer:
        try:
            with self.opener.open(request, timeout=20) as found:
                return Answer(found.status, found.read().decode())
        except urllib.error.HTTPError as other:
            with other, contextlib.suppress(OSError, http.client.HTTPException):
                return Answer(other.code, other.read().decode(), other.headers.get("Location", ""))
        except (OSError, http.client.HTTPException):
            pass
        return Answer(AWAY)


class Running:
    """`testigo up` on a state folder that has the demonstration's people and none of its incidents."""

    def __init__(self, state: Path, port: int) -> None:
        self.state, self.port, self.log = state, port, state.parent / f"{state.name}.log"
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.postgres, self.store = LocalPostgres(state), LocalObjectStore(state, "evidence", "exports")

    def prepare(self) -> None:
        """Start the stores, migrate, write the people, and say that the matter is whole: `up` then adds nothing."""
        settings = Settings.load({"TESTIGO_STATE": str(self.state), "TESTIGO_PORT": str(self.port)})
        cli.migrate(settings, argparse.Namespace())
        with self.owner() as connection, connection.begin():
            people.load_people(connection)
        with db.transaction():
            progress.done("whole")

    def start(self) -> str:
        """Start it, wait for its greeting, and return its address."""
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        environment |= {"TESTIGO_STATE": str(self.state), "TESTIGO_PORT": str(self.port), "TESTIGO_SCAN_SOCKET": ""}
        environment["TESTIGO_SCAN_SIGNATURES"] = str(write_signatures(self.state.parent / "signatures"))
        before = len(self.said())
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "intake.cli", "up"], cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        started = self.process
        within(60, lambda: started.poll() is not None or "ready http" in self.said()[before:])
        found = re.search(r"ready (http://localhost:\d+)", self.said()[before:])
        assert found, self.said()[-3000:]
        self.url = found[1]
        return self.url

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @contextlib.contextmanager
    def owner(self) -> Iterator[sa.Connection]:
        """A connection past row security, to look at what is really kept."""
        engine = sa.create_engine(self.postgres.ensure(), poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            yield connection

    def family(self) -> list[psutil.Process]:
        """Everything that `up` started, the stores' processes with it."""
        assert self.process
        roots = [psutil.Process(pid) for pid in (self.process.pid, self.postgres.pid(), self.store.pid()) if pid]
        return [*roots, *(child for root in roots for child in root.children(recursive=True))]

    def kill(self) -> list[psutil.Process]:
        """Kill -9 of everything at once; returns what it was."""
        assert self.process
        family = self.family()
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait(20)
        psutil.wait_procs(family, timeout=20)
        return family

    def web_workers(self) -> set[int]:
        master = self._child("gunicorn")
        return {child.pid for child in master.children() if _alive(child)} if master else set()

    def job_worker(self) -> int:
        found = self._child("intake.cli")
        return found.pid if found else 0

    def _child(self, word: str) -> psutil.Process | None:
        assert self.process
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if _alive(child) and word in child.cmdline() and "intake.local.tied" not in child.cmdline():
                    return child
        return None


def _alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


class Interviewer(threading.Thread):
    """Opens intakes and writes down stories until told to stop; repeats what was not acknowledged, with its key."""

    def __init__(self, url: str, email: str) -> None:
        super().__init__(daemon=True)
        self.visitor = Visitor(url)
        self.visitor.sign_in(email)
        self.opened: dict[str, str] = {}  # once key: where it led
        self.told: dict[str, str] = {}  # incident: its words
        self.stopped = threading.Event()
        self.wrong: list[BaseException] = []

    def run(self) -> None:
        try:
            for number in itertools.count(1):
                self._interview(number)
                if self.stopped.wait(0.1):
                    return
        except BaseException as fault:  # noqa: BLE001  (shown by finish(), in the test's own thread)
            self.wrong.append(fault)

    def finish(self) -> None:
        """Let the interview that is going on end, and show what went wrong."""
        self.stopped.set()
        self.join(60)
        assert not self.is_alive()
        if self.wrong:
            raise self.wrong[0]

    def _interview(self, number: int) -> None:
        key = str(uuid.uuid4())
        answer = self._until_kept("/intakes/new", once_key=key, mode="field", language="es", interpreter="no")
        self.opened[key] = answer.location
        record = answer.location.split("/intake/")[0]
        words = f"Nº {number}: «salí a las 6:{number % 60:02d}» — and they took him. \u0b85\U0001f6d1 {key}"
        self._until_kept(f"{record}/intake/story", narrative=words, narrative_language="es")
        self.told[record.rsplit("/", 1)[1]] = words

    def _until_kept(self, path: str, **fields: str) -> Answer:
        deadline = time.monotonic() + 60
        while (answer := self.visitor.post(path, **fields)).status != 303:
            assert answer.status in {AWAY, 503}, (answer.status, answer.text[:2000])
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return answer


def send_file(visitor: Visitor, incident: str, body: bytes, once_key: str) -> Iterator[tuple[str, Answer]]:
    """Send a file of one part as the page's script does; yields (step, answer), and stops at the first refusal."""
    told = {"name": "lot.jpg", "size": len(body), "type": "image/jpeg", "last_modified": 0, "once_key": once_key}
    started = visitor.send(f"/incidents/{incident}/evidence/start", told)
    yield "start", started
    if started.status != 201:
        return
    item = started.json()
    if not item["received"]:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        asked = {"action": "part", "part_number": 1, "size": len(body), "sha256": digest}
        signed = visitor.send(item["sign_url"], asked)
        yield "sign", signed
        if signed.status != 200:
            return
        address, headers = signed.json()["url"], signed.json()["headers"]
        put = Visitor("")._answer(urllib.request.Request(address, body, headers, method="PUT"))
        yield "put", put
        if put.status != 200:
            return
    yield "complete", visitor.send(item["complete_url"], {}, **{"X-Device-Sha256": hashlib.sha256(body).hexdigest()})
