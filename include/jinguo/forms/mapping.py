"""schemas/forms/<form>/<version>/from_<older>.yaml: what became of the cells of an older version of a form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinguo.errors import SchemaError
from jinguo.forms.documents import read_yaml
from jinguo.forms.model import Form, Table
from jinguo.periods import Period


@dataclass(frozen=True)
class TableMap:
    """Old row code and column number → new; one that the new version does not ask any more is absent."""

    table: str
    rows: Mapping[str, str]
    columns: Mapping[int, int]


@dataclass(frozen=True)
class FormMapping:
    """``tables`` by the old table's id. ``last_period``: the last for which a report on the old version is taken."""

    old: Form
    new: Form
    last_period: Period | None = None
    tables: Mapping[str, TableMap] = field(default_factory=dict)

    def cell_id(self, old_id: str) -> str:
        """The id that a cell of the old version has now; "" where it has none."""
        table_id, _, place = old_id.partition(".")
        row, _, column = place.rpartition(".c")
        table = self.tables.get(table_id)
        if table is None or not column.isdigit():
            return "" if table_id in self.old.table_by_id else old_id  # the cover stays the cover
        code = row if row.startswith("n") else f"r{table.rows[row[1:]]}" if row[1:] in table.rows else ""
        number = table.columns.get(int(column))
        return f"{table.table}.{code}.c{number}" if code and number else ""


def read_mapping(file: Path, forms: Sequence[Form]) -> FormMapping:
    """The mapping in ``file``; SchemaError names table and key where the two versions do not fit."""
    raw = read_yaml(file)
    versions = {form.version: form for form in forms if form.id == raw["form"]}
    for key, version in (("from_version", raw["from_version"]), ("(folder)", file.parent.name)):
        if version not in versions:
            raise SchemaError(file, key, version, sorted(versions))
    old, new = versions[raw["from_version"]], versions[file.parent.name]
    last = Period.parse(raw["last_period"]) if raw["last_period"] else None
    mapping = FormMapping(old, new, last, dict(_tables(file, raw["tables"], old, new)))
    _demand_same_units(file, mapping)
    return mapping


def connect(forms: Sequence[Form], mappings: Sequence[FormMapping]) -> None:
    """Tells every version what the cells of the other versions of its form are called in it.

    From version to version as the mapping between them says; where there is none, a row is the row of the same
    indicator and a column that of the same name: a code that came to mean something else is never taken for the same.
    """
    written = {(mapping.old.id, mapping.old.version, mapping.new.version): mapping for mapping in mappings}
    for mapping in mappings:
        mapping.new.mappings.append(mapping)
    for place, old in enumerate(forms):
        names = {cell.id: cell.id for cell in old.cells}
        before = old
        for new in forms[place + 1 :]:
            if new.id != old.id:
                continue
            step = written.get((old.id, before.version, new.version)) or implied_mapping(before, new)
            names = {cell_id: name and step.cell_id(name) for cell_id, name in names.items()}
            direct = written.get((old.id, old.version, new.version))
            if direct is not None:
                names = {cell_id: direct.cell_id(cell_id) for cell_id in names}
            new.names_of[old.version] = dict(names)
            back = {name: cell_id for cell_id, name in names.items() if name}
            old.names_of[new.version] = {cell.id: back.get(cell.id, "") for cell in new.cells}
            before = new


def implied_mapping(old: Form, new: Form) -> FormMapping:
    """What two versions have in common by name: rows by indicator, columns by label, both by unit of measure too."""
    tables = {}
    for table in old.tables:
        target = new.table_by_id.get(table.id)
        if target is not None and target.kind == table.kind:
            rows = _same(
                {row.code: (row.indicator, row.unit) for row in table.rows},
                {row.code: (row.indicator, row.unit) for row in target.rows},
            )
            columns = _same(
                {column.number: (column.label, column.unit) for column in table.columns},
                {column.number: (column.label, column.unit) for column in target.columns},
            )
            tables[table.id] = TableMap(target.id, rows, columns)
    return FormMapping(old, new, None, tables)


def _same(old: Mapping[Any, object], new: Mapping[Any, object]) -> dict[Any, Any]:
    """Old place → new place of the same name; a name that stands more than once says nothing."""
    counts = Counter(old.values()), Counter(new.values())
    where = {name: place for place, name in new.items()}
    return {place: where[name] for place, name in old.items() if all(count[name] == 1 for count in counts)}


def _tables(file: Path, raw: Mapping[str, Any], old: Form, new: Form) -> Iterator[tuple[str, TableMap]]:
    for key in raw:
        if key not in old.table_by_id:
            raise SchemaError(file, "tables", key, list(old.table_by_id))
    for table in old.tables:
        said = raw.get(table.id, {})
        if said is None:
            continue  # not asked any more
        target = new.table_by_id.get(said.get("to", table.id))
        if target is None or target.kind != table.kind:
            raise SchemaError(file, f"{table.id}.to", said.get("to", table.id), list(new.table_by_id))
        yield table.id, TableMap(target.id, _rows(file, table, target, said), _columns(file, table, target, said))


def _rows(file: Path, old: Table, new: Table, said: Mapping[str, Any]) -> dict[str, str]:
    labels, now = {row.code: row.label for row in old.rows}, {row.code: row.label for row in new.rows}
    named = said.get("rows", {})
    return _pairs(file, f"{old.id}.rows", labels, now, named)


def _columns(file: Path, old: Table, new: Table, said: Mapping[str, Any]) -> dict[int, int]:
    labels, now = ({column.number: column.label for column in table.columns} for table in (old, new))
    return _pairs(file, f"{old.id}.columns", labels, now, said.get("columns", {}))


def _pairs(file: Path, key: str, old: Mapping[Any, str], new: Mapping[Any, str], named: Mapping[Any, Any]) -> dict:
    """What is not named stays where it is and must be called the same there; each new place is meant once."""
    for place in named:
        if place not in old:
            raise SchemaError(file, key, place, list(old))
    pairs = {place: named.get(place, place) for place in old if named.get(place, place) is not None}
    for place, now in pairs.items():
        if now not in new:
            raise SchemaError(file, f"{key}.{place}", now, list(new))
        if place not in named and old[place] != new[now]:
            raise SchemaError(file, f"{key}.{place}", old[place], f"{new[now]!r}, or where it went, or null")
    for now in pairs.values():
        if list(pairs.values()).count(now) > 1:
            raise SchemaError(file, key, now, "each new place once")
    return pairs


def _demand_same_units(file: Path, mapping: FormMapping) -> None:
    """A figure moves as it stands: its unit of measure must be the same."""
    for cell in mapping.old.cells:
        now = mapping.new.cell_by_id.get(mapping.cell_id(cell.id))
        if now is not None and now.unit != cell.unit:
            raise SchemaError(file, cell.id, cell.unit, f"{now.unit!r}, the unit of {now.id}")
