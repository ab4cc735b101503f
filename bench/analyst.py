"""The baseline: the month as a competent analyst with pandas and openpyxl would script it.

    python bench/analyst.py FILES_DIR LAST_MONTH.csv UNITS_DIR OUT_DIR [openpyxl|calamine]

Reads every workbook with one call, concatenates, checks the rules of the form that hold in October, stores the facts of
clean reports, writes the consolidated workbook and marks the faulty workbooks. It knows the form by heart (which a
script written for one form may) and takes no care of hostile files, power cuts, versions or traces.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from rules_by_hand import check_ledger, check_month
from sqlalchemy import create_engine

PERIOD = "2026-10"
TABLES = {"t01": "01表", "t02": "02表", "t03": "03表", "t04": "04表", "t06": "06表"}
COLUMNS = {"t01": 4, "t02": 6, "t03": 9, "t04": 3, "t06": 2}
FIRST_ROW = 8  # of the data, from zero; columns 0–2 are 甲 乙 丙
COVER = {"unit_name": 4, "unit_code": 5, "head": 8, "stat_head": 9, "filler": 10, "phone": 11, "sent_date": 12}
RED = PatternFill("solid", start_color="FFC7CE")


def read_all(folder: Path, engine: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(covers, long cells, ledger lines) of all workbooks: one call a workbook, the rest on the concatenated sheets."""
    covers, ledgers = [], {}
    bodies: dict[str, dict[str, pd.DataFrame]] = {table: {} for table in TABLES}
    for path in sorted(folder.iterdir()):
        sheets = pd.read_excel(path, sheet_name=None, header=None, engine=engine)
        top = sheets["封面"]
        cover = {"file": path.name} | {name: top.iat[row, 2] for name, row in COVER.items()}
        unit = cover["unit_code"] = str(cover["unit_code"])
        covers.append(cover)
        for table, sheet in TABLES.items():
            bodies[table][unit] = sheets[sheet].iloc[FIRST_ROW:, : 3 + COLUMNS[table]]
        if "附1表" in sheets:
            ledgers[unit] = sheets["附1表"].iloc[FIRST_ROW:, :18]
    cells = pd.concat([_long(table, frames) for table, frames in bodies.items()], ignore_index=True)
    return pd.DataFrame(covers).set_index("unit_code", drop=False), cells, _ledger(ledgers)


def _long(table: str, frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """unit_code, cell, sheet, row and column (both from one), raw: one line per cell of one table of all units."""
    body = pd.concat(frames, names=["unit_code", "line"]).reset_index()
    body = body[body[2].astype(str).str.fullmatch(r"\d\d")]
    long = body.drop(columns=[0, 1]).melt(id_vars=["unit_code", "line", 2], var_name="column", value_name="raw")
    long["cell"] = table + ".r" + long[2].astype(str) + ".c" + (long["column"] - 2).astype(str)
    long["sheet"], long["row"], long["column"] = TABLES[table], long["line"] + 1, long["column"] + 1
    return long[["unit_code", "cell", "sheet", "row", "column", "raw"]]


def _ledger(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The filled lines of all ledgers with columns c1–c18."""
    if not frames:
        return pd.DataFrame()
    lines = pd.concat(frames, names=["unit_code", "line"]).reset_index()
    lines.columns = ["unit_code", "line", *(f"c{number}" for number in range(1, 19))]
    return lines[pd.to_datetime(lines["c2"], errors="coerce").notna()]


def check_cells(cells: pd.DataFrame, units: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """(unit, rule, severity, cell) of cells that are blank, no numbers, negative or with too many decimals."""
    types = cells["unit_code"].map(units["unit_type"])
    no_places = types.isin(["organs", "own"]) & cells["cell"].str.match(r"t01\.r0[45]|t04\.r0[1-6]")
    filled = cells[(cells["raw"] != "—") & ~no_places]
    blank = filled["raw"].isna()
    text = ~blank & filled["value"].isna()
    cents = filled["value"] * 10
    hours = filled["cell"].str.match(r"t03\.r\d\d\.c[37]")
    broken = (filled["value"] % 1 != 0) & ~hours & filled["value"].notna()
    too_fine = hours & ((cents - cents.round()).abs() > 1e-6)
    for rule, failing in (
        ("WZ-010", blank),
        ("TEXT", text),
        ("WZ-011", filled["value"] < 0),
        ("WZ-012", broken),
        ("WZ-013", too_fine),
    ):
        for unit, cell in filled.loc[failing, ["unit_code", "cell"]].itertuples(index=False):
            yield unit, rule, "error", cell


def check_covers(covers: pd.DataFrame, units: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    for row in covers.itertuples():
        unit = row.unit_code
        if unit not in units.index:
            yield unit, "WZ-001", "error", "cover.unit_code"
        elif row.unit_name not in (units.at[unit, "org_name"], units.at[unit, "name"]):
            yield unit, "WZ-001", "error", "cover.unit_name"
        for field in ("head", "stat_head", "filler"):
            if pd.isna(getattr(row, field)):
                yield unit, "WZ-005", "error", f"cover.{field}"
        if not re.fullmatch(r"1\d{10}|0\d{2,3}-?\d{7,8}", str(row.phone)):
            yield unit, "WZ-006", "query", "cover.phone"
        if not pd.Timestamp("2026-10-31") <= pd.Timestamp(row.sent_date) <= pd.Timestamp("2026-11-03"):
            yield unit, "WZ-007", "error", "cover.sent_date"


def store(cells: pd.DataFrame, clean: pd.Index, out: Path) -> None:
    facts = cells.loc[cells["unit_code"].isin(clean) & cells["value"].notna(), ["unit_code", "cell", "value"]]
    facts.insert(1, "period", PERIOD)
    with create_engine(f"sqlite:///{out / 'facts.db'}").begin() as conn:
        facts.to_sql("facts", conn, if_exists="append", index=False, chunksize=50_000)


def write_summary(cells: pd.DataFrame, covers: pd.DataFrame, clean: pd.Index, out: Path) -> None:
    """The consolidated workbook: each table for the province, each table by unit, who has reported."""
    good = cells[cells["unit_code"].isin(clean)]
    with pd.ExcelWriter(out / "summary.xlsx") as book:
        for table, sheet in TABLES.items():
            part = good[good["cell"].str.startswith(table)]
            code, column = part["cell"].str.slice(4, 7), part["cell"].str.slice(9).astype(int)
            total = part.assign(row=code, column=column).pivot_table("value", "row", "column", aggfunc="sum")
            total.to_excel(book, sheet_name=sheet)
            by_unit = part.pivot(index="unit_code", columns="cell", values="value")
            by_unit.to_excel(book, sheet_name=f"{sheet}分单位")
        standing = covers[["unit_name", "file", "sent_date"]].assign(accepted=covers.index.isin(clean))
        standing.to_excel(book, sheet_name="报送情况")


def annotate(folder: Path, findings: pd.DataFrame, covers: pd.DataFrame, places: dict[str, Any], out: Path) -> None:
    """The faulty workbooks with failing cells filled and commented and a list of what is wrong."""
    for unit, wrong in findings.groupby("unit_code"):
        name = covers.at[unit, "file"]
        book = openpyxl.load_workbook(folder / name)
        listing = book.create_sheet("问题清单")
        listing.append(["规则", "严重程度", "指标格", "位置"])
        for found in wrong.itertuples():
            sheet, row, column = places.get((unit, found.cell), ("封面", 1, 1))
            cell = book[sheet].cell(row, column)
            cell.fill, cell.comment = RED, Comment(f"{found.rule} 未通过，请核对。", "省妇联")
            listing.append([found.rule, found.severity, found.cell, f"{sheet}!{cell.coordinate}"])
        book.save(out / "returns" / name)


def load_units(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(units by code, their denominators by code and measure)."""
    units = pd.read_csv(folder / "units.csv", dtype=str).set_index("code", drop=False)
    counts = pd.read_csv(folder / "denominators.csv", dtype={"unit_code": str})
    return units, counts.pivot(index="unit_code", columns="measure", values="value")


def run(folder: Path, last_month: Path, unit_folder: Path, out: Path, engine: str) -> dict[str, Any]:
    """The whole month; seconds of wall and CPU by stage, and the findings as (unit, rule, cell)."""
    (out / "returns").mkdir(parents=True)
    clock = Stages()
    covers, cells, lines = read_all(folder, engine)
    clock.mark("read")
    units, counts = load_units(unit_folder)
    cells["value"] = pd.to_numeric(cells["raw"], errors="coerce")
    wide = cells.pivot(index="unit_code", columns="cell", values="value")
    prev = pd.read_csv(last_month, dtype={"unit_code": str}).set_index("unit_code").reindex(wide.index)
    found = [
        *check_covers(covers, units),
        *check_cells(cells, units),
        *check_month(wide, prev, units["unit_type"].reindex(wide.index), counts.reindex(wide.index)),
        *check_ledger(lines, wide),
    ]
    findings = pd.DataFrame(found, columns=["unit_code", "rule", "severity", "cell"])
    clock.mark("check")
    clean = wide.index.difference(findings["unit_code"])
    store(cells, clean, out)
    clock.mark("store")
    faulty = cells[cells["unit_code"].isin(findings["unit_code"])]
    places = {(f.unit_code, f.cell): (f.sheet, f.row, f.column) for f in faulty.itertuples()}
    annotate(folder, findings, covers, places, out)
    clock.mark("returns")
    write_summary(cells, covers, clean, out)
    clock.mark("release")
    return {"stages": clock.seconds, "findings": sorted(set(zip(findings["unit_code"], findings["rule"], strict=True)))}


class Stages:
    """Wall and CPU seconds between marks."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}
        self._last = time.perf_counter(), time.process_time()

    def mark(self, stage: str) -> None:
        now = time.perf_counter(), time.process_time()
        self.seconds[stage] = now[0] - self._last[0], now[1] - self._last[1]
        self._last = now


if __name__ == "__main__":
    files, last, register, target, *rest = sys.argv[1:]
    result = run(Path(files), Path(last), Path(register), Path(target), rest[0] if rest else "openpyxl")
    print(json.dumps(result, ensure_ascii=False))
