"""schemas/rules → RuleBook. A mistake in a file stops with file, rule, key, value and what is accepted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from jinguo.errors import SchemaError
from jinguo.forms.documents import read_yaml
from jinguo.forms.load import load_forms
from jinguo.forms.model import UNIT_TYPES, Form, Table
from jinguo.periods import Period
from jinguo.rules.binding import Part, Surroundings, bind, bind_place, names_read
from jinguo.rules.describe import describe
from jinguo.rules.findings import SEVERITIES
from jinguo.rules.language import LanguageError
from jinguo.rules.messages import (
    CHECK_NAMES,
    COMMON_NAMES,
    COMPARISON_NAMES,
    PLACE_NAMES,
    Template,
    has_ratio,
    has_sides,
    parse_template,
)

FREQUENCIES = ("monthly", "quarterly", "annual")
NOT_CHECKED = "text"  # a record that only the catalogue shows
FROM_READING = "reading"  # a record that words what reading has seen
BUILTIN_NAMES: dict[str, tuple[str, ...]] = {  # builtin → the names its messages may use besides the common ones
    FROM_READING: (*PLACE_NAMES, "place"),
    NOT_CHECKED: (),
    "unit_identity": ("name", "code", "expected"),
    "cover_signed": ("field",),
    "cover_phone": ("reason",),
    "cover_date": ("reason",),
    "late_date": ("deadline", "days"),
    "blank_cells": (*PLACE_NAMES, "place", "zero", "ask"),
    "negative": (*PLACE_NAMES, "place"),
    "whole_numbers": (*PLACE_NAMES, "place"),
    "decimals": (*PLACE_NAMES, "place", "decimals"),
    "na_filled": (*PLACE_NAMES, "place"),
    "na_level_filled": (*PLACE_NAMES, "place", "unit_type"),
    "zero_table": (),
    "correction_reason": ("version",),
    "file_name": ("expected",),
    "mail_sender": ("sender",),
    "ticked_filled": (*PLACE_NAMES, "place"),
    "demo_county": ("line", "county", "expected"),
    "demo_code": ("line", "reason"),
    "festival_month": ("festival_month",),
    "repeated_report": ("earlier", "same", "compared"),
    "still_stock": (*PLACE_NAMES, "place", "earlier"),
    "unit_jump": (*PLACE_NAMES, "place", "times", "before"),
    "swapped_rows": (*PLACE_NAMES, "place", "other"),
    "own_outlier": (*PLACE_NAMES, "place", "usual", "months"),
    "changed_communities": ("gone", "new"),
    "round_numbers": ("counted", "reason"),
    "peer_ratio": (*PLACE_NAMES, "place", "ratio", "middle", "peers"),
    "peer_outlier": (*PLACE_NAMES, "place", "per", "ratio", "middle", "peers"),
    "copied_from_peer": (*PLACE_NAMES, "place", "peer"),
    "same_event": (*PLACE_NAMES, "place", "first"),
    "recipient_names": (*PLACE_NAMES, "place"),
    "other_levels": (*PLACE_NAMES, "place"),
    "roll_up": (*PLACE_NAMES, "place", "total", "difference", "count", "remark", "units"),
    "persons_below": (*PLACE_NAMES, "place", "total", "difference", "count", "remark", "units"),
    "communities_below": ("absent", "extra", "remark"),
    "absent_below": (*PLACE_NAMES, "place", "absent"),
    "one_owner": ("line", "town", "reason"),
    "attachment_counts": (*PLACE_NAMES, "place", "kind", "listed", "figure"),
    "misplaced_block": ("table_sheet", "what", "advice", "count", "all"),
    "misread_unit": ("table_sheet", "what", "advice", "count", "all"),
    "blank_table": ("table_sheet", "count"),
    "provincial_communities": ("count",),
    "direct_sum": (*PLACE_NAMES, "place", "total", "difference", "units"),
}
OF_FINDINGS = ("misplaced_block", "misread_unit", "blank_table")  # about a report's other findings: rules/suspected.py
OF_PROVINCE = ("provincial_communities", "direct_sum")  # of the consolidated figures, not of a report
ELSEWHERE = (FROM_READING, NOT_CHECKED, *OF_FINDINGS, *OF_PROVINCE)  # not run over reports
LOOKING_BACK = ("still_stock", "own_outlier")
LOOKING_AROUND = ("peer_ratio", "peer_outlier", "copied_from_peer")
_REQUIRED = ("id", "kind", "severity", "applies_from", "message", "source")
_PART_KEYS = ("rows", "columns", "each", "when", "check", "place")
_KEYS = (
    *("id", "kind", "severity", "blocks_from", "table", "scope", "frequency", "applies_from", "applies_to"),
    *(*_PART_KEYS, "checks"),
    *("builtin", "options", "details", "text", "message", "fix_hint", "source"),
)
_ROW_RANGE = re.compile(r"(\d\d)(?::(\d\d))?")


@dataclass(frozen=True, eq=False)
class Rule:
    """One record. ``scope`` None: every unit type. ``parts``: its checks, none for a builtin. ``form``: the newest
    version that it is read for; in older ones it is about the same cells.

    ``applies_to``: its last period, None while it lasts. ``blocks_from``: an error from then on, before that a query.
    """

    id: str
    form: Form
    kind: str
    severity: str
    table: str
    scope: frozenset[str] | None
    frequency: str
    applies_from: Period
    check: str
    builtin: str
    text: str
    message: str
    fix_hint: str
    source: str
    parts: tuple[Part, ...]
    template: Template
    options: Mapping[str, Any]
    applies_to: Period | None = None
    blocks_from: Period | None = None

    @property
    def names_read(self) -> set[str]:
        """The cells that its checks read, and ``t05.n*.c4`` for a column of a list table."""
        return names_read(self.parts, self.form)

    def severity_in(self, period: Period) -> str:
        """How grave a failure is in a period."""
        return "query" if self.blocks_from and period < self.blocks_from else self.severity

    def applies(self, unit_type: str, period: Period) -> bool:
        """Whether the rule is read at all for a unit type in a period; quarterly and annual ones at their ends."""
        due = {"monthly": True, "quarterly": period.is_quarter_end, "annual": period.month == 12}[self.frequency]
        return due and self.is_in_force(period) and (self.scope is None or unit_type in self.scope)

    def is_in_force(self, period: Period) -> bool:
        return self.applies_from <= period and (self.applies_to is None or period <= self.applies_to)


@dataclass(frozen=True, eq=False)
class RuleBook:
    """All rules, in the order of the files. ``compiled`` is the engine's, by form, unit type and period."""

    rules: tuple[Rule, ...]
    digest: str
    compiled: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    def for_table(self, table_id: str) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.table == table_id)

    @cached_property
    def history_cells(self) -> tuple[str, ...]:
        """The cells whose earlier months some rule asks for (``options: cells``)."""
        return self._cells_of(LOOKING_BACK)

    @cached_property
    def peer_cells(self) -> tuple[str, ...]:
        """The cells in which some rule looks at the neighbours."""
        return self._cells_of(LOOKING_AROUND)

    def _cells_of(self, builtins: Sequence[str]) -> tuple[str, ...]:
        options = [rule.options for rule in self.rules if rule.builtin in builtins]
        per = (known["per"] for known in options if "per" in known)
        return tuple(dict.fromkeys([*(cell_id for known in options for cell_id in known["cells"]), *per]))

    def fingerprint(self) -> str:
        """sha256 of the rule files: changes when any rule does."""
        return self.digest


@lru_cache(maxsize=8)
def load_rules(schemas: Path) -> RuleBook:
    """Every rule in ``schemas/rules``, checked against the forms; SchemaError names file, rule, key and value."""
    return read_rules(sorted((schemas / "rules").glob("*.yaml")), load_forms(schemas))


def read_rules(files: Sequence[Path], forms: Sequence[Form]) -> RuleBook:
    """The rules of some files, for example of one that is not in force yet; ``forms``: every version, oldest first."""
    rules: list[Rule] = []
    seen: dict[str, Path] = {}
    for path in files:
        records = read_yaml(path)
        if not isinstance(records, list):
            raise SchemaError(path, "(file)", type(records).__name__, "a list of rules")
        for raw in records:
            if not isinstance(raw, dict):
                raise SchemaError(path, "(file)", raw, "a list of rules, each with id, kind, severity …")
            rule = _rule(path, raw, forms)
            if rule.id in seen:
                raise SchemaError(path, "id", rule.id, f"an id that {seen[rule.id].name} does not have already")
            seen[rule.id] = path
            rules.append(rule)
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
    return RuleBook(tuple(rules), digest)


def as_json(rule: Rule) -> dict[str, Any]:
    """A row of ``rules --json``. ``text`` is the relation as printed, ``expression`` what is executed."""
    return {
        "rule_id": rule.id,
        "kind": rule.kind,
        "severity": rule.severity,
        "scope": "all" if rule.scope is None else [name for name in UNIT_TYPES if name in rule.scope],
        "period": rule.frequency,
        "expression": rule.check or f"builtin: {rule.builtin}",
        "text": rule.text or describe(rule),
    }


def _rule(path: Path, raw: dict[str, Any], forms: Sequence[Form]) -> Rule:
    name = str(raw.get("id", "(no id)"))
    _check_record(path, name, raw)
    builtin, scope = raw.get("builtin", ""), raw.get("scope")
    *earlier, form = _versions(path, name, raw, forms)
    _check_places(path, name, raw, form)
    sources = raw.get("checks") or ([{key: raw[key] for key in _PART_KEYS if key in raw}] if not builtin else [])
    parts, surroundings = _parts(path, name, raw.get("table", ""), sources, form)
    rule = Rule(
        id=name,
        form=form,
        kind=raw["kind"],
        severity=raw["severity"],
        table=raw.get("table", ""),
        scope=None if scope is None else frozenset(scope),
        frequency=raw.get("frequency", "monthly"),
        applies_from=_period(path, name, "applies_from", raw["applies_from"]),
        applies_to=_period(path, name, "applies_to", raw["applies_to"]) if "applies_to" in raw else None,
        blocks_from=_period(path, name, "blocks_from", raw["blocks_from"]) if "blocks_from" in raw else None,
        check="; ".join(source["check"] for source in sources),
        builtin=builtin,
        text=raw.get("text", ""),
        message=raw["message"],
        fix_hint=raw.get("fix_hint", ""),
        source=raw["source"],
        parts=parts,
        template=_template(path, name, raw, parts, surroundings),
        options=raw.get("options", {}),
    )
    for version in earlier:
        _demand_same_cells(path, rule, version)
    return rule


def _versions(path: Path, name: str, raw: dict[str, Any], forms: Sequence[Form]) -> list[Form]:
    """The versions of the form that are in force while a record is, oldest first; at least the newest of all."""
    first = _period(path, name, "applies_from", raw["applies_from"])
    last = _period(path, name, "applies_to", raw["applies_to"]) if "applies_to" in raw else None
    found = [
        form
        for form in forms
        if (form.valid_to is None or first <= form.valid_to) and (last is None or form.valid_from <= last)
    ]
    return found or [forms[-1]]


def _named_in(options: Mapping[str, Any]) -> list[str]:
    """The cells that a record's options name."""
    kinds = [cell_id for cell_ids in options.get("kinds", {}).values() for cell_id in cell_ids]
    return [*options.get("cells", ()), *(options[key] for key in ("cell", "per") if key in options), *kinds]


def _demand_same_cells(path: Path, rule: Rule, earlier: Form) -> None:
    """A record is about the same cells in every version that it is read for: codes may have come to mean others."""
    cells = {*rule.names_read, *_named_in(rule.options)} & rule.form.cell_by_id.keys()
    moved = sorted(cell for cell in cells if earlier.here(rule.form.version, cell) != cell)
    if moved:
        accepted = (
            f"cells that are the same in version {earlier.version} of the form, in force to {earlier.valid_to}: "
            f"end this record with it, and begin another id with {rule.form.valid_from}"
        )
        raise SchemaError(path, f"{rule.id}.applies_from", moved[0], accepted)


def _check_record(path: Path, name: str, raw: dict[str, Any]) -> None:
    """Keys and closed values of a record; SchemaError names the first that is wrong."""

    def accept(key: str, value: Any, accepted: Iterable[Any]) -> None:
        if value not in accepted:
            raise SchemaError(path, f"{name}.{key}", value, accepted)

    for key in raw:
        accept("key", key, _KEYS)
    for key in _REQUIRED:
        if not raw.get(key):
            raise SchemaError(path, f"{name}.{key}", raw.get(key), "a text")
    accept("severity", raw["severity"], SEVERITIES)
    if "blocks_from" in raw and raw["severity"] != "error":
        raise SchemaError(path, f"{name}.blocks_from", raw["blocks_from"], "severity: error, which it postpones")
    accept("frequency", raw.get("frequency", "monthly"), FREQUENCIES)
    for unit_type in raw.get("scope") or ():
        accept("scope", unit_type, UNIT_TYPES)
    if "builtin" in raw:
        accept("builtin", raw["builtin"], BUILTIN_NAMES)
    if ("builtin" in raw) == ("check" in raw or "checks" in raw):
        raise SchemaError(path, f"{name}.check", raw.get("check"), "either check (or checks) or builtin")


def _check_places(path: Path, name: str, raw: dict[str, Any], form: Form) -> None:
    """The table of a record and the cells that its options name."""
    tables = ["", "cover", *form.table_by_id]
    if raw.get("table", "") not in tables:
        raise SchemaError(path, f"{name}.table", raw["table"], tables)
    for cell_id in _named_in(raw.get("options", {})):
        if cell_id not in form.cell_by_id:
            raise SchemaError(path, f"{name}.options.cells", cell_id, form.cell_by_id)


def _period(path: Path, name: str, key: str, text: str) -> Period:
    try:
        return Period.parse(str(text))
    except ValueError:
        raise SchemaError(path, f"{name}.{key}", text, 'a month such as "2026-01"') from None


def _parts(
    path: Path, name: str, table: str, sources: Sequence[dict[str, Any]], form: Form
) -> tuple[tuple[Part, ...], list[Surroundings]]:
    parts, surroundings = [], []
    for source in sources:
        for key in source:
            if key not in _PART_KEYS:
                raise SchemaError(path, f"{name}.checks", key, _PART_KEYS)
        around = _surroundings(path, name, table, source, form)
        texts = {key: source[key] for key in ("check", "when", "place") if key in source}
        nodes: dict[str, Any] = {}
        for key, text in texts.items():
            try:
                nodes[key] = bind_place(text, around) if key == "place" else bind(text, around)
            except LanguageError as error:
                raise SchemaError(path, f"{name}.{key}", text, error.advice) from None
        parts.append(Part(**nodes, rows=around.rows, columns=around.columns, each=around.each))
        surroundings.append(around)
    return tuple(parts), surroundings


def _surroundings(path: Path, name: str, table_id: str, source: dict[str, Any], form: Form) -> Surroundings:
    each = source.get("each", "")
    lists = [table.id for table in form.tables if table.kind == "list"]
    if each and each not in lists:
        raise SchemaError(path, f"{name}.each", each, lists)
    rows, columns = source.get("rows", ()), tuple(source.get("columns", ()))
    if (rows or columns) and table_id not in form.table_by_id:
        raise SchemaError(path, f"{name}.table", table_id, "the table that rows and columns belong to")
    if rows or columns:
        table = form.table_by_id[table_id]
        rows = _rows(path, name, table, rows)
        for column in columns:
            if column not in range(1, len(table.columns) + 1):
                raise SchemaError(path, f"{name}.columns", column, f"columns 1–{len(table.columns)} of {table_id}")
    return Surroundings(form, table_id, tuple(rows), columns, each)


def _rows(path: Path, name: str, table: Table, texts: Sequence[str]) -> tuple[str, ...]:
    """Row codes from ``["01:15", "17"]``."""
    known = [row.code for row in table.rows]
    codes: list[str] = []
    for text in texts:
        match = _ROW_RANGE.fullmatch(str(text))
        ends = (match[1], match[2] or match[1]) if match else ()
        if not ends or any(code not in known for code in ends):
            accepted = (
                f"rows {known[0]}–{known[-1]} of {table.id}, or ranges such as 02:06" if known else "a grid table"
            )
            raise SchemaError(path, f"{name}.rows", text, accepted)
        codes += [code for code in known if ends[0] <= code <= ends[1]]
    return tuple(codes)


def _template(
    path: Path, name: str, raw: dict[str, Any], parts: Sequence[Part], surroundings: Sequence[Surroundings]
) -> Template:
    if parts:
        names = set(CHECK_NAMES)
        conditions = [condition for part in parts for condition in part.conditions]
        if not all(has_sides(condition) for condition in conditions):
            names -= set(COMPARISON_NAMES)
        if not all(has_ratio(condition) for condition in conditions):
            names -= {"ratio"}
    else:
        names = {*COMMON_NAMES, *BUILTIN_NAMES[raw["builtin"]], *raw.get("details", ())}
    for key in ("message", "fix_hint"):
        try:
            template = parse_template(raw.get(key, ""), names, surroundings if parts else ())
        except LanguageError as error:
            raise SchemaError(path, f"{name}.{key}", raw[key], error.advice) from None
        if key == "message":
            message = template
    return Template((*message.pieces, *template.pieces))
