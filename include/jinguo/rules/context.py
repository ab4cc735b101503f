"""What a submission is checked against besides itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from jinguo.periods import Period
from jinguo.units.register import Denominator, Unit


@dataclass
class CheckContext:
    """One per submission. ``unit`` None: nobody can say whose file it is; then only what reading saw is reported.

    ``prev``: last period's accepted figures (a quarterly table's cells: last quarter's) in thousandths along
    ``Form.cells``, NaN where unknown; None: no predecessor. ``quarter``: the earlier months of the quarter summed, NaN
    where one is unknown (zeros in the quarter's first month); None: all unknown. ``accepted_version``: the version in
    force for this unit and period, None before the first. ``is_stale_prefill``: the template carried other figures of
    last period than those now in force.
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
