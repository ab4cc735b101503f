"""The rule catalogue: as data, and as the page docs/审核关系目录.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jinguo.errors import Refused
from jinguo.forms.load import form_for, load_forms
from jinguo.forms.model import UNIT_TYPE_NAMES, Form
from jinguo.periods import Period
from jinguo.rules.catalogue import FROM_READING, Rule, as_json, load_rules
from jinguo.rules.describe import describe
from jinguo.rules.findings import SEVERITY_NAMES
from jinguo.settings import Settings

_FREQUENCIES = {"monthly": "月", "quarterly": "季", "annual": "年"}
_COLUMNS = ("编号", "类别", "级别", "适用单位", "期别", "执行期", "审核关系", "怎么办", "依据")
_HEAD = """# 审核关系目录

> 本页由 `python -m jinguo rules --markdown > docs/审核关系目录.md` 从 `schemas/rules/` 生成，不要手改。

共 {count} 条。**强制**：不改正不能审定；**核实**：改正，或写明情况说明（不少于10个字）由审核人审定；**提示**：供知悉。
不适用（—）的格按0参加计算；空格、读不出的数不参加审核，由完整性审核指出；没有上期审定数的，跨期审核不执行。
"""


def catalogue(settings: Settings, table: str | None = None) -> list[dict[str, Any]]:
    """One row per rule, in the order of the files; those of one table where ``table`` is given."""
    rulebook = load_rules(settings.schemas)
    form = form_for(settings.schemas, Period.of_date(settings.now().date()))
    known = [item.id for item in form.tables] + ["cover"]
    if table is not None and table not in known:
        raise Refused(f"--table {table}: no such table (tables: {', '.join(known)})")
    rules = rulebook.rules if table is None else rulebook.for_table(table)
    return [as_json(rule) for rule in rules]


def catalogue_page(settings: Settings) -> str:
    """The whole catalogue in Chinese as Markdown: table by table, then what concerns a file as a whole."""
    rules = load_rules(settings.schemas).rules
    form = load_forms(settings.schemas)[-1]
    parts = [_HEAD.format(count=len(rules))]
    for title, chosen in _sections(rules, form):
        parts.append(f"\n## {title}（{len(chosen)}条）\n\n" + "\n".join(_table(chosen)) + "\n")
    return "".join(parts)


def _sections(rules: Iterable[Rule], form: Form) -> Iterator[tuple[str, list[Rule]]]:
    checked = [rule for rule in rules if rule.builtin != FROM_READING]
    titles = {"cover": form.cover_sheet} | {table.id: f"{table.sheet} {table.title}" for table in form.tables}
    for table, title in titles.items():
        yield title, [rule for rule in checked if rule.table == table]
    yield "各表通用、跨表和上下级", [rule for rule in checked if not rule.table]
    yield "文件、工作表和单元格的读取", [rule for rule in rules if rule.builtin == FROM_READING]


def _table(rules: Iterable[Rule]) -> Iterator[str]:
    yield "| " + " | ".join(_COLUMNS) + " |"
    yield "|" + "---|" * len(_COLUMNS)
    for rule in rules:
        types = [name for unit_type, name in UNIT_TYPE_NAMES.items() if rule.scope and unit_type in rule.scope]
        cells = (
            rule.id,
            rule.kind,
            SEVERITY_NAMES[rule.severity] + (f"（{rule.blocks_from}起；此前核实）" if rule.blocks_from else ""),
            "、".join(types) or "全部",
            _FREQUENCIES[rule.frequency],
            f"{rule.applies_from}起" + (f"至{rule.applies_to}" if rule.applies_to else ""),
            rule.text or describe(rule),
            rule.fix_hint,
            rule.source,
        )
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
