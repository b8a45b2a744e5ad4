"""A door between the program and a store that can go wrong on command, and says whether it did.

`with proxy.fault(cut_answer(after=b"COMMIT")) as fault:` ... `assert fault.fired`. Bytes pass unchanged but for the
one fault that is set. Each direction of each connection is a thread; nothing here knows S3 or PostgreSQL.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PIECE = 1 << 16
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST, as a pulled plug does


@dataclass
class Fault:
    """What goes wrong, once or always, and how often it did.

    kind: down, cut, stall, flip or slow. where: in what is sent ("ask") or answered ("answer"). after: the fault waits
    until this was sent on the same connection. at: only after so many further bytes. seconds: of a stall, or per
    piece when slow. then: called when the fault has fired, before anything is closed.
    """

    kind: str
    where: str = "ask"
    after: bytes = b""
    at: int = 0
    seconds: float = 0.0
    once: bool = True
    then: Callable[[], object] | None = None
    fired: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        """Claim the right to go wrong now."""
        with self.lock:
            if self.once and self.fired:
                return False
            self.fired += 1
            return True


def down() -> Fault:
    """Every connection is refused, those that stand are reset."""
    return Fault("down", once=False)


def cut_ask(after: bytes, at: int = 0) -> Fault:
    """Cut the line while something is being sent."""
    return Fault("cut", "ask", after, at)


def cut_answer(after: bytes, then: Callable[[], object] | None = None) -> Fault:
    """Let the question through and lose the answer: what was asked has happened."""
    return Fault("cut", "answer", after, then=then)


def flip_ask(after: bytes, at: int) -> Fault:
    """Change one bit of what is sent, `at` bytes after the pattern."""
    return Fault("flip", "ask", after, at)


def flip_answer(after: bytes, at: int, *, once: bool = True) -> Fault:
    """Change one bit of an answer's body."""
    return Fault("flip", "answer", after, at, once=once)


def stall(after: bytes, seconds: float) -> Fault:
    """Say nothing for a while, as an overloaded server does."""
    return Fault("stall", "answer", after, seconds=seconds)


def slow(seconds: float) -> Fault:
    """Delay every piece of what is sent."""
    return Fault("slow", "ask", seconds=seconds, once=False)


class Proxy:
    """Listens on 127.0.0.1 and passes everything to `target`: (host, port), or the path of a unix socket."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self.listener.getsockname()[1]
        self.current: Fault | None = None
        self.lines: set[_Line] = set()
        threading.Thread(target=self._listen, daemon=True).start()

    @contextlib.contextmanager
    def fault(self, fault: Fault) -> Iterator[Fault]:
        """Let this go wrong inside the block, whichever connection it meets."""
        self.current = fault
        if fault.kind == "down":
            for line in list(self.lines):
                line.reset()
        try:
            yield fault
        finally:
            self.current = None

    def close(self) -> None:
        """Listen no more and drop what stands."""
        self.listener.close()
        for line in list(self.lines):
            line.reset()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self.listener.accept()
                if self.current and self.current.kind == "down" and self.current.take():
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    client.close()
                    continue
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = self._server()
        except OSError:
            client.close()
            return
        line = _Line(self, client, server)
        self.lines.add(line)
        threading.Thread(target=line.pump, args=("answer",), daemon=True).start()
        line.pump("ask")

    def _server(self) -> socket.socket:
        if isinstance(self.target, str):
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            return server
        return socket.create_connection(self.target, 5)


class _Line:
    """One connection: what was asked on it, and the fault that it may meet."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self.proxy, self.client, self.server = proxy, client, server
        self.asked = b""  # the end of what was sent, to find the pattern across pieces
        self.armed: Fault | None = None  # the fault whose pattern was sent here
        self.passed = 0  # bytes since then in the fault's direction

    def pump(self, way: str) -> None:
        source, sink = (self.client, self.server) if way == "ask" else (self.server, self.client)
        try:
            while piece := source.recv(PIECE):
                passed_on = self._meet(way, piece)
                if passed_on is None:
                    return
                sink.sendall(passed_on)
        except OSError:
            pass  # either end is gone, so the other end goes as well
        self._end()

    def _meet(self, way: str, piece: bytes) -> bytes | None:
        fault = self.proxy.current
        if fault is None:
            self.armed = None
            return piece
        start = self._arm(fault, piece) if way == "ask" else 0
        if self.armed is not fault or way != fault.where:
            return piece
        before, self.passed = self.passed, self.passed + len(piece) - start
        if fault.kind == "slow" and fault.take():
            time.sleep(fault.seconds)
            return piece
        # Only where the very byte goes by.
        if not before <= fault.at < self.passed or not fault.take():
            return piece
        return self._go_wrong(fault, piece, start + fault.at - before)

    def _arm(self, fault: Fault, piece: bytes) -> int:
        """Look for the pattern in what is sent; returns where in the piece the count of bytes begins."""
        seen = self.asked + piece
        found = re.search(fault.after, seen, re.DOTALL)
        if not found or (not fault.after and self.armed is fault):
            self.asked = seen[-PIECE:]
            return 0
        # Asked again on the same connection, it is counted anew.
        self.asked = b""
        self.armed, self.passed = fault, 0
        return max(0, found.end() - (len(seen) - len(piece)))

    def _go_wrong(self, fault: Fault, piece: bytes, at: int) -> bytes | None:
        if fault.kind == "flip":
            return piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
        if fault.kind == "stall":
            time.sleep(fault.seconds)
            return piece
        if fault.then:
            fault.then()
        self.reset()
        return None

    def reset(self) -> None:
        """Pull the plug on both sides."""
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._end()

    def _end(self) -> None:
        self.proxy.lines.discard(self)
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
