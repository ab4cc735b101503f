"""Figures of one edition as a flat table: .csv (UTF-8 without BOM, LF), .parquet or .json, by the file's suffix."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from jinguo.errors import Refused
from jinguo.files import write_whole
from jinguo.release.model import Edition, Figure, plain_number
from jinguo.units.register import PROVINCE_CODE, Register

COLUMNS = (
    "period",
    "level",
    "unit_code",
    "unit_name",
    "cell_id",
    "indicator_id",
    "aggregation",
    "value",
    "state",
)
_RISKY = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take for a formula when they open a CSV

Row = dict[str, Any]


def write_export(path: Path, edition: Edition, *, register: Register) -> int:
    """Writes every figure of ``edition`` that is due; how many rows that were. Refused for another suffix.

    The province comes first, then each expected unit; within one the cells in the form's order, then what is no cell. A
    figure that is not there has no value and a state that says why.
    """
    writers: dict[str, Callable[[Path, list[Row]], None]] = {
        ".csv": _write_csv,
        ".parquet": _write_parquet,
        ".json": _write_json,
    }
    write = writers.get(path.suffix.lower())
    if write is None:
        raise Refused(f"{path}: write to a file ending in {', '.join(writers)}")
    rows = list(export_rows(edition, register=register))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: write(partial, rows))
    return len(rows)


def export_rows(edition: Edition, *, register: Register) -> Iterator[Row]:
    """One dict of COLUMNS for each figure; ``value`` an int, a float or None."""
    figures = edition.figures
    province = register.by_code[PROVINCE_CODE]
    yield from _rows(edition, province.unit_type, province.code, province.name, figures.province.values(), None)
    cells = [cell.id for cell in figures.form.cells if figures.due[cell.index]]
    for row, report in enumerate(figures.reports):
        unit = report.unit
        own = (figures.of_unit(row, figure_id) for figure_id in (*cells, *figures.beyond_cells[row]))
        yield from _rows(edition, unit.unit_type, unit.code, unit.name, own, row)


def _rows(
    edition: Edition, level: str, code: str, name: str, figures: Iterable[Figure], place: int | None
) -> Iterator[Row]:
    period = str(edition.period)
    for figure in figures:
        row = (
            period,
            level,
            code,
            name,
            figure.id,
            figure.indicator,
            figure.aggregation,
            plain_number(figure.value),
            edition.figures.state_word(figure.id, place),
        )
        yield dict(zip(COLUMNS, row, strict=True))


def _write_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_csv_field(row[name]) for name in COLUMNS] for row in rows)


def _csv_field(value: object) -> object:
    """Numbers as they are (a negative one is a number); text that a spreadsheet would calculate gets a quote."""
    if isinstance(value, str) and value.startswith(_RISKY):
        return f"'{value}"
    return "" if value is None else value


def _write_json(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("[\n")
        file.write(",\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
        file.write("\n]\n")


def _write_parquet(path: Path, rows: list[Row]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    types = {name: pa.float64() if name == "value" else pa.string() for name in COLUMNS}
    table = pa.table(
        {
            name: pa.array([None if row[name] is None else row[name] for row in rows], types[name], from_pandas=True)
            for name in COLUMNS
        }
    )
    parquet.write_table(table, path)
