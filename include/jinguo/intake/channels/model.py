"""What all channels have in common: offers, the states in which a fetch ends, and how offers are taken."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from jinguo.intake.folder import DISK_IS_FULL
from jinguo.intake.receiving import Intake, Received, Taken
from jinguo.warehouse.records import Delivery

# How a fetch ends. Each state but ``ok`` is tried again by the next run: nothing at the source has been touched.
FETCH_STATES = {
    "ok": "fetched",
    "unreachable": "no connection",
    "refused": "login, certificate, host key or permission refused",
    "timed_out": "the server stopped answering",
    "broken_off": "the connection broke off half way",
    "misconfigured": "the definition cannot be used",
}
FETCH_STATE_NAMES = {  # as pages and alerts call them
    "ok": "正常",
    "unreachable": "连不上",
    "refused": "被拒绝（登录、证书、主机密钥或权限）",
    "timed_out": "对方没有应答",
    "broken_off": "中途断线",
    "misconfigured": "通道定义有误",
}
_BATCH = 50  # files staged before they are put on record together


class ChannelError(Exception):
    """A fetch that ended early, in one of FETCH_STATES. The text is for the operator: no password, no sender."""

    def __init__(self, state: str, detail: str) -> None:
        super().__init__(f"{FETCH_STATES[state]}: {detail}" if detail else FETCH_STATES[state])
        self.state = state


@contextmanager
def time_limit(seconds: float, cut: Callable[[], None]) -> Iterator[None]:
    """ChannelError ``timed_out`` when what is inside takes longer in all, however short each of its waits is: ``cut``
    then breaks the connection off, and whatever fails because of that is no error of its own."""
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        with suppress(OSError):  # it is broken already
            cut()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if not is_over.is_set():
            raise
    finally:
        timer.cancel()
    if is_over.is_set():
        raise ChannelError("timed_out", f"not done in {seconds:g} seconds")


@dataclass(frozen=True)
class Credentials:
    """Login and password of a connection; ``extra``: what else it holds, such as ``private_key``."""

    login: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


class Channel(Protocol):
    """A place where units leave files. ``fetch`` takes in what is new there; ChannelError: it ended early."""

    def fetch(self, intake: Intake, received: Received) -> None: ...


@dataclass(frozen=True)
class Offer:
    """One file at a source. ``size`` None: the source does not say. ``marks``: what makes it this file and no other.

    ``is_settled``: asked after reading; False: it has changed meanwhile. ``delete``: takes it away at the source.
    """

    name: str
    delivered_at: dt.datetime
    size: int | None
    marks: Sequence[object]
    open: Callable[[], AbstractContextManager[BinaryIO]]
    delete: Callable[[], None] | None = None
    is_settled: Callable[[], bool] = lambda: True


def take_offers(offers: Iterable[Offer], intake: Intake, received: Received, *, channel: str) -> None:
    """Take in what is new among the offers; what was taken by an earlier run is only let go of at the source."""
    listed = {evidence_of(channel, offer.marks): offer for offer in offers}
    known = intake.known(list(listed))
    for evidence in known:
        _let_go(listed[evidence], received)
    fresh = [(evidence, offer) for evidence, offer in listed.items() if evidence not in known]
    taken: list[Taken] = []
    try:
        for evidence, offer in fresh:
            if item := _stage(offer, evidence, intake, received, channel):
                taken.append(item)
            if len(taken) == _BATCH:
                intake.commit(taken, received)
                taken = []
    finally:  # what came whole before a connection broke off is kept
        intake.commit(taken, received)


def evidence_of(channel: str, marks: Sequence[object]) -> str:
    """What a delivery is known by when the same file is seen again."""
    return f"{channel}:{hashlib.sha256(repr(tuple(marks)).encode('utf-8', 'surrogatepass')).hexdigest()}"


def _stage(offer: Offer, evidence: str, intake: Intake, received: Received, channel: str) -> Taken | None:
    """The offer's bytes, staged; None: it is not whole or cannot be read, and stays for the next run."""
    try:
        with offer.open() as stream:
            staged = intake.archive.stage(stream)
    except PermissionError as error:
        received.left.append((offer.name, error.strerror or str(error)))
        return None
    except OSError as error:
        if error.errno in DISK_IS_FULL or isinstance(error, TimeoutError | ConnectionError):
            raise
        received.left.append((offer.name, error.strerror or str(error)))
        return None
    if (offer.size is not None and staged.size != offer.size) or not offer.is_settled():
        intake.archive.discard(staged)
        received.left.append((offer.name, "it is being written"))
        return None
    delivery = Delivery(
        sha256=staged.sha256,
        size=staged.size,
        name=offer.name,
        channel=channel,
        delivered_at=min(offer.delivered_at, intake.now),
        received_at=intake.now,
        evidence=evidence,
    )
    return Taken(staged, delivery, offer.name, lambda: _let_go(offer, received))


def _let_go(offer: Offer, received: Received) -> None:
    if offer.delete is None:
        return
    try:
        offer.delete()
    except OSError as error:
        received.left.append((offer.name, error.strerror or str(error)))
