"""The rules as Great Expectations: a suite per form version, one validation of a period, Data Docs.

The one module that imports great_expectations; that costs seconds, so import it inside the function that validates.
An expectation's body is what the engine compiled for its rule, run over the rows that Great Expectations was given:
one row per accepted report, one column per cell id, in thousandths. Results are BASIC: counts and the first unit
codes. No figure and no text out of a report goes into them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import great_expectations as gx
import numpy as np
import pandas as pd
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.expectation_configuration import parse_result_format
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.metrics.metric_provider import MetricProvider, metric_value
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import ValidationDependencies

from jinguo.forms.model import Form
from jinguo.rules.batch import ReportBatch, Verdict, repeatable_rules
from jinguo.rules.catalogue import Rule, RuleBook
from jinguo.rules.describe import describe

WAREHOUSE_SUITE = "warehouse"
_VERDICTS, _VERDICT = "jinguo.verdicts", "jinguo.verdict"
_SEVERITIES = {"error": FailureSeverity.CRITICAL, "query": FailureSeverity.WARNING, "info": FailureSeverity.INFO}
_MOST_CODES = 20  # in a result; whoever wants all asks the engine's masks
_PAGES = "jinguo.rules.data_docs"
_OWN_LINE = re.compile(r'File "[^"]*?(jinguo/[^"]+)", line (\d+)')

# Great Expectations knows rows and a rule's id; what the rows are checked against travels beside it.
_batch: ContextVar[ReportBatch] = ContextVar("batch")


class Verdicts(MetricProvider):
    """The engine's masks of all rules over the batch's rows; made once per validation."""

    metric_name = _VERDICTS
    domain_keys = ("batch_id",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805 - the decorator is given the class
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        **_: Any,
    ) -> dict[str, Verdict]:
        rows = execution_engine.get_domain_records(metric_domain_kwargs)
        return _batch.get().judge(rows.to_numpy())


class RuleVerdict(MetricProvider):
    """The masks of one rule; raises what the rule itself raised."""

    metric_name = _VERDICT
    domain_keys = ("batch_id",)
    value_keys = ("rule_id",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        **_: Any,
    ) -> Verdict:
        verdict = metrics[_VERDICTS][metric_value_kwargs["rule_id"]]
        if verdict.error is not None:
            raise verdict.error
        return verdict

    @classmethod
    def _get_evaluation_dependencies(cls, metric: MetricConfiguration, *_: Any, **__: Any) -> dict[str, Any]:
        return {_VERDICTS: MetricConfiguration(_VERDICTS, metric.metric_domain_kwargs)}


class ExpectRuleToHold(BatchExpectation):
    """No report breaks the rule. ``check`` is the rule's expression, read for each of ``rows`` and ``columns``.

    Those two are texts such as ``01,02``: Great Expectations copies every keyword some twenty times over.
    """

    rule_id: str
    table: str = ""
    rows: str = ""
    columns: str = ""
    check: str = ""

    success_keys: ClassVar[tuple[str, ...]] = ("rule_id", "table", "rows", "columns", "check")

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: dict[str, Any] | None = None
    ) -> ValidationDependencies:
        """What the base class finds out by building this expectation's configuration ten times over."""
        verdict = MetricConfiguration(_VERDICT, {"batch_id": self.batch_id}, {"rule_id": self.rule_id})
        wanted = (runtime_configuration or {}).get("result_format", self.result_format)
        return ValidationDependencies({_VERDICT: verdict}, parse_result_format(wanted))

    def _validate(
        self, metrics: dict[str, Verdict], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        verdict = metrics[_VERDICT]
        codes = verdict.codes(_batch.get().codes)
        return {"success": not codes, "result": _basic_result(verdict.applies, codes)}


class ExpectNoContradiction(BatchExpectation):
    """A column of the warehouse's own counts is 0 for every unit."""

    rule_id: str
    column: str

    success_keys: ClassVar[tuple[str, ...]] = ("rule_id", "column")

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        counts = execution_engine.get_domain_records({"batch_id": self.batch_id})[self.column]
        codes = list(counts.index[counts != 0])
        return {"success": not codes, "result": _basic_result(len(counts), codes)}


def _basic_result(count: int, codes: Sequence[str]) -> dict[str, Any]:
    return {
        "element_count": count,
        "unexpected_count": len(codes),
        "unexpected_percent": 100 * len(codes) / count if count else 0.0,
        "partial_unexpected_list": list(codes[:_MOST_CODES]),
    }


def rule_suite(rulebook: RuleBook, form: Form) -> gx.ExpectationSuite:
    """Every rule that can be read again over stored figures, in the order of the tables; one suite a form version."""
    places = ["", "cover", *form.table_by_id]
    rules = sorted(repeatable_rules(rulebook), key=lambda rule: places.index(rule.table))
    expectations = [_rule_expectation(rule, form) for rule in rules]
    meta = {"form": form.id, "form_version": form.version, "rules": rulebook.fingerprint()}
    return gx.ExpectationSuite(name=f"{form.id}-{form.version}", expectations=expectations, meta=meta)


def _rule_expectation(rule: Rule, form: Form) -> ExpectRuleToHold:
    table = form.table_by_id.get(rule.table)
    return ExpectRuleToHold(
        rule_id=rule.id,
        table=rule.table,
        rows=",".join(sorted({row for part in rule.parts for row in part.rows})),
        columns=",".join(str(number) for number in sorted({column for part in rule.parts for column in part.columns})),
        check=rule.check or f"builtin: {rule.builtin}",
        description=rule.text or describe(rule),
        severity=_SEVERITIES[rule.severity],
        meta={
            "severity": rule.severity,
            "place": table.sheet if table else form.cover_sheet if rule.table == "cover" else "",
            "source": rule.source,
        },
    )


def warehouse_suite(contradictions: Mapping[str, tuple[str, str]]) -> gx.ExpectationSuite:
    """``contradictions``: rule id → (column of counts, what must be so)."""
    expectations = [
        ExpectNoContradiction(
            rule_id=rule_id,
            column=column,
            description=relation,
            meta={"severity": "error", "place": "数据库", "source": ""},
        )
        for rule_id, (column, relation) in contradictions.items()
    ]
    return gx.ExpectationSuite(name=WAREHOUSE_SUITE, expectations=expectations)


@dataclass(frozen=True)
class Validated:
    """What one suite said: how many expectations there were; the ids of what does not hold → for how many units."""

    expectations: int
    failed: dict[str, int]


class PeriodValidation:
    """The validation of one period in a data context that lives in memory, and its Data Docs in ``site``.

    Nothing is asked of the network, no statistics are sent, no bar is drawn.
    """

    def __init__(self, name: str, *, at: dt.datetime, site: Path) -> None:
        config = DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            data_docs_sites={"period": _site(name, site)},
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        )
        self._context = gx.get_context(mode="ephemeral", project_config=config)
        self._run_id = RunIdentifier(run_name=name, run_time=at)
        self._source = self._context.data_sources.add_pandas("warehouse")

    def check_reports(self, batch: ReportBatch, numbers: np.ndarray) -> Validated:
        """One validation of all reports. ``numbers``: (reports, cells) thousandths, NaN where there is none."""
        rows = pd.DataFrame(
            numbers, pd.Index(batch.codes, name="unit_code"), [cell.id for cell in batch.form.cells], copy=False
        )
        token = _batch.set(batch)
        try:
            return self._validate("accepted_reports", rule_suite(batch.rulebook, batch.form), rows)
        finally:
            _batch.reset(token)

    def check_warehouse(
        self, codes: Sequence[str], counts: Mapping[str, np.ndarray], contradictions: Mapping[str, tuple[str, str]]
    ) -> Validated:
        """``counts``: column → one number per unit of ``codes`` that must be 0."""
        rows = pd.DataFrame(dict(counts), index=pd.Index(codes, name="unit_code"))
        return self._validate("units", warehouse_suite(contradictions), rows)

    def write_docs(self) -> None:
        """The pages of everything validated so far."""
        self._context.build_data_docs()

    def _validate(self, name: str, suite: gx.ExpectationSuite, rows: pd.DataFrame) -> Validated:
        data = self._source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        suite = self._context.suites.add(suite)
        definition = self._context.validation_definitions.add(
            gx.ValidationDefinition(name=name, data=data, suite=suite)
        )
        results = definition.run(batch_parameters={"dataframe": rows}, result_format="BASIC", run_id=self._run_id)
        for result in results.results:
            _raise_if_broken(result)
        failed = {
            result.expectation_config.kwargs["rule_id"]: result.result["unexpected_count"]
            for result in results.results
            if not result.success
        }
        return Validated(len(results.results), failed)


def _raise_if_broken(result: Any) -> None:
    """A rule that cannot be run is our mistake: it must not look like a report that breaks it."""
    raised = [info for info in (result.exception_info, *result.exception_info.values()) if isinstance(info, dict)]
    broken = [info for info in raised if info.get("raised_exception")]
    if broken:
        lines = _OWN_LINE.findall(str(broken[0]["exception_traceback"]))
        where = ":".join(lines[-1]) if lines else "great_expectations"
        raise RuntimeError(f"{result.expectation_config.kwargs['rule_id']} could not be run; see {where}")


def _site(name: str, folder: Path) -> dict[str, Any]:
    """Data Docs as plain pages that need no network; the pages that come with GX load scripts from five hosts."""

    def pages(class_name: str) -> dict[str, Any]:
        return {
            "class_name": "DefaultSiteSectionBuilder",
            "renderer": {"module_name": _PAGES, "class_name": class_name},
            "view": {"module_name": _PAGES, "class_name": "PageView"},
        }

    return {
        "class_name": "SiteBuilder",
        "site_name": name,
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        "site_index_builder": {**pages("IndexPage"), "class_name": "DefaultSiteIndexBuilder"},
        "site_section_builders": {
            "expectations": pages("SuitePage"),
            "validations": pages("ValidationPage"),
            "profiling": "None",
        },
    }
