"""A report read on an older version of the form, as one on the version in force."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from jinguo.forms.mapping import FormMapping, TableMap
from jinguo.forms.model import Cell
from jinguo.periods import Period
from jinguo.reading.model import CellState, ListLine, Normalisation, Problem, Reading, TableReading
from jinguo.reading.parts import MISSING, missing_problem, missing_tables

_MOST_NAMES = 6


def upgraded(reading: Reading, mapping: FormMapping) -> Reading:
    """``reading``, made with the old version, along the cells of the new one; sheets and addresses stay the file's.

    A cell that is new is BLANK, so that it is asked for; what the new version does not ask is left out.
    """
    new = mapping.new
    tables = {each.table: each for each in _tables(reading, mapping)}
    made = replace(
        reading,
        form_version=new.version,
        upgraded_from=mapping.old.version,
        tables=tables,
        lists=dict(_lists(reading, mapping)),
        prefilled={now: value for id_, value in reading.prefilled.items() if (now := mapping.cell_id(id_))},
        normalisations=list(_normalisations(reading.normalisations, mapping)),
        problems=list(_problems(reading.problems, mapping)),
    )
    made.numbers, made.states, fresh = _figures(reading, mapping, tables)
    if missing := missing_tables(made, new):
        made.problems.append(missing_problem(missing))
    names = list(dict.fromkeys(f"{new.table_by_id[cell.table].sheet}{cell.row}行{cell.label}" for cell in fresh))
    shown = "、".join(names[:_MOST_NAMES]) + ("等" if len(names) > _MOST_NAMES else "")
    details = {"cell": "", "old": mapping.old.version, "new": new.version, "fresh": shown}
    made.problems.append(Problem("D82", value=mapping.old.version, details=details))
    return made


def _lists(reading: Reading, mapping: FormMapping) -> Iterable[tuple[str, list[ListLine]]]:
    for id_, lines in reading.lists.items():
        if to := mapping.tables.get(id_):
            yield to.table, _lines(lines, to)


def _tables(reading: Reading, mapping: FormMapping) -> Iterable[TableReading]:
    for id_, found in reading.tables.items():
        to = mapping.tables.get(id_)
        if to is None:
            if id_ not in mapping.old.table_by_id:
                yield found  # the cover
            continue
        yield replace(
            found,
            table=to.table,
            row_numbers={to.rows[code]: at for code, at in found.row_numbers.items() if code in to.rows},
            column_letters={to.columns[n]: letters for n, letters in found.column_letters.items() if n in to.columns},
            ticked_rows=tuple(to.rows[code] for code in found.ticked_rows if code in to.rows),
        )


def _lines(lines: Iterable[ListLine], to: TableMap) -> list[ListLine]:
    return [
        replace(line, values={to.columns[number]: v for number, v in line.values.items() if number in to.columns})
        for line in lines
    ]


def _normalisations(made: Iterable[Normalisation], mapping: FormMapping) -> Iterable[Normalisation]:
    for note in made:
        if now := mapping.cell_id(note.cell_id):
            yield replace(note, cell_id=now)


def _problems(found: Iterable[Problem], mapping: FormMapping) -> Iterable[Problem]:
    for problem in found:
        if problem.rule_id == MISSING or (problem.cell_id and not mapping.cell_id(problem.cell_id)):
            continue
        to = mapping.tables.get(problem.table)
        if to or problem.table not in mapping.old.table_by_id:
            table = to.table if to else problem.table
            yield replace(problem, table=table, cell_id=problem.cell_id and mapping.cell_id(problem.cell_id))


def _figures(
    reading: Reading, mapping: FormMapping, tables: dict[str, TableReading]
) -> tuple[np.ndarray, np.ndarray, list[Cell]]:
    """Numbers and states along the new cells, and the new cells that the old version did not have."""
    form, unit_type, period = mapping.new, reading.unit_type, Period.parse(reading.period)
    was = {now: cell for cell in mapping.old.cells if (now := mapping.cell_id(cell.id))}
    numbers, states, fresh = [], [], []
    for cell in form.cells:
        old = was.get(cell.id)
        number, state = math.nan, CellState.BLANK if cell.table in tables else CellState.ABSENT
        if unit_type in cell.na_for:
            state = CellState.NA
        elif not form.table_by_id[cell.table].is_due(period, unit_type):
            state = CellState.NOT_DUE
        elif old is not None and reading.states[old.index] not in (CellState.NA, CellState.NOT_DUE):
            number, state = reading.numbers[old.index], CellState(reading.states[old.index])
        elif state == CellState.BLANK:
            fresh.append(cell)
        numbers.append(number)
        states.append(int(state))
    return np.array(numbers, dtype=np.float64), np.array(states, dtype=np.uint8), fresh
