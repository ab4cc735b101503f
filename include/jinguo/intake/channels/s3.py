"""The object storage channel: whatever speaks S3, through fsspec. Objects are whole or not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO

import aiohttp
import botocore.exceptions as aws
import fsspec

from jinguo.intake.channels.definitions import S3
from jinguo.intake.channels.model import ChannelError, Credentials, Offer, take_offers
from jinguo.intake.folder import UNFINISHED
from jinguo.intake.receiving import Intake, Received
from jinguo.settings import TIMEZONE


class S3Channel:
    """Looks at the objects directly under ``definition.path``."""

    def __init__(self, definition: S3, credentials: Credentials) -> None:
        self.definition = definition
        seconds = definition.timeout_seconds
        self._options: dict[str, Any] = {
            "key": credentials.login or None,
            "secret": credentials.password or None,
            "endpoint_url": definition.endpoint_url or None,
            "config_kwargs": {"connect_timeout": seconds, "read_timeout": seconds, "retries": {"max_attempts": 2}},
            "client_kwargs": {"verify": definition.ca_file or None},
            "use_listings_cache": False,
            "skip_instance_cache": True,
        }

    def fetch(self, intake: Intake, received: Received) -> None:
        try:
            storage = fsspec.filesystem("s3", **self._options)
            storage.retries = 1  # botocore's own retries are enough: s3fs would multiply them by five
            offers = [self._offer(storage, entry) for entry in storage.ls(self.definition.path, detail=True)]
            take_offers(filter(None, offers), intake, received, channel=self.definition.name)
        except (aws.EndpointConnectionError, aws.ConnectTimeoutError) as error:
            raise ChannelError("unreachable", type(error).__name__) from None
        except (aws.ReadTimeoutError, TimeoutError) as error:
            raise ChannelError("timed_out", type(error).__name__) from None
        except FileNotFoundError:
            raise ChannelError("misconfigured", f"no bucket or prefix {self.definition.path}") from None
        except (PermissionError, aws.NoCredentialsError) as error:
            raise ChannelError("refused", type(error).__name__) from None
        except (aws.BotoCoreError, aws.ClientError, aiohttp.ClientError, ConnectionError) as error:
            raise ChannelError("broken_off", type(error).__name__) from None

    def _offer(self, storage: Any, entry: dict[str, Any]) -> Offer | None:
        path: str = entry["name"]
        name = path.rpartition("/")[2]
        if entry["type"] != "file" or not name or name.startswith(".") or name.lower().endswith(UNFINISHED):
            return None
        modified: dt.datetime = entry["LastModified"]
        return Offer(
            name=name,
            delivered_at=modified.astimezone(TIMEZONE).replace(microsecond=0),
            size=entry["size"],
            marks=(path, entry["size"], entry["ETag"], modified.isoformat()),
            open=partial(_open, storage, path),
            delete=partial(storage.rm_file, path) if self.definition.after == "delete" else None,
        )


@contextmanager
def _open(storage: Any, path: str) -> Iterator[BinaryIO]:
    try:
        with storage.open(path, "rb") as file:
            yield file
    except IndexError as error:  # s3fs reads the arguments of a TimeoutError, which has none (core.py: _fetch_range)
        raise TimeoutError from error
