"""Published editions, read once: they never change, and pages ask for the same ones all day."""

from __future__ import annotations

import threading
from collections import OrderedDict
from weakref import WeakKeyDictionary

from jinguo.flow.office import Office
from jinguo.flow.release.editions import editions_of
from jinguo.periods import Period, Span
from jinguo.release.comparison import Base
from jinguo.release.model import Edition
from jinguo.release.span_editions import SpanEditions
from jinguo.warehouse.engine import Warehouse

MOST_KEPT = 40  # a year with its quarters and some months twice: about a megabyte each
_Key = tuple[str, str, int]

_lock = threading.Lock()
_kept: WeakKeyDictionary[Warehouse, OrderedDict[_Key, Edition]] = WeakKeyDictionary()


class KeptSpanEditions(SpanEditions):
    """Editions of a quarter or year whose months are read once."""

    def __init__(self, office: Office, span: Span) -> None:
        super().__init__(office.warehouse, span, register=office.register, rulebook=office.rulebook)
        self._office = office

    def month_edition(self, base: Base) -> Edition:
        return load_edition(self._office, base.period, base.edition or 0) or super().month_edition(base)


def load_edition(office: Office, period: Period | Span, number: int) -> Edition | None:
    """One edition as it was frozen, a published one from memory where it was asked for before; None: there is none."""
    key = str(office.settings.register), str(period), number  # after a change of the register it is read again
    with _lock:
        kept = _kept.setdefault(office.warehouse, OrderedDict())
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    editions = KeptSpanEditions(office, period) if isinstance(period, Span) else editions_of(office, period)
    edition = editions.load(number)
    if edition is not None and edition.state == "published":
        with _lock:
            kept[key] = edition
            while len(kept) > MOST_KEPT:
                kept.popitem(last=False)
    return edition
