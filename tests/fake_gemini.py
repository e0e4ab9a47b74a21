"""A service on the loopback that speaks Gemini's protocol and does what a test tells it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    key: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """What is sent back; a ``held`` one is not sent before the service ends, and a ``cut`` one never."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    held: bool = False
    cut: bool = False


Answer = Callable[[Asked, int], Reply]


def said(text: str, finish: str = "STOP", **usage: int) -> Reply:
    """A regular reply with one candidate."""
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish}
    counts = {"promptTokenCount": 11, "candidatesTokenCount": 5, **usage}
    return Reply(200, json.dumps({"candidates": [candidate], "usageMetadata": counts}))


def failed(status: int, message: str, **detail: object) -> Reply:
    """An error as Google words them."""
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", **detail}] if detail else []
    return Reply(status, json.dumps({"error": {"code": status, "message": message, "status": "X", "details": details}}))


class Service:
    """The running service; ``answer`` gets each request and how many came before it."""

    def __init__(self, url: str, answer: Answer) -> None:
        self.url, self.answer = url, answer
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self.lock = threading.Lock()


@contextmanager
def served(answer: Answer) -> Iterator[Service]:
    """The service for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            asked = Asked(self.path, self.headers["x-goog-api-key"], json.loads(raw))
            with service.lock:
                nth = len(service.asked)
                service.asked.append(asked)
            reply = service.answer(asked, nth)
            if reply.cut:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if reply.held:
                service.over.wait(10)
                self.close_connection = True
                return
            body = reply.body.encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = Service(f"http://127.0.0.1:{server.server_port}", answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
