"""Real servers, started for a test: OpenSSH's protocol by asyncssh, Dovecot, S3 by moto."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import getpass
import imaplib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncssh
import pytest
from jinguo.intake.archive import Archive
from jinguo.intake.channels.model import Credentials
from jinguo.intake.receiving import Intake
from jinguo.settings import TIMEZONE
from jinguo.warehouse.engine import open_warehouse

from ..authority import Authority
from ..ports import free_port, on_free_port
from .lines import Line

NOW = dt.datetime(2026, 11, 3, 9, 0, tzinfo=TIMEZONE)
SENT = dt.datetime(2026, 11, 2, 17, 30, tzinfo=TIMEZONE)
SECRET = Credentials("jinguo", "p@ss/w:rd")


@pytest.fixture
def intake(tmp_path: Path, sqlite_template: Path) -> Iterator[Intake]:
    shutil.copy(sqlite_template, tmp_path / "warehouse.db")
    warehouse = open_warehouse(f"sqlite:///{tmp_path / 'warehouse.db'}")
    yield Intake(Archive(tmp_path / "archive"), warehouse, NOW)
    warehouse.close()


class _Files(asyncssh.SFTPServer):
    """A server that may stop answering, or break off, while a file is read. ``trouble``: name → hang or drop.

    The name ``login`` lets it hang earlier; ``attributes``: it tells neither file types nor times.
    """

    def __init__(self, chan: asyncssh.SSHServerChannel, root: Path, trouble: dict[str, str], opened: dict) -> None:
        super().__init__(chan, chroot=os.fsencode(root))
        self._chan, self._trouble, self._open = chan, trouble, opened

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        file = super().open(path, pflags, attrs)
        self._open[file] = os.fsdecode(path).rpartition("/")[2]
        return file

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        async for entry in super().scandir(path):
            if "attributes" in self._trouble:
                entry.attrs.permissions = entry.attrs.atime = entry.attrs.mtime = None
            yield entry

    async def read(self, file: object, offset: int, size: int) -> bytes:
        trouble = self._trouble.get(self._open[file])
        if trouble and offset > 0:
            if trouble == "drop":
                self._chan.get_connection().abort()
            await asyncio.Event().wait()
        return super().read(file, offset, min(size, 4096))


class SftpServer:
    """One directory ``root``, offered on a free port."""

    def __init__(self, root: Path) -> None:
        self.root, self.trouble = root, {}
        self._keys = [asyncssh.generate_private_key(kind) for kind in ("ssh-ed25519", "ssh-rsa")]
        self.host_key, self.rsa_host_key = (key.export_public_key().decode().strip() for key in self._keys)
        self._ready, self._connections, self._opened = threading.Event(), [], {}
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(20)

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        connections, trouble = self._connections, self.trouble

        class Login(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                connections.append(conn)

            def password_auth_supported(self) -> bool:
                return True

            async def validate_password(self, username: str, password: str) -> bool:
                if "login" in trouble:
                    await asyncio.Event().wait()
                return (username, password) == (SECRET.login, SECRET.password)

        async with asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=Login,
            server_host_keys=self._keys,
            sftp_factory=lambda chan: _Files(chan, self.root, self.trouble, self._opened),
        ) as listener:
            self.port = listener.get_port()
            self._ready.set()
            await self._stopped.wait()
        for connection in connections:
            connection.abort()
            await connection.wait_closed()
        for file in self._opened:  # those of a connection that broke off
            file.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(20)


@pytest.fixture
def sftp_server(tmp_path: Path) -> Iterator[SftpServer]:
    (tmp_path / "served").mkdir()
    server = SftpServer(tmp_path / "served")
    yield server
    server.stop()


class Dovecot:
    """Debian's IMAP server with one account. ``port``: plain text and STARTTLS, ``tls_port``: TLS."""

    def __init__(self, folder: Path, certificate: tuple[Path, Path]) -> None:
        self._folder = folder
        for name, source in zip(("cert", "key"), certificate, strict=True):
            shutil.copy(source, folder / name)
        is_root = os.geteuid() == 0
        owner = "nobody" if is_root else getpass.getuser()
        (folder / "mail").mkdir()
        if is_root:
            shutil.chown(folder, owner)
            shutil.chown(folder / "mail", owner)
        self._owner = owner
        self.port = on_free_port(self._start)

    def _start(self, port: int) -> int:
        """OSError where another process has taken one of the two ports in between."""
        folder, owner, is_root = self._folder, self._owner, os.geteuid() == 0
        self.port, self.tls_port = port, free_port()
        (folder / "log").unlink(missing_ok=True)
        group = "nogroup" if is_root else os.getgid()
        (folder / "conf").write_text(
            f"""
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert
ssl_key = <{folder}/key
disable_plaintext_auth = no
default_internal_user = {owner}
default_internal_group = {group}
default_login_user = {owner}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  args = password={SECRET.password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail
}}
"""
        )
        self._process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", folder / "conf"], start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                self._login().logout()
                return port
            except (OSError, imaplib.IMAP4.error):  # nobody answers yet, or whoever has taken the port does
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise self._failure() from None
                self._wait()

    def _failure(self) -> Exception:
        """Why it did not come up; nothing of it is left running."""
        if self._process.poll() is None:
            self.stop()
        log = (self._folder / "log").read_text()
        return OSError(errno.EADDRINUSE, log) if "already in use" in log else RuntimeError(log)

    def _wait(self) -> None:
        threading.Event().wait(0.05)

    def _login(self) -> imaplib.IMAP4:
        box = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        box.login(SECRET.login, SECRET.password)
        return box

    def put(self, *mails: bytes) -> None:
        with self._login() as box:
            for mail in mails:
                assert box.append("INBOX", "", imaplib.Time2Internaldate(NOW), mail)[0] == "OK"

    def count(self) -> int:
        with self._login() as box:
            return int(box.select("INBOX", readonly=True)[1][0])

    def empty(self) -> None:
        with self._login() as box:
            if box.select("INBOX")[1] != [b"0"]:
                box.store("1:*", "+FLAGS", r"\Deleted")
            box.expunge()

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(20)


@pytest.fixture(scope="session")
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    with tempfile.TemporaryDirectory(prefix="jinguo-imap-", ignore_cleanup_errors=True) as folder:
        server = Dovecot(Path(folder), authority.issue("imap"))
        yield server
        server.stop()


@pytest.fixture
def line() -> Iterator[Callable[..., Line]]:
    """Makes lines to servers that end with the test."""
    lines: list[Line] = []

    def draw(port: int, **how: object) -> Line:
        lines.append(Line(port, **how))
        return lines[-1]

    yield draw
    for each in lines:
        each.close()


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Dovecot:
    """The account, with nothing in it."""
    dovecot.empty()
    return dovecot
