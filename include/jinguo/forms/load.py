"""schemas/forms → Form. A mistake in a file stops with file, key, value and what is accepted."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinguo.errors import SchemaError
from jinguo.forms.derivation import Derivation
from jinguo.forms.documents import read_yaml
from jinguo.forms.mapping import FormMapping, connect, read_mapping
from jinguo.forms.model import UNIT_TYPES, Cell, Column, CoverField, Fill, Form, Row, Table, Term
from jinguo.periods import Period

_TERM = re.compile(r"\s*([+-])?\s*(?:sum\(\s*([rc]\d+)\s*:\s*([rc]\d+)\s*\)|([rc]\d+))\s*")


@lru_cache(maxsize=8)
def load_forms(schemas: Path) -> tuple[Form, ...]:
    """Every version of every form, oldest first; each knows what the cells of the others are called in it.

    SchemaError names file, table and key where a mapping does not fit the versions that it is between.
    """
    files = sorted((schemas / "forms").glob("*/*/form.yaml"))
    forms = tuple(sorted((_load_form(file) for file in files), key=lambda form: (form.id, form.valid_from)))
    connect(forms, [read_mapping(file, forms) for file in sorted((schemas / "forms").glob("*/*/from_*.yaml"))])
    return forms


def form_for(schemas: Path, period: Period, form_id: str = "monthly") -> Form:
    """The version of a form that is in force for ``period``."""
    forms = [form for form in load_forms(schemas) if form.id == form_id]
    for form in reversed(forms):
        if form.in_force(period):
            return form
    known = [f"{form.id} {form.version} from {form.valid_from}" for form in forms]
    raise SchemaError(schemas / "forms", "period", str(period), known)


def mapping_for(form: Form, older: str, period: Period) -> FormMapping | None:
    """How a report of ``period`` on the version ``older`` is read as one on ``form``; None: it cannot be."""
    for mapping in form.mappings:
        if mapping.old.version == older and (mapping.last_period is None or period <= mapping.last_period):
            return mapping
    return None


def _load_form(path: Path) -> Form:
    raw = read_yaml(path)
    decimals = raw["units_of_measure"]
    tables, cells = [], []
    for table_id in raw["tables"]:
        file = path.parent / f"{table_id}.yaml"
        body = read_yaml(file)
        table = _load_table(file, body)
        tables.append(table)
        if table.kind == "grid":
            cells += _grid_cells(file, table, body, decimals, first_index=len(cells))
    cover = raw["cover"]
    return Form(
        id=raw["form"],
        version=raw["version"],
        title=raw["title"],
        issuer=raw["issuer"],
        filing_body=raw["filing_body"],
        approval_no=raw["approval_no"],
        valid_until_print=raw["valid_until_print"],
        valid_from=Period.parse(raw["valid_from"]),
        valid_to=Period.parse(raw["valid_to"]) if raw["valid_to"] else None,
        basis=raw["basis"],
        cover_sheet=cover["sheet"],
        cover=tuple(CoverField(**fields) for fields in cover["fields"]),
        tables=tuple(tables),
        cells=tuple(cells),
    )


def _load_table(file: Path, raw: dict[str, Any]) -> Table:
    columns = tuple(Column(**column) for column in raw["columns"])
    rows = tuple(
        Row(
            code=row["code"],
            label=row["label"],
            indent=row["indent"],
            indicator=row["indicator"],
            unit=row.get("unit", ""),
            na_columns=frozenset(row.get("na", ())),
            not_for=_unit_types(file, row["code"], row.get("not_for", ())),
            flow=row.get("flow", ""),
        )
        for row in raw.get("rows", ())
    )
    return Table(
        id=raw["table"],
        sheet=raw["sheet"],
        form_no=raw["form_no"],
        title=raw["title"],
        frequency=raw["frequency"],
        kind=raw["kind"],
        columns=columns,
        rows=rows,
        not_for=_unit_types(file, "not_for", raw.get("not_for", ())),
        ticks=raw["ticks"],
        blank_rows=raw.get("blank_rows", {}),
        notes=tuple(raw["notes"]),
    )


def _unit_types(file: Path, key: str, names: Any) -> frozenset[str]:
    for name in names:
        if name not in UNIT_TYPES:
            raise SchemaError(file, key, name, UNIT_TYPES)
    return frozenset(names)


def _grid_cells(
    file: Path, table: Table, raw: dict[str, Any], decimals: dict[str, int], *, first_index: int
) -> list[Cell]:
    fills = _fills(file, table, raw.get("fill", ()))
    noted = raw.get("sum_noted", {})
    cells = []
    for row in table.rows:
        for column in table.columns:
            unit = column.unit or row.unit
            everywhere_na = column.number in row.na_columns
            own = fills.get((row.code, column.number), ())
            cells.append(
                Cell(
                    id=f"{table.id}.r{row.code}.c{column.number}",
                    index=first_index + len(cells),
                    table=table.id,
                    row=row.code,
                    column=column.number,
                    label=row.label,
                    unit=unit,
                    decimals=decimals.get(unit, 0),
                    flow=row.flow or column.flow,
                    aggregation="sum_noted"
                    if row.code in noted.get("rows", ()) or column.number in noted.get("columns", ())
                    else "sum",
                    frequency=table.frequency,
                    indicator=column.indicator or row.indicator + column.indicator_suffix,
                    na_for=frozenset(UNIT_TYPES) if everywhere_na else row.not_for | table.not_for,
                    fills=() if everywhere_na else tuple(f for f in own if f.kind != "ledger"),
                    derived=next((f for f in own if f.kind == "ledger"), None),
                )
            )
    return cells


def _fills(file: Path, table: Table, entries: Any) -> dict[tuple[str, int], list[Fill]]:
    fills: dict[tuple[str, int], list[Fill]] = {}
    for entry in entries:
        rows = entry.get("rows", [row.code for row in table.rows])
        for code in rows:
            if code in entry.get("except_rows", ()):
                continue
            for column in entry.get("columns", ()) or entry["ledger"]["columns"]:
                fills.setdefault((code, column), []).append(_fill(file, table, entry, code, column))
    return fills


def _fill(file: Path, table: Table, entry: dict[str, Any], row: str, column: int) -> Fill:
    if "opening" in entry:
        return Fill("opening", source=f"{table.id}.r{row}.{entry['opening']}")
    if "running" in entry:
        return Fill("running", source=f"{table.id}.r{row}.{entry['running']}")
    if "register" in entry:
        return Fill("register", source=entry["register"])
    if "formula" in entry:
        return Fill("formula", terms=_terms(file, table, entry["formula"], row=row, column=column))
    if "ledger" in entry:
        return Fill("ledger", source="ledger", derivation=_derivation(entry["ledger"], row, column))
    raise SchemaError(file, "fill", entry, ("opening", "running", "register", "formula", "ledger"))


def _derivation(raw: dict[str, Any], row: str, column: int) -> Derivation:
    """``by``: the ledger's column with the code of the row; ``columns``: column of the table → the ledger's that is
    added up, 0: lines are counted, ``{flag: 13}``: counted where it is 1."""
    adds = raw["columns"][column]
    flags = [adds["flag"]] if isinstance(adds, dict) else []
    return Derivation(
        "ledger",
        adds=0 if isinstance(adds, dict) else adds,
        equals=((raw["by"], row),) if "by" in raw else (),
        flags=tuple([raw["flag"], *flags] if "flag" in raw else flags),
        named=(raw["named"],) if "named" in raw else (),
    )


def _terms(file: Path, table: Table, text: str, *, row: str, column: int) -> tuple[Term, ...]:
    """``sum(r02:r06) + r11`` read once per column, or ``c1 + c2 - c3`` once per row."""
    terms, position = [], 0
    while position < len(text):
        match = _TERM.match(text, position)
        if not match:
            raise SchemaError(file, "fill.formula", text, "sums of r02, c1 and sum(r02:r06)")
        sign, first, last, single = match.groups()
        start, stop = single or first, single or last
        names = [f"{start[0]}{n:02d}" if start[0] == "r" else f"c{n}" for n in range(int(start[1:]), int(stop[1:]) + 1)]
        ids = tuple(f"{table.id}.{name}.c{column}" if name[0] == "r" else f"{table.id}.r{row}.{name}" for name in names)
        terms.append(Term(-1 if sign == "-" else 1, ids))
        position = match.end()
    return tuple(terms)
