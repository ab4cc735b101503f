"""The pages of Data Docs: what Great Expectations hands over → HTML that opens without a network.

Great Expectations finds these classes by name (``expectations._site``): a renderer makes a Page of a suite, a result or
the index, PageView writes it. Rule ids, relations, counts and unit codes stand here and nothing out of a report.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from jinguo.rules.findings import SEVERITY_NAMES
from jinguo.settings import TIMEZONE

_TITLES = {"warehouse": "数据库自检"}
_RULES_TITLE = "审核关系"
_WHOLE_FILE = "整份报表"
_FOOTER = (
    "由 Great Expectations 按规则库校验已审定数据后生成；只列规则、数量和单位代码。"
    "缺少所需的数（例如没有上期数）时该单位不检，不算不成立。"
)
_OUTCOMES = {"holds": "成立", "fails": "不成立", "idle": "本期不检"}
_STYLE = """
body{font:14px/1.6 "Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei",sans-serif;color:#1f2933;margin:0}
body{background:#f5f6f8}main{max-width:1180px;margin:0 auto;padding:20px 28px 48px;background:#fff;min-height:100vh}
h1{font-size:22px;margin:6px 0 12px}h2{font-size:16px;margin:26px 0 6px;padding-left:8px;border-left:4px solid #b3261e}
nav{color:#6b7785}a{color:#1a56b0;text-decoration:none}a:hover{text-decoration:underline}
dl{display:flex;flex-wrap:wrap;gap:10px 34px;margin:0 0 6px}dt{color:#6b7785;font-size:12px}
dd{margin:0;font-size:17px}table{border-collapse:collapse;width:100%}
th{background:#eef0f3;text-align:left;font-weight:600;white-space:nowrap}
th,td{border:1px solid #d9dde3;padding:4px 8px;vertical-align:top}
td:nth-child(-n+3){white-space:nowrap}td.number{text-align:right;white-space:nowrap}td.codes{font-size:12px}
.holds{color:#1c7c3c}.fails{color:#b3261e;font-weight:600}.idle{color:#8a94a0}tr.broken td{background:#fdf0ef}
tr:has(th:nth-child(7)) th:nth-child(4){width:52%}
footer{color:#8a94a0;font-size:12px;margin-top:28px}@media print{body{background:#fff}main{padding:0}}
"""


@dataclass(frozen=True)
class Link:
    """Text that leads to another page of the same folder."""

    text: str
    href: str


@dataclass(frozen=True)
class Mark:
    """Text in the look of a class: ``holds``, ``fails``, ``idle``, ``number``, ``codes``."""

    text: str
    look: str


Cell = str | Link | Mark


@dataclass(frozen=True)
class Section:
    """One table. A row whose first cell is a failing Mark stands out."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Page:
    """``way``: the links above the title. ``facts``: what is said in large type below it."""

    title: str
    way: Sequence[Link] = ()
    facts: Sequence[tuple[str, Cell]] = ()
    sections: Sequence[Section] = field(default_factory=tuple)


class ValidationPage:
    """The page of one validation: what does not hold first, then everything by table."""

    def render(self, results: Any) -> Page:
        run = _run(results.meta["run_id"])
        lines = [_Line.of(result) for result in results.results]
        failing = [line for line in lines if line.outcome == "fails"]
        header = ("结果", "编号", "级别", "应当成立的关系", "应检单位", "不成立", "不成立的单位")
        sections = [Section("不成立的", header, [line.cells for line in failing])] if failing else []
        for place in dict.fromkeys(line.place for line in lines):
            sections.append(Section(place, header, [line.cells for line in lines if line.place == place]))
        verdict = Mark(f"{len(failing)}条不成立", "fails") if failing else Mark("全部成立", "holds")
        return Page(
            f"{run.name} {_title(results.suite_name)}",
            (Link("全部校验", "../../../../../index.html"), Link(run.name, "../../../../index.html")),
            (
                ("结论", verdict),
                ("检查", f"{len(lines)}条"),
                ("单位", str(max((line.count for line in lines), default=0))),
                ("校验时间", run.time),
            ),
            sections,
        )


class SuitePage:
    """The page of a suite: what is expected of every period."""

    def render(self, suite: Any) -> Page:
        rows = [
            (e.rule_id, SEVERITY_NAMES[e.meta["severity"]], _place(e.meta), e.description, e.meta["source"])
            for e in suite.expectations
        ]
        facts = [("检查", f"{len(rows)}条")]
        if "form_version" in (suite.meta or {}):
            facts.append(("报表制度", f"{suite.meta['form']} {suite.meta['form_version']}"))
            facts.append(("规则文件指纹", suite.meta["rules"][:12]))
        section = Section("应当成立的关系", ("编号", "级别", "表", "关系", "出处"), rows)
        return Page(f"{_title(suite.name)}（{suite.name}）", (Link("返回", "../index.html"),), facts, [section])


class IndexPage:
    """The first page of a period's folder."""

    def render(self, links: Mapping[str, Any]) -> Page:
        validations = links.get("validations_links", [])
        suites = sorted(links.get("expectations_links", []), key=lambda link: link["expectation_suite_name"])
        rows = []
        for link in sorted(validations, key=lambda link: link["expectation_suite_name"]):
            outcome = "holds" if link["validation_success"] else "fails"
            text = "全部成立" if link["validation_success"] else "有不成立的"
            title = _title(link["expectation_suite_name"])
            time = _run({"run_name": link["run_name"], "run_time": link["run_time"]}).time
            rows.append((Mark(text, outcome), Link(title, link["filepath"]), time))
        listed = [
            (Link(_title(s["expectation_suite_name"]), s["filepath"]), s["expectation_suite_name"]) for s in suites
        ]
        return Page(
            f"{links['site_name']} 校验结果",
            (Link("全部校验", "../index.html"),),
            (),
            [
                Section("校验", ("结果", "内容", "校验时间"), rows),
                Section("期望（每期相同）", ("内容", "名称"), listed),
            ],
        )


class PageView:
    """A Page as one HTML file that carries its own style."""

    def render(self, page: Page, **_: Any) -> str:
        way = " › ".join(_html(link) for link in page.way)
        facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{_html(value)}</dd></div>" for name, value in page.facts)
        body = "\n".join(_section(section) for section in page.sections)
        return (
            f'<!DOCTYPE html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(page.title)}</title>'
            f"<style>{_STYLE}</style></head>\n<body><main><nav>{way}</nav><h1>{escape(page.title)}</h1>"
            f"<dl>{facts}</dl>\n{body}\n<footer>{_FOOTER}</footer></main></body></html>\n"
        )


def overview_page(results: Iterable[Mapping[str, Any]]) -> str:
    """All periods validated so far, newest first. ``results``: what ``validate_period`` returned, ``at`` with it."""
    rows = []
    for result in sorted(results, key=lambda result: result["period"], reverse=True):
        failed = result["failed"]
        mark = Mark(f"{len(failed)}条不成立", "fails") if failed else Mark("全部成立", "holds")
        link = Link(result["period"], f"{result['period']}/index.html")
        numbers = [Mark(str(result[name]), "number") for name in ("submissions", "expectations")]
        rows.append((mark, link, result["at"], *numbers, Mark("、".join(failed), "codes")))
    header = ("结果", "报告期", "校验时间", "已审定报送件", "检查", "不成立的编号")
    return PageView().render(Page("月报数据校验（Data Docs）", sections=[Section("报告期", header, rows)]))


@dataclass(frozen=True)
class _Line:
    """One expectation's result as a row."""

    outcome: str
    place: str
    count: int
    cells: Sequence[Cell]

    @classmethod
    def of(cls, result: Any) -> _Line:
        config, counts = result.expectation_config, result.result
        count, failing = counts["element_count"], counts["unexpected_count"]
        outcome = "fails" if failing else "holds" if count else "idle"
        codes = " ".join(counts["partial_unexpected_list"])
        more = " …" if failing > len(counts["partial_unexpected_list"]) else ""
        cells = (
            Mark(_OUTCOMES[outcome], outcome),
            config.kwargs["rule_id"],
            SEVERITY_NAMES[config.meta["severity"]],
            config.description,
            Mark(str(count), "number"),
            Mark(str(failing) if failing else "", "number"),
            Mark(codes + more, "codes"),
        )
        return cls(outcome, _place(config.meta), count, cells)


@dataclass(frozen=True)
class _Run:
    name: str
    time: str


def _run(run_id: Any) -> _Run:
    """Name and local time of a run, whether it has been through a store or not."""
    known = run_id if isinstance(run_id, Mapping) else {"run_name": run_id.run_name, "run_time": run_id.run_time}
    time = known["run_time"]
    moment = time if isinstance(time, dt.datetime) else dt.datetime.fromisoformat(time)
    return _Run(known["run_name"], f"{moment.astimezone(TIMEZONE):%Y-%m-%d %H:%M}")


def _title(suite_name: str) -> str:
    return _TITLES.get(suite_name, _RULES_TITLE)


def _place(meta: Mapping[str, str]) -> str:
    return meta["place"] or _WHOLE_FILE


def _section(section: Section) -> str:
    header = "".join(f"<th>{escape(name)}</th>" for name in section.header)
    rows = "\n".join(_row(row) for row in section.rows)
    title = f"<h2>{escape(section.title)}</h2>"
    return f"{title}\n<table><thead><tr>{header}</tr></thead>\n<tbody>{rows}</tbody></table>"


def _row(cells: Sequence[Cell]) -> str:
    is_failing = isinstance(cells[0], Mark) and cells[0].look == "fails"
    texts = "".join(f'<td class="{cell.look if isinstance(cell, Mark) else ""}">{_html(cell)}</td>' for cell in cells)
    return f'<tr class="{"broken" if is_failing else ""}">{texts}</tr>'


def _html(cell: Cell) -> str:
    if isinstance(cell, Link):
        return f'<a href="{escape(cell.href)}">{escape(cell.text)}</a>'
    if isinstance(cell, Mark):
        return f'<span class="{cell.look}">{escape(cell.text)}</span>'
    return escape(cell)
