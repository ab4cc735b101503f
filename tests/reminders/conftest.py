"""A real mail server and a real webhook, started for a test."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiosmtpd.controller import Controller


class _Mails:
    def __init__(self):
        self.received, self.answer = [], "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            self.received.append((envelope.rcpt_tos, envelope.content.decode("utf-8", "replace")))
        return self.answer


@pytest.fixture
def mails():
    handler = _Mails()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        handler.port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


class _Webhook(HTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers, self.received = [], []


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.end_headers()
        self.wfile.write(b'{"errcode": 0, "errmsg": "ok"}')

    def log_message(self, *_args):
        """Nothing on stderr."""


@pytest.fixture
def webhook():
    server = _Webhook()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
