"""A real mail server and a real webhook, started for a test."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiosmtpd.controller import Controller

from ..ports import on_free_port


class _Mails:
    def __init__(self):
        self.received, self.answer = [], "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            self.received.append((envelope.rcpt_tos, envelope.content.decode("utf-8", "replace")))
        return self.answer


def mail_server(handler, **how):
    """A server that listens already."""

    def start(port):
        controller = Controller(handler, hostname="127.0.0.1", port=port, **how)
        controller.start()
        return controller

    return on_free_port(start)


@pytest.fixture
def mails():
    handler = _Mails()
    controller = mail_server(handler)
    handler.port = controller.port
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
