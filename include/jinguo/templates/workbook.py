"""The reporting workbook of one unit and period: blank and pre-filled, or filled in again with given values."""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from jinguo.forms.model import SCALE, Fill, Form
from jinguo.periods import Period
from jinguo.templates.checks import printed_checks
from jinguo.templates.content import Content, as_number
from jinguo.templates.cover import write_cover
from jinguo.templates.formats import SONG, Formats
from jinguo.templates.grid_sheet import write_grid_sheet
from jinguo.templates.identity import write_identity
from jinguo.templates.layout import layout_for
from jinguo.templates.list_sheet import write_list_sheet
from jinguo.templates.package import NUMBER_MARK, Skeleton, make_skeleton, repack, text_mark
from jinguo.templates.prefill import carried_cells, carried_figure, prefill
from jinguo.units.register import Denominator, Unit

if TYPE_CHECKING:
    from jinguo.templates.selfcheck import SelfCheck

_UNIT_TEXTS = ("code", "name", "org_name", "org_short")
_MOST_SKELETONS = 32
_skeletons: dict[tuple[Any, ...], _Blank] = {}


def write_template(
    path_or_file: str | Path | BinaryIO,
    *,
    form: Form,
    unit: Unit,
    period: Period,
    basis: str,
    prev: np.ndarray | None,
    stamp: str,
    measures: Mapping[str, Denominator],
    rulebook: Any,
    issued_at: dt.datetime,
    version: int = 1,
    values: Mapping[str, object] | None = None,
    ticks: Collection[str] = (),
    due: dt.datetime | None = None,
) -> None:
    """Write the workbook; the same arguments give the same bytes.

    ``prev``: last period's figures in thousandths along ``form.cells`` (quarterly tables: last quarter's), NaN unknown.
    ``values``: cell id → thousandths, text or date, None for a cell that the clerk emptied; a pre-filled cell that is
    not named keeps its figure, a formula cell its formula (with its result). A value that differs from a formula's
    result is written in its place. ``ticks``: ``t03`` and ``t03.r17`` where 本月未开展 is ticked. ``rulebook`` None:
    without the printed 审核关系. ``due``: the deadline that the cover names.
    """
    unit = replace(unit, org_name=unit.org_name or unit.name, org_short=unit.org_short or unit.name)
    order = _Order(form, unit, period, basis, prev, stamp, measures, rulebook, issued_at, version, due)
    if values is None and not ticks:
        data = _fill_skeleton(order)
    else:
        data = repack(_render(_content(order, values=_plain(values or {}), ticks=frozenset(ticks))))
    if isinstance(path_or_file, str | Path):
        Path(path_or_file).write_bytes(data)
    else:
        path_or_file.write(data)


@dataclass(frozen=True, eq=False)
class _Order:
    """What ``write_template`` was asked for."""

    form: Form
    unit: Unit
    period: Period
    basis: str
    prev: np.ndarray | None
    stamp: str
    measures: Mapping[str, Denominator]
    rulebook: Any
    issued_at: dt.datetime
    version: int
    due: dt.datetime | None

    @property
    def shape(self) -> tuple[Any, ...]:
        """Workbooks of the same shape differ in the unit's texts and in figures only."""
        known = None if self.prev is None else np.isnan(self.prev).tobytes()
        kept = (self.period, self.unit.unit_type, self.basis, self.issued_at, self.version, self.due)
        return (id(self.form), id(self.rulebook), known, frozenset(self.measures), *kept)


def _fill_skeleton(order: _Order) -> bytes:
    """The blank workbook, from one rendered before for a unit of the same type with the same figures known."""
    shape = order.shape
    if shape not in _skeletons:
        while len(_skeletons) >= _MOST_SKELETONS:
            _skeletons.pop(next(iter(_skeletons)))
        _skeletons[shape] = _blank(order)
    blank = _skeletons[shape]
    texts = {name: getattr(order.unit, name) for name in _UNIT_TEXTS} | {"stamp": order.stamp}
    figures = _figures(order, blank.fills, blank.carried, blank.check)
    return blank.skeleton.fill(texts, {blank.marks[key]: as_number(figure) for key, figure in figures.items()})


@dataclass(frozen=True, eq=False)
class _Blank:
    """A rendered workbook with marks; ``order`` is kept so that the ids in its shape stay its own."""

    order: _Order
    fills: Mapping[str, Fill]
    carried: tuple[str, ...]
    check: SelfCheck | None
    marks: Mapping[str, int]  # key of a figure → the number of its mark
    skeleton: Skeleton


def _blank(order: _Order) -> _Blank:
    content = _content(order)
    marks = {key: number for number, key in enumerate(content.figures)}
    marked = replace(
        content,
        unit=replace(order.unit, **{name: text_mark(name) for name in _UNIT_TEXTS}),
        stamp=text_mark("stamp"),
        figures={key: (NUMBER_MARK + number) * SCALE for key, number in marks.items()},
    )
    return _Blank(order, content.fills, content.carried, content.check, marks, make_skeleton(_render(marked)))


def _content(
    order: _Order, *, values: Mapping[str, object] | None = None, ticks: frozenset[str] = frozenset()
) -> Content:
    unit_type = order.unit.unit_type
    fills = prefill(order.form, order.period, unit_type, order.prev, order.measures)
    carried = tuple(carried_cells(order.form, order.period, fills))
    check = _self_check(order, fills, carried)
    return Content(
        form=order.form,
        layout=layout_for(order.form, order.period, unit_type),
        unit=order.unit,
        period=order.period,
        basis=order.basis,
        stamp=order.stamp,
        version=order.version,
        issued_at=order.issued_at,
        due=order.due,
        fills=fills,
        figures=_figures(order, fills, carried, check),
        carried=carried,
        checks=printed_checks(order.rulebook, order.form, order.period, unit_type),
        values=values,
        ticks=ticks,
        check=check,
    )


def _self_check(order: _Order, fills: Mapping[str, Fill], carried: tuple[str, ...]) -> SelfCheck | None:
    """The rules on the sheet 自检; none without a rule book."""
    if order.rulebook is None:
        return None
    from jinguo.templates.selfcheck import self_check

    known = {"prev": order.prev, "measures": order.measures, "fills": fills, "carried": carried}
    return self_check(order.rulebook, order.form, order.period, order.unit.unit_type, **known)


def _figures(
    order: _Order, fills: Mapping[str, Fill], carried: tuple[str, ...], check: SelfCheck | None
) -> dict[str, int]:
    """Cell id → thousandths: what last period and the register put into the workbook."""
    figures = {cell_id: carried_figure(order.form, cell_id, fills[cell_id], order.prev) for cell_id in carried}
    for cell_id, fill in fills.items():
        if fill.kind == "register":
            figures[cell_id] = order.measures[fill.source].value * SCALE
    return figures | (check.added_figures(order.form, order.prev, order.measures) if check else {})


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """Values with numbers of any kind as whole thousandths; NaN is None."""
    plain = {}
    for cell_id, value in values.items():
        if isinstance(value, Real):
            value = None if math.isnan(value) else round(value)
        plain[cell_id] = value
    return plain


def _render(content: Content) -> bytes:
    """The workbook as XlsxWriter writes it."""
    import xlsxwriter

    buffer = io.BytesIO()
    options = {"in_memory": True, "default_format_properties": {"font_name": SONG, "font_size": 11}}
    book = xlsxwriter.Workbook(buffer, options)
    issued = content.issued_at.astimezone(dt.UTC).replace(tzinfo=None)
    book.set_properties({"title": content.form.title, "author": content.form.issuer, "created": issued})
    formats = Formats(book)
    write_cover(book, formats, content)
    for sheet in content.layout.tables:
        write = write_list_sheet if sheet.is_list else write_grid_sheet
        write(book, formats, content, content.form.table_by_id[sheet.table])
    if content.check:
        from jinguo.templates.selfcheck_sheet import write_selfcheck

        write_selfcheck(book, formats, content.check)
    write_identity(book, content)
    book.close()
    return buffer.getvalue()
