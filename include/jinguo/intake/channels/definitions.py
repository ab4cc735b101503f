"""Which channels there are: one file of the operator's, YAML or JSON, named by JINGUO_CHANNELS. No passwords in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from jinguo.errors import SettingsError

Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,31}$")]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
INBOX = "folder"  # the channel name of JINGUO_HOME/inbox


class _Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """``connection``: the Airflow connection with login and password. ``after``: what is done with an original once
    the archive has it. ``timeout_seconds``: the longest wait for a login or an answer. ``round_seconds``: the longest
    that one round may take in all; what it does not come to is for the next."""

    name: Name
    connection: str = ""
    after: Literal["keep", "delete"] = "keep"
    timeout_seconds: Seconds = 30
    round_seconds: Seconds = 600


class Folder(_Definition, tag="folder", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directory that is mounted here. Files are taken out of it, as out of the inbox."""

    path: str


class Sftp(_Definition, tag="sftp", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``host_key``: the server's public key as in known_hosts, ``ssh-ed25519 AAAA…``; any other key is refused.
    ``quiet_seconds``: a file that changed less long ago may still be being written."""

    host: str
    port: int = 22
    path: str = "."
    host_key: str
    quiet_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 60


class Imap(_Definition, tag="imap", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``security``: ``none`` only for a server on this machine. ``ca_file``: certificates of one's own authority."""

    host: str
    port: int = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    mailbox: str = "INBOX"
    ca_file: str = ""


class S3(_Definition, tag="s3", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``path``: bucket and prefix. ``endpoint_url``: of a storage that is not Amazon's; ``ca_file``: its authority's
    certificates."""

    path: str
    endpoint_url: str = ""
    ca_file: str = ""


Definition = Folder | Sftp | Imap | S3


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    channels: list[Definition]


def load_channels(path: Path | None) -> Sequence[Definition]:
    """The channels in the operator's file; none without a file. SettingsError says which value is wrong and where."""
    if path is None:
        return ()
    try:
        channels = msgspec.yaml.decode(path.read_bytes(), type=_File).channels
    except OSError as error:
        raise SettingsError("JINGUO_CHANNELS", str(path), f"a file that can be read ({error.strerror})") from None
    except msgspec.DecodeError as error:  # ValidationError is one
        raise SettingsError("JINGUO_CHANNELS", str(path), f"a list of channels: {error}") from None
    names = [channel.name for channel in channels]
    for name in {INBOX, *names}:
        if names.count(name) > (name != INBOX):
            raise SettingsError("JINGUO_CHANNELS", str(path), f"names used once; {name!r} is used again")
    return channels
