"""A bad line to a real server: it carries so many bytes of the answers, then hangs, drops or only drips."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Line:
    """A port that leads to ``port``. ``after``: bytes of the server's that pass before ``how`` sets in."""

    def __init__(self, port: int, *, how: str = "good", after: int = 0) -> None:
        self._target, self._how, self._left = port, how, after
        self.byte_count = 0
        self._over = threading.Event()
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = self._sockets[0].getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._sockets[0].accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            self._start(self._carry, client, server, False)
            self._start(self._carry, server, client, True)

    def _carry(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        try:
            while data := source.recv(512):
                self.byte_count += len(data) * is_answer
                if is_answer and self._how != "good" and len(data) > self._left:
                    target.sendall(data[: self._left])
                    return self._end(data[self._left :], target)
                self._left -= len(data) * is_answer
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def _end(self, data: bytes, target: socket.socket) -> None:
        if self._how == "drop":
            return target.shutdown(socket.SHUT_RDWR)
        if self._how == "hang":
            self._over.wait()
        for place in range(len(data)):  # drip
            if self._over.wait(0.1):
                return
            target.sendall(data[place : place + 1])

    def close(self) -> None:
        self._over.set()
        for each in self._sockets:
            with suppress(OSError):  # it is closed already
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(20)
