"""The SFTP channel: a directory on a server, whose host key is known beforehand."""

from __future__ import annotations

import base64
import binascii
import io
import logging
import posixpath
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from jinguo.intake.channels.definitions import Sftp
from jinguo.intake.channels.model import ChannelError, Credentials, Offer, take_offers, time_limit
from jinguo.intake.folder import UNFINISHED, moment_of
from jinguo.intake.receiving import Intake, Received
from jinguo.intake.texts import decode_name

logging.getLogger("paramiko.transport").setLevel(logging.CRITICAL)  # tracebacks of what we name ourselves
_KEY_TYPES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class _Files(paramiko.SFTPClient):
    """Names are bytes in the protocol. paramiko takes them for UTF-8 and ends at the first that is not, so that one GBK
    name would keep a whole directory from being read; here they come as Python has such names, with surrogates."""

    def _request(self, kind: object, *arguments: object) -> tuple[object, paramiko.Message]:
        answer, message = super()._request(kind, *arguments)
        message.get_text = lambda: message.get_string().decode("utf-8", "surrogateescape")
        return answer, message

    def _convert_status(self, message: paramiko.Message) -> None:
        message.get_text = lambda: decode_name(message.get_string())
        super()._convert_status(message)


class SftpChannel:
    """Looks at the files directly in ``definition.path``; each wait for the server is limited."""

    def __init__(self, definition: Sftp, credentials: Credentials) -> None:
        self.definition = definition
        self.credentials = credentials

    def fetch(self, intake: Intake, received: Received) -> None:
        try:
            with self._connect() as sftp:
                offers = self._offers(sftp, intake, received)
                take_offers(offers, intake, received, channel=self.definition.name)
        except paramiko.AuthenticationException:
            raise ChannelError("refused", "login") from None
        except paramiko.BadHostKeyException:
            raise ChannelError("refused", "the server shows another host key") from None
        except IncompatiblePeer as error:
            reason = "the server has no host key of this kind" if "host key" in str(error) else str(error)
            raise ChannelError("refused", reason) from None
        except TimeoutError:
            raise ChannelError("timed_out", "") from None
        except PermissionError as error:
            raise ChannelError("refused", error.strerror or "permission") from None
        except FileNotFoundError:
            raise ChannelError("misconfigured", f"no directory {self.definition.path}") from None
        except (paramiko.SSHException, EOFError, ConnectionError) as error:
            raise ChannelError("broken_off", type(error).__name__) from None

    @contextmanager
    def _connect(self) -> Iterator[paramiko.SFTPClient]:
        """paramiko waits for some answers without a limit; ours hold because they shut the socket."""
        wanted = self.definition
        place = wanted.host if wanted.port == 22 else f"[{wanted.host}]:{wanted.port}"
        key, private_key = _host_key(wanted.host_key), _private_key(self.credentials)
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        client.get_host_keys().add(place, key.get_name(), key)
        with self._socket() as sock, client:
            cut = partial(sock.shutdown, socket.SHUT_RDWR)
            with time_limit(wanted.round_seconds, cut):
                with time_limit(wanted.timeout_seconds, cut):
                    client.connect(
                        wanted.host,
                        wanted.port,
                        self.credentials.login,
                        password=self.credentials.password or None,
                        pkey=private_key,
                        allow_agent=False,
                        look_for_keys=False,
                        sock=sock,
                        disabled_algorithms={"keys": _other_keys(key.get_name())},
                        banner_timeout=wanted.round_seconds,
                        auth_timeout=wanted.round_seconds,
                        channel_timeout=wanted.round_seconds,
                    )
                    sftp = _Files.from_transport(client.get_transport())
                sftp.get_channel().settimeout(wanted.timeout_seconds)
                yield sftp

    def _socket(self) -> socket.socket:
        wanted = self.definition
        try:
            return socket.create_connection((wanted.host, wanted.port), wanted.timeout_seconds)
        except TimeoutError:
            raise
        except OSError as error:
            raise ChannelError("unreachable", error.strerror or type(error).__name__) from None

    def _offers(self, sftp: _Files, intake: Intake, received: Received) -> list[Offer]:
        offers = []
        for entry in sorted(sftp.listdir_attr(self.definition.path), key=lambda entry: entry.filename):
            if not _is_file(entry) or entry.filename.startswith(".") or entry.filename.lower().endswith(UNFINISHED):
                continue
            path = posixpath.join(self.definition.path, entry.filename)
            at = path.encode("utf-8", "surrogateescape")
            name = decode_name(posixpath.basename(at))
            if entry.st_mtime and 0 <= intake.now.timestamp() - entry.st_mtime < self.definition.quiet_seconds:
                received.left.append((name, "it was written a moment ago"))
                continue
            offers.append(
                Offer(
                    name=name,
                    delivered_at=moment_of(entry.st_mtime, intake.now) if entry.st_mtime else intake.now,
                    size=entry.st_size,
                    marks=(path, entry.st_size, entry.st_mtime),
                    open=partial(_open, sftp, at),
                    delete=partial(_delete, sftp, at, entry) if self.definition.after == "delete" else None,
                    is_settled=partial(_is_same, sftp, at, entry),
                )
            )
        return offers


def _is_file(entry: paramiko.SFTPAttributes) -> bool:
    """Some servers tell no file types; then the line that they would show to a person does."""
    if entry.st_mode is None:
        return not (entry.longname or "").startswith(("d", "l"))
    return stat.S_ISREG(entry.st_mode)


@contextmanager
def _open(sftp: _Files, path: bytes) -> Iterator[BinaryIO]:
    try:
        with sftp.open(path, "rb") as file:
            yield file
    except OSError:
        if sftp.get_channel().closed:  # not this file's trouble: nothing more comes over this connection
            raise ConnectionResetError from None
        raise


def _is_same(sftp: _Files, path: bytes, entry: paramiko.SFTPAttributes) -> bool:
    now = sftp.stat(path)
    return now.st_size == entry.st_size and entry.st_mtime in (None, now.st_mtime)


def _delete(sftp: _Files, path: bytes, entry: paramiko.SFTPAttributes) -> None:
    if not _is_same(sftp, path, entry):
        raise OSError("it was changed after it was read")
    sftp.remove(path)


def _host_key(text: str) -> paramiko.PKey:
    kind, _, body = text.strip().partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(body.split(" ")[0]))
    except (paramiko.SSHException, binascii.Error, ValueError) as error:
        raise ChannelError("misconfigured", f"host_key: {type(error).__name__}") from None


def _other_keys(kind: str) -> list[str]:
    """The algorithms for host keys of another kind: else a server with several shows the one that it prefers."""
    wanted = ("rsa-sha2-512", "rsa-sha2-256", kind) if kind == "ssh-rsa" else (kind,)
    return [name for name in paramiko.Transport._preferred_keys if name not in wanted]


def _private_key(credentials: Credentials) -> paramiko.PKey | None:
    text = credentials.extra.get("private_key")
    if not text:
        return None
    for kind in _KEY_TYPES:
        try:
            return kind.from_private_key(io.StringIO(text), credentials.extra.get("private_key_passphrase"))
        except paramiko.SSHException:
            continue
    raise ChannelError("misconfigured", "private_key of the connection is no key that can be read")
