"""One round over all channels: side by side, each on its own, each with a named end that is on record."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from jinguo.intake.channels.definitions import Definition, Folder, Imap, Sftp
from jinguo.intake.channels.model import Channel, ChannelError, Credentials
from jinguo.intake.folder import receive, waiting_files
from jinguo.intake.receiving import Intake, Received
from jinguo.warehouse.fetches import record_fetch

_log = logging.getLogger(__name__)
_AT_ONCE = 8  # a server that hangs holds up one of them, not the others
CredentialsOf = Callable[[str], Credentials]


@dataclass(frozen=True)
class Fetched:
    """How one channel's round went: a state of FETCH_STATES, files taken, and files or mails left with why."""

    channel: str
    state: str
    file_count: int
    left: Sequence[tuple[object, str]]
    detail: str = ""


class FolderChannel:
    """A mounted directory, taken in as the inbox is."""

    def __init__(self, definition: Folder) -> None:
        self.definition = definition

    def fetch(self, intake: Intake, received: Received) -> None:
        folder = Path(self.definition.path)
        if not folder.is_dir():
            raise ChannelError("unreachable", f"no directory {folder}")
        taken = receive(
            waiting_files(folder), intake.archive, intake.warehouse, now=intake.now, channel=self.definition.name
        )
        received.delivery_ids.extend(taken.delivery_ids)
        received.left.extend(taken.left)


def open_channel(definition: Definition, credentials: Credentials) -> Channel:
    """The channel of a definition. Its client library is imported only here."""
    if isinstance(definition, Folder):
        return FolderChannel(definition)
    if isinstance(definition, Sftp):
        from jinguo.intake.channels.sftp import SftpChannel

        return SftpChannel(definition, credentials)
    if isinstance(definition, Imap):
        from jinguo.intake.channels.imap import ImapChannel

        return ImapChannel(definition, credentials)
    from jinguo.intake.channels.s3 import S3Channel

    return S3Channel(definition, credentials)


def fetch_all(definitions: Sequence[Definition], intake: Intake, credentials_of: CredentialsOf) -> list[Fetched]:
    """One round. A channel that fails or hangs does not hold up the others; what it took before is kept.

    A mistake of our own in one of them is raised when all are done.
    """
    secrets = [_credentials(definition, credentials_of) for definition in definitions]  # Airflow's are for one thread
    with ThreadPoolExecutor(_AT_ONCE, "channel") as pool:
        rounds = [pool.submit(_fetch, *each, intake) for each in zip(definitions, secrets, strict=True)]
    return [done.result() for done in rounds]


def _credentials(definition: Definition, credentials_of: CredentialsOf) -> Credentials | ChannelError:
    try:
        return credentials_of(definition.connection) if definition.connection else Credentials()
    except ChannelError as error:
        return error


def _fetch(definition: Definition, credentials: Credentials | ChannelError, intake: Intake) -> Fetched:
    received = Received([], [])
    state, detail = "ok", ""
    try:
        if isinstance(credentials, ChannelError):
            raise credentials
        open_channel(definition, credentials).fetch(intake, received)
    except ChannelError as error:
        state, detail = error.state, str(error)
    fetched = Fetched(definition.name, state, len(received.delivery_ids), received.left, detail)
    with intake.warehouse.write() as conn:
        record_fetch(conn, fetched.channel, fetched.state, files=fetched.file_count, detail=detail, at=intake.now)
    if state != "ok":
        _log.warning("channel %s: %s (%s); the next run tries again", fetched.channel, state, detail)
    return fetched
