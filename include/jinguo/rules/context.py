"""What a submission is checked against besides itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from jinguo.periods import Period
from jinguo.units.register import Denominator, Unit


@dataclass(frozen=True)
class Children:
    """The units below one unit, and what of theirs is accepted for the same period.

    ``numbers``: the accepted reports summed along ``Form.cells`` in thousandths; what does not apply to one of them
    adds nothing; NaN where one has no number, and what applies to none of them. ``missing``: names of the units that
    are expected and not accepted; ``is_owed``: they owe their report to this unit. ``communities``: the codes of the
    accepted reports' 05表, with names; ``shared``: names of those that two of them list → the two units' names.
    ``parts``: the name of each unit → its own numbers, of which ``numbers`` are the sum.
    """

    numbers: np.ndarray
    count: int
    missing: tuple[str, ...] = ()
    communities: Mapping[str, str] = field(default_factory=dict)
    is_owed: bool = False
    shared: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parts: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass
class CheckContext:
    """One per submission. ``unit`` None: nobody can say whose file it is; then only what reading saw is reported.

    ``prev``: last period's accepted figures (a quarterly table's cells: last quarter's) in thousandths along
    ``Form.cells``, NaN where unknown; None: no predecessor. ``quarter``: the earlier months of the quarter summed, NaN
    where one is unknown (zeros in the quarter's first month); None: all unknown. ``accepted_version``: the version in
    force for this unit and period, None before the first. ``is_stale_prefill``: the template carried other figures of
    last period than those now in force.

    What comparisons look back and around for; empty or None: not known, and the rules that need it are not evaluated.
    ``history``: RuleBook.history_cells by id: the accepted figures of the twelve months before this one, newest first,
    NaN where unknown. ``same_month_last_year``: like ``prev``, a year back. ``peers``: RuleBook.peer_cells by id in the
    accepted reports of the other units of the same type under the same unit, one value a report, and ``peer_names``.
    ``sender``: the unit whose contact has mailed the file; None: not a mail, or from somebody unknown.
    ``last_communities``: last quarter's 05表 as accepted, code → name; None: not known.
    """

    unit: Unit | None
    period: Period
    received_on: dt.date
    deadline: dt.datetime | None = None
    prev: np.ndarray | None = None
    quarter: np.ndarray | None = None
    measures: Mapping[str, Denominator] = field(default_factory=dict)
    accepted_version: int | None = None
    is_stale_prefill: bool = False
    history: Mapping[str, np.ndarray] = field(default_factory=dict)
    same_month_last_year: np.ndarray | None = None
    peers: Mapping[str, np.ndarray] = field(default_factory=dict)
    peer_names: Sequence[str] = ()
    last_communities: Mapping[str, str] | None = None
    children: Children | None = None
    sender: Unit | None = None
