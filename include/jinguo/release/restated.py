"""Figures of a month that was reported on another version of the form, along the cells of this one. Pure: no database.

A cell that the other version did not ask has no figure in it: never 0. Nothing is compared with it, and over a quarter
or year the months that have one are a part of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from jinguo.forms.model import Form
from jinguo.reading.model import CellState
from jinguo.release.definitions import Definitions
from jinguo.release.model import Figure, Figures, FigureState, UnitReport


def restated(figures: Figures, form: Form, definitions: Definitions) -> Figures:
    """``figures`` with the cells of ``form`` by what they mean (``Form.here``).

    List totals, rates and statistics have names of their own and stay as they are.
    """
    then = figures.form
    if then.version == form.version:
        return figures
    names = [then.here(form.version, cell.id) for cell in form.cells]
    places = np.array([then.cell_by_id[name].index if name in then.cell_by_id else -1 for name in names])
    asked = places >= 0
    unknown = np.full(figures.states.shape, FigureState.MISSING, dtype=np.uint8)
    for row, report in enumerate(figures.reports):
        unknown[row, [cell.index for cell in form.cells if report.unit.unit_type in cell.na_for]] = FigureState.NA
    province: dict[str, Figure] = {}
    for cell, name in zip(form.cells, names, strict=True):
        if name in figures.province:
            province[cell.id] = replace(figures.province[name], id=cell.id)
    own_names = {cell.id for cell in then.cells}
    province |= {name: figure for name, figure in figures.province.items() if name not in own_names}
    return replace(
        figures,
        form=form,
        definitions=definitions,
        reports=tuple(_report(report, places) for report in figures.reports),
        numbers=np.where(asked, figures.numbers[:, places], 0),
        states=np.where(asked, figures.states[:, places], unknown),
        due=asked & figures.due[places],
        province=province,
        months=_months(figures, form, definitions),
    )


def _report(report: UnitReport, places: np.ndarray) -> UnitReport:
    if report.numbers is None or report.states is None:
        return report
    asked = places >= 0
    numbers = np.where(asked, report.numbers[places], np.nan)
    states = np.where(asked, report.states[places], CellState.ABSENT).astype(np.uint8)
    return replace(report, numbers=numbers, states=states)


def _months(figures: Figures, form: Form, definitions: Definitions) -> Mapping[str, tuple[Figures, ...]]:
    """Of a quarter or year: the months behind each figure, under its name in ``form``."""
    made = {month.period: restated(month, form, definitions) for month in figures.month_figures}
    found = {}
    for figure_id, months in figures.months.items():
        if name := form.here(figures.form.version, figure_id):
            found[name] = tuple(made[month.period] for month in months)
    return found
